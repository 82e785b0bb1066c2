"""Why a hold was settled so: a closed list of codes, kept in the open, with the words that stand beside them.

A text about a person has no place in a reason; what else there is to say is on a paper, whose reference is the
evidence. Some reasons are nothing without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from hub.errors import HubError
from hub.records import HoldKind

Action = Literal["release", "reject"]

#: A reference of a paper: a docket, a log book's page, a ticket.
_LONGEST: Final = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One reason: in words, and whether it needs the reference of a paper."""

    words: str
    evidence: bool = False


RELEASE: Final[dict[str, Reason]] = {
    "called-the-center": Reason(words="the center was asked by telephone"),
    "route-mended": Reason(words="the settings say now where it goes"),
    "origin-declared": Reason(words="whose record it is has been declared"),
    "consent-signed": Reason(words="a consent has been signed"),
    "court-order": Reason(words="a court's order with its subpoena", evidence=True),
    "privacy-officer-decided": Reason(words="the privacy officer decided"),
    "looked-at": Reason(words="a person has read it, and nothing in it stops it"),
    "takes-its-place": Reason(words="the later record takes the place of the earlier"),
    "fault-mended": Reason(words="what failed has been mended"),
    "other-documented": Reason(words="another reason, on paper", evidence=True),
}
REJECT: Final[dict[str, Reason]] = {
    "wrong-person": Reason(words="it is about another person"),
    "withdrawn": Reason(words="the person or who referred took it back"),
    "duplicate": Reason(words="it is there already"),
    "not-ours": Reason(words="it is not for this hub"),
    "not-permitted": Reason(words="the law or the policy does not let it go"),
    "criminal-justice-information": Reason(words="it holds what must not leave the police side"),
    "settled-otherwise": Reason(words="it was done another way"),
    "other-documented": Reason(words="another reason, on paper", evidence=True),
}
#: Of what was disclosed in an emergency and is looked at afterwards: it was right, or it was not.
CONFIRM: Final[dict[str, Reason]] = {
    "emergency-confirmed": Reason(words="it was a bona fide emergency, and documented (42 CFR 2.51)"),
    "other-documented": Reason(words="another reason, on paper", evidence=True),
}
REFUTE: Final[dict[str, Reason]] = {
    "emergency-not-confirmed": Reason(words="it was none: assess it as a breach (42 CFR 2.16(b))", evidence=True),
}


def reasons(kind: HoldKind, action: Action) -> dict[str, Reason]:
    """The reasons for settling a hold of that kind so."""
    if kind == "review":
        return CONFIRM if action == "release" else REFUTE
    return RELEASE if action == "release" else REJECT


def check(kind: HoldKind | None, action: Action, code: str, evidence: str | None) -> None:
    """Raises HubError `hold.reason-code` for a code that is not one of them, `hold.evidence` for one that needs the
    reference of a paper and has none, or a reference that is long or not printable."""
    known = reasons(kind or "routing", action).get(code)
    if known is None:
        raise HubError("hold.reason-code", "not one of the reasons for that", path="reason", code="value")
    if evidence is not None and not (0 < len(evidence.strip()) <= _LONGEST and evidence.isprintable()):
        raise HubError("hold.evidence", "a reference of 1 to 120 printable characters", path="evidence", code="value")
    if known.evidence and evidence is None:
        raise HubError("hold.evidence", "this reason needs the reference of a paper", path="evidence", code="value")
