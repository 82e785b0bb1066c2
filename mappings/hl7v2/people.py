"""People and organizations as v2 segments: PRD and CTD (chapter 11), PID and NK1 (chapter 3). Fields by number."""

from __future__ import annotations

from mappings.hl7v2.build import Component, Raw, Value
from mappings.hl7v2.case import Party
from mappings.hl7v2.datatypes import Json, Version, ce, cx, hd, identifier_type, xads, xpns, xtns
from mappings.hl7v2.times import ts
from mappings.partner import Partner

Fields = dict[int, Value]

_RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
_ETHNICITY = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_UNKNOWN_IDENTITY = "http://hl7.org/fhir/StructureDefinition/patient-unknownIdentity"
#: FHIR administrative-gender to table 0001.
_SEX = {"male": "M", "female": "F", "other": "O", "unknown": "U"}

REFERRING = ("RP", "Referring Provider", "HL70286")
REFERRED_TO = ("RT", "Referred to Provider", "HL70286")


def prd(party: Party, role: tuple[str, str, str], version: Version) -> Fields:
    """PRD from whoever refers or is asked (11.6.3).

    PRD has no field for an organization's name before 2.6: it stands in the provider's location, its identifier as
    the facility (PL.4) and its name as the location's description (PL.9).
    """
    practitioner, organization = party.practitioner or {}, party.organization or {}
    names = xpns(practitioner.get("name"))
    if not names and party.display:
        names = xpns([{"text": party.display}])
    telecoms = (party.role or {}).get("telecom") or practitioner.get("telecom") or organization.get("telecom")
    numbers: list[str | tuple[Component, ...]] = [
        (identifier["value"], identifier_type(identifier) or _system_name(identifier))
        for resource in (practitioner, organization)
        for identifier in resource.get("identifier") or ()
        if identifier.get("value")
    ]
    facility = next((one for one in organization.get("identifier") or () if one.get("value")), None)
    place: tuple[Component, ...] = (
        None,
        None,
        None,
        (facility["value"],) if facility else None,
        None,
        None,
        None,
        None,
        organization.get("name"),
    )
    return {
        1: role,
        2: names,
        3: xads(practitioner.get("address") or organization.get("address")),
        4: place,
        5: xtns(telecoms, version),
        7: numbers,
    }


def _system_name(identifier: Json) -> str | None:
    """PLN.2 is the type of the number; where FHIR gives only the assigning system, that is what tells it."""
    system = identifier.get("system")
    return str(system) if system else None


def ctd(organization: Json, version: Version) -> list[Fields]:
    """CTD for each contact of an organization whose purpose is coded, as CTD-1 is required (11.6.4)."""
    return [
        {
            1: ce(contact["purpose"]),
            2: xpns([contact["name"]] if contact.get("name") else None),
            3: xads([contact["address"]] if contact.get("address") else None),
            5: xtns(contact.get("telecom"), version),
        }
        for contact in organization.get("contact") or ()
        if ce(contact.get("purpose"))
    ]


def identity_unknown(patient: Json) -> bool:
    """Whether the Patient itself says that nobody learned who this is (an extension, never the lack of a name)."""
    if any(one.get("url") == _UNKNOWN_IDENTITY for one in patient.get("extension") or ()):
        return True
    names = [*(patient.get("name") or ()), *(patient.get("_name") or ())]
    return any(
        extension.get("url") == _ABSENT and extension.get("valueCode") == "unknown"
        for name in names
        for extension in (name or {}).get("extension") or ()
    )


def pid(patient: Json, partner: Partner, version: Version) -> Fields:
    """PID from the Patient (3.4.2).

    PID-5 is required. Somebody without a name gets no invented one: XPN.7 alone is sent, `U` (table 0200,
    Unspecified), and PID-31 says `Y` when the Patient says that the identity is unknown. PID-3 is required too:
    without any identifier it is the resource's id, assigned by the sending facility or application (MSH-4, MSH-3).
    """
    identifiers = cx(patient.get("identifier") or (), kind=_unspecified(version))
    if not identifiers and patient.get("id"):
        sender = partner.sending_facility or partner.sending_application
        identifiers = [(patient["id"], None, None, Raw(sender.replace("^", "&")), "PI")]
    telecoms = patient.get("telecom")
    fields: Fields = {
        1: "1",
        3: identifiers,
        5: xpns(patient.get("name")) or [(None, None, None, None, None, None, "U")],
        7: ts(patient.get("birthDate")),
        8: _SEX.get(patient.get("gender", "")),
        10: _categories(patient, _RACE),
        11: xads(patient.get("address")),
        13: xtns(telecoms, version, uses=("home", "mobile", "temp", "old", None)),
        14: xtns(telecoms, version, uses=("work",)),
        15: ce(_language(patient)),
        16: ce(patient.get("maritalStatus")),
        22: _categories(patient, _ETHNICITY),
        29: ts(patient.get("deceasedDateTime")),
        30: _indicator(True if patient.get("deceasedDateTime") else patient.get("deceasedBoolean")),
    }
    if identity_unknown(patient) and version >= (2, 5):
        fields[31] = "Y"
    return fields


def _unspecified(version: Version) -> str | None:
    """The type of an identifier that has none: from 2.7 on CX.5 is required, and `U` (table 0203) says unspecified."""
    return "U" if version >= (2, 7) else None


def _indicator(value: bool | None) -> str | None:
    """Table 0136."""
    return None if value is None else "Y" if value else "N"


def _categories(patient: Json, url: str) -> list[str | tuple[Component, ...]]:
    """US Core race or ethnicity as repetitions of CE: OMB category and detailed codes, else its text."""
    for extension in patient.get("extension") or ():
        if extension.get("url") == url:
            parts = extension.get("extension") or ()
            codings = [one["valueCoding"] for one in parts if one.get("valueCoding")]
            found = [made for made in (ce({"coding": [coding]}) for coding in codings) if made]
            if found:
                return list(found)
            return [(None, one["valueString"]) for one in parts if one.get("url") == "text" and one.get("valueString")]
    return []


def _language(patient: Json) -> Json | None:
    """The preferred language, else the only one; of several without preference none is picked."""
    all_of_them = patient.get("communication") or []
    preferred = [one for one in all_of_them if one.get("preferred")] or all_of_them
    return preferred[0].get("language") if len(preferred) == 1 else None


def nk1(contact: Json, version: Version) -> Fields:
    """NK1 from a Patient.contact (3.4.5); the set id is the draft's."""
    address = contact.get("address")
    relationships = [made for made in (ce(one) for one in contact.get("relationship") or ()) if made]
    return {
        2: xpns([contact["name"]] if contact.get("name") else None),
        3: relationships[0] if relationships else None,
        4: xads([address] if address else None),
        5: xtns(contact.get("telecom"), version),
        13: (contact["organization"]["display"],) if (contact.get("organization") or {}).get("display") else None,
    }


def nk1_related(person: Json, version: Version) -> Fields:
    """NK1 from a RelatedPerson: the same fields, and NK1-33 for its identifiers."""
    relationships = [made for made in (ce(one) for one in person.get("relationship") or ()) if made]
    return {
        2: xpns(person.get("name")),
        3: relationships[0] if relationships else None,
        4: xads(person.get("address")),
        5: xtns(person.get("telecom"), version),
        15: _SEX.get(person.get("gender", "")),
        16: ts(person.get("birthDate")),
        33: cx(person.get("identifier") or (), kind=_unspecified(version)),
    }


def facility(organization: Json | None) -> tuple[str | None, ...] | None:
    """An organization as HD: its identifier and system, else its name."""
    for identifier in (organization or {}).get("identifier") or ():
        if identifier.get("value"):
            return (identifier["value"], *(hd(identifier.get("system"), None) or ())[1:])
    name = (organization or {}).get("name")
    return (name,) if name else None
