"""The referral as a text, for a partner that takes documents and no order: what is asked, by whom, why, until when.

Every line is said by the Bundle; a line whose value nobody gave is left out. Results are not in it: they stand beside
it as OBX.
"""

from __future__ import annotations

from mappings.hl7v2.case import Case, Party
from mappings.hl7v2.datatypes import Json
from mappings.hl7v2.request import asked_for, authored_on, identifier_of, request_notes, urgency


def letter(case: Case) -> str:
    """The text, a line each. Raises RenderError `render.no-referral-id`."""
    begins, ends = asked_for(case)
    rows: list[tuple[str, str | None]] = [
        ("Referral", str(identifier_of(case)["value"])),
        ("Service", _words(case.request.get("code"))),
        ("Urgency", urgency(case) or None),
        *(("Reason", _words(reason)) for reason in case.request.get("reasonCode") or ()),
        ("Asked on", authored_on(case)),
        ("From", begins),
        ("Until", ends),
        ("Referred by", _party(case.sender)),
        *(("Referred to", _party(receiver)) for receiver in case.receivers),
        *(("Note", text) for text in request_notes(case)),
    ]
    return "\n".join(f"{name}: {said}" for name, said in rows if said)


def _words(concept: Json | None) -> str | None:
    """A concept's text or displays, with its codes."""
    codings = (concept or {}).get("coding") or ()
    said = [(concept or {}).get("text"), *(one.get("display") for one in codings)]
    words = "; ".join(dict.fromkeys(one for one in said if one))
    codes = ", ".join(one["code"] for one in codings if one.get("code"))
    return f"{words} ({codes})" if words and codes else words or codes or None


def _party(party: Party | None) -> str | None:
    """A name, an organization and the numbers to reach them at."""
    if party is None:
        return None
    practitioner, organization = party.practitioner or {}, party.organization or {}
    said = [_name(practitioner) or party.display, organization.get("name")]
    for resource in (party.role or {}, practitioner, organization):
        said += [one.get("value") for one in resource.get("telecom") or ()]
    return ", ".join(dict.fromkeys(str(one) for one in said if one)) or None


def _name(practitioner: Json) -> str | None:
    name: Json = next(iter(practitioner.get("name") or ()), {})
    parts = [*(name.get("prefix") or ()), *(name.get("given") or ()), name.get("family")]
    said = " ".join(str(part) for part in parts if part)
    suffix = ", ".join(name.get("suffix") or ())
    return (f"{said}, {suffix}" if said and suffix else said) or name.get("text")
