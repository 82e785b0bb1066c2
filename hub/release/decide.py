"""The decision: may this entry go from this discloser to this recipient for this purpose now, and how.

Order (part2 guide, section 10): law layer by custodian and origin; consents (deny overrides, conflicts are reported);
obligations. Pure: the moment is in the request. The decision for an entry does not depend on other entries. What the
engine does not know, and an error in it, is a deny.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Literal

from hub.release import criminal_justice
from hub.release.content import Facts, named_in
from hub.release.decision import Conflict, Decision, EntryDecision, Verdict
from hub.release.digest import digest
from hub.release.law import IDENTITY_ONLY, Layer, Ruling, layer, rule
from hub.release.matching import Directive, Rule, Said, again, directive, says
from hub.release.naming import Party, aliases
from hub.release.overlay import Met, strictest
from hub.release.policy import DEFAULT, ReleasePolicy
from hub.release.purpose import canonical
from hub.release.reach import reach
from hub.release.request import Entry, Request
from hub.release.usable import Usable
from mappings.labels.marking import mentions
from mappings.labels.text import SHIPPED, TextLabels
from mappings.labels.vocabulary import ORIGIN_UNKNOWN, PART2, SENSITIVITIES, codes, expand, highest

Json = dict[str, Any]

#: With every disclosure of Part 2 records by consent (42 CFR 2.32, 2.31(a)(10); DS4P marks).
PART2_OBLIGATIONS = ("notice", "consent-scope", "RedisclosureProhibitionMark", "NORDSCLCD", "AOD")


def decide(request: Request, consents: Sequence[Json], *, policy: ReleasePolicy = DEFAULT) -> Decision:
    """Decide each entry. Never raises on the content of entries or consents: what fails to be decided is denied."""
    purpose = canonical(request.purpose)
    discloser = _known(request.discloser, request.actors)
    recipient = _known(request.recipient, request.actors)
    request = replace(request, discloser=discloser, recipient=recipient)
    directives = [] if purpose is None else _directives(request, purpose, consents)
    speaking = [one for one in directives if one.rule is not None]
    usable = Usable(request, policy, any_in_force=bool(directives))
    decided = tuple(
        _unknown_purpose(index)
        if purpose is None
        else _safely(index, entry, request, purpose, speaking, usable, policy)
        for index, entry in enumerate(request.entries)
    )
    conflicts = _conflicts(decided)
    entries = tuple(made for made, _ in decided)
    if any(made.goes for made in entries):
        overall: Literal["permit", "hold", "deny"] = "permit"
    else:
        overall = "hold" if any(made.decision == "hold" for made in entries) else "deny"
    return Decision(
        decision=overall,
        entries=entries,
        conflicts=conflicts,
        digest=digest(request, entries, directives, policy),
        forms={one.reference: one.consent for one in directives},
    )


_Sides = tuple[tuple[str, ...], tuple[str, ...]]


def _unknown_purpose(index: int) -> tuple[EntryDecision, _Sides]:
    return EntryDecision(index=index, decision="deny", because=("purpose is unknown",)), ((), ())


def _known(party: Party, actors: Mapping[str, Json]) -> Party:
    return party if party.known_as else replace(party, known_as=aliases(party.reference, party.identifiers, actors))


def _directives(request: Request, purpose: str, consents: Sequence[Json]) -> list[Directive]:
    found: list[Directive] = []
    before: Directive | None = None
    for index, consent in enumerate(consents):
        identity = consent.get("id")
        name = f"Consent/{identity}" if identity else f"consents[{index}]"
        if before is not None and (same := again(before, consent, name, at=request.at, zone=request.zone)) is not None:
            found.append(same)
            continue
        made = directive(
            consent,
            name,
            patient=request.patient,
            discloser=request.discloser,
            recipient=request.recipient,
            purpose=purpose,
            at=request.at,
            zone=request.zone,
            actors=request.actors,
            by_consent_alone=request.law == "consent",
        )
        if made is not None:
            before = made
            found.append(made)
    return _each_by_its_name(found)


def _each_by_its_name(found: list[Directive]) -> list[Directive]:
    """In the order of their references. Of different consents under one id each speaks: none hides a refusal.

    Order of arrival is nobody's rule: not "most recent wins" (S46).
    """
    found = sorted(found, key=lambda one: one.reference)
    if len({one.reference for one in found}) == len(found):
        return found
    found.sort(key=lambda one: (one.reference, json.dumps(one.consent, sort_keys=True)))
    named: list[Directive] = []
    turn = 1
    for before, one in zip((None, *found), found, strict=False):
        if before is None or before.reference != one.reference:
            turn = 1
            named.append(one)
        elif before.consent != one.consent:
            turn += 1
            named.append(replace(one, reference=f"{one.reference}~{turn}"))
    return named


def _safely(
    index: int,
    entry: Entry,
    request: Request,
    purpose: str,
    directives: list[Directive],
    usable: Usable,
    policy: ReleasePolicy,
) -> tuple[EntryDecision, _Sides]:
    try:
        return _entry(index, entry, request, purpose, directives, usable, policy)
    except Exception:  # noqa: BLE001 - an error in the engine is a deny (part2 guide, section 10), never a way out
        return EntryDecision(index=index, decision="deny", because=("the entry could not be decided",)), ((), ())


def _facts(entry: Entry, *, mentioned: bool, text: TextLabels = SHIPPED) -> tuple[Entry, Facts]:
    """What provisions can ask about the entry; with `mentioned`, also where a thing is only mentioned (S16)."""
    if mentioned:
        entry = replace(entry, labels=(*entry.labels, *mentions(entry.resource, root=entry.root, text=text)))
    certain = codes(entry.resource)
    possible = frozenset(row.code for row in entry.labels if row.grade == "possible") - certain
    return entry, Facts(
        resource=entry.resource, certain=certain, possible=possible, confidentiality=highest(certain, default="N")
    )


def _entry(
    index: int,
    entry: Entry,
    request: Request,
    purpose: str,
    directives: list[Directive],
    usable: Usable,
    policy: ReleasePolicy,
) -> tuple[EntryDecision, _Sides]:
    if entry.role == "law-enforcement" and criminal_justice.criminal_justice(entry.resource):
        return _made(index, "hold", (criminal_justice.BECAUSE,)), ((), ())  # whatever law, consent or policy says
    entry, facts = _facts(entry, mentioned=policy.mentions and usable.denies_by_label(directives), text=policy.text)
    over = layer(request.law, facts, entry.role)
    ruling = rule(
        over,
        facts,
        discloser=request.discloser,
        recipient=request.recipient,
        purpose=purpose,
        patient=request.patient,
        evidence=request.evidence,
        policy=policy,
    )
    if named := named_in(entry.resource):
        facts = replace(facts, certain=facts.certain | named)
    met: tuple[Met, ...] = ()
    if over != "consent" and ruling.outcome != "deny":
        met = policy.state.met(
            facts.certain | facts.possible,
            custodian=entry.role,
            role=request.recipient.role,
            duties=request.recipient.duties,
            purpose=purpose,
            exception=ruling.exception,
        )
    if ruling.exception and met:
        return _by_state(index, strictest(met)), ((), ())
    if ruling.exception or ruling.outcome == "deny":
        return _by_law(index, ruling), ((), ())
    said = usable.says(directives, facts)
    denies = tuple(name for name, one in said.items() if one.verdict == "deny")
    outright = tuple(name for name in denies if not said[name].labels)
    labels = frozenset[str]().union(*(said[name].labels for name in denies))
    permitting = (
        one.reference
        for one in directives
        if _permits(one, facts, said[one.reference]) and not usable.faults(one, over, purpose)
    )
    # One permission is enough, and one goes along with what it lets go (2.32(b)). Only where a consent refuses does
    # a person want to see all of them; where the law asks for none and none refuses, nobody does.
    permits: tuple[str, ...] = ()
    if denies or met:
        permits = tuple(permitting)
    elif ruling.outcome == "ask-consent":
        permits = tuple(islice(permitting, 1))
    sides = (tuple(name for name in permits if name not in denies), denies)
    if outright:
        return _made(index, "deny", ("a consent refuses",), consents=outright), sides
    freeing = {one: _freeing(one, permits, directives) for one in met}
    unmet = tuple(one for one, by in freeing.items() if not by)
    if whole := [one for one in unmet if not one.labels]:
        return _under_state(index, over, ruling, strictest(whole), directives, said, usable, purpose), sides
    remove: frozenset[str] = frozenset()
    hold_for = ""
    if ORIGIN_UNKNOWN in facts.possible and over in ("hipaa", "police"):
        # Told by a care worker, whose record is not said: that element as Part 2 until somebody knows (S17).
        labels |= {ORIGIN_UNKNOWN}
        hold_for = "whose record it tells of is not known (42 CFR 2.12(d)(2))"
    if labels:
        elements = reach(entry, facts, labels)
        if elements is None:
            if hold_for and not denies:
                return _made(index, "hold", (hold_for,)), sides
            return _made(index, "deny", ("a consent refuses its sensitivity",), consents=denies), sides
        remove = elements
    if kept_back := ruling.without & (facts.certain | facts.possible):
        labels |= kept_back
        elements = reach(entry, facts, labels)
        if elements is None:
            why = "the agency's exchange policy does not give its sensitivity"
            return _made(index, "deny", (why,)), sides
        remove = elements
    if unmet:
        labels = labels.union(*(one.labels for one in unmet))
        elements = reach(entry, facts, labels)
        if elements is None:
            return _under_state(index, over, ruling, strictest(unmet), directives, said, usable, purpose), sides
        remove = elements
    because: list[str] = [ruling.because]
    used: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()
    obligations: list[str] = list(ruling.obligations)
    if ruling.outcome == "hold":
        return _made(index, "hold", tuple(because)), sides
    if ruling.outcome == "ask-consent":
        if not permits:
            return _without_permit(index, over, ruling, directives, said, usable, purpose), sides
        used, grounds = permits, permits[:1]
        because = [_BY_CONSENT[over]]
        if over in ("part2", "unknown") or PART2 in codes(entry.resource):
            obligations += PART2_OBLIGATIONS
        else:
            obligations.append("AOD")
    because += [one.rule.because for one in met if one not in unmet or remove]
    if freed := [name for by in freeing.values() for name in by]:
        used, grounds = (*used, *freed), (*grounds, *freed)
        obligations.append("AOD")
    if "notice" in obligations and not request.carries_notice:
        return _made(index, "hold", ("the destination cannot carry the notice and scope (42 CFR 2.32)",)), sides
    if remove or labels:
        taken = expand(labels) & (SENSITIVITIES | {ORIGIN_UNKNOWN})
        obligations.append("REDACT{" + ",".join(sorted(labels)) + "}")
        made = _made(index, "redact", tuple(because), consents=(*used, *denies), obligations=tuple(obligations))
        return replace(made, redact=taken, remove=remove, grounds=grounds), sides
    made = _made(index, "permit", tuple(because), consents=used, obligations=tuple(obligations))
    return replace(made, grounds=grounds) if grounds else made, sides


def _freeing(met: Met, permits: tuple[str, ...], directives: Sequence[Directive]) -> tuple[str, ...]:
    """The consent that a state's rule asks for, if there is one among those that permit; none frees from a refusal."""
    if met.rule.then != "ask-consent":
        return ()
    if met.rule.names_it:
        naming = {one.reference for one in directives if one.rule is not None and _names(one.rule, met.labels)}
        permits = tuple(name for name in permits if name in naming)
    return permits[:1]


def _names(given: Rule, labels: frozenset[str]) -> bool:
    """Whether a permit of the form says one of these sensitivities, by its code or one above it."""
    if given.kind != "deny":
        said = given.node.get("securityLabel")
        named = [one.get("code") for one in said if isinstance(one, dict)] if isinstance(said, list) else []
        if expand(code for code in named if isinstance(code, str)) & labels:
            return True
    return any(_names(child, labels) for child in given.exceptions)


def _by_state(index: int, met: Met) -> EntryDecision:
    return _made(index, "hold" if met.rule.then == "hold" else "deny", (met.rule.because,))


def _under_state(
    index: int,
    over: Layer,
    ruling: Ruling,
    met: Met,
    directives: list[Directive],
    said: Mapping[str, Said],
    usable: Usable,
    purpose: str,
) -> EntryDecision:
    """What becomes of an entry that a state's rule keeps back whole."""
    if met.rule.then != "ask-consent":
        return _by_state(index, met)
    return _without_permit(index, over, replace(ruling, because=met.rule.because), directives, said, usable, purpose)


_BY_CONSENT: dict[Layer, str] = {
    "part2": "a consent permits (42 CFR 2.31, 2.33(a))",
    "unknown": "origin is unknown; a consent permits as for Part 2 (42 CFR 2.31, 2.33(a))",
    "hipaa": "an authorization permits (45 CFR 164.508)",
    "police": "an authorization permits",
    "consent": "a consent permits",
}


def _permits(one: Directive, facts: Facts, said: Said) -> bool:
    """Whether the consent permits the entry, or permits it but for labels that will be taken out."""
    if said.verdict == "permit":
        return True
    if said.verdict == "deny" and said.labels and one.rule is not None:
        rest = replace(
            facts, certain=facts.certain - expand(said.labels), possible=facts.possible - expand(said.labels)
        )
        return says(one.rule, rest).verdict == "permit"
    return False


def _without_permit(
    index: int,
    over: Layer,
    ruling: Ruling,
    directives: list[Directive],
    said: Mapping[str, Said],
    usable: Usable,
    purpose: str,
) -> EntryDecision:
    if over == "consent":
        if usable.any_in_force:
            return _made(index, "deny", ("a consent is in force and none permits",))
        return _made(index, "no-consent", ("no consent is in force",))
    faulty = [one for one in directives if said[one.reference].verdict == "permit"]
    faults = tuple(dict.fromkeys(f for one in faulty for f in usable.faults(one, over, purpose)))
    if faults:
        # 42 CFR 2.31(c): a deficient consent discloses nothing.
        because = ("the consent is deficient (42 CFR 2.31(c))", *faults)
        return _made(index, "hold" if over == "unknown" else "deny", because, tuple(one.reference for one in faulty))
    if over == "unknown":
        return _made(index, "hold", ("origin is unknown: held, enforced as Part 2 (42 CFR 2.12(d)(2))",))
    return _made(index, "no-consent", (ruling.because,))


def _by_law(index: int, ruling: Ruling) -> EntryDecision:
    if ruling.outcome == "limited":
        made = _made(index, "redact", (ruling.because,), obligations=ruling.obligations)
        return replace(made, only=IDENTITY_ONLY)
    outcome: Verdict = "permit" if ruling.outcome == "permit" else "hold" if ruling.outcome == "hold" else "deny"
    return _made(index, outcome, (ruling.because,), obligations=ruling.obligations if outcome == "permit" else ())


def _made(
    index: int,
    decision: Verdict,
    because: tuple[str, ...],
    consents: tuple[str, ...] = (),
    obligations: tuple[str, ...] = (),
) -> EntryDecision:
    return EntryDecision(
        index=index,
        decision=decision,
        because=because,
        consents=tuple(dict.fromkeys(consents)),
        obligations=tuple(dict.fromkeys(obligations)),
    )


def _conflicts(decided: Sequence[tuple[EntryDecision, _Sides]]) -> tuple[Conflict, ...]:
    found: dict[_Sides, list[int]] = {}
    for made, sides in decided:
        if sides[0] and sides[1]:
            found.setdefault(sides, []).append(made.index)
    return tuple(Conflict(permit=p, deny=d, entries=tuple(at)) for (p, d), at in sorted(found.items()))
