"""The context of a term: whose it is, and whether it is so, was so, might be so or is not so.

After ConText (Harkema and others, 2009), with the frames of police and dispatch narratives: who told the officer, what
was looked for and not found, what was handed out. Triggers are data (`data/context.csv`), looked up longest first, so
that a phrase that only looks like a negation ("not taking", "no doubt") uses up its own words. A scope ends at the
sentence, at a conjunction, at a comma with a new statement after it, or after so many words; each word is looked at a
bounded number of times, so the cost grows with the length of the text and no faster.

Does not parse: it reads words from left to right. Does not resolve pronouns: "he" and "she" are the person the text
is about.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final, Literal, NamedTuple

from mappings.labels.lexicon import Tree, plant, rows

Subject = Literal["patient", "family", "other"]
#: A word's place: start, end.
Place = tuple[int, int]

_KINDS: Final = (
    "negated",
    "negated after",
    "denied after colon",
    "hypothetical",
    "hypothetical after",
    "offered",
    "uncertain",
    "uncertain after",
    "historical",
    "historical after",
    "other",
    "family",
    "family history",
    "patient",
    "reports",
    "speaker",
    "by",
    "who",
    "care",
    "heard from",
    "break",
    "turn",
    "passing",
    "use",
)
_BIT: Final = {kind: 1 << place for place, kind in enumerate(_KINDS)}
_NEGATED, _NEGATED_AFTER, _AFTER_COLON = _BIT["negated"], _BIT["negated after"], _BIT["denied after colon"]
_HYPOTHETICAL, _HYPOTHETICAL_AFTER = _BIT["hypothetical"], _BIT["hypothetical after"]
_OFFERED = _BIT["offered"]
_UNCERTAIN, _UNCERTAIN_AFTER = _BIT["uncertain"], _BIT["uncertain after"]
_HISTORICAL, _HISTORICAL_AFTER = _BIT["historical"], _BIT["historical after"]
_OTHER, _FAMILY, _FAMILY_HISTORY, _PATIENT = _BIT["other"], _BIT["family"], _BIT["family history"], _BIT["patient"]
_REPORTS, _SPEAKER, _BY, _WHO = _BIT["reports"], _BIT["speaker"], _BIT["by"], _BIT["who"]
_CARE, _HEARD, _BREAK, _TURN, _USE = _BIT["care"], _BIT["heard from"], _BIT["break"], _BIT["turn"], _BIT["use"]
_PERSON: Final = _OTHER | _FAMILY

#: How many words a trigger reaches.
_REACH_NEGATED, _REACH_HYPOTHETICAL, _REACH_UNCERTAIN, _REACH_HISTORICAL = 25, 10, 8, 12
_REACH_AFTER = 6
#: Words that stand between a preposition and the person ("by her own uncle").
_BETWEEN: Final = frozenset(
    [
        "his",
        "her",
        "my",
        "their",
        "the",
        "a",
        "an",
        "s",
        "one",
        "two",
        "another",
        "other",
        "own",
        "old",
        "ex",
        "said",
        "that",
        "pt",
    ]
)
_JOINS: Final = frozenset(("and", "or", "nor"))
_OBJECTS: Final = frozenset(("me", "her", "him", "them"))
#: A line that was wrapped, not ended: the next one goes on in the middle of the sentence.
_NEW_LINE: Final = re.compile(r"\n[ \t]*(?:[-*\u2022\[>]|\d{1,2}[:.)/]|\d{4}\b|[A-Z][A-Za-z /]{0,30}:)|[.!?:]\s*\n")


class Context(NamedTuple):
    """What the words around a term say of it."""

    subject: Subject
    negated: bool
    hypothetical: bool
    uncertain: bool
    historical: bool
    #: Offered, wished for, beside it: of a treatment that is not one yet, of a disorder it says nothing.
    offered: bool
    relayed: bool
    used: bool


#: What a clinician writes of their own finding, or a patient does: beside a care worker it does not tell of talk.
_OF_WRITERS = frozenset(
    "notes noted indicated denies denied denying endorses endorsed insists insisted thinks believes".split()  # noqa: SIM905
)


@cache
def _triggers() -> Tree:
    tree: Tree = {}
    masks: dict[str, int] = {}
    for row in rows("context.csv"):
        for phrase in row["phrases"].split("|"):
            masks[phrase] = masks.get(phrase, 0) | _BIT[row["kind"]]
    for phrase, mask in masks.items():
        plant(tree, phrase, mask)
    return tree


def _trigger(words: Sequence[str], at: int, tree: Tree) -> tuple[int, int]:
    """The longest trigger that begins here and its length in words; (0, 1) for none."""
    node = tree.get(words[at])
    if node is None:
        return 0, 1
    mask, length, count = 0, 1, 1
    while True:
        here = node.get("")
        if here is not None:
            mask, length = 0, count
            for one in here:
                mask |= one
        at += 1
        if at >= len(words):
            return mask, length
        node = node.get(words[at])
        if node is None:
            return mask, length
        count += 1


def contexts(
    text: str, words: Sequence[str], places: Sequence[Place], terms: Sequence[tuple[int, int]], stop: int
) -> list[Context]:
    """The context of each term of one sentence. `terms`: first word and the word after the last, in order.

    `text` is folded, `words` are its words in small letters, `places` where each stands; the sentence ends at `stop`.
    """
    tree = _triggers()
    found: list[Context] = []
    negated = hypothetical = uncertain = historical = offered = used = -1
    subject: Subject = "patient"
    relayed = False
    speaker = 0
    care = heard = -100
    at = turn = 0
    while turn < len(terms):
        comma = False
        if at:
            gap = text[places[at - 1][1] : places[at][0]]
            if gap != " ":
                comma = "," in gap or (gap.isspace() is False and " - " in gap)
                if "\n" in gap and _ends_line(text, places, at):
                    negated = hypothetical = uncertain = historical = offered = -1
                    subject = "patient"
        first, end = terms[turn]
        if at == first:
            after = _after(text, words, places, terms, turn, stop, tree)
            person = after.subject or subject
            if person != "patient" and _done_to(text, words, places, end):
                person = "patient"  # "the boyfriend hit her": who did it is not whom it happened to
            found.append(
                Context(
                    subject=person,
                    negated=at <= negated or after.negated,
                    hypothetical=at <= hypothetical or after.hypothetical,
                    uncertain=at <= uncertain or after.uncertain,
                    historical=at <= historical or after.historical,
                    offered=at <= offered,
                    relayed=relayed,
                    used=at <= used,
                )
            )
            at, turn = end, turn + 1
            continue
        mask, length = _trigger(words, at, tree)
        # A trigger does not reach into the next term.
        after_it = min(at + length, first)
        if mask:
            if mask & _BREAK or (mask & _TURN and (comma or (at and words[at - 1] == "and"))):
                negated = hypothetical = uncertain = historical = offered = -1
            if mask & _NEGATED:
                negated = at + _REACH_NEGATED
            if mask & _HYPOTHETICAL:
                hypothetical = at + _REACH_HYPOTHETICAL
            if mask & _OFFERED:
                offered = at + _REACH_HYPOTHETICAL
            if mask & _UNCERTAIN:
                uncertain = at + _REACH_UNCERTAIN
            if mask & _HISTORICAL:
                historical = at + _REACH_HISTORICAL
            if mask & _USE:
                used = after_it + 1
            if mask & _FAMILY_HISTORY:
                subject = "family"
            elif mask & _PERSON:
                subject = _person(words, at, after_it, mask, subject, speaker, tree)
                speaker = mask
            elif mask & _PATIENT:
                subject = "patient"
                speaker = mask
            if mask & _CARE:
                care = at
                relayed = relayed or at - heard <= 5
            if mask & _HEARD:
                heard = at
            if mask & _REPORTS and at - care <= 8 and words[at] not in _OF_WRITERS:
                relayed = True
        at = after_it
    return found


def _ends_line(text: str, places: Sequence[Place], at: int) -> bool:
    """Whether the line break before this word ends a statement, or the line was only wrapped."""
    end = places[at - 1][1]
    start = places[at][0]
    line = text.rfind("\n", max(0, end - 60), end)
    short = end - line < 40 if line >= 0 else end < 40
    return short or _NEW_LINE.search(text, end, min(len(text), start + 34)) is not None


def _done_to(text: str, words: Sequence[str], places: Sequence[Place], end: int) -> bool:
    if words[end - 1] in _OBJECTS:
        return True
    return end < len(words) and words[end] in _OBJECTS and text[places[end - 1][1] : places[end][0]] == " "


def _person(words: Sequence[str], at: int, end: int, mask: int, before: Subject, speaker: int, tree: Tree) -> Subject:
    """Of whom the text speaks after it named this person."""
    total = len(words)
    mine: Subject = "family" if mask & _FAMILY else "other"
    for ahead in range(end, min(end + 2, total)):
        said, _ = _trigger(words, ahead, tree)
        if said & _REPORTS:
            return "patient"  # who reports is not whom it is about
    back = at - 1
    while back >= 0 and words[back] in _BETWEEN and at - back <= 3:
        back -= 1
    if back >= 0:
        lead, _ = _trigger(words, back, tree)
        if lead & _REPORTS and speaker & _SPEAKER:
            return "patient"  # "RP states brother is ...": the call is about the brother
        if lead & _BY:
            follows = _trigger(words, end, tree)[0] if end < total else 0
            if not follows & _WHO and not (end < total and words[end] == "s"):
                return before
    return mine


class _After(NamedTuple):
    subject: Subject | None
    negated: bool
    hypothetical: bool
    uncertain: bool
    historical: bool


def _after(
    text: str,
    words: Sequence[str],
    places: Sequence[Place],
    terms: Sequence[tuple[int, int]],
    turn: int,
    stop: int,
    tree: Tree,
) -> _After:
    """What stands behind the term: "negative", "in remission", "(father)", "if a bed opens", "?"."""
    end = terms[turn][1]
    total = len(words)
    place = places[end - 1][1]
    negated = hypothetical = historical = False
    uncertain = "?" in text[place : min(place + 2, stop)]
    subject: Subject | None = None
    if end >= total:
        return _After(subject, negated, hypothetical, uncertain, historical)
    gap = text[place : places[end][0]]
    mask, _ = _trigger(words, end, tree)
    if ":" in gap and mask & _AFTER_COLON:
        negated = True
    if ("(" in gap or "-" in gap or words[end] == "in") and len(gap) <= 4:
        person = mask if words[end] != "in" else (_trigger(words, end + 1, tree)[0] if end + 1 < total else 0)
        if person & _PERSON:
            subject = "family" if person & _FAMILY else "other"
    at, following = end, turn + 1
    while at < min(total, end + _REACH_AFTER):
        if at > end or gap != " ":
            between = text[places[at - 1][1] : places[at][0]]
            if "," in between or "\n" in between:
                break
        if following < len(terms) and at == terms[following][0]:
            if at > end and words[at - 1] not in _JOINS:
                break
            at, following = terms[following][1], following + 1
            continue
        mask, length = _trigger(words, at, tree)
        if mask & (_BREAK | _PATIENT) or (mask & _NEGATED and not mask & _NEGATED_AFTER):
            break
        distance = at - end
        if mask & _NEGATED_AFTER and distance <= 3:
            # "SI negative", and not "SI, negative for fever": what is negated stands before it.
            negated = True
        if mask & _HYPOTHETICAL_AFTER and distance <= 3:
            hypothetical = True
        if mask & _UNCERTAIN_AFTER and distance <= 3:
            uncertain = True
        if mask & _HISTORICAL_AFTER:
            historical = True
        if mask & _PERSON and words[at - 1] in _BETWEEN and words[max(at - 2, 0)] in ("is", "was"):
            subject = "family" if mask & _FAMILY else "other"
        at += length
    return _After(subject, negated, hypothetical, uncertain, historical)
