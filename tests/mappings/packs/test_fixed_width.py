"""Fixed-width files: columns by their places, what stands between them, lines cut off or too long."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mappings.errors import PackError
from mappings.incident import Incident, Rejected
from mappings.packs import Pack

FIXED = """source:
  format: fixed
  columns:
    event: {start: 1, length: 6}
    nature: {start: 7, length: 4}
    note: {start: 13, length: 10}%s
incident:
  event_number: {from: event}
  priority: {from: nature}
  narratives: [{from: note, kind: cad-note, organization: test-pd}]
"""


def test_columns_are_cut_by_their_places(make_pack: Callable[..., Pack]) -> None:
    data = "000117EDP xxon porch  \n000118 10    ñ".encode() + b"\n\n"
    one, two = make_pack(FIXED % "").read(data)
    assert isinstance(one, Incident)
    assert isinstance(two, Incident)
    assert (one.number, one.priority.code if one.priority else None) == ("000117", "EDP")
    assert one.narratives[0].text == "on porch"
    assert one.reading.unused == ("characters 11-12",)  # nobody says what stands there
    assert (two.number, two.narratives[0].text) == ("000118", "ñ")


def test_a_line_cut_off_or_too_long_is_rejected(make_pack: Callable[..., Pack]) -> None:
    data = b"000117EDP\n000118EDP   note      more\n000119EDP   n\n000120EDP   note      \n"
    found = list(make_pack(FIXED % "").read(data))
    assert [one.issues[0].rule if isinstance(one, Rejected) else one.number for one in found] == [
        "read.row-short", "read.row-long", "000119", "000120",
    ]  # fmt: skip
    assert [(one.issues[0].path, one.line) for one in found if isinstance(one, Rejected)] == [
        ("line 1", 1), ("line 2", 2),
    ]  # fmt: skip


def test_trimmed_lines_have_empty_cells(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(FIXED % "\n  trimmed: true\n  skip: 1")
    (made,) = pack.read(b"a title, whatever it says\n000117EDP\n")
    assert isinstance(made, Incident)
    assert (made.number, made.narratives) == ("000117", ())


def test_the_last_column_may_run_to_the_end(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack((FIXED % "").replace("{start: 13, length: 10}", "{start: 13}"))
    (made,) = pack.read(b"000117EDP   " + b"n" * 400)
    assert isinstance(made, Incident)
    assert len(made.narratives[0].text) == 400


@pytest.mark.parametrize(
    ("columns", "place"),
    [
        ("event: {start: 0, length: 6}", "event.start"),
        ("event: {start: 1, length: many}", "event.length"),
        ("event: {length: 6}", "event"),
        ("event: {start: 1}\n    nature: {start: 9}", "nature"),
        ("event: {start: 1, length: 6}\n    nature: {start: 6, length: 2}", "nature"),
    ],
)
def test_places_that_cannot_be_meant(make_pack: Callable[..., Pack], columns: str, place: str) -> None:
    text = f"source:\n  format: fixed\n  columns:\n    {columns}\nincident: {{event_number: {{from: event}}}}\n"
    with pytest.raises(PackError) as caught:
        make_pack(text)
    assert caught.value.issues[0].path.endswith(f"source.columns.{place}")
