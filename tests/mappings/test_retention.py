"""Places whose time has passed are not translated, wherever they stand; nothing else of the record changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mappings import Agency, translate
from mappings.incident import Contact, Incident, Organization, Person, Place, Reading, Unit
from mappings.retention import RETENTION_EXPIRED, without_expired

NOW = datetime(2026, 1, 15, 8, tzinfo=UTC)
GONE = Place(line="12 Elm St", beat="4", keep_until="2026-01-15T00:59:59-07:00")
STILL = replace(GONE, keep_until="2026-01-15T01:00:00-07:00")


def test_every_place_is_looked_at() -> None:
    incident = Incident(
        agency="a-pd",
        number="1",
        place=GONE,
        units=(Unit(id="u1"), Unit(id="u2", destination=GONE)),
        contacts=(Contact(place=GONE), Contact(place=STILL)),
        persons=(Person(slot="p", addresses=(STILL, GONE)),),
        organizations=(Organization(id="o", address=GONE),),
        reading=Reading(paths={"place": "locationComponent[1]"}),
    )
    kept, gone = without_expired(incident, NOW)
    assert [(one.path, one.rule) for one in gone] == [
        ("locationComponent[1]", RETENTION_EXPIRED),
        ("units[1].destination", RETENTION_EXPIRED),
        ("contacts[0].place", RETENTION_EXPIRED),
        ("organizations[0].address", RETENTION_EXPIRED),
        ("persons[0].addresses[1]", RETENTION_EXPIRED),
    ]
    assert kept == replace(
        incident,
        place=Place(beat="4"),
        units=(Unit(id="u1"), Unit(id="u2")),
        contacts=(Contact(), Contact(place=STILL)),
        persons=(Person(slot="p", addresses=(STILL,)),),
        organizations=(Organization(id="o"),),
    )


@pytest.mark.parametrize(
    ("until", "expired"),
    [
        (None, False),
        ("2026-01-15T08:00:00Z", False),
        ("2026-01-15T07:59:59Z", True),
        ("2026-01-15", False),
        ("2026-01-14", True),
        ("2026", False),
        ("2025", True),
    ],
)
def test_when_it_has_passed(until: str | None, expired: bool) -> None:
    incident = Incident(agency="a-pd", number="1", place=Place(line="12 Elm St", keep_until=until))
    kept, gone = without_expired(incident, NOW)
    assert (kept.place is None, len(gone)) == (expired, int(expired))
    assert expired or kept is incident


def test_translate_leaves_it_out_and_says_so() -> None:
    incident = Incident(agency="a-pd", number="1", place=GONE)
    result = translate(incident, agency=Agency(id="a-pd"), now=NOW)
    assert "12 Elm St" not in repr(result) and '"keep' not in repr(result.bundle)
    assert [(one.path, one.rule) for one in result.dropped] == [("place", RETENTION_EXPIRED)]
    before = translate(incident, agency=Agency(id="a-pd"), now=datetime(2026, 1, 14, tzinfo=UTC))
    assert "12 Elm St" in repr(before.bundle) and before.dropped == ()
