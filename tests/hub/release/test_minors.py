"""Whose signature counts by age, asked of each moment (42 CFR 2.14; S50)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.errors import ReleaseError
from hub.release import ReleasePolicy, check_consent, decide_json
from hub.release.age import signers

POLICY = ReleasePolicy(minor_alone_from=12, majority=18)


def at(day: str, time: str = "12:00:00+00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{time}")


@pytest.mark.parametrize(
    ("born", "day", "who"),
    [
        ("2011-06-10", "2026-06-09", "minor"),
        ("2014-06-10", "2026-06-09", "both"),  # 2.14(c): eleven years old to the last day
        ("2014-06-10", "2026-06-10", "minor"),  # 2.14(b): twelve today
        ("2008-06-10", "2026-06-09", "minor"),
        ("2008-06-10", "2026-06-10", "adult"),  # of age on the birthday
        ("2008-02-29", "2026-02-28", "minor"),
        ("2008-02-29", "2026-03-01", "adult"),
        ("2008", "2026-06-10", "unknown"),  # a year alone: seventeen or eighteen
        ("2007", "2026-06-10", "adult"),
        ("2008-07", "2026-06-10", "minor"),
        ("2008-12", "2026-12-30", "unknown"),
        (None, "2026-06-10", "unknown"),
        ("2027-01-01", "2026-06-10", "unknown"),
        ("no date", "2026-06-10", "unknown"),
        ("2008-13-01", "2026-06-10", "unknown"),
        ("2000-06-10-01", "2026-06-10", "unknown"),
        ("2026-06-10", "2026-06-10", "both"),  # born today
        # a month or a year alone ends with its last day
        ("2008-05", "2026-05-30", "unknown"),
        ("2008-05", "2026-05-31", "adult"),
        ("2008", "2026-12-30", "unknown"),
        ("2008", "2026-12-31", "adult"),
        ("2008-12", "2026-12-31", "adult"),
    ],
)
def test_s50_who_signs_by_age(born: str | None, day: str, who: str) -> None:
    assert signers(born, at=at(day), zone="UTC", policy=POLICY) == who


@pytest.mark.parametrize("ages", [{}, {"minor_alone_from": 12}, {"majority": 18}])
def test_s50_undeclared_ages_are_not_asked(ages: dict[str, Any]) -> None:
    assert signers("2014-06-10", at=at("2026-06-09"), zone="UTC", policy=ReleasePolicy(**ages)) is None


def test_s50_the_birthday_begins_in_the_consents_zone() -> None:
    late = datetime(2026, 6, 10, 4, 59, 59, tzinfo=UTC)
    assert signers("2008-06-10", at=late, zone="America/Chicago", policy=POLICY) == "minor"
    assert (
        signers("2008-06-10", at=late.replace(hour=5, second=0, minute=0), zone="America/Chicago", policy=POLICY)
        == "adult"
    )


@pytest.mark.parametrize(
    ("who", "capacities", "fault"),
    [
        ("minor", ["patient"], None),
        ("minor", ["parent"], "minor-signature-required"),  # 2.14(b)
        ("minor", ["guardian"], "minor-signature-required"),
        ("minor", ["patient", "parent"], None),
        ("both", ["patient"], "parent-signature-required"),  # 2.14(c)(1)
        ("both", ["parent"], "minor-signature-required"),
        ("both", ["patient", "parent"], None),
        ("both", ["patient", "guardian"], None),
        ("unknown", ["parent"], "minor-signature-required"),
        ("unknown", ["patient"], None),
        ("adult", ["patient"], None),
        ("adult", ["parent"], "missing-signature"),  # being a parent is no capacity to sign for an adult
        ("adult", ["representative"], None),  # 2.15(a)(1): adjudicated
        ("adult", ["guardian"], None),
        (None, ["parent"], None),
    ],
)
def test_s50_whose_signature_counts(build: Any, who: Any, capacities: list[str], fault: str | None) -> None:
    given = dict(zip(("signatureCapacity", "cosignatureCapacity"), capacities, strict=False))
    found = [issue.rule for issue in check_consent(build.consent(elements=given), signers=who)]
    assert found == ([fault] if fault else [])


def test_s50_without_a_capacity_the_performer_tells(build: Any) -> None:
    mother = build.consent(performer=[{"type": "RelatedPerson", "display": "M."}])
    assert [one.rule for one in check_consent(mother, signers="minor")] == ["minor-signature-required"]
    assert check_consent(build.consent(), signers="minor") == []


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-06-09", "deny"), ("2026-06-10", "permit")],
)
def test_s50_the_same_consent_on_two_days(build: Any, day: str, expected: str) -> None:
    """A child of eleven signed alone: of no use the day before the birthday from which that is enough."""
    patient = {"resourceType": "Patient", "id": "p-1", "birthDate": "2014-06-10"}
    asked = {
        "consents": [build.consent(elements={"signatureCapacity": "patient"})],
        "request": {
            "discloser": {"reference": build.OTP, "role": "part2-program"},
            "recipient": {"reference": build.MHC, "role": "covered-entity"},
            "purpose": "TREAT",
            "patient": "Patient/p-1",
            "at": f"{day}T12:00:00Z",
            "law": "part2",
            "minors": {"alone_from": 12, "majority": 18},
            "entries": [patient],
        },
    }
    decision = decide_json(asked)
    assert decision["decision"] == expected
    if expected == "deny":
        assert "parent-signature-required" in decision["entries"][0]["because"]
    # the same by a birth date that stands beside the entries
    asked["request"]["entries"] = [{"resourceType": "Task", "id": "t", "for": {"reference": "Patient/p-1"}}]
    asked["request"]["birthDate"] = "2014-06-10"
    assert decide_json(asked)["decision"] == expected


def test_ages_that_are_none_are_refused(build: Any) -> None:
    asked = {"request": {"recipient": {}, "purpose": "TREAT", "at": "2026-01-01", "minors": {"alone_from": "12"}}}
    with pytest.raises(ReleaseError) as raised:
        decide_json(asked)
    assert raised.value.issues[0].path == "request.minors"
