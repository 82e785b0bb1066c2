"""Code tables edited and reviewed: who and when are written, nothing else changes; and tables as ConceptMap."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.errors import PackError
from mappings.packs import Pack
from mappings.packs.table_edit import Reviewer, concept_map, review, set_code, suggests, waiting
from mappings.packs.table_text import TableText
from mappings.packs.tables import Table
from profiles.check import check
from profiles.issue import stops

MakePack = Callable[..., Pack]
BY = Reviewer(by="C. Coordinator", on="2026-01-14")
TEXT = """code,text,apco,review,reviewed_by,reviewed_on,note
EDP,Emotionally disturbed,EDP,true,,,on 2 rows
SUPP,"Supplemental, report",,true,,,
NOISE,,NOISE,,,,
"""


def test_a_suggestion_is_taken_with_name_and_date() -> None:
    made = review(TableText.of(TEXT), {"e.d.p.": "accept"}, BY)
    assert str(made) == TEXT.replace("EDP,true,,,on 2 rows", "EDP,,C. Coordinator,2026-01-14,on 2 rows")


def test_a_cleared_code_is_known_and_mapped_to_nothing() -> None:
    made = review(TableText.of(TEXT), {"EDP": "clear", "SUPP": "clear"}, BY)
    assert waiting(made) == ()
    edp, supp, _ = made.records
    assert (edp.cells["apco"], edp.cells["text"]) == ("", "Emotionally disturbed")
    assert not suggests(made, edp)
    assert supp.cells["reviewed_by"] == "C. Coordinator"


@pytest.mark.parametrize("code", ["NOISE", "ABSENT"])
def test_a_code_that_does_not_wait_cannot_be_reviewed(code: str) -> None:
    with pytest.raises(PackError):
        review(TableText.of(TEXT), {code: "accept"}, BY)


def test_a_suggestion_beside_a_line_in_force_is_not_taken() -> None:
    with pytest.raises(PackError) as caught:
        review(TableText.of(TEXT + "E D P,,,true,,,\ne.d.p.,,EDP,,,,\n"), {"EDP": "accept"}, BY)
    assert "line" in caught.value.issues[0].path


def test_setting_a_code_changes_its_line_alone() -> None:
    made = set_code(TableText.of(TEXT), "noise", {"text": "Loud, at night"}, BY)
    assert str(made) == TEXT.replace("NOISE,,NOISE,,,,", 'NOISE,"Loud, at night",NOISE,,C. Coordinator,2026-01-14,')


def test_a_new_code_comes_last() -> None:
    made = set_code(TableText.of(TEXT), "WELF", {"apco": "WELFARE"}, BY)
    assert str(made) == TEXT + "WELF,,WELFARE,,C. Coordinator,2026-01-14,\n"


def test_a_table_without_the_columns_of_review_gets_them() -> None:
    made = set_code(TableText.of("code,apco\nA,EDP\n"), "A", {"apco": ""}, BY)
    assert str(made) == "code,apco,review,reviewed_by,reviewed_on\nA,,,C. Coordinator,2026-01-14\n"


@pytest.mark.parametrize("column", ["code", "reviewed_by", "review", "acpo"])
def test_only_columns_of_the_table_are_set(column: str) -> None:
    with pytest.raises(PackError) as caught:
        set_code(TableText.of(TEXT), "EDP", {column: "x"}, BY)
    assert "apco" in caught.value.issues[0].text


def test_a_code_on_several_lines_is_edited_in_the_file() -> None:
    dated = "code,apco,valid_from,valid_to\nA,EDP,,2025-12-31\nA,NOISE,2026-01-01,\n"
    with pytest.raises(PackError):
        set_code(TableText.of(dated), "A", {"apco": "EDP"}, BY)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8).map(str.strip)


@given(st.lists(st.tuples(cells.filter(bool), cells), min_size=1, max_size=5), cells, st.sampled_from(["\n", "\r\n"]))
def test_other_lines_keep_their_bytes(rows: list[tuple[str, str]], value: str, end: str) -> None:
    quoted = ['"' + '","'.join(cell.replace('"', '""') for cell in row) + '"' for row in rows]
    text = end.join(["code,text", *quoted]) + end
    table = TableText.of(text)
    assert len(table.records) == len(rows)
    first = table.records[0]
    changed = table.changed(first, {"text": value})
    assert changed.records[0].cells["text"] == value
    assert [dict(one.cells) for one in changed.records[1:]] == [dict(one.cells) for one in table.records[1:]]
    assert str(changed).endswith(end.join(["", *quoted[1:]]) + end if rows[1:] else end)


# --- ConceptMap


def table_of(make_pack: MakePack, text: str) -> Table:
    pack = make_pack(
        """source: {format: csv, columns: [event, nature], key: event}
tables: {nature: {file: nature.csv, system: "urn:test:nature"}}
incident: {event_number: {from: event}, type_final: {from: nature, table: nature}}
""",
        nature=text,
    )
    table = pack.tables["nature"]
    assert isinstance(table, Table)
    return table


def test_a_table_as_concept_map(make_pack: MakePack) -> None:
    table = table_of(
        make_pack,
        "code,text,apco,field_disposition,review,valid_from,valid_to\nA,Words,EDP,,,,\nB,,,,,,\nC,,EDP,,true,,\n"
        "D,,NOISE,gone-on-arrival,,,2025-12-31\nD,,EDP,,,2026-01-01,\n",
    )
    made = concept_map(table, pack="test-cad", version="3", url="urn:test:map")
    assert not stops(check(made))
    apco, ours = made["group"]
    assert apco["source"] == ours["source"] == "urn:test:nature"
    assert [(one["code"], one["target"]) for one in apco["element"]] == [
        ("A", [{"code": "EDP", "equivalence": "relatedto"}]),
        ("B", [{"equivalence": "unmatched"}]),
        (
            "D",
            [
                {"code": "NOISE", "equivalence": "relatedto", "comment": "Until 2025-12-31."},
                {"code": "EDP", "equivalence": "relatedto", "comment": "From 2026-01-01."},
            ],
        ),
    ]
    assert ours["element"][2]["target"][0]["code"] == "gone-on-arrival"
    assert apco["element"][0]["display"] == "Words"


def test_a_table_that_maps_nothing_is_a_concept_map_too(make_pack: MakePack) -> None:
    made = concept_map(table_of(make_pack, "code\nA\n"), pack="a", version="1", url="urn:x")
    assert not stops(check(made))
    assert made["group"][0]["element"] == [{"code": "A", "target": [{"equivalence": "unmatched"}]}]


def test_a_table_without_a_system_is_none(make_pack: MakePack) -> None:
    pack = make_pack(
        """source: {format: csv, columns: [event, nature], key: event}
tables: {nature: {file: nature.csv}}
incident: {event_number: {from: event}, type_final: {from: nature, table: nature}}
""",
        nature="code\nA\n",
    )
    table = pack.tables["nature"]
    assert isinstance(table, Table)
    with pytest.raises(PackError):
        concept_map(table, pack="a", version="1", url="urn:x")
