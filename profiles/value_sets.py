"""Membership in the value sets of required bindings, from the generated tables of R4 and of profiles.

Knows the codes of each system that the sources list; of a system that they do not hold whole (LOINC, SNOMED CT, CPT)
any code passes, as `profiles.expansions.OPEN_SYSTEMS` says. Displays are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from profiles.definitions import profile_tables, r4

Json = dict[str, Any]


@cache
def member_of(key: str) -> Callable[[Any], bool] | None:
    """Whether a code, Coding, Quantity or CodeableConcept (by one of its codings) is in the value set of this key.

    None for a value set that is not enumerable (`expansions.NOT_ENUMERABLE`). A value with an extension passes, as the
    extension may say why there is no code; so does a value of another shape, which the base check reports.
    """
    systems = r4()["valuesets"].get(key) or profile_tables()["valuesets"].get(key)
    if systems is None:
        return None
    pairs = frozenset((system, code) for system, codes in systems.items() for code in codes or ())
    codes = frozenset(code for _, code in pairs)
    whole = frozenset(system for system, codes in systems.items() if codes is None)

    def in_pairs(coding: Any) -> bool:
        if not isinstance(coding, dict):
            return True
        system, code = coding.get("system"), coding.get("code")
        try:
            return (system, code) in pairs or (system in whole and code is not None)
        except TypeError:  # not hashable: of the wrong shape
            return True

    def member(value: Any) -> bool:
        if isinstance(value, str):
            return value in codes or bool(whole)
        if not isinstance(value, dict) or "extension" in value:
            return True
        if "coding" in value or "text" in value:
            codings = value.get("coding", ())
            return not isinstance(codings, (list, tuple)) or any(in_pairs(coding) for coding in codings)
        return in_pairs(value)

    return member
