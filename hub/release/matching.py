"""Whether a consent speaks about a request, and what its provisions say of one entry.

Part one is decided once per consent (patient, discloser, recipient, purpose, time); part two per entry (labels,
class, code, period, instance). What cannot be understood never permits and always denies: a modifierExtension, an
action or a relation we do not know. No names are compared: only references, identifiers and declared classes (S41).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from hub.release.consent import (
    DISCLOSER_ROLES,
    covers_time,
    in_force,
    moment,
    purpose_of,
    role_of,
)
from hub.release.elements import Elements, elements
from hub.release.naming import (
    Party,
    class_covers,
    class_known,
    discloser_is,
    disclosers,
    named_by,
    names,
    same_reference,
    tail,
    through,
)
from hub.release.purpose import subsumes
from mappings.labels.vocabulary import RANK, expand

Json = dict[str, Any]
Verdict = Literal["permit", "deny"]

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

_DISCLOSING_ACTIONS = frozenset({"disclose", "access", "use", "collect"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a provision can ask about one entry. `certain` and `possible` are label codes."""

    resource: Json
    certain: frozenset[str]
    possible: frozenset[str] = frozenset()
    confidentiality: str = "N"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One provision that applies to the request, with the exceptions that do too."""

    kind: Verdict | None
    node: Json
    exceptions: tuple[Rule, ...]
    #: There is something in it that we do not understand.
    unclear: bool
    #: A deny that only may be about the request. It denies, and what is permitted inside it is not permitted.
    doubtful: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Directive:
    """A consent in force for this patient. `rule` is None where it does not speak about this request."""

    reference: str
    consent: Json
    extra: Elements
    rule: Rule | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What one consent says of one entry. `labels` where a deny is about these labels alone and can be redacted."""

    verdict: Verdict | None
    labels: frozenset[str] = frozenset()


def directive(
    consent: Json,
    reference: str,
    *,
    patient: str | None,
    discloser: Party,
    recipient: Party,
    purpose: str,
    at: datetime,
    zone: str,
    actors: Mapping[str, Json],
    by_consent_alone: bool = False,
) -> Directive | None:
    """The consent as it bears on a request; None when it is not in force or is another patient's.

    `by_consent_alone`: the framework of R4 itself, where Consent.organization keeps the consent and names no
    discloser.
    """
    if not _patient_is(consent, patient):
        return None
    extra = elements(consent)
    if not in_force(consent, extra, at, zone):
        return None
    scope = consent.get("scope")
    scopes = {coding.get("code") for coding in _list(_dict(scope).get("coding"))}
    provision = _dict(consent.get("provision"))
    rule: Rule | None = None
    policy_rule = _dict(consent.get("policyRule"))
    if (not scopes or "patient-privacy" in scopes) and (
        by_consent_alone
        or discloser_is(consent, extra, discloser, actors, kind=_kind(provision, root=True, policy_rule=policy_rule))
    ):
        context = (None if by_consent_alone else discloser, recipient, purpose, at, zone, actors, extra)
        rule = _rule(provision, context, root=True, policy_rule=policy_rule)
        if rule is not None and "modifierExtension" in consent:
            rule = replace(rule, unclear=True)
        if rule is not None and not by_consent_alone and not discloser_is(consent, extra, discloser, actors, kind=None):
            rule = replace(rule, doubtful=True)
    return Directive(reference=reference, consent=consent, extra=extra, rule=rule)


def _patient_is(consent: Json, patient: str | None) -> bool:
    named = _dict(consent.get("patient"))
    if patient is None:
        return False
    if same_reference(named.get("reference"), patient):
        return True
    return patient in named_by(named)


#: Discloser (None: consents alone decide, and none is asked for), recipient, purpose, moment, zone, actors, elements.
_Context = tuple[Party | None, Party, str, datetime, str, Mapping[str, Json], Elements]


def _rule(node: Json, context: _Context, *, root: bool, policy_rule: Json | None = None) -> Rule | None:
    discloser, _, purpose, at, zone, actors, _ = context
    if not covers_time(node, at, zone):
        return None
    kind = _kind(node, root=root, policy_rule=policy_rule)
    unclear = "modifierExtension" in node or (node.get("type") is not None and node.get("type") != kind)
    # Those of the base stand for the whole form, with its organizations: `_discloser_is`.
    by = [] if root or discloser is None else disclosers(node)
    by_whom = discloser is None or not by or any(names(one, discloser, actors) for one in by)
    if not by_whom and (kind != "deny" or all(named_by(one) for one in by)):
        return None
    if not _recipient_is(node, kind, context, root=root):
        return None
    # What a deny reaches only because it may be meant is tried again as for a permit.
    doubtful = not (by_whom and covers_time({**node, "type": None}, at, zone))
    doubtful = doubtful or not _recipient_is(node, None, context, root=root)
    purposes = [purpose_of(coding) for coding in _list(node.get("purpose"))]
    if purposes:
        known = [given for given in purposes if given is not None]
        # A deny for a purpose below the one asked for is about part of it; a purpose unknown to us may be it.
        touched = kind == "deny" and (None in purposes or any(subsumes(purpose, given) for given in known))
        covered = any(subsumes(given, purpose) for given in known)
        if not touched and not covered:
            return None
        doubtful = doubtful or not covered
    actions = {coding.get("code") for action in _list(node.get("action")) for coding in _list(action.get("coding"))} - {
        None
    }
    if actions and not actions & _DISCLOSING_ACTIONS:
        if actions <= {"correct"} or kind == "permit":
            return None
        unclear = True
    exceptions = tuple(
        made for child in _list(node.get("provision")) if (made := _rule(child, context, root=False)) is not None
    )
    return Rule(kind=kind, node=node, exceptions=exceptions, unclear=unclear, doubtful=doubtful)


def _kind(node: Json, *, root: bool, policy_rule: Json | None) -> Verdict | None:
    kind: Verdict | None = node.get("type") if node.get("type") in ("permit", "deny") else None
    if kind is None and root and policy_rule is not None:
        # R4 leaves the base rule's type to the policy: opt-in policies permit nothing by themselves.
        codes = {coding.get("code") for coding in _list(policy_rule.get("coding"))}
        kind = "permit" if codes & {"OPTIN", "OPTINR"} else "deny" if codes & {"OPTOUT", "OPTOUTE"} else None
    return kind


def _recipient_is(node: Json, kind: Verdict | None, context: _Context, *, root: bool) -> bool:
    """Whether a provision is about this recipient. The form's own classes and intermediaries stand at its base.

    A permit names by reference, identifier or class that is recognised; words alone name nobody (S41). A deny that
    names in words may mean anybody: it is not narrowed by what cannot be compared.
    """
    _, recipient, purpose, _, _, actors, extra = context
    named = [
        _dict(actor.get("reference")) for actor in _list(node.get("actor")) if role_of(actor) not in DISCLOSER_ROLES
    ]
    classes = extra.recipient_classes if root else ()
    intermediaries = extra.intermediaries if root else ()
    if not (named or classes or intermediaries):
        return True
    if kind == "deny" and (
        any(not named_by(who) for who in named)
        or any(not class_known(group) for group in classes)
        or any(not named_by(one.organization) and not one.members for one in intermediaries)
    ):
        return True
    return (
        any(names(who, recipient, actors) for who in named)
        or any(class_covers(group, recipient, purpose) for group in classes)
        or any(through(one, recipient, purpose, actors) for one in intermediaries)
    )


def says(rule: Rule, facts: Facts) -> Said:
    """What the provisions say of an entry: an exception beats its base rule, and among exceptions deny beats permit."""
    covered, labels = _covers(rule, facts, doubts=rule.kind == "deny")
    if not covered:
        return Said(verdict=None)
    found = [said for child in rule.exceptions if (said := says(child, facts)).verdict is not None]
    denies = [said for said in found if said.verdict == "deny"]
    if denies:
        by_label = frozenset[str]().union(*(said.labels for said in denies)) if all(s.labels for s in denies) else None
        return Said(verdict="deny", labels=by_label or frozenset())
    if rule.unclear:
        return Said(verdict="deny" if rule.kind == "deny" else None)
    if found and (rule.kind != "deny" or (not rule.doubtful and _covers(rule, facts, doubts=False)[0])):
        return Said(verdict="permit")
    return Said(verdict=rule.kind, labels=labels if rule.kind == "deny" else frozenset())


def _covers(rule: Rule, facts: Facts, *, doubts: bool) -> tuple[bool, frozenset[str]]:
    """Whether the provision is about this entry, and for a deny by sensitivity alone: by which labels.

    `doubts`: also where it only may be about it, as a deny is read."""
    node, deny = rule.node, rule.kind == "deny"
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
