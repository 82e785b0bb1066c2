"""Labels by text: spans in a narrative, each with its class and context (negation, hypothetical, other person ...).

After ConText (Harkema et al. 2009): a lexicon term, triggers around it, a scope that ends at a conjunction or at the
sentence. Plus the frames of police narratives: who told the officer, what was seen or smelled, what was given. Only a
disorder or a treatment that is the subject's own tells a sensitivity for certain; use, intoxication and exposure ask
a person to look (42 CFR 2.12(e)(4)(ii)). No text ever gives `42CFRPart2`: that is a matter of origin.

Does not spell-correct, does not read other languages, does not know programs by name: a deployment's gazetteer is
configuration. Keeps no text: nothing here is cached by value.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple

from mappings.labels.codes import Finding
from mappings.labels.vocabulary import FAMILY_SENSITIVE, ORIGIN_UNKNOWN

SpanClass = Literal["disorder", "treatment", "use", "intoxication", "exposure"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A term found at [start, end) of the text, with its context. `labels` are what the term means unqualified."""

    kind: SpanClass
    labels: tuple[str, ...]
    grade: Literal["certain", "possible"]
    start: int
    end: int
    negated: bool = False
    hypothetical: bool = False
    other: bool = False
    historical: bool = False
    uncertain: bool = False
    relayed: bool = False


class _Term(NamedTuple):
    pattern: re.Pattern[str]
    kind: SpanClass
    labels: tuple[str, ...]
    grade: Literal["certain", "possible"]
    length: int


_WORDS = re.compile(r"[a-z0-9]+").findall
_SENTENCE_END = re.compile(r"[.!?](?=\s|\Z)|[;\n\r]")
#: Where the scope of a trigger ends.
_SCOPE_END = re.compile(
    r"\b(?:but|however|although|though|except|aside from|apart from|because|since|then|"
    r"and (?:he|she|they|subject|patient|male|female|i|we)|who|which|while)\b"
)
_PSEUDO = re.compile(
    r"\b(?:not only|no longer|no change|no doubt|not certain|not sure|no increase|without (?:difficulty|incident)|"
    r"not deny|never denied|no insurance|not compliant with|not taking (?:his|her|their)?)\b"
)
_NEGATION = re.compile(
    r"\b(?:den(?:y|ies|ied|ying)|no|not|never|none|nor|neither|without|negative for|free of|absence of|"
    r"didn'?t|doesn'?t|don'?t|isn'?t|wasn'?t|hasn'?t|haven'?t|rules? out|ruled out|unremarkable for)\b"
)
_NEGATED_AFTER = re.compile(
    r"\W*(?:use\W+|was\W+|were\W+|is\W+|are\W+|screen\W+|test\W+){0,3}(?:negative|not (?:found|seen|observed|present|"
    r"detected|suspected|a factor|involved)|none (?:found|seen)|ruled out|denied|absent)\b"
)
_HYPOTHETICAL = re.compile(
    r"\b(?:if|unless|whether|would|should|could|in case|in the event|risk of|at risk for|return for|watch for|"
    r"brochure|pamphlet|information (?:on|about)|prevent(?:ion|ing)?|training|screen(?:ed|ing)? for)\b"
)
_UNCERTAIN = re.compile(
    r"\b(?:possibl[ey]|probabl[ey]|maybe|may|might|suspect(?:s|ed)?|apparent(?:ly)?|appear(?:s|ed)|seem(?:s|ed)|"
    r"believed?|thinks?|thought|unclear|unknown if|questionable|likely|r/o|rule out|consistent with)\b|\?"
)
_HISTORY = re.compile(
    r"\b(?:history of|hx of|h/o|former(?:ly)?|previous(?:ly)?|prior|past|used to|no longer|years? ago|months? ago)\b"
)
_HISTORY_AFTER = re.compile(
    r"[^.;]{0,40}\b(?:in (?:full |early |sustained )*remission|years? ago|months? ago|in the past)\b"
)
_OTHER = re.compile(
    r"\b(?:family (?:history|hx) of|(?:(?:his|her|their|my|the|a|pt'?s|patient'?s|subject'?s) )?(?:\w+ )?"
    r"(?:mother|father|mom|dad|mum|brother|sister|son|daughter|wife|husband|uncle|aunt|cousin|grand(?:mother|father|ma|pa)"
    r"|nephew|niece|parents?|siblings?|roommate|neighbou?r|girlfriend|boyfriend|fianc[eé]e?|friend|friends|spouse|partner"
    r"|ex-?(?:wife|husband|girlfriend|boyfriend)|stepfather|stepmother|stepson|landlord|coworker)(?:'s)?)\b"
)
#: After a mention of somebody else, a word that brings the subject back ("mother said he is addicted").
_SUBJECT = re.compile(r"\b(?:he|him|she|her son|subject|patient|pt|client|male|female|victim|suspect|s1|v1)\b")
_CARE = (
    r"(?:clinicians?|clinic|counsel(?:or|lor)|therapist|mhc|case ?manager|caseworker|mental health|nurse|doctor|"
    r"psychiatrist|social worker|treatment|program|center|cmhc|peer specialist|provider|hospital|staff)"
)
#: A care worker's statement, in a report by somebody else: whose record it came from is unknown (S17).
_RELAYED = re.compile(
    rf"\b{_CARE}\b[^.;]{{0,60}}\b(?:told|advised|informed|stated|said|confirmed|reported)\b|"
    rf"\b(?:per|according to|as per|told by|advised by|informed by|spoke (?:with|to))\b[^.;]{{0,40}}\b{_CARE}\b"
)
_SEPARATOR = r"[\s\-/,]+"


@cache
def _lexicon() -> dict[str, tuple[_Term, ...]]:
    """Terms by their first word, the longest first, so that a text without any first word costs one pass."""
    rows = io.StringIO((files("mappings.labels") / "data" / "lexicon.csv").read_text(encoding="utf-8"), newline="")
    terms: dict[str, list[_Term]] = {}
    for row in csv.DictReader(rows):
        for written in row["terms"].split("|"):
            # A term with capitals is an acronym that means something else in lower case ("mat", "na").
            acronym = any(letter.isupper() for letter in written)
            words = [re.escape(word if acronym else word.lower()) for word in written.split()]
            pattern = re.compile(_SEPARATOR.join(words) + r"(?![A-Za-z0-9])")
            terms.setdefault(written.split()[0].lower(), []).append(
                _Term(pattern, row["class"], tuple(row["labels"].split()), row["grade"], len(written))  # type: ignore[arg-type]
            )
    return {first: tuple(sorted(found, key=lambda term: -term.length)) for first, found in terms.items()}


#: The first words alone, for the quick no.
FIRST_WORDS: Final = frozenset(_lexicon())


def spans(text: str) -> tuple[Span, ...]:
    """Every lexicon term in the text, in order, each with its context. Cost grows with the length of the text."""
    lower = text.lower()
    hits = FIRST_WORDS.intersection(_WORDS(lower))
    if not hits:
        return ()
    if len(lower) != len(text):  # a letter whose lower case is two: places would not agree
        text = lower
    return tuple(_with_context(lower, term, start, end) for start, end, term in sorted(_terms(text, lower, hits)))


def _terms(text: str, lower: str, hits: frozenset[str]) -> Iterator[tuple[int, int, _Term]]:
    lexicon = _lexicon()
    taken: set[int] = set()
    found: list[tuple[int, int, _Term]] = []
    for first in hits:
        at = lower.find(first)
        while at >= 0:
            if (at == 0 or not lower[at - 1].isalnum()) and at not in taken:
                for term in lexicon[first]:
                    match = term.pattern.match(lower, at) or term.pattern.match(text, at)
                    if match is not None:
                        found.append((at, match.end(), term))
                        break
            at = lower.find(first, at + len(first))
    # The longest term that covers a place speaks for it ("heroin addict" is not also "heroin").
    reach = -1
    for start, end, term in sorted(found, key=lambda item: (item[0], -item[1])):
        if end > reach:
            yield start, end, term
            reach = max(reach, end)


def _with_context(lower: str, term: _Term, start: int, end: int) -> Span:
    window = lower[max(0, start - 200) : start]
    ends = [match.end() for match in _SENTENCE_END.finditer(window)]
    sentence = window[ends[-1] :] if ends else window
    stop = _SENTENCE_END.search(lower, end, end + 120)
    after = lower[end : stop.start() if stop else end + 120]
    if "'" in sentence:
        sentence = sentence.replace("\u2019", "'")
    scopes = [match.end() for match in _SCOPE_END.finditer(sentence)]
    before = sentence[scopes[-1] :] if scopes else sentence
    plain = _PSEUDO.sub(" ", before)
    other = False
    for match in _OTHER.finditer(sentence):
        other = _SUBJECT.search(sentence, match.end()) is None
    return Span(
        kind=term.kind,
        labels=term.labels,
        grade=term.grade,
        start=start,
        end=end,
        negated=_NEGATION.search(plain) is not None or _NEGATED_AFTER.match(after) is not None,
        # "would go to detox if", "if he relapses": a condition before or right after
        hypothetical=_HYPOTHETICAL.search(before) is not None or re.match(r"\W*(?:\w+\W+){0,3}if\b", after) is not None,
        other=other,
        historical=_HISTORY.search(before) is not None or _HISTORY_AFTER.match(after) is not None,
        uncertain=_UNCERTAIN.search(before) is not None or after.startswith("?"),
        relayed=_RELAYED.search(sentence) is not None,
    )


def by_text(text: str) -> tuple[Finding, ...]:
    """What this text tells, a Finding for each span that tells something. Negated and hypothetical spans do not."""
    found: dict[Finding, None] = {}
    for span in spans(text):
        if span.negated or span.hypothetical:
            continue
        if span.other:
            found[Finding((FAMILY_SENSITIVE,), "possible", f"text: {span.kind}, another person")] = None
            continue
        certain = span.kind in ("disorder", "treatment") and span.grade == "certain" and not span.uncertain
        words = f"text: {span.kind}" + (", uncertain" if span.uncertain else ", history" if span.historical else "")
        found[Finding(span.labels, "certain" if certain else "possible", words)] = None
        if span.relayed and span.kind in ("disorder", "treatment"):
            found[Finding((ORIGIN_UNKNOWN,), "possible", "text: told by a care worker, whose record is not said")] = (
                None
            )
    return tuple(found)


def by_mention(text: str) -> tuple[Finding, ...]:
    """What this text mentions without telling it: negated, hypothetical, or of another person."""
    return tuple(
        dict.fromkeys(
            Finding(span.labels, "possible", f"text: {span.kind}, only mentioned")
            for span in spans(text)
            if span.negated or span.hypothetical or span.other
        )
    )
