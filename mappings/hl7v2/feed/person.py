"""PID, PD1, NK1 and MRG: the patient, those related to them, and records that were merged."""

from __future__ import annotations

from typing import Final

from mappings.fhir.systems import OMB_RACE, SID_RESOURCE
from mappings.hl7v2.feed import labels
from mappings.hl7v2.feed.coded import SSN, Memory, cwe_concept, yes
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.group import Group
from mappings.hl7v2.feed.identifiers import cx_identifier
from mappings.hl7v2.feed.names import xtn_contact
from mappings.hl7v2.feed.row import Row
from mappings.hl7v2.feed.segment_maps import mrg_patient, nk1_patient, nk1_relatedperson, pd1_patient, pid_patient
from mappings.hl7v2.feed.values import in_order, positive
from mappings.hl7v2.segment import NULL

_US_CORE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_BIRTH_TIME: Final = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
#: OMB 1997 categories; every other code of the same system is a detailed one.
_RACES: Final = frozenset({"1002-5", "2028-9", "2054-5", "2076-8", "2106-3"})
_ETHNICITIES: Final = frozenset({"2135-2", "2186-5"})
_CATEGORIES: Final = ((10, ("race", _RACES)), (22, ("ethnicity", _ETHNICITIES)))
_PHONES: Final = ((13, "PID-13", "home"), (14, "PID-14", "work"))
#: Table 0189, which senders use in place of the OMB codes.
_0189: Final = {"H": "2135-2", "N": "2186-5"}


def patient(row: Row, pd1: Row | None, group: Group, d: Draft) -> None:
    """The Patient of a PID (PID[Patient], PD1[Patient]); the group's from here on.

    Its id is that of its first identifier with an assigner, never the SSN: the same number in this custody is the same
    Patient, whichever message names it. Without an identifier the id is of this message.
    """
    resource: Json = {"resourceType": "Patient", "id": ""}
    pid_patient(row, resource, d)
    if pd1 is not None:
        pd1_patient(pd1, resource, d)
        group.labels.extend(labels.of(pd1, d))
    _more(row, resource, d)
    identifiers: list[Json] = resource.get("identifier") or []
    # PID-2 stands before PID-3 and is the number of somebody else's list.
    ahead = row.peek(2) and len(identifiers) > 1
    key = person_key([*identifiers[1:], identifiers[0]] if ahead else identifiers)
    if key is None:
        made = d.ids.of("patient", d.custody, f"{d.control}|PID[{group.turn}]")
    else:
        made = d.ids.of("patient", key.get("system") or d.custody, key["value"])
    resource["id"] = made
    known = d.interned.get(("patient", made))
    if known is not None:
        # A later group about the same person; what it says otherwise than the first is listed unused.
        group.patient_url, group.patient = known
        if any(known[1].get(name) != one for name, one in resource.items()):
            row.used = 0
            if pd1 is not None:
                pd1.used = 0
        return
    if key is None or "system" not in key:
        identifiers.append({"system": SID_RESOURCE, "value": made})
        key = identifiers[-1]
    resource["identifier"] = identifiers
    resource.setdefault("gender", "unknown")
    url = d.add(resource, key["system"], key["value"])
    d.interned["patient", made] = (url, resource)
    group.patient_url, group.patient = url, resource


def person_key(identifiers: list[Json]) -> Json | None:
    """The identifier that a person's id is made of: the first with a system that is not the SSN's, else the first."""
    without: Json | None = None
    for one in identifiers:
        system = one.get("system")
        if system is None:
            without = without or one
        elif system != SSN:
            return one
    return without


def _more(row: Row, resource: Json, d: Draft) -> None:
    """What of PID one field cannot say alone."""
    fields = row.fields
    count = len(fields)
    if count > 7 and len(fields[7]) > 8 and "birthDate" in resource:
        time = d.time(fields[7], "PID-7")
        if time and len(time) > 10:
            resource["_birthDate"] = {"extension": [{"url": _BIRTH_TIME, "valueDateTime": time}]}
    for number, place, use in _PHONES:
        raw = fields[number] if number < count else ""
        if raw == NULL:
            d.deleted.append((resource, "telecom"))
            d.issue("translate.null", place)
            row.raw(number)
        elif raw:
            for part in raw.split(d.r):
                if part and (made := xtn_contact(part, d, place)):
                    row.used |= 1 << number
                    if "use" not in made:
                        parts = part.split(d.c, 2)
                        if len(parts) < 2 or not parts[1]:
                            made["use"] = use
                    if "telecom" in resource:
                        resource["telecom"].append(made)
                    else:
                        resource["telecom"] = [made]
    if count > 12 and fields[12] and (county := d.first(fields[12])):
        addresses = resource.get("address")
        if addresses and "district" not in addresses[0]:
            addresses[0]["district"] = county
            d.take(row, 12)
        elif not addresses:
            resource["address"] = [{"district": county}]
            d.take(row, 12)
    if count > 25:
        _late(row, resource, d)
    for number, which in _CATEGORIES:
        raw = fields[number] if number < count else ""
        if raw and raw != NULL and (made := _CATEGORY.of(raw, d, f"PID-{number}", which)):
            row.used |= 1 << number
            if "extension" in resource:
                resource["extension"].append(made)
            else:
                resource["extension"] = [made]


def _late(row: Row, resource: Json, d: Draft) -> None:
    """Birth order and death."""
    if (order := row.peek(25)) and (value := positive(order, d, "PID-25")):
        d.take(row, 25)
        resource.pop("multipleBirthBoolean", None)
        resource["multipleBirthInteger"] = value
    if (died := row.peek(29)) and (time := d.time(died, "PID-29")):
        d.take(row, 29)
        if row.peek(30) == "Y":
            d.take(row, 30)
        resource["deceasedDateTime"] = time
    elif row.peek(30) and (dead := yes(row.peek(30), d, "PID-30")) is not None:
        d.take(row, 30)
        resource["deceasedBoolean"] = dead


def _category(raw: str, d: Draft, place: str, which: tuple[str, frozenset[str]]) -> Json | None:
    """US Core race or ethnicity: OMB categories, details, and the sender's words, which are required there."""
    name, main = which
    parts: list[Json] = []
    words: list[str] = []
    chosen = 0
    for one in raw.split(d.r):
        if name == "ethnicity" and d.first(one) in _0189:
            code = _0189[d.first(one) or ""]
            concept: Json | None = {"coding": [{"system": OMB_RACE, "code": code}]}
            text = d.text(one.split(d.c)[1]) if d.c in one else None
            if text and concept is not None:
                concept["text"] = text
            said = one.split(d.c)
            d.rest(said, place, 3 if len(said) > 2 and said[2] != "HL70189" else 4)
        else:
            concept = cwe_concept(one, d, place)
        if concept is None:
            continue
        codings = concept.get("coding") or []
        words.append(
            concept.get("text") or next((c["display"] for c in codings if "display" in c), None) or codings[0]["code"]
        )
        for coding in codings:
            if coding["system"] == OMB_RACE:
                category = coding["code"] in main and (name == "race" or not chosen)
                chosen += category
                parts.append({"url": "ombCategory" if category else "detailed", "valueCoding": coding})
            elif coding["code"] != words[-1]:
                d.left(place)
    if not words:
        return None
    parts.append({"url": "text", "valueString": ", ".join(words)})
    return {"url": f"{_US_CORE}{name}", "extension": parts}


_CATEGORY: Final = Memory(_category)


def next_of_kin(row: Row, group: Group, d: Draft) -> None:
    """NK1: a person is a RelatedPerson; an organization, or somebody without a name, is a contact of the Patient."""
    subject = group.subject(d, "NK1")
    number = group.count("NK1")
    if subject is None or group.patient is None:
        return
    if row.peek(2) and row.peek(2) != NULL:
        resource: Json = {
            "resourceType": "RelatedPerson",
            "id": "",
            "identifier": [],
            "active": True,
            "patient": subject,
        }
        nk1_relatedperson(row, resource, d)
        in_order(resource, d, "NK1-9")
        identifiers: list[Json] = resource["identifier"]
        key = person_key(identifiers)
        if key is not None and "system" in key:
            made = d.ids.of("related-person", f"{key['system']}|{subject['reference']}", key["value"])
        else:
            made = d.ids.of("related-person", group.key(d), d.first(row.peek(1)) or str(number))
        if ("related-person", made) in d.interned:
            made = d.ids.of("related-person", group.key(d), f"{d.control}|NK1[{number}]")
        d.interned["related-person", made] = True
        row.set_id()
        resource["id"] = made
        identifiers.insert(0, {"system": SID_RESOURCE, "value": made})
        d.add(resource)
        return
    contact: Json = {}
    nk1_patient(row, contact, d)
    in_order(contact, d, "NK1-9")
    if contact:
        row.set_id()
        # pat-1: a contact has at least a name, a number, an address or an organization.
        if not contact.keys() & {"name", "telecom", "address", "organization"}:
            row.used = 0
            return
        group.patient.setdefault("contact", []).append(contact)


def merge(row: Row, group: Group, d: Draft) -> None:
    """MRG: the records of these numbers are now the patient's (ADT^A18, A30, A34, A35, A36, A39, A40, A41, A47).

    The survivor says `link` replaces, the other `replaced-by` and is no longer active: each is kept with its lineage.
    """
    survivor, url = group.patient, group.patient_url
    old = [
        one
        for number in (1, 4)
        if row.peek(number)
        for part in row.peek(number).split(d.r)
        if part and part != NULL and (one := cx_identifier(part, d, f"MRG-{number}"))
    ]
    key = person_key(old)
    if survivor is None or url is None or key is None:
        d.issue("translate.no-merge", "MRG-1")
        return
    made = d.ids.of("patient", key.get("system") or d.custody, key["value"])
    if made == survivor["id"]:
        d.issue("translate.no-merge", "MRG-1")
        return
    for number in (1, 4):
        row.raw(number)
    gone: Json = {
        "resourceType": "Patient",
        "id": made,
        "identifier": old,
        "active": False,
        "link": [{"other": {"reference": url}, "type": "replaced-by"}],
    }
    if "system" not in key:
        old.append({"system": SID_RESOURCE, "value": made})
        key = old[-1]
    if row.peek(7):
        mrg_patient(row, gone, d)
    other = d.add(gone, key["system"], key["value"])
    survivor["active"] = True
    survivor.setdefault("link", []).append({"other": {"reference": other}, "type": "replaces"})
