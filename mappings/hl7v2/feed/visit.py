"""PV1, PV2 and ROL: the visit as an Encounter. Its status is what the event says, else its end, else its class."""

from __future__ import annotations

from typing import Any, Final

from mappings.fhir.systems import ACT_CODE, SID_RESOURCE
from mappings.hl7v2.feed import labels
from mappings.hl7v2.feed.coded import V2_TABLE, Memory, Vocabulary, cwe_coding, cwe_concept
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.group import Group
from mappings.hl7v2.feed.maps import codes
from mappings.hl7v2.feed.parties import pl_location
from mappings.hl7v2.feed.row import Row
from mappings.hl7v2.feed.segment_maps import pv1_encounter, pv2_encounter, rol_encounter_practitionerrole
from mappings.hl7v2.feed.values import in_order
from mappings.hl7v2.segment import NULL
from mappings.times import earlier

#: What an event says of the visit, by trigger event, where the published table (Event[EncounterStatus]) says nothing,
#: or says `planned` of a registration (A04), whose patient is there (2.5.1, 3.3.4). A08 and the rest say nothing.
_EVENT: Final = {
    "ADT^A01": "in-progress",
    "ADT^A02": "in-progress",
    "ADT^A03": "finished",
    "ADT^A04": "in-progress",
    "ADT^A05": "planned",
    "ADT^A06": "in-progress",
    "ADT^A07": "in-progress",
    "ADT^A09": "in-progress",
    "ADT^A10": "in-progress",
    "ADT^A11": "cancelled",
    "ADT^A12": "in-progress",
    "ADT^A13": "in-progress",
    "ADT^A14": "planned",
    "ADT^A15": "in-progress",
    "ADT^A16": "in-progress",
    "ADT^A21": "onleave",
    "ADT^A22": "in-progress",
    "ADT^A27": "cancelled",
    "ADT^A38": "cancelled",
}
_VIP: Final = ("VIP", "very important person", "http://terminology.hl7.org/CodeSystem/v3-EncounterSpecialCourtesy")
#: PV1-16: the two values that are read as a VIP (table 0099 is each site's own, and HL7 publishes no code of it).
_COURTESY: Final = Vocabulary({"VIP": _VIP, "Y": _VIP}, f"{V2_TABLE}0099")
#: What the visit's place is to it, by the visit's status; else active.
_AT_PLACE: Final = {"planned": "planned", "finished": "completed", "cancelled": "completed"}
#: Classes of v3-ActCode as a sender may write them in table 0004's place.
_CLASSES: Final = frozenset({"AMB", "EMER", "FLD", "HH", "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS", "VR"})


def visit(row: Row, pv2: Row | None, group: Group, d: Draft) -> None:
    """The Encounter of a PV1 (PV1[Encounter], PV2[Encounter]); the group's from here on.

    PV1-2 `N` (not applicable) with no visit number is no visit. Without a number (PV1-19, PV1-50) the id is of this
    message.
    """
    subject = group.subject(d, "PV1")
    kind = d.first(row.peek(2)) or ""
    if subject is None or (kind == "N" and not row.peek(19) and not row.peek(50)):
        if kind == "N":
            row.set_id()
            d.take(row, 2, 3)
        return
    row.set_id()
    resource: Json = {"resourceType": "Encounter", "id": ""}
    pv1_encounter(row, resource, d)
    ended = _period(row, resource, d)
    resource["class"] = _class(row, kind, d)
    resource["status"] = status(d, kind, ended)
    group.visit_ended = ended
    if (raw := row.peek(3)) and raw != NULL and (place := pl_location(raw.split(d.r)[0], d, "PV1-3")):
        d.take(row, 3, 99)
        state = _AT_PLACE.get(resource["status"], "active")
        resource.setdefault("location", []).insert(0, {"location": place, "status": state})
    if row.peek(6):
        # The prior location: the only one that PV1 says without a status of its own.
        for one in resource.get("location", ()):
            one.setdefault("status", "completed")
    courtesy = row.peek(16)
    security = labels.of(row, d)
    if courtesy and courtesy != NULL:
        for part in courtesy.split(d.r):
            if value := cwe_concept(part, d, "PV1-16", _COURTESY):
                resource.setdefault("hospitalization", {}).setdefault("specialCourtesy", []).append(_published(value))
    if pv2 is not None:
        pv2_encounter(pv2, resource, d)
        security += labels.of(pv2, d)
    resource["subject"] = subject
    identifiers: list[Json] = resource.get("identifier") or []
    key: Json | None = None
    for one in identifiers:
        if "system" in one:
            key = one
            break
        if key is None:
            key = one
    if key is None:
        d.issue("translate.visit-without-number", "PV1-19")
        resource["id"] = d.ids.of("encounter", group.key(d), f"{d.control}|PV1[{group.count('PV1')}]")
    else:
        assigner = key.get("system") or group.key(d)
        resource["id"] = d.ids.of("encounter", assigner, key["value"])
    before = d.interned.get(("encounter", resource["id"]))
    if before is not None:
        group.encounter, group.visit = before
        return
    if key is None or "system" not in key:
        identifiers.append({"system": SID_RESOURCE, "value": resource["id"]})
        key = identifiers[-1]
    resource["identifier"] = identifiers
    if security:
        labels.label(resource, security)
    made = resource["id"]
    group.encounter, group.visit = d.add(resource, key["system"], key["value"]), resource
    d.interned["encounter", made] = (group.encounter, resource)


def _published(courtesy: Json) -> Json:
    """The courtesy without codes under the name of table 0099: HL7 has no code system of it."""
    kept = [one for one in courtesy.get("coding", ()) if one["system"] != _COURTESY.table]
    return {**courtesy, "coding": kept} if kept else courtesy


def _period(row: Row, resource: Json, d: Draft) -> bool:
    """PV1-44 and PV1-45; whether the visit is over. What an A13 takes back is not an end."""
    begun, over = row.peek(44), row.peek(45)
    start = d.time(begun, "PV1-44") if begun else None
    end = d.time(over, "PV1-45") if over else None
    period: Json = {}
    if start:
        d.take(row, 44)
        period["start"] = start
    if end and d.event.endswith("^A13"):
        d.left("PV1-45")
        d.take(row, 45)
        end = None
    if end:
        d.take(row, 45)
        if start is None or _ordered(start, end):
            period["end"] = end
        elif start[:10] == end[:10] and (len(start) > 10) != (len(end) > 10):
            # Of a day and a time in it nobody can tell the order (per-1).
            period = {"start": start[:10], "end": end[:10]}
        else:
            d.issue("translate.value", "PV1-45")
    if period:
        resource["period"] = period
    return end is not None


def _ordered(start: str, end: str) -> bool:
    """Whether a period of these is one by per-1: both days, or both instants, the end not before the start."""
    if len(start) > 10 and len(end) > 10:
        return not earlier(end, start)
    return len(start) <= 10 and len(end) <= 10 and not earlier(end, start)


def _class(row: Row, kind: str, d: Draft) -> Json:
    table = codes("PatientClass[EncounterClass]")
    raw = row.peek(2)
    if raw and (kind in table or not kind or kind in _CLASSES):
        # what stands beside no code says nothing that is carried
        d.take(row, 2, 3 if kind else 1)
    if kind in _CLASSES:
        return {"system": ACT_CODE, "code": kind}
    made: Any = _CODING.of(raw.split(d.r)[0], d, "PV1-2", table) if kind else None
    if made is None:
        # Required, and nothing was said.
        return {"system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "code": "UNK"}
    d.take(row, 2, 99)
    return {**made}


_CODING: Final = Memory(cwe_coding)


def status(d: Draft, kind: str, ended: bool) -> str:
    """Encounter.status: of the event (ADT), else finished when the visit has an end, else by PV1-2."""
    said = _EVENT.get(d.event)
    if said is not None:
        return said
    if ended:
        return "finished"
    found = codes("PatientClass[EncounterStatus]").get(kind)
    return found[0] if found is not None else "unknown"


def role(row: Row, encounter: Json | None, d: Draft) -> None:
    """ROL: somebody's part in the visit."""
    if encounter is None or encounter["resourceType"] != "Encounter":
        return
    participant: Json = {}
    rol_encounter_practitionerrole(row, participant, d)
    in_order(participant, d, "ROL-6")
    if "individual" in participant:
        encounter.setdefault("participant", []).append(participant)
        if d.first(row.peek(2)) in ("AD", "UP"):
            d.take(row, 2)
    else:
        row.used = 0


def diagnosis(encounter: Json | None, condition: str, kind: str, rank: str, row: Row, d: Draft) -> None:
    """DG1[Encounter]: the visit names the diagnosis, with its use where DG1-6 says admitting (A), working or final."""
    if encounter is None or encounter["resourceType"] != "Encounter":
        return
    made: Json = {"condition": {"reference": condition}}
    use = {"A": "AD", "W": "billing", "F": "DD"}.get(kind)
    if use in ("AD", "DD"):
        made["use"] = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/diagnosis-role", "code": use}]}
    if rank.isdigit() and 0 < int(rank) < 2**31:
        made["rank"] = int(rank)
        d.take(row, 15)
    encounter.setdefault("diagnosis", []).append(made)
