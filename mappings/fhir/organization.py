"""Organization: the agency, the centers and the employers that a record names.

The directory is the agency file and the record; an organization in neither keeps its id alone. Posture is not
written here: it is declared in settings, and a payload cannot claim one.
"""

from __future__ import annotations

from functools import lru_cache

from mappings.fhir.datatypes import address, contact_points
from mappings.fhir.draft import Draft, Json, clean, ref
from mappings.fhir.systems import ORGANIZATION_TYPE, SID_ORGANIZATION, SID_ORI
from mappings.ids import keyed_uuid
from mappings.incident import Organization

_TYPE = {"center": "prov"}


@lru_cache(maxsize=1024)
def _id(key: bytes, custody: str, organization: str) -> str:
    """The same few organizations stand in every record, so their ids are worked out once."""
    return keyed_uuid(key, custody, "organization", SID_ORGANIZATION, organization)


def _known(draft: Draft, organization: str) -> Organization | None:
    for known in draft.incident.organizations:
        if known.id == organization:
            return known
    for known in draft.agency.organizations:
        if known.id == organization:
            return known
    return None


def organization_reference(draft: Draft, organization: str) -> Json:
    """A Reference to the Organization with that directory id; made on first use, in the owner's custody."""
    made = draft.interned.get(("organization", organization))
    if made is not None:
        return {"reference": made}
    resource: Json = {
        "resourceType": "Organization",
        "id": _id(draft.namespace_key, draft.owner, organization),
    }
    identifiers: list[Json] = [{"system": SID_ORGANIZATION, "value": organization}]
    resource["identifier"] = identifiers
    agency = draft.agency
    if organization == agency.id:
        if agency.ori:
            identifiers.append({"system": SID_ORI, "value": agency.ori})
        if name := clean(agency.name):
            resource["name"] = name
    known = _known(draft, organization) if draft.incident.organizations or agency.organizations else None
    if known is not None:
        identifiers.extend(made for made in map(draft.identifier, known.identifiers) if made)
        if known.kind in _TYPE:
            resource["type"] = [{"coding": [{"system": ORGANIZATION_TYPE, "code": _TYPE[known.kind]}]}]
        if name := clean(known.name):
            resource["name"] = name
        if telecoms := contact_points(known.telecoms):
            for telecom in telecoms:
                if telecom.get("use") == "home":  # org-3: an organization has no home
                    del telecom["use"]
            resource["telecom"] = telecoms
        if known.address is not None and (where := address(known.address, position=True)):
            resource["address"] = [where]
    url = draft.add(resource, draft.owner, SID_ORGANIZATION, organization)
    draft.interned["organization", organization] = url
    return ref(url)
