"""Suggestions for code tables: what a code of an agency may mean, for a person to take or leave.

A suggestion decides nothing: it is written as a line with `review: true`, which maps nothing. Measured elsewhere, even
a careful pattern is wrong in one of three calls, so no confidence here is near 1 but where code and words both agree.
Words are looked at whole, never inside a longer one (SUPPLEMENTAL is not MENTAL), and a denial before them counts
(NON SUICIDAL suggests nothing).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from mappings.apco import incident_types
from mappings.codes import FIELD_DISPOSITIONS
from mappings.packs.tables import normal

Target = Literal["apco", "field_disposition"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """A code of ours for a code of the agency. `confidence` is 0 to 1; `because` is of fixed wording and our words."""

    target: Target
    code: str
    confidence: float
    because: str


_DENIALS = frozenset(("false", "neg", "negative", "no", "non", "not", "unfounded", "without"))
#: How many words before a phrase may deny it.
_REACH = 2

# Code -> (phrases, confidence). A phrase's words stand one after another; `*` at the end of a word is any ending.
_PHRASES: dict[Target, tuple[tuple[str, float, tuple[str, ...]], ...]] = {
    "apco": (
        ("SUICTHRT", 0.7, ("suicid* threat*", "threat* suicid*", "threat* of suicid*", "suicidal", "suic* threat*")),
        ("SUICIDE", 0.6, ("suicide", "attempt* suicide", "suicide attempt*")),
        ("EDP", 0.8, ("emotion* disturb*", "emot* dist*", "edp", "e d p", "mental* disturb* person")),
        ("MTLV", 0.6, ("mental* violent", "violent mental*", "mental health violent")),
        ("MNTL", 0.6, ("mental", "mental health", "mentally ill", "psychiatric", "behavioral health", "psych")),
        ("WELFARE", 0.8, ("welfare check", "check welfare", "check the welfare", "wellness check", "check well being")),
        ("WELFARE", 0.6, ("welfare", "wellbeing check", "check on wellbeing")),
        ("OD", 0.7, ("overdose*", "od", "drug overdose*")),
        ("INTOX", 0.7, ("intoxicated", "intoxication", "drunk", "detox")),
        ("PERMISS", 0.7, ("missing person*", "missing adult", "missing juvenile")),
        ("PERUNCON", 0.6, ("unconscious", "person down", "unresponsive")),
        ("DVNA", 0.4, ("domestic disturbance", "family disturbance", "domestic")),
        ("DISORD", 0.6, ("disturbance", "disorderly")),
        ("TRESPASS", 0.7, ("trespass*", "unwanted person", "unwanted subject")),
        ("PERSUSP", 0.7, ("suspicious person", "suspicious subject")),
        ("VEHSUSP", 0.7, ("suspicious vehicle",)),
        ("TSTOP", 0.8, ("traffic stop",)),
        ("MVA", 0.5, ("accident", "crash", "collision")),
        ("LARCENY", 0.5, ("theft", "larceny")),
    ),
    "field_disposition": (
        ("gone-on-arrival", 0.9, ("gone on arrival", "goa", "gone prior to arrival")),
        ("unable-to-locate", 0.9, ("unable to locate", "utl", "unable locate", "not located", "no contact made")),
        ("emergency-hold", 0.7, ("emergency hold", "mental health hold", "m1 hold", "emergency detention")),
        ("emergency-hold", 0.6, ("involuntary", "protective custody", "baker act", "5150", "72 hour hold")),
        ("crisis-stabilization", 0.7, ("crisis stabilization", "csu", "crisis unit", "walk in crisis")),
        ("detox", 0.8, ("detox*", "sobering")),
        ("respite", 0.8, ("respite",)),
        ("jail", 0.7, ("jail", "arrest", "arrested", "booked", "in custody")),
        ("voluntary-transport-ed", 0.7, ("voluntary transport", "voluntary to hospital", "voluntarily transported")),
        ("transport-other", 0.4, ("transport*", "taken to", "hospital")),
        ("declined", 0.8, ("declined", "refused", "refusal", "refused service*")),
        ("referred", 0.6, ("referred", "referral", "refer to", "referral made")),
        ("follow-up-planned", 0.7, ("follow up", "followup", "will follow up")),
        ("deceased", 0.8, ("deceased", "doa", "dead on arrival", "pronounced")),
        ("resolved-on-scene", 0.5, ("resolved", "settled", "advised", "handled on scene", "resolved on scene")),
    ),
}  # fmt: skip

_NAMES: dict[Target, str] = {"apco": "an APCO code", "field_disposition": "a disposition of ours"}


def suggest(code: str, text: str | None, target: Target) -> Suggestion | None:
    """What this code, with the source's words for it, may be among the codes of `target`; None where nothing says so.

    The code alone is worth less than its words: two agencies use one code for two things.
    """
    named = _by_words(normal(text), target) if text else None
    spelled = _by_code(code, target)
    if spelled is not None and named is not None and spelled == named.code:
        because = f"the code is {_NAMES[target]}, and its words agree"
        return Suggestion(target=target, code=spelled, confidence=0.95, because=because)
    if named is not None:
        return named
    if spelled is not None:
        sure = 0.4 if text else 0.6
        because = f"the code is {_NAMES[target]}; nothing else says so"
        return Suggestion(target=target, code=spelled, confidence=sure, because=because)
    return None if text else _by_words(normal(code), target)


def _by_code(code: str, target: Target) -> str | None:
    """The code of ours that is spelled so. A number is nobody's code but the agency's."""
    if code.strip().isdigit():
        return None
    return _spelled(target).get(normal(code))


@lru_cache(maxsize=2)
def _spelled(target: Target) -> dict[str, str]:
    codes = incident_types() if target == "apco" else FIELD_DISPOSITIONS
    return {normal(code): code for code in codes}


@lru_cache(maxsize=2)
def _named(target: Target) -> dict[str, str]:
    """Names that only one code has."""
    pairs = (
        [(row.name, code) for code, row in incident_types().items()]
        if target == "apco"
        else [(display, code) for code, display in FIELD_DISPOSITIONS.items()]
    )
    found: dict[str, list[str]] = {}
    for name, code in pairs:
        found.setdefault(normal(name), []).append(code)
    return {name: codes[0] for name, codes in found.items() if len(codes) == 1}


def _by_words(text: str, target: Target) -> Suggestion | None:
    given = text.replace("-", " ").split()
    exact = _named(target).get(text)
    if exact is not None:
        return Suggestion(target=target, code=exact, confidence=0.9, because="the words are the name of the code")
    best: Suggestion | None = None
    longest = 0
    for code, sure, phrases in _PHRASES[target]:
        for phrase in phrases:
            length = len(phrase.split())
            if (sure, length) > (best.confidence if best else 0, longest) and _says(given, phrase.split()):
                longest = length
                because = f"the words `{phrase}`"
                best = Suggestion(target=target, code=code, confidence=sure, because=because)
    return best or _alike(given, target)


def _says(given: list[str], phrase: list[str]) -> bool:
    """Whether the phrase is there, and not denied by a word just before it or anywhere in it."""
    size = len(phrase)
    found = False
    for at in range(len(given) - size + 1):
        if all(_fits(word, part) for word, part in zip(given[at : at + size], phrase, strict=True)):
            if _DENIALS & set(given[max(0, at - _REACH) : at]) and not _DENIALS & set(phrase):
                return False
            found = True
    return found


def _fits(word: str, part: str) -> bool:
    return word.startswith(part[:-1]) if part.endswith("*") else word == part


def _alike(given: list[str], target: Target) -> Suggestion | None:
    """The one code whose name shares most words, when most of the words are shared."""
    said = frozenset(given)
    if _DENIALS & said or not said:
        return None
    scored = sorted(
        ((len(said & name) / len(said | name), code) for code, name in _word_sets(target) if said & name), reverse=True
    )
    if not scored or scored[0][0] < 0.5 or (len(scored) > 1 and scored[1][0] == scored[0][0]):
        return None
    share, code = scored[0]
    confidence = round(0.2 + 0.4 * share, 2)
    because = "most of its words are in the name of the code"
    return Suggestion(target=target, code=code, confidence=confidence, because=because)


@lru_cache(maxsize=2)
def _word_sets(target: Target) -> tuple[tuple[str, frozenset[str]], ...]:
    if target == "field_disposition":
        return tuple((code, frozenset(normal(name).split())) for code, name in FIELD_DISPOSITIONS.items())
    return tuple(
        (code, frozenset(normal(row.name).replace("-", " ").split())) for code, row in incident_types().items()
    )
