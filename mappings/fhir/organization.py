"""Organization: the agency, the centers and the employers that a record names.

The directory is the agency file and the record; an organization in neither keeps its id alone. Posture is not
written here: it is declared in settings, and a payload cannot claim one.
"""

from __future__ import annotations

from functools import lru_cache

from mappings.fhir.datatypes import address, contact_points
from mappings.fhir.draft import Draft, Json, clean, ref
from mappings.fhir.profile import PARENT, claim
from mappings.fhir.systems import ORGANIZATION_TYPE, SID_ORGANIZATION, SID_ORI
from mappings.ids import keyed_uuid
from mappings.incident import Organization

_TYPE = {"center": "prov"}

#: Which profile of ours an organization claims; one that is neither claims its parent alone.
_PROFILES = {"agency": "agency-organization", "center": "center-organization"}
_US_CORE_ORGANIZATION = PARENT["agency-organization"]


@lru_cache(maxsize=1024)
def _id(key: bytes, custody: str, organization: str) -> str:
    """The same few organizations stand in every record, so their ids are worked out once."""
    return keyed_uuid(key, custody, "organization", SID_ORGANIZATION, organization)


def _told(draft: Draft, organization: str) -> tuple[Organization, ...]:
    """What the record says of an organization, then what the directory does."""
    record, directory = draft.incident.organizations, draft.agency.organizations
    if not record and not directory:
        return ()
    return tuple(known for known in (*record, *directory) if known.id == organization)


def known(draft: Draft, organization: str) -> bool:
    """Whether the record or the directory has an organization of that id."""
    return organization == draft.agency.id or bool(_told(draft, organization))


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
    kind, name, telecoms, where = "", None, None, None
    if organization == agency.id:
        kind = "agency"
        if agency.ori:
            identifiers.append({"system": SID_ORI, "value": agency.ori})
        name = clean(agency.name)
    for n, told in enumerate(_told(draft, organization)):
        # The record comes first; the directory completes it.
        if n == 0:
            identifiers.extend(made for made in map(draft.identifier, told.identifiers) if made)
            name = clean(told.name) or name
            if told.kind != "other" or not kind:
                kind = told.kind
        else:
            name = name or clean(told.name)
        telecoms = telecoms or contact_points(told.telecoms)
        if where is None and told.address is not None:
            where = address(told.address, position=True)
    if kind:  # listed, so in use; of another one its id is all that is known
        resource["active"] = True
    if kind in _TYPE:
        resource["type"] = [{"coding": [{"system": ORGANIZATION_TYPE, "code": _TYPE[kind]}]}]
    if name:
        resource["name"] = name
    if telecoms:
        for telecom in telecoms:
            if telecom.get("use") == "home":  # org-3: an organization has no home
                del telecom["use"]
        resource["telecom"] = telecoms
    if where:
        resource["address"] = [where]
    url = draft.add(resource, draft.owner, SID_ORGANIZATION, organization)
    if telecoms:
        draft.employers[url] = telecoms
    if kind and name:
        profile = _PROFILES.get(kind)
        resource["meta"] = {"profile": [_US_CORE_ORGANIZATION]} if profile is None else claim(profile)
    else:
        draft.unclaimed.add(url)
    draft.interned["organization", organization] = url
    return ref(url)
