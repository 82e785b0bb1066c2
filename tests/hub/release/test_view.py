"""Existence-safe: what a reader gets equals, byte for byte, what they would get if the withheld had been deleted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.records import Event
from hub.release import Context, Party, view
from hub.release.holding import Holding, Version
from hub.release.standing import Views, standing
from hub.release.view import View, audited, changes, look
from mappings.labels import Origin
from tests.proof.examples import examples

BASE = "https://hub.example.org/fhir"


CENTER = Origin(reference="Organization/center", role="covered-entity")
PROGRAM = Origin(reference="Organization/otp", role="part2-program")
START = datetime(2026, 6, 1, tzinfo=UTC)
WHO = Context(
    discloser=Party(reference="Organization/center", role="covered-entity"),
    recipient=Party(reference="Organization/mhc", role="covered-entity"),
    purpose="TREAT",
    patient="Patient/p",
    at=datetime(2026, 7, 1, tzinfo=UTC),
)
PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"family": "Hollowmere"}]}
WORDS = ["walked in", "calm", "asked for water"]
NAMES = ["a", "b", "c", "d", "hidden-1", "hidden-2"]


def observation(name: str, word: str, *, focus: list[str] = [], secret: bool = False) -> dict[str, Any]:  # noqa: B006
    made: dict[str, Any] = {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": {"text": f"Vantrisse {name}" if secret else "Mood"},
        "subject": {"reference": "Patient/p"},
        "note": [{"text": f"Quorlan kept of {name}" if secret else word}],
    }
    if focus:
        made["focus"] = [{"reference": f"Observation/{one}"} for one in focus]
    return made


def at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[Holding], list[Holding]]:
    """Holdings with withheld resources, versions, deletions and references; and the same with all of it deleted."""
    whole = [Holding(kind="Patient", id="p", versions=(Version(resource=PATIENT, origin=CENTER, at=START),))]
    bare = list(whole)
    hidden = draw(st.sets(st.sampled_from(NAMES), max_size=3))
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5)):
        secret = name in hidden
        full: list[Version] = []
        left: list[Version] = []
        for turn in range(draw(st.integers(1, 3))):
            when = at(turn * 10 + NAMES.index(name))
            # an earlier version may be withheld alone; the last decides for all
            this = secret or (draw(st.booleans()) and turn > 0 and bool(left))
            word = draw(st.sampled_from(WORDS))
            focus = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2))
            if this:
                resource = observation(name, word, focus=focus, secret=True)
                full.append(Version(resource=resource, origin=PROGRAM, at=when))
            else:
                full.append(Version(resource=observation(name, word, focus=focus), origin=CENTER, at=when))
                kept = [one for one in focus if one not in hidden]
                left.append(Version(resource=observation(name, word, focus=kept), origin=CENTER, at=when))
        if not secret:
            # the last version is seen
            word = draw(st.sampled_from(WORDS))
            full.append(Version(resource=observation(name, word), origin=CENTER, at=at(90)))
            left.append(full[-1])
        if draw(st.booleans()):
            full.append(Version(resource=None, origin=CENTER, at=at(95)))
            left += [] if secret else [full[-1]]
        whole.append(Holding(kind="Observation", id=name, versions=tuple(full)))
        if not secret:
            bare.append(Holding(kind="Observation", id=name, versions=tuple(left)))
    # a reference to what is not there at all reads as it stands; the twin has none to what was withheld
    present = {one.id for one in whole}
    absent = hidden - present

    def known(holding: Holding) -> Holding:
        def clean(version: Version) -> Version:
            if version.resource is None or "focus" not in version.resource:
                return version
            left = [f for f in version.resource["focus"] if f["reference"].rpartition("/")[2] not in absent]
            made = {key: value for key, value in version.resource.items() if key != "focus"}
            return replace(version, resource=made | {"focus": left} if left else made)

        return replace(holding, versions=tuple(clean(version) for version in holding.versions))

    return [known(one) for one in whole], [known(one) for one in bare]


def calm(resource: dict[str, Any]) -> bool:
    return "calm" in json.dumps(resource)


def everything(seen: View) -> list[Any]:
    """Every answer that a reader can get, of every name there could be."""
    found: list[Any] = [seen.etags()]
    for kind, names in (("Observation", [*NAMES, "never"]), ("Patient", ["p", "q"])):
        for name in names:
            for reply in (
                seen.read(kind, name),
                seen.history(kind, name),
                *(seen.version(kind, name, number) for number in ("1", "2", "3", "9")),
            ):
                found.append((reply.status, reply.body, reply.etag, reply.last_modified))
    for matches in (calm, lambda resource: True, lambda resource: "Quorlan" in json.dumps(resource)):
        for count, offset in ((None, 0), (0, 0), (2, 0), (2, 2)):
            reply = seen.search(
                "Observation", matches, include=("focus", "subject"), revinclude=(("Observation", "focus"),),
                count=count, offset=offset, query="status=final",
            )  # fmt: skip
            found.append((reply.status, reply.body))
    return found


@examples(40)
@given(pair=pairs())
def test_s62_every_answer_is_that_of_a_store_without_the_withheld(pair: tuple[list[Holding], list[Holding]]) -> None:
    whole, bare = pair
    seen = everything(look(whole, WHO, [], base=BASE))
    assert seen == everything(look(bare, WHO, [], base=BASE))
    assert b"Quorlan" not in repr(seen).encode()
    assert b"Vantrisse" not in repr(seen).encode()


@examples(40)
@given(first=pairs(), second=pairs())
def test_s62_a_change_of_the_withheld_is_no_notification(first: Any, second: Any) -> None:
    told = changes(look(first[0], WHO, [], base=BASE), look(second[0], WHO, [], base=BASE))
    assert told == changes(look(first[1], WHO, [], base=BASE), look(second[1], WHO, [], base=BASE))


@examples(40)
@given(pair=pairs())
def test_s62_the_audit_of_the_withheld_is_not_seen(pair: tuple[list[Holding], list[Holding]]) -> None:
    events = [
        Event(
            who="someone",
            action="R",
            kind="console.message",
            entity_type="Observation",
            entity_id=name,
            at=START,
            source="hub",
            patient_id="p",
            detail=("rule",),
        )
        for name in [*NAMES, "never"]
    ]
    whole, bare = (look(one, WHO, [], base=BASE) for one in pair)
    assert audited(events, whole) == audited(events, bare)
    assert not any(one.detail for one in audited(events, whole))


def one(resource: dict[str, Any], origin: Origin = CENTER, *more: Version) -> Holding:
    return Holding(
        kind=resource["resourceType"],
        id=resource["id"],
        versions=(Version(resource=resource, origin=origin, at=START), *more),
    )


def test_p15_absent_and_withheld_are_one_answer_found_the_same_way(monkeypatch: Any) -> None:
    seen = look([one(PATIENT), one(observation("hidden-1", "", secret=True), PROGRAM)], WHO, [], base=BASE)
    calls: list[str] = []

    def counted(*given: Any, **named: Any) -> Any:
        calls.append("decided")

    # what is asked decides nothing any more: neither name makes the view work
    monkeypatch.setattr(view, "decided", counted)
    monkeypatch.setattr(view, "seal", counted)
    assert seen.read("Observation", "hidden-1") is seen.read("Observation", "never") is view.NOTHING
    assert seen.history("Observation", "hidden-1") is seen.history("Observation", "never") is view.NOTHING
    assert calls == []


def test_nothing_at_all_and_everything_withheld_are_one_answer() -> None:
    nothing = look([], WHO, [], base=BASE).search("Observation", calm)
    assert (
        look([one(observation("hidden-1", "calm", secret=True), PROGRAM)], WHO, [], base=BASE).search(
            "Observation", calm
        )
        == nothing
    )
    assert json.loads(nothing.body)["total"] == 0
    assert nothing.release is None


def test_a_hidden_change_moves_neither_number_nor_time() -> None:
    shown = observation("a", "calm")
    later = {**shown, "focus": [{"reference": "Observation/hidden-1"}]}
    held = [
        one(PATIENT),
        one(shown, CENTER, Version(resource=later, origin=CENTER, at=at(5))),
        one(observation("hidden-1", "", secret=True), PROGRAM),
    ]
    reply = look(held, WHO, [], base=BASE).read("Observation", "a")
    assert (reply.etag, reply.last_modified) == ('W/"1"', START)
    assert reply.release is not None
    assert reply.release.bytes == reply.body


def test_a_resource_whose_last_version_is_withheld_has_no_history() -> None:
    turned = Version(resource=observation("a", "", secret=True), origin=PROGRAM, at=at(5))
    seen = look([one(PATIENT), one(observation("a", "calm"), CENTER, turned)], WHO, [], base=BASE)
    assert seen.history("Observation", "a") is view.NOTHING


def test_what_was_deleted_is_gone_only_for_who_saw_it() -> None:
    gone = Version(resource=None, origin=CENTER, at=at(5))
    held = [
        one(PATIENT),
        one(observation("a", "calm"), CENTER, gone),
        one(observation("hidden-1", "", secret=True), PROGRAM, gone),
    ]
    seen = look(held, WHO, [], base=BASE)
    assert seen.read("Observation", "a").status == 410
    assert seen.read("Observation", "hidden-1").status == 404
    assert seen.version("Observation", "a", "1").status == 200
    assert [entry["request"]["method"] for entry in json.loads(seen.history("Observation", "a").body)["entry"]] == [
        "DELETE",
        "POST",
    ]
    assert json.loads(seen.search("Observation", lambda resource: True).body)["total"] == 0


# ── caches ────────────────────────────────────────────────────────────────────────────────────────────────────────


def consented(build: Any, **more: Any) -> tuple[list[Holding], Context, dict[str, Any]]:
    held = [one(build.patient(), PROGRAM), one(build.condition(), PROGRAM)]
    who = replace(
        WHO,
        discloser=Party(reference=build.OTP, role="part2-program"),
        recipient=Party(reference=build.MHC, role="covered-entity"),
        patient="Patient/p-1",
    )
    return held, who, build.consent(**more)


def test_s44_a_revocation_is_another_key_and_takes_effect_at_once(build: Any) -> None:
    held, who, consent = consented(build)
    kept = Views(BASE)
    assert kept.look(held, who, [consent]).read("Condition", "cond-1").status == 200
    assert kept.look(held, who, [consent]) is kept.look(held, who, [consent])
    assert kept.look(held, who, [{**consent, "status": "inactive"}]).read("Condition", "cond-1") is view.NOTHING
    assert kept.look(held, who, []).read("Condition", "cond-1") is view.NOTHING


def test_s43_a_kept_view_is_not_used_past_an_expiry(build: Any) -> None:
    held, who, consent = consented(build, provision={"period": {"start": "2026-01-02", "end": "2026-07-01"}})
    kept = Views(BASE)
    assert kept.look(held, who, [consent]).contains("Condition", "cond-1")
    assert standing(held, who, [consent]).until == datetime(2026, 7, 2, tzinfo=UTC)
    later = replace(who, at=datetime(2026, 7, 2, 0, 0, 1, tzinfo=UTC))
    assert kept.look(held, later, [consent]).read("Condition", "cond-1") is view.NOTHING


@settings(parent=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_kept_view_answers_as_a_fresh_one_whenever_it_is_asked(build: Any, data: st.DataObject) -> None:
    held, who, consent = consented(build)
    kept = Views(BASE)
    ends = ["2026-07-01", "2026-07", "2026", "2026-07-03T12:00:00Z", "2026-07-02T23:59:59-06:00"]
    for _ in range(data.draw(st.integers(1, 4))):
        period = {
            "start": data.draw(st.sampled_from(["2026-01-02", "2026-07-02"])),
            "end": data.draw(st.sampled_from(ends)),
        }
        changed = {**consent, "provision": {**consent["provision"], "period": period}}
        changed["status"] = data.draw(st.sampled_from(["active", "inactive"]))
        for _ in range(data.draw(st.integers(1, 3))):
            moved = replace(
                who,
                at=datetime(2026, 7, 1, tzinfo=UTC) + timedelta(hours=data.draw(st.integers(0, 80))),
                zone=data.draw(st.sampled_from(["UTC", "America/Denver"])),
            )
            mine = kept.look(held, moved, [changed]).read("Condition", "cond-1")
            assert mine.body == look(held, moved, [changed], base=BASE).read("Condition", "cond-1").body


def test_only_so_many_views_are_kept(build: Any) -> None:
    held, who, consent = consented(build)
    kept = Views(BASE, limit=2)
    for number in range(4):
        kept.look(held, who, [{**consent, "id": f"c{number}"}])
    assert len(kept) == 2
