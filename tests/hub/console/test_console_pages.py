"""What each custody sees, that each look is audited, and that hostile text stays text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from hub.audit import chain
from hub.loop.answer import take
from hub.loop.context import Hub
from hub.loop.reply import Reply
from hub.loop.sending import DELIVERED
from hub.records import Referral
from hub.store import alarms, documents, referrals
from hub.store.tx import Tx

SignIn = Callable[..., TestClient]
Story = Callable[[str, str], int]
Feed = Callable[[str, bytes], int]

HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>"


def contact(**changes: Any) -> dict[str, Any]:
    """A contact of the program with one person and one referral."""
    referral = {"organization": "lakeshore-cmhc", "urgency": "urgent", "reasons": [{"text": "Asks for help"}]}
    return {
        "agency": "riverton-pd",
        "number": "RV26-1",
        "organization": "cedar-coresponse",
        "persons": [{"slot": "p1", "roles": ["subject"], "names": [{"family": "Ostravelle", "given": ["Ines"]}]}],
        "contacts": [
            {
                "person": "p1",
                "organization": "cedar-coresponse",
                "referrals": [referral],
                "narratives": [
                    {"text": "She waits at the shelter.", "kind": "clinical-note", "organization": "cedar-coresponse"}
                ],
            }
        ],
    } | changes


def pages_of(client: TestClient, message: int) -> dict[str, str]:
    """Every page, as one text each."""
    paths = ["/console", f"/console/messages/{message}", "/console/referrals", "/console/alarms", "/console/holds"]
    return {path: client.get(path).text for path in paths}


def looks(hub: Hub, kind: str) -> list[Any]:
    return [e for _, e in hub.store.read(lambda tx: chain.events(tx)) if e.kind == kind]


def only(hub: Hub) -> Referral:
    found = hub.store.read(lambda tx: referrals.listed(tx))
    assert len(found) == 1
    return found[0]


def delivered(hub: Hub) -> Referral:
    """The only referral, as when the center has it."""
    referral = only(hub)

    def work(tx: Tx) -> Referral:
        task = documents.current(tx, "Task", referral.task_id)
        assert task is not None
        assert task.resource is not None
        documents.put(tx, task.resource | {"businessStatus": DELIVERED}, custody=referral.custody)
        return referrals.change(tx, referral.task_id, business_status="delivered")

    return hub.store.write(work)


def answered(hub: Hub, status: Any = "rejected", reason: str = "No room before spring") -> None:
    """The center has answered about the only referral."""
    to = hub.settings.destination_of(only(hub).destination)
    reply = Reply(task_ids=(only(hub).task_id,), status=status, reason=reason)
    hub.store.write(lambda tx: take(tx, hub, to, reply, body=b"{}", media_type="application/json", control_id="c1"))


# ── content and custody ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("custody", ["riverton-pd", "lakeshore-cmhc", "northfork-crisis", "sunrise-recovery"])
def test_no_page_shows_content_of_another_custody(hub: Hub, feed: Feed, sign_in: SignIn, custody: str) -> None:
    message = feed("cedar-app", json.dumps(contact()).encode())
    delivered(hub)
    client = sign_in(custody)
    pages = pages_of(client, message) | {"print": client.get(f"/console/referrals/{only(hub).task_id}/print").text}
    for path, html in pages.items():
        for value in ("Ostravelle", "Ines", "shelter", "Asks for help"):
            assert value not in html, path
    assert "belongs to another organization" in pages[f"/console/messages/{message}"]
    assert looks(hub, "console.message") == looks(hub, "console.print") == []


def test_own_content_is_shown_and_the_look_is_audited(hub: Hub, feed: Feed, sign_in: SignIn) -> None:
    message = feed("cedar-app", json.dumps(contact()).encode())
    html = sign_in("cedar-coresponse").get(f"/console/messages/{message}").text
    assert html.count("Ostravelle") >= 2  # as received, and as FHIR
    (event,) = looks(hub, "console.message")
    assert (event.who, event.action, event.entity_type, event.entity_id, event.custody, event.patient_id) == (
        "Robin Examiner",
        "R",
        "message",
        str(message),
        "cedar-coresponse",
        only(hub).patient_id,
    )


def test_lists_are_no_look_at_content(hub: Hub, feed: Feed, sign_in: SignIn) -> None:
    feed("cedar-app", json.dumps(contact()).encode())
    client = sign_in("cedar-coresponse")
    for path in ("/console", "/console/referrals", "/console/alarms", "/console/holds"):
        assert "Ostravelle" not in client.get(path).text
    assert looks(hub, "console.message") == []


def test_each_person_in_a_message_is_audited(hub: Hub, story: Story, sign_in: SignIn) -> None:
    message = story("cedar-app", "contact-form-three-persons")
    sign_in("cedar-coresponse").get(f"/console/messages/{message}")
    people = {
        d.resource_id
        for d in hub.store.read(lambda tx: documents.by_message(tx, message))
        if d.resource_type == "Patient"
    }
    assert len(people) > 1
    assert people <= {e.patient_id for e in looks(hub, "console.message")}


def test_hostile_text_stays_text(hub: Hub, feed: Feed, sign_in: SignIn) -> None:
    hostile = contact()
    hostile["persons"][0]["names"] = [{"family": HOSTILE, "given": ["Ines"]}]
    hostile["contacts"][0]["referrals"][0]["note"] = HOSTILE
    message = feed("cedar-app", json.dumps(hostile).encode())
    client = sign_in("cedar-coresponse", '<b onmouseover="x">Robin')
    pages = pages_of(client, message) | {"print": client.get(f"/console/referrals/{only(hub).task_id}/print").text}
    for path, html in pages.items():
        for markup in ("<script", "<img", "<b onmouseover", "</pre><script"):
            assert markup not in html, path
    assert "&lt;script&gt;" in pages["print"]
    assert "Riverton &lt;b&gt;Police&lt;/b&gt;" in sign_in("riverton-pd").get("/console").text


def test_bytes_that_are_no_text_are_shown_as_far_as_they_go(hub: Hub, feed: Feed, sign_in: SignIn) -> None:
    message = feed("cedar-app", b'{"agency": "\xff\xfe<i>"} ' + b"x" * 300_000)
    html = sign_in("cedar-coresponse").get(f"/console/messages/{message}").text
    assert "\ufffd" in html
    assert "<i>" not in html
    assert "Only the beginning is shown" in html


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "1.5", "9" * 40, "%00", "１"])
def test_an_unknown_message_is_not_found(sign_in: SignIn, number: str) -> None:
    assert sign_in("cedar-coresponse").get(f"/console/messages/{number}").status_code == 404


def test_findings_show_rule_and_place(feed: Feed, sign_in: SignIn) -> None:
    message = feed("riverton-app", b'{"a": ')
    html = sign_in("cedar-coresponse").get(f"/console/messages/{message}").text
    assert "read.not-json" in html
    assert "line 1, column" in html


def test_older_messages_are_a_page_away(feed: Feed, sign_in: SignIn) -> None:
    for number in range(52):
        feed("riverton-app", f"{number}".encode())
    client = sign_in("cedar-coresponse")
    first = client.get("/console").text
    assert '<a href="/console/messages/52">' in first
    assert '<a href="/console?before=3">' in first
    second = client.get("/console?before=3").text
    assert '<a href="/console/messages/2">' in second
    assert '<a href="/console/messages/3">' not in second


# ── decisions, the loop, and who may know of an answer ────────────────────────────────────────────────────────────


def test_decisions_are_for_the_organization_that_made_them(story: Story, sign_in: SignIn) -> None:
    message = story("sunrise-app", "story-4-part2")
    assert "42 CFR 2.13" in sign_in("sunrise-recovery").get(f"/console/messages/{message}").text
    for custody in ("lakeshore-cmhc", "riverton-pd"):
        html = sign_in(custody).get(f"/console/messages/{message}").text
        assert "42 CFR 2.13" not in html
        assert "<h2>Decisions" not in html


def test_a_center_does_not_learn_of_what_was_withheld_from_it(hub: Hub, story: Story, sign_in: SignIn) -> None:
    message = story("sunrise-app", "story-4-part2")
    from hub.loop.alarm import sound_referral

    referral = only(hub)
    assert referral.business_status == "withheld"
    hub.store.write(lambda tx: sound_referral(tx, hub, "unanswered", referral))
    center = sign_in("lakeshore-cmhc")
    assert referral.task_id[:8] not in center.get("/console/referrals").text
    assert referral.task_id[:8] not in center.get("/console/alarms").text
    assert "withheld" not in center.get(f"/console/messages/{message}").text
    assert referral.task_id[:8] in sign_in("sunrise-recovery").get("/console/referrals").text


def test_an_answer_changes_nothing_that_a_referrer_sees(hub: Hub, feed: Feed, sign_in: SignIn) -> None:
    message = feed("riverton-app", json.dumps(contact(organization="riverton-pd")).encode())
    delivered(hub)
    client = sign_in("riverton-pd")
    before = pages_of(client, message)
    answered(hub)
    after = pages_of(client, message)
    # every form token is the session's, so the pages can be compared whole
    assert after == before
    assert "rejected</span>" not in after["/console/referrals"]


def test_a_center_sees_its_own_answer(hub: Hub, feed: Feed, sign_in: SignIn) -> None:
    message = feed("cedar-app", json.dumps(contact()).encode())
    delivered(hub)
    answered(hub)
    center = sign_in("lakeshore-cmhc")
    assert ">rejected</span>" in center.get("/console/referrals").text
    assert "<h3>answer" in center.get(f"/console/messages/{message}").text
    third = sign_in("northfork-crisis").get("/console/referrals").text
    assert "not yours to see" in third
    assert "rejected" not in third


def test_the_center_s_words_are_not_on_the_referrers_pages(hub: Hub, feed: Feed, sign_in: SignIn) -> None:
    message = feed("cedar-app", json.dumps(contact()).encode())
    delivered(hub)
    answered(hub)
    client = sign_in("cedar-coresponse")
    for html in (*pages_of(client, message).values(), client.get(f"/console/referrals/{only(hub).task_id}/print").text):
        assert "No room before spring" not in html


# ── paper ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_referral_prints_for_its_own_custody_and_is_audited(hub: Hub, feed: Feed, sign_in: SignIn) -> None:
    feed("cedar-app", json.dumps(contact()).encode())
    answer = sign_in("cedar-coresponse").get(f"/console/referrals/{only(hub).task_id}/print")
    assert answer.status_code == 200
    for said in ("Ines Ostravelle", "Asks for help", "Lakeshore Center", "+1 555 0100 777", "She waits at the shelter"):
        assert said in answer.text
    (event,) = looks(hub, "console.print")
    assert (event.who, event.action, event.patient_id) == ("Robin Examiner", "R", only(hub).patient_id)


def test_paper_cannot_overrule_the_decision(hub: Hub, clock: Any, story: Story, sign_in: SignIn) -> None:
    story("sunrise-app", "story-4-part2")
    client = sign_in("sunrise-recovery")
    before = client.get(f"/console/referrals/{only(hub).task_id}/print").text
    assert "may go to Lakeshore Center as things are, on paper either" in before
    assert "<h2>Person" not in before

    clock.forward(86_400)  # the consent is signed that day
    story("sunrise-app", "story-4-part2-consent")
    client = sign_in("sunrise-recovery")
    after = client.get(f"/console/referrals/{only(hub).task_id}/print").text
    assert "<h2>Person" in after
    assert "42 CFR part 2" in after  # the notice of 2.32 goes with it
    assert "Disclosed by: Sunrise; to: Lakeshore Center" in after  # names, not references


def test_a_withheld_entry_is_not_on_paper(hub: Hub, feed: Feed, sign_in: SignIn) -> None:
    mixed = contact()
    mixed["contacts"][0]["narratives"].append({"text": "Words of nobody known.", "kind": "other"})
    feed("cedar-app", json.dumps(mixed).encode())
    html = sign_in("cedar-coresponse").get(f"/console/referrals/{only(hub).task_id}/print").text
    assert "She waits at the shelter" in html
    assert "Words of nobody known" not in html
    assert "left out" in html


@pytest.mark.parametrize("custody", ["riverton-pd", "lakeshore-cmhc"])
def test_nobody_elses_referral_prints(hub: Hub, feed: Feed, sign_in: SignIn, custody: str) -> None:
    feed("cedar-app", json.dumps(contact()).encode())
    client = sign_in(custody)
    there = client.get(f"/console/referrals/{only(hub).task_id}/print")
    nowhere = client.get("/console/referrals/00000000-0000-8000-8000-000000000000/print")
    assert there.status_code == nowhere.status_code == 404
    assert there.text == nowhere.text


# ── alarms ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ringing(hub: Hub, feed: Feed) -> int:
    """An alarm about an unanswered referral of the program to Lakeshore; its number."""
    from hub.loop.alarm import sound_referral

    feed("cedar-app", json.dumps(contact()).encode())
    referral = delivered(hub)
    alarm = hub.store.write(lambda tx: sound_referral(tx, hub, "unanswered", referral))
    assert alarm is not None
    return alarm.id


@pytest.mark.parametrize("custody", ["cedar-coresponse", "lakeshore-cmhc"])
def test_a_person_takes_an_alarm(
    hub: Hub, ringing: int, sign_in: SignIn, form_of: Callable[[str], str], custody: str
) -> None:
    client = sign_in(custody, "Kim Onduty")
    form = form_of(client.get("/console/alarms").text)
    assert client.post(f"/console/alarms/{ringing}", data={"form": form}).headers["location"] == "/console/alarms"
    taken = hub.store.read(lambda tx: alarms.get(tx, ringing))
    assert taken is not None
    assert taken.acknowledged_by == "Kim Onduty"
    (event,) = looks(hub, "alarm.acknowledged")
    assert (event.who, event.entity_id) == ("Kim Onduty", str(ringing))
    assert "by Kim Onduty" in client.get("/console/alarms").text
    # a second time it is no longer ringing: said, and nothing changes
    assert client.post(f"/console/alarms/{ringing}", data={"form": form}).status_code == 409


@pytest.mark.parametrize("custody", ["riverton-pd", "northfork-crisis"])
def test_nobody_else_silences_an_alarm(
    hub: Hub, ringing: int, sign_in: SignIn, form_of: Callable[[str], str], custody: str
) -> None:
    client = sign_in(custody)
    page = client.get("/console/alarms").text
    assert f'action="/console/alarms/{ringing}"' not in page
    assert client.post(f"/console/alarms/{ringing}", data={"form": form_of(page)}).status_code == 404
    assert hub.store.read(lambda tx: [a.id for a in alarms.listed(tx)]) == [ringing]


def test_the_fallback_is_for_its_custody(ringing: int, sign_in: SignIn) -> None:
    page = sign_in("cedar-coresponse").get("/console/alarms").text
    assert "+1 555 0100 777" in page
    assert "/print" in page
    assert "+1 555 0100 777" not in sign_in("northfork-crisis").get("/console/alarms").text


def test_a_police_agency_is_not_told_of_others_silence(ringing: int, sign_in: SignIn) -> None:
    assert "unanswered" not in sign_in("riverton-pd").get("/console/alarms").text
    assert "unanswered" in sign_in("northfork-crisis").get("/console/alarms").text


def test_that_an_alarm_ended_by_an_answer_is_for_the_center(hub: Hub, ringing: int, sign_in: SignIn) -> None:
    answered(hub, "accepted")
    assert "over since" in sign_in("lakeshore-cmhc").get("/console/alarms").text
    assert "unanswered" not in sign_in("cedar-coresponse").get("/console/alarms").text


def test_an_outage_is_one_line(hub: Hub, feed: Feed, sign_in: SignIn) -> None:
    from hub.loop.record import trace

    message = feed("cedar-app", json.dumps(contact()).encode())

    def outage(tx: Tx) -> None:
        for attempt in range(1, 40):
            trace(tx, message, "deliver", "retry", destination="lakeshore", rule="deliver.busy", attempt=attempt)

    hub.store.write(outage)
    html = sign_in("northfork-crisis").get(f"/console/messages/{message}").text
    assert html.count("deliver.busy") == 1
    assert "<dd>39</dd>" in html
