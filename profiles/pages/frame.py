"""What every page has around its content, and where a canonical url leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from profiles.examples import Example
from profiles.package_file import NAME, VERSION
from profiles.pages.markup import Markup, breaking, code, join, link, tag
from profiles.pages.style import CSS

Json = dict[str, Any]

#: The parts of the index, as every page leads to them: (anchor, words).
PARTS: Final = (
    ("profiles", "Profiles"),
    ("extensions", "Extensions"),
    ("terminology", "Terminology"),
    ("exchange", "Exchange"),
    ("examples", "Examples"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """What the pages are about. `definitions` by `Type-id`; `shown` is the first example of each profile url, with the
    example that it is in."""

    definitions: dict[str, Json]
    examples: tuple[Example, ...]
    by_url: dict[str, Json]
    shown: dict[str, tuple[Json, Example]]

    def of(self, *kinds: str) -> list[Json]:
        """The definitions of these resource types, by title."""
        found = [one for one in self.definitions.values() if one["resourceType"] in kinds]
        return sorted(found, key=lambda one: (title(one).lower(), one["id"]))

    def to(self, canonical: str) -> Markup:
        """A link to what a canonical url names: our page, or the url itself where it is not ours."""
        url = canonical.partition("|")[0]
        ours = self.by_url.get(url)
        if ours is not None:
            return link(title(ours), file_of(ours))
        return link(breaking(_last(url)), url if url.startswith(("http://", "https://")) else None)


def file_of(definition: Json) -> str:
    """The page of one of our definitions."""
    return f"{definition['resourceType']}-{definition['id']}.html"


def title(definition: Json) -> str:
    """What a definition is called."""
    return str(definition.get("title") or definition.get("name") or definition["id"])


def first_sentence(definition: Json) -> str:
    """The first sentence of its description."""
    told = " ".join(str(definition.get("description", "")).split())
    end = told.find(". ")
    return told if end < 0 else told[: end + 1]


def page(name: str, kind: str, *content: str, part: str | None = None) -> str:
    """A whole page: `name` is its heading, `kind` the words above it, `part` the part of the index it belongs to."""
    navigation = [link(f"{NAME} {VERSION}", "index.html")]
    for anchor, words in PARTS:
        to = "examples.html" if anchor == "examples" else f"index.html#{anchor}"
        navigation.append(link(words, to, aria_current="true" if anchor == part else None))
    body = join(
        tag("a", "Skip to the content", href="#content", class_="skip"),
        tag("header", tag("nav", *navigation, aria_label="Package")),
        tag("main", tag("p", kind, class_="kind") if kind else "", tag("h1", name), *content, id="content"),
        tag(
            "footer",
            "FHIR R4 4.0.1. Package ",
            code(f"{NAME}#{VERSION}"),
            ", Apache-2.0. All people in the examples are invented, or a city's open data without persons.",
        ),
    )
    head = join(
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{name} · {NAME}"),
        tag("style", Markup(CSS)),
    )
    return f"<!doctype html>\n{tag('html', tag('head', head), tag('body', body), lang='en')}\n"


def _last(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2] or url
