"""Origin through copies: what a Bundle's Provenance says about where its records come from.

A copy of a Part 2 record is one (42 CFR 2.12(d)(2)(i)(C)): a target of a Provenance takes the label of origin from
what the Provenance names as its source, and from an organization among its agents whose declared posture is that of a
program, its QSO, or a lawful holder. A Provenance only ever adds: nothing here takes a label of origin away, and
content gives none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mappings.incident import Role
from mappings.labels.codes import Finding
from mappings.labels.origin import Origin, by_origin
from mappings.labels.vocabulary import PART2, codes

Json = dict[str, Any]

#: Who only received the record says nothing about where it came from (v3-ParticipationType).
_RECEIVERS: Final = frozenset(["IRCP", "NOT", "PRCP", "REFT", "TRC"])
_COPIED: Final = Finding(
    (PART2,), "certain", "origin: made from a Part 2 record, as its Provenance says (42 CFR 2.12(d)(2))", "Provenance"
)


def names(entry: Json) -> Iterator[str]:
    """Every way to refer to an entry: its fullUrl, Type/id, `system|value` of its identifiers."""
    if isinstance(url := entry.get("fullUrl"), str):
        yield url
    resource = entry.get("resource")
    if not isinstance(resource, dict):
        return
    if isinstance(number := resource.get("id"), str):
        yield f"{resource.get('resourceType')}/{number}"
        yield f"urn:uuid:{number}"
    held = resource.get("identifier")
    for one in held if isinstance(held, list) else [held]:
        if isinstance(one, dict) and isinstance(one.get("value"), str):
            yield f"{one.get('system', '')}|{one['value']}"


def pointed(reference: Any) -> list[str]:
    """The names that a Reference gives for what it points to."""
    if not isinstance(reference, dict):
        return []
    found: list[str] = []
    if isinstance(target := reference.get("reference"), str):
        bare = target.partition("/_history/")[0]
        found += [bare, "/".join(bare.split("/")[-2:])]
    identifier = reference.get("identifier")
    if isinstance(identifier, dict) and isinstance(identifier.get("value"), str):
        found.append(f"{identifier.get('system', '')}|{identifier['value']}")
    return found


def inherited(
    entries: Sequence[Any], origins: Sequence[Origin | None], postures: Mapping[str, Role]
) -> dict[int, Finding]:
    """By entry, why its origin is a Part 2 program's by what the Provenances among the entries say.

    `postures`: who organizations are in law, by reference or `system|value`. One of the Bundle is known by any of its
    names. Entries that are Part 2 records already are sources for others and are not in the result.
    """
    provenances = [
        (index, resource)
        for index, entry in enumerate(entries)
        if isinstance(entry, dict)
        and isinstance(resource := entry.get("resource"), dict)
        and resource.get("resourceType") == "Provenance"
    ]
    if not provenances:
        return {}
    # Most entries of a Bundle have one and the same origin.
    programs = {key: _of_a_program(origin) for key, origin in {id(origin): origin for origin in origins}.items()}
    restricted: set[int] = set()
    for index, entry in enumerate(entries):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and (
            (index < len(origins) and programs[id(origins[index])]) or PART2 in codes(resource)
        ):
            restricted.add(index)
    if not (restricted or postures):
        return {}
    at: dict[str, int] = {}
    for index, entry in enumerate(entries):
        for name in names(entry) if isinstance(entry, dict) else ():
            at.setdefault(name, index)
    found: dict[int, Finding] = {}
    settled = -1
    while settled != len(found):
        settled = len(found)
        for own, provenance in provenances:
            why = _from_agents(provenance, entries, at, postures) or _from_sources(provenance, at, restricted)
            if why is None:
                continue
            targets = {at[name] for one in _list(provenance.get("target")) for name in pointed(one) if name in at}
            # The Provenance itself tells whose records they are.
            for index in {*targets, own} - restricted if targets else ():
                restricted.add(index)
                found[index] = why
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _of_a_program(origin: Origin | None) -> bool:
    if origin is None:
        return False
    given = by_origin(origin, frozenset())
    return given is not None and given[0] == PART2


def _from_sources(provenance: Json, at: Mapping[str, int], restricted: set[int]) -> Finding | None:
    for entity in _list(provenance.get("entity")):
        if isinstance(entity, dict):
            for name in pointed(entity.get("what")):
                if at.get(name) in restricted:
                    return _COPIED
    return None


def _from_agents(
    part: Json, entries: Sequence[Any], at: Mapping[str, int], postures: Mapping[str, Role]
) -> Finding | None:
    """By an agent of a Provenance, or of one of its entities, whose posture is declared."""
    agents = [agent for agent in _list(part.get("agent")) if isinstance(agent, dict)]
    for entity in (one for one in _list(part.get("entity")) if isinstance(one, dict)):
        agents += [agent for agent in _list(entity.get("agent")) if isinstance(agent, dict)]
    for agent in agents:
        if _receives(agent):
            continue
        for who in (agent.get("who"), agent.get("onBehalfOf")):
            for name in _organizations(who, entries, at):
                given = (
                    by_origin(Origin(reference=name, role=role), frozenset()) if (role := postures.get(name)) else None
                )
                if given is not None and given[0] == PART2:
                    return Finding((PART2,), "certain", f"{given[1]}, as its Provenance says", "Provenance")
    return None


def _receives(agent: Json) -> bool:
    kind = agent.get("type")
    coding = kind.get("coding") if isinstance(kind, dict) else None
    return any(isinstance(one, dict) and one.get("code") in _RECEIVERS for one in _list(coding))


def _organizations(who: Any, entries: Sequence[Any], at: Mapping[str, int], depth: int = 2) -> Iterator[str]:
    """The names of who this refers to, and of the organization that they act in."""
    for name in pointed(who):
        yield name
        if name in at:
            entry = entries[at[name]]
            yield from names(entry)
            resource = entry["resource"] if isinstance(entry.get("resource"), dict) else {}
            for key in ("organization", "managingOrganization", "owner", "partOf"):
                if depth and key in resource:
                    yield from _organizations(resource[key], entries, at, depth - 1)
