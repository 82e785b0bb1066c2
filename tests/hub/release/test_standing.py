"""What an answer rests on, a row each: until when a view stands, what a digest changes with, when a consent ended."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from hub.errors import ReleaseError
from hub.release import Context, Evidence, Leak, Party, ReleasePolicy, decide
from hub.release.contract import _read
from hub.release.holding import Holding, Version
from hub.release.revocation import is_revoked, notice_digest, seal_notice
from hub.release.standing import Views, standing
from mappings.labels import Origin
from mappings.labels.marking import Label

Json = dict[str, Any]

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
PROGRAM = Origin(reference="Organization/otp", role="part2-program")
WHO = Context(
    discloser=Party(reference="Organization/otp", role="part2-program"),
    recipient=Party(reference="Organization/mhc", role="covered-entity"),
    purpose="TREAT",
    patient="Patient/p-1",
    at=AT,
)


def held(*versions: Json | None, origin: Origin | None = PROGRAM, kind: str = "Condition") -> Holding:
    made = tuple(Version(resource=one, origin=origin, at=AT - timedelta(days=1)) for one in versions)
    return Holding(kind=kind, id="x", versions=made)


# --- until when (a view is not used past it)


@pytest.mark.parametrize(
    ("period", "zone", "until"),
    [
        # the end of the day, at the latest: a patient comes of age on one
        ({}, "UTC", "2026-06-02T00:00:00+00:00"),
        ({}, "America/Denver", "2026-06-02T06:00:00+00:00"),
        ({"end": "2026-06-01"}, "UTC", "2026-06-02T00:00:00+00:00"),
        ({"end": "2026-06-01T13:00:00Z"}, "UTC", "2026-06-01T13:00:00+00:00"),
        # an instant is the last one that counts: `consent`
        ({"end": "2026-06-01T12:00:00Z"}, "UTC", "2026-06-01T12:00:00.000001+00:00"),
        ({"start": "2026-06-01T14:00:00+01:00"}, "UTC", "2026-06-01T13:00:00+00:00"),
        ({"start": "2026-05-01", "end": "2026-05-31"}, "UTC", "2026-06-02T00:00:00+00:00"),
        # what is no time that can be read, and what no zone says where it is
        ({"start": "in spring", "end": "2026-06-01T13:00:00"}, "UTC", "2026-06-02T00:00:00+00:00"),
        ({"start": "2026-02-30", "end": 7}, "UTC", "2026-06-02T00:00:00+00:00"),
        # a date is one of the discloser's zone; where no such zone is known, of UTC
        ({"end": "2026-06-01"}, "America/Denver", "2026-06-02T06:00:00+00:00"),
        ({"end": "2026-06-01"}, "Mars/Base", "2026-06-02T00:00:00+00:00"),
    ],
)
def test_s43_until_when_a_view_stands(build: Any, period: Json, zone: str, until: str) -> None:
    nested = build.consent(provision={"period": {}, "provision": [{"type": "deny", "period": period}]})
    assert standing([], replace(WHO, zone=zone), [nested]).until == datetime.fromisoformat(until)


def test_s43_a_day_in_no_known_zone_is_utc_s_whatever_the_machine_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert standing([], replace(WHO, zone="Mars/Base"), []).until == datetime(2026, 6, 2, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("hour", ["13:00:00Z", "14:00:00+01:00"])
def test_s43_a_form_counts_from_its_signature_to_its_revocation_to_the_moment(build: Any, hour: str) -> None:
    moment = f"2026-06-01T{hour}"
    for consent in (build.consent(elements={"revokedAt": moment}), build.consent(dateTime=moment)):
        assert standing([], WHO, [consent]).until == datetime(2026, 6, 1, 13, tzinfo=UTC)
    views = Views("https://hub.example.org/fhir")
    kept = [held(build.condition())]
    who = replace(WHO, patient="Patient/p-1")
    refusal = build.consent("no", dateTime=moment, provision={"type": "deny", "securityLabel": None})
    for consents in ([build.consent(elements={"revokedAt": moment})], [build.consent(), refusal]):
        for hours, seen in ((0, True), (2, False)):
            view = views.look(kept, replace(who, at=AT + timedelta(hours=hours)), consents)
            assert view.contains("Condition", "cond-1") is seen


def test_s43_a_time_that_begins_and_ends_nothing_ends_no_view(build: Any) -> None:
    consent = build.consent(meta={"lastUpdated": "2026-06-01T13:00:00Z"})
    assert standing([], WHO, [consent]).until == datetime(2026, 6, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "end", "until"),
    [
        ("2026-06-30T12:00:00", "2026-06", "2026-07-01T00:00:00"),
        ("2026-12-31T12:00:00", "2026-12", "2027-01-01T00:00:00"),
        ("2026-12-31T12:00:00", "2026", "2027-01-01T00:00:00"),
        ("2025-12-31T12:00:00", "2026", "2026-01-01T00:00:00"),
        ("2026-06-30T12:00:00", "2026-07-01", "2026-07-01T00:00:00"),
    ],
)
def test_s43_a_month_and_a_year_begin_and_end_there_too(build: Any, at: str, end: str, until: str) -> None:
    who = replace(WHO, at=datetime.fromisoformat(at).replace(tzinfo=UTC))
    consent = build.consent(provision={"period": {"end": end}})
    assert standing([], who, [consent]).until == datetime.fromisoformat(until).replace(tzinfo=UTC)


# --- what it changes with


def test_another_question_or_another_version_is_another_key(build: Any) -> None:
    first = held({"resourceType": "Condition", "id": "x"})
    key = standing([first], WHO, [build.consent()]).key
    assert standing([first], replace(WHO, at=AT + timedelta(hours=1)), [build.consent()]).key == key
    others = [
        replace(WHO, purpose="HPAYMT"),
        replace(WHO, patient="Patient/p-2"),
        replace(WHO, law="part2"),
        replace(WHO, birth_date="1988"),
        replace(WHO, zone="America/Denver"),
        replace(WHO, actors={"Organization/x": {}}),
        replace(WHO, evidence=(Evidence(type="audit", reference="x"),)),
        replace(WHO, discloser=replace(WHO.discloser, role="other")),
        replace(WHO, recipient=replace(WHO.recipient, duties=frozenset({"treating"}))),
        replace(WHO, recipient=replace(WHO.recipient, identifiers=frozenset({"urn:npi|7"}))),
    ]
    found = {standing([first], one, [build.consent()]).key for one in others}
    found |= {standing([first], WHO, consents).key for consents in ([], [build.consent("c2")])}
    found |= {standing([first], WHO, [build.consent()], policy=ReleasePolicy(version="x")).key}
    found |= {
        standing([one], WHO, [build.consent()]).key
        for one in (
            held({"resourceType": "Condition", "id": "x"}, None),
            held({"id": "y"}),
            held({"id": "y"}, origin=None),
        )
    }
    assert len(found) == len(others) + 6
    assert key not in found


def test_a_kept_view_is_used_from_when_it_was_made_to_when_it_ends(build: Any) -> None:
    kept = Views("https://hub.example.org/fhir", limit=1)
    one = [held({"resourceType": "Condition", "id": "x", "code": {"text": "asthma"}})]
    first = kept.look(one, WHO, [build.consent()])
    assert kept.look(one, replace(WHO, at=AT + timedelta(hours=1)), [build.consent()]) is first
    # Asked of an earlier moment, or past its end, it is decided again.
    assert kept.look(one, replace(WHO, at=AT - timedelta(hours=1)), [build.consent()]) is not first
    again = kept.look(one, WHO, [build.consent()])
    assert kept.look(one, replace(WHO, at=AT.replace(hour=0) + timedelta(days=1)), [build.consent()]) is not again
    assert len(kept) == 1


def test_s61_a_digest_changes_with_what_matters(build: Any) -> None:
    def digest(document: Json, **changes: Any) -> str:
        asked = _read(document)
        return decide(replace(asked.request, **changes), asked.consents).digest

    def ask(entry: Json, *consents: Json) -> Json:
        return dict(build.ask([entry], consents or [build.consent()], origin="part2-program"))

    entry = build.condition()
    first = digest(ask(entry))
    assert digest(ask(entry), at=AT + timedelta(days=1)) == first
    # A consent that nothing rests on is none of it.
    assert digest(ask(entry, build.consent(), build.consent("c2", status="inactive"))) == first
    # What a version is known by is its number, where it has one.
    numbered = {**entry, "meta": {"versionId": "3"}}
    assert digest(ask(numbered)) == digest(ask({**numbered, "note": [{"text": "x"}]})) != first
    others = [
        digest(ask({**entry, "note": [{"text": "x"}]})),
        digest(ask({**entry, "note": [{"text": "HIV positive"}]})),
        digest(ask(entry, build.consent("c2"))),
        digest(ask(entry, build.consent(dateTime="2026-01-03"))),
        digest(ask(entry), law="part2"),
        digest(ask(entry), evidence=(Evidence(type="audit", reference="x"),)),
        digest(ask(entry), evidence=(Evidence(type="audit"),)),
        digest(ask(entry), evidence=(Evidence(type="audit", at="2026"),)),
        digest(ask(entry), recipient=Party(reference=build.MHC, role="other")),
    ]
    assert len({first, *others}) == 1 + len(others)


def test_s61_a_digest_rests_on_each_evidence_by_its_reference_and_time(build: Any) -> None:
    asked = _read(build.ask([build.condition()], [build.consent()], origin="part2-program"))

    def digest(*evidence: Evidence) -> str:
        return decide(replace(asked.request, evidence=evidence), asked.consents).digest

    bare, cited = Evidence(type="audit"), Evidence(type="audit", reference="x")
    timed = [replace(cited, at=when) for when in ("2026-05-01", "2026-05-02")]
    sets = [(bare,), (cited,), (replace(cited, reference="y"),), (bare, cited), (cited, *timed[:1]), (timed[1], cited)]
    assert len({digest(*one) for one in sets}) == len(sets)
    # in whatever order it is shown
    for one in sets:
        assert digest(*reversed(one)) == digest(*one)


def test_s61_a_digest_rests_on_what_may_be_there_and_where(build: Any) -> None:
    """What is certain of a version stays so; what is only possible goes by the rules of the day."""
    numbered = build.condition("J45.40", meta={"versionId": "3"})
    asked = _read(build.ask([numbered], origin="covered-entity"))

    def digest(*labels: Label) -> str:
        entry = replace(asked.request.entries[0], labels=labels)
        return decide(replace(asked.request, entries=(entry,)), []).digest

    found = Label(system="s", code="HIV", grade="possible", because="x", path="Condition.note[0].text")
    first = digest()
    assert digest(replace(found, grade="certain")) == first
    assert digest(replace(found, because="y"), found) == digest(found) != first
    assert len({first, digest(found), digest(replace(found, path="Condition.note[1].text"))}) == 3


# --- a revocation (42 CFR 2.31(a)(6))


@pytest.mark.parametrize(
    ("consent", "expected"),
    [
        ({"status": "inactive"}, True),
        ({"status": "rejected", "provision": {"type": "permit"}}, True),
        ({"status": "entered-in-error", "provision": "x"}, True),
        ({"status": "active"}, False),
        ({"status": "proposed"}, False),
        # a refusal that is taken back is none
        ({"status": "inactive", "provision": {"type": "deny"}}, False),
        (None, False),
    ],
)
def test_s44_when_a_consent_has_been_revoked(consent: Json | None, expected: bool) -> None:
    assert is_revoked(consent) is expected


def test_s44_the_notice_has_the_number_and_nothing_else_of_the_consent(build: Any) -> None:
    ended = build.consent("consent-771", status="inactive", organization=[{"display": "Sunrise Ridge Program"}])
    options: Json = {
        "recipient": Party(reference=build.MHC), "purpose": "TREAT", "destination": "d", "media_type": "x",
    }  # fmt: skip
    made = seal_notice(ended, render=orjson.dumps, **options)
    assert "consent-771" in made.bytes.decode()
    assert (made.recipient, made.decision_digest) == (build.MHC, notice_digest(ended, "d"))
    assert notice_digest(ended, "e") != notice_digest(ended, "d")
    careless = lambda one: orjson.dumps({**one, "x": "Sunrise Ridge Program"})  # noqa: E731
    with pytest.raises(Leak):
        seal_notice(ended, render=careless, **options)
    assert seal_notice(ended, render=careless, own=["Sunrise Ridge Program"], **options).bytes
    nameless = seal_notice(ended, render=orjson.dumps, **{**options, "recipient": Party(reference=None)})
    assert nameless.recipient == ""
    with pytest.raises(ReleaseError) as caught:
        seal_notice({**ended, "status": "active"}, render=orjson.dumps, **options)
    assert caught.value.rule == "release.not-revoked"
