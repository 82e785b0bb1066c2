"""SCH and AIS, AIG, AIL, AIP as an Appointment."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from mappings.fhir.systems import DATA_ABSENT, SID_RESOURCE
from mappings.hl7v2.feed.coded import cwe_concept
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.group import Group
from mappings.hl7v2.feed.identifiers import ei_identifier
from mappings.hl7v2.feed.maps import codes
from mappings.hl7v2.feed.row import Row
from mappings.hl7v2.feed.segment_maps import aig_appointment, ail_appointment, aip_appointment, sch_appointment
from mappings.hl7v2.feed.values import positive
from mappings.hl7v2.segment import NULL
from mappings.times import instant

#: What an event says of the appointment (chapter 10), over SCH-25. Another event leaves it to SCH-25, else booked.
_EVENT: Final = {"S15": "cancelled", "S16": "cancelled", "S17": "entered-in-error", "S26": "noshow"}
#: Spellings of table 0278 that are not those of the published map.
_STATUS: Final = {
    "NOSHOW": "noshow",
    "NO SHOW": "noshow",
    "CONFIRMED": "booked",
    "ARRIVED": "arrived",
    "PROPOSED": "proposed",
}
_UNKNOWN: Final = {"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]}
_MINUTES: Final = re.compile(r"min(?:s|utes?)?\Z", re.IGNORECASE)
#: Where each resource segment says when it begins, and its status.
_START: Final = {"AIS": 4, "AIG": 8, "AIL": 6, "AIP": 6}
_FILL: Final = {"AIG": aig_appointment, "AIL": ail_appointment, "AIP": aip_appointment}
_STATE: Final = {"AIG": 14, "AIL": 12, "AIP": 12}


def appointment(row: Row, group: Group, d: Draft) -> None:
    """The Appointment of a SCH (SCH[Appointment]). Added at the end, when all that take part in it are known."""
    finish(group, d)  # a message books one; what a second SCH says is another
    resource: Json = {"resourceType": "Appointment", "id": "", "identifier": [], "participant": []}
    sch_appointment(row, resource, d)
    resource["status"] = _status(row, d)
    _times(row, resource, d)
    for number in (26, 27):
        if row.peek(number) not in ("", NULL):
            for part in row.peek(number).split(d.r):
                made = ei_identifier(part, d, f"SCH-{number}")
                if made is not None:
                    row.raw(number)
                    reference = {"type": "ServiceRequest", "identifier": made}
                    if reference not in resource.setdefault("basedOn", []):
                        resource["basedOn"].append(reference)
    if row.peek(6) not in ("", NULL) and resource["status"] == "cancelled":
        reason = cwe_concept(row.peek(6).split(d.r)[0], d, "SCH-6")
        if reason is not None:
            d.take(row, 6, 99)
            resource["cancelationReason"] = reason
    group.appointment = group.about = resource


def _status(row: Row, d: Draft) -> str:
    event = d.event.partition("^")[2]
    given = d.first(row.peek(25)) or ""
    found = codes("FillerStatusCodes[Appointment]").get(given)
    status = found[0] if found is not None else _STATUS.get(given.upper())
    if status is not None:
        d.take(row, 25, 3)
    elif given:
        d.take(row, 25, 3)
        d.issue("translate.code-not-carried", "SCH-25")
    if event in _EVENT:
        return _EVENT[event]
    return status or "booked"


def _times(row: Row, resource: Json, d: Draft) -> None:
    """SCH-11.4 and .5 as start and end; SCH-9 as minutes, where SCH-10 says minutes or nothing."""
    if row.peek(9) not in ("", NULL):
        unit = d.first(row.peek(10)) or "min"
        if _MINUTES.match(unit) and (minutes := positive(row.peek(9), d, "SCH-9")):
            d.take(row, 9)
            if row.peek(10):
                # Name and system of no code are words that nothing reads.
                d.take(row, 10, 3 if d.first(row.peek(10)) else 1)
            resource["minutesDuration"] = minutes
    raw = row.peek(11)
    if raw not in ("", NULL):
        parts = raw.split(d.r)[0].split(d.c) + [""] * 5
        start = d.time(parts[3], "SCH-11.4") if parts[3] else None
        end = d.time(parts[4], "SCH-11.5") if parts[4] else None
        if start or end:
            d.take(row, 11, 99)
            d.rest(parts[:3], "SCH-11", 1)
            d.rest([*[""] * 5, *parts[5:]], "SCH-11", 6)
        if start:
            resource["start"] = start
        if end:
            resource["end"] = end


def service(row: Row, group: Group, d: Draft) -> None:
    """AIS: what is booked (AIS[Appointment]), and when, where SCH does not say."""
    booked = group.appointment
    if booked is None or _released(row, d):
        return
    if row.peek(3) not in ("", NULL):
        for part in row.peek(3).split(d.r):
            made = cwe_concept(part, d, "AIS-3")
            if made is not None:
                row.raw(3)
                booked.setdefault("serviceType", []).append(made)
    _when(row, 4, booked, d)
    if (
        row.peek(7) not in ("", NULL)
        and "minutesDuration" not in booked
        and _MINUTES.match(d.first(row.peek(8)) or "min")
    ):
        minutes = positive(row.peek(7), d, "AIS-7")
        if minutes:
            d.take(row, 7)
            if row.peek(8):
                d.take(row, 8, 3 if d.first(row.peek(8)) else 1)
            booked["minutesDuration"] = minutes
    if row.used:
        row.set_id()


def resource(row: Row, group: Group, d: Draft) -> None:
    """AIG, AIL, AIP: somebody or something that takes part (AIP[Appointment] and its like)."""
    booked = group.appointment
    if booked is None or _released(row, d):
        return
    participant: Json = {}
    _FILL[row.name](row, participant, d)
    if "actor" not in participant and "type" not in participant:
        row.used &= 1 << 2
        return
    number = _STATE[row.name]
    state = (d.first(row.peek(number)) or "").lower()
    if state in ("accepted", "declined", "tentative"):
        d.take(row, number, 3)
    elif state in ("booked", "confirmed", "complete", "started"):
        d.take(row, number, 3)
        state = "accepted"
    elif state in ("cancelled", "deleted"):
        d.take(row, number, 3)
        state = "declined"
    else:
        state = "needs-action"
    actor = participant.get("actor")
    several = actor if isinstance(actor, list) else [actor]
    for one in several:
        made = {**participant, "status": state}
        if one is not None:
            made["actor"] = one
        booked["participant"].append(made)
    _when(row, _START[row.name], booked, d)
    row.set_id()


def _released(row: Row, d: Draft) -> bool:
    """Whether the segment takes its resource out (action D or X, table 0206): then it adds nothing."""
    action = d.first(row.peek(2)) or ""
    if action in ("A", "U", "D", "X", "S", "N"):
        d.take(row, 2)
    if action in ("D", "X"):
        row.set_id()
        return True
    return False


def _when(row: Row, number: int, booked: Json, d: Draft) -> None:
    if row.peek(number) in ("", NULL):
        return
    start = d.time(row.peek(number), f"{row.name}-{number}")
    if start is None:
        return
    if "start" not in booked:
        booked["start"] = start
        d.take(row, number)
    elif booked["start"] == start:
        d.take(row, number)


def finish(group: Group, d: Draft) -> None:
    """Adds the Appointment with the patient, and what the standard requires of its times (app-2, app-3)."""
    booked = group.appointment
    if booked is None:
        return
    if group.patient_url is not None:
        status = "declined" if booked["status"] in ("cancelled", "noshow") else "accepted"
        booked["participant"].insert(0, {"actor": {"reference": group.patient_url}, "status": status})
    if not booked["participant"]:
        d.issue("translate.no-patient", "SCH")
        if "comment" in booked:
            d.left("NTE-3")
        group.appointment = None
        return
    start, end = booked.get("start"), booked.get("end")
    if start and len(start) > 10 and end is None and "minutesDuration" in booked:
        end = instant(datetime.fromisoformat(start) + timedelta(minutes=booked["minutesDuration"]))
    for element, time in (("start", start), ("end", end)):
        booked.pop(element, None)
        if time and len(time) > 10:
            booked[element] = time
        else:
            # A day is no instant, and what nobody said is unknown.
            booked[f"_{element}"] = _UNKNOWN
    days = {name: time for name, time in (("start", start), ("end", end)) if time and len(time) <= 10}
    if days:
        booked["requestedPeriod"] = [days]
    identifiers: list[Json] = booked["identifier"]
    # The filler's number (SCH-2) keeps; the placer's may be one of several requests.
    key = next((one for one in reversed(identifiers) if "system" in one), None) or (
        identifiers[-1] if identifiers else None
    )
    if key is None:
        booked["id"] = d.ids.of("appointment", d.custody, f"{d.control}|SCH")
    else:
        booked["id"] = d.ids.of("appointment", key.get("system") or d.custody, key["value"])
    if key is None or "system" not in key:
        key = {"system": SID_RESOURCE, "value": booked["id"]}
        identifiers.append(key)
    d.add(booked, key["system"], key["value"])
