"""QuestionnaireResponse: the items of a screening as they were answered.

An item is named by its code (`linkId`), never by its wording: instruments are under licence, and their sentences
stay with who asked them.
"""

from __future__ import annotations

from mappings.fhir.datatypes import extension
from mappings.fhir.draft import Draft, Json, clean, codes_in, ref, token
from mappings.fhir.encounter import Visit
from mappings.fhir.practitioner import staff_reference
from mappings.fhir.profile import claim
from mappings.fhir.systems import LOINC, SID_RESOURCE, url_part
from mappings.incident import Answer, Coded, Screening


def questionnaire_response(draft: Draft, visit: Visit, turn: int, screening: Screening) -> str | None:
    """Adds the answered items of `screening`; the fullUrl, or None when no item was asked."""
    path = f"{visit.path}.screenings[{turn}]"
    items = _items(draft, screening, path)
    if not items:
        return None
    made = draft.id_of("questionnaire-response", f"{visit.key}|{turn}", origin=visit.origin)
    panel = next(iter(codes_in(screening.instrument, LOINC)), None)
    when = screening.time or (visit.contact.start if visit.contact is not None else None)
    resource: Json = {"resourceType": "QuestionnaireResponse", "id": made}
    if visit.patient is not None and panel is not None and when is not None:
        # US Core: subject, questionnaire and authored are required. An instrument without a canonical claims nothing.
        resource["meta"] = claim("field-questionnaire-response")
    if instrument := draft.concept(screening.instrument, "instrument", f"{path}.instrument"):
        resource["extension"] = [extension("instrument", "CodeableConcept", instrument)]
    resource["identifier"] = {"system": SID_RESOURCE, "value": made}
    if panel is not None:
        # The canonical under which LOINC's own FHIR service publishes its panels.
        resource["questionnaire"] = f"http://loinc.org/q/{url_part(panel)}"
    resource["status"] = "completed"
    if visit.patient is not None:
        resource["subject"] = ref(visit.patient)
    resource["encounter"] = ref(visit.url)
    if when is not None:
        resource["authored"] = when
    if who := staff_reference(draft, screening.by, visit.origin, f"{path}.by"):
        resource["author"] = who
    resource["item"] = items
    return draft.add(resource, visit.origin)


def _items(draft: Draft, screening: Screening, path: str) -> list[Json]:
    found: list[Json] = []
    used: set[str] = set()
    for n, answer in enumerate(screening.items):
        mapped = answer.item.mapped[0].code if answer.item.mapped else None
        code = token(mapped or answer.item.code or "")
        if not code:
            draft.issue("translate.item-wording-not-carried", f"{path}.items[{n}].item")
        link = code or str(n + 1)
        while link in used:  # a linkId stands once (sdcqr-2)
            link = f"{link}.{n + 1}"
        used.add(link)
        item: Json = {"linkId": link}
        if (value := _value(draft, answer, f"{path}.items[{n}].value")) is not None:
            item["answer"] = [value]
        found.append(item)
    return found


def _value(draft: Draft, answer: Answer, path: str) -> Json | None:
    value = answer.value
    if isinstance(value, Coded):
        concept = draft.concept(value, "answer", path)
        if concept is None:
            return None
        if "coding" in concept:
            return {"valueCoding": concept["coding"][0]}
        return {"valueString": concept["text"]}
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, int):
        return {"valueInteger": value}
    if isinstance(value, float):
        return {"valueDecimal": value}
    text = clean(value)
    return {"valueString": text} if text else None
