"""ORC, OBR and TQ1 as a ServiceRequest and, where a filler answers, its Task; or OBR as the DiagnosticReport it is."""

from __future__ import annotations

from typing import Final

from mappings.fhir.systems import SID_RESOURCE, TASK_CODE
from mappings.hl7v2.feed import labels
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.group import Group
from mappings.hl7v2.feed.identifiers import V2_0203, ei_identifier, eip_identifier, request_id
from mappings.hl7v2.feed.maps import codes
from mappings.hl7v2.feed.parties import xcn_practitioner, xon_organization
from mappings.hl7v2.feed.row import Row
from mappings.hl7v2.feed.segment_maps import obr_diagnosticreport, obr_servicerequest, orc_servicerequest
from mappings.hl7v2.segment import NULL

#: Priority by tables 0485, 0280 and 0027. What has no word in FHIR is an issue.
PRIORITY: Final = {"S": "stat", "A": "asap", "R": "routine", "U": "urgent"}
#: Task.status by ORC-5 (table 0038), then by ORC-1 (table 0119). A receipt is no acceptance: NA and OK of a number
#: that was assigned leave a Task requested.
_TASK_BY_STATUS: Final = {
    "A": "in-progress",
    "CA": "cancelled",
    "CM": "completed",
    "DC": "cancelled",
    "ER": "failed",
    "HD": "on-hold",
    "IP": "in-progress",
    "RP": "cancelled",
    "SC": "accepted",
}
_TASK_BY_CONTROL: Final = {
    "CR": "cancelled",
    "DR": "cancelled",
    "HR": "on-hold",
    "OC": "cancelled",
    "OD": "cancelled",
    "OH": "on-hold",
    "OK": "accepted",
    "UA": "rejected",
}
#: Codes of table 0119 that the published map leaves open, of an order that stands.
_CONTROLS: Final = frozenset({"SC", "XO", "RO", "NA", "RE", "SN", "PA", "CH"})
_INTENT: Final = {"G": "reflex-order"}
_PLACER: Final = {"coding": [{"system": V2_0203, "code": "PLAC"}]}
_FILLER: Final = {"coding": [{"system": V2_0203, "code": "FILL"}]}


def _numbers(orc: Row | None, obr: Row | None, d: Draft) -> list[Json]:
    """Placer's and filler's number, from ORC or OBR, each once."""
    found: list[Json] = []
    for number, kind in ((2, _PLACER), (3, _FILLER)):
        for row in (orc, obr):
            if row is None or row.peek(number) in ("", NULL):
                continue
            made = (
                eip_identifier(row.peek(number), d, f"{row.name}-{number}")
                if d.s in row.peek(number) and d.c not in row.peek(number)
                else ei_identifier(row.peek(number).split(d.r)[0], d, f"{row.name}-{number}")
            )
            if made is not None:
                d.take(row, number, 99)
                if not any(one["value"] == made["value"] and one.get("system") == made.get("system") for one in found):
                    found.append({"type": kind, **made})
    return found


def order(orc: Row | None, obr: Row | None, group: Group, d: Draft) -> None:
    """The ServiceRequest of an ORC and its OBR (ORC[ServiceRequest], OBR[ServiceRequest]); the group's from here on.

    OSU^O51 and ORG/ORR answers say how the filler stands: they become the order's Task too.
    """
    first = orc or obr
    assert first is not None
    subject = group.subject(d, first.name)
    if subject is None:
        return
    resource: Json = {"resourceType": "ServiceRequest", "id": "", "identifier": _numbers(orc, obr, d)}
    state = control = ""
    if orc is not None:
        orc_servicerequest(orc, resource, d)
        control, state = _control(orc, d), d.first(orc.peek(5)) or ""
    if obr is not None:
        obr_servicerequest(obr, resource, d)
        obr.set_id()
        intent = d.first(obr.peek(11)) or ""
        if intent in _INTENT:
            d.take(obr, 11, 3)
            resource["intent"] = _INTENT[intent]
        urgent = d.first(obr.peek(5)) or ""
        if urgent in PRIORITY:
            d.take(obr, 5, 3)
            resource["priority"] = PRIORITY[urgent]
    resource.setdefault("intent", "order")
    resource["status"] = _status(orc, state, control, d)
    resource["subject"] = subject
    if group.encounter is not None:
        resource["encounter"] = {"reference": group.encounter}
    if orc is not None:
        _ordered(orc, resource, d)
    if obr is not None and orc is not None and obr.peek(16) and obr.peek(16) == orc.peek(12):
        obr.raw(16)
    if obr is not None and "requester" not in resource and obr.peek(16) not in ("", NULL):
        who = xcn_practitioner(obr.peek(16).split(d.r)[0], d, "OBR-16")
        if who is not None:
            d.take(obr, 16, 99)
            resource["requester"] = who
    for row, number in ((orc, 7), (obr, 27)):
        if row is not None and row.peek(number) not in ("", NULL):
            _old_timing(row, number, resource, d)
    identifiers: list[Json] = resource["identifier"]
    made, key = request_id(identifiers, d)
    if made is None:
        made = d.ids.of("service-request", d.custody, f"{d.control}|{first.name}[{group.count('ORC')}]")
    resource["id"] = made
    if ("service-request", resource["id"]) in d.interned:
        resource["id"] = d.ids.of("service-request", resource["id"], f"{d.control}|{group.count('ORC')}")
        key = None
    d.interned["service-request", resource["id"]] = True
    if key is None:
        identifiers.append({"system": SID_RESOURCE, "value": resource["id"]})
        url = d.add(resource)
    else:
        url = d.add(resource, key["system"], key["value"])
    if orc is not None and (found := labels.of(orc, d)):
        labels.label(resource, found)
    group.order = group.about = resource
    group.report = None
    if d.event.startswith(("OSU", "ORG", "ORR", "ORL")):
        status = _TASK_BY_STATUS.get(state) or _TASK_BY_CONTROL.get(control) or "requested"
        when = d.time(orc.peek(9), "ORC-9") if orc is not None and orc.peek(9) else None
        d.interned["task"] = task(resource, url, status, when, d)


def task(request: Json, url: str, status: str, when: str | None, d: Draft) -> Json:
    """The Task that follows a ServiceRequest: the same number, so that a later message moves the same one."""
    key = next((one for one in request["identifier"] if "system" in one), request["identifier"][0])
    made = d.ids.of("task", key.get("system") or d.custody, key["value"])
    resource: Json = {
        "resourceType": "Task",
        "id": made,
        "identifier": [{name: one for name, one in key.items() if name != "type"}],
        "status": status,
        "intent": "order",
        "code": {"coding": [{"system": TASK_CODE, "code": "fulfill"}]},
        "focus": {"reference": url},
        "for": dict(request["subject"]),
    }
    if "authoredOn" in request:
        resource["authoredOn"] = request["authoredOn"]
    if when:
        resource["lastModified"] = when
    for element in ("priority", "requester"):
        if element in request:
            resource[element] = request[element]
    d.add(resource, key.get("system") or SID_RESOURCE, key["value"] if "system" in key else made)
    return resource


def _control(orc: Row, d: Draft) -> str:
    """ORC-1, what is done with the order. A code that none of the tables has is an issue."""
    control = d.first(orc.peek(1)) or ""
    d.take(orc, 1, 3)
    if control and control not in _CONTROLS and control not in codes("OrderControlCode[ServiceRequest.status]"):
        d.issue("translate.code-not-carried", "ORC-1")
    return control


def _status(orc: Row | None, state: str, control: str, d: Draft) -> str:
    if orc is None:
        return "unknown"
    found = codes("OrderStatus").get(state)
    if found is not None:
        d.take(orc, 5, 3)
        return found[0]
    if state == "A":
        d.take(orc, 5, 3)
        return "active"
    if state:
        d.issue("translate.code-not-carried", "ORC-5")
        d.take(orc, 5, 3)
    table = codes("OrderControlCode[ServiceRequest.status]")
    if control in table:
        return table[control][0]
    return "active" if not control or control in _CONTROLS else "unknown"


def _ordered(orc: Row, resource: Json, d: Draft) -> None:
    """ORC-4, 9, 12 and 21: the group's number, when, by whom, for which facility."""
    if orc.peek(4) not in ("", NULL) and (number := eip_identifier(orc.peek(4).split(d.r)[0], d, "ORC-4")):
        d.take(orc, 4, 99)
        resource["requisition"] = number
    if (d.first(orc.peek(1)) or "NW") == "NW" and orc.peek(9) and (when := d.time(orc.peek(9), "ORC-9")):
        d.take(orc, 9)
        resource["authoredOn"] = when
    elif d.event.startswith(("OSU", "ORG", "ORR", "ORL")) and orc.peek(9) and d.time(orc.peek(9), "ORC-9"):
        d.take(orc, 9)  # when the order changed: its Task's time
    who = xcn_practitioner(orc.peek(12).split(d.r)[0], d, "ORC-12") if orc.peek(12) not in ("", NULL) else None
    where = xon_organization(orc.peek(21).split(d.r)[0], d, "ORC-21") if orc.peek(21) not in ("", NULL) else None
    if who is not None:
        d.take(orc, 12, 99)
        resource["requester"] = who
    if where is not None:
        d.take(orc, 21, 99)
        if who is None:
            resource["requester"] = where
        elif "reference" in who:
            resource["requester"] = {"reference": _role(who["reference"], where["reference"], d)}
        else:
            resource["requester"] = where
            d.left("ORC-12")


def _role(practitioner: str, organization: str, d: Draft) -> str:
    key = ("role", practitioner, organization)
    known = d.interned.get(key)
    if known is None:
        made = d.ids.of("practitioner-role", organization, practitioner)
        resource: Json = {
            "resourceType": "PractitionerRole",
            "id": made,
            "identifier": [{"system": SID_RESOURCE, "value": made}],
            "practitioner": {"reference": practitioner},
            "organization": {"reference": organization},
        }
        known = d.interned[key] = d.add(resource)
    return str(known)


def timing(row: Row, resource: Json | None, d: Draft) -> None:
    """TQ1: when it is asked for and how urgent it is (TQ1[ServiceRequest])."""
    if resource is None or resource["resourceType"] != "ServiceRequest":
        return
    period: Json = {}
    for number, element in ((7, "start"), (8, "end")):
        if row.peek(number) not in ("", NULL) and (when := d.time(row.peek(number), f"TQ1-{number}")):
            d.take(row, number)
            period[element] = when
    if period and "occurrenceDateTime" not in resource:
        if period.keys() == {"start", "end"} and period["end"][:10] < period["start"][:10]:
            d.issue("translate.value", "TQ1-8")
            del period["end"]
        resource["occurrencePeriod"] = period
    elif period:
        for number in (7, 8):
            if row.peek(number):
                d.left(f"TQ1-{number}")
    urgent = d.first(row.peek(9)) or ""
    if urgent in PRIORITY:
        d.take(row, 9, 3)
        resource["priority"] = PRIORITY[urgent]
        if (follows := d.interned.get("task")) is not None:
            follows["priority"] = PRIORITY[urgent]
    if row.peek(11) not in ("", NULL) and (text := d.whole(row.peek(11))):
        row.raw(11)
        resource.setdefault("note", []).append({"text": text})
    if row.used:
        row.set_id()


def _old_timing(row: Row, number: int, resource: Json, d: Draft) -> None:
    """TQ (to 2.4): start, end and priority of its first repetition."""
    place = f"{row.name}-{number}"
    raw = row.peek(number)
    parts = raw.split(d.r)[0].split(d.c) + [""] * 6
    start, end = (d.time(part, place) if part else None for part in (parts[3], parts[4]))
    read = False
    if (start or end) and "occurrenceDateTime" not in resource and "occurrencePeriod" not in resource:
        resource["occurrencePeriod"] = {**({"start": start} if start else {}), **({"end": end} if end else {})}
        read = True
    urgent = d.first(parts[5]) or ""
    if urgent in PRIORITY:
        resource.setdefault("priority", PRIORITY[urgent])
        read = True
    if read:
        d.take(row, number, 99)
        d.rest(parts[:3], place, 1)
        d.rest([*[""] * 6, *parts[6:]], place, 7)
        if urgent and urgent not in PRIORITY:
            d.left(f"{place}.6")


def report(orc: Row | None, obr: Row, group: Group, d: Draft) -> None:
    """OBR of results as a DiagnosticReport (OBR[DiagnosticReport]); the group's from here on."""
    subject = group.subject(d, "OBR")
    if subject is None:
        return
    resource: Json = {"resourceType": "DiagnosticReport", "id": "", "identifier": _numbers(orc, obr, d)}
    obr_diagnosticreport(obr, resource, d)
    if "code" not in resource:
        resource["code"] = {"text": "report"} if orc is None else {"text": "order"}
    obr.set_id()
    if orc is not None:
        _control(orc, d)
        orc_labels = labels.of(orc, d)
        if orc_labels:
            labels.label(resource, orc_labels)
    state = d.first(obr.peek(25)) or ""
    found = codes("ResultStatus[Non-Queries]").get(state)
    if found is not None:
        d.take(obr, 25, 3)
    elif state:
        d.take(obr, 25, 3)
        d.issue("translate.code-not-carried", "OBR-25")
    resource["status"] = found[0] if found is not None else "unknown"
    resource["subject"] = subject
    if group.encounter is not None:
        resource["encounter"] = {"reference": group.encounter}
    start = d.time(obr.peek(7), "OBR-7") if obr.peek(7) else None
    end = d.time(obr.peek(8), "OBR-8") if obr.peek(8) else None
    if start and end and len(start) == len(end) and end >= start:
        resource["effectivePeriod"] = {"start": start, "end": end}
        d.take(obr, 7)
        d.take(obr, 8)
    elif start:
        resource["effectiveDateTime"] = start
        d.take(obr, 7)
    key = next((one for one in reversed(resource["identifier"]) if "system" in one), None)
    number = d.first(obr.peek(1)) or str(group.count("OBR"))
    made = (
        d.ids.of("report", key["system"], key["value"])
        if key
        else d.ids.of("report", group.key(d), f"{d.control}|{number}")
    )
    if ("report", made) in d.interned:
        made = d.ids.of("report", made, f"{d.control}|OBR[{group.count('OBR again')}]")
        key = None
    d.interned["report", made] = True
    resource["id"] = made
    if key is None:
        resource["identifier"].append({"system": SID_RESOURCE, "value": made})
        d.add(resource)
    else:
        d.add(resource, key["system"], key["value"])
    placer = next((one for one in resource["identifier"] if one.get("type") == _PLACER), None)
    if placer is not None:
        number_alone = {name: one for name, one in placer.items() if name != "type"}
        resource["basedOn"] = [{"type": "ServiceRequest", "identifier": number_alone}]
    group.report = group.about = resource
    group.order = None
