"""Labels that came with a record and do not agree with themselves, or with what we find. Reported, never lowered."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any, Final

from mappings.labels.origin import Origin
from mappings.labels.policy import LabelPolicy
from mappings.labels.scan import Place, path_of
from mappings.labels.vocabulary import (
    ACT_CODE,
    CONFIDENTIALITY,
    INLINE,
    LAWS,
    NO_CODES,
    PART2,
    RANK,
    SENSITIVITIES,
)
from profiles.issue import Issue, Severity

Json = dict[str, Any]

#: Fixed words of each rule.
_WORDS: Final = {
    "label.two-levels": "more than one confidentiality; the highest counts",
    "label.raised": "its labels ask for a higher confidentiality than it came with; it was raised",
    "label.wrong-system": "a label's code is of another code system than it says; it is read as the code",
    "label.no-code": "a label that HL7 Terminology has not, or has retired; it is kept as it is",
    "label.law-without-origin": "labelled as a Part 2 record, and the declared origin is no program; it is kept",
    "label.no-inline": "it says that elements are labelled, and none is",
    "label.inline-not-said": "elements are labelled, and it did not say so; now it does",
}


def conflicts(
    present: list[Json], existing: Set[str], found: Set[str], origin: Origin | None, policy: LabelPolicy, place: Place
) -> tuple[Issue, ...]:
    """What is wrong with the labels that a resource came with: its codings, their codes, against those `found`."""
    return tuple(_conflicts(present, existing, found, origin, policy, place))


def _conflicts(
    present: list[Json], existing: Set[str], found: Set[str], origin: Origin | None, policy: LabelPolicy, place: Place
) -> Iterator[Issue]:
    levels = existing & RANK.keys()
    if levels == existing and len(present) == 1 and policy.of(found | existing) in levels and INLINE not in found:
        if present[0].get("system") == ACT_CODE:
            yield _issue("label.wrong-system", "warning", place, 0)
        return  # one confidentiality, as it would be: what most records come with
    if len(levels) > 1:
        yield _issue("label.two-levels", "warning", place)
    if levels and policy.of(found | existing) not in levels:
        yield _issue("label.raised", "information", place)
    for index, coding in enumerate(present):
        code, system = coding.get("code"), coding.get("system")
        if code in NO_CODES:
            yield _issue("label.no-code", "warning", place, index)
        elif isinstance(system, str) and (
            (code in RANK and system == ACT_CODE) or (code in SENSITIVITIES | LAWS and system == CONFIDENTIALITY)
        ):
            yield _issue("label.wrong-system", "warning", place, index)
    if PART2 in existing - found and origin is not None and origin.role is not None:
        yield _issue("label.law-without-origin", "information", place)
    if INLINE in existing - found:
        yield _issue("label.no-inline", "information", place)
    if INLINE in found - existing:
        yield _issue("label.inline-not-said", "information", place)


def _issue(rule: str, severity: Severity, place: Place, index: int | None = None) -> Issue:
    at = ((place, "meta"), "security")
    path = path_of(at if index is None else (at, index))
    return Issue(severity=severity, code="conflict", rule=rule, path=path, text=_WORDS[rule])
