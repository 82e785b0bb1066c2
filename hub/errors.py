"""Errors of the service.

    WarmHandoffError (mappings.errors)
    └── HubError
        ├── SettingsError   settings.*   the hub refuses to start
        ├── ReceiveError    receive.*    an input is not taken: who sent it, how large it is, what it repeats
        │   ├── DuplicateConflict        a known control id with other bytes
        │   └── NotFhir                  a document from outside is not FHIR R4; an issue for each place
        ├── StoreError      store.*      the store cannot do what it was asked
        │   └── LeaseLost                somebody else may have the work now
        ├── IdentityError   identity.*   a person is not who they say, or may not
        ├── KeyringError    keys.*       a key is missing, or a sealed document does not open
        ├── ReleaseError    release.*    nothing leaves
        └── DeliveryError   deliver.*    a destination did not take it; `retry` says whether to try again

As everywhere, codes are stable and no text carries a payload value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mappings.errors import WarmHandoffError
from profiles.issue import Issue


class HubError(WarmHandoffError):
    """The service cannot do this."""


class SettingsError(HubError):
    """The configuration does not say what it must."""

    code = "invalid"


class ReceiveError(HubError):
    """An input is not taken."""

    code = "processing"


class DuplicateConflict(ReceiveError):
    """A control id that was used before comes with other bytes. `known` is the row that holds the first bytes."""

    code = "duplicate"

    def __init__(self, known: int) -> None:
        super().__init__("receive.conflict", "the control id was used before with other bytes")
        self.known = known


class NotFhir(ReceiveError):
    """A document from outside is not FHIR R4. `issues` has each place; there is at least one."""

    code = "structure"

    def __init__(self, found: Sequence[Issue]) -> None:
        super().__init__("receive.not-fhir", "not FHIR R4", path=found[0].path)
        self.issues = tuple(replace(issue, rule=self.rule) for issue in found)


class StoreError(HubError):
    """The store cannot do what it was asked."""

    code = "transient"
    #: The database's own trouble: the same will be taken once that has passed.
    PASSING = frozenset(("store.commit", "store.full", "store.busy", "store.unreachable"))

    @property
    def passing(self) -> bool:
        """Whether it is nobody's fault and can be tried again."""
        return self.rule in self.PASSING


class LeaseLost(StoreError):
    """The lease on this work ran out. Raised inside a write, it undoes that write."""

    def __init__(self) -> None:
        super().__init__("store.lease-lost", "the lease on this work was lost")


class KeyringError(HubError):
    """A key is missing, or a sealed document does not open."""

    code = "security"


class IdentityError(HubError):
    """A person is not who they say, or may not."""

    code = "security"


class ReleaseError(HubError):
    """Nothing leaves."""

    code = "suppressed"


class DeliveryError(HubError):
    """A destination did not take what was sent.

    `retry`: whether trying again can help. `after`: seconds the destination asked to wait (Retry-After).
    `unknown`: whether bytes may have arrived all the same; such a disclosure counts as made.
    `down`: whether anything else sent there would fare the same: it is not this message that is the trouble.
    """

    code = "transient"
    #: What no message is the reason of.
    DOWN = frozenset(("deliver.unreachable", "deliver.timeout", "deliver.cut", "deliver.certificate"))

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
        down: bool = False,
    ) -> None:
        super().__init__(rule, text, path=path, code=code)
        self.retry = retry
        self.after = after
        self.unknown = unknown
        self.down = down or rule in self.DOWN
