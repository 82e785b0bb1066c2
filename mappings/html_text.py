"""HTML as plain text, for notes that a standard sends as HTML5. Nothing of it is ever shown or stored as HTML.

Blocks and `<br>` become lines, list items get a dash, cells are parted by ` | `. Scripts, styles and embedded objects
are left out and counted. A word in angle brackets that is no HTML element (`<unk male>`) is text somebody typed, and
stays. Attributes go, but for an image's `alt`.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_LEFT_OUT = frozenset({"script", "style", "template", "iframe", "object", "embed", "applet", "svg"})
_NEVER_CLOSED = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir"),
        *("div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "header", "hgroup", "hr", "html", "legend", "li", "main", "math", "menu", "nav", "noscript", "ol"),
        *("p", "pre", "search", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul", "br"),
    }
)
_INLINE = frozenset(
    {
        *("a", "abbr", "acronym", "area", "audio", "b", "base", "bdi", "bdo", "big", "button", "canvas", "cite"),
        *("code", "col", "colgroup", "data", "datalist", "del", "dfn", "em", "font", "head", "i", "img", "input"),
        *("ins", "kbd", "label", "link", "map", "mark", "meta", "meter", "optgroup", "option", "output", "picture"),
        *("progress", "q", "rp", "rt", "ruby", "s", "samp", "select", "slot", "small", "source", "span", "strike"),
        *("strong", "sub", "sup", "td", "textarea", "th", "time", "title", "track", "tt", "u", "var", "video", "wbr"),
    }
)
_KNOWN = _BLOCKS | _INLINE | _LEFT_OUT

# The elements that notes are made of, without attributes, as text: enough for most, at a tenth of the parser's cost.
_PLAIN_BLOCKS = (
    "p",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "table",
    "tbody",
    "thead",
    "tr",
    "blockquote",
)
_PLAIN_INLINE = ("b", "i", "u", "em", "strong", "small", "sub", "sup", "span", "font")
_PLAIN = {
    "<br>": "\n", "<br/>": "\n", "<br />": "\n", "<hr>": "\n", "<hr/>": "\n", "<hr />": "\n",
    "<li>": "\n- ", "</li>": "\n", "<td>": " | ", "</td>": "", "<th>": " | ", "</th>": "",
    **{f"<{slash}{name}>": "\n" for name in _PLAIN_BLOCKS for slash in ("", "/")},
    **{f"<{slash}{name}>": "" for name in _PLAIN_INLINE for slash in ("", "/")},
}  # fmt: skip
_TAG = re.compile(r"(<[^<>]*>)")
_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")
_SPACES = re.compile(r" {2,}")
_LINE_ENDS = re.compile(r" *\n *")
_EMPTY_LINES = re.compile(r"\n{2,}")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.left_out = 0
        self._inside: list[str] = []  # elements left out, from the outside in

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LEFT_OUT:
            if not self._inside:
                self.left_out += 1
            if tag not in _NEVER_CLOSED:
                self._inside.append(tag)
        elif self._inside:
            return
        elif tag not in _KNOWN:
            self.parts.append(self.get_starttag_text() or "")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in ("td", "th"):
            self.parts.append(" | ")
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag == "img":
            self.parts += [value for name, value in attrs if name == "alt" and value]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # `<script/>` opens a script in HTML all the same; `<svg/>` is closed.
        self.handle_starttag(tag, attrs)
        if self._inside and self._inside[-1] == tag and tag == "svg":
            self._inside.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            del self._inside[self._inside.index(tag) :]
        elif not self._inside and tag not in _KNOWN:
            self.parts.append(f"</{tag}>")
        elif not self._inside and tag in _BLOCKS and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(_SPACE.sub(" ", data))


def html_text(html: str) -> tuple[str, int]:
    """The text, and how many scripts, styles or embedded objects were left out.

    A text without any markup comes back as it is, its line breaks kept. Raises nothing.
    """
    if "<" not in html and "&" not in html:
        return html.strip(), 0
    parts = _plain(html) if "&" not in html else None
    if parts is not None:
        return _lines(parts), 0
    parser = _Text()
    try:
        # A marked section (`<![…`) is no HTML, and the parser asserts on some of them.
        parser.feed(html.replace("<![", "&lt;!["))
        parser.close()
    except AssertionError:
        return html.replace("<", " <").strip(), parser.left_out
    return _lines(parser.parts), parser.left_out


def _plain(html: str) -> list[str] | None:
    """The parts of the text, as the parser would hand them out; None where there is more than plain elements."""
    # Where all is printable the only white space is the space, and `_lines` sees to several of them.
    parts = _TAG.split(html if html.isprintable() else _SPACE.sub(" ", html))
    for index in range(1, len(parts), 2):
        said = _PLAIN.get(parts[index])
        if said is None or "<" in parts[index - 1]:
            return None
        parts[index] = said
    return None if "<" in parts[-1] else parts


def _lines(parts: list[str]) -> str:
    text = "".join(parts)
    if "  " in text:
        text = _SPACES.sub(" ", text)
    if " \n" in text or "\n " in text:
        text = _LINE_ENDS.sub("\n", text)
    if "\n\n" in text:
        text = _EMPTY_LINES.sub("\n", text)
    return text.replace("\n| ", "\n").strip()
