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
VERSION = "2026.2"

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

#: SHIFT's sets named after Synthea hold every code of a simulated course of care: what anybody can have is not taken
#: (encounters, admissions, care plans, examinations, pneumonia, blood draws), and of the rest only these are certain.
_ANYBODY = set(
    """50849002 185347001 734163000 185349003 183452005 4525004 233604007 399208008 82078001 5880005 29240004 104173009
    65710008 308335008 390906007 104091002 117010004 395123002 268556000 28163009 18946005 133899007""".split()  # noqa: SIM905
)
#: Attention deficit, dementia, cystic fibrosis, self-harm; pregnancy and its outcomes, antenatal care, delivery.
_SURE = set(
    """192127007 26929004 230265002 190905008 427089005 86849004 287185009 287182007 287193009 287191006 44301001
    72892002 47200007 79586000 19169002 85116003 35999006 398254007 198992004 10383002 714812005 237001001 11466000
    177157003 236974004 31208007 386216000 424441002 424619006 169230002 274804006 225158009 183460006 161744009
    156073000 169762003 271442007""".split()  # noqa: SIM905
)
#: Tests that stand in the pregnancy set and are about something else.
_OTHER_TESTS = {"31676001": "HIV", "165829005": "STD", "269828009": "STD", "171207006": "MH"}

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
        if row["value_set"].startswith("Synthea") and system == "snomed":
            if row["code"] not in _ANYBODY:
                labels = _OTHER_TESTS.get(row["code"], labels)
                add("shift", system, labels, "certain" if row["code"] in _SURE else "possible", row["code"])
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


def difference(before: str, after: str) -> Iterator[str]:
    """What is added (+) and taken away (-) between two built files: a line for each code, sorted."""
    old, new = _codes(before), _codes(after)
    for line in sorted(old - new):
        yield "- " + line
    for line in sorted(new - old):
        yield "+ " + line


def _codes(text: str) -> set[str]:
    return {
        f"{one['source']} {one['system']} {code} {one['labels']} {one['grade']}"
        for one in json.loads(text)["sets"]
        for code in one["codes"].split()
    }


def main() -> int:
    """Write the file and say what changed, or with --check only say it. Exit 1 if --check finds a difference."""
    text = build()
    before = TARGET.read_text(encoding="utf-8") if TARGET.exists() else '{"sets": []}'
    for line in difference(before, text):
        sys.stdout.write(line + "\n")
    if "--check" in sys.argv[1:]:
        return int(before != text)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
