"""A released referral as a page to print: who, why, from whom, what was recorded. Plain words, no markup of its own.

Takes the redacted Bundle and nothing else, so nothing that was withheld can be on it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hub.console.filters import templates
from hub.release.notice import DISPLAY, scopes

Json = dict[str, Any]
#: A reference into the Bundle, in a text.
_REFERENCE = re.compile(r"urn:uuid:[0-9a-f-]{36}")
_AGE = "https://warmhandoff.org/fhir/StructureDefinition/reported-age"


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A heading with rows of (label, text)."""

    heading: str
    rows: tuple[tuple[str, str], ...]


def render(bundle: Json) -> bytes:
    """The inside of the page, as HTML in UTF-8."""
    page = templates().get_template("paper.html")
    names = _by_reference(bundle)
    return page.render(
        sections=list(_sections(bundle, names)), notice=_notice(bundle), scopes=_scopes(bundle, names)
    ).encode()


def _by_reference(bundle: Json) -> dict[str, Json]:
    names: dict[str, Json] = {}
    for entry in bundle.get("entry", ()):
        resource = entry["resource"]
        names[entry.get("fullUrl", "")] = resource
        names[f"{resource['resourceType']}/{resource.get('id')}"] = resource
    return names


def _sections(bundle: Json, names: dict[str, Json]) -> Iterator[Section]:
    found: dict[str, list[Json]] = {}
    for entry in bundle.get("entry", ()):
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])

    def said(reference: Any) -> str:
        return _who(names, reference)

    for heading, kind, rows in (
        ("Person", "Patient", _patient),
        ("Referral", "ServiceRequest", lambda r: _request(r, said)),
        ("Contact", "Encounter", lambda r: _encounter(r, said)),
        ("Concern", "Condition", lambda r: [("Condition", _concept(r.get("code")))]),
        ("Caution", "Flag", lambda r: [("Caution", _concept(r.get("code")))]),
        ("Observation", "Observation", _observation),
        ("Questionnaire", "QuestionnaireResponse", lambda r: _answers(r.get("item", ()))),
        ("Note", "DocumentReference", lambda r: _document(r, said)),
    ):
        yield from _section(heading, found.get(kind, ()), rows)


def _section(heading: str, resources: Any, rows: Callable[[Json], list[tuple[str, str]]]) -> Iterator[Section]:
    together: list[tuple[str, str]] = []
    for resource in resources:
        together += [(label, text) for label, text in rows(resource) if text]
    if together:
        yield Section(heading=heading if len(resources) == 1 else f"{heading}s", rows=tuple(together))


def _patient(r: Json) -> list[tuple[str, str]]:
    ages = [e.get("valueAge", {}) for e in r.get("extension", ()) if e.get("url") == _AGE]
    return [
        ("Name", "; ".join(_name(each) for each in r.get("name", ()))),
        ("Born", r.get("birthDate", "")),
        ("Age as reported", ", ".join(f"about {age.get('value')} {age.get('unit', '')}" for age in ages)),
        ("Gender", r.get("gender", "")),
        ("Telephone", "; ".join(t.get("value", "") for t in r.get("telecom", ()))),
        ("Address", "; ".join(_address(each) for each in r.get("address", ()))),
        (
            "Language",
            ", ".join(_concept(each.get("language")) for each in r.get("communication", ())),
        ),
    ]


def _request(r: Json, said: Callable[[Any], str]) -> list[tuple[str, str]]:
    number = next((i.get("value", "") for i in r.get("identifier", ())), "")
    return [
        ("Number", number),
        ("Service", _concept(r.get("code"))),
        ("Urgency", r.get("priority", "")),
        ("Why", "; ".join(_concept(each) for each in r.get("reasonCode", ()))),
        ("Requested", r.get("authoredOn", "")),
        ("Requested by", said(r.get("requester"))),
        ("Asked of", ", ".join(said(each) for each in r.get("performer", ()))),
        ("Follow up by", r.get("occurrencePeriod", {}).get("end", "")),
        ("Note", "\n".join(each.get("text", "") for each in r.get("note", ()))),
    ]


def _encounter(r: Json, said: Callable[[Any], str]) -> list[tuple[str, str]]:
    period = r.get("period", {})
    return [
        ("When", " to ".join(each for each in (period.get("start"), period.get("end")) if each)),
        ("Where", "; ".join(said(each.get("location")) for each in r.get("location", ()))),
        ("Who was there", "; ".join(said(each.get("individual")) for each in r.get("participant", ()))),
        ("What it was about", "; ".join(_concept(each) for each in r.get("reasonCode", ()))),
        ("How it ended", _concept(r.get("hospitalization", {}).get("dischargeDisposition"))),
    ]


def _observation(r: Json) -> list[tuple[str, str]]:
    label = _concept(r.get("code"))
    found = [(label, _value(r))] if _value(r) else []
    return found + [(f"{label}: {_concept(c.get('code'))}", _value(c)) for c in r.get("component", ())]


def _answers(items: Any) -> list[tuple[str, str]]:
    rows = []
    for item in items:
        answer = "; ".join(_value(each) for each in item.get("answer", ()))
        rows += [(str(item.get("text") or item.get("linkId", "")), answer), *_answers(item.get("item", ()))]
    return rows


def _document(r: Json, said: Callable[[Any], str]) -> list[tuple[str, str]]:
    label = _concept(r.get("type")) or "Document"
    by = ", ".join(each for each in (*(said(a) for a in r.get("author", ())), r.get("date", "")) if each)
    rows = []
    for content in r.get("content", ()):
        attachment = content.get("attachment", {})
        text = _text(attachment)
        rows.append((f"{label} ({by})" if by else label, text if text is not None else "(not text: sent on request)"))
    return rows


def _text(attachment: Json) -> str | None:
    if not attachment.get("contentType", "").startswith("text/plain"):
        return None
    try:
        return base64.b64decode(attachment.get("data", ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _value(r: Json) -> str:
    if "valueCoding" in r:
        return _concept({"coding": [r["valueCoding"]]})
    if "valueCodeableConcept" in r:
        return _concept(r["valueCodeableConcept"])
    if "valueQuantity" in r:
        quantity = r["valueQuantity"]
        return f"{quantity.get('value', '')} {quantity.get('unit', '')}".strip()
    if "valueBoolean" in r:
        return "yes" if r["valueBoolean"] else "no"
    return next((str(r[key]) for key in r if key.startswith("value") and isinstance(r[key], str | int | float)), "")


def _concept(concept: Any) -> str:
    """The words of a CodeableConcept, else its code."""
    if not isinstance(concept, dict):
        return ""
    codings = concept.get("coding", ())
    display = next((c["display"] for c in codings if c.get("display")), None)
    code = next((c["code"] for c in codings if c.get("code")), "")
    return str(concept.get("text") or display or code)


def _name(name: Json) -> str:
    return str(name.get("text") or " ".join([*name.get("given", ()), name.get("family", "")]).strip())


def _address(address: Json) -> str:
    parts = [*address.get("line", ()), address.get("city"), address.get("state"), address.get("postalCode")]
    return str(address.get("text") or ", ".join(part for part in parts if part))


def _who(names: dict[str, Json], reference: Any) -> str:
    """A person at work, organization or place as words: name, role and where they work."""
    if not isinstance(reference, dict):
        return ""
    resource = names.get(reference.get("reference", ""))
    if resource is None:
        return str(reference.get("display", ""))
    if resource["resourceType"] == "PractitionerRole":
        role = ", ".join(_concept(each) for each in resource.get("code", ()))
        parts = [_who(names, resource.get("practitioner")), role, _who(names, resource.get("organization"))]
        return ", ".join(part for part in parts if part)
    if resource["resourceType"] == "Location":
        return str(resource.get("name") or _address(resource.get("address", {})))
    name = resource.get("name", "")
    return name if isinstance(name, str) else "; ".join(_name(each) for each in name)


def _notice(bundle: Json) -> str:
    for extension in bundle.get("meta", {}).get("extension", ()):
        if extension.get("url") == DISPLAY:
            return str(extension.get("valueAnnotation", {}).get("text", ""))
    return ""


def _scopes(bundle: Json, names: dict[str, Json]) -> list[str]:
    """The scopes of the consents that it rests on, with names in the place of references into the Bundle."""

    def named(text: str) -> str:
        return _REFERENCE.sub(lambda found: _who(names, {"reference": found[0]}) or found[0], text)

    return [named(text) for text in scopes(bundle)]
