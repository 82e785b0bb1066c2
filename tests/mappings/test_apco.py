"""The APCO table: whole, exact, and no code made of a text."""

from __future__ import annotations

import pytest

from mappings.apco import APCO_SYSTEM, apco_codes, disposition_codes, incident_types


def test_the_table_is_whole() -> None:
    types = incident_types()
    assert len(types) == 199
    assert {code for code, row in types.items() if row.local} == {"MNTL", "MTLV"}
    assert all(row.name and row.definition for row in types.values())


@pytest.mark.parametrize("code", ["EDP", "SUICIDE", "SUICTHRT", "WELFARE", "OD", "INTOX", "MNTL", "MTLV"])
def test_codes_that_concern_crisis_calls(code: str) -> None:
    (made,) = apco_codes(code)
    assert (made.system, made.code) == (APCO_SYSTEM, code) and made.display


@pytest.mark.parametrize("token", ["", "edp", "EDP ", "MENTAL", "SUPPLEMENTAL"])
def test_nothing_is_matched_but_a_code(token: str) -> None:
    assert apco_codes(token) == ()


@pytest.mark.parametrize(("token", "known"), [("01", True), ("45", True), ("46", False), ("1", False), ("00", False)])
def test_dispositions(token: str, known: bool) -> None:
    assert bool(disposition_codes(token)) is known
