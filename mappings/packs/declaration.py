"""What a pack says of itself and its input: `pack`, `organizations`, `source`, `examples`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from mappings.errors import PackError
from mappings.incident import Agency, Organization, Role
from mappings.packs import paths
from mappings.packs.formats import READERS, Source
from mappings.packs.load import Folder, Spec
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


_CSV_KEYS = ("encoding", "delimiter", "quote", "header", "columns", "rename")
_SOURCE_KEYS = {"csv": _CSV_KEYS, "json": ("encoding", "rows"), "ndjson": ("encoding", "rows")}
_SOURCE_KEYS["xml"] = ("rows", "namespaces")


def source(spec: Spec) -> tuple[Source, frozenset[str], str | None]:
    """How the input is written, the cells that mean nothing, and the column that keys a row."""
    given = spec.mapping()
    if "format" not in given:
        spec.fail("expected the key `format`", "pack.missing-key")
    form = given["format"].one_of(tuple(READERS))
    keys = spec.mapping(("format", "key", "empty", *_SOURCE_KEYS[form]))
    encoding = keys["encoding"].one_of(("utf-8", "windows-1252")) if "encoding" in keys else "utf-8"
    delimiter, quote = ",", '"'
    for name in ("delimiter", "quote"):
        if name in keys:
            sign = keys[name].scalar()
            sign = "\t" if sign == "tab" else sign
            if len(sign) != 1 or sign in "\r\n":
                keys[name].fail("expected one character, or tab")
            delimiter, quote = (sign, quote) if name == "delimiter" else (delimiter, sign)
    if delimiter == quote:
        keys["delimiter"].fail("expected another character than the quote")
    columns: tuple[str, ...] = ()
    if form == "csv":
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
        for other, column_spec in keys["rename"].mapping().items():
            rename[other] = column_spec.one_of(columns)
    rows: tuple[str, ...] = ()
    if "rows" in keys:
        steps = paths.parse(keys["rows"].text())
        if not steps or any(type(step) is int for step in steps):
            keys["rows"].fail("expected names with dots between, such as data.calls")
        rows = tuple(str(step) for step in steps)
    elif form == "xml":
        spec.fail("expected the key `rows`: the path to the rows, from the root element", "pack.missing-key")
    namespaces: dict[str, str] = {}
    if "namespaces" in keys:
        namespaces = {prefix: uri.text() for prefix, uri in keys["namespaces"].mapping().items()}
    made = Source(
        format=form,
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        headed="columns" in keys,
        columns=columns,
        rename=rename,
        rows=rows,
        namespaces=namespaces,
    )
    empty = frozenset(keys["empty"].texts()) if "empty" in keys else frozenset()
    return made, empty, keys["key"].text() if "key" in keys else None


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
