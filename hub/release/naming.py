"""Whom a consent names: parties compared by references, identifiers and declared classes, never by likeness (S41).

A permit reaches whom it names so. Words that cannot be compared name nobody in a permit and may mean anybody in a deny.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hub.release.consent import DISCLOSER_ROLES, role_of
from hub.release.elements import Elements, Intermediary
from hub.release.purpose import within

Json = dict[str, Any]
Verdict = Literal["permit", "deny"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """Who discloses or receives: reference, declared role, identifiers (`system|value`), duties."""

    reference: str | None
    role: str | None = None
    identifiers: frozenset[str] = frozenset()
    duties: frozenset[str] = frozenset()
    #: References and identifiers by which a consent may name this party: itself, and what it acts for.
    known_as: frozenset[str] = frozenset()


def same_reference(first: Any, second: Any) -> bool:
    """Whether two references name the same thing: equal, or the same Type/id at the end. What is no string does not."""
    if not isinstance(first, str) or not isinstance(second, str) or not first:
        return False
    return first == second or ("/" in first and "/" in second and tail(first) == tail(second))


def tail(reference: str) -> str:
    return "/".join(reference.split("/_history/")[0].split("/")[-2:])


def aliases(reference: str | None, identifiers: frozenset[str], actors: Mapping[str, Json]) -> frozenset[str]:
    """Every reference and identifier that names this party: itself, its resource's identifiers, a role's organization
    and person, the care teams it is in. Organizations above it are not: a consent to a clinic names its members only
    through their roles."""
    found = set(identifiers)
    if reference:
        found.add(tail(reference) if "/" in reference else reference)
        resource = actors.get(reference)
        if resource is not None:
            found |= _identifiers(resource)
            if resource.get("resourceType") == "PractitionerRole":
                for key in ("practitioner", "organization"):
                    held = resource.get(key)
                    if isinstance(held, dict):
                        found |= named_by(held)
                        target = actors.get(str(held.get("reference", "")))
                        if target is not None:
                            found |= _identifiers(target)
    for other, resource in actors.items():
        if resource.get("resourceType") == "CareTeam":
            for participant in _list(resource.get("participant")):
                member = participant.get("member")
                if isinstance(member, dict) and named_by(member) & found:
                    found.add(tail(other) if "/" in other else other)
    return frozenset(found)


def _identifiers(resource: Json) -> set[str]:
    found = resource.get("identifier")
    many = found if isinstance(found, list) else [found]
    return {f"{one.get('system', '')}|{one['value']}" for one in many if isinstance(one, dict) and one.get("value")}


def named_by(reference: Json) -> set[str]:
    found: set[str] = set()
    if isinstance(target := reference.get("reference"), str):
        found.add(tail(target) if "/" in target else target)
    identifier = reference.get("identifier")
    if isinstance(identifier, dict) and identifier.get("value"):
        found.add(f"{identifier.get('system', '')}|{identifier['value']}")
    return found


def discloser_is(
    consent: Json, extra: Elements, discloser: Party, actors: Mapping[str, Json], *, kind: Verdict | None
) -> bool:
    """Whether the form is about this discloser. Words alone name nobody for a permit, and anybody for a deny."""
    named = [*_list(consent.get("organization")), *disclosers(_dict(consent.get("provision")))]
    if not (named or extra.discloser_classes or extra.names):
        return True
    if any(names(one, discloser, actors) for one in named):
        return True
    if any(class_covers(group, discloser, "") for group in extra.discloser_classes):
        return True
    in_words = (
        bool(extra.names)
        or any(not named_by(one) for one in named)
        or any(not class_known(group) for group in extra.discloser_classes)
    )
    return kind == "deny" and in_words


def disclosers(node: Json) -> list[Json]:
    return [_dict(actor.get("reference")) for actor in _list(node.get("actor")) if role_of(actor) in DISCLOSER_ROLES]


def names(reference: Json, party: Party, actors: Mapping[str, Json]) -> bool:
    return bool(_called(reference, actors) & party.known_as)


def _called(reference: Json, actors: Mapping[str, Json]) -> set[str]:
    """What a reference names, and by which identifiers the resource goes that it leads to."""
    found = named_by(reference)
    target = actors.get(str(reference.get("reference", "")))
    if target is not None:
        found |= _identifiers(target)
    return found


#: Classes that a form may name (2.31(a)(4)(i)), in words that are recognised, and whom they cover.
_TPO_CLASS = "my treating providers, health plans, third-party payers, and people helping to operate this program"


def class_covers(group: str, party: Party, purpose: str) -> bool:
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


def class_known(group: str) -> bool:
    """Whether the words of a class are recognised, so that who is not covered by it is truly outside it."""
    roles = ("part2-program", "covered-entity", "business-associate", "qso", "intermediary", "law-enforcement", "other")
    return any(
        class_covers(group, Party(reference=None, role=role, duties=frozenset({"treating"})), "TREAT")
        for role in (*roles, "lawful-holder", "patient", "representative")
    )


def through(one: Intermediary, recipient: Party, purpose: str, actors: Mapping[str, Json]) -> bool:
    """Whether an intermediary's designation names this recipient: the intermediary itself, a participant by reference
    or identifier, or one of a class who treats and is known to take part (an active OrganizationAffiliation)."""
    if names(one.organization, recipient, actors) or any(names(who, recipient, actors) for who in one.members):
        return True
    if "treating" not in recipient.duties or not any(class_covers(group, recipient, purpose) for group in one.classes):
        return False
    through = _called(one.organization, actors)
    return any(
        resource.get("resourceType") == "OrganizationAffiliation"
        and resource.get("active", True) is True
        and bool(_called(_dict(resource.get("organization")), actors) & through)
        and names(_dict(resource.get("participatingOrganization")), recipient, actors)
        for resource in actors.values()
    )


def participants_named(extra: Elements, intermediary: Party, actors: Mapping[str, Json]) -> bool:
    """Whether a form names the participants of this intermediary, as it must for one to receive (2.31(a)(4)(ii)).

    An intermediary that stands there in words only is taken to be the one that the form's actors name.
    """
    return any(
        one.names_participants and (not named_by(one.organization) or names(one.organization, intermediary, actors))
        for one in extra.intermediaries
    )


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
