"""The registries whose tokens an EIDO document carries (NENA-STA-021): what of them this reader knows by itself, and
what an operator's own lists add.

The standard's schema has each token as plain text, so the reader checks. By itself it knows the tokens that it acts
on, and no wording: the registries are not ours to copy. A registry that an operator supplies (`registries_of`) is
complete: a token that is not in it is wrong, and one that is gets its display.

Names of registries are taken as they are commonly written: `EIDO-PersonRole`, `PersonRole`, `Person Role`,
`EIDO-IncidentStatus-Common` and `Incident Status` are found. A registry that nothing here asks for is kept and not
used.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import orjson

from mappings.errors import ReadError

#: The registries that are asked for, by their key (`registry_key`).
INCIDENT_TYPE: Final = "incidenttype"
INCIDENT_STATUS: Final = "incidentstatus"
DISPOSITION: Final = "disposition"
PERSON_ROLE: Final = "personrole"
LOCATION_TYPE: Final = "locationtype"
PRIMARY_UNIT_STATUS: Final = "primaryunitstatus"
SECONDARY_UNIT_STATUS: Final = "secondaryunitstatus"
RESOURCE_TYPE: Final = "emergencyresourcetype"
RESOURCE_ATTRIBUTE: Final = "resourceattribute"
CAUTION_TYPE: Final = "cautiontype"
CALL_TYPE: Final = "calltypes"

#: Members that hold tokens which no reader takes: they are checked only against a registry that was supplied.
ONLY_CHECKED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "agencyRoleDescriptionRegistryText": "agencyrole",
        "agentRoleRegistryText": "agentrole",
        "callStateRegistryText": "callstates",
        "organizationIncidentRoleRegistryText": "organizationincidentrole",
        "personIncidentRoleRegistryText": PERSON_ROLE,
        "reportNumberType": "reportnumbertype",
        "standardSecondaryCallType": CALL_TYPE,
        "vehicleRelationshipType": "vehiclerelationshiptype",
    }
)

_OTHER_LETTERS = re.compile(r"[^a-z0-9]+")
_FRAME = re.compile(r"^eido|common|registry$|(?<=disposition)code$")

# A list's size and a token's length are the operator's choice, within reason: a wrong file is refused early.
_LONGEST = 16 * 1024 * 1024

_TOKEN = ("token", "value", "code")
_DISPLAY = ("display", "description")


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """One registry: its tokens with their displays, None where it does not say. `complete`: there are no others."""

    displays: Mapping[str, str | None]
    complete: bool


class Registries(dict[str, Registry]):
    """Registries by key. Those that nobody supplied have the tokens that the reader acts on, or none at all."""

    __slots__ = ()

    def __init__(self, supplied: Mapping[str, Mapping[str, str | None]] | None = None) -> None:
        """`supplied`: tokens with their displays (or None), by the registry's name in any spelling."""
        super().__init__(_ACTED_ON)
        merged: dict[str, dict[str, str | None]] = {}
        for name, tokens in (supplied or {}).items():
            merged.setdefault(registry_key(name), {}).update(tokens)
        for key, tokens in merged.items():
            self[key] = Registry(displays=tokens, complete=True)

    def __missing__(self, key: str) -> Registry:
        """An empty registry, not complete: nothing is known of it."""
        return _EMPTY

    @property
    def supplied(self) -> tuple[str, ...]:
        """The keys of the registries that an operator supplied, sorted."""
        return tuple(sorted(key for key, one in self.items() if one.complete))


def registry_key(name: str) -> str:
    """The key of a registry's name: `EIDO-IncidentStatus-Common` and `Incident Status` are `incidentstatus`."""
    return _FRAME.sub("", _OTHER_LETTERS.sub("", name.lower()))


def registries_of(data: bytes) -> Registries:
    """The registries in a file's bytes: JSON or CSV, UTF-8.

    CSV has a header with the columns `registry`, `token` and, if wanted, `display`. JSON is an array of objects with
    these members, or one object: a registry's name to an array of tokens, an array of such objects, or an object of
    token to display. `value` or `code` is taken for `token`, and `description` for `display`.

    Raises ReadError `read.registry` with the row or the registry's place for anything else; never with a token.
    """
    if len(data) > _LONGEST:
        raise _wrong("", "more than 16 MiB: not a list of registry tokens")
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in (b"[", b"{"):
        return Registries(_from_json(text))
    return Registries(_from_csv(text))


def _from_json(data: bytes) -> dict[str, dict[str, str | None]]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _wrong(f"line {error.lineno}, column {error.colno}", "not JSON from here on") from None
    if isinstance(value, list):
        return _gathered((f"[{n}]", row) for n, row in enumerate(value))
    found: dict[str, dict[str, str | None]] = {}
    for n, (name, tokens) in enumerate(value.items()):
        place = f"registry {n}"
        if isinstance(tokens, dict):
            rows: Iterable[Any] = ({"token": token, "display": display} for token, display in tokens.items())
        elif isinstance(tokens, list):
            rows = ({"token": row} if isinstance(row, str) else row for row in tokens)
        else:
            raise _wrong(place, "a registry is an array or an object")
        named = (
            (f"{place}[{m}]", {**row, "registry": name} if isinstance(row, dict) else row) for m, row in enumerate(rows)
        )
        for registry, more in _gathered(named).items():
            found.setdefault(registry, {}).update(more)
    return found


def _from_csv(data: bytes) -> dict[str, dict[str, str | None]]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _wrong("", "neither JSON nor UTF-8 text") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        if "registry" not in columns or not set(_TOKEN) & set(columns):
            raise _wrong("line 1", "the columns `registry` and `token` are needed")
        reader.fieldnames = columns
        return _gathered((f"line {reader.line_num}", row) for row in reader)
    except csv.Error:
        raise _wrong(f"after line {reader.line_num}", "not CSV") from None


def _gathered(rows: Iterable[tuple[str, Any]]) -> dict[str, dict[str, str | None]]:
    found: dict[str, dict[str, str | None]] = {}
    for place, row in rows:
        if not isinstance(row, dict):
            raise _wrong(place, "an object with `registry` and `token` is expected")
        registry = row.get("registry")
        token = next((row[name] for name in _TOKEN if row.get(name)), None)
        display = next((row[name] for name in _DISPLAY if row.get(name)), None)
        if token is None and display is None:
            continue  # an empty row, as spreadsheets leave them
        if not isinstance(registry, str) or not registry_key(registry):
            raise _wrong(place, "a row without its registry")
        if not isinstance(token, str) or not token.strip():
            raise _wrong(place, "a row without its token, or one that is no text")
        if display is not None and not isinstance(display, str):
            raise _wrong(place, "a display that is no text")
        found.setdefault(registry, {})[token.strip()] = display.strip() or None if display else None
    if not found:
        raise _wrong("", "there is no row in it")
    return found


def _wrong(place: str, text: str) -> ReadError:
    return ReadError("read.registry", text, path=place)


def _some(*tokens: str) -> Registry:
    return Registry(displays=dict.fromkeys(tokens), complete=False)


_EMPTY: Final = _some()

#: What reading itself decides by: each of these tokens has its place in a table or a condition of a reader.
_ACTED_ON: Final[Mapping[str, Registry]] = MappingProxyType(
    {
        # `Closed` gives the time of closing, the others say that it is not closed.
        INCIDENT_STATUS: _some(
            *("Active", "ResourcesAssigned", "ResourcesEnroute", "ResourcesOnscene", "Closed", "Cancelled"),
            *("ReOpened", "NewLocation"),
        ),
        # The first two are the scene; the others are never.
        LOCATION_TYPE: _some("CurrentIncident", "InitialIncident", "RoutingLocation", "TowerLocation", "Caller"),
        PRIMARY_UNIT_STATUS: _some(),
        SECONDARY_UNIT_STATUS: _some(
            *("Dispatched", "EnRoute", "Arrived", "OnScene", "PatientContact", "Transporting", "Cleared"),
            *("AlternateLocation", "Hospital", "Station", "Staging", "Post", "CoveringAlternateArea"),
            "AssignmentCancelled",
        ),
        RESOURCE_TYPE: _some(
            *("CrisisInterventionUnit", "PatrolUnit", "CommunityPolicingUnit", "SchoolOfficer", "TransitOfficer"),
            *("TrafficUnit", "LawEnforcementCommandUnit", "GroundALSAmbulance", "GroundBLSAmbulance"),
        ),
        RESOURCE_ATTRIBUTE: _some(
            "CrisisInterventionSpecialist", "AdvancedPRN", "RegisteredNurse", "Paramedic", "AdvancedEMT", "EMT"
        ),
    }
)  # fmt: skip

#: The registries without an operator's lists.
OURS: Final = Registries()
