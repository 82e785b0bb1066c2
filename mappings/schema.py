"""The JSON Schema (2020-12) of the canonical record, made from its dataclasses; committed, and a test keeps it current.

Stricter than the reader in two points, for the good of who writes: unknown members are errors here (the reader lists
them as unused), and `agency` is required (the reader can take it from the source's settings).
"""

from __future__ import annotations

import inspect
from importlib import resources
from typing import Any

import orjson

from mappings.incident import Incident
from mappings.incident_json import NOT_IN_JSON
from mappings.shape import AnyOf, Choice, Many, Record, Scalar, Shape, members

#: The canonical URL of the schema.
SCHEMA_ID = "https://warmhandoff.org/schemas/incident.schema.json"

# FHIR R4 dateTime, and a local date and time, which the agency's zone completes.
_DATE_TIME = (
    r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?$"
)
_SCALARS: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "dateTime": {"$ref": "#/$defs/DateTime"},
    "date": {"$ref": "#/$defs/Date"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
}


def incident_schema() -> dict[str, Any]:
    """The schema, made anew from the dataclasses: one definition a class, its docstring as description."""
    definitions: dict[str, Any] = {
        "DateTime": {
            "description": "A FHIR dateTime: an instant with its zone, or a date, a month or a year. A local time "
            "without zone is read in the agency's zone; without one only its date is kept.",
            "type": "string",
            "pattern": _DATE_TIME,
        },
        "Date": {
            "description": "A FHIR date: year, year-month or full.",
            "type": "string",
            "pattern": "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$",
        },
    }
    top = _object(Incident, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Incident",
        **top,
        "anyOf": [
            {"required": ["number"]},
            {"required": ["case_number"]},
            # A record that there was no incident is about none.
            {"required": ["standing"], "properties": {"standing": {"const": "nothing"}}},
        ],
        "$defs": dict(sorted(definitions.items())),
    }


def schema_bytes() -> bytes:
    """The schema as the committed file has it."""
    return orjson.dumps(incident_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def published_schema() -> bytes:
    """The committed schema, which `handoff schema incident` prints."""
    return resources.files("mappings").joinpath("schemas/incident.schema.json").read_bytes()


def _object(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required = []
    for member in members(cls, NOT_IN_JSON):
        schema = _schema(member.shape, definitions)
        if member.required:
            required.append(member.name)
            if schema == {"type": "string"}:
                schema = {"type": "string", "minLength": 1}
        elif isinstance(member.default, str | bool):
            schema = {**schema, "default": member.default}
        elif member.default is None and not isinstance(member.shape, Many):
            schema = _or_null(schema)
        properties[member.name] = schema
    made: dict[str, Any] = {
        "description": inspect.cleandoc(cls.__doc__ or "")
        .replace("\n\n", "\u2029")
        .replace("\n", " ")
        .replace("\u2029", "\n"),
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    if required:
        made["required"] = required
    return made


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.keys() == {"type"} and isinstance(schema["type"], str):
        return {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _schema(shape: Shape, definitions: dict[str, Any]) -> dict[str, Any]:
    match shape:
        case Scalar(kind):
            return dict(_SCALARS[kind])
        case Choice(values):
            return {"type": "string", "enum": list(values)}
        case Many(item):
            return {"type": "array", "items": _schema(item, definitions)}
        case AnyOf(options):
            return {"anyOf": [_schema(option, definitions) for option in options]}
        case Record(cls):
            if cls.__name__ not in definitions:
                definitions[cls.__name__] = {}  # a class that contains itself would come here again
                definitions[cls.__name__] = _object(cls, definitions)
            return {"$ref": f"#/$defs/{cls.__name__}"}
