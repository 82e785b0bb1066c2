"""The compiled HL7 v2-to-FHIR tables are those that the sources make, and what they compile to can be run."""

from __future__ import annotations

import re

import pytest

from mappings.hl7v2.feed import KNOWN
from mappings.hl7v2.feed.claims import valid_npi
from mappings.hl7v2.feed.maps import codes
from mappings.hl7v2.sources import build
from mappings.hl7v2.sources.segment_maps import written


@pytest.fixture(scope="module")
def built() -> tuple[bytes, str, str]:
    return build.built()


def test_the_compiled_tables_and_the_report_are_what_the_sources_make(built: tuple[bytes, str, str]) -> None:
    data, module, report = built
    assert build.TARGET.read_bytes() == data
    assert build.MODULE.read_text() == module
    assert build.REPORT.read_text() == report


def test_every_row_of_the_tables_has_a_state_and_a_reason(built: tuple[bytes, str, str]) -> None:
    rows = re.findall(r"^\| [^|]* \| [^|]* \| ([a-z][a-z ]*) \| (.+) \|$", built[2], re.MULTILINE)
    assert len(rows) > 4000
    assert {state for state, _ in rows} == {"state", "implemented", "overridden", "not applicable", "added"}
    assert all(why.strip() for _, why in rows)


def test_no_label_comes_from_the_published_vocabulary() -> None:
    for name in ("ConfidentialityClassification", "SecurityLabelHandlingInstructions", "ConfidentialityCode"):
        with pytest.raises(KeyError):
            codes(name)


def test_a_rule_that_nobody_can_write_is_not_left_out() -> None:
    rule = {"at": [["code", False]], "field": 3, "make": "string", "when": [["OBX", 2, 1, "VALUED", []]]}
    with pytest.raises(SystemExit, match="when"):
        written({"OBX[Observation]": [rule]})


def test_the_message_families_have_maps_of_their_own() -> None:
    assert {"ADT^A01", "ADT^A40", "REF^I12", "RRI^I15", "ORM^O01", "OMG^O19", "OSU^O51", "SIU^S26", "MDM^T11"} <= KNOWN
    assert "DFT^P03" not in KNOWN


@pytest.mark.parametrize(
    ("number", "valid"), [("1234567893", True), ("1992799992", False), ("123456789", False), ("12345６7893", False)]
)
def test_the_check_digit_of_an_npi(number: str, valid: bool) -> None:
    assert valid_npi(number) is valid
