"""Holds settled by a person: decided again, never overruled; audited; only by those whose hold it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from hub.audit import chain
from hub.errors import HubError, StoreError
from hub.loop.context import Hub
from hub.loop.fault import TRIES, put_aside
from hub.loop.hold import resolve
from hub.records import Hold
from hub.store import alarms, claims, decisions, deliveries, holds, inputs, messages, referrals

SignIn = Callable[..., TestClient]
Story = Callable[[str, str], int]
Feed = Callable[[str, bytes], int]


def contact(organization: str | None, **person: Any) -> bytes:
    """A contact whose referral names that organization, or none."""
    referral = {"organization": organization, "urgency": "asap", "reasons": [{"text": "Asks for help"}]}
    return json.dumps(
        {
            "agency": "riverton-pd",
            "number": "RV26-7",
            "organization": "cedar-coresponse",
            "persons": [{"slot": "p1", "roles": ["subject"], "names": [{"family": "Ostravelle"}]} | person],
            "contacts": [{"person": "p1", "organization": "cedar-coresponse", "referrals": [referral]}],
        }
    ).encode()


def the_hold(hub: Hub) -> Hold:
    (found,) = hub.store.read(lambda tx: holds.listed(tx))
    return found


def settle(hub: Hub, hold: Hold, **changes: Any) -> Hold:
    reason = "not-ours" if changes.get("action") == "reject" else "called-the-center"
    given: dict[str, Any] = {"action": "release", "by": "Robin Examiner", "reason_code": reason} | changes
    return hub.store.write(lambda tx: resolve(tx, hub, hold.id, **given))


def no_carrier(hub: Hub) -> Hold:
    """A routing hold on the one referral there is: what its center takes cannot carry it."""
    (referral,) = hub.store.read(lambda tx: referrals.listed(tx))
    return hub.store.write(
        lambda tx: holds.place(
            tx,
            kind="routing",
            reason="render.no-carrier",
            owner_role="privacy officer",
            subject_type="Task",
            subject_id=referral.task_id,
            custody=referral.custody,
            task_id=referral.task_id,
        )
    )


def queued(hub: Hub) -> list[Any]:
    return hub.store.read(lambda tx: deliveries.listed(tx))


@pytest.mark.parametrize("organization", [None, "northfork-crisis"])
def test_a_routing_hold_released_to_a_destination_goes_there(hub: Hub, feed: Feed, organization: str | None) -> None:
    feed("cedar-app", contact(organization))
    hold = the_hold(hub)
    assert hold.kind == "routing"
    assert queued(hub) == []
    settled = settle(hub, hold, destination="northfork")
    assert (settled.state, settled.resolved_by, settled.reason_code) == (
        "released",
        "Robin Examiner",
        "called-the-center",
    )
    (referral,) = hub.store.read(lambda tx: referrals.listed(tx))
    assert (referral.destination, referral.organization, referral.urgency) == ("northfork", "cedar-coresponse", "asap")
    assert referral.task_id == hold.task_id
    (delivery,) = queued(hub)
    assert (delivery.destination, delivery.state, delivery.kind) == ("northfork", "ready", "referral")
    assert b"Ostravelle" in hub.store.read(lambda tx: deliveries.release(tx, delivery.id))
    assert hub.store.read(lambda tx: alarms.listed(tx)) == []
    (event,) = [e for _, e in hub.store.read(lambda tx: chain.events(tx)) if e.kind == "hold.released"]
    assert (event.who, event.entity_id, event.custody) == ("Robin Examiner", str(hold.id), "cedar-coresponse")
    assert "called-the-center" in event.detail


def test_a_routing_hold_cannot_route_around_the_decision(hub: Hub, story: Story, feed: Feed) -> None:
    from pathlib import Path

    text = (Path(__file__).parents[3] / "samples/incident/story-4-part2/input.json").read_text()
    body = json.loads(text)
    for contact_ in body["contacts"]:
        for referral in contact_["referrals"]:
            referral["organization"] = "northfork-crisis"
    feed("sunrise-app", json.dumps(body).encode())
    settle(hub, the_hold(hub), destination="northfork")
    assert queued(hub) == []
    (referral,) = hub.store.read(lambda tx: referrals.listed(tx))
    assert referral.business_status == "withheld"
    (decision,) = hub.store.read(lambda tx: decisions.by_task(tx, referral.task_id))
    assert decision.decision == "deny"


def test_a_rejected_hold_sends_nothing(hub: Hub, feed: Feed) -> None:
    feed("cedar-app", contact(None))
    assert settle(hub, the_hold(hub), action="reject").state == "rejected"
    assert queued(hub) == []
    assert hub.store.read(lambda tx: (holds.listed(tx), alarms.listed(tx), referrals.listed(tx))) == ([], [], [])


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"destination": None}, "hold.destination"),
        ({"destination": "nowhere"}, "hold.destination"),
        ({"action": "reject", "destination": "northfork"}, "hold.destination"),
        ({"destination": "northfork", "reason_code": "She said yes"}, "hold.reason-code"),
        ({"destination": "northfork", "reason_code": ""}, "hold.reason-code"),
        ({"destination": "northfork", "by": " "}, "hold.person"),
    ],
)
def test_what_is_not_right_settles_nothing(hub: Hub, feed: Feed, changes: dict[str, Any], rule: str) -> None:
    feed("cedar-app", contact(None))
    hold = the_hold(hub)
    with pytest.raises(HubError) as raised:
        settle(hub, hold, **changes)
    assert raised.value.rule == rule
    assert the_hold(hub) == hold
    assert queued(hub) == []


def test_a_decision_is_not_overwritten(hub: Hub, feed: Feed) -> None:
    feed("cedar-app", contact(None))
    hold = the_hold(hub)
    settle(hub, hold, action="reject")
    with pytest.raises(StoreError):
        settle(hub, hold, destination="northfork")
    with pytest.raises(StoreError):
        hub.store.write(lambda tx: resolve(tx, hub, 999, action="reject", by="Robin", reason_code="duplicate"))
    assert queued(hub) == []


def test_what_is_still_unclear_is_held_anew(hub: Hub, feed: Feed) -> None:
    body = json.loads(contact("lakeshore-cmhc"))
    body["organization"] = body["contacts"][0]["organization"] = "sunrise-recovery"  # which cedar may not speak for
    feed("cedar-app", json.dumps(body).encode())
    first = the_hold(hub)
    assert first.kind == "provenance"
    settle(hub, first)
    again = the_hold(hub)
    assert again.id > first.id
    assert again.kind == "provenance"
    (alarm,) = hub.store.read(lambda tx: alarms.listed(tx))
    assert alarm.subject_id == str(again.id)
    assert queued(hub) == []


def test_rejecting_a_held_referral_leaves_it_withheld(hub: Hub, feed: Feed) -> None:
    body = json.loads(contact("lakeshore-cmhc"))
    body["organization"] = body["contacts"][0]["organization"] = "sunrise-recovery"
    feed("cedar-app", json.dumps(body).encode())
    settle(hub, the_hold(hub), action="reject", evidence="File 2026-17")
    (referral,) = hub.store.read(lambda tx: referrals.listed(tx))
    assert referral.business_status == "withheld"


def test_a_referral_that_may_have_gone_is_not_turned_to_another_center(hub: Hub, feed: Feed) -> None:
    feed("cedar-app", contact("lakeshore-cmhc"))
    hold = no_carrier(hub)
    (claim,) = hub.store.write(lambda tx: claims.take(tx, owner="w", lease_seconds=30, limit=1))
    with pytest.raises(HubError) as raised:
        settle(hub, hold, destination="northfork")
    assert raised.value.rule == "hold.sent"
    assert claim.delivery.state == "ready"


def test_a_referral_that_has_not_gone_is_turned(hub: Hub, feed: Feed) -> None:
    feed("cedar-app", contact("lakeshore-cmhc"))
    hold = no_carrier(hub)
    settle(hub, hold, destination="northfork")
    assert [(d.destination, d.state) for d in queued(hub)] == [("lakeshore", "dead"), ("northfork", "ready")]


def test_a_message_that_broke_a_step_is_taken_in_again(hub: Hub, feed: Feed) -> None:
    section = hub.source("cedar-app")
    assert section is not None
    stored = hub.store.write(
        lambda tx: inputs.receive(
            tx,
            source="cedar-app",
            custody="cedar-coresponse",
            organization="cedar-coresponse",
            control_id=None,
            media_type="application/json",
            body=contact("lakeshore-cmhc"),
        )
    )
    for _ in range(TRIES):
        (claimed,) = hub.store.write(lambda tx: messages.claim(tx, owner="w", lease_seconds=30, limit=1))
        hub.store.write(lambda tx, claimed=claimed: put_aside(tx, hub, claimed, ValueError()))  # type: ignore[misc]
        hub.clock.forward(60)  # type: ignore[attr-defined]
    hold = the_hold(hub)
    assert hold.kind == "fault"
    settle(hub, hold, reason_code="fault-mended")
    again = hub.store.read(lambda tx: messages.listed(tx, state="received"))
    assert [m.lineage for m in again] == [stored[0].id]


# ── through the page ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_custody_settles_its_hold_by_the_page(
    hub: Hub, feed: Feed, sign_in: SignIn, form_of: Callable[[str], str]
) -> None:
    feed("cedar-app", contact(None))
    hold = the_hold(hub)
    client = sign_in("cedar-coresponse")
    page = client.get("/console/holds").text
    assert "Northfork Center" in page
    given = {
        "form": form_of(page),
        "destination": "northfork",
        "reason": "release:called-the-center",
        "evidence": "log 12",
    }
    assert client.post(f"/console/holds/{hold.id}", data=given).headers["location"] == "/console/holds"
    assert [d.destination for d in queued(hub)] == ["northfork"]
    assert "Robin Examiner" in client.get("/console/holds").text


@pytest.mark.parametrize(
    ("custody", "status"), [("northfork-crisis", 403), ("riverton-pd", 403), ("lakeshore-cmhc", 303)]
)
def test_only_its_custody_or_the_operator_settles_a_hold(
    hub: Hub, feed: Feed, sign_in: SignIn, form_of: Callable[[str], str], custody: str, status: int
) -> None:
    feed("cedar-app", contact(None))
    hold = the_hold(hub)
    client = sign_in(custody)
    page = client.get("/console/holds").text
    assert (f'action="/console/holds/{hold.id}"' in page) is (status == 303)
    given = {"form": form_of(page), "reason": "reject:not-ours"}
    assert client.post(f"/console/holds/{hold.id}", data=given).status_code == status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"reason": "destroy:not-ours"}, 400),
        ({"reason": "release:Free text!"}, 400),
        ({"destination": ""}, 400),
        ({"form": "x"}, 403),
    ],
)
def test_a_form_that_is_not_right_says_so(
    hub: Hub, feed: Feed, sign_in: SignIn, form_of: Callable[[str], str], changes: dict[str, str], status: int
) -> None:
    feed("cedar-app", contact(None))
    hold = the_hold(hub)
    client = sign_in("cedar-coresponse")
    given = {
        "form": form_of(client.get("/console/holds").text),
        "destination": "northfork",
        "reason": "release:called-the-center",
    } | changes
    answer = client.post(f"/console/holds/{hold.id}", data=given)
    assert answer.status_code == status
    assert "Free text" not in answer.text
    assert the_hold(hub) == hold
