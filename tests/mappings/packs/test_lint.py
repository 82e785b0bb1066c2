"""Everything that is wrong with a pack in one run, each with file, line, key and what is expected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mappings.packs import shipped_packs
from mappings.packs.lint import lint
from mappings.packs.table_text import TableText
from profiles.issue import stops

WritePack = Callable[..., Path]
PACKS = Path(__file__).parents[3] / "mappings" / "packs"

# Line 1 is the `pack` section of conftest, so `source` is line 2.
SOURCE = "source: {format: csv, columns: [event, nature, at, units], key: event}\n"
NATURE = 'tables: {nature: {file: nature.csv, system: "urn:test:nature"}}\n'
INCIDENT = "incident:\n  event_number: {from: event}\n  type_final: {from: nature, table: nature}\n"
REST = "  received: {from: at, datetime: iso}\ndrop: {units: nobody knows them}\n"


def found(folder: Path) -> set[tuple[str, str, str]]:
    return {(issue.severity, issue.rule, issue.path) for issue in lint(folder)}


def errors(folder: Path) -> set[tuple[str, str]]:
    return {(issue.rule, issue.path) for issue in lint(folder) if issue.severity == "error"}


def test_every_wrong_line_of_a_table_is_found_in_one_run(write_pack: WritePack) -> None:
    table = (
        "code,text,apco,valid_from\n"
        "EDP,,EDP,\n"
        "e.d.p.,,EDP,\n"  # 3: the same code in another spelling
        "X,,NOCODE,\n"  # 4: not a code of APCO
        ',"no code, and\ntwo lines",,\n'  # 5 and 6
        "Y,,,14.01.2026\n"  # 7: not a date
        "Z,,EDP\n"  # 8: a cell too few
        "W,,EDP,\n"
    )
    assert errors(write_pack(SOURCE + NATURE + INCIDENT + REST, nature=table)) == {
        ("pack.table", "nature.csv:3:code"),
        ("pack.table", "nature.csv:4:apco"),
        ("pack.table", "nature.csv:5:code"),
        ("pack.table", "nature.csv:7:valid_from"),
        ("pack.table", "nature.csv:8"),
    }


def test_wrong_tables_and_wrong_fields_are_found_together(write_pack: WritePack) -> None:
    text = SOURCE + NATURE + INCIDENT + "  priority: {from: prio}\n  type_initial: {from: nature, table: natures}\n"
    assert errors(write_pack(text, nature="code,apco\nX,NOCODE\n")) == {
        ("pack.table", "nature.csv:2:apco"),
        ("pack.column", "pack.yaml:7:incident.priority.from"),
        ("pack.no-table", "pack.yaml:8:incident.type_initial.table"),
    }


def test_the_line_of_what_is_expected_is_said(write_pack: WritePack) -> None:
    (issue, *_) = lint(write_pack(SOURCE + INCIDENT.replace("type_final", "type_fnal"), nature="code\n"))
    assert issue.path == "pack.yaml:5:incident.type_fnal"
    assert "type_final" in issue.text


def test_what_nothing_reads_and_nothing_uses(write_pack: WritePack) -> None:
    text = (
        "source: {format: csv, columns: [event, nature, at, units], key: event}\n"
        'tables:\n  nature: {file: nature.csv, system: "urn:test:nature"}\n  spare: {file: spare.csv}\n'
        "incident:\n  event_number: {from: event, when: {nature: {not_empty: true}}}\n"
        "  narratives: [{from: nature}]\n"
    )
    assert found(write_pack(text, nature="code\nX\n", spare="code,apco\nX,EDP\n")) == {
        ("warning", "pack.unused-column", "pack.yaml:2:source.columns[2]"),
        ("warning", "pack.unused-column", "pack.yaml:2:source.columns[3]"),
        ("warning", "pack.unused-table", "pack.yaml:4:tables.nature"),
        ("warning", "pack.unused-table", "pack.yaml:5:tables.spare"),
        ("warning", "pack.no-system", "pack.yaml:5:tables.spare"),
        ("warning", "pack.narrative-origin", "pack.yaml:8:incident.narratives[0]"),
        ("warning", "pack.no-example", "pack.yaml:1:pack"),
    }


def test_lines_that_wait_are_counted_and_those_that_could_not_be_taken_named(write_pack: WritePack) -> None:
    table = "code,apco,review\nEDP,EDP,\nE.D.P.,EDP,true\nX,,true\nx,,true\n"
    issues = found(write_pack(SOURCE + NATURE + INCIDENT + REST, nature=table))
    assert ("information", "pack.waiting", "nature.csv:3:review") in issues
    assert ("warning", "pack.table", "nature.csv:3:code") in issues
    assert ("warning", "pack.table", "nature.csv:5:code") in issues


def test_a_suggestion_outside_of_our_lists_is_an_error_too(write_pack: WritePack) -> None:
    folder = write_pack(SOURCE + NATURE + INCIDENT + REST, nature="code,apco,review\nEDP,NOCODE,true\nX,EDP,maybe\n")
    assert errors(folder) == {("pack.table", "nature.csv:2:apco"), ("pack.table", "nature.csv:3:review")}


def test_a_center_that_nobody_declares(write_pack: WritePack) -> None:
    text = (
        "organizations: [{id: a-center, kind: center}]\n"
        + SOURCE
        + NATURE
        + "incident: {event_number: {from: event}, disposition: {from: nature, table: nature}}\n"
    )
    table = "code,field_disposition,refers_to\nR,referred,a-center\nS,referred,b-center\nT,referred,test-pd\n"
    issues = found(write_pack(text, nature=table))
    assert {path for _, rule, path in issues if rule == "pack.organization"} == {"nature.csv:3:refers_to"}


def test_no_posture_is_said(tmp_path: Path) -> None:
    head = "pack: {id: a, version: 1, agency: {id: b, tz: America/Denver}}\n"
    (tmp_path / "pack.yaml").write_text(head + SOURCE + "incident: {event_number: {from: event}}\n")
    assert ("warning", "pack.no-posture", "pack.yaml:1:pack.agency") in found(tmp_path)


@pytest.mark.parametrize("text", ["", "a: [", "pack: !!python/object:x {}", "- a\n"])
def test_what_is_no_pack_at_all(tmp_path: Path, text: str) -> None:
    (tmp_path / "pack.yaml").write_text(text)
    assert stops(lint(tmp_path))


def test_a_folder_without_a_pack(tmp_path: Path) -> None:
    assert errors(tmp_path) == {("pack.file", "pack.yaml:1")}


@pytest.mark.parametrize("name", shipped_packs())
def test_shipped_packs_have_no_errors(name: str) -> None:
    assert errors(PACKS / name) == set()


# --- a table as the text it is


TEXT = '\ufeffcode,text,apco\r\n"EDP","Emotionally, disturbed",EDP\r\n\r\nX,"two\r\nlines",\r\nY,,'


def test_a_table_keeps_every_byte_but_those_that_change() -> None:
    table = TableText.of(TEXT)
    assert str(table) == TEXT
    assert [(record.line, record.lines, record.code) for record in table.records] == [
        (2, 1, "EDP"),
        (4, 2, "X"),
        (6, 1, "Y"),
    ]
    changed = table.changed(table.records[1], {"apco": "NOISE"})
    assert str(changed) == TEXT.replace('X,"two\r\nlines",', 'X,"two\r\nlines",NOISE')
    assert str(table.changed(table.records[2], {"text": "why"})) == TEXT[:-3] + "Y,why,"
    assert str(table.added({"code": "Z"})) == TEXT + "\r\nZ,,\r\n"


def test_columns_are_added_at_the_end_of_every_record() -> None:
    table = TableText.of(TEXT).with_columns(("text", "review"))
    assert table.columns == ("code", "text", "apco", "review")
    assert str(table) == (
        '\ufeffcode,text,apco,review\r\n"EDP","Emotionally, disturbed",EDP,\r\n\r\nX,"two\r\nlines",,\r\nY,,,'
    )
    assert [record.cells["review"] for record in table.records] == ["", "", ""]
