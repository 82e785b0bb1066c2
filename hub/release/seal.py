"""The seal: the leak scan over the final bytes, and the only way to a Release.

Whatever crosses from one organization to another is a Release. Nothing else constructs one: not the store, not an
adapter, not a test (which checks that nothing does). A retry decides again and seals the stored bytes again.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import Final, NoReturn

from hub.errors import ReleaseError
from hub.release.decision import Decision
from hub.release.withheld import Withheld, found_in

_SEAL: Final = object()


class Leak(ReleaseError):
    """A withheld value is in the bytes that were about to leave. Nothing left; the value is not in this error."""

    code = "security"

    def __init__(self, count: int) -> None:
        super().__init__("release.leak", "withheld values are in the rendered bytes; nothing was released")
        #: How many, for a metric; never which.
        self.count = count


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """Sealed bytes for one recipient and purpose. `obligations` are what goes with them or must be recorded.

    Made by `seal` alone; any other construction raises ReleaseError `release.not-sealed`.
    """

    recipient: str
    purpose: str
    bytes: bytes
    media_type: str
    decision_digest: str
    obligations: tuple[str, ...]
    key: InitVar[object]

    def __post_init__(self, key: object) -> None:
        if key is not _SEAL:
            raise ReleaseError("release.not-sealed", "only seal makes a Release")

    def __reduce__(self) -> NoReturn:
        raise ReleaseError("release.not-sealed", "a Release is not copied or stored: seal its bytes again")

    def __repr__(self) -> str:
        """Sizes and codes, no content."""
        return f"Release({len(self.bytes)} bytes, {self.media_type}, {self.decision_digest[:12]})"


def seal(
    rendered: bytes, *, recipient: str, purpose: str, media_type: str, withheld: Withheld, decision: Decision
) -> Release:
    """Scan the final bytes for every withheld value, in any encoding, and release them if there is none.

    Raises Leak if there is one, and ReleaseError `release.not-permitted` if the decision lets nothing go.
    """
    if not any(entry.goes for entry in decision.entries):
        raise ReleaseError("release.not-permitted", "the decision lets nothing go")
    if count := found_in(withheld, rendered):
        raise Leak(count)
    return Release(
        recipient=recipient,
        purpose=purpose,
        bytes=rendered,
        media_type=media_type,
        decision_digest=decision.digest,
        obligations=decision.obligations,
        key=_SEAL,
    )
