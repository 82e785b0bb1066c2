"""MSH, EVN and MSA: whose record a message is, what happened, and what an acknowledgement answers."""

from __future__ import annotations

from typing import Final

from mappings.fhir.systems import DATA_ABSENT, PROVENANCE_ACTIVITY, PROVENANCE_AGENT
from mappings.hl7v2.feed.coded import V2_TABLE, cwe_concept
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.identifiers import assigner
from mappings.hl7v2.feed.parties import organization, xcn_practitioner
from mappings.hl7v2.feed.row import Row
from mappings.hl7v2.segment import NULL

#: Table 0003, the trigger events.
_EVENTS: Final = V2_TABLE + "0003"
_MERGES: Final = frozenset(["A18", "A30", "A34", "A35", "A36", "A39", "A40", "A41", "A46", "A47"])


def provenance(d: Draft, *, update: bool) -> None:
    """The message's Provenance (MSH[MessageHeader], MSH[Provenance-Source], EVN[Provenance]): whose record it is, what
    event, which number it has there. Of a merge the activity is that."""
    if not d.entries:
        return
    msh = d.rows[0]
    evn = d.row("EVN")
    targets: list[Json] = [{"reference": entry["fullUrl"]} for entry in d.entries]
    facility_field, application_field = msh.raw(4), msh.raw(3)
    system, name = assigner(facility_field.replace(d.c, d.s), d, "MSH-4") if facility_field else (None, None)
    application = assigner(application_field.replace(d.c, d.s), d, "MSH-3") if application_field else (None, None)
    if name is not None:
        who: Json = {"reference": organization(d, name, None, None)}
        if system is not None and not system.startswith(d.base):
            facility = d.resource(who["reference"])
            number = {"system": "urn:ietf:rfc:3986", "value": system}
            if number not in facility["identifier"]:
                facility["identifier"].append(number)
    elif system is not None:
        who = {"identifier": {"system": "urn:ietf:rfc:3986", "value": system}}
    else:
        who = {"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]}
    event = d.event.partition("^")[2]
    activity: list[Json] = [{"system": PROVENANCE_ACTIVITY, "code": "UPDATE" if update else "CREATE"}]
    if event:
        activity.append({"system": _EVENTS, "code": event})
    resource: Json = {
        "resourceType": "Provenance",
        "id": d.ids.of("provenance", d.custody, f"{d.control}|{d.event}"),
        "target": targets,
        "recorded": d.now,
        "activity": {"coding": activity, "text": "merge"} if event in _MERGES else {"coding": activity},
        "agent": [{"type": {"coding": [{"system": PROVENANCE_AGENT, "code": "author"}]}, "who": who}],
    }
    sent = {"system": application[0] or f"{d.base}/message", "value": d.control} if d.control else None
    what: Json = {"identifier": sent} if sent else {}
    what["display"] = f"HL7 v2 {d.event}" + (f" from {application[1]}" if application[1] else "")
    resource["entity"] = [{"role": "source", "what": what}]
    if evn is not None:
        _event(evn, resource, d)
    elif found := d.time(msh.peek(7), "MSH-7"):
        resource["occurredDateTime"] = found
    d.put(resource)


def _event(evn: Row, resource: Json, d: Draft) -> None:
    """EVN[Provenance]: when, why, by whom."""
    if d.first(evn.peek(1)) == d.event.partition("^")[2]:
        d.take(evn, 1)  # says again what MSH-9 says
    for number in (6, 2):
        if evn.peek(number) not in ("", NULL) and (when := d.time(evn.peek(number), f"EVN-{number}")):
            d.take(evn, number)
            if "occurredDateTime" not in resource:
                resource["occurredDateTime"] = when
            elif number == 2 and len(when) > 10:
                resource["recorded"] = when
    if evn.peek(4) not in ("", NULL):
        reason = cwe_concept(evn.peek(4).split(d.r)[0], d, "EVN-4")
        if reason is not None:
            d.take(evn, 4, 99)
            resource["reason"] = [reason]
    if evn.peek(5) not in ("", NULL):
        for part in evn.peek(5).split(d.r):
            before = len(d.entries)
            who = xcn_practitioner(part, d, "EVN-5")
            if who is not None:
                evn.raw(5)
                resource["agent"].append(
                    {"type": {"coding": [{"system": PROVENANCE_AGENT, "code": "enterer"}]}, "who": who}
                )
                resource["target"] += [{"reference": entry["fullUrl"]} for entry in d.entries[before:]]


def acknowledged(d: Draft) -> None:
    """An ACK as what it is: a MessageHeader with the response it gives (MSA[MessageHeader])."""
    msh = d.rows[0]
    msa = d.row("MSA")
    if msa is None:
        return
    code = d.first(msa.peek(1)) or ""
    if code not in ("AA", "AE", "AR", "CA", "CE", "CR"):
        return
    for number in (1, 2):
        if msa.peek(number):
            d.take(msa, number)
    response: Json = {
        "identifier": d.first(msa.peek(2)) or "unknown",
        "code": {"A": "ok", "E": "transient-error", "R": "fatal-error"}[code[1]],
    }
    system, name = assigner(msh.peek(3).replace(d.c, d.s), d, "MSH-3") if msh.peek(3) else (None, None)
    event = d.event.partition("^")[2]
    resource: Json = {
        "resourceType": "MessageHeader",
        "id": d.ids.of("message-header", d.custody, d.control),
        "eventCoding": {"system": _EVENTS, "code": event or "ACK"},
        "source": {"endpoint": system or "urn:unknown"},
        "response": response,
    }
    if name:
        resource["source"]["name"] = name
    d.put(resource)
