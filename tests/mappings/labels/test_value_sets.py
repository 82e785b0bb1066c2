"""The built value sets: regenerated from their sources, known errors of the published ones corrected."""

from __future__ import annotations

import csv
import json
import runpy
from importlib.resources import files
from pathlib import Path

import pytest

from mappings.labels.codes import by_code
from mappings.labels.sources.page import document
from mappings.labels.text import by_text
from mappings.labels.vocabulary import CHILDREN, SENSITIVITIES, expand

ROOT = Path(__file__).parents[3] / "mappings" / "labels"


def test_value_sets_are_what_their_sources_give() -> None:
    built = runpy.run_path(str(ROOT / "sources" / "build.py"))["build"]()
    assert built == (ROOT / "data" / "value_sets.json").read_text(encoding="utf-8")


def test_no_displays_and_no_cpt_are_shipped() -> None:
    document = json.loads((ROOT / "data" / "value_sets.json").read_text(encoding="utf-8"))
    assert {entry["system"] for entry in document["sets"]} == {"snomed", "loinc", "rxnorm"}
    for entry in document["sets"]:
        assert all(" " not in code for code in entry["codes"].split())
    rows = list(csv.DictReader((files("mappings.labels") / "data" / "rules.csv").read_text().splitlines()))
    assert not any(row["system"] == "hcpcs" and row["code"].isdigit() for row in rows)


def test_every_label_of_a_rule_is_one() -> None:
    rows = list(csv.DictReader((files("mappings.labels") / "data" / "rules.csv").read_text().splitlines()))
    assert all(code in SENSITIVITIES | {"FAMILY"} for row in rows for code in row["labels"].split())
    assert {row["grade"] for row in rows} == {"certain", "possible", "none"}
    assert len({(row["system"], row["code"]) for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("system", "code", "labels", "grade"),
    [
        ("ICD10CM", "F11.11", ("SUD", "OPIOIDUD"), "certain"),
        ("ICD10CM", "F19.20", ("SUD",), "certain"),
        ("ICD10CM", "K70.30", ("SUD", "ETHUD"), "possible"),
        ("ICD10CM", "Z71.51", ("SUD",), "certain"),
        ("ICD10CM", "T40.1X1A", ("SUD",), "possible"),
        ("ICD10CM", "R78.0", ("SUD",), "possible"),
        ("ICD10CM", "B20", ("HIV",), "certain"),
        ("ICD9CM", "304.01", ("SUD", "OPIOIDUD"), "certain"),
        ("HCPCS", "H0020", ("SUD", "OPIOIDUD"), "certain"),
        ("RXNORM", "352364", ("SUD", "OPIOIDUD"), "certain"),
    ],
)
def test_hierarchy_rules(system: str, code: str, labels: tuple[str, ...], grade: str) -> None:
    found = by_code(system, code)
    assert found is not None
    assert (found.labels, found.grade) == (labels, grade)


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("ICD10CM", "F17.210"),  # tobacco
        ("ICD9CM", "305.1"),
        ("ICD10CM", "Z79.899"),  # other long term drug therapy
        ("RXNORM", "42347"),  # bupropion
        ("RXNORM", "7407"),  # nicotine
        ("RXNORM", "281"),  # acyclovir
        ("ICD10CM", "J45.40"),
        ("http://example.org/local", "F10.20"),
    ],
)
def test_known_errors_of_published_sets_are_not_ours(system: str, code: str) -> None:
    assert by_code(system, code) is None


def test_eth_includes_sud_by_policy() -> None:
    assert expand(["ETH"]) == {"ETH", "SUD", "ETHUD", "OPIOIDUD"}
    assert expand(["SUD"]) == {"SUD", "ETHUD", "OPIOIDUD"}
    assert set(CHILDREN) <= SENSITIVITIES


def test_every_difference_to_a_published_set_has_its_reason_in_the_document() -> None:
    from mappings.labels.sources import peers

    page = (ROOT.parents[1] / "docs" / "labels.md").read_text(encoding="utf-8")
    assert page == document(peers.tables(), peers.BEGIN, peers.END)


def test_every_difference_to_a_published_demo_record_has_its_reason_in_the_document() -> None:
    from mappings.labels.sources import demos

    page = (ROOT.parents[1] / "docs" / "labels.md").read_text(encoding="utf-8")
    assert page == document(demos.tables(), demos.BEGIN, demos.END)


def test_the_builder_says_what_changed() -> None:
    build = runpy.run_path(str(ROOT / "sources" / "build.py"))
    now = build["build"]()
    assert list(build["difference"](now, now)) == []
    document = json.loads(now)
    gone = document["sets"][0]["codes"].split()[0]
    document["sets"][0]["codes"] = " ".join(document["sets"][0]["codes"].split()[1:])
    (line,) = build["difference"](json.dumps(document), now)
    assert line.startswith("+ ") and gone in line


@pytest.mark.parametrize(
    ("system", "code", "labels", "grade"),
    [
        ("ICD10PCS", "HZ81ZZZ", ("SUD", "OPIOIDUD"), "certain"),
        ("http://www.cms.gov/Medicare/Coding/ICD10", "HZ2ZZZZ", ("SUD",), "certain"),
        ("http://www.cms.gov/Medicare/Coding/ICD10", "F11.20", ("SUD", "OPIOIDUD"), "certain"),
        ("HCPCS", "H0020-HG", ("SUD", "OPIOIDUD"), "certain"),
        ("HCPCS", "G2074", ("SUD", "OPIOIDUD"), "certain"),
        ("HCPCS", "J2310", None, None),  # naloxone
        ("RXNORM", "7242", None, None),  # naloxone
        ("RXNORM", "82819", ("SUD", "ETHUD"), "certain"),  # acamprosate
        ("LOINC", "82666-9", ("SUD",), "certain"),  # DAST-10
        ("LOINC", "93373-9", ("MH",), "certain"),  # C-SSRS
        ("ICD10CM", "Z79.891", ("SUD", "OPIOIDUD"), "possible"),
        ("ICD10CM", "Z71.6", None, None),  # tobacco
        ("ICD9CM", "42", ("HIV",), "possible"),  # 042 from a spreadsheet
        ("ICD9CM", "94.61", ("SUD",), "certain"),
        ("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "RHAT", ("SUD",), "certain"),
        ("SNOMED", "50849002", None, None),  # an emergency admission is nobody's disorder
        ("SNOMED", "185347001", None, None),
    ],
)
def test_rules_beyond_the_published_sets(
    system: str, code: str, labels: tuple[str, ...] | None, grade: str | None
) -> None:
    found = by_code(system, code)
    assert ((None, None) if found is None else (found.labels, found.grade)) == (labels, grade)


def test_every_rule_has_its_source_and_reason() -> None:
    rows = list(csv.DictReader((files("mappings.labels") / "data" / "rules.csv").read_text().splitlines()))
    assert all(row["source"] and row["because"] for row in rows)
    assert all((row["grade"] == "none") == (row["labels"] == "") for row in rows)


@pytest.mark.parametrize(
    ("system", "code", "labels"),
    [
        # what running the published demo records found missing
        ("https://www.cms.gov/medicare/coding-billing/healthcare-common-procedure-system", "S2260", ("SEX",)),
        ("http://loinc.org", "19080-1", ("PREGNANT",)),
        ("http://snomed.info/sct", "308459004", ("MH",)),
        ("http://www.nlm.nih.gov/research/umls/rxnorm", "1359031", ("SEX",)),
    ],
)
def test_codes_of_published_demo_records_tell(system: str, code: str, labels: tuple[str, ...]) -> None:
    found = by_code(system, code)
    assert found is not None
    assert set(labels) <= set(found.labels)


def test_gender_identity_in_words_is_gender_and_no_genetic_disease() -> None:
    """HL7 Terminology: GDIS is genetic disease, GENDER gender and sexual orientation."""
    (found,) = by_text("Client is transgender.")
    assert (found.labels, found.grade) == (("GENDER",), "possible")
