"""How much of a file a pack covers: counted by rows and by codes, and nothing private listed."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from mappings.packs import Pack, load_pack, register, shipped_packs
from mappings.packs.coverage import Coverage, coverage

MakePack = Callable[..., Pack]
PACKS = Path(__file__).parents[3] / "mappings" / "packs"

TEXT = """source: {format: csv, columns: [event, first, last, units, sex, old, ncic, idle, gone], key: event}
tables:
  nature: {file: nature.csv}
  unit: {file: unit.csv}
  sex: {file: sex.csv}
incident:
  event_number: {from: event}
  type_initial: {from: first, table: nature}
  type_final: {from: last, table: nature}
  units: {from: units, split: ",", for_each: {table: unit}}
  persons: [{slot: a, roles: [subject], sex: {from: sex, table: sex}}]
drop: {old: not kept}
cjis: {ncic: [ncic]}
"""
TABLES = {
    "nature": "code,apco,review\nEDP,EDP,\nOTHER,,\nWAIT,EDP,true\n",
    "unit": "id,pattern,role,employer\n3C12,,clinician,a-center\n,2A*,officer,test-pd\n7Z,,,\n",
    "sex": "code,value\nF,female\n",
}
DATA = b"""event,first,last,units,sex,old,ncic,idle,extra
1,EDP,E.D.P.,"2A14, 3C12",F,x,,y,z
2,EDP,OTHER,2A14,F,,secret,y,z
3,NEW,new.,9Z9,F,,,,z
4,WAIT,719-555-0142,7Z,F,,,,z
,EDP,EDP,2A14,F,,,,z
6,EDP
"""


@pytest.fixture
def found(make_pack: MakePack) -> Coverage:
    return coverage(make_pack(TEXT, **TABLES), io.BytesIO(DATA))


def test_rows_are_records_and_rejected(found: Coverage) -> None:
    assert (found.rows, found.incidents) == (6, 4)
    assert found.rejected == {"read.no-key": 1, "read.row-short": 1}


def test_columns_with_their_use_and_rows(found: Coverage) -> None:
    columns = {one.name: (one.use, one.rows, one.rule) for one in found.columns}
    assert columns["first"] == ("used", 5, None)
    assert columns["old"] == ("dropped", 1, "pack.drop")
    assert columns["ncic"] == ("dropped", 1, "cjis.ncic")
    assert columns["idle"] == ("unused", 2, None)
    assert columns["gone"] == ("not in the file", 0, None)
    assert columns["extra"][0] == "not in the pack"


def test_codes_by_count_and_by_volume(found: Coverage) -> None:
    """Spellings are one code; a row with a code in two fields counts once for it; a suggestion is unmapped."""
    (nature, unit, sex) = found.tables
    assert nature.counts == {"mapped": (1, 2), "known": (1, 1), "unmapped": (3, 3)}
    assert [(one.code, one.rows, one.state) for one in nature.codes] == [
        ("EDP", 2, "mapped"),
        ("NEW", 1, "unmapped"),
        ("OTHER", 1, "known"),
        ("WAIT", 1, "unmapped"),
    ]
    assert unit.counts == {"mapped": (2, 3), "known": (1, 1), "unmapped": (1, 1)}
    assert sex.counts == {"mapped": (1, 4), "known": (0, 0), "unmapped": (0, 0)}


def test_what_may_be_no_code_is_counted_and_not_listed(found: Coverage) -> None:
    assert found.tables[0].unlisted == 1
    assert "719" not in repr(found)
    assert "secret" not in repr(found)


def test_issues_with_their_rows(found: Coverage) -> None:
    assert found.issues["read.unmapped-code", "first"] == 2
    assert found.issues["read.unmapped-code", "units"] == 1


def test_a_table_over_a_column_of_names_is_not_listed(make_pack: MakePack) -> None:
    text = """source: {format: csv, columns: [event, caller_name], key: event}
tables: {role: {file: role.csv}}
incident:
  event_number: {from: event}
  type_final: {from: caller_name, table: role}
"""
    found = coverage(make_pack(text, role="code\nX\n"), b"event,caller_name\n1,Quillfeather\n2,X\n")
    assert found.tables[0].counts["unmapped"] == (1, 1)
    assert found.tables[0].unlisted == 1
    assert "Quillfeather" not in repr(found)


@register
def shortened(text: str) -> str | None:
    return text[:2]


def test_functions_are_listed(make_pack: MakePack) -> None:
    name = f"{shortened.__module__}:shortened"
    text = f"""source: {{format: csv, columns: [event, a], key: event}}
incident: {{event_number: {{from: event}}, place: {{text: {{from: a, fn: "{name}"}}}}}}
"""
    assert coverage(make_pack(text), b"event,a\n1,abc\n").functions == (name,)


def test_members_of_documents(make_pack: MakePack) -> None:
    text = """source: {format: ndjson, key: id}
tables: {unit: {file: unit.csv}}
incident:
  event_number: {from: id}
  units: {from: units, for_each: {id: {from: name}, table: unit}}
drop: {"secret.a": not kept}
"""
    data = b'{"id": "1", "units": [{"name": "2A1"}, {"name": "2A2"}], "secret": {"a": "x"}, "more": 1}\n{"id": "2"}\n'
    found = coverage(make_pack(text, unit="id,role\n2A1,officer\n"), data)
    assert {(one.name, one.use, one.rows) for one in found.columns} == {
        ("id", "used", 2),
        ("units[].name", "used", 1),
        ("secret.a", "dropped", 1),
        ("more", "unused", 1),
    }
    assert found.tables[0].counts == {"mapped": (1, 1), "known": (0, 0), "unmapped": (1, 1)}


@pytest.mark.parametrize("name", shipped_packs())
def test_coverage_counts_what_reading_gives(name: str) -> None:
    pack = load_pack(name)
    for given, _ in pack.examples:
        data = (PACKS / name / given).read_bytes()
        found = coverage(pack, data)
        assert found.rows == sum(1 for _ in pack.read(data))
        assert any(one.use == "used" for one in found.columns)
        assert len(found.tables) == len(pack.tables)


@pytest.mark.proof
def test_memory_does_not_grow_with_rows(make_pack: MakePack) -> None:
    pack = make_pack(TEXT, **TABLES)
    peaks = []
    for count in (20_000, 40_000):
        lines = "".join(f"{n},EDP,OTHER,2A14,F,,,,z\n" for n in range(1, count))
        data = io.BytesIO(DATA.splitlines(keepends=True)[0] + lines.encode())
        tracemalloc.start()
        assert coverage(pack, data).incidents == count - 1
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.1
