"""What goes with a disclosure of Part 2 records: the notice of 42 CFR 2.32, the consent's scope, the marks.

The two statements are the regulation's own words (2024), from these constants alone: HL7's definitions of
RedisclosureProhibitionMark and 42CFRPart2CD still quote the wording of 2018.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hub.errors import ReleaseError
from hub.release.elements import elements
from mappings.labels.vocabulary import ACT_CODE, DS4P, PART2, codes
from mappings.partner import Partner

Json = dict[str, Any]

#: 42 CFR 2.32(a)(1), to the letter.
STATEMENT_1: Final = (
    "This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR "
    "part 2). These rules prohibit you from using or disclosing this record, or testimony that describes "
    "the information contained in this record, in any civil, criminal, administrative, or legislative "
    "proceedings by any Federal, State, or local authority, against the patient, unless authorized by "
    "the consent of the patient, except as provided at 42 CFR 2.12(c)(5) or as authorized by a court in "
    "accordance with 42 CFR 2.64 or 2.65. In addition, the Federal rules prohibit you from making any "
    "other use or disclosure of this record unless at least one of the following applies: (i) Further "
    "use or disclosure is expressly permitted by the written consent of the individual whose information "
    "is being disclosed in this record or as otherwise permitted by 42 CFR part 2. (ii) You are a "
    "covered entity or business associate and have received the record for treatment, payment, or health "
    "care operations, or (iii) You have received the record from a covered entity or business associate "
    "as permitted by 45 CFR part 164, subparts A and E. A general authorization for the release of "
    "medical or other information is NOT sufficient to meet the required elements of written consent to "
    "further use or redisclose the record (see 42 CFR 2.31)."
)

#: 42 CFR 2.32(a)(2), to the letter.
STATEMENT_2: Final = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."

DISPLAY: Final = DS4P + "extension-display"
ARTIFACT: Final = DS4P + "extension-sec-label-related-artifact"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MARKS: Final = ("RedisclosureProhibitionMark", "NORDSCLCD")

#: Plain words for what scopes name most; anything else is named by its code.
_WORDS: Final[Mapping[str, str]] = {
    "TREAT": "treatment",
    "HPAYMT": "payment",
    "HOPERAT": "health care operations",
    "42CFRPart2": "records of a Part 2 program",
    "SUD": "substance use disorder information",
    "ETH": "substance use information",
    "ETHUD": "alcohol use disorder information",
    "OPIOIDUD": "opioid use disorder information",
    "MH": "mental health information",
    "PSY": "psychiatric information",
    "HIV": "HIV information",
}


def can_carry(partner: Partner) -> bool:
    """Whether a partner's form takes the notice and the scope; Part 2 content goes to no other (design, section 8)."""
    return partner.notice != "none" and partner.scope != "none"


def carry_notice(bundle: Json, obligations: Iterable[str], partner: Partner, *, consents: Sequence[Json] = ()) -> Json:
    """The Bundle with the notice, the scope of its consents and the redisclosure marks, where they are asked for.

    Bundle.meta has statement 1; each Part 2 entry has statement 2, as a transaction leaves Bundle.meta behind, and
    either statement is enough by itself (2.32(a)). The scopes stand on the redisclosure mark, which they explain (DS4P
    has them on `meta.security`). A v2 renderer takes its NTE from Bundle.meta. Without the
    obligation the Bundle is returned as it is. Raises ReleaseError `release.no-carrier` if the partner takes neither.
    """
    asked = set(obligations)
    if "notice" not in asked:
        return bundle
    if not can_carry(partner):
        raise ReleaseError("release.no-carrier", "the partner's form cannot carry the notice and the consent's scope")
    # A refusal that shaped what goes is none of its grounds, and naming it would tell what was refused (P15).
    scoped = artifacts([consent for consent in consents if not refuses(consent)])
    entries = [
        {**entry, "resource": _marked(entry["resource"], STATEMENT_2, scoped)}
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict) and PART2 in codes(entry["resource"])
        else entry
        for entry in bundle.get("entry", ())
    ]
    out = {**bundle, "entry": entries} if entries else bundle
    return _marked(out, STATEMENT_1, scoped)


def artifacts(consents: Sequence[Json]) -> list[Json]:
    """What is told of the consents with a notice: for each its number and its scope in words (2.32(b))."""
    return [{"url": ARTIFACT, "valueRelatedArtifact": _artifact(consent)} for consent in consents]


def refuses(consent: Json) -> bool:
    """Whether a Consent only refuses: a base rule of deny, and no exception to it that permits."""
    return not _permits(consent)


def _permits(consent: Json) -> list[Json]:
    """The parts of a Consent that permit: the base rule, or under one that denies its exceptions (R4, one level)."""
    provision = consent.get("provision")
    base = provision if isinstance(provision, dict) else {}
    if base.get("type") != "deny":
        return [base]
    nested = base.get("provision")
    return (
        [one for one in nested if isinstance(one, dict) and one.get("type") == "permit"]
        if isinstance(nested, list)
        else []
    )


def _artifact(consent: Json) -> Json:
    made: Json = {"type": "justification", "display": scope_text(consent)}
    if isinstance(identity := consent.get("id"), str):
        made["label"] = identity
        made["resource"] = f"urn:uuid:{identity}" if _UUID.fullmatch(identity) else f"Consent/{identity}"
    return made


def scopes(resource: Json) -> list[str]:
    """The scopes in words of the consents that a Bundle or resource is disclosed under, as `carry_notice` put them."""
    return [
        str(extension["valueRelatedArtifact"].get("display", ""))
        for coding in resource.get("meta", {}).get("security", ())
        if coding.get("code") == _MARKS[0]
        for extension in coding.get("extension", ())
        if extension.get("url") == ARTIFACT and "valueRelatedArtifact" in extension
    ]


def _marked(resource: Json, statement: str, scoped: Sequence[Json]) -> Json:
    meta = resource.get("meta")
    meta = dict(meta) if isinstance(meta, dict) else {}
    security = list(meta.get("security", ()))
    have = {coding.get("code") for coding in security}
    security += [{"system": ACT_CODE, "code": mark} for mark in _MARKS if mark not in have]
    if scoped:
        security = [_explained(coding, scoped) if coding.get("code") == _MARKS[0] else coding for coding in security]
    held = [extension for extension in meta.get("extension", ()) if extension.get("url") != DISPLAY]
    meta.pop("extension", None)
    meta.pop("security", None)
    extensions = [*held, {"url": DISPLAY, "valueAnnotation": {"text": statement}}]
    marked = {"extension": extensions, **meta, "security": security}
    if "meta" in resource:
        return {**resource, "meta": marked}
    head: Json = {key: resource[key] for key in ("resourceType", "id") if key in resource}
    return {**head, "meta": marked, **{key: value for key, value in resource.items() if key not in head}}


def _explained(coding: Json, scoped: Sequence[Json]) -> Json:
    """The mark with the consents of this disclosure, in the place of those of an earlier one."""
    held = [extension for extension in coding.get("extension", ()) if extension.get("url") != ARTIFACT]
    return {**coding, "extension": [*held, *scoped]}


def scope_text(consent: Json) -> str:
    """A clear explanation of a consent's scope (42 CFR 2.32(b)): who, to whom, what, for what, until when.

    Names organizations as the consent displays or references them, never the patient; and not what the patient left
    out, as naming that would tell of it.
    """
    extra = elements(consent)
    permits = _permits(consent)
    roles = [
        actor.get("reference") or {} for one in permits for actor in _list(one, "actor") if isinstance(actor, dict)
    ]
    disclosers = [_who(one) for one in _list(consent, "organization")] + list(extra.discloser_classes + extra.names)
    recipients = [_who(one) for one in roles] + list(extra.recipient_classes)
    for one in extra.intermediaries:
        through = _who(one.organization) if one.organization else "an intermediary"
        recipients.append(f"{through}, and of its participants: " + ", ".join((*one.participants, *one.classes)))
    what = [_word(coding) for one in permits for coding in _list(one, "securityLabel")]
    if extra.description:
        what.insert(0, extra.description)
    purposes = [_word(coding) for one in permits for coding in _list(one, "purpose")]
    period = next((one["period"] for one in permits if "period" in one), None)
    end = period.get("end") if isinstance(period, dict) else None
    until = end if isinstance(end, str) else extra.expiry_event
    parts = [
        ("Disclosed by", disclosers),
        ("to", recipients),
        ("Information", what),
        ("Purpose", purposes),
        ("Until", [until] if until else []),
        ("Signed", [consent["dateTime"]] if isinstance(consent.get("dateTime"), str) else []),
    ]
    stated = "; ".join(f"{name}: {', '.join(values)}" for name, values in parts if values)
    return f"Scope of the patient's consent. {stated}."


def _list(node: Json, key: str) -> list[Any]:
    """What stands there, if it is a list: a form that came from elsewhere may hold anything."""
    found = node.get(key)
    return found if isinstance(found, list) else []


def _who(reference: Any) -> str:
    if not isinstance(reference, dict):
        return "unnamed"
    return str(reference.get("display") or reference.get("reference") or "an organization by identifier")


def _word(coding: Any) -> str:
    if not isinstance(coding, dict):
        return "unknown"
    code = str(coding.get("code", ""))
    return _WORDS.get(code) or str(coding.get("display") or code)
