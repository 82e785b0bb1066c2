"""The notice of a revocation as a Release: the one thing that still goes under a consent that has ended.

It tells who holds copies under a consent that it is revoked (42 CFR 2.31(a)(6), 2.33(a)(2)): the consent's number and
kind, which they have. It is nothing of a record and names nobody; the seal scans that nothing else of the consent is
in the bytes. Does not say who holds copies: the disclosures do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from hub.errors import ReleaseError
from hub.release.decision import Decision, EntryDecision
from hub.release.naming import Party
from hub.release.seal import Release, seal
from hub.release.withheld import Withheld, values
from mappings.fhir.revocation import withdrawn

Json = dict[str, Any]

#: The basis of the disclosure record of a notice.
BECAUSE: Final = "notice of revocation to who holds copies (42 CFR 2.31(a)(6))"


def is_revoked(consent: Json | None) -> bool:
    """Whether a Consent that permitted has ended by being revoked or rejected, or was entered in error.

    A refusal that is taken back is no revocation. An expired consent is not revoked: everybody can read its end.
    """
    if consent is None or consent.get("status") not in ("inactive", "rejected", "entered-in-error"):
        return False
    provision = consent.get("provision")
    return not (isinstance(provision, dict) and provision.get("type") == "deny")


def notice_digest(consent: Json, destination: str) -> str:
    """What a notice rests on: this consent, revoked, for this destination. The same while it stays revoked."""
    document = [BECAUSE, withdrawn(consent), destination]
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def seal_notice(
    consent: Json,
    *,
    recipient: Party,
    purpose: str,
    destination: str,
    render: Callable[[Json], bytes],
    media_type: str,
    own: Sequence[str] = (),
) -> Release:
    """The sealed notice. `render` gets the consent's number and kind and nothing else of it; `own` are the names of
    sender and recipient, which both know.

    Raises ReleaseError `release.not-revoked` while the consent is in force, and Leak if another value of the consent
    is in the bytes.
    """
    if not is_revoked(consent):
        raise ReleaseError("release.not-revoked", "the consent is not revoked: there is nothing to tell")
    ended = withdrawn(consent)
    gone = values(consent)
    entry = EntryDecision(index=0, decision="permit", because=(BECAUSE,))
    return seal(
        render(ended),
        recipient=recipient.reference or "",
        purpose=purpose,
        media_type=media_type,
        withheld=Withheld(gone.words, gone.texts, remains=[ended, *own]),
        decision=Decision(
            decision="permit", entries=(entry,), conflicts=(), digest=notice_digest(consent, destination)
        ),
    )
