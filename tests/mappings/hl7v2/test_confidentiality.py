"""Labels in v2 and back: each table both ways, nothing lowered, an unreadable mark restricts."""

from __future__ import annotations

import pytest

from mappings.hl7v2 import confidentiality
from mappings.hl7v2.build import Value, segment
from mappings.hl7v2.confidentiality import Marks, arv, codes_of, marks, zsl_addresses
from mappings.hl7v2.delimiters import STANDARD
from mappings.hl7v2.segment import Segment
from mappings.labels.vocabulary import LAWS, RANK, SENSITIVITIES, system_of


def read(name: str, fields: dict[int, Value]) -> Segment:
    return Segment(segment(name, fields), STANDARD, "utf-8")


def codes(found: Marks) -> set[str]:
    return {one["code"] for one in found.labels}


@pytest.mark.parametrize(
    ("name", "field", "value", "found"),
    [
        ("PD1", 12, "Y", {"R"}),
        ("PD1", 12, "N", set()),
        ("PD1", 12, None, set()),
        ("PV1", 16, "VIP", {"VIP"}),
        ("PV1", 16, "N", set()),
        ("PV2", 22, "Y", {"R"}),
        ("ORC", 28, ("V", "Very restricted", "HL70177"), {"V"}),
        ("ORC", 28, ("U", "Usual control", "HL70177"), set()),
        ("ORC", 28, ("ETH", None, "HL70177"), {"R", "ETH"}),
        ("ORC", 28, ("R", None, "HL70177", "HIV", None, "HL70177"), {"R", "HIV"}),
        ("TXA", 18, "R", {"R"}),
        ("TXA", 18, "U", set()),
        ("DG1", 18, "Y", {"R"}),
        ("MSH", 8, "V", {"V"}),
        ("MSH", 26, ("R", "restricted", "v3-Confidentiality"), {"R"}),
        ("MSH", 27, [("NORDSCLCD", None, "v3-ActCode"), ("TREAT", None, "v3-ActReason")], {"NORDSCLCD", "TREAT"}),
        ("ARV", 3, ("NO", None, "HL70717"), set()),
        ("ARV", 3, ("DRG", "Drug related", "HL70717"), {"R", "ETH"}),
        ("ARV", 3, ("PID-7", None, "HL70717"), {"R", "DOB"}),
        ("ARV", 5, ["42CFRPart2", "call first"], {"42CFRPart2"}),
        ("ZSL", 2, ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "MH"), {"MH"}),
        ("ZSL", 2, ("urn:theirs", "X1"), {"X1"}),
        ("PID", 8, "F", set()),
    ],
)
def test_read(name: str, field: int, value: Value, found: set[str]) -> None:
    assert codes(marks(read(name, {field: value}))) == found


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("PD1", 12, "X"),
        ("ORC", 28, ("Q", None, "99XYZ")),
        ("TXA", 18, "secret"),
        ("MSH", 8, "see the protocol"),
        ("MSH", 26, ("R", None, "99XYZ")),
        ("ARV", 3, ("XXX", None, "99XYZ")),
        ("ZSL", 2, (None, "X1")),
    ],
)
def test_a_mark_that_nobody_can_read_restricts_and_is_named(name: str, field: int, value: Value) -> None:
    found = marks(read(name, {field: value}))
    assert codes(found) == {"R"}
    assert found.unread == (f"{name}-{field}",)


def test_what_names_no_level_is_only_named() -> None:
    assert marks(read("PV1", {16: "GOLD"})) == Marks(unread=("PV1-16",))
    assert marks(read("ARV", {5: "call first"})) == Marks(unread=("ARV-5",))
    # their taking away of a restriction takes none away here
    assert marks(read("ARV", {2: "D", 3: "ALL"})) == Marks(unread=("ARV-2",))


def test_content_never_creates_the_law_label() -> None:
    for table in (confidentiality.TABLE_0177, confidentiality.TABLE_0717, confidentiality.TABLE_0719):
        assert not LAWS & {code for row in table.values() for code in row}
    assert confidentiality.TABLE_0719["REG"] == ()


def test_each_code_of_a_table_is_one_of_ours() -> None:
    tables = (
        confidentiality.TABLE_0099,
        confidentiality.TABLE_0136,
        confidentiality.TABLE_0177,
        confidentiality.TABLE_0272,
        confidentiality.TABLE_0717,
        confidentiality.TABLE_0719,
    )
    for code in {code for table in tables for row in table.values() for code in row}:
        assert confidentiality.coding(code) == {"system": system_of(code), "code": code}


@pytest.mark.parametrize("code", sorted(SENSITIVITIES | LAWS | {"R", "V"}))
def test_what_is_written_reads_back_as_at_least_restricted(code: str) -> None:
    found = frozenset({code})
    (first, *_) = arv(found)
    for name, fields in (
        ("ARV", first),
        ("PD1", {12: confidentiality.indicator(found)}),
        ("ORC", {28: confidentiality.order_code(found)}),
        ("TXA", {18: confidentiality.document_code(found)}),
    ):
        back = codes(marks(read(name, dict(fields))))
        assert RANK["R"] <= max(RANK[one] for one in back if one in RANK), name
    if code in LAWS:
        assert code in codes(marks(read("ARV", first)))


@pytest.mark.parametrize("code", ["N", "L", "M", "U", "TREAT", "AUDIT"])
def test_what_asks_for_usual_care_writes_no_mark(code: str) -> None:
    found = frozenset({code})
    assert confidentiality.indicator(found) is None
    assert confidentiality.order_code(found) is None
    assert confidentiality.document_code(found) is None
    assert arv(found) == []


@pytest.mark.parametrize("code", ["ETH", "PSY", "HIV", "STD", "DEMO", "LOCIS", "DOB", "REL", "VIP", "EMP", "DIA"])
def test_what_table_0717_or_0719_can_say_comes_back_as_it_was(code: str) -> None:
    assert code in set().union(*(codes(marks(read("ARV", fields))) for fields in arv(frozenset({code, "R"}))))


def test_the_tags_of_2_9() -> None:
    (fields,) = arv(frozenset({"V", "NORDSCLCD", "TREAT"}), tags=True)
    assert {"V", "NORDSCLCD", "TREAT"} <= codes(marks(read("ARV", fields)))
    labels = [{"system": "x", "code": "V"}, {"system": "y", "code": "MH"}, {"display": "none"}]
    assert codes_of(labels) == {"V", "MH"}


def test_addresses_of_the_agreed_segment() -> None:
    assert zsl_addresses(read("ZSL", {2: ("s", "MH"), 3: ["OBX[3]", "DG1[1]"]})) == ("OBX[3]", "DG1[1]")
    assert zsl_addresses(read("ZSL", {2: ("s", "MH")})) == ()
