"""Practitioner and PractitionerRole: officers, clinicians and the rest of a crew.

Whoever has an id, a name or an identifier is a Practitioner; a role or an employer makes a PractitionerRole. Of
"an officer" without either nothing is made up: the role travels alone. Somebody known by number only has a family name
that is absent as `unknown`. A role is reached through its employer, so it has the employer's telecom, as far as the
directory has one; without any it claims no profile (US Core, pd-1).
"""

from __future__ import annotations

from mappings.fhir.datatypes import human_name, unknown
from mappings.fhir.draft import Draft, Json, clean, ref
from mappings.fhir.organization import organization_reference
from mappings.fhir.profile import PARENT, claim
from mappings.fhir.systems import SID_RESOURCE, STAFF_ROLE
from mappings.incident import Staff

#: Which profile of ours a role claims; another role claims its parent alone.
_PROFILES = {"officer": "officer-role", "clinician": "clinician-role"}
_US_CORE_ROLE = PARENT["officer-role"]


def staff_reference(draft: Draft, staff: Staff | None, origin: str | None, path: str) -> Json | None:
    """A Reference to who this is: PractitionerRole, else Practitioner, else None when nothing is known of them."""
    if staff is None:
        return None
    # By identity: the record is alive as long as the draft. The same person twice is found by id below.
    known = ("staff", id(staff), origin)
    made = draft.interned.get(known)
    if made is None:
        person = _practitioner(draft, staff, origin, path)
        made = _role(draft, staff, origin, person, path) or person
        if made is None:
            return None
        draft.interned[known] = made
    return ref(made)


def _key(draft: Draft, staff: Staff, path: str) -> tuple[str, str]:
    """Assigner and value that stand for this person: the employer's id for them, else their place in the record."""
    if staff.id:
        return staff.organization or draft.agency.id, staff.id
    for given in staff.identifiers:
        if given.assigner and given.value.strip():
            return given.assigner, given.value
    return draft.agency.id, f"{draft.key}|{path}"


def _practitioner(draft: Draft, staff: Staff, origin: str | None, path: str) -> str | None:
    name = human_name(staff.name) if staff.name is not None else None
    number = clean(staff.id)
    others = [made for made in map(draft.identifier, staff.identifiers) if made]
    credential = clean(staff.credential)
    if name is None and number is None and not others and credential is None:
        return None
    assigner, value = _key(draft, staff, path)
    made = draft.id_of("practitioner", value, origin=origin, assigner=assigner, recurring=bool(staff.id))
    known = ("practitioner", made)
    if known in draft.interned:
        _complete(draft, draft.interned[known], name, credential)
        return draft.interned[known]
    identifiers: list[Json] = []
    if number is not None:
        identifiers.append({"system": f"{draft.base_of(staff.organization)}/staff", "value": number})
    identifiers.extend(others)
    # Created under our own identifier, not the employer's number: each custody that mentions this officer has a record
    # of its own with that number, and a condition that two records meet is refused (R4 http, conditional create: 412).
    identifiers.append({"system": SID_RESOURCE, "value": made})
    resource: Json = {"resourceType": "Practitioner", "id": made, "identifier": identifiers}
    if name is None:
        name = {"_family": unknown()}
    elif "family" not in name:
        name["_family"] = unknown()
    resource["name"] = [name]
    if credential is not None:
        resource["qualification"] = [{"code": {"text": credential}}]
    url = draft.add(resource, origin)
    if not others or all("system" in given for given in others):
        resource["meta"] = claim("coresponse-practitioner")
    else:
        draft.unclaimed.add(url)
    draft.interned[known] = url
    return url


def _complete(draft: Draft, url: str, name: Json | None, credential: str | None) -> None:
    """Adds what this mention of a person says and an earlier one (a unit's crew, by number alone) did not."""
    resource = next(entry["resource"] for entry in draft.entries if entry["fullUrl"] == url)
    if name is not None and resource["name"][0].keys() == {"_family"}:
        if "family" not in name:
            name["_family"] = unknown()
        resource["name"] = [name]
    if credential is not None and "qualification" not in resource:
        resource["qualification"] = [{"code": {"text": credential}}]


def _role(draft: Draft, staff: Staff, origin: str | None, person: str | None, path: str) -> str | None:
    if staff.organization is None and staff.role == "unknown":
        return None
    assigner, value = _key(draft, staff, path)
    made = draft.id_of(
        "practitioner-role",
        f"{value}|{staff.role}|{staff.organization or ''}",
        origin=origin,
        assigner=assigner,
        recurring=bool(staff.id),
    )
    known = ("practitioner-role", made)
    if known in draft.interned:
        return draft.interned[known]
    resource: Json = {
        "resourceType": "PractitionerRole",
        "id": made,
        "identifier": [{"system": SID_RESOURCE, "value": made}],
    }
    if person is not None:
        resource["practitioner"] = ref(person)
    if staff.organization is not None:
        employer = resource["organization"] = organization_reference(draft, staff.organization)
        telecoms = draft.employers.get(employer["reference"])
        if telecoms is not None:
            resource["telecom"] = [dict(telecom) for telecom in telecoms]
            if employer["reference"] not in draft.unclaimed and person not in draft.unclaimed:
                profile = _PROFILES.get(staff.role)
                resource["meta"] = {"profile": [_US_CORE_ROLE]} if profile is None else claim(profile)
    if staff.role != "unknown":
        resource["code"] = [{"coding": [{"system": STAFF_ROLE, "code": staff.role}]}]
    url = draft.add(resource, origin)
    if "meta" not in resource:
        draft.unclaimed.add(url)
    draft.interned[known] = url
    return url
