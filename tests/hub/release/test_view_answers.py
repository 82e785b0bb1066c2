"""What a reader's view answers, to the letter: versions, pages, links, what refers to what, changes, the audit."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.records import Event
from hub.release import Context, Leak, Party, view
from hub.release.holding import Holding, Version
from hub.release.view import View, audited, changes, look
from mappings.labels import Origin

Json = dict[str, Any]

BASE = "https://hub.example.org/fhir"
CENTER = Origin(reference="Organization/center", role="covered-entity")
PROGRAM = Origin(reference="Organization/otp", role="part2-program")
START = datetime(2026, 6, 1, 8, tzinfo=UTC)
WHO = Context(
    discloser=Party(reference="Organization/center", role="covered-entity"),
    recipient=Party(reference="Organization/mhc", role="covered-entity"),
    purpose="TREAT",
    patient="Patient/p",
    at=datetime(2026, 7, 1, tzinfo=UTC),
)


def mood(name: str, word: str = "calm", **more: Any) -> Json:
    made = {"resourceType": "Observation", "id": name, "status": "final", "code": {"text": "Mood"}}
    return {**made, "note": [{"text": word}], **more}


def kept(*resources: Json | None, origin: Origin = CENTER, hours: int = 10) -> Holding:
    """A resource with these versions, so many hours apart; None: it was deleted then."""
    first = next(one for one in resources if one is not None)
    made = tuple(
        Version(resource=one, origin=origin, at=START + timedelta(hours=hours * turn))
        for turn, one in enumerate(resources)
    )
    return Holding(kind=first["resourceType"], id=first["id"], versions=made)


PATIENT = kept({"resourceType": "Patient", "id": "p", "birthDate": "1988-04-02"})


def seen(*holdings: Holding, **more: Any) -> View:
    return look([PATIENT, *holdings], replace(WHO, **more), [], base=BASE)


def body(reply: view.Reply) -> Json:
    assert reply.status == 200
    return dict(json.loads(reply.body))


def ids(reply: view.Reply) -> list[tuple[str, str]]:
    """The ids in a searchset, each with why it is there."""
    return [(one["resource"]["id"], one["search"]["mode"]) for one in body(reply).get("entry", [])]


# --- one resource


def test_each_version_is_read_by_its_number() -> None:
    made = seen(kept(mood("a", "upset"), mood("a", "calmer"), mood("a", "calm")))
    for number, word in (("1", "upset"), ("2", "calmer"), ("3", "calm")):
        reply = made.version("Observation", "a", number)
        assert body(reply)["note"] == [{"text": word}]
        assert body(reply)["meta"]["versionId"] == number
        assert reply.etag == f'W/"{number}"'
        assert reply.last_modified == START + timedelta(hours=10 * (int(number) - 1))
    for number in ("0", "4", "", "01", "x"):
        assert made.version("Observation", "a", number) is view.NOTHING
    assert made.version("Observation", "b", "1") is view.NOTHING
    assert made.read("Observation", "a").body == made.version("Observation", "a", "3").body
    assert made.read("Observation", "a").last_modified == START + timedelta(hours=20)


def test_a_version_that_says_nothing_new_is_none() -> None:
    made = seen(kept(mood("a"), mood("a"), None, None, mood("a"), mood("a", "upset"), None))
    found = made.versions("Observation", "a")
    assert [(one.number, one.resource is None) for one in found] == [
        (1, False), (2, True), (3, False), (4, False), (5, True),
    ]  # fmt: skip
    assert [one.at for one in found] == [START + timedelta(hours=10 * turn) for turn in (0, 2, 4, 5, 6)]
    assert made.read("Observation", "a") is view.GONE
    assert made.version("Observation", "a", "2") is view.GONE
    # what was deleted before the reader could see it was never there
    assert [one.number for one in seen(kept(None, mood("b"))).versions("Observation", "b")] == [1]


def test_what_is_asked_twice_is_worked_out_once() -> None:
    made = seen(kept(mood("a"), mood("a", "upset")))
    assert made.versions("Observation", "a") is made.versions("Observation", "a")


def test_a_history_is_newest_first_and_says_what_was_done() -> None:
    reply = seen(kept(mood("a"), mood("a", "upset"), None)).history("Observation", "a")
    made = body(reply)
    assert (made["resourceType"], made["type"], made["total"]) == ("Bundle", "history", 3)
    assert [(one["request"]["method"], one["response"]["status"]) for one in made["entry"]] == [
        ("DELETE", "204"), ("PUT", "200"), ("POST", "201"),
    ]  # fmt: skip
    assert [one["response"]["etag"] for one in made["entry"]] == ['W/"3"', 'W/"2"', 'W/"1"']
    assert [one["response"]["lastModified"] for one in made["entry"]] == [
        "2026-06-02T04:00:00Z", "2026-06-01T18:00:00Z", "2026-06-01T08:00:00Z",
    ]  # fmt: skip
    assert {one["fullUrl"] for one in made["entry"]} == {f"{BASE}/Observation/a"}
    assert {one["request"]["url"] for one in made["entry"]} == {"Observation/a"}
    assert ["resource" in one for one in made["entry"]] == [False, True, True]
    assert [one["resource"]["meta"]["versionId"] for one in made["entry"][1:]] == ["2", "1"]
    assert reply.release is not None
    assert (reply.etag, reply.last_modified) == (None, None)


def test_what_the_store_counts_is_not_seen_and_what_the_record_says_is() -> None:
    meta = {"versionId": "41", "lastUpdated": "2026-06-01T08:00:00Z", "profile": ["https://x.example/p"]}
    made = seen(kept(mood("a", meta=meta), mood("a", meta={**meta, "versionId": "42"})))
    assert len(made.versions("Observation", "a")) == 1
    told = body(made.read("Observation", "a"))["meta"]
    assert (told["versionId"], told["lastUpdated"]) == ("1", "2026-06-01T08:00:00Z")
    assert told["profile"] == ["https://x.example/p"]


@pytest.mark.parametrize("code", ["42CFRPart2", "PSYTHPN"])
def test_a_label_that_the_record_has_counts(code: str) -> None:
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    made = seen(kept(mood("a", meta={"security": [{"system": act, "code": code}]})), kept(mood("b")))
    assert made.read("Observation", "a") is view.NOTHING
    assert made.etags().keys() == {("Observation", "b"), ("Patient", "p")}


# --- who reads, and for what


def test_what_is_answered_is_released_to_its_reader() -> None:
    released = seen(kept(mood("a"))).read("Observation", "a").release
    assert released is not None
    assert (released.recipient, released.purpose, released.media_type) == (
        "Organization/mhc", "TREAT", "application/fhir+json",
    )  # fmt: skip
    nameless = replace(WHO.recipient, reference=None)
    released = seen(kept(mood("a")), recipient=nameless).read("Observation", "a").release
    assert released is not None
    assert released.recipient == ""


def test_what_is_withheld_is_looked_for_in_each_answer() -> None:
    """Nothing withheld is left in a view; were it, it would not go."""
    made = seen(kept(mood("a")), kept(mood("h", "Quorlan kept of him"), origin=PROGRAM))
    made._resources[("Observation", "a")] = mood("a", "Quorlan kept of him")
    with pytest.raises(Leak):
        made.search("Observation", lambda resource: True)


def test_what_an_earlier_version_has_of_its_own_is_not_taken_for_what_is_withheld_now() -> None:
    """Who was seen by the same clinician as somebody whose record is withheld, and is not any more."""
    by = {"performer": [{"reference": "Practitioner/quenvale-77"}]}
    made = seen(kept({**mood("a"), **by}, mood("a", "upset")), kept({**mood("h", "kept"), **by}, origin=PROGRAM))
    assert body(made.version("Observation", "a", "1"))["performer"] == by["performer"]
    assert [("performer" in one["resource"]) for one in body(made.history("Observation", "a"))["entry"]] == [
        False,
        True,
    ]
    assert "performer" not in body(made.read("Observation", "a"))


def test_an_earlier_version_that_is_withheld_was_never_there() -> None:
    first = Version(resource=mood("a"), origin=PROGRAM, at=START)
    last = Version(resource=mood("a", "upset"), origin=CENTER, at=START + timedelta(hours=1))
    (found,) = seen(Holding(kind="Observation", id="a", versions=(first, last))).versions("Observation", "a")
    assert (found.number, found.at) == (1, last.at)
    assert found.resource is not None


def test_nothing_goes_where_nothing_may() -> None:
    made = look([kept(mood("h"), origin=PROGRAM)], WHO, [], base=BASE)
    assert (made.etags(), made.contains("Observation", "h")) == ({}, False)
    assert look([Holding(kind="Observation", id="a", versions=())], WHO, [], base=BASE).etags() == {}
    gone = Holding(kind="Observation", id="a", versions=(Version(resource=None, origin=CENTER, at=START),))
    assert look([gone], WHO, [], base=BASE).etags() == {}


# --- many


def test_a_search_is_paged_and_each_page_says_where_it_is() -> None:
    made = seen(*(kept(mood(name, "upset" if name == "c" else "calm")) for name in "dcbae"))

    def calm(resource: Json) -> bool:
        return bool(resource["note"] == [{"text": "calm"}])

    def page(**more: Any) -> tuple[list[str], int, dict[str, str]]:
        reply = made.search("Observation", calm, **more)
        found = body(reply)
        assert found["type"] == "searchset"
        links = {one["relation"]: one["url"] for one in found["link"]}
        return [name for name, _ in ids(reply)], found["total"], links

    there = f"{BASE}/Observation"
    assert page() == (["a", "b", "d", "e"], 4, {"self": there})
    assert page(query="status=final") == (["a", "b", "d", "e"], 4, {"self": f"{there}?status=final"})
    assert page(offset=3) == (["e"], 4, {"self": f"{there}?_offset=3"})
    assert page(count=2) == (["a", "b"], 4, {"self": f"{there}?_count=2", "next": f"{there}?_count=2&_offset=2"})
    assert page(count=2, offset=2, query="x=1") == (["d", "e"], 4, {"self": f"{there}?x=1&_count=2&_offset=2"})
    assert page(count=3, offset=2) == (["d", "e"], 4, {"self": f"{there}?_count=3&_offset=2"})
    assert page(count=1, offset=2)[2]["next"] == f"{there}?_count=1&_offset=3"
    assert page(count=4) == (["a", "b", "d", "e"], 4, {"self": f"{there}?_count=4"})
    assert page(count=0) == ([], 4, {"self": f"{there}?_count=0"})
    assert page(offset=9) == ([], 4, {"self": f"{there}?_offset=9"})
    assert made.search("Patient", lambda resource: True).release is not None
    assert "entry" not in body(made.search("Flag", lambda resource: True))


def test_a_search_s_entries_are_where_they_are_held_as_they_stand() -> None:
    made = seen(kept(mood("a"), mood("a", "upset")), kept(mood("gone"), None))
    (entry,) = body(made.search("Observation", lambda resource: True))["entry"]
    assert entry["fullUrl"] == f"{BASE}/Observation/a"
    assert entry["resource"] == body(made.read("Observation", "a"))
    assert entry["search"] == {"mode": "match"}
    assert entry["resource"]["meta"]["versionId"] == "2"


FOCUS: Json = {
    "focus": [{"reference": "Observation/b"}, {"reference": "Observation/gone"}, {"reference": "Observation/never"}]
}
ABOUT: Json = {"subject": {"reference": "Patient/p"}}


def test_what_matches_refer_to_and_what_refers_to_them_goes_along_once() -> None:
    made = seen(
        kept(mood("a", **FOCUS, **ABOUT)),
        kept(mood("b", "upset", **ABOUT)),
        kept(
            mood(
                "c", "upset", focus=[{"reference": "Observation/a"}, {"reference": "Observation/x/y"}, {"display": "b"}]
            )
        ),
        kept(mood("gone", focus=[{"reference": "Observation/a"}]), None),
        kept({"resourceType": "Flag", "id": "f", "status": "active", "code": {"text": "x"}, **ABOUT}),
    )

    def found(*, matches: str = "calm", **more: Any) -> list[tuple[str, str]]:
        return ids(made.search("Observation", lambda one: matches in str(one["note"]), **more))

    assert found() == [("a", "match")]
    assert found(include=("focus",)) == [("a", "match"), ("b", "include")]
    assert found(include=("subject", "focus")) == [("a", "match"), ("p", "include"), ("b", "include")]
    assert found(include=("focus", "focus", "note", "other")) == [("a", "match"), ("b", "include")]
    assert found(revinclude=(("Observation", "focus"),)) == [("a", "match"), ("c", "include")]
    assert found(revinclude=(("Flag", "subject"), ("Flag", "focus"))) == [("a", "match")]
    assert found(matches="upset", include=("subject", "focus")) == [
        ("b", "match"), ("c", "match"), ("p", "include"), ("a", "include"),
    ]  # fmt: skip
    # what is on the page and not what is on the next
    assert found(matches="upset", count=1, revinclude=(("Observation", "focus"),)) == [("b", "match"), ("a", "include")]
    of_the_patient = made.search(
        "Patient", lambda one: True, revinclude=(("Flag", "subject"), ("Observation", "subject"))
    )
    assert ids(of_the_patient) == [("p", "match"), ("f", "include"), ("a", "include"), ("b", "include")]


# --- what changed


def test_what_a_subscriber_is_told_between_two_views() -> None:
    before = seen(kept(mood("a")), kept(mood("b")), kept(mood("c")), kept(mood("d"), None), kept(mood("e")))
    after = seen(kept(mood("a")), kept(mood("b", "upset")), kept(mood("c"), None), kept(mood("d")), kept(mood("f")))
    told = changes(before, after)
    assert told == [
        ("updated", ("Observation", "b")),
        ("deleted", ("Observation", "c")),
        ("created", ("Observation", "d")),
        ("deleted", ("Observation", "e")),
        ("created", ("Observation", "f")),
    ]
    assert changes(before, before) == []
    # a version that says the same is no change
    assert changes(seen(kept(mood("a"))), seen(kept(mood("a"), mood("a")))) == []


def test_what_a_reader_sees_of_the_audit() -> None:
    made = seen(kept(mood("a")), kept(mood("gone"), None), kept(mood("h", "Quorlan"), origin=PROGRAM))

    def event(name: str, patient: str | None = "p") -> Event:
        return Event(
            who="user:x", action="R", kind="console.message", entity_type="Observation", entity_id=name, at=START,
            source="hub", custody="center", purpose="TREAT", patient_id=patient, outcome="4", detail=("rule",),
        )  # fmt: skip

    events = [
        event("a"),
        event("h"),
        event("gone"),
        event("never"),
        event("a", None),
        event("a", "q"),
        event("h", None),
    ]
    expected = [replace(one, detail=()) for one in (event("a"), event("gone"), event("a", None))]
    assert audited(events, made) == expected


@pytest.mark.parametrize("query", ["_content=Quorlan kept", "_content=Quorlan%20kept", "code=x&_text=Quorlan"])
def test_s62_what_is_asked_for_does_not_tell_whether_it_is_withheld(query: str) -> None:
    """A reader may guess; the answer repeats the guess in its link and is the same whether there is such a thing."""
    hidden = kept(mood("hidden-1", "Quorlan kept"), origin=PROGRAM)
    seen, bare = (
        look(held, WHO, [], base=BASE).search("Observation", lambda one: True, query=query)
        for held in ([kept(mood("a")), hidden], [kept(mood("a"))])
    )
    assert (seen.status, seen.body) == (bare.status, bare.body)
    assert json.loads(seen.body)["total"] == 1
    assert seen.release is not None
