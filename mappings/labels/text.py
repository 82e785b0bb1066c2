"""Labels by text: spans in a narrative, each with its class, whose it is, and whether it is so.

The words come from a lexicon (`lexicon.py`), what stands around them from the context engine (`context.py`), after the
text was folded so that no term hides behind its spelling on the wire (`folding.py`). The same spans serve two ends.
Labels want precision: only a disorder or a treatment that is the person's own, or violence that happened to the person,
tells a sensitivity for certain; substance use, intoxication and exposure ask a person to look (42 CFR
2.12(e)(4)(ii)). Masking wants recall: whatever is mentioned, also denied, wished for or another person's, is found.
No text ever gives `42CFRPart2`: that is a matter of origin.

Does not spell-correct beyond the misspellings that the lexicon lists, does not read other languages, and knows
programs by name only where a deployment names them. Keeps no text: nothing here is cached by value.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from mappings.labels import lexicon as words_of
from mappings.labels.codes import Finding
from mappings.labels.context import Context, Subject, contexts
from mappings.labels.folding import Folded, fold, mended
from mappings.labels.lexicon import WORD, Grade, Lexicon, SpanClass, Term
from mappings.labels.lexicon import words as words_in
from mappings.labels.vocabulary import FAMILY_SENSITIVE, ORIGIN_UNKNOWN, SENSITIVITIES


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A term found at [start, end) of the text, with its context. `labels` are what the term means unqualified.

    `subject` is whose it is; `place` that it stands in the name of a street or a building.
    """

    kind: SpanClass
    labels: tuple[str, ...]
    grade: Grade
    start: int
    end: int
    subject: Subject = "patient"
    negated: bool = False
    hypothetical: bool = False
    historical: bool = False
    uncertain: bool = False
    relayed: bool = False
    place: bool = False

    @property
    def context(self) -> Literal["asserted", "negated", "hypothetical", "historical", "uncertain"]:
        """The one word for it; what takes most away comes first."""
        if self.negated:
            return "negated"
        if self.hypothetical:
            return "hypothetical"
        if self.uncertain:
            return "uncertain"
        return "historical" if self.historical else "asserted"

    @property
    def tells(self) -> Grade | None:
        """How sure it makes a label of the person the text is about; None for no label at all."""
        if self.negated or self.hypothetical or self.place or self.subject != "patient":
            return None
        # 42 CFR 2.12(e)(4)(ii): use, intoxication or overdose that shows no disorder is no evidence of one.
        shows = self.kind in ("disorder", "treatment") or "SUD" not in self.labels
        return "certain" if self.grade == "certain" and shows and not self.uncertain else "possible"


class TextReader(Protocol):
    """An engine that finds spans in a text, as a deployment may put beside ours (an NLP service, a model).

    It adds spans; it never takes one of ours away. It is called with a whole string of a resource, places in its
    spans are places in that string, and it must not keep, send or log the text.
    """

    def __call__(self, text: str) -> Iterable[Span]:
        """The spans of this text, in any order."""


#: Where the scope of everything ends. Not after the abbreviations that reports are full of.
_SENTENCE: Final = re.compile(
    r"[.!?;/\n](?:(?<=[.!?])(?=[\"')\]]*(?:\s|\Z))(?<!\bhx.)(?<!\bpt.)(?<!\bdr.)(?<!\bvs.)(?<!\bmr.)(?<!\bms.)(?<!\bst.)"
    r"(?<!\bmrs.)(?<!\bposs.)(?<!\bapprox.)(?<!\bdx.)(?<!\brx.)(?<!\b[a-z].)|(?<=;)|(?<=/)/|(?<=\s/)(?=\s\d{4}\b)"
    r"|(?<=\n)[ \t]*\r?\n)"
)
_STREETS: Final = frozenset(
    [
        "st",
        "street",
        "ave",
        "avenue",
        "rd",
        "road",
        "ln",
        "lane",
        "blvd",
        "boulevard",
        "hwy",
        "highway",
        "ct",
        "pkwy",
        "cir",
        "circle",
        "terrace",
        "trl",
        "trail",
        "creek",
        "river",
        "museum",
        "llc",
        "inc",
    ]
)
_NUMBERED_STREETS: Final = frozenset(["dr", "drive", "way", "pl", "place", "court", "park", "loop", "run"])
_PREPOSITIONS: Final = frozenset(["at", "on", "by", "near", "in", "to", "from", "of", "and", "per"])
_Hit = tuple[int, int, Term]


def spans(text: str, *, lexicon: Lexicon | None = None) -> tuple[Span, ...]:
    """Every lexicon term in the text, in order, each with its context. Cost grows with the length of the text."""
    lexicon = words_of.default() if lexicon is None else lexicon
    folded = fold(text)
    found = _spans(folded, lexicon)
    whole = mended(folded, lexicon.all_words)
    if whole is not None:
        # A hyphen broke a word, or stands between two: read it both ways.
        seen = {(span.start, span.end, span.labels) for span in found}
        more = [span for span in _spans(whole, lexicon) if (span.start, span.end, span.labels) not in seen]
        if more:
            found = sorted([*found, *more], key=lambda span: (span.start, -span.end))
    return tuple(found)


def _spans(folded: Folded, lexicon: Lexicon) -> list[Span]:
    lower = folded.text.lower()
    keys = lexicon.key_words.intersection(words_in(lower))
    if not keys:
        return []
    ends = [match.end() for match in _SENTENCE.finditer(lower)]
    ends.append(len(lower))
    # Only the sentences that have a word of a term in them are looked at.
    found: list[Span] = []
    for one in sorted(_sentences(lower, keys, ends)):
        _sentence(folded, lower, ends[one - 1] if one else 0, ends[one], lexicon, found)
    return found


def _sentences(lower: str, keys: Iterable[str], ends: Sequence[int]) -> set[int]:
    told: set[int] = set()
    for key in keys:
        at = lower.find(key)
        while at >= 0:
            after = at + len(key)
            if (at and lower[at - 1].isalnum()) or lower[after : after + 1].isalnum():
                at = lower.find(key, after)
                continue
            one = bisect_right(ends, at)
            told.add(one)
            at = lower.find(key, ends[one])
    return told


def _sentence(folded: Folded, lower: str, start: int, stop: int, lexicon: Lexicon, found: list[Span]) -> None:
    matches = list(WORD.finditer(lower, start, stop))
    words = [match.group() for match in matches]
    places = [match.span() for match in matches]
    hits = _terms(folded.text, lower, words, places, lexicon.tree)
    if not hits:
        return
    around = contexts(folded.text, words, places, [(first, last) for first, last, _ in hits], stop)
    substance = any("SUD" in term.labels and term.when != "used" for _, _, term in hits)
    for (first, last, term), context in zip(hits, around, strict=True):
        if term.when == "used" and not substance and not context.used:
            continue
        begin, end = places[first][0], places[last - 1][1]
        grade: Grade = term.grade
        if term.when == "word" and folded.text[start:stop].isupper():
            if grade == "possible":
                continue
            grade = "possible"
        found.append(_span(folded, term, grade, begin, end, context, _street(folded.text, words, places, first, last)))


def _span(folded: Folded, term: Term, grade: Grade, begin: int, end: int, context: Context, place: bool) -> Span:
    assert term.kind is not None
    return Span(
        kind=term.kind,
        labels=term.labels,
        grade=grade,
        start=folded.place(begin),
        end=folded.after(end),
        subject=context.subject,
        negated=context.negated,
        hypothetical=context.hypothetical or (context.offered and term.kind in ("treatment", "exposure")),
        historical=context.historical,
        uncertain=context.uncertain,
        relayed=context.relayed,
        place=place,
    )


def _street(text: str, words: Sequence[str], places: Sequence[tuple[int, int]], first: int, last: int) -> bool:
    """Whether the words before or after make it a street's name or a building's: "1440 Heroin Creek Rd"."""
    if last >= len(words):
        return False
    after = words[last]
    if after in _STREETS:
        return True
    if after in _NUMBERED_STREETS and any(word.isdigit() for word in words[max(0, first - 3) : first]):
        return True
    if words[first].isdigit() and not _STREETS.isdisjoint(words[last : last + 3]) and after not in _PREPOSITIONS:
        return True  # a house number
    # A name of two words, each with a capital, in a text that is not all capitals.
    begin, end = places[last]
    return (
        last + 1 < len(words)
        and words[last + 1] in _STREETS
        and text[begin].isupper()
        and not text[begin:end].isupper()
        and text[places[first][0]].isupper()
    )


def _terms(
    text: str, lower: str, words: Sequence[str], places: Sequence[tuple[int, int]], tree: dict[str, Any]
) -> list[_Hit]:
    """The terms of a sentence, from the left, the longest first; those that mean nothing only use up their words."""
    hits: list[_Hit] = []
    at, total = 0, len(words)
    while at < total:
        node = tree.get(words[at])
        best: tuple[int, Term] | None = None
        last = at + 1
        while node is not None:
            here = node.get("")
            if here is not None:
                for term in here:
                    if not term.when or term.when == "used" or _cased(text[places[at][0] : places[last - 1][1]], term):
                        best = (last, term)
                        break
            if last >= total or not _joined(lower, places[last - 1][1], places[last][0]):
                break
            node = node.get(words[last])
            last += 1
        if best is None:
            at += 1
            continue
        if best[1].kind is not None:
            hits.append((at, *best))
        at = best[0]
    return hits


def _cased(written: str, term: Term) -> bool:
    if term.when == "name":
        return written[:1].isupper() or written[:1].isdigit()
    return sum(letter.isupper() for letter in written) * 2 > len(written)


def _joined(lower: str, end: int, start: int) -> bool:
    """Whether two words can be of one term: spaces, line breaks, a hyphen, slash or the like between them."""
    if start - end == 1:
        return lower[end] in " -/'._\n\t+,"
    between = lower[end:start].strip()
    return between in ("", "-", "/", "'", "&", "+", "*", "_", ".", ",", "--", "|", ">", "[", "]")


class ReaderFailed(RuntimeError):
    """A text reader beside ours failed, or gave what is no span of its text. Says nothing of the text."""

    def __str__(self) -> str:
        return "a text reader beside ours failed"


def _beside(reader: TextReader, text: str) -> tuple[Span, ...]:
    """What a reader beside ours finds. Raises ReaderFailed: a label that may be missing is not left out in silence."""
    try:
        found = tuple(reader(text))
    except Exception:  # noqa: BLE001 - whatever it raises may hold the text
        raise ReaderFailed from None
    for span in found:
        if (
            not isinstance(span, Span)
            or not 0 <= span.start <= span.end <= len(text)
            or not SENSITIVITIES.issuperset(span.labels)
            or span.grade not in ("certain", "possible")
        ):
            raise ReaderFailed
    return found


class TextLabels:
    """Reads texts for labels: our lexicon with a deployment's own names, and the readers it puts beside us.

    `programs` and `street_names` as `lexicon.lexicon` takes them. Make one and keep it: making compiles the lexicon.
    Raises ValueError for a name that cannot be one.
    """

    __slots__ = ("_lexicon", "_readers")

    def __init__(
        self,
        *,
        programs: Mapping[str, Sequence[str]] | None = None,
        street_names: Mapping[str, Sequence[str]] | None = None,
        readers: Sequence[TextReader] = (),
    ) -> None:
        self._lexicon = words_of.lexicon(programs=programs, street_names=street_names)
        self._readers = tuple(readers)

    def silent(self, text: str) -> bool:
        """The quick no: whether no term begins anywhere in the text. Never true where `spans` would find one."""
        if self._readers:
            return False
        folded = fold(text)
        if not self._lexicon.key_words.isdisjoint(words_in(folded.text)):
            return False
        whole = mended(folded, self._lexicon.all_words)
        return whole is None or self._lexicon.key_words.isdisjoint(words_in(whole.text))

    def spans(self, text: str) -> tuple[Span, ...]:
        """Our spans and those of the readers. Raises ReaderFailed."""
        found = spans(text, lexicon=self._lexicon)
        if not self._readers:
            return found
        return (*found, *(span for reader in self._readers for span in _beside(reader, text)))

    def by_text(self, text: str) -> tuple[Finding, ...]:
        """What this text tells, a Finding for each span that tells something. Negated and hypothetical ones do not."""
        found: dict[Finding, None] = {}
        for span in self.spans(text):
            if span.negated or span.hypothetical or span.place:
                continue
            if span.subject != "patient":
                found[Finding((FAMILY_SENSITIVE,), "possible", f"text: {span.kind}, another person")] = None
                continue
            words = f"text: {span.kind}" + (", uncertain" if span.uncertain else ", history" if span.historical else "")
            found[Finding(span.labels, span.tells or "possible", words)] = None
            if span.relayed and span.kind in ("disorder", "treatment"):
                told = "text: told by a care worker, whose record is not said"
                found[Finding((ORIGIN_UNKNOWN,), "possible", told)] = None
        return tuple(found)

    def by_mention(self, text: str) -> tuple[Finding, ...]:
        """What this text mentions without telling it: negated, hypothetical, of another person, or in a name."""
        return tuple(
            dict.fromkeys(
                Finding(span.labels, "possible", f"text: {span.kind}, only mentioned")
                for span in self.spans(text)
                if span.tells is None
            )
        )


#: The shipped lexicon alone.
SHIPPED: Final = TextLabels()
#: A word of each term, for a quick no over plain text.
KEY_WORDS: Final = words_of.default().key_words


def by_text(text: str) -> tuple[Finding, ...]:
    """What this text tells by the shipped lexicon (`TextLabels.by_text`)."""
    return SHIPPED.by_text(text)


def by_mention(text: str) -> tuple[Finding, ...]:
    """What this text mentions without telling it, by the shipped lexicon (`TextLabels.by_mention`)."""
    return SHIPPED.by_mention(text)
