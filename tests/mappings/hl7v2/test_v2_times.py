"""Times between FHIR and v2: precision and offset kept, no zone guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from mappings.hl7v2.times import date_time, ts, written

DENVER = ZoneInfo("America/Denver")


@pytest.mark.parametrize(
    ("fhir", "v2"),
    [
        ("2026-01-14T23:02:11-06:00", "20260114230211-0600"),
        ("2026-01-14T23:02:11Z", "20260114230211+0000"),
        ("2026-01-14T23:02:11.123456Z", "20260114230211.1234+0000"),
        ("2026-01-14", "20260114"),
        ("2026-01", "202601"),
        ("2026", "2026"),
        ("2026-02-30", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_to_v2(fhir: str | None, v2: str | None) -> None:
    assert ts(fhir) == v2


@pytest.mark.parametrize(
    ("v2", "zone", "fhir", "rule"),
    [
        ("20260114230211-0600", None, "2026-01-14T23:02:11-06:00", None),
        ("20260114230211-0600", DENVER, "2026-01-14T23:02:11-06:00", None),
        ("202601142302+0000", None, "2026-01-14T23:02:00Z", None),
        ("202601142302-0000", None, "2026-01-14T23:02:00Z", None),
        ("20260114230211.25", DENVER, "2026-01-14T23:02:11.250000-07:00", None),
        ("20260114230211", None, "2026-01-14", "read.no-zone"),
        ("20260308023000", DENVER, "2026-03-08", "read.skipped-hour"),
        ("20261101013000", DENVER, "2026-11-01T01:30:00-06:00", "read.ambiguous-hour"),
        ("2026011423", DENVER, "2026-01-14", None),
        ("20260114", DENVER, "2026-01-14", None),
        ("202601", None, "2026-01", None),
        ("2026", None, "2026", None),
        ("20260230", None, None, "read.time"),
        ("20260114250000", DENVER, None, "read.time"),
        ("20260114230211-9900", None, None, "read.time"),
        ("0000", None, None, "read.time"),
        ("soon", None, None, "read.time"),
        (None, None, None, None),
    ],
)
def test_from_v2(v2: str | None, zone: ZoneInfo | None, fhir: str | None, rule: str | None) -> None:
    found, issues = date_time(v2, "SCH-11.4", zone)
    assert found == fhir
    assert [issue.rule for issue in issues] == ([rule] if rule else [])
    assert all(issue.path == "SCH-11.4" for issue in issues)


def test_written_needs_a_zone() -> None:
    assert written(datetime(2026, 1, 14, 23, 2, 11, 5, tzinfo=UTC)) == "20260114230211+0000"
    with pytest.raises(ValueError, match="zone"):
        written(datetime(2026, 1, 14))  # noqa: DTZ001
