"""The JSON Schema (2020-12) of pack.yaml, made from what the compiler takes: an editor completes and checks by it.

It says which keys there are and what kind each is. What only the compiler can know (that a column is one of the
file's, that a table is declared) it does not.
"""

from __future__ import annotations

import inspect
from typing import Any, get_args

from mappings.found import STAGES
from mappings.incident import Coded, Incident, Organization, Person, Role, Timeline, Unit
from mappings.packs import parts
from mappings.packs.code_verbs import CODED_VERBS, VALUE_VERBS
from mappings.packs.declaration import ENCODINGS, FURTHEST, SOURCE_KEYS
from mappings.packs.fields import NOT_COMPILED, VALUE_KEYS
from mappings.packs.reading import CJIS_CLASSES, TOP
from mappings.packs.time_verbs import AFTER_VERBS, DATE_VERBS, DST, LENGTHS, TIME_VERBS
from mappings.packs.verbs import CONDITIONS, NORMALISE
from mappings.shape import AnyOf, Choice, Many, Record, Scalar, Shape, members

#: The canonical URL of the schema.
SCHEMA_ID = "https://warmhandoff.org/schemas/pack.schema.json"

_TEXT: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_TEXTS: dict[str, Any] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
_FLAG: dict[str, Any] = {"enum": [True, False, "true", "false"]}
_WIDTHS: dict[str, Any] = {"anyOf": [_TEXT, {"type": "object", "additionalProperties": _TEXT}]}
_TEXT_MAP: dict[str, Any] = {"type": "object", "additionalProperties": _TEXT}


def _count(least: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most}


#: Each verb: its value, and what it does.
_VERBS: dict[str, tuple[dict[str, Any], str]] = {
    "from": (_TEXTS, "A column or path; several are joined."),
    "const": (_TEXT, "The same value on every row."),
    "join": (_TEXT, "What stands between several columns; a space, and nothing in a time."),
    "width": (_WIDTHS, "How many signs a text has: another number is an issue."),
    "zero_pad": (_WIDTHS, "To how many digits a number is filled with zeros before it."),
    "strip": (_TEXT, "Signs cut off at both ends."),
    "normalise": (
        {"anyOf": [{"enum": list(NORMALISE)}, {"type": "array", "items": {"enum": list(NORMALISE)}}]},
        "Spaces, letter case, digits only.",
    ),
    "regex": (_TEXT, "One named group is the value; no match is an issue."),
    "fn": (_TEXT, "A registered Python function, package.module:name."),
    "when": ({"$ref": "#/$defs/When"}, "The condition under which this is made."),
    "table": (_TEXT, "A table declared under tables."),
    "text": (_TEXT, "The column with the source's words for a code."),
    "system": (_TEXT, "The URI of the code's system, where no table has it."),
    "datetime": (_TEXTS, "iso, epoch, epoch-ms, excel, excel-1904, or %Y %m %d ...; several are tried in order."),
    "date": (_TEXTS, "As datetime, for a date."),
    "unknown_time": (_TEXTS, "Times of day that mean that only the date is known."),
    "unknown_date": (_TEXTS, "Dates that mean that nothing is known."),
    "zone": (_TEXT, "The IANA zone of this column, where it is not the agency's."),
    "dst": ({"enum": list(DST)}, "The hour that autumn repeats: its first time, its second, or the date alone."),
    "after": ({"enum": list(STAGES)}, "The stage after which this one is told as a length of time."),
    "unit": ({"enum": list(LENGTHS)}, "The unit of a length of time; minutes."),
}


def pack_schema() -> dict[str, Any]:
    """The schema, made anew."""
    definitions: dict[str, Any] = {
        **{f"verb-{name}": {"description": does, **value} for name, (value, does) in _VERBS.items()},
        "When": {
            "description": "Each column named meets its condition.",
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "properties": {one: _FLAG if one == "not_empty" else _TEXTS for one in CONDITIONS},
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        },
        "Time": _verbs(TIME_VERBS, ("from", "datetime")),
        "Length": _verbs(AFTER_VERBS, ("from", "after")),
        "Date": _verbs(DATE_VERBS, ("from", "date")),
        "Verbs": _verbs(VALUE_VERBS),
        "Value": {"anyOf": [_TEXT, {"$ref": "#/$defs/Verbs"}]},
        "Coded": {"anyOf": [_TEXT, _verbs(CODED_VERBS)]},
        "Split": _split(),
        "EitherTime": {"anyOf": [{"$ref": "#/$defs/Time"}, {"$ref": "#/$defs/Length"}]},
        "Stages": {
            "description": "A history of statuses with times.",
            "type": "object",
            "properties": {
                "from": _TEXT,
                "by": {"$ref": "#/$defs/Value"},
                "time": {"$ref": "#/$defs/Time"},
            },
            "required": ["from", "by", "time"],
            "additionalProperties": False,
        },
    }
    incident = {name: _shape(member.shape, definitions) for name, member in TOP.items()} | _stages()
    incident["occurred"] = {"$ref": "#/$defs/Time"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Mapping pack",
        "type": "object",
        "properties": {
            "pack": _pack(),
            "source": {"oneOf": [_source(form, keys) for form, keys in SOURCE_KEYS.items()]},
            "organizations": {"type": "array", "items": _organization()},
            "tables": {"type": "object", "additionalProperties": _table()},
            "incident": {
                "description": inspect.cleandoc(Incident.__doc__ or "").partition("\n")[0],
                "type": "object",
                "properties": incident,
                "additionalProperties": False,
                "anyOf": [{"required": ["event_number"]}, {"required": ["case_number"]}],
            },
            "drop": {"description": "Columns left out, each with the reason.", **_TEXT_MAP},
            "cjis": {
                "description": "Columns that never enter a record, by class.",
                "type": "object",
                "properties": dict.fromkeys(CJIS_CLASSES, _TEXTS),
                "additionalProperties": False,
            },
            "examples": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"in": _TEXT, "incident": _TEXT},
                    "required": ["in", "incident"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["pack", "source", "incident"],
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }


def _verbs(names: tuple[str, ...], required: tuple[str, ...] = ()) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": _described(names), "additionalProperties": False}
    return made | ({"required": list(required)} if required else {"minProperties": 1})


def _described(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: {"$ref": f"#/$defs/verb-{name}"} for name in names}


def _split() -> dict[str, Any]:
    """One cell with several values."""
    made = _verbs((*VALUE_VERBS, *(verb for verb in CODED_VERBS if verb not in VALUE_VERBS)), ("from", "split"))
    made["properties"] |= {"split": _TEXTS}
    return made


def _stages() -> dict[str, Any]:
    return {key: {"$ref": "#/$defs/EitherTime"} for key in STAGES} | {"stages": {"$ref": "#/$defs/Stages"}}


def _shape(shape: Shape, definitions: dict[str, Any]) -> dict[str, Any]:
    if isinstance(shape, Many):
        item = _shape(shape.item, definitions)
        condition = {"when": {"$ref": "#/$defs/When"}}
        return {
            "anyOf": [
                item,
                {"type": "array", "items": item, "minItems": 1},
                {
                    "type": "object",
                    "properties": {"from": _TEXT, "split": _TEXTS, "for_each": item, **condition},
                    "required": ["from", "for_each"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"each_row": item, **condition},
                    "required": ["each_row"],
                    "additionalProperties": False,
                },
                {"$ref": "#/$defs/Split"},
            ]
        }
    if isinstance(shape, Record):
        if shape.cls is Coded:
            return {"$ref": "#/$defs/Coded"}
        if shape.cls is not Timeline and shape.cls.__name__ not in definitions:
            definitions[shape.cls.__name__] = {}
            definitions[shape.cls.__name__] = _group(shape.cls, definitions)
        return {"$ref": f"#/$defs/{shape.cls.__name__}"}
    if isinstance(shape, AnyOf):
        return {"$ref": "#/$defs/Coded"}
    if isinstance(shape, Scalar) and shape.kind == "dateTime":
        return {"$ref": "#/$defs/Time"}
    if isinstance(shape, Scalar) and shape.kind == "date":
        return {"$ref": "#/$defs/Date"}
    if isinstance(shape, Choice):
        return {"anyOf": [{"enum": list(shape.values)}, {"$ref": "#/$defs/Verbs"}]}
    return {"$ref": "#/$defs/Value"}


def _group(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """A part of the record: its fields, and the value verbs that fill its principal one."""
    known = {m.name: m for m in members(cls) if m.name not in NOT_COMPILED}
    principal = parts.PRINCIPAL.get(cls)
    properties: dict[str, Any] = {}
    if principal is not None:
        properties |= _described(tuple(sorted(VALUE_KEYS - known.keys())))
    properties |= {"when": {"$ref": "#/$defs/When"}}
    properties |= {name: _shape(member.shape, definitions) for name, member in known.items()}
    extra = parts.EXTRA.get(cls, ())
    if cls is Unit:
        properties |= _stages() | _described(("table",))
    if "origin" in extra:
        properties["origin"] = {"description": "Who said it.", "enum": list(parts.ORIGINS)}
    made: dict[str, Any] = {
        "description": inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].replace("\n", " "),
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    needed = [
        m.name for m in known.values() if m.required and m.name != principal and (cls, m.name) != (Person, "slot")
    ]
    if needed and not set(needed) & set(extra) and "origin" not in extra:
        made["required"] = needed
    return {"anyOf": [_TEXT, made]} if principal is not None else made


def _pack() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,63}$"},
            "version": _TEXT,
            "agency": {
                "type": "object",
                "properties": {
                    **dict.fromkeys(("id", "ori", "name", "system"), _TEXT),
                    "tz": {"description": "The agency's IANA zone.", "type": "string"},
                    "posture": {"description": "Who the agency is in law.", "enum": list(get_args(Role))},
                },
                "required": ["id", "tz"],
                "additionalProperties": False,
            },
        },
        "required": ["id", "version", "agency"],
        "additionalProperties": False,
    }


def _organization() -> dict[str, Any]:
    kinds = next(m.shape for m in members(Organization) if m.name == "kind")
    return {
        "type": "object",
        "properties": {
            "id": _TEXT,
            "name": _TEXT,
            "kind": {"enum": list(kinds.values) if isinstance(kinds, Choice) else []},
            "posture": {"enum": list(get_args(Role))},
        },
        "required": ["id"],
        "additionalProperties": False,
    }


def _table() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"file": _TEXT, "system": _TEXT, "unmapped": {"enum": ["queue", "keep"]}, "targets": _TEXT_MAP},
        "required": ["file"],
        "additionalProperties": False,
    }


def _source(form: str, keys: tuple[str, ...]) -> dict[str, Any]:
    span = {
        "type": "object",
        "properties": {"start": _count(1, 1_000_000), "length": _count(1, 1_000_000)},
        "required": ["start"],
        "additionalProperties": False,
    }
    known: dict[str, dict[str, Any]] = {
        "encoding": {"enum": list(ENCODINGS)},
        "delimiter": {"description": "One sign, or tab.", **_TEXT},
        "quote": _TEXT,
        "header": {"description": "The columns of a file without a header line.", **_TEXTS},
        "columns": {"description": "The columns of a file with a header line.", **_TEXTS},
        "rename": {"description": "Other names of columns, in other years' files.", **_TEXT_MAP},
        "skip": {"description": "Lines above the header or the first row.", **_count(0, 1000)},
        "group": {"description": "The column whose equal values make several rows one Incident.", **_TEXT},
        "within": {"description": "How many rows apart those rows may be; 1.", **_count(1, FURTHEST)},
        "trimmed": {"description": "Spaces at the ends of lines are cut off.", **_FLAG},
        "sheet": {"description": "The sheet's name; the first.", **_TEXT},
        "rows": {"description": "The path to the rows.", **_TEXT},
        "success": {"description": "The path to an envelope's flag, which must be true.", **_TEXT},
        "namespaces": {"description": "Prefix -> URI.", **_TEXT_MAP},
    }
    if form == "fixed":
        known["columns"] = {"description": "Columns by place.", "type": "object", "additionalProperties": span}
    made: dict[str, Any] = {
        "type": "object",
        "properties": {
            "format": {"const": form},
            "key": {"description": "The column that event_number or case_number is from.", **_TEXT},
            "empty": {"description": "Cells that mean nothing.", **_TEXTS},
            **{key: known[key] for key in keys},
        },
        "required": ["format", *(["columns"] if form == "fixed" else ["rows"] if form == "xml" else [])],
        "additionalProperties": False,
    }
    if "header" in keys:
        made["oneOf"] = [{"required": ["columns"]}, {"required": ["header"]}]
    return made
