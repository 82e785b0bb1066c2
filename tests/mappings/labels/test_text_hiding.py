"""No term of the lexicon hides from masking, however it is spelled on the wire and wherever in a text it stands."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.labels.lexicon import _written, rows
from mappings.labels.text import Span, TextLabels, by_mention, by_text, spans

#: Terms that count wherever they stand; street names that are everyday words need a word of use beside them.
TERMS = sorted(
    {
        (one, tuple(row["labels"].split()))
        for row in rows("lexicon.csv")
        if row["class"] != "nothing" and row["when"] == ""
        for term in row["terms"].split("|")
        for one in _written(term)
    }
)
FRAMES = ["Client has {}.", "Notes say: {}", "Known concern is {} and housing.", "Seen Monday for {}; calm.", '"{}"']
_CALM = "Units met the person at the library. The visit was short. Dinner was served at six. "


def _inside(word: str, mark: str, at: int) -> str:
    """The mark put between two letters of one word of the term."""
    if mark[0] == "-" and word[0].isdigit() and "-" in word:
        return word  # a ten-code has its own hyphen, which another would leave in doubt
    places = [place for place in range(1, len(word)) if word[place - 1].isalnum() and word[place].isalnum()]
    place = places[at % len(places)] if places else None
    return word if place is None else word[:place] + mark + word[place:]


def _letter(word: str, form: str, at: int) -> str:
    place = at % len(word)
    return word[:place] + form.format(ord(word[place])) + word[place + 1 :]


DISGUISES: dict[str, Callable[[str, int], str]] = {
    "as it is": lambda term, at: term,
    "capitals": lambda term, at: term.upper(),
    "title": lambda term, at: term.title(),
    "no-break space": lambda term, at: term.replace(" ", "\u00a0"),
    "em space": lambda term, at: term.replace(" ", "\u2003"),
    "ideographic space": lambda term, at: term.replace(" ", "\u3000"),
    "two spaces": lambda term, at: term.replace(" ", "  "),
    "line break": lambda term, at: term.replace(" ", "\n"),
    "line break and indent": lambda term, at: term.replace(" ", "\r\n    "),
    "line separator": lambda term, at: term.replace(" ", "\u2028"),
    "hyphens": lambda term, at: term.replace(" ", "-"),
    "no-break hyphens": lambda term, at: term.replace(" ", "\u2011"),
    "slashes": lambda term, at: term.replace(" ", "/"),
    "hyphen in a word": lambda term, at: _inside(term, "-", at),
    "broken at the line's end": lambda term, at: _inside(term, "-\n", at),
    "soft hyphen": lambda term, at: _inside(term, "\u00ad", at),
    "soft hyphen, entity": lambda term, at: _inside(term, "&shy;", at),
    "zero width": lambda term, at: _inside(term, "\u200b", at),
    "zero width joiner": lambda term, at: _inside(term, "\u200d", at),
    "byte order mark": lambda term, at: _inside(term, "\ufeff", at),
    "variation selector": lambda term, at: _inside(term, "\ufe0f", at),
    "combining accent": lambda term, at: _inside(term, "\u0301", at),
    "control character": lambda term, at: _inside(term, "\x08", at),
    "entity": lambda term, at: _letter(term, "&#{};", at),
    "hexadecimal entity": lambda term, at: _letter(term, "&#x{:x};", at),
    "entities for spaces": lambda term, at: term.replace(" ", "&nbsp;"),
    "full width": lambda term, at: "".join(chr(ord(one) + 0xFEE0) if one.isalnum() else one for one in term),
    "Cyrillic letters": lambda term, at: term.replace("a", "\u0430").replace("o", "\u043e").replace("e", "\u0435"),
    "typographic apostrophe": lambda term, at: term.replace("'", "\u2019"),
}


def hidden(text: str, start: int, labels: Sequence[str], found: Sequence[Span]) -> bool:
    over = {code for span in found if span.end > start for code in span.labels}
    return not over >= set(labels)


@pytest.mark.parametrize("disguise", DISGUISES)
def test_terms_are_found_in_every_disguise(disguise: str) -> None:
    change = DISGUISES[disguise]
    fifth = sorted(DISGUISES).index(disguise) % 5
    missed = [
        term
        for (place, (term, labels)), frame in zip(enumerate(TERMS[fifth::5]), itertools.cycle(FRAMES), strict=False)
        if (text := frame.format(change(term, place)))
        and hidden(text, text.index(change(term, place)), labels, spans(text))
    ]
    assert missed == []


@given(
    term=st.sampled_from(TERMS),
    frame=st.sampled_from(FRAMES),
    disguise=st.sampled_from(sorted(DISGUISES)),
    at=st.integers(0, 40),
    before=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60),
    after=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60),
    calm=st.integers(0, 20),
)
@settings(deadline=None)
def test_no_term_hides_in_any_text(
    term: tuple[str, tuple[str, ...]], frame: str, disguise: str, at: int, before: str, after: str, calm: int
) -> None:
    planted = frame.format(DISGUISES[disguise](term[0], at))
    text = f"{before}. {_CALM * calm}\n\n{planted}\n\n{after}"
    start = len(text) - len(after) - 2 - len(planted)
    found = spans(text)
    assert not hidden(text, start, term[1], found)
    assert not TextLabels().silent(text) if calm == 0 else True
    told = {code for one in (*by_text(text), *by_mention(text)) for code in one.labels}
    assert told >= set(term[1]) or "family-sensitive" in told


def seconds(text: str) -> float:
    best = float("inf")
    for _ in range(4):
        start = process_time()
        spans(text)
        best = min(best, process_time() - start)
    return best


@pytest.mark.parametrize(
    "part",
    [
        _CALM + "Subject denied drug use. Neighbor said he drinks. ",
        "denies heroin and ",
        "no no no his mother said ",
        "her-oin ",
        "&#104;eroin ",
        "hero\u200bin\u00a0use ",
        "metha-\ndone ",
        "heroin\n \n",
        "si,si/si ",
        "a-\n",
        ". ) . ",
        "(mother) overdosed? ",
    ],
)
def test_the_cost_grows_with_the_length_and_no_faster(part: str) -> None:
    short, long = part * (1 + 2000 // len(part)), part * (1 + 20000 // len(part))
    assert seconds(long) < 30 * max(seconds(short), 1e-5)
