"""No value of a sample person is ever in an exception, an issue, a log line, an answer or a clear column.

Every sample goes through the library, and through the hub, whole and broken, with every logger at DEBUG.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import logging
import re
import sys
import time
import tomllib
import traceback
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from string import Template
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from hub.app import create_app
from hub.settings import parse
from mappings import Incident, Partner, read, translate
from mappings.errors import WarmHandoffError
from mappings.fhir.referral import referral_packages
from mappings.labels import Origin, label_bundle
from mappings.packs import shipped_packs
from mappings.render import render
from profiles.check import check
from profiles.issue import Issue, operation_outcome
from profiles.r4b import parse as parse_r4b

#: Put where a value was: it is a payload value then, and may be repeated no more than the one before.
JUNK = "Junkovenska"
#: Broken copies of one sample with a field replaced. All fields of the small ones, a seeded choice of the others.
FIELDS = 16

FORMS = (
    Partner(form="transaction"),
    Partner(form="message"),
    Partner(form="hl7v2", receiving_application="EHR", receiving_facility="CMHC", notice="nte", scope="nte"),
    Partner(form="hl7v2", messages=("OMG^O19",), charset="8859/1", notice="nte", scope="nte", labels=("zseg",)),
    Partner(form="hl7v2", messages=("ADT^A28", "MDM^T02"), charset="ASCII", notice="nte", scope="nte"),
)


# ── broken copies ─────────────────────────────────────────────────────────────────────────────────────────────────


def broken(data: bytes, suffix: str, chance: Random) -> Iterator[bytes]:
    """Copies that end early, are in another encoding, or have one field replaced by something else."""
    for _ in range(4):
        yield data[: chance.randrange(1, len(data))]
    try:
        text, encoding = data.decode(), "utf-8"
    except UnicodeDecodeError:  # of one byte a sign, or a workbook
        text, encoding = data.decode("latin-1"), "latin-1"
    yield text.encode("utf-16")
    yield (text + "\u00e9").encode("latin-1", errors="replace")
    at = chance.randrange(1, len(data))
    yield data[:at] + b"\xff\xfe\x00" + data[at:]
    yield data + data
    yield JUNK.encode()
    if suffix == ".json":
        yield from _broken_json(orjson.loads(data), chance)
    elif suffix == ".xlsx":
        yield from _broken_workbook(data, chance)
    elif suffix in (".csv", ".tsv", ".txt"):
        # the first line names the columns: a name is repeated, as the place where something was found
        head, _, rows = text.partition("\n")
        cell = re.compile(r"\S+" if suffix == ".txt" else r"[^,|\t\n]+")
        yield from (f"{head}\n{one}".encode(encoding) for one in _broken_between(rows, cell, chance))
    else:
        yield from (one.encode(encoding) for one in _broken_between(text, _ELEMENT, chance))


#: The text of an element or of an attribute.
_ELEMENT = re.compile(r"(?<=>)[^<>\n]+(?=<)|(?<==\")[^\"]*(?=\")")


def _broken_workbook(data: bytes, chance: Random) -> Iterator[bytes]:
    """Copies with one text or attribute of a part replaced."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    for name in sorted(name for name in parts if re.search(r"sheet\d+\.xml\Z|sharedStrings\.xml\Z", name)):
        for one in _broken_between(parts[name].decode(), _ELEMENT, chance):
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w") as book:
                for each, part in parts.items():
                    book.writestr(each, one.encode() if each == name else part)
            yield made.getvalue()


def _broken_json(document: Any, chance: Random) -> Iterator[bytes]:
    places = list(_places(document, ()))
    junk: tuple[Any, ...] = (JUNK, 7.5, True, None, [JUNK], {"surplus": JUNK}, "", "2026-13-45T99:99:99")
    for place in places if len(places) <= FIELDS else chance.sample(places, FIELDS):
        made = copy.deepcopy(document)
        parent = made
        for step in place[:-1]:
            parent = parent[step]
        parent[place[-1]] = chance.choice(junk)
        yield orjson.dumps(made)


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from _places(inner, (*path, key))


def _broken_between(text: str, field: re.Pattern[str], chance: Random) -> Iterator[str]:
    found = list(field.finditer(text))
    for one in found if len(found) <= FIELDS else chance.sample(found, FIELDS):
        junk = chance.choice((JUNK, "", "99/99/9999 25:61", f'"{JUNK}', "\x00", "9" * 400))
        yield text[: one.start()] + junk + text[one.end() :]


# ── what is said about it ─────────────────────────────────────────────────────────────────────────────────────────


class Said:
    """Everything that was said, each thing once."""

    def __init__(self) -> None:
        self.lines: set[str] = set()

    def issues(self, issues: Any) -> None:
        for issue in issues:
            assert isinstance(issue, Issue)
            self.lines.add(repr(issue))
        self.lines.add(json.dumps(operation_outcome(issues)))

    def error(self, error: BaseException) -> None:
        # what a log or a terminal would show: the whole chain, with its causes and contexts, without source lines
        self.lines |= {line for line in traceback.format_exception(error) if not line.lstrip().startswith("File ")}
        self.lines |= {str(error), repr(error)}
        if isinstance(error, WarmHandoffError):
            self.issues(error.issues)
            self.lines.add(json.dumps(error.outcome()))

    def text(self) -> str:
        return "\n".join(sorted(self.lines))


class _Everything(logging.Handler):
    """Every record of every logger as text, with its arguments and the text of its exception."""

    def __init__(self, said: Said) -> None:
        super().__init__(logging.DEBUG)
        self._said = said
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self._said.lines.add(self.format(record))


@contextmanager
def listening(said: Said) -> Iterator[None]:
    """Hears every logger at DEBUG, every warning, standard output and standard error."""
    handler = _Everything(said)
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("sqlalchemy", "uvicorn", "httpx", "alembic", "asyncio"))]
    levels = [one.level for one in loggers]
    out = io.StringIO()
    before = sys.stdout, sys.stderr
    root.addHandler(handler)
    for one in loggers:
        one.setLevel(logging.DEBUG)
    sys.stdout = sys.stderr = out
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            yield
    finally:
        sys.stdout, sys.stderr = before
        root.removeHandler(handler)
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)
    said.lines |= {str(one.message) for one in warned}
    said.lines |= set(out.getvalue().splitlines())


def assert_nothing(sensitive: Any, text: str) -> None:
    assert sensitive.found_in(text) == set()
    assert [line for line in text.splitlines() if JUNK.casefold() in line.casefold()] == []


# ── the library ───────────────────────────────────────────────────────────────────────────────────────────────────


def through_the_library(case: Any, data: bytes, said: Said, *, whole: bool) -> int:
    """Read, translate, label, check, render; how many Bundles came of it. What is raised and found is said."""
    made = 0
    try:
        for record in read(data, case.source, case.agency):
            if not isinstance(record, Incident):
                said.issues(record.issues)
                continue
            made += _one(case, record, said, whole=whole)
    except WarmHandoffError as error:
        said.error(error)
    return made


def _one(case: Any, record: Incident, said: Said, *, whole: bool) -> int:
    try:
        result = translate(record, agency=case.agency, now=case.now)
        account = result.account()
        said.lines.add(json.dumps({key: account[key] for key in ("issues", "dropped", "held")}))
        # the names of a source's fields, which the source chose: checked for values all the same
        said.lines |= set(result.unused)
        origins = [None if o is None else Origin(reference=f"Organization/{o}", role=None) for o in result.origins]
        labelled = label_bundle(result.bundle, origins)
        said.lines |= {f"{row.code} {row.because} {row.path}" for row in labelled.labels}
        said.issues(check(labelled.resource))
        bundles = [labelled.resource, *(one.bundle for one in referral_packages(labelled.resource, result.origins))]
        for partner in FORMS if whole else ():
            for bundle in bundles:
                try:
                    assert render(bundle, partner)
                except WarmHandoffError as error:
                    said.error(error)
    except WarmHandoffError as error:
        said.error(error)
        return 0
    return 1


def test_the_library_says_no_value(case: Any, sensitive: Any) -> None:
    said = Said()
    chance = Random(case.id)
    with listening(said):
        whole = through_the_library(case, case.data, said, whole=True)
        for copied in broken(case.data, case.file.suffix, chance):
            through_the_library(case, copied, said, whole=False)
    assert whole >= 1
    assert len(said.lines) > 5
    assert_nothing(sensitive, said.text())


def test_checks_of_wrong_fhir_say_no_value(cases: list[Any], sensitive: Any) -> None:
    """`check` and fhir.resources over Bundles with one element replaced: theirs is the text most likely to quote."""
    said = Said()
    chance = Random(4)
    for case in cases:
        record = case.incidents()[0]
        bundle = translate(record, agency=case.agency, now=case.now).bundle
        resources = [entry["resource"] for entry in bundle["entry"]]
        with listening(said):
            for resource in chance.sample(resources, min(4, len(resources))):
                for wrong in _broken_json(resource, chance):
                    value = orjson.loads(wrong)
                    said.issues(check(value))
                for wrong in list(_broken_json(resource, chance))[:4]:
                    said.issues(list(parse_r4b(orjson.loads(wrong))))
    assert_nothing(sensitive, said.text())


# ── the hub ───────────────────────────────────────────────────────────────────────────────────────────────────────


def token(source: str) -> str:
    return f"token of {source}"


def settings_document(samples: Path) -> dict[str, Any]:
    """The demo's hub, with a source for each sample's kind and centers that nobody answers for."""
    names: dict[str, Any] = {
        "HUB_PORT": 0, "HUB_MLLP": 0, "LAKESHORE_HTTP": 1, "NORTHFORK_MLLP": 1, "SUNRISE_HTTP": 1,
    }  # fmt: skip
    tokens = ("riverton-cad", "lakemont-cad", "cedar-app", "sunrise-app", "lakeshore-answers")
    names |= {name.upper().replace("-", "_"): hashlib.sha256(token(name).encode()).hexdigest() for name in tokens}
    document = tomllib.loads(Template((samples / "demo/hub.toml").read_text()).safe_substitute(names))
    document["hub"].pop("mllp_port")
    document["source"] = [one for one in document["source"] if "folder" not in one]
    secret = {"token": {"env": "HANDOFF_TEST_TOKEN"}}
    document["destination"] = [one | ({} if one["adapter"] == "hl7v2" else secret) for one in document["destination"]]
    more = {
        "riverton-eido": ("riverton-pd", "eido"),
        "riverton-nibrs": ("riverton-pd", "nibrs"),
        "lakeshore-app": ("lakeshore-cmhc", "incident"),
        "northfork-app": ("northfork-crisis", "incident"),
        "agency-app": ("riverton-pd", "incident"),
    }
    more |= {f"rows-of-{pack}": ("riverton-pd", pack) for pack in shipped_packs()}
    for name, (organization, reads) in more.items():
        digest = hashlib.sha256(token(name).encode()).hexdigest()
        document["source"].append(
            {"name": name, "organization": organization, "reads": reads, "token": {"sha256": digest}}
        )
    return document


def sources_of(case: Any) -> list[str]:
    """The sources that may send this sample: a record of the canonical form may come from any app."""
    if case.source == "incident":
        return ["cedar-app", "lakeshore-app"] if "part2" not in case.id else ["sunrise-app"]
    by_reader = {
        "riverton-webhook": "riverton-cad",
        "nibrs": "riverton-nibrs",
        "eido": "lakemont-cad" if case.agency.id == "lakemont-911" else "riverton-eido",
    }
    return [by_reader.get(case.source, f"rows-of-{case.source}")]


@pytest.fixture(scope="module")
def said_by_the_hub(
    tmp_path_factory: pytest.TempPathFactory, cases: list[Any]
) -> Iterator[tuple[Said, dict[str, list[str]], dict[str, int]]]:
    """Posts every sample, whole and broken, and everything that a caller may ask; then reads the clear columns."""
    folder = tmp_path_factory.mktemp("hub")
    settings = parse(settings_document(cases[0].folder.parents[1]), base=folder)
    said = Said()
    chance = Random(11)
    with listening(said):
        app = create_app(settings, local_token="sign in once")
        with TestClient(app, raise_server_exceptions=False) as client:

            def ask(method: str, url: str, source: str | None = None, **more: Any) -> Any:
                headers = {"authorization": f"Bearer {token(source)}"} if source else {}
                answer = client.request(method, url, headers=headers, **more)
                said.lines.add(f"{answer.status_code} {answer.headers} {answer.text}")
                return answer

            sent: list[tuple[str, int]] = []
            for case in cases:
                for source in sources_of(case):
                    answer = ask("POST", f"/ingest/{source}", source, content=case.data)
                    assert answer.status_code == 202, (case.id, source, answer.text)
                    sent.append((source, answer.json()["message"]))
                    wrong = list(broken(case.data, case.file.suffix, chance))
                    for copied in [*chance.sample(wrong[:9], 2), *chance.sample(wrong[9:], 1)]:
                        ask("POST", f"/ingest/{source}", source, content=copied)
                ask("POST", f"/ingest/{source}", content=case.data)
                ask("POST", "/ingest/nobody", "nobody", content=case.data)
                # an answer from a center with a sample as its body, and a sample where an answer is expected
                for url in ("/fhir/$process-message", "/fhir/Task/1"):
                    ask("POST", url, "lakeshore-answers", content=case.data)
                    ask("PUT", url, "lakeshore-answers", content=case.data)
                for incident in case.incidents():
                    ask("GET", f"/outcomes/{incident.key}", source)
            _until_read(app)
            for source, number in sent:
                ask("GET", f"/ingest/{source}/messages/{number}", source)
            health = ask("GET", "/health").json()
            ask("GET", "/nothing/here")
            ask("GET", "/console")
            clear = app.state.hub.store.read(_clear_columns)
    yield said, clear, health["messages"]


def _until_read(app: Any) -> None:
    """Waits until the worker has read everything and has tried to deliver what it could."""
    from hub.store import deliveries, messages

    end = time.monotonic() + 60
    store = app.state.hub.store
    while True:
        waiting, tried = store.read(
            lambda tx: (
                messages.counts(tx).get("received", 0),
                any(deliveries.attempts(tx, one.id) for one in deliveries.listed(tx)),
            )
        )
        if not waiting and tried:
            return
        assert time.monotonic() < end, "the worker did not read everything in time"
        time.sleep(0.05)


def _clear_columns(tx: Any) -> dict[str, list[str]]:
    """Every column of every table as text, but the sealed bodies."""
    found: dict[str, list[str]] = {}
    names = tx.connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
    for name in names:
        rows = tx.connection.exec_driver_sql(f'SELECT * FROM "{name}"').mappings()
        found[name] = [
            " ".join(
                value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                for key, value in row.items()
                if key != "blob"
            )
            for row in rows
        ]
    return found


def test_the_hub_says_no_value(said_by_the_hub: Any, sensitive: Any) -> None:
    said, _, messages = said_by_the_hub
    text = said.text()
    # it did hear: the answers, SQLAlchemy's statements and the worker's attempts
    assert "read.not-json" in text
    assert "sqlalchemy.engine" in text
    assert sum(messages.values()) > 120
    assert messages.get("rejected", 0) > 50
    assert messages.get("translated", 0) > 30
    assert_nothing(sensitive, text)


def test_the_hub_s_clear_columns_hold_no_value(said_by_the_hub: Any, sensitive: Any) -> None:
    _, clear, _ = said_by_the_hub
    for name in ("message", "document", "referral", "delivery", "decision", "hold", "alarm", "trace", "audit_event"):
        assert clear[name], f"{name} is empty: nothing was looked at"
    for name, rows in clear.items():
        found = sensitive.found_in("\n".join(rows))
        assert found == set(), name
