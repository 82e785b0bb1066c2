"""The pages: whole HTML that stands by itself, each element with its sources, nothing of a definition as markup."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest

from profiles.examples import Example, examples
from profiles.package_file import artefacts
from profiles.pages import pages
from profiles.pages.elements import SOURCES
from profiles.pages.markup import Markup, code, join, prose, table, tag, text

Json = dict[str, Any]
VOID = {"meta", "input", "br", "hr", "link", "col", "wbr"}


class Page(HTMLParser):
    """What a page has: text, links, ids, rows; raises AssertionError where a tag is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: dict[str, int] = {}
        self.rows: list[tuple[str, str]] = []
        self.words = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append(given["href"] or "")
        if tag == "tr":
            self.rows.append((given.get("class") or "", ""))
        if "id" in given:
            self.ids.append(given["id"] or "")
        assert not any(name.startswith("on") for name in given)
        assert "src" not in given

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@cache
def made() -> dict[str, str]:
    return pages(artefacts(), examples())


@cache
def read() -> dict[str, Page]:
    return {name: Page(html) for name, html in made().items()}


def test_every_definition_and_example_has_a_page() -> None:
    assert set(made()) == {
        "index.html",
        "examples.html",
        *(f"{name}.html" for name in artefacts()),
        *(f"{example.name}.html" for example in examples()),
    }


def test_every_page_stands_by_itself() -> None:
    for name, page in read().items():
        html = made()[name]
        assert html.startswith("<!doctype html>\n<html lang="), name
        assert page.tags.get("script") is None
        assert page.tags.get("link") is None
        assert page.tags["h1"] == page.tags["main"] == 1
        assert "url(" not in html and "@import" not in html
        assert len(page.ids) == len(set(page.ids)), name


def test_every_link_leads_somewhere() -> None:
    for name, page in read().items():
        for link in page.links:
            if link.startswith(("http://", "https://")):
                continue
            file, _, anchor = link.partition("#")
            assert (file or name) in made(), (name, link)
            if anchor:
                assert anchor in read()[file or name].ids, (name, link)


def test_the_index_leads_to_every_definition() -> None:
    led = set(read()["index.html"].links)
    assert {f"{name}.html" for name in artefacts()} <= led
    assert {f"{example.name}.html" for example in examples()} <= set(read()["examples.html"].links)


PROFILES = [
    name
    for name, one in artefacts().items()
    if one["resourceType"] == "StructureDefinition" and one["type"] != "Extension"
]


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_shows_each_element_and_where_it_comes_from(name: str) -> None:
    definition = artefacts()[name]
    rows = definition["snapshot"]["element"]
    page = read()[f"{name}.html"]
    html = made()[f"{name}.html"]
    shown = re.findall(r'<tr(?: class="([^"]*)")?><th scope="row" style="--d:', html)
    assert len(shown) == len(rows)
    must = [kind for kind in shown if "must" in kind.split()]
    assert len(must) == sum(bool(row.get("mustSupport")) for row in rows)
    assert not any("other" in kind.split() for kind in must)
    assert 'id="must-only" checked' in html
    for row in rows:
        assert f'title="{row["id"]}"' in html
        for mapping in row.get("mapping", ()):
            if mapping["identity"] in dict(SOURCES):
                assert mapping["map"] in page.words
    # the head, and a cell of each source in each row
    for _, label in SOURCES:
        assert html.count(f'data-label="{label}"') == len(rows)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_has_an_example_that_claims_it(name: str) -> None:
    assert "example" in read()[f"{name}.html"].ids
    assert f"&quot;{artefacts()[name]['url']}&quot;" in made()[f"{name}.html"].partition('id="example"')[2]


HOSTILE = '<script>alert("1")</script>&amp;`</code>`'


def test_nothing_of_a_definition_is_markup() -> None:
    """Definitions of somebody else may be given with --definitions."""
    element = {"id": "Patient", "path": "Patient", "min": 0, "max": "*", "short": HOSTILE, "mustSupport": True}
    element |= {"mapping": [{"identity": "cad", "map": HOSTILE, "comment": HOSTILE}]}
    element |= {"constraint": [{"key": "wh-x", "severity": "error", "human": HOSTILE, "expression": HOSTILE}]}
    named = {"id": "x", "version": HOSTILE, "status": "draft", "title": HOSTILE, "description": HOSTILE}
    definitions: dict[str, Json] = {
        "StructureDefinition-x": {
            "resourceType": "StructureDefinition",
            "url": "https://example.org/x",
            "type": "Patient",
            "baseDefinition": HOSTILE,
            "snapshot": {"element": [element]},
            **named,
        },
        "CodeSystem-x": {
            "resourceType": "CodeSystem",
            "url": "https://example.org/c",
            "content": "complete",
            "concept": [{"code": HOSTILE, "display": HOSTILE, "definition": HOSTILE}],
            **named,
        },
    }
    resource = {"resourceType": "Patient", "id": "p", "name": [{"text": HOSTILE}]}
    given = Example(sample=HOSTILE, form="audit", shows=HOSTILE, resource=resource)
    for html in pages(definitions, (given,)).values():
        assert "<script" not in html
        assert "alert(&quot;" in html or "alert" not in html


def test_text_and_markup() -> None:
    assert text("a<b") == "a&lt;b"
    assert join("a<", Markup("<b>"), by="&") == "a&lt;&amp;<b>"
    assert tag("td", "", class_=None, data_label='"') == '<td data-label="&quot;"></td>'
    assert tag("input", checked=True, hidden=False) == "<input checked>"
    assert code("a.b_c") == "<code>a.<wbr>b_<wbr>c</code>"
    assert prose("see `x` now") == "see <code>x</code> now"
    with pytest.raises(ValueError, match="shorter"):
        table(("A", "B"), [("1",)], caption="")


def test_the_same_pages_each_time() -> None:
    assert pages(artefacts(), examples()[:3]) == pages(artefacts(), examples()[:3])
