"""Condition: only what a clinician states as a diagnosis. Everybody else's word is an Observation."""

from __future__ import annotations

from mappings.fhir.draft import Draft, Json, ref
from mappings.fhir.encounter import Visit
from mappings.fhir.observation import observed_value
from mappings.fhir.practitioner import staff_reference
from mappings.fhir.profile import claim
from mappings.fhir.systems import CONDITION_CATEGORY, CONDITION_CLINICAL, SID_RESOURCE
from mappings.incident import Diagnosis


def condition(draft: Draft, visit: Visit, turn: int, diagnosis: Diagnosis) -> None:
    """Adds the Condition that `diagnosis` states, or the Observation that it amounts to."""
    path = f"{visit.path}.diagnoses[{turn}]"
    if diagnosis.by.role != "clinician" or visit.patient is None:
        rule = (
            "translate.diagnosis-not-by-clinician"
            if visit.patient is not None
            else "translate.diagnosis-without-person"
        )
        draft.issue(rule, path)
        observed_value(
            draft,
            visit,
            "reported-condition",
            turn,
            diagnosis.condition,
            f"{path}.condition",
            by=diagnosis.by,
            time=diagnosis.time,
        )
        return
    code = draft.concept(diagnosis.condition, "condition", f"{path}.condition")
    if code is None:
        return
    made = draft.id_of("condition", f"{visit.key}|{turn}", origin=visit.origin)
    resource: Json = {
        "resourceType": "Condition",
        "id": made,
        "meta": claim("field-condition"),
        "identifier": [{"system": SID_RESOURCE, "value": made}],
        "clinicalStatus": {"coding": [{"system": CONDITION_CLINICAL, "code": "active"}]},
        "category": [{"coding": [{"system": CONDITION_CATEGORY, "code": "encounter-diagnosis"}]}],
        "code": code,
        "subject": ref(visit.patient),
        "encounter": ref(visit.url),
    }
    if diagnosis.onset is not None:
        resource["onsetDateTime"] = diagnosis.onset
    if diagnosis.time is not None:
        resource["recordedDate"] = diagnosis.time
    if who := staff_reference(draft, diagnosis.by, visit.origin, f"{path}.by"):
        resource["asserter"] = who
    draft.add(resource, visit.origin)
