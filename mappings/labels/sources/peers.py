"""Run published value sets through our labeler and write down every difference with its reason, in docs/labels.md.

    python -m mappings.labels.sources.peers [--check]

A difference without a reason in `differences.csv` fails, and so does a reason without a difference. Not part of the
wheel.
"""

from __future__ import annotations

import csv
from collections import Counter
from typing import Final

from mappings.labels.codes import by_code
from mappings.labels.sources import page
from mappings.labels.sources.build import HERE, _rows
from mappings.labels.vocabulary import expand

BEGIN: Final = "<!-- made by python -m mappings.labels.sources.peers: do not edit below -->"
END: Final = "<!-- end -->"

_MENTAL: Final = frozenset(["PSY", "MH", "BH", "COGN", "DVD", "EMOTDIS", "PSYTHPN"])
#: What a published label means in ours: any of these is the same thing.
SAME: Final[dict[str, frozenset[str]]] = {
    "ETH": expand(["ETH"]),
    "PSY": _MENTAL,
    "BH": _MENTAL,
    "SEX": frozenset(["SEX", "PREGNANT", "STD"]),
    "PSYTHPN": frozenset(["PSYTHPN"]),
}
#: How ours stands to theirs, in the order of the table.
KINDS: Final = ("same", "possible", "other", "none")
_SHORT: Final = {
    "http://snomed.info/sct": "SNOMED CT",
    "http://loinc.org": "LOINC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD-9-CM",
    "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes": "HCPCS",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "HCPCS",
}

Row = tuple[str, str, str, str]


def compared() -> tuple[Counter[tuple[Row, str]], int]:
    """How many codes of each published set (source, set, label, system) ours agrees with, and how not.

    And how many of them their publishers label with a law, by the code alone.
    """
    counts: Counter[tuple[Row, str]] = Counter()
    laws = 0
    for row in _rows("c2s_vss_value_sets.csv.gz"):
        counts[
            (
                ("C2S", row["value_set"].removeprefix("C2S "), row["category"], _system(row["system"])),
                _kind(row, row["category"]),
            )
        ] += 1
    for row in _rows("shift_sls_value_sets.csv.gz"):
        labels = [code for code in row["labels"].split("|") if code != "42CFRPart2"]
        laws += "42CFRPart2" in row["labels"]
        place = ("SHIFT", row["value_set"], " ".join(labels), _system(row["system"]))
        counts[(place, _kind(row, *labels))] += 1
    for row in _rows("asu_rxnorm_opioid_products.csv.gz"):
        group = row["ingredient_group"]
        for_sud = group in ("buprenorphine", "methadone", "levomethadyl", "heroin")
        place = ("ASU", group if for_sud else "other opioids", "opioid", _system(row["system"]))
        counts[(place, _kind(row, "SUD"))] += 1
    return counts, laws


def _system(system: str) -> str:
    return _SHORT.get(system, system)


def _kind(row: dict[str, str], *labels: str) -> str:
    found = by_code(row["system"], row["code"])
    if found is None:
        return "none"
    wanted = frozenset[str]().union(*(SAME.get(code, expand([code])) for code in labels))
    if not wanted & set(found.labels):
        return "other"
    return "same" if found.grade == "certain" else "possible"


def reasons() -> dict[tuple[str, str, str, str], str]:
    """Why ours differs: by source, set, system (`*` is any) and kind."""
    with (HERE / "differences.csv").open(encoding="utf-8", newline="") as stream:
        return {
            (row["source"], row["set"], row["system"], row["kind"]): row["reason"] for row in csv.DictReader(stream)
        }


def tables() -> str:
    """The tables for the document. Raises KeyError for a difference without a reason and a reason without one."""
    counts, laws = compared()
    why = reasons()
    used: set[tuple[str, str, str, str]] = set()
    sets = sorted({place for place, _ in counts})
    out = [
        "| published by | set | label | code system | codes | same | possible | other | none |",
        "|---|---|---|---|--:|--:|--:|--:|--:|",
    ]
    told: dict[str, list[str]] = {}
    for place in sets:
        numbers = [counts[(place, kind)] for kind in KINDS]
        out.append(f"| {' | '.join(place)} | {sum(numbers)} | {' | '.join(str(number) for number in numbers)} |")
        source, name, _, system = place
        for kind in KINDS[1:]:
            if counts[(place, kind)]:
                keys = [(source, name, system, kind), (source, name, "*", kind), (source, "*", system, kind)]
                key = next((key for key in keys if key in why), None)
                if key is None:
                    raise KeyError(f"no reason in differences.csv for {keys[0]}")
                used.add(key)
                told.setdefault(why[key], []).append(f"{source} {name}, {system}: {counts[(place, kind)]} {kind}")
    if stale := why.keys() - used:
        raise KeyError(f"differences.csv has reasons without a difference: {sorted(stale)}")
    total = [sum(counts[(place, kind)] for place in sets) for kind in KINDS]
    out.append(f"| **all** | | | | {sum(total)} | {' | '.join(str(number) for number in total)} |")
    law = f"Of SHIFT's codes {laws} carry `42CFRPart2` by the code alone; ours never (P1)."
    out += ["", law, "", "Why ours differs:", ""]
    out += [f"- {reason} ({'; '.join(where)})" for reason, where in told.items()]
    return "\n".join(out)


if __name__ == "__main__":
    raise SystemExit(page.main(tables(), BEGIN, END))
