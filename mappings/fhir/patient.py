"""Patient and RelatedPerson: who the contact was about, and who spoke for them.

Only a subject, or a person a Contact names, becomes a Patient. A person nobody could name stays without a name
(data-absent-reason `unknown`, which US Core takes in its place), with what was seen of them. A RelatedPerson is
made only where the source says how somebody is related and to whom can be no question.
"""

from __future__ import annotations

from mappings.fhir.datatypes import address, age_years, contact_points, extension, human_names, unknown
from mappings.fhir.draft import Draft, Json, clean, codes_in, ref
from mappings.fhir.profile import claim
from mappings.fhir.systems import ADMINISTRATIVE_GENDER, OMB_RACE, SID_RESOURCE
from mappings.incident import Coded, Person

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
_INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
_GENDERS = frozenset({"male", "female", "other", "unknown"})
_SSN_KINDS = frozenset({"ssn", "ss"})
_SSN = "http://hl7.org/fhir/sid/us-ssn"

#: OMB 1997 categories; every other code of the same system is a detailed one (US Core race and ethnicity).
_RACES = frozenset({"1002-5", "2028-9", "2054-5", "2076-8", "2106-3"})
_ETHNICITIES = frozenset({"2135-2", "2186-5"})


def patient_url(draft: Draft, person: Person, origin: str | None, path: str) -> str:
    """Adds the Patient of `person`; its fullUrl."""
    identifiers = _identifiers(draft, person)
    # Never the SSN: a conditional create would put it into a search.
    key = next((made for made in identifiers if made.get("system", _SSN) != _SSN), None)
    made = ""
    if f"patient {person.slot}" in draft.ids:
        key = None  # a merged person whose id is older than this identifier
    if key is not None:
        made = draft.id_of("patient", key["value"], origin=origin, assigner=key["system"])
        if ("patient", made) in draft.interned:
            # One identifier on two people: neither may take the other's record.
            draft.issue("translate.same-identifier", f"{path}.identifiers")
            key = None
    if key is None:
        made = draft.id_of("patient", draft.person_key(person.slot), origin=origin)
        key = {"system": SID_RESOURCE, "value": made}
        identifiers.append(key)
    resource: Json = {"resourceType": "Patient", "id": made}
    if all("system" in given for given in identifiers):
        resource["meta"] = claim("coresponse-patient")
    if extensions := _extensions(draft, person, path):
        resource["extension"] = extensions
    resource["identifier"] = identifiers
    resource["name"] = human_names(person.names) or [unknown()]
    _demographics(draft, person, resource, path)
    # A code of its own: nothing was said, or nothing that is one of the other three.
    resource.setdefault("gender", "unknown")
    if communication := _communication(draft, person, path):
        resource["communication"] = communication
    url = draft.add(resource, origin, key["system"], key["value"])
    draft.interned["patient", made] = url
    if "meta" not in resource:
        draft.unclaimed.add(url)
    return url


def related_person_url(draft: Draft, person: Person, patient: str, origin: str | None, path: str) -> str:
    """Adds the RelatedPerson of `person`, related to the Patient at `patient`; its fullUrl."""
    made = draft.id_of("related-person", draft.person_key(person.slot), origin=origin)
    resource: Json = {
        "resourceType": "RelatedPerson",
        "id": made,
        "identifier": [{"system": SID_RESOURCE, "value": made}, *_identifiers(draft, person)],
        "active": True,
        "patient": ref(patient),
        "relationship": [{"text": clean(person.relationship)}],
    }
    if names := human_names(person.names):
        resource["name"] = names
    _demographics(draft, person, resource, path)
    if patient not in draft.unclaimed:
        resource["meta"] = claim("coresponse-related-person")
    url = draft.add(resource, origin)
    if "meta" not in resource:
        draft.unclaimed.add(url)
    draft.interned["related-person", person.slot] = url
    return url


def _identifiers(draft: Draft, person: Person) -> list[Json]:
    found = []
    for given in person.identifiers:
        made = draft.identifier(given)
        if made is not None:
            if given.kind and given.kind.lower() in _SSN_KINDS:
                made["system"] = _SSN
            found.append(made)
    return found


def _demographics(draft: Draft, person: Person, resource: Json, path: str) -> None:
    if telecoms := contact_points(person.telecoms):
        resource["telecom"] = telecoms
    gender = _gender(person.gender) or _gender(person.sex)
    if gender is not None:
        resource["gender"] = gender
    if person.birth_date is not None:
        resource["birthDate"] = person.birth_date
    if addresses := [made for place in person.addresses if (made := address(place, position=True))]:
        resource["address"] = addresses


def _gender(coded: Coded | None) -> str | None:
    if coded is None:
        return None
    return next((code for code in codes_in(coded, ADMINISTRATIVE_GENDER) if code in _GENDERS), None)


def _extensions(draft: Draft, person: Person, path: str) -> list[Json]:
    found: list[Json] = []
    if race := _category("us-core-race", person.race, _RACES, draft, f"{path}.race"):
        found.append(race)
    if person.ethnicity is not None and (
        ethnicity := _category("us-core-ethnicity", (person.ethnicity,), _ETHNICITIES, draft, f"{path}.ethnicity")
    ):
        found.append(ethnicity)
    # The police's word for sex or gender beside Patient.gender, which has room for four codes only.
    for name, coded in (("recorded-sex", person.sex), ("recorded-gender", person.gender)):
        if coded is not None and (made := draft.concept(coded, name, f"{path}.{name[9:]}")):
            found.append(extension(name, "CodeableConcept", made))
    if person.age_years is not None:
        found.append(extension("reported-age", "Age", age_years(person.age_years)))
        if person.approximate_age:
            found.append(extension("reported-age-approximate", "Boolean", True))
    if person.interpreter is not None:
        found.append({"url": _INTERPRETER, "valueBoolean": True})
    if description := clean(person.description):
        found.append(extension("person-description", "String", description))
    return found


def _category(name: str, given: tuple[Coded, ...], main: frozenset[str], draft: Draft, path: str) -> Json | None:
    """US Core race or ethnicity: categories, details and the source's words (text is required there)."""
    parts: list[Json] = []
    words: list[str] = []
    for n, coded in enumerate(given):
        concept = draft.concept(coded, name[8:], f"{path}[{n}]" if name.endswith("race") else path)
        if concept is None:
            continue
        words.append(concept.get("text") or concept["coding"][-1].get("display") or concept["coding"][-1]["code"])
        for made in concept.get("coding", ()):
            if made["system"] == OMB_RACE:
                parts.append({"url": "ombCategory" if made["code"] in main else "detailed", "valueCoding": made})
    if not words:
        return None
    parts.append({"url": "text", "valueString": ", ".join(words)})
    return {"url": _US_CORE + name, "extension": parts}


def _communication(draft: Draft, person: Person, path: str) -> list[Json]:
    found: list[Json] = []
    for n, language in enumerate(person.languages):
        if concept := draft.concept(language, "language", f"{path}.languages[{n}]"):
            found.append({"language": concept})
    if person.interpreter is not None and (
        concept := draft.concept(person.interpreter, "language", f"{path}.interpreter")
    ):
        # The language that an interpreter is needed in is the one to speak; that one is needed stands on the Patient.
        for spoken in found:
            if spoken["language"] == concept:
                spoken["preferred"] = True
                break
        else:
            found.append({"language": concept, "preferred": True})
    return found
