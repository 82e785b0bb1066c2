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
from hub.release.elements import Elements, Intermediary, elements
from hub.release.purpose import subsumes, within
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
class Party:
    """Who discloses or receives: reference, declared role, identifiers (`system|value`), duties."""

    reference: str | None
    role: str | None = None
    identifiers: frozenset[str] = frozenset()
    duties: frozenset[str] = frozenset()
    #: References and identifiers by which a consent may name this party: itself, and what it acts for.
    known_as: frozenset[str] = frozenset()


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


def same_reference(first: str | None, second: str | None) -> bool:
    """Whether two references name the same thing: equal, or the same Type/id at the end."""
    if not first or not second:
        return False
    return first == second or ("/" in first and "/" in second and _tail(first) == _tail(second))


def _tail(reference: str) -> str:
    return "/".join(reference.split("/_history/")[0].split("/")[-2:])


def aliases(reference: str | None, identifiers: frozenset[str], actors: Mapping[str, Json]) -> frozenset[str]:
    """Every reference and identifier that names this party: itself, its resource's identifiers, a role's organization
    and person, the care teams it is in. Organizations above it are not: a consent to a clinic names its members only
    through their roles."""
    found = set(identifiers)
    if reference:
        found.add(_tail(reference) if "/" in reference else reference)
        resource = actors.get(reference)
        if resource is not None:
            found |= _identifiers(resource)
            if resource.get("resourceType") == "PractitionerRole":
                for key in ("practitioner", "organization"):
                    held = resource.get(key)
                    if isinstance(held, dict):
                        found |= _named(held)
                        target = actors.get(str(held.get("reference", "")))
                        if target is not None:
                            found |= _identifiers(target)
    for other, resource in actors.items():
        if resource.get("resourceType") == "CareTeam":
            for participant in _list(resource.get("participant")):
                member = participant.get("member")
                if isinstance(member, dict) and _named(member) & found:
                    found.add(_tail(other) if "/" in other else other)
    return frozenset(found)


def _identifiers(resource: Json) -> set[str]:
    found = resource.get("identifier")
    many = found if isinstance(found, list) else [found]
    return {f"{one.get('system', '')}|{one['value']}" for one in many if isinstance(one, dict) and one.get("value")}


def _named(reference: Json) -> set[str]:
    found: set[str] = set()
    if isinstance(target := reference.get("reference"), str):
        found.add(_tail(target) if "/" in target else target)
    identifier = reference.get("identifier")
    if isinstance(identifier, dict) and identifier.get("value"):
        found.add(f"{identifier.get('system', '')}|{identifier['value']}")
    return found


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
        or _discloser_is(consent, extra, discloser, actors, kind=_kind(provision, root=True, policy_rule=policy_rule))
    ):
        context = (None if by_consent_alone else discloser, recipient, purpose, at, zone, actors, extra)
        rule = _rule(provision, context, root=True, policy_rule=policy_rule)
        if rule is not None and "modifierExtension" in consent:
            rule = replace(rule, unclear=True)
        if (
            rule is not None
            and not by_consent_alone
            and not _discloser_is(consent, extra, discloser, actors, kind=None)
        ):
            rule = replace(rule, doubtful=True)
    return Directive(reference=reference, consent=consent, extra=extra, rule=rule)


def _patient_is(consent: Json, patient: str | None) -> bool:
    named = _dict(consent.get("patient"))
    if patient is None:
        return False
    if same_reference(named.get("reference"), patient):
        return True
    return patient in _named(named)


def _discloser_is(
    consent: Json, extra: Elements, discloser: Party, actors: Mapping[str, Json], *, kind: Verdict | None
) -> bool:
    """Whether the form is about this discloser. Words alone name nobody for a permit, and anybody for a deny."""
    named = [*_list(consent.get("organization")), *_disclosers(_dict(consent.get("provision")))]
    if not (named or extra.discloser_classes or extra.names):
        return True
    if any(_names(one, discloser, actors) for one in named):
        return True
    if any(_class_covers(group, discloser, "") for group in extra.discloser_classes):
        return True
    in_words = (
        bool(extra.names)
        or any(not _named(one) for one in named)
        or any(not _class_known(group) for group in extra.discloser_classes)
    )
    return kind == "deny" and in_words


def _disclosers(node: Json) -> list[Json]:
    return [_dict(actor.get("reference")) for actor in _list(node.get("actor")) if role_of(actor) in DISCLOSER_ROLES]


def _names(reference: Json, party: Party, actors: Mapping[str, Json]) -> bool:
    found = _named(reference)
    target = actors.get(str(reference.get("reference", "")))
    if target is not None:
        found |= _identifiers(target)
    return bool(found & party.known_as)


#: Classes that a form may name (2.31(a)(4)(i)), in words that are recognised, and whom they cover.
_TPO_CLASS = "my treating providers, health plans, third-party payers, and people helping to operate this program"


def _class_covers(group: str, party: Party, purpose: str) -> bool:
    words = " ".join(group.lower().replace("-", " ").replace("_", " ").split())
    if party.role is not None and words == party.role.replace("-", " "):
        return True
    if words in (" ".join(_TPO_CLASS.replace("-", " ").split()), "tpo"):
        if within(purpose, "TREAT"):
            return party.role in ("covered-entity", "part2-program") and "treating" in party.duties
        return party.role in ("covered-entity", "business-associate", "part2-program")
    if words in ("my treating providers", "treating providers", "treating provider", "all my treating providers"):
        return "treating" in party.duties
    return False


def _class_known(group: str) -> bool:
    """Whether the words of a class are recognised, so that who is not covered by it is truly outside it."""
    roles = ("part2-program", "covered-entity", "business-associate", "qso", "intermediary", "law-enforcement", "other")
    return any(
        _class_covers(group, Party(reference=None, role=role, duties=frozenset({"treating"})), "TREAT")
        for role in (*roles, "lawful-holder", "patient", "representative")
    )


def _through(one: Intermediary, recipient: Party, purpose: str, actors: Mapping[str, Json]) -> bool:
    """Whether an intermediary's designation names this recipient: the intermediary itself, a participant by reference
    or identifier, or one of a class who treats and is known to take part (an active OrganizationAffiliation)."""
    if _names(one.organization, recipient, actors) or any(_names(who, recipient, actors) for who in one.members):
        return True
    if "treating" not in recipient.duties or not any(_class_covers(group, recipient, purpose) for group in one.classes):
        return False
    through = _named(one.organization)
    return any(
        resource.get("resourceType") == "OrganizationAffiliation"
        and resource.get("active", True) is True
        and bool(_named(_dict(resource.get("organization"))) & through)
        and _names(_dict(resource.get("participatingOrganization")), recipient, actors)
        for resource in actors.values()
    )


def participants_named(extra: Elements, intermediary: Party, actors: Mapping[str, Json]) -> bool:
    """Whether a form names the participants of this intermediary, as it must for one to receive (2.31(a)(4)(ii)).

    An intermediary that stands there in words only is taken to be the one that the form's actors name.
    """
    return any(
        one.names_participants and (not _named(one.organization) or _names(one.organization, intermediary, actors))
        for one in extra.intermediaries
    )


#: Discloser (None: consents alone decide, and none is asked for), recipient, purpose, moment, zone, actors, elements.
_Context = tuple[Party | None, Party, str, datetime, str, Mapping[str, Json], Elements]


def _rule(node: Json, context: _Context, *, root: bool, policy_rule: Json | None = None) -> Rule | None:
    discloser, _, purpose, at, zone, actors, _ = context
    if not covers_time(node, at, zone):
        return None
    kind = _kind(node, root=root, policy_rule=policy_rule)
    unclear = "modifierExtension" in node or (node.get("type") is not None and node.get("type") != kind)
    # Those of the base stand for the whole form, with its organizations: `_discloser_is`.
    by = [] if root or discloser is None else _disclosers(node)
    discloser_is = discloser is None or not by or any(_names(one, discloser, actors) for one in by)
    if not discloser_is and (kind != "deny" or all(_named(one) for one in by)):
        return None
    if not _recipient_is(node, kind, context, root=root):
        return None
    # What a deny reaches only because it may be meant is tried again as for a permit.
    doubtful = not (discloser_is and covers_time({**node, "type": None}, at, zone))
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
        any(not _named(who) for who in named)
        or any(not _class_known(group) for group in classes)
        or any(not _named(one.organization) and not one.members for one in intermediaries)
    ):
        return True
    return (
        any(_names(who, recipient, actors) for who in named)
        or any(_class_covers(group, recipient, purpose) for group in classes)
        or any(_through(one, recipient, purpose, actors) for one in intermediaries)
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
        target = _tail(target) if "/" in target else target
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
            found.add(_tail(target) if "/" in target else target)
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
