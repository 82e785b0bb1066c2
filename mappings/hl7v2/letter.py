"""The referral as a text, for a partner that takes documents and no order: what is asked, by whom, why, until when.

Every line is said by the Bundle; a line whose value nobody gave is left out. It ends with the results in words: their
codes stand in the registration, whose OBX not every reader shows.
"""

from __future__ import annotations

from collections.abc import Iterable

from mappings.hl7v2.build import Value
from mappings.hl7v2.case import Case, Party
from mappings.hl7v2.clinical import Result
from mappings.hl7v2.datatypes import Json
from mappings.hl7v2.request import asked_for, authored_on, identifier_of, request_notes, urgency


def letter(case: Case, results: Iterable[Result]) -> str:
    """The text, a line each; a note of several lines keeps them. Raises RenderError `render.no-referral-id`."""
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
    for result in results:
        value = " ".join(filter(None, (_said(result.fields.get(5)), _said(result.fields.get(6)))))
        name = _said(result.fields.get(3)) or ""
        rows.append((f"Result: {name}" if value else "Results", value or name))
        rows += [("Note", note) for note in result.notes]
    return "\n".join(f"{name}: {said}" for name, said in rows if said)


#: Where a coded value (CE, CWE) has words, then its codes; a number with its comparator is all of it.
_IN_ORDER = (8, 1, 4, 0, 3)


def _said(value: Value) -> str | None:
    """A field in words."""
    if isinstance(value, list):
        return "; ".join(filter(None, map(_said, value))) or None
    if not isinstance(value, tuple):
        return value
    if value and value[0] in ("<", "<=", ">", ">=", "ad"):
        return " ".join(one for one in value if isinstance(one, str))
    return next((one for at in _IN_ORDER if at < len(value) and isinstance(one := value[at], str) and one), None)


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
