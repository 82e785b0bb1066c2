"""What two records say of one thing, joined field by field: the merge's rules for values, without who is believed.

The records come in the order in which they are believed. The first that knows a field gives it; a field that equals
its default says nothing; lists are joined, each thing once. What another record says differently is a conflict:
told by its two places, never by its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, Field, fields, replace
from typing import Any, Final

from mappings.incident import Coded, Name, Narrative, Person, Place, Staff, Timeline, Unit
from mappings.record import record

#: Told of a field that two records know and say differently: where the value stands that stays, and the other's place.
Conflict = Callable[[str, str], None]

#: Joined field by field where they stand inside another record; any other record is one value.
_INSIDE: Final = (Timeline,)
#: A value and how exact it is belong together: the second is taken from whoever gave the first.
_BESIDE: Final = {"approximate_age": "age_years"}


@record
class Said:
    """What one record says of a thing, and how its field's place in the source is told."""

    value: Any
    at: Callable[[str], str]


def joined(said: Sequence[Said], conflict: Conflict, *, leave: frozenset[str] = frozenset()) -> Any:
    """The first record, with what it does not know from those after it. `leave`: fields that stay the first's.

    Raises nothing. The records are of one dataclass.
    """
    first = said[0].value
    changed: dict[str, Any] = {}
    for each in fields(type(first)):
        if each.name in leave:
            continue
        values = [(one, getattr(one.value, each.name)) for one in said]
        made = _field(each, values, conflict)
        if made is not values[0][1]:
            changed[each.name] = made
    for name, beside in _BESIDE.items():
        if beside in changed:
            giver = next(one.value for one in said if getattr(one.value, beside) is not None)
            changed[name] = getattr(giver, name)
    return replace(first, **changed) if changed else first


def _field(each: Field[Any], values: list[tuple[Said, Any]], conflict: Conflict) -> Any:
    nothing = _default(each)
    known = [(one, value) for one, value in values if value is not None and value != nothing and value != ()]
    if not known:
        return values[0][1]
    if any(isinstance(value, tuple) for _, value in known):
        return union(value for _, value in known)
    if isinstance(known[0][1], _INSIDE):
        inner = [Said(value=value, at=_under(one.at, each.name)) for one, value in known]
        return joined(inner, conflict)
    if isinstance(known[0][1], bool):
        return True
    return chosen([(value, one.at(each.name)) for one, value in known], conflict)


def chosen(known: Sequence[tuple[Any, str]], conflict: Conflict) -> Any:
    """The first of the known (value, place) pairs; the more exact of two that agree. Others that differ: `conflict`."""
    kept, place = known[0]
    for other, at in known[1:]:
        if not same(kept, other):
            conflict(place, at)
        elif _more_exact(other, kept):
            kept, place = other, at
        elif isinstance(kept, Place) and isinstance(other, Place) and kept != other:
            kept = _filled(kept, other)
    return kept


def union(lists: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The members of all lists in order, each once. `unknown` among roles says nothing beside another."""
    found: list[Any] = []
    for each in lists:
        for one in each:
            if not any(_repeats(one, known) for known in found):
                found.append(one)
    return tuple(one for one in found if one != "unknown") or tuple(found) if found else ()


def same(one: Any, other: Any) -> bool:
    """Whether two values say the same, as far as both say it: `2026-01-14` agrees with any time of that day."""
    if one == other:
        return True
    if isinstance(one, str) and isinstance(other, str):
        return _fold(one) == _fold(other) or _less_exact(one, other) or _less_exact(other, one)
    if isinstance(one, Coded) and isinstance(other, Coded):
        return _same_code(one, other)
    if isinstance(one, Place) and isinstance(other, Place):
        both = _both(one, other)
        return bool(both) and all(same(a, b) for a, b in both)
    if isinstance(one, Staff) and isinstance(other, Staff):
        if one.id and other.id:
            return one.id == other.id
        return one.name is not None and other.name is not None and same_name(one.name, other.name)
    return False


def same_name(one: Name, other: Name) -> bool:
    """Whether two names are written alike: family and given names, apart from case and spaces."""
    return name_key(one) is not None and name_key(one) == name_key(other)


def name_key(name: Name) -> tuple[str, ...] | None:
    """A name's family and given names for comparison; None when either is missing: that identifies nobody."""
    if not name.family or not name.given:
        return None
    return (_fold(name.family), *(_fold(given) for given in name.given))


def unit_said(unit: Unit) -> str:
    """What a unit is known by."""
    return _fold(unit.id)


def _same_code(one: Coded, other: Coded) -> bool:
    if one.code and other.code and one.system == other.system:
        return one.code == other.code
    if one.mapped and other.mapped:
        codes = {(code.system, code.code) for code in one.mapped}
        return any((code.system, code.code) in codes for code in other.mapped)
    return bool(one.text and other.text) and _fold(one.text or "") == _fold(other.text or "")


def _repeats(one: Any, known: Any) -> bool:
    if isinstance(one, Narrative) and isinstance(known, Narrative):
        return _fold(one.text) == _fold(known.text) and one.organization == known.organization
    if isinstance(one, Name) and isinstance(known, Name) and same_name(one, known):
        return one.use == known.use or one.use is None
    return bool(one == known)


def _less_exact(one: str, other: str) -> bool:
    """Whether `one` is the date of the instant `other` (FHIR dateTimes)."""
    return len(one) == 10 and len(other) > 18 and other[10] == "T" and other[:10] == one and one[4] == one[7] == "-"


def _more_exact(other: Any, kept: Any) -> bool:
    return isinstance(other, str) and isinstance(kept, str) and _less_exact(kept, other)


def _both(one: Place, other: Place) -> list[tuple[Any, Any]]:
    pairs = ((getattr(one, f.name), getattr(other, f.name)) for f in fields(Place))
    return [(a, b) for a, b in pairs if a is not None and b is not None]


def _filled(kept: Place, other: Place) -> Place:
    """Two places that agree in all that both say: what one does not say is taken from the other."""
    given = {f.name: getattr(other, f.name) for f in fields(Place) if getattr(kept, f.name) is None}
    if kept.latitude is None or kept.longitude is None:
        # A point is one value: never the latitude of one and the longitude of another.
        point = {name: getattr(other, name) for name in ("latitude", "longitude", "uncertainty_m")}
        given |= point if None not in (other.latitude, other.longitude) else {}
    else:
        given = {name: value for name, value in given.items() if name != "uncertainty_m"}
    return replace(kept, **given)


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


def _under(at: Callable[[str], str], name: str) -> Callable[[str], str]:
    return lambda inner: at(f"{name}.{inner}")


def _default(each: Field[Any]) -> Any:
    return None if each.default is MISSING else each.default


def person_facts(said: Sequence[Said], conflict: Conflict) -> Person:
    """One person out of what several records say of them. Who is known to one of them is not unknown."""
    made: Person = joined(said, conflict, leave=frozenset({"slot", "unknown"}))
    return replace(made, unknown=all(one.value.unknown for one in said))
