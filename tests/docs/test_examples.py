"""What the documentation says is there: its Python runs, its commands, options, routes, settings and links exist."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import orjson
import pytest
import typer

from hub.api import answers, capability, health, outcomes
from hub.cli import app
from hub.ingest import http
from hub.settings import DestinationSection, PartnerSection, Secret, Settings, parse, reference
from mappings import Incident, read
from mappings.schema import incident_schema

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / name / "README.md" for name in ("hub", "mappings", "profiles", "samples", "tests", "benchmarks")),
    ]
)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _blocks(page: Path) -> list[tuple[str, str]]:
    """(language, content) of each fenced block, in order."""
    return _BLOCK.findall(page.read_text())


def _of(page: str, language: str) -> list[str]:
    return [content for kind, content in _blocks(ROOT / page) if kind == language]


# ── Python ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", ["README.md", "docs/library.md"])
def test_python_blocks_print_what_the_page_says(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page run in order as one program; a text block right after one is what it prints."""
    monkeypatch.chdir(tmp_path)
    (contact,) = _of("docs/incident.md", "json")[:1]
    (tmp_path / "contact.json").write_text(contact)
    names: dict[str, Any] = {}
    ran = 0
    blocks = _blocks(ROOT / page)
    for (kind, code), (after, said) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, page, "exec"), names)
        ran += 1
        if after == "text":
            assert printed.getvalue() == said
    assert ran


# ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _commands() -> Iterator[tuple[str, str]]:
    """(page, command line) of each `handoff ...` in shell blocks and code spans."""
    for page in PAGES:
        text = page.read_text()
        spans = re.findall(r"`(handoff [^`\n]+)`", _BLOCK.sub("", text))
        lines = [
            line for kind, content in _blocks(page) if kind == "sh" for line in content.replace("\\\n", " ").split("\n")
        ]
        for found in [*spans, *lines]:
            for part in re.split(r"\s[|;]\s|&&", found):
                if part.strip().startswith("handoff"):
                    yield _name(page), part.strip()


def test_there_are_commands_to_look_at() -> None:
    assert len(list(_commands())) > 20


@pytest.mark.parametrize(("page", "line"), sorted(set(_commands())))
def test_commands_and_options_exist(page: str, line: str) -> None:
    command: Any = typer.main.get_command(app)
    words = shlex.split(line, comments=True)[1:]
    while words and hasattr(command, "commands"):
        name = words.pop(0)
        assert name in command.commands, f"{page}: {line}: there is no command {name}"
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0] in options, f"{page}: {line}: there is no option {word}"


def test_make_targets_exist() -> None:
    there = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z]+)`", page.read_text()))
        assert named <= there, _name(page)


# ── routes ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _settings() -> Settings:
    (whole,) = [block for block in _of("docs/operators.md", "toml") if "[operator]" in block]
    return parse(tomllib.loads(whole), base=ROOT)


def test_routes_exist() -> None:
    """Each `METHOD /path` that a page names is a route of the hub, and each route is named."""
    hub: Any = SimpleNamespace(settings=_settings())
    hub.settings = hub.settings.model_copy(update={"source": (), "destination": ()})
    routes = [r for module in (http, answers, outcomes, health, capability) for r in module.routes(hub)]
    there = {f"{method} {route.path}" for route in routes for method in (route.methods or ()) if method != "HEAD"}
    named: set[str] = set()
    for page in PAGES:
        found = re.findall(
            r"`((?:GET|POST|PUT) /(?:ingest|answers|fhir/Task|fhir/metadata|outcomes|health)[^`\s]*)", page.read_text()
        )
        assert set(found) <= there, _name(page)
        named |= set(found)
    assert named == there


# ── settings ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_the_operators_page_says_of_settings_is_so() -> None:
    """That every key is somewhere is for docs/settings.md, which is made from the types."""
    page = (ROOT / "docs/operators.md").read_text()
    sections = dict(re.findall(r"^### `\[+([a-z_.]+)\]+`\n(.*?)(?=^##|\Z)", page, re.M | re.S))
    made = dict(re.findall(r"^## `\[+([a-z_.]+)\]+`\n(.*?)(?=^## |\Z)", reference.page(), re.M | re.S))
    assert {"hub", "source", "destination", "destination.partner"} <= sections.keys() <= made.keys()
    for heading, body in sections.items():
        assert _keys(body)
        assert _keys(body) <= _keys(made[heading]), heading


def _keys(body: str) -> set[str]:
    cells = re.findall(r"^\| (`[^|]+) \|", body, re.M)
    return {name for cell in cells for name in re.findall(r"`([a-z0-9_]+)`", cell)}


def test_every_part_of_a_secret_is_on_the_operators_page() -> None:
    page = (ROOT / "docs/operators.md").read_text()
    assert all(f"`{name}`" in page for name in Secret.model_fields)


def test_the_settings_on_the_pages_are_settings() -> None:
    assert _settings().source
    fragments = _of("README.md", "toml")
    assert [tomllib.loads(one)["destination"][0]["adapter"] for one in fragments] == [
        "fhir-message",
        "fhir-rest",
        "hl7v2",
    ]
    for one in fragments:
        DestinationSection.model_validate(tomllib.loads(one)["destination"][0]).form()
    assert set(PartnerSection.model_fields) <= set(re.findall(r"`([a-z_]+)`", (ROOT / "docs/operators.md").read_text()))


# ── records ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_contact_form_is_one() -> None:
    (contact,) = _of("docs/incident.md", "json")
    (made,) = read(contact.encode(), "incident")
    assert isinstance(made, Incident)
    assert (made.reading.unused, made.reading.issues) == ((), ())
    jsonschema.validate(orjson.loads(contact), incident_schema())


# ── links ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _anchors(page: Path) -> set[str]:
    """What a page's headings are linked by."""
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", page.read_text()), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower() for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_resolve(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", _BLOCK.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{_name(page)}: {target}"
        if anchor:
            assert anchor in _anchors(found), f"{_name(page)}: {target}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or page.name in index
    decisions = {page.name for page in (ROOT / "docs/decisions").glob("adr-*.md")}
    assert decisions


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_nothing_claims_to_be_compliant_or_certified(page: Path) -> None:
    """No product certificate exists for any of the laws here; a page may only say that something is not one."""
    for line in page.read_text().lower().splitlines():
        for word in ("compliant", "certified"):
            assert word not in line or "not" in line.split(word)[0], f"{_name(page)}: {line}"
