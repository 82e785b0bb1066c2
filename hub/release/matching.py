"""Whether a consent speaks about a request, and what its provisions say of one entry.

Part one is decided once per consent (patient, discloser, recipient, purpose, time); part two per entry (`content`).
What cannot be understood never permits and always denies: a modifierExtension, an action or a relation we do not know.
No names are compared: only references, identifiers and declared classes (S41).
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
    purpose_of,
    role_of,
)
from hub.release.content import Facts, beyond_labels, covers
from hub.release.elements import Elements, elements, says_recipients
from hub.release.naming import (
    Party,
    class_covers,
    class_known,
    discloser_is,
    disclosers,
    named_by,
    names,
    same_reference,
    through,
)
from hub.release.purpose import subsumes

Json = dict[str, Any]
Verdict = Literal["permit", "deny"]

_DISCLOSING_ACTIONS = frozenset({"disclose", "access", "use", "collect"})


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
    #: What it asks of an entry's labels: two consents that ask the same say the same of an entry. None: it asks more of
    #: its content than labels.
    asks: tuple[Any, ...] | None = None


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
    """The consent as it bears on a request; None when it is not in force, is another patient's or names others only.

    `by_consent_alone`: the framework of R4 itself, where Consent.organization keeps the consent and names no
    discloser.
    """
    if not _patient_is(consent, patient):
        return None
    if consent.get("status") != "active" or (not by_consent_alone and _names_others(consent, recipient, actors)):
        return None
    provision = _dict(consent.get("provision"))
    if not covers_time(provision, at, zone):
        return None
    extra = elements(consent)
    if not in_force(consent, extra, at, zone):
        return None
    scope = consent.get("scope")
    scopes = _codes(_list(_dict(scope).get("coding")))
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
        if (
            rule is not None
            and rule.kind == "deny"
            and not by_consent_alone
            and not discloser_is(consent, extra, discloser, actors, kind=None)
        ):
            rule = replace(rule, doubtful=True)
    return Directive(
        reference=reference,
        consent=consent,
        extra=extra,
        rule=rule,
        asks=None if rule is None else _asks(rule),
    )


#: All that is read of a consent here, but its date.
_READ = (
    "resourceType",
    "status",
    "patient",
    "scope",
    "organization",
    "extension",
    "policyRule",
    "provision",
    "modifierExtension",
)


def again(before: Directive, consent: Json, reference: str, *, at: datetime, zone: str) -> Directive | None:
    """The consent as it bears on the request, where it says word for word what the one before says; else None.

    Forms renewed each year for the same recipient differ by their dates alone.
    """
    first = before.consent
    if any(consent.get(key) != first.get(key) for key in _READ) or not in_force(consent, before.extra, at, zone):
        return None
    return Directive(reference=reference, consent=consent, extra=before.extra, rule=before.rule, asks=before.asks)


def _asks(rule: Rule) -> tuple[Any, ...] | None:
    if beyond_labels(rule.node):
        return None
    inside = tuple(_asks(child) for child in rule.exceptions)
    if None in inside:
        return None
    labels = tuple(str(coding.get("code", "")) for coding in _list(rule.node.get("securityLabel")))
    return rule.kind, rule.unclear, rule.doubtful, labels, inside


def _names_others(consent: Json, recipient: Party, actors: Mapping[str, Json]) -> bool:
    """Whether the form names its recipients so that they can be compared, and this one is not among them.

    Most forms on file are about somebody else: this is seen before anything else is read.
    """
    named = False
    for actor in _list(_dict(consent.get("provision")).get("actor")):
        who = _dict(actor.get("reference"))
        if role_of(actor) in DISCLOSER_ROLES:
            continue
        if not named_by(who) or names(who, recipient, actors):
            return False
        named = True
    return named and not says_recipients(consent)


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
    doubtful = kind == "deny" and not (
        by_whom and covers_time({**node, "type": None}, at, zone) and _recipient_is(node, None, context, root=root)
    )
    purposes = [purpose_of(coding) for coding in _list(node.get("purpose"))]
    if purposes:
        known = [given for given in purposes if given is not None]
        # A deny for a purpose below the one asked for is about part of it; a purpose unknown to us may be it.
        touched = kind == "deny" and (None in purposes or any(subsumes(purpose, given) for given in known))
        covered = any(subsumes(given, purpose) for given in known)
        if not touched and not covered:
            return None
        doubtful = doubtful or (kind == "deny" and not covered)
    actions = {code for action in _list(node.get("action")) for code in _codes(_list(action.get("coding"))) or {None}}
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
        codes = _codes(_list(policy_rule.get("coding")))
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
    deny = rule.kind == "deny"
    covered, labels = covers(rule.node, facts, deny=deny, doubts=deny)
    if not covered:
        return Said(verdict=None)
    found = [said for child in rule.exceptions if (said := says(child, facts)).verdict is not None]
    denies = [said for said in found if said.verdict == "deny"]
    if denies:
        by_label = frozenset[str]().union(*(said.labels for said in denies)) if all(s.labels for s in denies) else None
        return Said(verdict="deny", labels=by_label or frozenset())
    if rule.unclear:
        return Said(verdict="deny" if deny else None)
    if found and (
        rule.kind != "deny"
        or (not rule.doubtful and covers(rule.node, facts, deny=rule.kind == "deny", doubts=False)[0])
    ):
        return Said(verdict="permit")
    return Said(verdict=rule.kind, labels=labels if deny else frozenset())


def _codes(codings: list[Json]) -> set[str | None]:
    """The codes; None stands for a Coding that has none, or has what is no code."""
    return {code if isinstance(code, str) else None for coding in codings for code in [coding.get("code")]}


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
