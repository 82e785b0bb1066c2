"""A wrong pack says which file, line and key is wrong and what was expected there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mappings.errors import PackError
from mappings.packs import compile_pack, load_pack

# Line 1 is the `pack` section, so `source` is line 2.
SOURCE = "source: {format: csv, columns: [event, nature, at, units], key: event}\n"
GOOD = "incident: {event_number: {from: event}}\n"
NATURE = "tables: {nature: {file: nature.csv}}\n"

BAD = {
    "unknown section": (SOURCE + GOOD + "extras: {}\n", {}, "pack.yaml:4:extras", "pack.unknown-key"),
    "no incident": (SOURCE, {}, "pack.yaml:1", "pack.missing-key"),
    "unknown format": (
        "source: {format: ods, columns: [a]}\n" + GOOD, {}, "pack.yaml:2:source.format", "pack.value"
    ),
    "columns and header": (
        "source: {format: csv, columns: [event], header: [event]}\n" + GOOD,
        {}, "pack.yaml:2:source", "pack.missing-key",
    ),
    "column twice": (
        "source:\n  format: csv\n  columns: [event, a,\n            a]\n" + GOOD,
        {}, "pack.yaml:5:source.columns[2]", "pack.value",
    ),
    "rows in a csv": (
        "source: {format: csv, columns: [event], rows: a}\n" + GOOD, {}, "pack.yaml:2:source.rows", "pack.unknown-key"
    ),
    "rename without a header": (
        "source: {format: csv, header: [event], rename: {Event: event}}\n" + GOOD,
        {}, "pack.yaml:2:source.rename", "pack.unknown-key",
    ),
    "skip that is no number": (
        "source: {format: csv, columns: [event], skip: two}\n" + GOOD, {}, "pack.yaml:2:source.skip", "pack.value"
    ),
    "utf-16 by lines": (
        "source: {format: ndjson, encoding: utf-16}\n" + GOOD, {}, "pack.yaml:2:source.encoding", "pack.value"
    ),
    "one sign for two": (
        "source: {format: csv, columns: [event], quote: ','}\n" + GOOD, {}, "pack.yaml:2:source.quote", "pack.value"
    ),
    "fixed without columns": ("source: {format: fixed}\n" + GOOD, {}, "pack.yaml:2:source", "pack.missing-key"),
    "list in a path of xml": (
        "source: {format: xml, rows: 'a[].b'}\n" + GOOD, {}, "pack.yaml:2:source.rows", "pack.value"
    ),
    "one width for several columns": (
        SOURCE + "incident:\n  event_number: {from: event}\n  priority: {from: [nature, at], width: 4}\n",
        {}, "pack.yaml:5:incident.priority.width", "pack.value",
    ),
    "width of another column": (
        SOURCE + "incident:\n  event_number: {from: event}\n  priority: {from: [nature, at], zero_pad: {units: 4}}\n",
        {}, "pack.yaml:5:incident.priority.zero_pad.units", "pack.column",
    ),
    "width of a constant": (
        SOURCE + "incident:\n  event_number: {from: event}\n  priority: {const: P1, width: 2}\n",
        {}, "pack.yaml:5:incident.priority.width", "pack.unknown-key",
    ),
    "rule for the clocks": (
        SOURCE + "incident:\n  event_number: {from: event}\n  received: {from: at, datetime: iso, dst: first}\n",
        {}, "pack.yaml:5:incident.received.dst", "pack.value",
    ),
    "condition that is none": (
        SOURCE + "incident:\n  event_number: {from: event}\n  priority: {from: nature, when: {at: {matches: '('}}}\n",
        {}, "pack.yaml:5:incident.priority.when.at.matches", "pack.value",
    ),
    "xml without rows": ("source: {format: xml}\n" + GOOD, {}, "pack.yaml:2:source", "pack.missing-key"),
    "unknown column": (
        SOURCE + "incident:\n  event_number: {from: evnet}\n",
        {}, "pack.yaml:4:incident.event_number.from", "pack.column",
    ),
    "unknown field": (
        SOURCE + "incident:\n  event_number: {from: event}\n  encounter: {from: nature}\n",
        {}, "pack.yaml:5:incident.encounter", "pack.unknown-key",
    ),
    "unknown verb": (
        SOURCE + "incident:\n  event_number: {from: event, eval: 'x'}\n",
        {}, "pack.yaml:4:incident.event_number.eval", "pack.unknown-key",
    ),
    "no number": (SOURCE + "incident: {priority: {from: nature}}\n", {}, "pack.yaml:3:incident", "pack.missing-key"),
    "constant number": (
        SOURCE + "incident: {event_number: event}\n", {}, "pack.yaml:3:incident.event_number", "pack.value",
    ),
    "unknown table": (
        SOURCE + "incident:\n  event_number: {from: event}\n  type_final: {from: nature, table: natures}\n",
        {}, "pack.yaml:5:incident.type_final.table", "pack.no-table",
    ),
    "missing table file": (SOURCE + NATURE + GOOD, {}, "pack.yaml:3:tables.nature.file", "pack.file"),
    "table file outside": (
        SOURCE + "tables: {nature: {file: ../nature.csv}}\n" + GOOD, {}, "pack.yaml:3:tables.nature.file", "pack.file"
    ),
    "unknown table column": (
        SOURCE + NATURE + GOOD, {"nature": "code,apcoo\nA,EDP\n"}, "nature.csv:1:apcoo", "pack.table"
    ),
    "unknown apco code": (
        SOURCE + NATURE + GOOD, {"nature": "code,apco\nA,EDP\nB,MENTAL\n"}, "nature.csv:3:apco", "pack.table"
    ),
    "unknown disposition": (
        SOURCE + NATURE + GOOD, {"nature": "code,field_disposition\nA,gone\n"},
        "nature.csv:2:field_disposition", "pack.table",
    ),
    "center without referred": (
        SOURCE + NATURE + GOOD, {"nature": "code,field_disposition,refers_to\nA,resolved-on-scene,center-a\n"},
        "nature.csv:2:refers_to", "pack.table",
    ),
    "same code twice": (
        SOURCE + NATURE + GOOD, {"nature": "code,apco\nE.D.P.,EDP\nedp,EDP\n"}, "nature.csv:3:code", "pack.table"
    ),
    "overlapping validity": (
        SOURCE + NATURE + GOOD,
        {"nature": "code,apco,valid_from,valid_to\nA,EDP,,2025-06-30\nA,NOISE,2025-06-30,\n"},
        "nature.csv:3:code", "pack.table",
    ),
    "impossible date in a table": (
        SOURCE + NATURE + GOOD, {"nature": "code,valid_from\nA,2025-02-30\n"}, "nature.csv:2:valid_from", "pack.table"
    ),
    "short table row": (
        SOURCE + NATURE + GOOD, {"nature": 'code,apco\n"A\nB",EDP\nC\n'}, "nature.csv:4", "pack.table"
    ),
    "unit of no kind": (
        SOURCE + NATURE + GOOD, {"nature": "id,kind\n3C12,nurse\n"}, "nature.csv:2:kind", "pack.table"
    ),
    "no datetime": (
        SOURCE + "incident:\n  event_number: {from: event}\n  received: {from: at}\n",
        {}, "pack.yaml:5:incident.received", "pack.missing-key",
    ),
    "unknown directive": (
        SOURCE + "incident:\n  event_number: {from: event}\n  received: {from: at, datetime: ['%Q']}\n",
        {}, "pack.yaml:5:incident.received.datetime[0]", "pack.format",
    ),
    "format without day": (
        SOURCE + "incident:\n  event_number: {from: event}\n  received: {from: at, datetime: '%Y-%m %H:%M'}\n",
        {}, "pack.yaml:5:incident.received.datetime", "pack.format",
    ),
    "unregistered function": (
        SOURCE + "incident:\n  event_number: {from: event, fn: 'os:system'}\n",
        {}, "pack.yaml:4:incident.event_number.fn", "pack.function",
    ),
    "regex without name": (
        SOURCE + "incident:\n  event_number: {from: event, regex: '(.*)'}\n",
        {}, "pack.yaml:4:incident.event_number.regex", "pack.value",
    ),
    "wrong condition": (
        SOURCE + "incident:\n  event_number: {from: event, when: {nature: {like: A}}}\n",
        {}, "pack.yaml:4:incident.event_number.when.nature.like", "pack.unknown-key",
    ),
    "word that is no role": (
        SOURCE + "incident:\n  event_number: {from: event}\n"
        + "  persons: [{roles: [patient], description: {from: nature}}]\n",
        {}, "pack.yaml:5:incident.persons[0].roles[0]", "pack.value",
    ),
    "origin without a place": (
        SOURCE + "incident:\n  event_number: {from: event}\n  place: {from: at, origin: caller}\n",
        {}, "pack.yaml:5:incident.place.origin", "pack.unknown-key",
    ),
    "narrative without text": (
        SOURCE + "incident:\n  event_number: {from: event}\n  narratives: [{kind: cad-note}]\n",
        {}, "pack.yaml:5:incident.narratives[0]", "pack.missing-key",
    ),
    "list of a cell": (
        SOURCE + "incident:\n  event_number: {from: event}\n  units: {from: units, for_each: {}}\n",
        {}, "pack.yaml:5:incident.units.from", "pack.missing-key",
    ),
    "dropped and read": (
        SOURCE + GOOD + "drop: {event: no reason}\n", {}, "pack.yaml:4:drop.event", "pack.value"
    ),
    "drop without reason": (SOURCE + GOOD + "drop: {at: }\n", {}, "pack.yaml:4:drop.at", "pack.value"),
    "gated and read": (
        SOURCE + GOOD + "cjis: {ncic: [event]}\n", {}, "pack.yaml:4:cjis.ncic[0]", "pack.value"
    ),
    "unknown class": (SOURCE + GOOD + "cjis: {secret: [at]}\n", {}, "pack.yaml:4:cjis.secret", "pack.unknown-key"),
    "missing example": (
        SOURCE + GOOD + "examples: [{in: a.csv, incident: a.json}]\n", {}, "pack.yaml:4:examples[0].in", "pack.file"
    ),
    "unknown zone": (
        "pack: {id: x, version: 1, agency: {id: a, tz: Mountain}}\n" + SOURCE + GOOD,
        {}, "pack.yaml:1:pack.agency.tz", "pack.value",
    ),
    "no zone": (
        "pack: {id: x, version: 1, agency: {id: a}}\n" + SOURCE + GOOD,
        {}, "pack.yaml:1:pack.agency", "pack.missing-key",
    ),
    "key twice": (SOURCE + GOOD + GOOD, {}, "pack.yaml:4:incident", "pack.yaml"),
    "anchors": (
        SOURCE + "incident: {event_number: &a {from: event}, case_number: *a}\n", {}, "pack.yaml:3", "pack.yaml"
    ),
    "python in yaml": (
        SOURCE + "incident: {event_number: !!python/object/apply:os.system ['true']}\n",
        {}, "pack.yaml:3:incident.event_number", "pack.yaml",
    ),
    "not yaml": (SOURCE + "incident: {event_number: [\n", {}, "pack.yaml:4", "pack.yaml"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_pack_names_place_and_expectation(name: str, write_pack: Callable[..., Path]) -> None:
    text, tables, place, rule = BAD[name]
    with pytest.raises(PackError) as caught:
        compile_pack(write_pack(text, **tables))
    found = [(issue.path, issue.rule) for issue in caught.value.issues]
    assert (place, rule) in found
    assert all("expected" in issue.text or "not used" in issue.text or "twice" in issue.text
               for issue in caught.value.issues)  # fmt: skip


def test_every_mistake_is_named_in_one_run(write_pack: Callable[..., Path]) -> None:
    text = SOURCE + "incident:\n  event_number: {from: event}\n  priority: {from: prio}\n  status: {from: state}\n"
    with pytest.raises(PackError) as caught:
        compile_pack(write_pack(text))
    assert [issue.path for issue in caught.value.issues] == [
        "pack.yaml:5:incident.priority.from",
        "pack.yaml:6:incident.status.from",
    ]


def test_a_pack_that_is_not_there(tmp_path: Path) -> None:
    for name in ("no-such-pack", str(tmp_path / "nothing"), "../etc"):
        with pytest.raises(PackError) as caught:
            load_pack(name)
        assert caught.value.rule in ("pack.unknown", "pack.file")
    with pytest.raises(PackError) as caught:
        compile_pack(tmp_path)
    assert caught.value.issues[0].path == "pack.yaml:1"


def test_scalars_stay_text(write_pack: Callable[..., Path]) -> None:
    """YAML 1.1 would read 000000 as zero, NO as false and 12:30 as 750."""
    pack = compile_pack(
        write_pack(
            "source: {format: csv, header: [event, at, self]}\n"
            "incident:\n"
            "  event_number: {from: event}\n"
            "  received: {from: at, datetime: '%Y%m%d%H%M%S', unknown_time: 000000}\n"
            "  priority: {from: event, when: {self: {equals: NO}}}\n"
        )
    )
    (made,) = pack.read(b"007,20260114000000,NO\n")
    assert made.number == "007"  # type: ignore[union-attr]
    assert made.timeline.received == "2026-01-14"  # type: ignore[union-attr]
    assert made.priority.code == "007"  # type: ignore[union-attr]
