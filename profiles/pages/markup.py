"""HTML by composition. Text is escaped on its way in; `Markup` says that something is HTML already."""

from __future__ import annotations

import re
from html import escape

#: Between two characters of escaped text, never inside an entity.
_MAY_BREAK = re.compile(r"(?<=[/.|_:])(?=.)|(?<=[a-z0-9])(?=[A-Z])")
_VOID = frozenset({"meta", "input", "br", "hr", "link", "col"})


class Markup(str):
    """HTML. Only this module and what it composes make it of text."""

    __slots__ = ()


def text(value: str) -> Markup:
    """`value` as text of a page."""
    return Markup(escape(value, quote=True))


def join(*parts: str, by: str = "") -> Markup:
    """The parts one after the other, text escaped, with `by` between them."""
    return Markup(str(text(by)).join(_html(part) for part in parts))


def tag(name: str, /, *parts: str, **attributes: str | bool | None) -> Markup:
    """An element. `class_` and `for_` write those names, `data_label` writes `data-label`; True writes the bare
    attribute, None and False none."""
    written = ""
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        written += f" {key}" if value is True else f' {key}="{escape(str(value), quote=True)}"'
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*parts)}</{name}>")


def link(label: str, to: str | None, /, **attributes: str | bool | None) -> Markup:
    """A link, or the label alone where there is nowhere to go."""
    return tag("a", label, href=to, **attributes) if to else join(label)


def prose(value: str) -> Markup:
    """Text of a definition, with what stands between backquotes as code."""
    return join(*(code(part) if n % 2 else part for n, part in enumerate(value.split("`"))))


def paragraphs(value: str, **attributes: str | bool | None) -> Markup:
    """Text of a definition: a paragraph for each part between empty lines."""
    return join(
        *(tag("p", prose(" ".join(part.split())), **attributes) for part in value.split("\n\n") if part.strip())
    )


def breaking(value: str) -> Markup:
    """A name without spaces as text; where the page is narrow it may break after a slash, dot, bar, underscore or
    colon, and where a new word begins with a capital."""
    return Markup(_MAY_BREAK.sub("<wbr>", str(text(value))))


def code(value: str) -> Markup:
    """A code, path or address."""
    return tag("code", breaking(value))


def table(
    head: tuple[str, ...],
    rows: list[tuple[str, ...]],
    *,
    caption: str,
    class_: str = "",
    row_classes: list[str] | None = None,
) -> Markup:
    """A table whose cells know their column's name, so that on a narrow screen each row is a card of its own."""
    made = []
    for number, row in enumerate(rows):
        cells = [tag("th", row[0], scope="row", data_label=head[0])]
        cells += [
            tag("td", cell, data_label=label, class_=None if cell else "none")
            for label, cell in zip(head[1:], row[1:], strict=True)
        ]
        made.append(tag("tr", *cells, class_=(row_classes[number] or None) if row_classes else None))
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *(tag("th", name, scope="col") for name in head))),
        tag("tbody", *made),
        class_=class_ or None,
    )


def facts(rows: list[tuple[str, str]]) -> Markup:
    """Names and values, those without a value left out."""
    return tag("dl", *(join(tag("dt", name), tag("dd", value)) for name, value in rows if value), class_="facts")


def _html(part: str) -> str:
    return part if isinstance(part, Markup) else text(part)
