"""Text in the form that words are looked up in, and the way back to the places of the text as it was written.

A term must not hide behind how it is spelled on the wire: invisible characters, look-alike letters, accents, entities,
exotic spaces and dashes, a word broken at a line's end. Folding takes those away; case stays, for acronyms.
Does not correct spelling and does not read other scripts.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

#: What a plain text never has: entities, control characters, anything outside ASCII.
_ODD: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});?|[^\t\n\r\x20-\x7e]")
#: A hyphen in a word, or one that broke it at the end of a line.
_BROKEN: Final = re.compile(r"(?<=[A-Za-z0-9])-(?:[ \t]*\r?\n[ \t]*)?(?=[A-Za-z0-9])")
_BROKEN_WORDS: Final = re.compile(r"[a-z0-9]+(?:-(?:[ \t]*\r?\n[ \t]*)?[a-z0-9]+)+").findall
_WORDS: Final = re.compile(r"[a-z0-9]+").findall
#: Letters of other scripts that look like ours, as pasted from a web page or written to get past a filter.
_LOOKALIKE: Final = dict(zip("авекмнорстухіѕјԁɡοαеιυνκρτχγ", "abekmhopctyxisjdgoaeiuvkptxy", strict=True))


class Folded(NamedTuple):
    """`text` folded, and where its runs began: `runs[n]` of the folded text is `written[n]` of the original."""

    text: str
    runs: tuple[int, ...] = ()
    written: tuple[int, ...] = ()

    def place(self, at: int) -> int:
        """The place in the original of a place in the folded text. Linear text, logarithmic question."""
        if not self.runs:
            return at
        run = bisect_right(self.runs, at) - 1
        return self.written[run] + at - self.runs[run]

    def after(self, end: int) -> int:
        """The end in the original of what ends before `end` in the folded text."""
        return self.place(end - 1) + 1 if end else 0


def plain(text: str) -> bool:
    """Whether folding would change nothing, asked without a loop where it can be."""
    return text.isascii() and "&" not in text and (text.isprintable() or _ODD.search(text) is None)


@lru_cache(maxsize=4096)
def _letter(letter: str) -> str:
    """One character folded; empty for one that is not seen. Characters are no person's value, so they may be cached."""
    kind = unicodedata.category(letter)
    if letter in "\x85\u2028\u2029":
        return "\n"
    if kind in ("Cf", "Mn", "Me", "Cc", "Co", "Cn") or letter == "\u115f":
        return ""
    if kind[0] == "Z":
        return " "
    if kind == "Pd" or letter == "\u2212":
        return "-"
    if letter in "\u2018\u2019\u201b\u2032\u00b4`":
        return "'"
    if letter in "\u201c\u201d\u201e\u00ab\u00bb":
        return '"'
    look = _LOOKALIKE.get(letter.lower())
    if look is not None:
        return look.upper() if letter.isupper() else look
    folded = "".join(one for one in unicodedata.normalize("NFKD", letter) if unicodedata.category(one) not in ("Mn",))
    return folded if folded.isascii() else "".join(one if len(one.lower()) == 1 else " " for one in folded)


def fold(text: str) -> Folded:
    """The text folded. One pass; raises nothing."""
    if plain(text):
        return Folded(text)
    parts: list[str] = []
    runs: list[int] = []
    written: list[int] = []
    length = last = 0
    for match in _ODD.finditer(text):
        start, end = match.span()
        if start > last:
            parts.append(text[last:start])
            runs.append(length)
            written.append(last)
            length += start - last
        last = end
        odd = match.group()
        for letter in html.unescape(odd) if odd[0] == "&" else odd:
            folded = letter if " " <= letter <= "~" or letter in "\t\r\n" else _letter(letter)
            if folded:
                parts.append(folded)
                # Each letter that it became stands where the one that was written stands.
                runs.extend(range(length, length + len(folded)))
                written.extend([start] * len(folded))
                length += len(folded)
    if last < len(text):
        parts.append(text[last:])
        runs.append(length)
        written.append(last)
    return Folded("".join(parts), tuple(runs), tuple(written))


def mended(folded: Folded, known: frozenset[str]) -> Folded | None:
    """The folded text with the words that a hyphen broke put together; None where that makes no known word."""
    if "-" not in folded.text:
        return None
    for broken in _BROKEN_WORDS(folded.text.lower()):
        parts_of: list[str] = _WORDS(broken)
        if "".join(parts_of) in known or any(one + two in known for one, two in pairwise(parts_of)):
            break
    else:
        return None
    parts: list[str] = []
    runs: list[int] = []
    written: list[int] = []
    length = last = 0
    for start, end in [*(match.span() for match in _BROKEN.finditer(folded.text)), (len(folded.text), -1)]:
        parts.append(folded.text[last:start])
        if not folded.runs:
            runs.append(length)
            written.append(last)
        else:
            first, stop = bisect_right(folded.runs, last) - 1, bisect_right(folded.runs, max(last, start - 1))
            for run in range(max(first, 0), stop):
                begin = max(folded.runs[run], last)
                runs.append(begin - last + length)
                written.append(folded.place(begin))
        length += start - last
        last = end
    return Folded("".join(parts), tuple(runs), tuple(written))
