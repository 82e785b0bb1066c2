"""Build `mappings/labels/data/value_sets.json` from the published value sets beside this file.

    python -m mappings.labels.sources.build [--check]

Sources (attribution in NOTICE): SAMHSA Consent2Share value sets (Apache-2.0), ASU SHARES opioid products
(Apache-2.0), SHIFT Task Force value sets (CC-BY 4.0). None is taken whole; each step below says what is kept and
why. ICD codes are not taken from them: hierarchy prefixes (`data/rules.csv`) reach further. No displays are kept.
Not part of the wheel: the built file is.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE.parent / "data" / "value_sets.json"
VERSION = "2026.1"

_SYSTEMS = {
    "http://snomed.info/sct": "snomed",
    "http://loinc.org": "loinc",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
}

#: Words in a Consent2Share value set's name, and what its codes tell.
_C2S = (
    ("Alcohol", "SUD ETHUD"),
    ("Opioids", "SUD OPIOIDUD"),
    ("Amphetamine", "SUD"),
    ("Cannabis", "SUD"),
    ("Cocaine", "SUD"),
    ("Hallucinogens", "SUD"),
    ("Inhalants", "SUD"),
    ("Sedative", "SUD"),
    # Filed under mental health at the source; it is substance use.
    ("Other Psychoactive", "SUD"),
    ("Mental Health", "PSY"),
    ("HIV", "HIV"),
)

#: SHIFT value sets with HL7 sensitivity codes. Its opioid sets hold pain codes and are not taken.
_SHIFT = {
    "ShiftSlsBHCodes": "BH",
    "ShiftSlsSEXCodes": "SEX",
    "ShiftSlsSTDCodes": "STD",
    "ShiftSlsSDVCodes": "SDV",
    "ShiftSlsPSYTHPNCodes": "PSYTHPN",
    "ShiftSlsHallucinogenCodes": "SUD",
    "SyntheaAttentionDeficitDisorderVS": "PSY",
    "SyntheaCysticFibrosisVS": "GDIS",
    "SyntheaDementiaVS": "COGN",
    "SyntheaPregnancyVS": "PREGNANT",
    # Filed under abuse at the source; harm done to oneself is mental health.
    "SyntheaSelfHarmVS": "MH",
}

#: ASU ingredient groups that are given for a substance use disorder, and for pain too: hence possible.
_ASU = {"buprenorphine": "SUD OPIOIDUD", "methadone": "SUD OPIOIDUD", "heroin": "SUD", "levomethadyl": "SUD OPIOIDUD"}


def _rows(name: str) -> Iterator[dict[str, str]]:
    with gzip.open(HERE / name, "rt", encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def build() -> str:
    """The text of value_sets.json."""
    sets: dict[tuple[str, str, str, str], set[str]] = {}

    def add(source: str, system: str, labels: str, grade: str, code: str) -> None:
        sets.setdefault((source, system, labels, grade), set()).add(code)

    c2s = list(_rows("c2s_vss_value_sets.csv.gz"))
    tobacco = {(row["system"], row["code"]) for row in c2s if "Tobacco" in row["value_set"]}
    for row in c2s:
        system = _SYSTEMS.get(row["system"])
        labels = next((labels for words, labels in _C2S if words in row["value_set"]), None)
        if system is None or labels is None or (row["system"], row["code"]) in tobacco:
            continue
        if system == "rxnorm":
            # Ingredient level, with bupropion among the opioids and acyclovir under HIV: only the psychiatric ones
            # are of use, and a medicine given for several things proves none of them.
            if labels == "PSY":
                add("c2s", system, labels, "possible", row["code"])
        elif system == "loinc":
            # A measured drug shows exposure, not a disorder (42 CFR 2.12(e)(4)(ii)). A test for HIV is about HIV.
            add("c2s", system, labels.split()[0], "certain" if labels == "HIV" else "possible", row["code"])
        else:
            add("c2s", system, labels, "certain", row["code"])
    for row in _rows("shift_sls_value_sets.csv.gz"):
        system = _SYSTEMS.get(row["system"])
        labels = _SHIFT.get(row["value_set"])
        if system is None or labels is None or row["code"] == "72514-3":
            continue
        # A medicine or a laboratory panel is a hint; the same holds for a question about orientation.
        grade = "certain" if system == "snomed" or (labels == "BH" and system == "loinc") else "possible"
        if system == "rxnorm" and labels == "BH" and row["code"] == "352364":
            continue  # buprenorphine/naloxone: in rules.csv as what it is
        add("shift", system, labels, grade, row["code"])
    for row in _rows("asu_rxnorm_opioid_products.csv.gz"):
        group = _ASU.get(row["ingredient_group"])
        if group is not None and float(row["confidence"]) >= 0.5:
            add("asu", "rxnorm", group, "possible", row["code"])
    document = {
        "version": VERSION,
        "sources": {
            "c2s": "SAMHSA Consent2Share value sets, bhits/vss ae873dd, Apache-2.0",
            "shift": "SHIFT Task Force SLS-ValueSets ede5208, CC-BY 4.0",
            "asu": "ASU SHARES opioid products, asushares/cds bb38421, Apache-2.0",
        },
        "sets": [
            {"source": source, "system": system, "labels": labels, "grade": grade, "codes": " ".join(sorted(codes))}
            for (source, system, labels, grade), codes in sorted(sets.items())
        ],
    }
    out = io.StringIO()
    json.dump(document, out, indent=1)
    out.write("\n")
    return out.getvalue()


def main() -> int:
    """Write the file, or with --check only compare it. Exit 1 if it differs."""
    text = build()
    if "--check" in sys.argv[1:]:
        return int(TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
