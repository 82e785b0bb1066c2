"""Errors of the service.

    WarmHandoffError (mappings.errors)
    └── HubError
        ├── SettingsError   settings.*   the hub refuses to start
        ├── ReceiveError    receive.*    an input is not taken: who sent it, how large it is, what it repeats
        ├── ReleaseError    release.*    nothing leaves
        └── DeliveryError   deliver.*    a destination did not take it; `retry` says whether to try again

As everywhere, codes are stable and no text carries a payload value.
"""

from __future__ import annotations

from mappings.errors import WarmHandoffError


class HubError(WarmHandoffError):
    """The service cannot do this."""


class SettingsError(HubError):
    """The configuration does not say what it must."""

    code = "invalid"


class ReceiveError(HubError):
    """An input is not taken."""

    code = "processing"


class ReleaseError(HubError):
    """Nothing leaves."""

    code = "suppressed"


class DeliveryError(HubError):
    """A destination did not take what was sent.

    `retry`: whether trying again can help. `after`: seconds the destination asked to wait (Retry-After).
    `unknown`: whether bytes may have arrived all the same; such a disclosure counts as made.
    """

    code = "transient"

    def __init__(
        self,
        rule: str,
        text: str,
        *,
        path: str = "",
        code: str | None = None,
        retry: bool = True,
        after: float | None = None,
        unknown: bool = False,
    ) -> None:
        super().__init__(rule, text, path=path, code=code)
        self.retry = retry
        self.after = after
        self.unknown = unknown
