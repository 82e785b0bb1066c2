"""What a pack says of itself and its input: `pack`, `organizations`, `source`, `examples`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from mappings.errors import PackError
from mappings.incident import Agency, Organization, Role
from mappings.packs import paths
from mappings.packs.formats import READERS
from mappings.packs.load import Folder, Spec
from mappings.packs.source import TABULAR, Source
from mappings.times import zone

#: A pack's id.
IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z")


class collecting:
    """Keep a PackError of the block and go on."""

    def __init__(self, errors: list[PackError]) -> None:
        self._errors = errors

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, PackError):
            self._errors.append(error)
            return True
        return False


def all_of(errors: list[PackError]) -> PackError:
    """One error with every issue; its text is the first's."""
    first = errors[0]
    first.issues = tuple(found for error in errors for found in error.issues)
    return first


def head(spec: Spec, organizations: Spec | None) -> tuple[str, str, Agency]:
    """The pack's id, version and agency, with the organizations that its records name."""
    keys = spec.mapping(("id", "version", "agency"), ("id", "version", "agency"))
    if IDENTIFIER.match(keys["id"].text()) is None:
        keys["id"].fail("expected an id of a-z, 0-9 and -")
    agency = keys["agency"].mapping(("id", "ori", "name", "tz", "posture", "system"), ("id", "tz"))
    if zone(agency["tz"].text()) is None:
        agency["tz"].fail("expected an IANA zone such as America/Denver")
    posture = agency["posture"].one_of(get_args(Role)) if "posture" in agency else None
    known: list[Organization] = []
    if organizations is not None:
        for item in organizations.items():
            one = item.mapping(("id", "name", "kind", "posture"), ("id",))
            known.append(
                Organization(
                    id=one["id"].text(),
                    name=one["name"].text() if "name" in one else None,
                    kind=one["kind"].one_of(("agency", "center", "other")) if "kind" in one else "other",  # type: ignore[arg-type]
                    posture=one["posture"].one_of(get_args(Role)) if "posture" in one else None,  # type: ignore[arg-type]
                )
            )
    return (
        keys["id"].text(),
        keys["version"].text(),
        Agency(
            id=agency["id"].text(),
            name=agency["name"].text() if "name" in agency else None,
            ori=agency["ori"].text() if "ori" in agency else None,
            posture=posture,  # type: ignore[arg-type]
            zone=agency["tz"].text(),
            system=agency["system"].text() if "system" in agency else None,
            organizations=tuple(known),
        ),
    )


#: What `source` takes beside `format`, `key` and `empty`, by format.
SOURCE_KEYS: dict[str, tuple[str, ...]] = {
    "csv": ("encoding", "delimiter", "quote", "header", "columns", "rename", "skip", "group", "within"),
    "fixed": ("encoding", "columns", "trimmed", "skip", "group", "within"),
    "xlsx": ("sheet", "header", "columns", "rename", "skip", "group", "within"),
    "json": ("encoding", "rows", "success"),
    "ndjson": ("encoding", "rows"),
    "xml": ("rows", "namespaces"),
}
ENCODINGS = ("utf-8", "windows-1252", "iso-8859-1", "utf-16")
#: The furthest apart that rows of one group may be: what is held of them stays small.
FURTHEST = 10_000


def source(spec: Spec) -> tuple[Source, frozenset[str], str | None]:
    """How the input is written, the cells that mean nothing, and the column that keys a row."""
    given = spec.mapping()
    if "format" not in given:
        spec.fail("expected the key `format`", "pack.missing-key")
    form = given["format"].one_of(tuple(READERS))
    keys = spec.mapping(("format", "key", "empty", *SOURCE_KEYS[form]))
    delimiter, quote = _signs(keys)
    columns: tuple[str, ...] = ()
    spans: tuple[tuple[int, int | None], ...] = ()
    if form == "fixed":
        columns, spans = _spans(spec, keys)
    elif form in TABULAR:
        if ("header" in keys) == ("columns" in keys):
            expected = "expected `columns` (the file has a header line) or `header` (it has none), one of them"
            spec.fail(expected, "pack.missing-key")
        listed = keys["header"] if "header" in keys else keys["columns"]
        columns = listed.texts()
        for n, column in enumerate(columns):
            if column in columns[:n]:
                listed.items()[n].fail("expected each column once")
    rename = {}
    if "rename" in keys:
        if "header" in keys:
            keys["rename"].fail("expected no such key beside `header`: the file names no columns", "pack.unknown-key")
        for other, column_spec in keys["rename"].mapping().items():
            rename[other] = column_spec.one_of(columns)
    rows = _path(keys["rows"], lists=form == "json") if "rows" in keys else ()
    if form == "xml" and not rows:
        spec.fail("expected the key `rows`: the path to the rows, from the root element", "pack.missing-key")
    namespaces: dict[str, str] = {}
    if "namespaces" in keys:
        namespaces = {prefix: uri.text() for prefix, uri in keys["namespaces"].mapping().items()}
    if "within" in keys and "group" not in keys:
        keys["within"].fail("expected `group` beside it", "pack.missing-key")
    encoding = "utf-8"
    if "encoding" in keys:
        # A line of UTF-16 does not end where its bytes say so: NDJSON is UTF-8 by its own rule, or of one byte a sign.
        encoding = keys["encoding"].one_of(ENCODINGS if form != "ndjson" else ENCODINGS[:-1])
    made = Source(
        format=form,
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        headed="columns" in keys,
        skip=keys["skip"].count(0, 1000) if "skip" in keys else 0,
        columns=columns,
        rename=rename,
        spans=spans,
        trimmed="trimmed" in keys and keys["trimmed"].flag(),
        sheet=keys["sheet"].text() if "sheet" in keys else None,
        rows=rows,
        success=_path(keys["success"]) if "success" in keys else (),
        namespaces=namespaces,
        group=keys["group"].one_of(columns) if "group" in keys else None,
        within=keys["within"].count(1, FURTHEST) if "within" in keys else 1,
    )
    empty = frozenset(keys["empty"].texts()) if "empty" in keys else frozenset()
    return made, empty, keys["key"].text() if "key" in keys else None


def _signs(keys: dict[str, Spec]) -> tuple[str, str]:
    """The signs of a CSV file that stand between cells and around them."""
    signs = {"delimiter": ",", "quote": '"'}
    for name in signs:
        if name in keys:
            sign = keys[name].scalar()
            sign = "\t" if sign == "tab" else sign
            if len(sign) != 1 or sign in "\r\n":
                keys[name].fail("expected one character, or tab")
            signs[name] = sign
    if signs["delimiter"] == signs["quote"]:
        keys["delimiter" if "delimiter" in keys else "quote"].fail("expected a delimiter that is not the quote")
    return signs["delimiter"], signs["quote"]


def _path(spec: Spec, *, lists: bool = False) -> tuple[str, ...]:
    steps = paths.parse(spec.text(), lists=lists)
    if not steps or any(type(step) is int for step in steps):
        also = " (and [] after a list)" if lists else ""
        spec.fail(f"expected names with dots between, such as data.calls{also}")
    return tuple(str(step) for step in steps)


def _spans(spec: Spec, keys: dict[str, Spec]) -> tuple[tuple[str, ...], tuple[tuple[int, int | None], ...]]:
    """A fixed-width file's columns by their places, and what stands between them as columns of their own."""
    if "columns" not in keys:
        spec.fail("expected the key `columns`: each with its start and length", "pack.missing-key")
    placed: list[tuple[int, int | None, str]] = []
    for name, given in keys["columns"].mapping().items():
        place = given.mapping(("start", "length"), ("start",))
        start = place["start"].count(1, 1_000_000) - 1
        end = start + place["length"].count(1, 1_000_000) if "length" in place else None
        for other, other_end, _ in placed:
            if (end is None or other < end) and (other_end is None or start < other_end):
                given.fail("expected places that no other column has; only the last may be without length")
        placed.append((start, end, name))
    if not placed:
        keys["columns"].fail("expected a column with its start and length")
    at = 0
    for start, end, _ in sorted(placed, key=lambda one: one[0]):
        if start > at:
            placed.append((at, start, f"characters {at + 1}-{start}"))
        at = start if end is None else end
    return tuple(name for _, _, name in placed), tuple((start, end) for start, end, _ in placed)


def example(spec: Spec, folder: Folder) -> tuple[str, str]:
    """An example's input and the Incidents expected of it, as files of the folder."""
    keys = spec.mapping(("in", "incident"), ("in", "incident"))
    for name in ("in", "incident"):
        at = folder
        for part in keys[name].text().split("/"):
            if part in ("", ".", ".."):
                keys[name].fail("expected a file inside the pack's folder, written with /", "pack.file")
            at = at / part
        if not at.is_file():
            keys[name].fail("expected a file of this name in the pack's folder", "pack.file")
    return keys["in"].text(), keys["incident"].text()


def functions(spec: Spec) -> Iterator[str]:
    """The registered functions that this part of the pack names."""
    if spec.is_mapping:
        for key, value in spec.mapping().items():
            if key == "fn" and value.is_text:
                yield value.text()
            yield from functions(value)
    elif spec.is_list:
        for item in spec.items():
            yield from functions(item)
