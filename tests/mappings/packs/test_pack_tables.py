"""Code tables: what counts as the same code, what never does, validity, units."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.incident import Incident
from mappings.packs import Pack, load_pack
from mappings.packs.tables import normal

TYPES = """source: {format: csv, header: [event, at, nature, text, unit]}
tables: {nature: {file: nature.csv, system: "urn:test:nature"}, unit: {file: unit.csv}}
incident:
  event_number: {from: event}
  received: {from: at, datetime: iso}
  type_final: {from: nature, text: text, table: nature}
  units: {from: unit, split: [",", ";"], for_each: {table: unit}}
"""
NATURE = """code,text,apco,valid_from,valid_to
EDP,Emotionally disturbed person,EDP,,
MENTAL,Mental health,EDP,,
SUICIDE,Suicide,SUICIDE,,
C5,Noise,NOISE,,2025-06-30
C5,Crisis team,WELFARE,2025-07-01,
OLD,Gone,NOISE,,2020-12-31
"""
UNIT = """id,pattern,kind,role,employer,valid_from,valid_to
3C12,,co-responder,clinician,center-a,,
,?C*,co-responder,,center-a,2025-01-01,
,9*,officer,,test-pd,,
,9C*,co-responder,,center-a,,
,M[0-9],paramedic,paramedic,test-ems,,
"""


def made_of(pack: Pack, row: str) -> Incident:
    (made,) = pack.read(row.encode())
    assert isinstance(made, Incident)
    return made


@pytest.fixture
def pack(make_pack: Callable[..., Pack]) -> Pack:
    return make_pack(TYPES, nature=NATURE, unit=UNIT)


@pytest.mark.parametrize("spelling", ["EDP", "edp", "E.D.P.", "EDP.", " E.D.P", "Edp"])
def test_spellings_of_one_code(pack: Pack, spelling: str) -> None:
    made = made_of(pack, f"1,2026-01-08T01:00:00,{spelling},,\n")
    assert made.type_final is not None
    assert [code.code for code in made.type_final.mapped] == ["EDP"]
    assert made.type_final.code == spelling.strip()  # the agency's own spelling is kept
    assert made.type_final.text == "Emotionally disturbed person"
    assert made.reading.issues == ()


@pytest.mark.parametrize(
    "trap",
    ["SUPPLEMENTAL", "ENVIRONMENTAL", "MENTALLY", "NON SUICIDAL", "SUICIDAL", "SUICIDE 2", "NO MENTAL", "EDP+", "-EDP"],
)
def test_what_only_looks_like_a_code_is_not_mapped(pack: Pack, trap: str) -> None:
    made = made_of(pack, f"1,2026-01-08T01:00:00,{trap},what the agency says,\n")
    assert made.type_final is not None
    assert (made.type_final.code, made.type_final.text, made.type_final.mapped) == (trap, "what the agency says", ())
    (found,) = made.reading.issues
    assert (found.severity, found.code, found.rule, found.path) == (
        "warning", "not-found", "read.unmapped-code", "nature",
    )  # fmt: skip
    assert trap not in found.text


def test_the_day_of_the_call_decides_what_a_code_means(pack: Pack) -> None:
    def mapped(at: str, code: str) -> tuple[list[str], list[str]]:
        made = made_of(pack, f"1,{at},{code},,\n")
        assert made.type_final is not None
        return [one.code for one in made.type_final.mapped], [issue.rule for issue in made.reading.issues]

    assert mapped("2025-06-30T23:59:00", "C5") == (["NOISE"], [])
    assert mapped("2025-07-01T00:00:00", "C5") == (["WELFARE"], [])
    assert mapped("", "C5") == ([], ["read.undated-code"])
    assert mapped("", "EDP") == (["EDP"], [])
    assert mapped("2026-01-01", "OLD") == ([], ["read.undated-code"])


def test_units_by_id_then_by_pattern(pack: Pack) -> None:
    made = made_of(pack, "1,2026-01-08T01:00:00,,,3c12; 7C03;M4;;9A1;9C1;ZZ\n")
    assert [(unit.id, unit.kind, unit.employer) for unit in made.units] == [
        ("3c12", "co-responder", "center-a"),
        ("7C03", "co-responder", "center-a"),
        ("M4", "paramedic", "test-ems"),
        ("9A1", "officer", "test-pd"),
        ("9C1", "unknown", None),  # two patterns that disagree
        ("ZZ", "unknown", None),
    ]
    assert [staff.role for staff in made.units[0].crew] == ["clinician"]
    assert [issue.rule for issue in made.reading.issues] == ["read.ambiguous-code", "read.unmapped-code"]
    before = made_of(pack, "1,2024-01-08T01:00:00,,,7C03\n")
    assert (before.units[0].kind, before.reading.issues[0].rule) == ("unknown", "read.undated-code")


def test_a_pattern_is_written_like_the_ids(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(
        """source: {format: csv, header: [no, units]}
tables: {unit: {file: unit.csv}}
incident:
  event_number: {from: no}
  units: {from: units, split: ";", for_each: {table: unit}}
""",
        unit="id,pattern,kind\n,[0-9]-C[0-9],co-responder\n,MCT *,clinician\n",
    )
    made = made_of(pack, "1,2-C1;2 c1;MCT 4;mct-4;2-14\n")
    assert [unit.kind for unit in made.units] == ["co-responder", "unknown", "clinician", "clinician", "unknown"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("E.D.P.", "edp", True),
        ("Unable  to Locate", "unable to locate", True),
        ("unable to locate/left", "Unable to locate, left", True),
        ("SUBJ-DOWN", "subj down", True),
        ("patient's", "PATIENTS", True),
        ("10-96", "1096", False),
        ("10.96", "1096", False),
        ("A+", "A", False),
        ("A-", "A", False),
        ("09", "9", False),
        ("X or Y", "X/Y", False),
    ],
)
def test_what_counts_as_the_same_code(one: str, other: str, same: bool) -> None:
    assert (normal(one) == normal(other)) is same


@given(st.text(min_size=1, max_size=30))
def test_normal_form_is_stable(text: str) -> None:
    assert normal(normal(text)) == normal(text)


def test_a_disposition_refers_only_where_the_table_names_a_center() -> None:
    pack = load_pack("riverton-webhook")
    row = {"number": "R1", "nature": {}, "disposition": {"code": "ref-ls"}}
    made = pack(row)
    assert isinstance(made, Incident)
    assert [(r.organization) for contact in made.contacts for r in contact.referrals] == ["lakeshore-cmhc"]
    assert made.contacts[0].person is None  # nobody is named: a person decides who was meant
    for code in ("RES", "REF", "REFERRED", "M1", ""):
        other = pack({**row, "disposition": {"code": code}})
        assert isinstance(other, Incident)
        assert other.contacts == ()
