"""Several EIDO documents of one incident as one: the latest version of each component (NENA-STA-021.1).

An EIDO replaces by component: a later document has new versions of some components, under the same `$id` with a later
`lastUpdateTimeStamp`, and may leave out what did not change. So a state is kept for each incident, and each document
joined to it:

    state = None
    for document in documents:                    # in any order, and any of them twice
        state = eido_update(state, document)
    incident = read_state(state, agency)

The order does not matter: of two versions the one updated last is kept, of two with the same time (or without one that
can be read) the one whose JSON sorts last, so that all orders give the same state. Nothing is removed because a later
document leaves it out. References reach whatever was sent before; the versions of a unit's statuses give its stages
their times, the first version of the incident its initial type.

A state is a value: frozen, and with a JSON form (`to_json`, `from_json`) of the same content that the documents have.
Whoever keeps it keeps what they said.

Not done: documents of two incidents are not joined (`merge` and `link` components say how incidents belong together);
who may speak for an incident is for the caller to decide before joining.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

import orjson

from mappings.cad.components import Json
from mappings.cad.eido import incident_of
from mappings.cad.references import History
from mappings.cad.registries import Registries
from mappings.cad.rules import NOT_EIDO, SAME_ID
from mappings.errors import ReadError
from mappings.found import Found
from mappings.incident import Agency, DateTime, Incident, Rejected
from mappings.json_documents import documents
from mappings.times import zone

# Of these the versions are remembered, by the members that tell a stage or a type.
_REMEMBERED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "emergencyResourceComponent": ("secondaryUnitStatusRegistryText",),
        "dispatchComponent": ("emergencyResourceReference",),
        "incidentComponent": (
            "incidentStatusCommonRegistryText",
            "incidentTypeCommonRegistryText",
            "incidentTypeInternalCode",
            "incidentTypeInternalText",
        ),
    }
)

_FORM: Final = 1

#: When a document was updated, what tells it from others of that time, and the place in its list.
First = tuple[str, str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The latest version of one component. `order` sorts versions by time; `first` is where it was first seen."""

    kind: str
    order: str
    json: bytes
    first: First


@dataclass(frozen=True, kw_only=True, slots=True)
class EidoState:
    """What the documents of one incident said so far.

    `id` is the incident tracking id, the documents' `$id`. `top` are the latest document's own members. `components`
    has the latest version of each, by kind and `$id`. `history` has, by the same key and by order, what the versions of
    units, dispatches and the incident said. `doubled` are keys that one document had twice.
    """

    id: str
    top: tuple[str, bytes]
    components: Mapping[str, Kept] = field(default_factory=dict)
    history: Mapping[str, Mapping[str, tuple[DateTime, bytes]]] = field(default_factory=dict)
    doubled: frozenset[str] = frozenset()

    def to_json(self) -> bytes:
        """This state as JSON: equal states have equal bytes. It holds what the documents said: keep it as them."""
        return orjson.dumps(
            {
                "eido-state": _FORM,
                "id": self.id,
                "top": [self.top[0], orjson.Fragment(self.top[1])],
                "components": [
                    [key, one.kind, one.order, one.first, orjson.Fragment(one.json)]
                    for key, one in sorted(self.components.items())
                ],
                "history": {
                    name: {order: [time, orjson.Fragment(said)] for order, (time, said) in versions.items()}
                    for name, versions in self.history.items()
                },
                "doubled": sorted(self.doubled),
            },
            option=orjson.OPT_SORT_KEYS,
        )

    @classmethod
    def from_json(cls, data: bytes) -> EidoState:
        """The state that `to_json` wrote. Raises ReadError `eido.state` for anything else."""
        try:
            value = orjson.loads(data)
            if value["eido-state"] != _FORM:
                raise ValueError("another form")
            return cls(
                id=value["id"],
                top=(value["top"][0], _canonical(value["top"][1])),
                components={
                    key: Kept(kind=kind, order=order, first=(first[0], first[1], first[2]), json=_canonical(members))
                    for key, kind, order, first, members in value["components"]
                },
                history={
                    name: {order: (time, _canonical(said)) for order, (time, said) in versions.items()}
                    for name, versions in value["history"].items()
                },
                doubled=frozenset(value["doubled"]),
            )
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            # orjson.JSONDecodeError is a ValueError; none of their texts is repeated: it may quote the data.
            raise ReadError("eido.state", "not the kept state of an incident's EIDO documents") from None


def eido_update(state: EidoState | None, document: Json, agency: Agency | None = None) -> EidoState:
    """`state` with one more document of its incident; None is the state before the first. `document` is not changed.

    `agency` gives the zone of times that have none: give the same one each time. Raises ReadError: `eido.no-version`
    (not an EIDO), `eido.no-tracking-id` (without `$id` nobody can say which incident it is of), `eido.other-incident`,
    `eido.cannot-be-kept` (nested deeper than 250 levels, or a number of more than 64 bits).
    """
    if "eidoVersion" not in document:
        raise ReadError(NOT_EIDO.rule, NOT_EIDO.text, path="eidoVersion", code=NOT_EIDO.code)
    name = tracking_id(document)
    if name is None:
        raise ReadError("eido.no-tracking-id", "a document without its `$id` belongs to no known incident", path="$id")
    if state is not None and state.id != name:
        raise ReadError("eido.other-incident", "the document is of another incident than the state", path="$id")
    found = Found(zone(agency.zone) if agency is not None and agency.zone else None)
    digest = sha256(_canonical(document)).hexdigest()
    order = _order(document, found)[0]

    components = dict(state.components) if state is not None else {}
    history = {key: dict(known) for key, known in state.history.items()} if state is not None else {}
    doubled = set(state.doubled) if state is not None else set()
    top: Json = {}
    here: set[str] = set()
    for kind, value in document.items():
        if not kind.endswith("Component") or type(value) not in (list, dict):
            top[kind] = value
            continue
        for index, members in enumerate(value if type(value) is list else (value,)):
            one = _kept(kind, members, (order, digest, index), found)
            key = _key(kind, members, one.json)
            if key in here:
                doubled.add(key)
            here.add(key)
            components[key] = _later(components.get(key), one)
            if kind in _REMEMBERED and type(members) is dict:
                _remember(history, kind, members, found)
    own = (order, _canonical(top))
    return EidoState(
        id=name,
        top=own if state is None else max(state.top, own),
        components=components,
        history=history,
        doubled=frozenset(doubled),
    )


def read_state(
    state: EidoState, agency: Agency | None = None, registries: Registries | None = None, *, index: int = 0
) -> Incident | Rejected:
    """The incident of all documents that were joined, as `read_eido` reads one. Raises nothing.

    Its paths are those of the joined document: components in the order in which the documents first had them.
    """
    members: Json = orjson.loads(state.top[1])
    found = Found(zone(agency.zone) if agency is not None and agency.zone else None)
    lists: dict[str, list[tuple[str, Kept]]] = {}
    for key, one in state.components.items():
        lists.setdefault(one.kind, []).append((key, one))
    for kind, listed in lists.items():
        listed.sort(key=lambda each: (each[1].first, each[1].json))
        if kind == "incidentComponent":
            # There is one: should its `$id` have changed, the one updated last is it.
            listed.sort(key=lambda each: (each[1].order, each[1].json), reverse=True)
        parts = [orjson.loads(one.json) for _, one in listed]
        members[kind] = parts[0] if kind == "incidentComponent" and len(parts) == 1 else parts
        for at, (key, _) in enumerate(listed):
            if key in state.doubled:
                found.issue(SAME_ID, kind if members[kind] is not parts else f"{kind}[{at}]")
    return incident_of(members, index=index, agency=agency, found=found, registries=registries, history=_history(state))


def read_joined(
    data: Iterable[bytes], agency: Agency | None = None, registries: Registries | None = None
) -> Iterator[Incident | Rejected]:
    """The incidents in all of `data`, each from all of its documents, in the order in which they first come.

    Each bytes is what `read_eido` reads: a document, an array, or NDJSON. A document without `$id` stands for itself;
    one that cannot be read is `Rejected`, counted over all of `data`. Holds all incidents at once. Raises nothing.
    """
    states: dict[str, tuple[int, EidoState | Incident | Rejected]] = {}
    at = zone(agency.zone) if agency is not None and agency.zone else None
    for index, members in enumerate(one for each in data for one in documents(each)):
        alone = f"#{index}"
        if isinstance(members, Rejected):
            states[alone] = index, Rejected(index=index, issues=members.issues)
            continue
        name = tracking_id(members)
        if name is None or "eidoVersion" not in members:
            alone_read = incident_of(members, index=index, agency=agency, found=Found(at), registries=registries)
            states[alone] = index, alone_read
            continue
        key = f"={name}"
        first, state = states.get(key, (index, None))
        try:
            states[key] = first, eido_update(state if isinstance(state, EidoState) else None, members, agency)
        except ReadError as error:
            states[alone] = index, Rejected(index=index, issues=error.issues)
    for first, one in states.values():
        yield read_state(one, agency, registries, index=first) if isinstance(one, EidoState) else one


def tracking_id(document: Json) -> str | None:
    """The incident tracking id, which is the document's `$id`; None where there is none."""
    name = document.get("$id")
    return name if type(name) is str and name else None


def _kept(kind: str, members: Any, first: First, found: Found) -> Kept:
    order = _order(members, found)[0] if type(members) is dict else ""
    return Kept(kind=kind, order=order, json=_canonical(members), first=first)


def _key(kind: str, members: Any, json: bytes) -> str:
    """What a component is known by: its kind and `$id`; without one itself, as nothing can replace it."""
    name = members.get("$id") if type(members) is dict else None
    return f"{kind}={name}" if type(name) is str and name else f"{kind}#{sha256(json).hexdigest()}"


def _later(before: Kept | None, one: Kept) -> Kept:
    if before is None:
        return one
    kept = max(before, one, key=lambda each: (each.order, each.json))
    first = min(before.first, one.first)
    return kept if kept.first == first else Kept(kind=kept.kind, order=kept.order, json=kept.json, first=first)


def _remember(history: dict[str, dict[str, tuple[DateTime, bytes]]], kind: str, members: Json, found: Found) -> None:
    name = members.get("$id")
    order, time = _order(members, found)
    if type(name) is not str or time is None:
        return
    said = _canonical({member: members[member] for member in _REMEMBERED[kind] if member in members})
    versions = history.setdefault(f"{kind}={name}", {})
    versions[order] = max(versions[order], (time, said)) if order in versions else (time, said)


def _history(state: EidoState) -> History:
    return {
        name: tuple((time, orjson.loads(said)) for _, (time, said) in sorted(versions.items()))
        for name, versions in state.history.items()
    }


def _order(members: Json, found: Found) -> tuple[str, DateTime | None]:
    """What sorts by the time of the last update, and that time; an empty text where none can be read."""
    stamp = members.get("lastUpdateTimeStamp")
    time = found.time(stamp, "", "") if type(stamp) is str else None
    if time is None:
        return "", None
    if len(time) <= 10:
        return time, time  # a date sorts before the instants of its day
    moment = datetime.fromisoformat(time)
    try:
        # Ninths of seconds are not told apart; the JSON decides between them.
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds"), time
    except (OverflowError, ValueError):
        return "", None


def _canonical(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise ReadError(
            "eido.cannot-be-kept", "nested too deep, or with too large a number, to be written as JSON"
        ) from None
