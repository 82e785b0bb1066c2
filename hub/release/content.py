"""What a provision asks of the content of one entry: labels, class, code, period of the data, instance, author.

What cannot be compared is outside a permit, and inside a deny that is read with its doubts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.release.consent import covers_time, moment
from hub.release.naming import tail
from mappings.labels.vocabulary import LAWS, RANK, SENSITIVITIES, expand

Json = dict[str, Any]

#: Entries that carry the others: who, where, what was asked. A description of content limits clinical content, and
#: covers these as long as they have no sensitivity of their own (else nothing described could ever be sent).
CARRIERS = frozenset(
    [
        "Patient",
        "RelatedPerson",
        "Organization",
        "Practitioner",
        "PractitionerRole",
        "Location",
        "HealthcareService",
        "Endpoint",
        "Task",
        "ServiceRequest",
        "Encounter",
        "EpisodeOfCare",
        "MessageHeader",
        "Provenance",
        "Consent",
        "Bundle",
        "Composition",
        "Coverage",
    ]
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a provision can ask about one entry. `certain` and `possible` are label codes."""

    resource: Json
    certain: frozenset[str]
    possible: frozenset[str] = frozenset()
    confidentiality: str = "N"


def named_in(resource: Json) -> frozenset[str]:
    """The sensitivities that a Consent names: what is permitted or refused by its name is told of (42 CFR 2.13(c)(2)).

    A refusal of Part 2 records tells of them, too; that a form permits them is what it is a form for.
    """
    if resource.get("resourceType") != "Consent":
        return frozenset()
    return _named(_dict(resource.get("provision")))


def _named(provision: Json) -> frozenset[str]:
    said = frozenset(str(coding.get("code")) for coding in _list(provision.get("securityLabel")))
    here = said & (SENSITIVITIES | LAWS if provision.get("type") == "deny" else SENSITIVITIES)
    return here.union(*(_named(child) for child in _list(provision.get("provision"))))


def beyond_labels(node: Json) -> bool:
    """Whether the provision asks more of an entry than its labels."""
    return any(node.get(key) for key in ("class", "code", "dataPeriod", "data"))


def covers(node: Json, facts: Facts, *, deny: bool, doubts: bool) -> tuple[bool, frozenset[str]]:
    """Whether the provision is about this entry, and for a deny by sensitivity alone: by which labels.

    `deny`: it is a deny. `doubts`: also where it only may be about it, as a deny is read."""
    by_labels: frozenset[str] = frozenset()
    only_labels = True
    codings = _list(node.get("securityLabel"))
    if codings:
        given = [str(coding.get("code", "")) for coding in codings]
        levels = [code for code in given if code in RANK]
        others = [code for code in given if code not in RANK]
        if levels:
            rank = RANK[facts.confidentiality]
            fits = (
                any(rank >= RANK[level] for level in levels) if deny else any(rank <= RANK[level] for level in levels)
            )
            if not fits:
                return False, by_labels
            only_labels = False
        if others:
            wanted = expand(others)
            has = facts.certain | facts.possible if doubts else facts.certain
            by_labels = wanted & has
            carried = (
                not deny
                and facts.resource.get("resourceType") in CARRIERS
                and not any(code in _CONTENT for code in facts.certain)
            )
            if not by_labels and not carried:
                return False, by_labels
            by_labels = wanted if deny else by_labels
    for matches in (_class_is, _code_is, _period_is, _data_is):
        answer = matches(node, facts.resource, doubts)
        if answer is None:
            continue
        if not answer:
            return False, by_labels
        only_labels = False
    return True, by_labels if only_labels else frozenset()


_CONTENT = expand(["SPI", "ETH"]) | {"HIV", "STD", "SEX", "SDV", "VIO", "GDIS", "PREGNANT"}


def _class_is(node: Json, resource: Json, deny: bool) -> bool | None:
    wanted = _list(node.get("class"))
    if not wanted:
        return None
    kind = str(resource.get("resourceType", ""))
    if any(str(coding.get("code", "")).rpartition("/")[2] == kind for coding in wanted):
        return True
    # A class we cannot compare with a resource type (a document type, say) may be this one.
    known = all(str(coding.get("code", ""))[:1].isupper() for coding in wanted)
    return deny and not known


def _code_is(node: Json, resource: Json, deny: bool) -> bool | None:
    del deny
    wanted = {
        (coding.get("system"), coding.get("code"))
        for concept in _list(node.get("code"))
        for coding in _list(concept.get("coding"))
    }
    if not node.get("code"):
        return None
    has: set[tuple[Any, Any]] = set()
    for key in ("code", "medicationCodeableConcept", "vaccineCode", "type"):
        held = resource.get(key)
        for concept in held if isinstance(held, list) else [held]:
            for coding in _list(_dict(concept).get("coding")):
                has.add((coding.get("system"), coding.get("code")))
    return bool(wanted & has)


_DATES = [
    "effectiveDateTime",
    "effectiveInstant",
    "onsetDateTime",
    "performedDateTime",
    "occurrenceDateTime",
    "recordedDate",
    "authoredOn",
    "date",
    "issued",
    "dateTime",
    "recorded",
    "created",
]


def _period_is(node: Json, resource: Json, deny: bool) -> bool | None:
    period = node.get("dataPeriod")
    if not isinstance(period, dict):
        return None
    dates = [resource[key] for key in _DATES if isinstance(resource.get(key), str)]
    for key in ("effectivePeriod", "period", "performedPeriod", "onsetPeriod", "occurrencePeriod"):
        held = resource.get(key)
        if isinstance(held, dict):
            dates += [held[end] for end in ("start", "end") if isinstance(held.get(end), str)]
    if not dates:
        return deny or resource.get("resourceType") in CARRIERS
    try:
        inside = [covers_time({"period": period}, moment(value), "UTC") for value in dates]
    except (ValueError, TypeError):
        return deny
    return any(inside) if deny else all(inside)


def _data_is(node: Json, resource: Json, deny: bool) -> bool | None:
    wanted = _list(node.get("data"))
    if not wanted:
        return None
    kind, identity = resource.get("resourceType"), resource.get("id")
    own = {f"{kind}/{identity}", f"urn:uuid:{identity}"}
    for data in wanted:
        reference = _dict(data.get("reference"))
        target = str(reference.get("reference", ""))
        target = tail(target) if "/" in target else target
        meaning = data.get("meaning")
        if meaning in ("instance", "related", "dependents") and target in own:
            return True
        if meaning in ("related", "dependents") and target in _targets(resource):
            return True
        if meaning == "authoredby" and target in _authors(resource):
            return True
        if meaning not in ("instance", "related", "dependents", "authoredby") and deny:
            return True
    return False


def _targets(node: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(node, dict):
        target = node.get("reference")
        if isinstance(target, str):
            found.add(tail(target) if "/" in target else target)
        for value in node.values():
            found |= _targets(value)
    elif isinstance(node, list):
        for value in node:
            found |= _targets(value)
    return found


def _authors(resource: Json) -> set[str]:
    found: set[str] = set()
    for key in ("author", "asserter", "recorder", "performer", "requester"):
        found |= _targets(resource.get(key))
    return found


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
