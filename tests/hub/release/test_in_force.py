"""From when to when a form counts, to the second, in the discloser's zone (S43, S44): a row each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.release import check_consent, decide_json
from hub.release.consent import in_force
from hub.release.elements import elements

Json = dict[str, Any]


def found(build: Any, consent: Json, at: str, zone: str = "UTC") -> tuple[str, list[str]]:
    """What is decided of a Part 2 record by that form alone, and what the check says of it."""
    document = build.ask([build.condition()], [consent], origin="part2-program", at=at, zone=zone)
    issues = check_consent(consent, at=datetime.fromisoformat(at), zone=zone)
    return decide_json(document)["entries"][0]["decision"], [one.rule for one in issues]


@pytest.mark.parametrize(
    ("end", "zone", "last", "first_after"),
    [
        # a month and a year end with their last day, a day with its last second, in that zone
        ("2026-02", "UTC", "2026-02-28T23:59:59+00:00", "2026-03-01T00:00:00+00:00"),
        ("2026-02", "America/Denver", "2026-03-01T06:59:59+00:00", "2026-03-01T07:00:00+00:00"),
        ("2026-12", "UTC", "2026-12-31T23:59:59+00:00", "2027-01-01T00:00:00+00:00"),
        ("2026", "America/Denver", "2027-01-01T06:59:59+00:00", "2027-01-01T07:00:00+00:00"),
        ("2026-05-31", "America/Denver", "2026-06-01T05:59:59+00:00", "2026-06-01T06:00:00+00:00"),
        ("2026-06-01T13:00:00+01:00", "America/Denver", "2026-06-01T12:00:00+00:00", "2026-06-01T12:00:01+00:00"),
    ],
)
def test_s43_a_period_ends_with_what_its_end_says(build: Any, end: str, zone: str, last: str, first_after: str) -> None:
    consent = build.consent(provision={"period": {"end": end}})
    assert found(build, consent, last, zone) == ("permit", [])
    assert found(build, consent, first_after, zone) == ("no-consent", ["consent-expired"])


@pytest.mark.parametrize(
    ("start", "zone", "before", "first"),
    [
        ("2026-02", "America/Denver", "2026-02-01T06:59:59+00:00", "2026-02-01T07:00:00+00:00"),
        ("2026-06-01T13:00:00+01:00", "UTC", "2026-06-01T11:59:59+00:00", "2026-06-01T12:00:00+00:00"),
    ],
)
def test_s43_a_period_begins_with_what_its_start_says(
    build: Any, start: str, zone: str, before: str, first: str
) -> None:
    consent = build.consent(provision={"period": {"start": start, "end": "2026-12-31"}})
    assert found(build, consent, before, zone)[0] == "no-consent"
    assert found(build, consent, first, zone)[0] == "permit"


def test_2_31_a_9_a_form_counts_from_when_it_was_signed(build: Any) -> None:
    consent = build.consent(dateTime="2026-06-01T12:00:00Z")
    assert found(build, consent, "2026-06-01T11:59:59+00:00")[0] == "no-consent"
    assert found(build, consent, "2026-06-01T12:00:00+00:00")[0] == "permit"


def test_2_31_a_6_a_revocation_counts_from_its_moment(build: Any) -> None:
    consent = build.consent(elements={"revokedAt": "2026-06-01T12:00:00Z"})
    assert found(build, consent, "2026-06-01T11:59:59+00:00") == ("permit", [])
    assert found(build, consent, "2026-06-01T12:00:00+00:00") == ("no-consent", ["consent-revoked"])


@pytest.mark.parametrize(("kind", "expected"), [("permit", "no-consent"), ("deny", "deny")])
def test_a_date_that_says_no_zone_is_not_relied_on_and_refuses(build: Any, kind: str, expected: str) -> None:
    """Of a time without a zone nobody knows when it was: a permission does not count, a refusal does."""
    consent = build.consent(dateTime="2026-01-02T10:00:00", provision={"type": kind, "securityLabel": None})
    assert found(build, consent, "2026-06-01T12:00:00+00:00")[0] == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"resourceType": None}, True),
        ({"resourceType": "Contract"}, False),
        ({"status": "proposed"}, False),
        ({"status": None}, False),
        ({"status": "entered-in-error"}, False),
        ({"resourceType": "Contract", "status": "draft"}, False),
    ],
)
def test_what_is_in_force_is_an_active_consent(build: Any, change: Json, expected: bool) -> None:
    consent = build.consent(**change)
    assert in_force(consent, elements(consent), datetime(2026, 6, 1, tzinfo=UTC), "UTC") is expected
    assert found(build, consent, "2026-06-01T12:00:00+00:00")[0] == ("permit" if expected else "no-consent")
