"""Two versions of a pack over one file: which fields change, by path and count; values only when asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.packs import Pack, compile_pack
from mappings.packs.compare import compare, differing

MakePack = Callable[..., Pack]

HEAD = "pack: {id: test-cad, version: %d, agency: {id: test-pd, tz: America/Denver, posture: law-enforcement}}\n"
TEXT = """source: {format: csv, columns: [event, nature, at, units], key: event}
tables: {nature: {file: nature.csv, system: "urn:test:nature"}}
incident:
  event_number: {from: event}
  type_final: {from: nature, table: nature}
  received: {from: at, datetime: iso}
  units: {from: units, split: ","}
"""
DATA = b"event,nature,at,units\n1,EDP,2026-01-14T23:02:00,A\n2,NOISE,2026-01-14T23:02:00,A\n3,EDP,x,B\n,EDP,,\n"


@pytest.fixture
def packs(tmp_path: Path) -> Callable[..., tuple[Pack, Pack]]:
    def make(new_text: str = TEXT, old_table: str = "code\n", new_table: str = "code\n") -> tuple[Pack, Pack]:
        made = []
        for number, (text, table) in enumerate(((TEXT, old_table), (new_text, new_table)), 1):
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / "pack.yaml").write_text(HEAD % number + text)
            (folder / "nature.csv").write_text(table)
            made.append(compile_pack(folder))
        return made[0], made[1]

    return make


def test_a_version_alone_changes_nothing(packs: Callable[..., tuple[Pack, Pack]]) -> None:
    found = compare(*packs(), DATA, DATA)
    assert found.same
    assert (found.records, found.changed, found.rejected_old, found.rejected_new) == (3, 0, 1, 1)


def test_a_code_that_is_mapped_now(packs: Callable[..., tuple[Pack, Pack]]) -> None:
    found = compare(*packs(new_table="code,apco\nEDP,EDP\n"), DATA, DATA)
    assert not found.same
    assert found.changed == 2
    assert found.paths == {
        "type_final.mapped[].system": 2,
        "type_final.mapped[].code": 2,
        "type_final.mapped[].display": 2,
    }
    assert found.issues == {("read.unmapped-code", "nature"): -2}
    assert [change.row for change in found.changes] == [1, 3]
    assert "EDP" not in repr(found)


def test_values_when_asked_for(packs: Callable[..., tuple[Pack, Pack]]) -> None:
    found = compare(*packs(new_table="code,apco\nEDP,EDP\n"), DATA, DATA, values=True)
    fields = {one.path: (one.old, one.new) for one in found.changes[0].fields}
    assert fields["type_final.mapped[0].code"] == (None, "EDP")
    assert found.changes[0].number == "1"


def test_records_are_paired_by_number_in_any_order(packs: Callable[..., tuple[Pack, Pack]]) -> None:
    header, one, two, three, none = DATA.splitlines(keepends=True)
    found = compare(*packs(), DATA, header + three + two + none + one)
    assert found.same
    assert found.records == 3


def test_records_of_one_side_are_counted(packs: Callable[..., tuple[Pack, Pack]]) -> None:
    found = compare(*packs(TEXT.replace("{from: event}", "{from: nature}").replace(", key: event", "")), DATA, DATA)
    assert (found.records, found.only_old, found.only_new) == (0, 3, 4)
    assert (found.rejected_old, found.rejected_new) == (1, 0)
    assert not found.same


def test_two_records_of_one_number_are_paired_in_order(packs: Callable[..., tuple[Pack, Pack]]) -> None:
    data = b"event,nature,at,units\n1,EDP,,A\n1,EDP,,B\n"
    assert compare(*packs(), data, data).same


values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_nothing_differs_from_itself(value: object) -> None:
    assert differing(value, value) == ()


@given(st.dictionaries(st.sampled_from("abc"), st.text(max_size=2)), st.dictionaries(st.sampled_from("abc"), st.text()))
def test_every_differing_member_is_named(old: dict[str, str], new: dict[str, str]) -> None:
    expected = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    assert {change.path for change in differing(old, new)} == expected
