"""What kind of form a Consent is, by its own declaration: it decides under which law the form may permit.

A HIPAA authorization permits nothing that Part 2 forbids (a general authorization is not sufficient, 42 CFR
2.32(a)(1)), and an opt-out permits nothing at all. A form that declares no kind is judged by its elements alone: 2.31
asks for elements and for no title. Says nothing of refusals: a form of any kind refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

Json = dict[str, Any]
Kind = Literal["part2", "hipaa", "opt-out"]

_ACT_CODE: Final = (None, "http://terminology.hl7.org/CodeSystem/v3-ActCode", "urn:oid:2.16.840.1.113883.5.4")
#: Directives of v3-ActCode; the second is Michigan's form, written for Part 2.
_PART2: Final = frozenset({"42CFRPart2CD", "MDHHS-5515Part2"})


def kind_of(consent: Json) -> Kind | None:
    """The kind that the form declares: by `category` and, where that names none, by `policy` and `policyRule`.

    An opt-out among several is an opt-out. A form that is declared both an authorization and a Part 2 consent is a
    Part 2 consent: one paper may be both (2.31 names what may not be combined). None: it declares none that is
    known here. Raises nothing.
    """
    named = list(_codings(consent.get("category")))
    rules = list(_codings([consent.get("policyRule")]))
    uris = [str(one.get("uri")) for one in _objects(consent.get("policy"))]
    if any(coding.get("code") == "OPTOUT" for coding in (*named, *rules)):
        return "opt-out"
    return (
        _strongest({_of_directive(coding) for coding in named})
        or _strongest({_of_policy(uri) for uri in uris} | {_of_directive(coding) for coding in rules})
    )  # fmt: skip


def may_permit(kind: Kind | None, law: str) -> bool:
    """Whether a form of that kind may permit under `law` (`part2` or `hipaa`), if its elements are there.

    A Part 2 consent may serve as an authorization where it also has the elements of 45 CFR 164.508(c).
    """
    return kind in ((None, "part2") if law == "part2" else (None, "part2", "hipaa"))


def _strongest(found: set[Kind | None]) -> Kind | None:
    order: tuple[Kind, ...] = ("opt-out", "part2", "hipaa")
    return next((kind for kind in order if kind in found), None)


def _of_directive(coding: Json) -> Kind | None:
    code = coding.get("code")
    if not isinstance(code, str):
        return None
    if code in _PART2 and coding.get("system") in _ACT_CODE:
        return "part2"
    # HIPAAAuthCD, HIPAAConsentCD, HIPAAResearchAuthCD, and `hipaa-auth` of HL7's consent policies: of that law alone.
    return "hipaa" if code.upper().startswith("HIPAA") else None


def _of_policy(uri: str) -> Kind | None:
    if "section-2.31" in uri:
        return "part2"
    return "hipaa" if "164.508" in uri else "opt-out" if "164.522" in uri else None


def _codings(concepts: Any) -> Iterator[Json]:
    for concept in _objects(concepts):
        yield from _objects(concept.get("coding"))


def _objects(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
