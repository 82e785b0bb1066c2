"""Several rows that are one incident: one row a unit, adjacent or near."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.errors import PackError
from mappings.incident import Gated, Incident, Rejected
from mappings.packs import Pack
from mappings.packs.groups import Grouped, grouped
from mappings.packs.source import Place

PACK = """source: {format: csv, columns: [event, nature, unit, sent, ncic, spare], group: event%s}
incident:
  event_number: {from: event}
  priority: {from: nature}
  received: {from: sent, datetime: iso}
  units:
    each_row:
      id: {from: unit}
      dispatched: {from: sent, datetime: iso}
cjis: {ncic: [ncic]}
"""
HEAD = b"event,nature,unit,sent,ncic,spare\n"


def test_adjacent_rows_of_one_number_are_one_incident(make_pack: Callable[..., Pack]) -> None:
    data = HEAD + (
        b"1,,2A14,2026-01-14T10:00:00,q,\n1,EDP,3C12,2026-01-14T10:00:00,q,\n1,EDP,3C12,2026-01-14T10:00:00,,\n"
        b"2,A,2A15,2026-01-14T11:00:00,,\n"
    )
    one, two = make_pack(PACK % "").read(data)
    assert isinstance(one, Incident)
    assert isinstance(two, Incident)
    assert [unit.id for unit in one.units] == ["2A14", "3C12"]  # a row that says the same again is no other unit
    assert one.priority is not None
    assert one.priority.code == "EDP"  # the first row that has one
    assert [unit.timeline.dispatched for unit in two.units] == ["2026-01-14T11:00:00-07:00"]
    assert one.reading.dropped == (Gated(path="ncic", rule="cjis.ncic", count=2),)
    assert one.reading.unused == ("spare",)
    assert one.reading.paths["units[1].id"] == "unit"
    assert one.reading.issues == ()


def test_rows_that_differ_keep_the_first_and_say_so(make_pack: Callable[..., Pack]) -> None:
    data = HEAD + b"1,A,2A14,,,\n1,B,3C12,,,\n"
    (made,) = make_pack(PACK % "").read(data)
    assert isinstance(made, Incident)
    assert made.priority is not None
    assert made.priority.code == "A"
    assert [(issue.rule, issue.path) for issue in made.reading.issues] == [("read.group-differs", "nature")]


def test_how_far_apart_rows_may_be_is_declared(make_pack: Callable[..., Pack]) -> None:
    data = HEAD + b"1,A,2A14,,,\n2,B,2A15,,,\n1,A,3C12,,,\n"
    near = list(make_pack(PACK % ", within: 2").read(data))
    assert [(one.number, len(one.units)) for one in near if isinstance(one, Incident)] == [("2", 1), ("1", 2)]
    apart = list(make_pack(PACK % "").read(data))
    assert [(one.number, len(one.units)) for one in apart if isinstance(one, Incident)] == [
        ("1", 1),
        ("2", 1),
        ("1", 1),
    ]
    assert isinstance(apart[2], Incident)
    assert [(issue.rule, issue.path) for issue in apart[2].reading.issues] == [("read.group-again", "event")]


def test_broken_rows_and_rows_without_number_stand_alone(make_pack: Callable[..., Pack]) -> None:
    data = HEAD + b"1,A,2A14,,,\n1,A\n,A,3C12,,,\n1,A,3C12,,,\n"
    found = list(make_pack(PACK % "").read(data))
    rejected = [(one.issues[0].rule, one.line) for one in found if isinstance(one, Rejected)]
    assert rejected == [("read.row-short", 3), ("read.no-key", 4)]


def test_mappings_are_grouped_too(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(PACK % "")
    rows = [{"EVENT": 1, "Unit ": "2A14"}, {"EVENT": 1, "Unit ": "3C12"}, {"EVENT": 2, "Unit ": "2A14"}]
    assert [len(one.units) for one in pack(iter(rows)) if isinstance(one, Incident)] == [2, 1]
    one = pack({"event": "1", "unit": "2A14"})
    assert isinstance(one, Incident)
    assert len(one.units) == 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ((PACK % "").replace("group: event", "group: evnt"), "source.group"),
        ((PACK % ", within: 0"), "source.within"),
        ((PACK % "").replace(", group: event", ""), "incident.units.each_row"),
        ((PACK % "").replace(", group: event", ", within: 3"), "source.within"),
    ],
)
def test_groups_that_cannot_be_meant(make_pack: Callable[..., Pack], text: str, place: str) -> None:
    with pytest.raises(PackError) as caught:
        make_pack(text)
    assert any(issue.path.endswith(place) for issue in caught.value.issues)


@given(st.lists(st.sampled_from(["", "a", "b", "c", "bad"]), max_size=30), st.integers(1, 5))
def test_each_row_is_in_exactly_one_group(keys: list[str], within: int) -> None:
    rows = [
        (n, Rejected(index=n, issues=()) if key == "bad" else [key, str(n)]) for n, key in enumerate(keys)
    ]  # fmt: skip
    found = [row for _, row in grouped(rows, 0, within, ((0, "key"),), Place())]
    groups = [row for row in found if isinstance(row, Grouped)]
    assert sorted(int(one[1]) for one in chain.from_iterable(group.rows for group in groups)) == [
        n for n, key in enumerate(keys) if key != "bad"
    ]
    assert len(found) - len(groups) == keys.count("bad")
    for group in groups:
        places = [int(one[1]) for one in group.rows]
        assert all(later - earlier <= within for earlier, later in pairwise(places))
        assert len({one[0] for one in group.rows}) == 1
