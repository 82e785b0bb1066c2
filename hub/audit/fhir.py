"""An audited event as a FHIR AuditEvent (R4), shaped as IHE BALP's profiles are.

References are the keyed ids of the hub's own custody: for export inside it, not for anybody else.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from hub.records import Event
from hub.release.purpose import ACT_REASON, LOCAL, PURPOSE
from mappings.fhir.profile import claim

_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_REST = "http://hl7.org/fhir/restful-interaction"
_AUDIT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_SOURCE = "http://terminology.hl7.org/CodeSystem/security-source-type"
_KIND = "https://warmhandoff.org/fhir/CodeSystem/audit-kind"
_ACCOUNT = "https://warmhandoff.org/fhir/NamingSystem/account"

#: FHIR restful-interaction of each action; E (execute) is not a REST interaction.
_INTERACTION = {"C": "create", "R": "read", "U": "update", "D": "delete"}


def to_fhir(event: Event) -> dict[str, Any]:
    """The AuditEvent of one event.

    IHE BALP 1.1: BasicAudit (type `rest` with a restful-interaction subtype), and the patient as an entity of role 1
    where there is one (PatientCreate, PatientRead, and so on). Claims our profile of it, not IHE's.
    """
    subtype = [{"system": _KIND, "code": event.kind}]
    if event.action in _INTERACTION:
        subtype.insert(0, {"system": _REST, "code": _INTERACTION[event.action]})
        kind = {"system": _AUDIT_TYPE, "code": "rest", "display": "RESTful Operation"}
    else:
        kind = {"system": _DCM, "code": "110100", "display": "Application Activity"}
    agent: dict[str, Any] = {
        "type": {"coding": [{"system": _PARTICIPATION, "code": "AUT"}]},
        "who": {"identifier": {"system": _ACCOUNT, "value": event.who}},
        "requestor": True,
    }
    disclosed = event.kind == "disclosure" and event.action == "E" and None not in (event.purpose, event.patient_id)
    resource: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "meta": claim("disclosure-audit-event" if disclosed else "hub-audit-event"),
        "type": kind,
        "subtype": subtype,
        "action": event.action,
        "recorded": event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "outcome": event.outcome,
        "agent": [agent],
        "source": {
            "observer": {"identifier": {"system": _ACCOUNT, "value": event.source}},
            "type": [{"system": _SOURCE, "code": "4", "display": "Application Server"}],
        },
        "entity": _entities(event),
    }
    if event.purpose is not None:
        # HL7 has no code for what law enforcement asks for: those are ours.
        system = PURPOSE if event.purpose in LOCAL else ACT_REASON
        resource["purposeOfEvent"] = [{"coding": [{"system": system, "code": event.purpose}]}]
    return resource


def _entities(event: Event) -> list[dict[str, Any]]:
    entity: dict[str, Any] = {
        "what": {"reference": f"{event.entity_type}/{event.entity_id}"}
        if event.entity_type[:1].isupper()
        # a row of the hub's own, which is no FHIR resource
        else {"identifier": {"system": f"{_KIND}/{event.entity_type}", "value": event.entity_id}},
        "type": {"system": _ENTITY, "code": "2", "display": "System Object"},
        "role": {"system": _ROLE, "code": "4", "display": "Domain Resource"},
    }
    if event.detail:
        entity["detail"] = [{"type": "rule", "valueString": code} for code in event.detail]
    found = [entity]
    if event.patient_id is not None:
        found.append(
            {
                "what": {"reference": f"Patient/{event.patient_id}"},
                "type": {"system": _ENTITY, "code": "1", "display": "Person"},
                "role": {"system": _ROLE, "code": "1", "display": "Patient"},
            }
        )
    return found
