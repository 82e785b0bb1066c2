"""Makes `mappings/hl7v2/data/names.json`: what each field and component of HL7 v2 is called, of which type, by version.

The structures come with hl7apy (MIT), which is here for tests only; what stands in 2.9 alone is added. Run it as a
script to write the file; a test compares.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import orjson

FILE = Path(__file__).parents[3] / "mappings/hl7v2/data/names.json"
#: Newest first: a field's name is that of the newest version in which it is not withdrawn.
VERSIONS = ("2_8_2", "2_7", "2_6", "2_5_1", "2_3_1")

#: What 2.9 adds of the places where security labels stand.
LATER: dict[str, dict[str, list[Any]]] = {
    "MSH": {
        "26": ["Security Classification Tag", "CWE", 1],
        "27": ["Security Handling Instructions", "CWE", 0],
        "28": ["Special Access Restriction Instructions", "ST", 0],
    },
    "ARV": {
        "7": ["Security Classification Tag", "CWE", 1],
        "8": ["Security Handling Instructions", "CWE", 0],
        "9": ["Access Restriction Message Location", "ERL", 0],
    },
}
SEGMENTS = {
    "AIG": "Appointment Information: General Resource",
    "AIL": "Appointment Information: Location",
    "AIP": "Appointment Information: Personnel",
    "AIS": "Appointment Information",
    "AL1": "Patient Allergy Information",
    "ARV": "Access Restrictions",
    "AUT": "Authorization Information",
    "BHS": "Batch Header",
    "BTS": "Batch Trailer",
    "CON": "Consent",
    "CTD": "Contact Data",
    "DG1": "Diagnosis",
    "ERR": "Error",
    "EVN": "Event Type",
    "FHS": "File Header",
    "FT1": "Financial Transaction",
    "FTS": "File Trailer",
    "GT1": "Guarantor",
    "IN1": "Insurance",
    "IN2": "Insurance Additional Information",
    "MRG": "Merge Patient Information",
    "MSA": "Message Acknowledgment",
    "MSH": "Message Header",
    "NK1": "Next of Kin",
    "NTE": "Notes and Comments",
    "OBR": "Observation Request",
    "OBX": "Observation",
    "ORC": "Common Order",
    "PD1": "Patient Additional Demographic",
    "PID": "Patient Identification",
    "PR1": "Procedures",
    "PRD": "Provider Data",
    "PV1": "Patient Visit",
    "PV2": "Patient Visit: Additional Information",
    "RF1": "Referral Information",
    "RGS": "Resource Group",
    "ROL": "Role",
    "SCH": "Scheduling Activity Information",
    "SPM": "Specimen",
    "TQ1": "Timing/Quantity",
    "TXA": "Transcription Document Header",
}
#: What capitals have lost: abbreviations, and a name that hl7apy has from its neighbour.
_UPPER = {one.title(): one for one in ("ID", "HL7", "SSN", "DUI", "DEA", "VIP", "DRG", "ICD", "OID", "UPIN")}
_CORRECT = {("PID", "4"): "Alternate Patient ID"}


def _words(name: str, segment: str = "") -> str:
    words = name.replace("_S_", "'S_").removesuffix(f"_{segment}").replace("DATE_TIME", "DATE/TIME").split("_")
    shown = (_UPPER.get(word.title(), word.title().replace("'S", "'s")) for word in words if word)
    return " ".join(shown)


def _children(structure: Any, found: dict[str, list[Any]], deeper: list[tuple[str, Any]], segment: str = "") -> None:
    """Field or component number to [name, type, whether it may stand once only]; its types' structures to `deeper`."""
    for code, described, (_, most), _ in structure:
        number = code.rpartition("_")[2]
        kind, name = described[2], described[3]
        if kind in ("WD", None) or not name or number in found or not number.isdigit():
            continue
        found[number] = [
            _CORRECT.get((segment, number)) or _words(name, segment),
            kind.removesuffix("_SIMPLE"),
            1 if most == 1 else 0,
        ]
        if described[0] == "sequence":
            deeper.append((kind.removesuffix("_SIMPLE"), described[1]))


def build() -> bytes:
    """The file's content."""
    segments: dict[str, dict[str, list[Any]]] = {}
    types: dict[str, dict[str, list[Any]]] = {}
    for version in VERSIONS:
        library = importlib.import_module(f"hl7apy.v{version}")
        for name, described in library.SEGMENTS.items():
            if len(name) != 3 or len(described) < 2:
                continue
            structure = described[1]
            deeper: list[tuple[str, Any]] = []
            _children(structure, segments.setdefault(name, {}), deeper, name)
            while deeper:
                kind, inside = deeper.pop()
                _children(inside, types.setdefault(kind, {}), deeper)
    for name, fields in LATER.items():
        segments[name] |= fields
    for name in ("FHS", "BHS", "BTS", "FTS"):
        segments.setdefault(name, {})
    shown = {
        name: {"name": SEGMENTS.get(name), "fields": _in_order(fields)} for name, fields in sorted(segments.items())
    }
    content = {"segments": shown, "types": {name: _in_order(parts) for name, parts in sorted(types.items())}}
    lines = orjson.dumps(content)
    # a line for each segment and type: a change can be read
    return lines.replace(b'},"', b'},\n"') + b"\n"


def _in_order(numbered: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {key: numbered[key] for key in sorted(numbered, key=int)}


if __name__ == "__main__":
    FILE.write_bytes(build())
