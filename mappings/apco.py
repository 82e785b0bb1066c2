"""APCO incident type codes with their definitions, and the two that CADs add for mental health calls.

The codes and definitions are those of NIEM 6.0 (`codes/apco`, IncidentCategoryCode; NIEMOpen/OASIS, CC BY 4.0).
`MNTL` and `MTLV` are not in it: EIDO documents carry them, so they are here as local additions, worded by us.

Nothing here decides that a call is about mental health, and a text is never matched: only a code that is in the table
is mapped.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from mappings.codes import APCO
from mappings.incident import Code

#: The code system's URI. Ours: APCO publishes no canonical FHIR URI for it that is known to us.
APCO_SYSTEM = APCO

#: Common disposition codes (APCO ANS 1.111.2, `01` to `45`). Ours for the same reason. Codes only; no wording.
APCO_DISPOSITION_SYSTEM = "https://warmhandoff.org/fhir/CodeSystem/apco-disposition"

#: The disposition codes there are.
APCO_DISPOSITIONS = frozenset(f"{number:02}" for number in range(1, 46))


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentType:
    """One row: the code, its short name, its definition, and whether it is our addition."""

    code: str
    name: str
    definition: str
    local: bool


@lru_cache(maxsize=1)
def incident_types() -> Mapping[str, IncidentType]:
    """Every incident type by code: NIEM's 197 and the local additions."""
    text = resources.files("mappings").joinpath("data/apco_incident_types.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return MappingProxyType(
        {
            row["code"]: IncidentType(
                code=row["code"], name=row["name"], definition=row["definition"], local=row["source"] == "local"
            )
            for row in rows
        }
    )


@lru_cache(maxsize=1)
def _codes() -> Mapping[str, tuple[Code]]:
    return {row.code: (Code(system=APCO_SYSTEM, code=row.code, display=row.name),) for row in incident_types().values()}


def apco_codes(token: str) -> tuple[Code, ...]:
    """The mapped code of a registry token (exact, codes are strings), or () when the table does not have it."""
    return _codes().get(token, ())


def disposition_codes(token: str) -> tuple[Code, ...]:
    """The mapped code of a common disposition (`01` to `45`), or ()."""
    return (Code(system=APCO_DISPOSITION_SYSTEM, code=token),) if token in APCO_DISPOSITIONS else ()
