"""The invariants of profiles that `profiles.profile_check` holds: US Core's, Gravity's and our own (`wh-`).

Keys and places are those of the definitions (`constraint.key`, `ElementDefinition.path`); a test compares them with the
generated table, so that each is either here or in `NOT_HELD` with its reason. One that asks what a reference points to
is told by the reference itself or the Bundle, and holds where neither tells.

Functions are called on elements whose shape may be wrong; there they may raise TypeError, ValueError, AttributeError,
KeyError or IndexError, which `profiles.profile_check` takes as nothing to evaluate.
"""

# ruff: noqa: E501 - the tables keep one invariant a row

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from profiles import CANONICAL
from profiles.invariants import has, has_choice
from profiles.issue import Severity
from profiles.references import Context, points_to
from profiles.rules import Rule

Json = dict[str, Any]

_UCUM = "http://unitsofmeasure.org"
_SNOMED = "http://snomed.info/sct"
_LOINC = "http://loinc.org"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
_US_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"
_US_CONDITION = "http://hl7.org/fhir/us/core/CodeSystem/condition-category"
_IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_ALTERNATE = "http://hl7.org/fhir/StructureDefinition/alternate-reference"
_OWN = f"{CANONICAL}/StructureDefinition/"
_ASSERTER = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-ExtensionConditionAsserter"

_REPORTED = ("partial", "preliminary", "final", "amended", "corrected", "appended")
_ORDERS = ("order", "original-order", "reflex-order", "filler-order", "instance-order")


class ProfileInvariant(NamedTuple):
    """The rule that is broken when `holds` is false of an element, given what references may resolve to."""

    rule: Rule
    holds: Callable[[Any, Context], bool]


def _coded(concepts: Any, system: str, *codes: str) -> bool:
    """Whether one of these CodeableConcepts (or the one) has one of these codes."""
    listed = concepts if isinstance(concepts, list) else [] if concepts is None else [concepts]
    return any(c.get("system") == system and c.get("code") in codes for one in listed for c in one.get("coding", ()))


def _extended(element: Json, url: str) -> bool:
    return any(e.get("url") == url for e in element.get("extension", ()))


def _valued_or_absent(element: Json) -> bool:
    return has_choice(element, "value") or has(element, "dataAbsentReason")


def _panel_valued_or_absent(observation: Json) -> bool:
    return "component" in observation or "hasMember" in observation or _valued_or_absent(observation)


def _to_the_day(value: Any) -> bool:
    return not isinstance(value, str) or len(value) >= 10


def _in_ucum(quantity: Any) -> bool:
    return not isinstance(quantity, dict) or "value" not in quantity or quantity.get("system", _UCUM) == _UCUM


def _snomed_among(value: Any) -> bool:
    systems = [c["system"] for c in value.get("coding", ()) if "system" in c] if isinstance(value, dict) else []
    return not systems or _SNOMED in systems


def _matches(pattern: str) -> Callable[[Json], bool]:
    form = re.compile(pattern, re.ASCII)
    return lambda identifier: "value" not in identifier or form.fullmatch(identifier["value"]) is not None


def _luhn(identifier: Json) -> bool:
    """The check digit of an NPI, with the prefix 80840 (its 24)."""
    value = identifier.get("value")
    if value is None or not (value.isascii() and value.isdigit() and len(value) == 10):
        return value is None
    digits = [int(d) for d in value]
    doubled = sum(d * 2 if d < 5 else d * 2 - 9 for d in digits[:9:2])
    return (doubled + sum(digits[1::2]) + 24) % 10 == 0


def _on_behalf(agent: Json, context: Context) -> bool:
    literal = agent.get("who", {}).get("reference")
    kind = points_to(literal, context)[0] if literal else None
    return kind not in ("Practitioner", "Device") or "onBehalfOf" in agent


def _items_once(answered: Json) -> bool:
    """sdcqr-2: beneath each item or answer, an item that is answered stands once."""
    return all(len(set(group)) == len(group) for group in _answered_groups(answered))


def _answered_groups(parent: Json) -> Iterator[list[str]]:
    items = parent.get("item", ())
    yield [i["linkId"] for i in items if any(has_choice(a, "value") for a in i.get("answer", ()))]
    for item in items:
        yield from _answered_groups(item)
        for answer in item.get("answer", ()):
            yield from _answered_groups(answer)


def _component(observation: Json, code: str) -> bool:
    return any(_coded(c.get("code"), _LOINC, code) for c in observation.get("component", ()))


def _said(consent: Json) -> list[Json]:
    """The parts of our extension with the elements of 42 CFR 2.31."""
    elements = [e for e in consent.get("extension", ()) if e.get("url") == f"{_OWN}part2-consent-elements"]
    return [part for element in elements for part in element.get("extension", ())]


def _says(consent: Json, *names: str) -> bool:
    return any(part.get("url") in names for part in _said(consent))


def _states(consent: Json, name: str) -> bool:
    return any(part.get("url") == name and part.get("valueBoolean") is True for part in _said(consent))


def _of_stage(encounter: Json, stage: str) -> int:
    """How many call types of an incident are of this stage."""
    return sum(
        e.get("url") == f"{_OWN}call-type-stage" and e.get("valueCode") == stage
        for reason in encounter.get("reasonCode", ())
        for e in reason.get("extension", ())
    )


_Row = tuple[str, str, str, Callable[[Any], bool]]

_US_CORE: tuple[_Row, ...] = (
    ("Coverage", "us-core-15", "Coverage has a member id or a subscriber id", lambda r: has(r, "subscriberId") or any(_coded(i.get("type"), _IDENTIFIER_TYPE, "MB") for i in r.get("identifier", ()))),
    ("DiagnosticReport", "us-core-8", "A report that was made says what time it is about", lambda r: r["status"] not in _REPORTED or has_choice(r, "effective")),
    ("DiagnosticReport", "us-core-9", "A report that was made says when it was issued", lambda r: r["status"] not in _REPORTED or has(r, "issued")),
    ("DiagnosticReport", "us-core-10", "A report that was made says what time it is about", lambda r: r["status"] not in _REPORTED or has_choice(r, "effective")),
    ("DocumentReference.content.attachment", "us-core-6", "An attachment has a url or data", lambda a: has(a, "url") or has(a, "data")),
    ("MedicationDispense", "us-core-20", "A completed dispense says when it was handed over", lambda r: r["status"] != "completed" or has(r, "whenHandedOver")),
    ("MedicationRequest", "us-core-21", "An order has its requester", lambda r: r["intent"] not in _ORDERS or "requester" in r),
    ("Observation", "us-core-2", "An observation without components or members has a value or says why not", _panel_valued_or_absent),
    ("Observation", "us-core-3", "A quantity is in UCUM", lambda r: _in_ucum(r.get("valueQuantity"))),
    ("Observation", "us-core-24", "A smoking status has a code", lambda r: not _coded(r["code"], _LOINC, "72166-2", "11367-0") or "valueCodeableConcept" in r),
    ("Observation", "vs-2", "A vital sign without components or members has a value or says why not", _panel_valued_or_absent),
    ("Observation.component", "us-core-26", "A component has a value or says why not", _valued_or_absent),
    ("Observation.component", "vs-3", "A component has a value or says why not", _valued_or_absent),
    ("Observation.effective[x]", "us-core-1", "The time is given to the day", _to_the_day),
    ("Observation.effective[x]", "vs-1", "The time is given to the day", _to_the_day),
    ("Observation.referenceRange", "us-core-22", "A reference range is in UCUM", lambda r: _in_ucum(r.get("low")) and _in_ucum(r.get("high"))),
    ("Observation.value[x]", "us-core-3", "A quantity is in UCUM", _in_ucum),
    ("Organization.identifier", "us-core-16", "An NPI has 10 digits", _matches("[0-9]{10}")),
    ("Organization.identifier", "us-core-17", "An NPI has its check digit", _luhn),
    ("Organization.identifier", "us-core-18", "A CLIA number is 2 digits, D and 7 digits", _matches("[0-9]{2}D[0-9]{7}")),
    ("Organization.identifier", "us-core-19", "A NAIC number has 5 digits", _matches("[0-9]{5}")),
    ("Patient.name", "us-core-6", "A name has a family or given name, or says why there is none", lambda n: (has(n, "family") or has(n, "given")) != _extended(n, _ABSENT)),
    ("Practitioner.identifier", "us-core-16", "An NPI has 10 digits", _matches("[0-9]{10}")),
    ("Practitioner.identifier", "us-core-17", "An NPI has its check digit", _luhn),
    ("PractitionerRole", "pd-1", "A role has telecom or an endpoint", lambda r: "telecom" in r or "endpoint" in r),
    ("PractitionerRole", "us-core-13", "A role has a practitioner, organization, healthcare service or location", lambda r: any(n in r for n in ("practitioner", "organization", "healthcareService", "location"))),
    ("Procedure", "us-core-7", "A procedure under way or done says when", lambda r: r["status"] not in ("completed", "in-progress") or has_choice(r, "performed")),
    ("QuestionnaireResponse", "sdcqr-2", "An answered item stands once in its group", _items_once),
    ("RelatedPerson", "us-core-14", "A related person has a name or a relationship", lambda r: "name" in r or "relationship" in r),
)  # fmt: skip

_GRAVITY: tuple[_Row, ...] = (
    ("Condition", "SDOH-Con-1", "A condition has one asserter", lambda r: _extended(r, _ASSERTER) + has(r, "asserter") <= 1),
    ("Condition", "SDOH-Con-2", "A condition is an encounter diagnosis, a problem or a health concern", lambda r: _coded(r.get("category"), _CATEGORY, "encounter-diagnosis", "problem-list-item") or _coded(r.get("category"), _US_CONDITION, "health-concern")),
    ("Condition", "SDOH-Con-3", "A condition has the category sdoh", lambda r: _coded(r.get("category"), _US_CATEGORY, "sdoh")),
    ("Observation", "SDOH-Ethnicity-1", "An ethnicity has its component or says why not", lambda r: has(r, "dataAbsentReason") != _component(r, "69490-1")),
    ("Observation", "SDOH-Obs-2", "An observation with a focus has a subject", lambda r: "focus" not in r or "subject" in r),
    ("Observation", "SDOH-Obs-3", "An observation has a performer or what it is derived from", lambda r: "performer" in r or "derivedFrom" in r),
    ("Observation", "SDOH-Obs-4", "An observation has the category sdoh", lambda r: _coded(r.get("category"), _US_CATEGORY, "sdoh")),
    ("Observation", "SDOH-Race-1", "A race has its component or says why not", lambda r: has(r, "dataAbsentReason") != _component(r, "72826-1")),
    ("Observation.subject", "SDOH-Obs-1", "A subject is a reference or an alternate reference, not both", lambda s: has(s, "reference") != _extended(s, _ALTERNATE)),
)  # fmt: skip

_OURS: tuple[_Row, ...] = (
    ("Consent", "wh-consent-discloser", "A consent says who may disclose", lambda r: "organization" in r or _says(r, "discloserName", "discloserClass")),
    ("Consent", "wh-consent-recipient", "A consent says who may receive", lambda r: "actor" in r.get("provision", {}) or _says(r, "recipientName", "recipientClass", "intermediary")),
    ("Consent", "wh-consent-description", "A consent says what may be disclosed", lambda r: "securityLabel" in r.get("provision", {}) or _says(r, "description")),
    ("Consent", "wh-consent-expiry", "A consent ends", lambda r: has(r.get("provision", {}).get("period", {}), "end") or _says(r, "expiryEvent")),
    ("Consent", "wh-consent-revocation", "A consent states the right to revoke and how", lambda r: _states(r, "revocationStatement")),
    ("Consent", "wh-consent-tpo", "A single consent for treatment, payment and operations makes its statements", lambda r: not _states(r, "tpo") or all(_states(r, s) for s in ("hipaaRedisclosureStatement", "redisclosureStatement", "refusalStatement"))),
    ("Consent", "wh-consent-authorization", "An authorization states the risk of redisclosure and the consequence of refusal", lambda r: _states(r, "redisclosureStatement") and _states(r, "refusalStatement")),
    ("Encounter", "wh-call-type-once", "A call has one initial and one final type", lambda r: all(_of_stage(r, stage) <= 1 for stage in ("initial", "final"))),
    ("Flag", "wh-caution-no-words", "A caution is a code and has no words of its own", lambda r: r["code"].get("text", "Safety caution") == "Safety caution"),
    ("Observation", "wh-observation-says-something", "An observation has a value or says why not", _valued_or_absent),
    ("Patient", "wh-approximate-age", "An age is approximate only where there is one", lambda r: not _extended(r, f"{_OWN}reported-age-approximate") or _extended(r, f"{_OWN}reported-age")),
    ("Task", "wh-delivered", "A referral that was only created or delivered is requested", lambda r: not _coded(r.get("businessStatus"), f"{CANONICAL}/CodeSystem/task-business-status", "created", "delivered") or r["status"] == "requested"),
)  # fmt: skip

_WARNINGS: tuple[_Row, ...] = (
    ("Observation", "us-core-25", "Smoking in pack years is a quantity", lambda r: not _coded(r["code"], _LOINC, "401201003", "782516008") or "valueQuantity" in r),
    ("Observation.value[x]", "us-core-4", "A coded result has a SNOMED CT code", _snomed_among),
    ("QuestionnaireResponse", "sdcqr-1", "A response has a subject", lambda r: "subject" in r),
)  # fmt: skip

_IN_CONTEXT: tuple[tuple[str, str, str, Callable[[Any, Context], bool]], ...] = (
    ("Provenance.agent", "provenance-1", "A practitioner or device acts on behalf of somebody", _on_behalf),
)


def _rule(key: str, text: str, severity: Severity = "error") -> Rule:
    return Rule(f"check.invariant.{key}", "invariant", text, severity)


def _alone(holds: Callable[[Any], bool]) -> Callable[[Any, Context], bool]:
    return lambda value, _context: holds(value)


#: The invariants by place and key.
INVARIANTS: dict[tuple[str, str], ProfileInvariant] = (
    {(place, key): ProfileInvariant(_rule(key, text), _alone(holds)) for place, key, text, holds in _US_CORE + _GRAVITY + _OURS}
    | {(place, key): ProfileInvariant(_rule(key, text, "warning"), _alone(holds)) for place, key, text, holds in _WARNINGS}
    | {(place, key): ProfileInvariant(_rule(key, text), holds) for place, key, text, holds in _IN_CONTEXT}
)  # fmt: skip

#: Invariants of known profiles that are not held, by key or prefix, and why.
NOT_HELD = {
    "us-core-5": "6.1.0 and 7.0.0 say different things of vaccine codes; a warning, of a type we neither send nor take",
    "SDOH-Task-": "of Gravity's task for a patient's own form, which we neither send nor take",
}


def profile_invariant(place: str, key: str) -> ProfileInvariant | None:
    """The invariant with this key at this place, or None if it is not held (`NOT_HELD`)."""
    return INVARIANTS.get((place, key))
