"""The invariants of FHIR R4 that `profiles.check` holds, each as a function of the element it stands on.

Keys and places are those of the R4 definitions (`constraint.key`); a test compares them with the generated tables,
so that every invariant of error severity is either here or in `NOT_HELD` with its reason. What an invariant cannot
decide (dates of different precision) holds: HL7's engine and ours agree on what is certain.

Functions are called on elements whose shape was checked; on one of the wrong shape they may raise TypeError,
ValueError, AttributeError, KeyError or IndexError, which `profiles.check` takes as nothing to evaluate.
"""

# ruff: noqa: E501 - the tables keep one invariant a row

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from profiles.dates import after
from profiles.issue import Severity
from profiles.rules import Rule

Json = dict[str, Any]

_UCUM = "http://unitsofmeasure.org"
_CONDITION = "http://terminology.hl7.org/CodeSystem/condition-"
_ALLERGY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"


class Invariant(NamedTuple):
    """The rule that is broken when `holds` is false of an element."""

    rule: Rule
    holds: Callable[[Any], bool]


def has(element: Json, name: str) -> bool:
    """Whether the element is there, as a value or only with an extension."""
    return name in element or f"_{name}" in element


def has_choice(element: Json, name: str) -> bool:
    """Whether any type of a choice element is there."""
    long = len(name)
    return any(key[:long] == name and key[long : long + 1].isupper() for key in (k.lstrip("_") for k in element))


def _count(element: Json, name: str) -> int:
    value = element.get(name)
    return len(value) if isinstance(value, list) else int(has(element, name))


def _coded(concept: Any, system: str, *codes: str) -> bool:
    return concept is not None and any(
        c.get("system") == system and c.get("code") in codes for c in concept.get("coding", ())
    )


def _distinct(values: Iterable[Any]) -> bool:
    seen = list(values)
    return len(set(seen)) == len(seen)


def _not_after(first: str | None, second: str | None) -> bool:
    return first is None or second is None or not after(first, second)


def _number(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def strings(value: Any) -> Iterator[str]:
    """Every string value below, without the names of properties."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def _contained_used(resource: Json) -> bool:
    """dom-3. Takes any string equal to `#id` as the use, so also an Annotation or an extension counts."""
    contained = resource.get("contained")
    if not contained:
        return True
    used = set(strings(resource))
    return all(f"#{c.get('id')}" in used or "#" in strings(c) for c in contained)


def _unit_known(quantity: Json) -> bool:
    return (has(quantity, "code") or not has(quantity, "value")) and quantity.get("system", _UCUM) == _UCUM


def _ratio(ratio: Json) -> bool:
    both = has(ratio, "numerator") == has(ratio, "denominator")
    return both and (has(ratio, "numerator") or "extension" in ratio)


def _range(value: Json) -> bool:
    low, high = value.get("low", {}), value.get("high", {})
    if "value" not in low or "value" not in high or low.get("code") != high.get("code"):
        return True
    return _number(low["value"]) <= _number(high["value"])


def _extension(extension: Json) -> bool:
    return ("extension" in extension) != has_choice(extension, "value")


def _panel(observation: Json) -> bool:
    if not has_choice(observation, "value"):
        return True
    own = [(c.get("system"), c.get("code")) for c in observation["code"].get("coding", ())]
    return not any(
        (c.get("system"), c.get("code")) in own
        for component in observation.get("component", ())
        for c in component["code"].get("coding", ())
    )


def _link_ids(item: Json) -> Iterator[str]:
    for below in item.get("item", ()):
        yield below["linkId"]
        yield from _link_ids(below)


def _concept_codes(part: Json) -> Iterator[str]:
    for concept in part.get("concept", ()):
        yield concept["code"]
        yield from _concept_codes(concept)


def _bundle(*types: str) -> Callable[[Json], bool]:
    return lambda bundle: bundle.get("type") in types


def _entries(bundle: Json) -> list[Json]:
    entries: list[Json] = bundle.get("entry", [])
    return entries


_answers_requests = _bundle("batch-response", "transaction-response", "history")
_asks = _bundle("batch", "transaction", "history")


def _first_entry(bundle: Json, kind: str) -> bool:
    entries = _entries(bundle)
    return bool(entries) and entries[0].get("resource", {}).get("resourceType") == kind


def _full_urls(bundle: Json) -> bool:
    return bundle.get("type") == "history" or _distinct(
        (e["fullUrl"], e.get("resource", {}).get("meta", {}).get("versionId"))
        for e in _entries(bundle)
        if "fullUrl" in e
    )


def _problem_has_status(condition: Json) -> bool:
    """con-3 as it is meant. As R4 writes it, it compares a CodeableConcept to a string and hits every category."""
    return (
        "clinicalStatus" in condition
        or _coded(condition.get("verificationStatus"), _CONDITION + "ver-status", "entered-in-error")
        or not any(_coded(c, _CONDITION + "category", "problem-list-item") for c in condition.get("category", ()))
    )


def _percent(probability: Any) -> bool:
    return not isinstance(probability, dict) or all(
        q.get("code") == "%" and q.get("system") == _UCUM
        for q in (probability.get("low"), probability.get("high"))
        if q
    )


def _parameter(parameter: Json) -> bool:
    value, resource, part = has_choice(parameter, "value"), "resource" in parameter, "part" in parameter
    return value + resource + part == 1


_STATED = {  # que-5, que-10
    "options": {"choice", "open-choice", "decimal", "integer", "date", "dateTime", "time", "string", "quantity"},
    "length": {"boolean", "decimal", "integer", "string", "text", "url", "open-choice"},
}

_Row = tuple[str, str, str, Callable[[Any], bool]]

_DATATYPES: tuple[_Row, ...] = (
    ("*", "ext-1", "An extension has either a value or extensions, not both", _extension),
    ("*", "qty-3", "A quantity with a code has the system of the code", lambda q: not has(q, "code") or has(q, "system")),
    ("Attachment", "att-1", "An attachment with data has its contentType", lambda a: not has(a, "data") or has(a, "contentType")),
    ("Age", "age-1", "An age is positive, with a UCUM code", lambda q: _unit_known(q) and ("value" not in q or q["value"] > 0)),
    ("Count", "cnt-3", "A count is a whole number with the UCUM code 1", lambda q: _unit_known(q) and q.get("code", "1") == "1" and "." not in str(q.get("value", 0))),
    ("Distance", "dis-1", "A distance has a UCUM code", _unit_known),
    ("Duration", "drt-1", "A duration with a code has a value and is in UCUM", lambda q: not has(q, "code") or (q.get("system") == _UCUM and has(q, "value"))),
    ("ContactPoint", "cpt-2", "A contact point with a value has its system", lambda c: not has(c, "value") or has(c, "system")),
    ("Period", "per-1", "A period does not end before it starts", lambda p: _not_after(p.get("start"), p.get("end"))),
    ("Range", "rng-2", "The low end of a range is not above the high end", _range),
    ("Ratio", "rat-1", "A ratio has numerator and denominator, or neither and an extension", _ratio),
    ("Expression", "exp-1", "An expression has its text or a reference", lambda e: has(e, "expression") or has(e, "reference")),
    ("DataRequirement.codeFilter", "drq-1", "A filter has a path or a searchParam, not both", lambda f: has(f, "path") != has(f, "searchParam")),
    ("DataRequirement.dateFilter", "drq-2", "A filter has a path or a searchParam, not both", lambda f: has(f, "path") != has(f, "searchParam")),
    ("TriggerDefinition", "trd-1", "A trigger has data or timing, not both", lambda t: not ("data" in t and has_choice(t, "timing"))),
    ("TriggerDefinition", "trd-2", "A trigger with a condition has data", lambda t: "condition" not in t or "data" in t),
    ("TriggerDefinition", "trd-3", "A trigger has what its type needs", lambda t: (t.get("type") != "named-event" or has(t, "name")) and (t.get("type") != "periodic" or has_choice(t, "timing")) and (not t.get("type", "").startswith("data-") or "data" in t)),
    ("Timing.repeat", "tim-1", "A duration has its unit", lambda r: not has(r, "duration") or has(r, "durationUnit")),
    ("Timing.repeat", "tim-2", "A period has its unit", lambda r: not has(r, "period") or has(r, "periodUnit")),
    ("Timing.repeat", "tim-4", "A duration is not negative", lambda r: r.get("duration", 0) >= 0),
    ("Timing.repeat", "tim-5", "A period is not negative", lambda r: r.get("period", 0) >= 0),
    ("Timing.repeat", "tim-6", "periodMax stands with period", lambda r: not has(r, "periodMax") or has(r, "period")),
    ("Timing.repeat", "tim-7", "durationMax stands with duration", lambda r: not has(r, "durationMax") or has(r, "duration")),
    ("Timing.repeat", "tim-8", "countMax stands with count", lambda r: not has(r, "countMax") or has(r, "count")),
    ("Timing.repeat", "tim-9", "offset stands with when, and not with a meal as such", lambda r: not has(r, "offset") or ("when" in r and not {"C", "CM", "CD", "CV"} & set(r["when"]))),
    ("Timing.repeat", "tim-10", "timeOfDay and when exclude each other", lambda r: not (has(r, "timeOfDay") and has(r, "when"))),
)  # fmt: skip

_EVERY_RESOURCE: tuple[_Row, ...] = (
    ("*", "dom-2", "A contained resource does not contain resources", lambda r: not any("contained" in c for c in r.get("contained", ()))),
    ("*", "dom-3", "A contained resource is referred to from the resource, or refers to it", _contained_used),
    ("*", "dom-4", "A contained resource has no versionId and no lastUpdated", lambda r: not any(has(c.get("meta", {}), n) for c in r.get("contained", ()) for n in ("versionId", "lastUpdated"))),
    ("*", "dom-5", "A contained resource has no security label", lambda r: not any("security" in c.get("meta", {}) for c in r.get("contained", ()))),
)  # fmt: skip

_RESOURCES: tuple[_Row, ...] = (
    ("AllergyIntolerance", "ait-1", "An allergy that is not entered in error has a clinicalStatus", lambda r: _coded(r.get("verificationStatus"), _ALLERGY + "verification", "entered-in-error") or "clinicalStatus" in r),
    ("AllergyIntolerance", "ait-2", "An allergy entered in error has no clinicalStatus", lambda r: not _coded(r.get("verificationStatus"), _ALLERGY + "verification", "entered-in-error") or "clinicalStatus" not in r),
    ("Appointment", "app-2", "An appointment has both start and end, or neither", lambda r: has(r, "start") == has(r, "end")),
    ("Appointment", "app-3", "Only a proposed, cancelled or waitlisted appointment lacks start and end", lambda r: (has(r, "start") and has(r, "end")) or r["status"] in ("proposed", "cancelled", "waitlist")),
    ("Appointment", "app-4", "Only a cancelled or no-show appointment has a cancelationReason", lambda r: "cancelationReason" not in r or r["status"] in ("noshow", "cancelled")),
    ("Appointment.participant", "app-1", "A participant has a type or an actor", lambda p: "type" in p or "actor" in p),
    ("AppointmentResponse", "apr-1", "A response names participantType or actor", lambda r: "participantType" in r or "actor" in r),
    ("AuditEvent.entity", "sev-1", "An entity has a name or a query, not both", lambda e: not (has(e, "name") and has(e, "query"))),
    ("Bundle", "bdl-1", "Only a searchset or history has a total", lambda b: not has(b, "total") or b["type"] in ("searchset", "history")),
    ("Bundle", "bdl-2", "Only entries of a searchset have search", lambda b: b["type"] == "searchset" or not any("search" in e for e in _entries(b))),
    ("Bundle", "bdl-3", "Every entry of a batch, transaction or history has a request, and no other", lambda b: all(("request" in e) == _asks(b) for e in _entries(b))),
    ("Bundle", "bdl-4", "Every entry of a response or history has a response, and no other", lambda b: all(("response" in e) == _answers_requests(b) for e in _entries(b))),
    ("Bundle", "bdl-7", "fullUrl and version occur once in a Bundle", _full_urls),
    ("Bundle", "bdl-9", "A document has an identifier with system and value", lambda b: b["type"] != "document" or (has(b.get("identifier", {}), "system") and has(b.get("identifier", {}), "value"))),
    ("Bundle", "bdl-10", "A document has a timestamp", lambda b: b["type"] != "document" or "timestamp" in b),
    ("Bundle", "bdl-11", "The first entry of a document is a Composition", lambda b: b["type"] != "document" or _first_entry(b, "Composition")),
    ("Bundle", "bdl-12", "The first entry of a message is a MessageHeader", lambda b: b["type"] != "message" or _first_entry(b, "MessageHeader")),
    ("Bundle.entry", "bdl-5", "An entry has a resource, a request or a response", lambda e: "resource" in e or "request" in e or "response" in e),
    ("Bundle.entry", "bdl-8", "A fullUrl names no version", lambda e: "/_history/" not in e.get("fullUrl", "")),
    ("CapabilityStatement", "cpb-1", "A capability statement has rest, messaging or document", lambda r: "rest" in r or "messaging" in r or "document" in r),
    ("CapabilityStatement", "cpb-2", "A capability statement has a description, software or implementation", lambda r: has(r, "description") or "software" in r or "implementation" in r),
    ("CapabilityStatement", "cpb-3", "Only an instance has a messaging endpoint", lambda r: r["kind"] == "instance" or not any("endpoint" in m for m in r.get("messaging", ()))),
    ("CapabilityStatement", "cpb-7", "A profile and mode occur once among documents", lambda r: _distinct((d["profile"], d["mode"]) for d in r.get("document", ()))),
    ("CapabilityStatement", "cpb-14", "An instance has an implementation", lambda r: r["kind"] != "instance" or "implementation" in r),
    ("CapabilityStatement", "cpb-15", "A capability has software and no implementation", lambda r: r["kind"] != "capability" or ("software" in r and "implementation" not in r)),
    ("CapabilityStatement", "cpb-16", "Requirements have neither software nor implementation", lambda r: r["kind"] != "requirements" or not ("software" in r or "implementation" in r)),
    ("CapabilityStatement.rest", "cpb-9", "A resource type occurs once", lambda r: _distinct(t["type"] for t in r.get("resource", ()))),
    ("CapabilityStatement.rest.resource", "cpb-12", "A search parameter's name occurs once", lambda r: _distinct(p["name"] for p in r.get("searchParam", ()))),
    ("CarePlan.activity", "cpl-3", "An activity has a detail or a reference, not both", lambda a: not ("detail" in a and "reference" in a)),
    ("CodeSystem", "csd-1", "A code occurs once in its code system", lambda r: _distinct(_concept_codes(r))),
    ("Composition.section", "cmp-1", "A section has text, entries or sections", lambda s: "text" in s or "entry" in s or "section" in s),
    ("Composition.section", "cmp-2", "An emptyReason stands only in a section without entries", lambda s: not ("emptyReason" in s and "entry" in s)),
    ("ConceptMap.group.element.target", "cmd-1", "A narrower or inexact target has a comment", lambda t: has(t, "comment") or t.get("equivalence") not in ("narrower", "inexact")),
    ("ConceptMap.group.unmapped", "cmd-2", "Mode fixed has a code", lambda u: u["mode"] != "fixed" or has(u, "code")),
    ("ConceptMap.group.unmapped", "cmd-3", "Mode other-map has a url", lambda u: u["mode"] != "other-map" or has(u, "url")),
    ("Condition", "con-4", "A condition that abated is inactive, resolved or in remission", lambda r: not has_choice(r, "abatement") or _coded(r.get("clinicalStatus"), _CONDITION + "clinical", "resolved", "remission", "inactive")),
    ("Condition", "con-5", "A condition entered in error has no clinicalStatus", lambda r: not _coded(r.get("verificationStatus"), _CONDITION + "ver-status", "entered-in-error") or "clinicalStatus" not in r),
    ("Condition.stage", "con-1", "A stage has a summary or an assessment", lambda s: "summary" in s or "assessment" in s),
    ("Condition.evidence", "con-2", "Evidence has a code or a detail", lambda e: "code" in e or "detail" in e),
    ("Consent", "ppc-1", "A consent has a policy or a policyRule", lambda r: "policy" in r or "policyRule" in r),
    ("CoverageEligibilityResponse.insurance.item", "ces-1", "An item has a category or a productOrService, not both", lambda i: ("category" in i) != ("productOrService" in i)),
    ("FamilyMemberHistory", "fhs-1", "Age and birth exclude each other", lambda r: not (has_choice(r, "age") and has_choice(r, "born"))),
    ("FamilyMemberHistory", "fhs-2", "estimatedAge stands with an age", lambda r: has_choice(r, "age") or not has(r, "estimatedAge")),
    ("Goal.target", "gol-1", "A target with a detail has a measure", lambda t: not has_choice(t, "detail") or "measure" in t),
    ("Group", "grp-1", "Only an actual group has members", lambda r: "member" not in r or r.get("actual") is True),
    ("Immunization.education", "imm-1", "Education has a documentType or a reference", lambda e: has(e, "documentType") or has(e, "reference")),
    ("ImmunizationRecommendation.recommendation", "imr-1", "A recommendation has a vaccineCode or a targetDisease", lambda e: "vaccineCode" in e or "targetDisease" in e),
    ("InsurancePlan", "ipn-1", "A plan has an identifier or a name", lambda r: "identifier" in r or has(r, "name")),
    ("Linkage", "lnk-1", "A linkage has at least two items", lambda r: len(r["item"]) > 1),
    ("List", "lst-1", "An emptyReason stands only in a list without entries", lambda r: not ("emptyReason" in r and "entry" in r)),
    ("List", "lst-2", "Only a list of changes has deleted entries", lambda r: r["mode"] == "changes" or not any(has(e, "deleted") for e in r.get("entry", ()))),
    ("List", "lst-3", "Only a working list has dated entries", lambda r: r["mode"] == "working" or not any(has(e, "date") for e in r.get("entry", ()))),
    ("Measure", "mea-1", "A stratifier has criteria or components, not both", lambda r: all((any(has(s, n) for n in ("code", "description", "criteria"))) != ("component" in s) for g in r.get("group", ()) for s in g.get("stratifier", ()))),
    ("MeasureReport", "mrp-1", "A data collection has no groups", lambda r: r["type"] != "data-collection" or "group" not in r),
    ("MeasureReport", "mrp-2", "A stratum has a value or components, not both", lambda r: all(("value" in s) != ("component" in s) for g in r.get("group", ()) for t in g.get("stratifier", ()) for s in t.get("stratum", ()))),
    ("MedicationAdministration.dosage", "mad-1", "A dosage has a dose or a rate", lambda d: "dose" in d or has_choice(d, "rate")),
    ("MedicationDispense", "mdd-1", "Nothing is handed over before it is prepared", lambda r: _not_after(r.get("whenPrepared"), r.get("whenHandedOver"))),
    ("MessageDefinition.focus", "md-1", "A maximum is * or positive", lambda f: "max" not in f or f["max"] == "*" or int(f["max"]) > 0),
    ("MolecularSequence", "msq-3", "coordinateSystem is 0 or 1", lambda r: r["coordinateSystem"] in (0, 1)),
    ("MolecularSequence.referenceSeq", "msq-5", "chromosome and genomeBuild stand together", lambda s: has(s, "chromosome") == has(s, "genomeBuild")),
    ("MolecularSequence.referenceSeq", "msq-6", "One way of naming the reference sequence", lambda s: sum(has(s, n) for n in ("genomeBuild", "referenceSeqId", "referenceSeqPointer", "referenceSeqString")) == 1),
    ("NamingSystem", "nsd-1", "A root has no uuid as its identifier", lambda r: r["kind"] != "root" or all(u["type"] != "uuid" for u in r["uniqueId"])),
    ("NamingSystem", "nsd-2", "One preferred identifier of each type", lambda r: _distinct(u["type"] for u in r["uniqueId"] if u.get("preferred") is True)),
    ("Observation", "obs-6", "dataAbsentReason and a value exclude each other", lambda r: "dataAbsentReason" not in r or not has_choice(r, "value")),
    ("Observation", "obs-7", "An observation with a value has no component of its own code", _panel),
    ("Observation.referenceRange", "obs-3", "A reference range has a low, a high or a text", lambda r: "low" in r or "high" in r or has(r, "text")),
    ("OperationDefinition.parameter", "opd-1", "A parameter has a type or parts", lambda p: has(p, "type") or "part" in p),
    ("OperationDefinition.parameter", "opd-2", "searchType stands with type string", lambda p: not has(p, "searchType") or p.get("type") == "string"),
    ("OperationDefinition.parameter", "opd-3", "targetProfile stands with type Reference or canonical", lambda p: "targetProfile" not in p or p.get("type") in ("Reference", "canonical")),
    ("Organization", "org-1", "An organization has an identifier or a name", lambda r: "identifier" in r or has(r, "name")),
    ("Organization.address", "org-2", "An organization has no home address", lambda a: a.get("use") != "home"),
    ("Organization.telecom", "org-3", "An organization has no home telecom", lambda t: t.get("use") != "home"),
    ("Parameters.parameter", "inv-1", "A parameter has one of a value, a resource or parts", _parameter),
    ("Patient.contact", "pat-1", "A contact has a name, telecom, address or organization", lambda c: any(n in c for n in ("name", "telecom", "address", "organization"))),
    ("Questionnaire", "que-2", "A linkId occurs once in a questionnaire", lambda r: _distinct(_link_ids(r))),
    ("Questionnaire.item", "que-1", "A group has items, a display has none", lambda i: (i["type"] != "group" or "item" in i) and (i["type"] != "display" or "item" not in i)),
    ("Questionnaire.item", "que-3", "A display has no code", lambda i: i["type"] != "display" or "code" not in i),
    ("Questionnaire.item", "que-4", "answerOption and answerValueSet exclude each other", lambda i: not ("answerOption" in i and has(i, "answerValueSet"))),
    ("Questionnaire.item", "que-5", "Only types with choices have answer options", lambda i: i["type"] in _STATED["options"] or not ("answerOption" in i or has(i, "answerValueSet"))),
    ("Questionnaire.item", "que-6", "A display is neither required nor repeated", lambda i: i["type"] != "display" or not (has(i, "required") or has(i, "repeats"))),
    ("Questionnaire.item", "que-8", "A group or display has no initial value", lambda i: i["type"] not in ("group", "display") or "initial" not in i),
    ("Questionnaire.item", "que-9", "A display is not readOnly", lambda i: i["type"] != "display" or not has(i, "readOnly")),
    ("Questionnaire.item", "que-10", "Only types with text have a maxLength", lambda i: i["type"] in _STATED["length"] or not has(i, "maxLength")),
    ("Questionnaire.item", "que-11", "answerOption and initial exclude each other", lambda i: not ("answerOption" in i and "initial" in i)),
    ("Questionnaire.item", "que-12", "More than two enableWhen need an enableBehavior", lambda i: _count(i, "enableWhen") <= 2 or has(i, "enableBehavior")),
    ("Questionnaire.item", "que-13", "Only a repeating item has several initial values", lambda i: i.get("repeats") is True or _count(i, "initial") <= 1),
    ("Questionnaire.item.enableWhen", "que-7", "Operator exists has a boolean answer", lambda w: w["operator"] != "exists" or "answerBoolean" in w),
    ("QuestionnaireResponse.item", "qrs-1", "An item has answers or items, not both", lambda i: not ("answer" in i and "item" in i)),
    ("RequestGroup.action", "rqg-1", "An action has a resource or actions, not both", lambda a: ("resource" in a) != ("action" in a)),
    ("RiskAssessment.prediction.probability", "ras-1", "A range of probability is in percent", _percent),
    ("RiskAssessment.prediction", "ras-2", "A probability is at most 100", lambda p: p.get("probabilityDecimal", 0) <= 100),
    ("SearchParameter", "spd-1", "An xpath has its xpathUsage", lambda r: not has(r, "xpath") or has(r, "xpathUsage")),
    ("SearchParameter", "spd-2", "Only a reference parameter chains", lambda r: not has(r, "chain") or r["type"] == "reference"),
    ("ServiceRequest", "prr-1", "orderDetail stands with a code", lambda r: "orderDetail" not in r or "code" in r),
    ("Task", "inv-1", "A task is not modified before it is authored", lambda r: _not_after(r.get("authoredOn"), r.get("lastModified"))),
    ("ValueSet.compose.include", "vsd-1", "An include has a system or a value set", lambda i: "valueSet" in i or has(i, "system")),
    ("ValueSet.compose.include", "vsd-2", "Concepts and filters have a system", lambda i: not ("concept" in i or "filter" in i) or has(i, "system")),
    ("ValueSet.compose.include", "vsd-3", "Concepts and filters exclude each other", lambda i: not ("concept" in i and "filter" in i)),
    ("ValueSet.expansion.contains", "vsd-6", "A concept has a code or a display", lambda c: has(c, "code") or has(c, "display")),
    ("ValueSet.expansion.contains", "vsd-9", "A concept without a code is abstract", lambda c: has(c, "code") or c.get("abstract") is True),
    ("ValueSet.expansion.contains", "vsd-10", "A code has its system", lambda c: not has(c, "code") or has(c, "system")),
)  # fmt: skip

_WARNINGS: tuple[_Row, ...] = (
    ("Condition", "con-3", "A problem on the list has a clinicalStatus, unless entered in error", _problem_has_status),
    ("NutritionOrder", "nor-1", "A nutrition order has a diet, a supplement or a formula", lambda r: any(n in r for n in ("oralDiet", "supplement", "enteralFormula"))),
)  # fmt: skip

_NAME = re.compile(r"[A-Z][A-Za-z0-9_]{0,254}")


def _machine_name(resource: Json) -> bool:
    return "name" not in resource or _NAME.fullmatch(resource["name"]) is not None


def _rule(key: str, text: str, severity: Severity = "error") -> Rule:
    return Rule(f"check.invariant.{key}", "invariant", text, severity)


#: The invariants by place (`Patient.contact`, or `*` wherever the definitions put the key) and key.
INVARIANTS: dict[tuple[str, str], Invariant] = {
    (place, key): Invariant(_rule(key, text), holds)
    for place, key, text, holds in _DATATYPES + _EVERY_RESOURCE + _RESOURCES
} | {(place, key): Invariant(_rule(key, text, "warning"), holds) for place, key, text, holds in _WARNINGS}

_NAMES = Invariant(_rule("name-0", "The name is not one that programs can use", "warning"), _machine_name)

#: Held by `profiles.check` itself, in the course of other work.
REF_1 = _rule("ref-1", "A local reference points to a contained resource that is there")
SQTY_1 = Invariant(_rule("sqty-1", "A simple quantity has no comparator"), lambda q: not has(q, "comparator"))
IN_PASSING = {
    "ele-1": "check.empty",
    "ref-1": REF_1.rule,
    "sqty-1": SQTY_1.rule.rule,
    "txt-1": "check.xhtml",
    "txt-2": "check.xhtml",
}

#: Invariants that are not held, by key or prefix, and why.
NOT_HELD = {
    "dom-6": "advice that every resource has a narrative; what we send is read by machines",
    "ppc-2": "R4 writes it for the system 'something', so it never applies",
    "ppc-3": "R4 writes it for the system 'something', so it never applies",
    "ppc-4": "R4 writes it for the system 'something', so it never applies",
    "ppc-5": "R4 writes it for the system 'something', so it never applies",
    "ctm-1": "needs the resource that the reference points to",
    "eld-": "inside of a definition; whoever publishes it checks it",
    "sdf-": "inside of a definition; whoever publishes it checks it",
    "ig-": "ImplementationGuide is neither sent nor received",
    "smp-": "StructureMap is neither sent nor received",
    "tcp-": "TerminologyCapabilities is neither sent nor received",
    "tst-": "TestScript is neither sent nor received",
    "inv-2": "TestReport is neither sent nor received",
}


def invariant(place: str, key: str) -> Invariant | None:
    """The invariant with this key at this place, or None if it is not held (`NOT_HELD`, `IN_PASSING`)."""
    if key.endswith("-0"):
        return _NAMES
    return INVARIANTS.get((place, key)) or INVARIANTS.get(("*", key))
