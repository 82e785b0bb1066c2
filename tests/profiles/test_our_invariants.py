"""Our own invariants (`wh-`): each holds of a right resource and not of a wrong one."""

# ruff: noqa: E501 - the table keeps one case a row

from __future__ import annotations

from typing import Any

import pytest

from profiles import CANONICAL
from profiles.definitions import profile_tables
from profiles.profile_invariants import INVARIANTS
from profiles.references import Context

Json = dict[str, Any]

OURS = f"{CANONICAL}/StructureDefinition/"


def consent(**statements: bool | str) -> Json:
    """A Consent with these parts of our extension."""
    parts = [
        {"url": name, "valueBoolean": value} if isinstance(value, bool) else {"url": name, "valueString": value}
        for name, value in statements.items()
    ]
    return {"resourceType": "Consent", "extension": [{"url": f"{OURS}part2-consent-elements", "extension": parts}]}


def stages(*codes: str) -> Json:
    reasons = [{"extension": [{"url": f"{OURS}call-type-stage", "valueCode": code}]} for code in codes]
    return {"resourceType": "Encounter", "reasonCode": reasons}


def task(business: str, status: str) -> Json:
    coding = [{"system": f"{CANONICAL}/CodeSystem/task-business-status", "code": business}]
    return {"resourceType": "Task", "businessStatus": {"coding": coding}, "status": status}


CASES: list[tuple[str, list[Json], list[Json]]] = [
    ("wh-consent-discloser", [{"organization": []}, consent(discloserName="A"), consent(discloserClass="A")], [{}, consent(recipientName="A")]),
    ("wh-consent-recipient", [{"provision": {"actor": []}}, consent(recipientClass="A"), consent(intermediary="A")], [{}, {"provision": {}}]),
    ("wh-consent-description", [{"provision": {"securityLabel": []}}, consent(description="A")], [{}, consent(tpo=True)]),
    ("wh-consent-expiry", [{"provision": {"period": {"end": "2025"}}}, consent(expiryEvent="A")], [{"provision": {"period": {"start": "2025"}}}]),
    ("wh-consent-revocation", [consent(revocationStatement=True)], [{}, consent(revocationStatement=False), consent(revocationStatement="yes")]),
    ("wh-consent-tpo", [{}, consent(tpo=False), consent(tpo=True, hipaaRedisclosureStatement=True, redisclosureStatement=True, refusalStatement=True)], [consent(tpo=True, redisclosureStatement=True, refusalStatement=True)]),
    ("wh-consent-authorization", [consent(redisclosureStatement=True, refusalStatement=True)], [{}, consent(redisclosureStatement=True, refusalStatement=False)]),
    ("wh-call-type-once", [{}, stages("initial", "final")], [stages("initial", "initial"), stages("final", "final")]),
    ("wh-caution-no-words", [{"code": {}}, {"code": {"text": "Safety caution"}}], [{"code": {"text": "Bites"}}]),
    ("wh-observation-says-something", [{"valueBoolean": False}, {"dataAbsentReason": {}}], [{}, {"code": {}}]),
    ("wh-approximate-age", [{}, {"extension": [{"url": f"{OURS}reported-age-approximate"}, {"url": f"{OURS}reported-age"}]}], [{"extension": [{"url": f"{OURS}reported-age-approximate"}]}]),
    ("wh-delivered", [task("delivered", "requested"), task("accepted", "accepted"), {"status": "accepted"}], [task("created", "accepted"), task("delivered", "draft")]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "right", "wrong"), CASES, ids=[key for key, _, _ in CASES])
def test_it_holds_of_the_right_ones_only(key: str, right: list[Json], wrong: list[Json]) -> None:
    (held,) = [i for (_, k), i in INVARIANTS.items() if k == key]
    nowhere = Context({}, None)
    assert [held.holds(value, nowhere) for value in right] == [True] * len(right)
    assert [held.holds(value, nowhere) for value in wrong] == [False] * len(wrong)


def test_every_one_of_them_is_here_and_stands_in_a_profile() -> None:
    keys = {key for _, key in INVARIANTS if key.startswith("wh-")}
    assert keys == {key for key, _, _ in CASES}
    in_profiles = {
        key
        for url, row in profile_tables()["profiles"].items()
        if url.startswith(OURS)
        for _, key in row["root"].get("constraints", ())
    }
    assert keys <= in_profiles
