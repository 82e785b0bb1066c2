"""The negative control: valid resources and copies of them with one planted fault each.

A validator that accepts everything must not pass for one that found nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"

VALID: dict[str, Json] = {
    "Patient": {
        "resourceType": "Patient",
        "meta": {"profile": [f"{_CORE}us-core-patient"]},
        "identifier": [{"system": "https://agency.example/person", "value": "P-1"}],
        "name": [{"given": ["A"]}],
        "gender": "unknown",
        "birthDate": "1980-03-13",
    },
    "Encounter": {
        "resourceType": "Encounter",
        "meta": {"profile": [f"{_CORE}us-core-encounter|6.1.0"]},
        "status": "finished",
        "class": {"system": f"{_TERMINOLOGY}/v3-ActCode", "code": "FLD"},
        "type": [{"text": "Welfare check"}],
        "subject": {"reference": "Patient/1"},
    },
    "ServiceRequest": {
        "resourceType": "ServiceRequest",
        "meta": {"profile": [f"{_CORE}us-core-servicerequest"]},
        "status": "active",
        "intent": "order",
        "code": {"text": "Crisis follow-up"},
        "orderDetail": [{"text": "Call first"}],
        "subject": {"reference": "Patient/1"},
    },
    "Consent": {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"system": f"{_TERMINOLOGY}/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": f"{_TERMINOLOGY}/v3-ActCode", "code": "IDSCL"}]}],
        "patient": {"reference": "Patient/1"},
        "policy": [{"uri": "https://www.ecfr.gov/current/title-42/part-2"}],
    },
}


def _without(key: str) -> Callable[[Json], None]:
    return lambda resource: resource.__delitem__(key)


def _with(**elements: Any) -> Callable[[Json], None]:
    return lambda resource: resource.update(elements)


#: What is planted: its name, in which resource, how, and whether the validator calls it an error or only a warning.
PLANTED: tuple[tuple[str, str, Callable[[Json], None], str], ...] = (
    ("a required element is missing", "Encounter", _without("status"), "error"),
    ("an element of R5's shape", "Encounter", _with(**{"class": [{"text": "field"}]}), "error"),
    ("an element that does not exist", "Patient", _with(nickname="A"), "error"),
    ("a date that does not exist", "Patient", _with(birthDate="1980-13-03"), "error"),
    ("a text where a boolean belongs", "Patient", _with(active="yes"), "error"),
    ("ppc-1: no policy at all", "Consent", _without("policy"), "error"),
    ("prr-1: order detail without a code", "ServiceRequest", _without("code"), "error"),
    ("US Core: no name", "Patient", _without("name"), "error"),
    ("US Core: a name of nothing", "Patient", _with(name=[{"use": "official"}]), "error"),
    ("US Core: no encounter type", "Encounter", _without("type"), "error"),
    ("US Core: no gender", "Patient", _without("gender"), "error"),
    (
        "a profile that nobody has",
        "Encounter",
        _with(meta={"profile": ["https://nobody.example/StructureDefinition/none"]}),
        "error",
    ),
    ("a reference to the wrong type", "Encounter", _with(subject={"reference": "Location/1"}), "warning"),
    ("two values of one choice", "Patient", _with(deceasedBoolean=True, deceasedDateTime="2024-01-01"), "warning"),
)


def controls() -> list[tuple[str, Json, str]]:
    """(name, resource, what must come of it): the valid ones give `nothing`, the others `error` or `warning`."""
    made = [(f"control: valid {kind}", resource, "nothing") for kind, resource in VALID.items()]
    for name, kind, plant, expected in PLANTED:
        resource = copy.deepcopy(VALID[kind])
        plant(resource)
        made.append((f"control: {name}", resource, expected))
    return made
