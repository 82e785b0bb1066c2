"""The `incident:` section compiled against the dataclasses of `mappings.incident`: names, kinds and closed lists are
theirs, so a pack can fill any field of the record and no other.

A plain text is a constant; a column is always `{from: …}`. Value verbs beside a group's own fields fill its principal
one: `{from: narrative, kind: police-report}` is a Narrative whose text comes from a column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from mappings import incident as record
from mappings.found import STAGES
from mappings.incident import Agency, Coded, DateTime, Person, Place, Referral, Staff, Unit
from mappings.incident_json import OUT_OF_RANGE
from mappings.packs import code_verbs, parts, paths, time_verbs, verbs
from mappings.packs.code_verbs import Tables
from mappings.packs.damage import looked_at, without_errors
from mappings.packs.formats import Row
from mappings.packs.load import Spec
from mappings.packs.stages import stages_maker
from mappings.packs.verbs import Make, Notes, Scope, Text, only_when
from mappings.shape import AnyOf, Choice, Many, Member, Record, Scalar, Shape, members

#: Fields that hold an organization's id; the pack's own agency there means the agency that is read for.
_ORGANIZATIONS = frozenset(
    {
        (record.Contact, "organization"),
        (record.Incident, "organization"),
        (record.Narrative, "organization"),
        (record.Referral, "organization"),
        (record.Staff, "organization"),
        (record.Transport, "destination"),
        (record.Unit, "employer"),
    }
)

#: Numbers and ids, and whether they say which incident it is: what Excel makes of one is an issue.
_NUMBERS: dict[tuple[type, str], bool] = {
    (record.Incident, "number"): True,
    (record.Incident, "case_number"): True,
    (record.Identifier, "value"): False,
    (record.Link, "number"): False,
    (record.Telecom, "value"): False,
    (record.Unit, "id"): False,
}

#: Bounds outside of which a number is a mistake.
_BOUNDS: dict[tuple[type, str], tuple[float, float]] = {
    (Place, "latitude"): (-90, 90),
    (Place, "longitude"): (-180, 180),
    (Place, "uncertainty_m"): (0, 40_000_000),
    (Person, "age_years"): (0, 150),
}

#: Verbs beside a group's own fields, which fill its principal one.
VALUE_KEYS = frozenset(
    (*code_verbs.CODED_VERBS, *time_verbs.TIME_VERBS, *time_verbs.DATE_VERBS, *code_verbs.VALUE_VERBS)
) - {"when"}  # fmt: skip
#: Fields that no pack writes.
NOT_COMPILED = frozenset({"timeline", "reading"})

Items: TypeAlias = Callable[[Row, Notes], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A compiled field: its closure (None is nothing) and the source path of each of its parts.

    `constant` is set for a value that does not come from the row. A repeated field notes which places its items came
    from; `each` has one account of paths per place, or one for all (`[]` in its paths is the place).
    """

    make: Make
    paths: dict[str, str] = field(default_factory=dict)
    constant: Any = None
    repeated: bool = False
    each: tuple[dict[str, str], ...] = ()


class Build:
    """Compiles fields for one agency: its zone, its id, the pack's tables."""

    def __init__(self, tables: Tables, agency: Agency, own: str, zone: ZoneInfo | None) -> None:
        self.tables = tables
        self._agency = agency
        self._own = own
        self._zone = zone
        #: The incident's own stages, once they are known: a unit's time may be a length of time after one.
        self.stages: tuple[str, ...] = ()

    def field(self, owner: type, member: Member, spec: Spec, scope: Scope, *, top: bool = False) -> Field:
        """The field `member` of `owner`. PackError where the spec cannot mean it."""
        if isinstance(member.shape, Many):
            return self._many(owner, member, spec, scope, top)
        return self._one(owner, member, member.shape, spec, scope)

    def time(self, spec: Spec, scope: Scope, stage: str = "") -> Text:
        """A compiled time, at the agency's zone."""
        keys = spec.mapping(time_verbs.TIME_VERBS)
        made = time_verbs.time(keys, spec, scope, self._zone, stage)
        return replace(made, get=_when(made.get, keys, scope))

    def length(
        self, spec: Spec, scope: Scope, known: tuple[str, ...]
    ) -> tuple[Callable[[Row, Notes, Mapping[str, DateTime]], DateTime | None], str]:
        """A compiled length of time after one of the known stages, and its source path."""
        keys = spec.mapping(time_verbs.AFTER_VERBS)
        _, timed, path = time_verbs.length(keys, spec, scope, self._zone, known)
        if "when" not in keys:
            return timed, path
        holds = verbs.condition(keys["when"], scope)
        return (lambda row, notes, found: timed(row, notes, found) if holds(row) else None), path

    def items(self, keys: dict[str, Spec], at: Spec, scope: Scope) -> tuple[Items, Scope]:
        """The items of a repeated group (`from`, and `split` for a text), and the scope of their paths."""
        if "from" not in keys:
            at.fail("expected `from`: the list", "pack.missing-key")
        if "split" in keys:
            cell, path = scope.cell(keys["from"])
            first, *more = (item.text() for item in keys["split"].items())

            def pieces(row: Row, notes: Notes) -> list[str]:
                text = cell(row, notes)
                if text is None:
                    return []
                for separator in more:
                    text = text.replace(separator, first)
                return text.split(first)

            return pieces, replace(scope, pieces=True, prefix=path, columns=None)
        if scope.columns is not None or scope.pieces:
            keys["from"].fail("expected `split` beside it: this is one text, not a list", "pack.missing-key")
        text = keys["from"].text()
        steps = paths.parse(text)
        if steps is None:
            keys["from"].fail("expected a path such as a.b[0].c", "pack.column")
        read = paths.reader(steps)
        prefix = f"{scope.prefix}.{text}" if scope.prefix else text

        def listed(row: Row, notes: Notes) -> list[Any]:
            value = read(row)
            if type(value) is list:
                return value
            return [] if value is None or value == "" else [value]

        return listed, replace(scope, prefix=f"{prefix}[]", steps=(*scope.steps, *steps, paths.ANY))

    # --- one value

    def _one(self, owner: type, member: Member, shape: Shape, spec: Spec, scope: Scope, place: int = 0) -> Field:
        if isinstance(shape, Record):
            if shape.cls is Coded:
                return self._coded(spec, scope)
            return self.group(shape.cls, spec, scope, place)
        if isinstance(shape, AnyOf):
            # An answer may be a code or a text: a table says that it is a code.
            if spec.is_mapping and "table" in spec.mapping():
                return self._coded(spec, scope)
            shape = Scalar("string")
        if isinstance(shape, Scalar) and shape.kind == "dateTime":
            made = self.time(spec, scope)
            return Field(make=made.get, paths={"": made.path})
        if isinstance(shape, Scalar) and shape.kind == "date":
            keys = spec.mapping(time_verbs.DATE_VERBS)
            made = time_verbs.date(keys, spec, scope)
            return Field(make=_when(made.get, keys, scope), paths={"": made.path})
        keys = {"const": spec} if spec.is_text else spec.mapping(code_verbs.VALUE_VERBS)
        choices: tuple[str, ...] = ()
        if isinstance(shape, Choice):
            choices = shape.values
        elif isinstance(shape, Scalar) and shape.kind == "boolean":
            choices = ("true", "false")
        made = code_verbs.value(keys, spec, scope, self.tables, choices)
        make: Make = made.get
        if isinstance(shape, Scalar) and shape.kind == "boolean":
            make = _boolean(made)
        elif isinstance(shape, Scalar) and shape.kind in ("integer", "number"):
            low, high = _BOUNDS.get((owner, member.field), (None, None))
            make = code_verbs.number(made, shape.kind == "integer", low, high, OUT_OF_RANGE)
        elif (owner, member.field) in _ORGANIZATIONS:
            make = self._organization(made)
        elif (owner, member.field) in _NUMBERS and not made.constant:
            make = looked_at(made.get, made.path, keys=_NUMBERS[owner, member.field])
        elif isinstance(shape, Scalar) and scope.columns is not None and not made.constant:
            make = without_errors(made, scope)
        make = _when(make, keys, scope)
        if not made.constant:
            return Field(make=make, paths={"": made.path})
        if "when" in keys:
            return Field(make=make)
        quiet = Notes()
        value = make(None, quiet)
        if value is None:
            spec.fail("expected a number within its bounds")
        return Field(make=make, constant=value)

    def _organization(self, made: Text) -> Make:
        own, agency, get = self._own, self._agency.id, made.get

        def named(row: Row, notes: Notes) -> str | None:
            value = get(row, notes)
            return agency if value == own else value

        return named

    def _coded(self, spec: Spec, scope: Scope) -> Field:
        keys = {"const": spec} if spec.is_text else spec.mapping(code_verbs.CODED_VERBS)
        make, path = code_verbs.coded(keys, spec, scope, self.tables)
        make = _when(make, keys, scope)
        if "const" in keys and "when" not in keys and "text" not in keys:
            # A table with validity needs the row's day, so it is looked up row by row.
            table = code_verbs.code_table(keys["table"], self.tables) if "table" in keys else None
            if table is None or not table.dated:
                return Field(make=make, constant=make(None, Notes()))
        return Field(make=make, paths={"": path} if path else {})

    # --- several

    def _many(self, owner: type, member: Member, spec: Spec, scope: Scope, top: bool) -> Field:
        assert isinstance(member.shape, Many)
        item = member.shape.item
        name = member.field if top else ""
        if spec.is_mapping:
            keys = spec.mapping()
            if "each_row" in keys:
                return self._each_row(owner, member, item, spec, scope, name)
            if "for_each" in keys or "split" in keys:
                return self._repeated(owner, member, item, spec, scope, name)
        fields = [self._one(owner, member, item, one, scope, n) for n, one in enumerate(spec.items())]
        if not fields:
            spec.fail("expected at least one item")
        if all(one.constant is not None for one in fields):
            constants = tuple(one.constant for one in fields)
            return Field(make=lambda row, notes: constants, constant=constants)
        makes = tuple(one.make for one in fields)
        each = tuple(one.paths for one in fields)

        def several(row: Row, notes: Notes) -> tuple[Any, ...] | None:
            found = []
            places = []
            for place, make in enumerate(makes):
                value = make(row, notes)
                if value is not None:
                    found.append(value)
                    places.append(place)
            if not found:
                return None
            if name:
                notes.shape.append((name, tuple(places)))
            return tuple(found)

        if len(makes) == 1:
            only = makes[0]

            def single(row: Row, notes: Notes) -> tuple[Any, ...] | None:
                value = only(row, notes)
                if value is None:
                    return None
                if name:
                    notes.shape.append((name, (0,)))
                return (value,)

            several = single

        flat = {f"[{n}].{rel}" if rel else f"[{n}]": at for n, one in enumerate(each) for rel, at in one.items()}
        return Field(make=several, paths=flat, repeated=True, each=each)

    def _repeated(self, owner: type, member: Member, item: Shape, spec: Spec, scope: Scope, name: str) -> Field:
        keys = dict(spec.mapping())
        own: dict[str, Spec] = {key: keys.pop(key) for key in ("from", "split", "when") if key in keys}
        items, inner = self.items(own, spec, scope)
        if "for_each" in keys:
            each_spec = keys.pop("for_each")
            for extra in keys.values():
                extra.fail("unknown key; expected one of: from, split, when, for_each", "pack.unknown-key")
            if not each_spec.is_mapping:
                each_spec.fail("expected a mapping (key: value)")
        else:
            each_spec = Spec(
                {"from": Spec(".", spec.file, spec.line, spec.key), **keys}, spec.file, spec.line, spec.key
            )
        test = verbs.condition(own["when"], scope) if "when" in own else None
        one = self._one(owner, member, item, each_spec, inner)
        return _repeat(one, items, test, name, pieces=inner.pieces)

    def _each_row(self, owner: type, member: Member, item: Shape, spec: Spec, scope: Scope, name: str) -> Field:
        """An item of each row of a group. Rows that say the same make one item."""
        keys = spec.mapping(("each_row", "when"))
        if scope.each_row is None:
            keys["each_row"].fail(
                "expected `group` in source: a row is an incident of its own here", "pack.unknown-key"
            )
        if not keys["each_row"].is_mapping:
            keys["each_row"].fail("expected a mapping (key: value)")
        test = verbs.condition(keys["when"], scope) if "when" in keys else None
        inner = replace(scope, known=scope.each_row, each_row=None)
        one = self._one(owner, member, item, keys["each_row"], inner)
        return _repeat(one, lambda row, notes: row.rows, test, name, once=True)

    # --- groups

    def group(self, cls: type, spec: Spec, scope: Scope, place: int = 0) -> Field:
        """A part of the record: a person, a unit, a narrative … made when something in the row fills it.

        A group with `when` is made whenever that holds. `place` is its place in a list written out in the pack.
        """
        known = {m.name: m for m in members(cls) if m.name not in NOT_COMPILED}
        principal = parts.PRINCIPAL.get(cls)
        if spec.is_text:
            if principal is None:
                spec.fail("expected a mapping (key: value)")
            spec = Spec({principal: spec}, spec.file, spec.line, spec.key)
        extra = parts.EXTRA.get(cls, ())
        value_keys = (VALUE_KEYS - known.keys() - set(extra)) if principal is not None else frozenset()
        keys = dict(spec.mapping((*known, "when", *extra, *sorted(value_keys))))
        if principal is not None:
            self._principal(keys, principal, value_keys, spec, scope)
        test = verbs.condition(keys.pop("when"), scope) if "when" in keys else None
        if "origin" in keys:
            parts.origin(cls, keys)
        base: dict[str, Any] = {}
        filled: list[tuple[str, Make]] = []
        where: dict[str, str] = {}
        for key, given in keys.items():
            if key not in known:
                continue
            made = self.field(cls, known[key], given, scope)
            if made.constant is not None:
                base[known[key].field] = made.constant
            else:
                filled.append((known[key].field, made.make))
                for rel, at in made.paths.items():
                    where[key + (f".{rel}" if rel and not rel.startswith("[") else rel)] = at
        if cls is Unit and any(stage in keys for stage in (*STAGES, "stages")):
            timeline, stage_paths = stages_maker(keys, scope, self, self.stages)
            filled.append(("timeline", timeline))
            where |= {f"timeline.{stage}": at for stage, at in stage_paths.items()}
        for member in known.values():
            if member.required and member.name not in keys and (cls, member.field) != (Person, "slot"):
                spec.fail(f"expected the key `{member.name}`", "pack.missing-key")
        if cls is Staff and base and not filled and test is None:
            # Who wrote a kind of record is the same on every row; it makes no record by itself.
            staff = Staff(**base)
            return Field(make=lambda row, notes: staff, constant=staff)
        make = parts.assemble(cls, base, filled, test, known, where, place)
        if cls is Unit and "table" in keys:
            table = code_verbs.unit_table(keys["table"], self.tables)
            make = parts.from_unit_table(make, table, where.get("id", ""), self._own, self._agency.id)
        elif cls is Referral and "organization" in keys and keys["organization"].is_mapping:
            named = keys["organization"].mapping()
            if "table" in named and "from" in named:
                texts = {key: one for key, one in named.items() if key in verbs.TEXT_VERBS}
                words = verbs.text(texts, keys["organization"], scope)
                make = parts.with_words(make, words, code_verbs.code_table(named["table"], self.tables), test)
        return Field(make=make, paths=where)

    def _principal(
        self, keys: dict[str, Spec], principal: str, value_keys: frozenset[str], spec: Spec, scope: Scope
    ) -> None:
        """Gather the value verbs beside a group's fields into its principal field."""
        beside = {key: keys.pop(key) for key in list(keys) if key in value_keys}
        if beside and principal in keys:
            first = next(iter(beside.values()))
            first.fail(f"unknown key beside `{principal}`, which says where the value is from", "pack.unknown-key")
        if beside:
            keys[principal] = Spec(beside, spec.file, spec.line, spec.key)
        elif principal not in keys and scope.pieces:
            keys[principal] = Spec({"from": Spec(".", spec.file, spec.line, spec.key)}, spec.file, spec.line, spec.key)


def _when(make: Make, keys: dict[str, Spec], scope: Scope) -> Make:
    return only_when(make, verbs.condition(keys["when"], scope)) if "when" in keys else make


def _boolean(made: Text) -> Make:
    get = made.get

    def yes_no(row: Row, notes: Notes) -> bool | None:
        value = get(row, notes)
        return None if value is None else value == "true"

    return yes_no


def _repeat(
    one: Field, items: Items, test: verbs.Test | None, name: str, *, pieces: bool = False, once: bool = False
) -> Field:
    """`one` of each of the items, where `test` holds. `once` leaves out what is there already."""
    make = one.make

    def repeated(row: Row, notes: Notes) -> tuple[Any, ...] | None:
        if test is not None and not test(row):
            return None
        found: list[Any] = []
        places = []
        outer = notes.place
        for place, part in enumerate(items(row, notes)):
            if pieces and not part.strip():
                continue
            notes.place = place
            value = make(part, notes)
            if value is not None and not (once and value in found):
                found.append(value)
                places.append(place)
        notes.place = outer
        if not found:
            return None
        if name:
            notes.shape.append((name, tuple(places)))
        return tuple(found)

    flat = {f"[].{rel}" if rel else "[]": at for rel, at in one.paths.items()}
    return Field(make=repeated, paths=flat, repeated=True, each=(one.paths,))
