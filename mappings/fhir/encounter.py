"""Encounter: the team with one person; or the call alone, when there never was a person.

Class is FLD in the field, HH at home, VR by telephone or video (v3-ActCode). The stages of the call stand whole in
the `call-times` extension; `statusHistory` has those that FHIR has a status for. A period is never made of times
that are out of order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mappings.codes import FIELD_DISPOSITION, FIELD_DISPOSITIONS
from mappings.fhir.datatypes import address, extension, period
from mappings.fhir.draft import Draft, Json, clean, codes_in
from mappings.fhir.location import location_reference
from mappings.fhir.organization import organization_reference
from mappings.fhir.practitioner import staff_reference
from mappings.fhir.profile import claim
from mappings.fhir.systems import (
    ACT_CODE,
    DISCHARGE_DISPOSITION,
    EXTENSION,
    PARTICIPATION,
    SERVICE_TYPE,
    SID_RESOURCE,
    SNOMED,
)
from mappings.incident import Coded, Contact, Timeline, Transport, Unit

_CLASS = {
    "in-person": ("FLD", "field"),
    "home": ("HH", "home health"),
    "phone": ("VR", "virtual"),
    "video": ("VR", "virtual"),
}

#: Encounter.type in words: no published code means a contact in the field.
_TYPE = {
    "in-person": "Field contact",
    "home": "Contact at home",
    "phone": "Contact by telephone",
    "video": "Contact by video",
}
#: SNOMED CT's concept of an intervention in a crisis with follow-up.
_WITH_FOLLOW_UP = "5694008"

#: How a contact ended to http://terminology.hl7.org/CodeSystem/discharge-disposition. That list has no code for
#: jail, detox, a crisis unit or a hold: `oth`, beside our own code, which says it. What is not here has none.
DISCHARGE = {
    "resolved-on-scene": "home",
    "voluntary-transport-ed": "other-hcf",
    "emergency-hold": "other-hcf",
    "crisis-stabilization": "oth",
    "respite": "oth",
    "detox": "oth",
    "jail": "oth",
    "declined": "home",
    "transport-other": "oth",
    "deceased": "exp",
}

#: On a call type: as it came in (`initial`) or as it was closed (`final`).
_STAGE = EXTENSION + "call-type-stage"
_CALL_TIMES = EXTENSION + "call-times"

#: Nobody was met: the Encounter is cancelled, and has no subject.
NOBODY = frozenset({"unable-to-locate", "gone-on-arrival"})


@dataclass(kw_only=True, slots=True)
class Visit:
    """One Encounter with what hangs on it: whose record, which person, and what a referral can point to."""

    url: str
    origin: str | None
    patient: str | None
    slot: str | None
    contact: Contact | None
    key: str
    path: str
    observations: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    consents: list[str] = field(default_factory=list)


def outcome(disposition: Coded | None) -> str | None:
    """The code of our field-disposition list that a disposition is mapped to."""
    if disposition is None or not (disposition.mapped or disposition.system):
        return None
    return next(iter(codes_in(disposition, FIELD_DISPOSITION)), None)


def encounter(
    draft: Draft,
    *,
    contact: Contact | None,
    patient: str | None,
    slot: str | None,
    turn: int,
    path: str,
    informants: tuple[str, ...] = (),
) -> Visit:
    """Adds the Encounter of `contact` (None: the call alone) with the Patient at `patient`, if any."""
    incident = draft.incident
    origin = draft.owner if contact is None else contact.organization or incident.organization
    key = f"{draft.person_key(slot or '')}|{turn}" if contact is None or path not in draft.ids else draft.ids[path]
    made = draft.id_of("encounter", key, origin=origin)
    resource: Json = {"resourceType": "Encounter", "id": made}
    if patient is None:
        resource["meta"] = claim("incident-encounter")
    if extensions := _extensions(draft, contact, path):
        resource["extension"] = extensions
    resource["identifier"] = _identifiers(draft, made)
    timeline = incident.timeline
    ended = _ended(draft, contact)
    # FHIR R4 Encounter.status: what should not have been in the record.
    resource["status"] = "entered-in-error" if incident.standing == "withdrawn" else _status(timeline, contact, ended)
    if history := _history(draft, timeline, contact, ended in NOBODY):
        resource["statusHistory"] = history
    code, display = _CLASS["in-person" if contact is None else contact.mode]
    resource["class"] = {"system": ACT_CODE, "code": code, "display": display}
    resource["type"] = [{"text": "Call for service"} if contact is None else _type(contact, patient, ended)]
    if contact is not None:
        resource["serviceType"] = _service_type(contact)
    if incident.priority is not None and (priority := draft.concept(incident.priority, "priority", "priority")):
        resource["priority"] = priority
    if patient is not None:
        resource["subject"] = {"reference": patient}
    if (contact is not None or informants) and (
        participants := _participants(draft, contact, origin, path, informants)
    ):
        resource["participant"] = participants
    start = contact.start if contact is not None else None
    end = contact.end if contact is not None else None
    whole = period(
        draft,
        start or timeline.received or timeline.dispatched or timeline.on_scene or timeline.occurred,
        end or timeline.cleared or timeline.closed,
        "timeline.cleared" if end is None else f"{path}.end",
    )
    if whole is not None:
        resource["period"] = whole
    if reasons := _reasons(draft, contact, path):
        resource["reasonCode"] = reasons
    if contact is not None and (stay := _hospitalization(draft, contact.disposition, contact.transport, path)):
        resource["hospitalization"] = stay
    elif contact is None and incident.dispositions and ended is not None and ended in DISCHARGE:
        resource["hospitalization"] = {
            "dischargeDisposition": {"coding": [{"system": DISCHARGE_DISPOSITION, "code": DISCHARGE[ended]}]}
        }
    where = location_reference(draft, incident.place, draft.owner, "place")
    if contact is not None and contact.place is not None:
        where = location_reference(draft, contact.place, origin, f"{path}.place") or where
    if where is not None:
        resource["location"] = [{"location": where}]
    provider = draft.agency.id if contact is None else contact.organization
    if provider is not None:
        resource["serviceProvider"] = organization_reference(draft, provider)
    if patient is not None and (ended is None or ended in FIELD_DISPOSITIONS) and _meets_us_core(draft, resource):
        resource["meta"] = claim("field-contact-encounter")
    url = draft.add(resource, origin)
    return Visit(url=url, origin=origin, patient=patient, slot=slot, contact=contact, key=key, path=path)


def _meets_us_core(draft: Draft, resource: Json) -> bool:
    """Whether whom it refers to meets US Core too, and each identifier says whose it is: the rest it meets as built."""
    unclaimed = draft.unclaimed
    if unclaimed:
        targets = [joined["individual"] for joined in resource.get("participant", ())]
        targets.append(resource["subject"])
        if "serviceProvider" in resource:
            targets.append(resource["serviceProvider"])
        if any(target["reference"] in unclaimed for target in targets):
            return False
    # Our own, the CAD event and the case have theirs; others come as the source has them.
    return not draft.incident.numbers or all("system" in given for given in resource["identifier"])


def _identifiers(draft: Draft, made: str) -> list[Json]:
    """Our own first (several Encounters share a CAD event, so a receiver must not match on that), then theirs."""
    incident = draft.incident
    found: list[Json] = [{"system": SID_RESOURCE, "value": made}]
    if number := clean(incident.number):
        found.append({"system": draft.base + "/cad-event", "value": number})
    if case := clean(incident.case_number):
        found.append({"system": draft.base + "/case-number", "value": case})
    for other in incident.numbers:
        if given := draft.identifier(other):
            found.append(given)
    return found


def _ended(draft: Draft, contact: Contact | None) -> str | None:
    if contact is not None:
        code = outcome(contact.disposition)
    else:
        code = None
        for disposition in draft.incident.dispositions:
            code = code or outcome(disposition)
    if code is not None and code not in FIELD_DISPOSITIONS:
        draft.issue("translate.unknown-disposition", "dispositions" if contact is None else "contacts.disposition")
    return code


def _status(timeline: Timeline, contact: Contact | None, ended: str | None) -> str:
    if ended in NOBODY:
        return "cancelled"
    if timeline.cleared or timeline.closed or ended is not None or (contact is not None and contact.end):
        return "finished"
    if timeline.on_scene or (contact is not None and contact.start):
        return "in-progress"
    # What a report tells of, or a contact that somebody writes of, is no plan; whether it is over is not said.
    if contact is None and not timeline.occurred and (timeline.received or timeline.dispatched):
        return "planned"
    return "unknown"


def _history(draft: Draft, timeline: Timeline, contact: Contact | None, nobody: bool) -> list[Json]:
    """planned, arrived, in-progress, finished, each from when the source says to the next stage it names."""
    met = contact.start if contact is not None else None
    left = (contact.end if contact is not None else None) or timeline.cleared
    asked = timeline.received or timeline.dispatched
    there = timeline.on_scene
    found: list[Json] = []
    if asked:
        found.append({"status": "planned", "period": period(draft, asked, there or left, "timeline.on_scene")})
    if there and met:
        found.append({"status": "arrived", "period": period(draft, there, met, "timeline.on_scene")})
    if begun := met or there:
        status = "arrived" if nobody else "in-progress"
        found.append({"status": status, "period": period(draft, begun, left, "timeline.cleared")})
    if left:
        found.append({"status": "cancelled" if nobody else "finished", "period": {"start": left}})
    return found


def _type(contact: Contact, patient: str | None, ended: str | None) -> Json:
    """Words, and SNOMED's code where all of it is true: a clinician met the person, and somebody follows up."""
    text = _TYPE[contact.mode]
    followed = contact.follow_up or (contact.referrals and ended != "declined")
    if followed and patient is not None and contact.clinician is not None and ended not in NOBODY:
        return {"coding": [{"system": SNOMED, "code": _WITH_FOLLOW_UP}], "text": text}
    return {"text": text}


def _service_type(contact: Contact) -> Json:
    """135 is HL7's Mental Health Assess/Triage/Crisis Response: only where a clinician was there."""
    if contact.clinician is None:
        return {"text": "Crisis contact in the field"}
    return {
        "coding": [{"system": SERVICE_TYPE, "code": "135"}],
        "text": "Co-response: officer and clinician"
        if contact.officer is not None
        else "Crisis response by a clinician",
    }


def _participants(
    draft: Draft, contact: Contact | None, origin: str | None, path: str, informants: tuple[str, ...]
) -> list[Json]:
    found: list[Json] = []
    seen: set[str] = set()

    def join(role: str, who: Json | None) -> None:
        if who is not None and who["reference"] not in seen:
            seen.add(who["reference"])
            found.append({"type": [{"coding": [{"system": PARTICIPATION, "code": role}]}], "individual": who})

    if contact is not None:
        join("PPRF", staff_reference(draft, contact.clinician, origin, f"{path}.clinician"))
        join("SPRF", staff_reference(draft, contact.officer, origin, f"{path}.officer"))
    for url in informants:
        join("INF", {"reference": url})
    return found


def _reasons(draft: Draft, contact: Contact | None, path: str) -> list[Json]:
    """The call type as it came in and as it was closed, each marked as such, then the concerns of the contact."""
    incident = draft.incident
    found: list[Json] = []
    if (coded := incident.type_initial) is not None and (made := draft.concept(coded, "call-type", "type_initial")):
        found.append({"extension": [{"url": _STAGE, "valueCode": "initial"}], **made})
    if (coded := incident.type_final) is not None and (made := draft.concept(coded, "call-type", "type_final")):
        found.append({"extension": [{"url": _STAGE, "valueCode": "final"}], **made})
    if contact is not None and contact.concerns:
        found.extend(draft.concepts(contact.concerns, "concern", f"{path}.concerns"))
    return found


def _hospitalization(draft: Draft, disposition: Coded | None, transport: Transport | None, path: str) -> Json | None:
    made: Json = {}
    if transport is not None and transport.destination is not None:
        made["destination"] = organization_reference(draft, transport.destination)
    if disposition is not None:
        concept = draft.concept(disposition, "disposition", f"{path}.disposition")
        code = DISCHARGE.get(outcome(disposition) or "")
        if concept is not None and code is not None:
            concept["coding"].insert(0, {"system": DISCHARGE_DISPOSITION, "code": code})
        if concept is not None:
            made["dischargeDisposition"] = concept
    return made or None


# --- extensions: what a CAD says that R4 has no element for


def _extensions(draft: Draft, contact: Contact | None, path: str) -> list[Json]:
    incident = draft.incident
    found: list[Json] = []
    stages = _times(incident.timeline)
    if incident.timeline.occurred is not None:
        stages.append({"url": "occurred", "valueDateTime": incident.timeline.occurred})
    if stages:
        found.append({"url": _CALL_TIMES, "extension": stages})
    for n, unit in enumerate(incident.units):
        found.append({"url": EXTENSION + "unit-times", "extension": _unit(draft, unit, f"units[{n}]")})
    if incident.status is not None and (made := draft.concept(incident.status, "call-status", "status")):
        found.append(extension("call-status", "CodeableConcept", made))
    if incident.received_by is not None and (made := draft.concept(incident.received_by, "received-by", "received_by")):
        found.append(extension("call-received-by", "CodeableConcept", made))
    for n, disposition in enumerate(incident.dispositions):
        if made := draft.concept(disposition, "disposition", f"dispositions[{n}]"):
            found.append(extension("call-disposition", "CodeableConcept", made))
    for link in incident.links:
        if number := clean(link.number):
            found.append(
                {
                    "url": EXTENSION + "linked-incident",
                    "extension": [
                        {"url": "kind", "valueCode": link.kind},
                        {
                            "url": "number",
                            "valueIdentifier": {"system": draft.base + "/cad-event", "value": number},
                        },
                    ],
                }
            )
    if (
        contact is not None
        and contact.transport is not None
        and (parts := _transport(draft, contact.transport, f"{path}.transport"))
    ):
        found.append({"url": EXTENSION + "transport", "extension": parts})
    return found


def _times(timeline: Timeline) -> list[Json]:
    found = []
    # One by one, not in a loop over names: this runs for every row of every export.
    if timeline.received is not None:
        found.append({"url": "received", "valueDateTime": timeline.received})
    if timeline.dispatched is not None:
        found.append({"url": "dispatched", "valueDateTime": timeline.dispatched})
    if timeline.en_route is not None:
        found.append({"url": "enRoute", "valueDateTime": timeline.en_route})
    if timeline.on_scene is not None:
        found.append({"url": "onScene", "valueDateTime": timeline.on_scene})
    if timeline.transporting is not None:
        found.append({"url": "transporting", "valueDateTime": timeline.transporting})
    if timeline.cleared is not None:
        found.append({"url": "cleared", "valueDateTime": timeline.cleared})
    if timeline.closed is not None:
        found.append({"url": "closed", "valueDateTime": timeline.closed})
    return found


def _unit(draft: Draft, unit: Unit, path: str) -> list[Json]:
    """One unit: who it is, who rides in it, its own times. That it was there does not say that it met anyone."""
    found: list[Json] = [{"url": "unit", "valueString": clean(unit.id) or "unknown"}]
    if name := clean(unit.name):
        found.append({"url": "name", "valueString": name})
    found.append({"url": "kind", "valueCode": unit.kind})
    if unit.type is not None and (made := draft.concept(unit.type, "unit-type", f"{path}.type")):
        found.append({"url": "type", "valueCodeableConcept": made})
    if unit.status is not None and (made := draft.concept(unit.status, "unit-status", f"{path}.status")):
        found.append({"url": "status", "valueCodeableConcept": made})
    if unit.employer is not None:
        found.append({"url": "employer", "valueReference": organization_reference(draft, unit.employer)})
    for n, staff in enumerate(unit.crew):
        if who := staff_reference(draft, staff, draft.owner, f"{path}.crew[{n}]"):
            found.append({"url": "crew", "valueReference": who})
    if unit.timeline is not None:
        found.extend(_times(unit.timeline))
    if unit.destination is not None and (where := address(unit.destination, position=True)):
        found.append({"url": "destination", "valueAddress": where})
    return found


def _transport(draft: Draft, transport: Transport, path: str) -> list[Json]:
    found: list[Json] = []
    if transport.mode is not None and (made := draft.concept(transport.mode, "transport-mode", f"{path}.mode")):
        found.append({"url": "mode", "valueCodeableConcept": made})
    if text := clean(transport.destination_text):
        found.append({"url": "destination", "valueString": text})
    if unit := clean(transport.unit):
        found.append({"url": "unit", "valueString": unit})
    if transport.started is not None:
        found.append({"url": "started", "valueDateTime": transport.started})
    return found
