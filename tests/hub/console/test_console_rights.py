"""Pages about what left: reports, letters after a revocation, a disclosure in an emergency and its review."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hub.audit import chain
from hub.loop import emergency
from hub.loop.context import Hub
from hub.store import alarms, claims, deliveries, disclosures, documents, holds, referrals

SignIn = Callable[..., TestClient]
Story = Callable[[str, str], int]
Feed = Callable[[str, bytes], int]
SAMPLES = Path(__file__).parents[3] / "samples" / "incident"


def form(case: str, **consent: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((SAMPLES / case / "input.json").read_bytes())
    for one in made["contacts"][0].get("consents", ()):
        one.update(consent)
    return made


def the_referral(hub: Hub) -> Any:
    (found,) = hub.store.read(lambda tx: referrals.listed(tx))
    return found


def sent_by_consent(hub: Hub, feed: Feed) -> Any:
    """A Part 2 referral that is on record as gone to Lakeshore under its consent."""
    clock: Any = hub.clock
    clock.forward(12 * 3600)  # the consent is signed in the afternoon
    feed("sunrise-app", json.dumps(form("story-4-part2-consent")).encode())
    referral = the_referral(hub)
    (consent,) = hub.store.read(lambda tx: documents.by_patient(tx, referral.patient_id, "Consent"))

    def work(tx: Any) -> None:
        (claim,) = claims.take(tx, owner="test", lease_seconds=60, limit=1)
        made = disclosures.intend(
            tx,
            delivery_id=claim.delivery.id,
            discloser="sunrise-recovery",
            recipient="lakeshore-cmhc",
            purpose="TREAT",
            patient_id=referral.patient_id,
            what=[("Task", referral.task_id)],
            consents=[f"Consent/{consent.resource_id}"],
            digest="d",
            basis=["a consent permits (42 CFR 2.31, 2.33(a))"],
            part2=True,
        )
        disclosures.settle(tx, made.id, "sent")
        claims.settle(tx, claim, "done")

    hub.store.write(work)
    return referral


def audited(hub: Hub, kind: str) -> list[Any]:
    return [event for _, event in hub.store.read(chain.events) if event.kind == kind]


# ── reports ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_prints_for_its_own_custody_and_is_audited(
    hub: Hub, feed: Feed, sign_in: SignIn, form_of: Callable[[str], str]
) -> None:
    referral = sent_by_consent(hub, feed)
    client = sign_in("sunrise-recovery")
    given = {"form": form_of(client.get("/console/disclosures").text), "person": referral.patient_id}
    page = client.post("/console/disclosures", data=given).text
    assert "Lakeshore Center" in page
    assert "42 CFR 2.25" in page
    assert referral.patient_id in page
    (event,) = audited(hub, "disclosures.accounting")
    assert (event.who, event.custody, event.patient_id) == ("Robin Examiner", "sunrise-recovery", referral.patient_id)


def test_what_is_no_report(hub: Hub, feed: Feed, sign_in: SignIn, form_of: Callable[[str], str]) -> None:
    referral = sent_by_consent(hub, feed)
    client = sign_in("sunrise-recovery")
    given = {"form": form_of(client.get("/console/disclosures").text), "person": referral.patient_id}
    for changes in ({"person": "NOBODY-77"}, {"from": "yesterday"}, {"from": "2026-11-30", "to": "2026-11-01"}):
        answer = client.post("/console/disclosures", data=given | changes)
        assert answer.status_code in (400, 409)
        assert "NOBODY-77" not in answer.text
    assert audited(hub, "disclosures.accounting") == []


def test_a_report_of_another_custody_s_person_and_of_nobody_read_the_same(
    hub: Hub, feed: Feed, sign_in: SignIn, form_of: Callable[[str], str]
) -> None:
    referral = sent_by_consent(hub, feed)
    client = sign_in("riverton-pd")
    token = form_of(client.get("/console/disclosures").text)
    pages = [
        client.post("/console/disclosures", data={"form": token, "person": person})
        for person in (referral.patient_id, "2f0f2ad7-0000-8000-8000-000000000000")
    ]
    assert pages[0].content == pages[1].content
    assert pages[0].status_code == pages[1].status_code


# ── letters ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_s44_a_letter_for_who_holds_copies_names_nobody(hub: Hub, feed: Feed, sign_in: SignIn) -> None:
    referral = sent_by_consent(hub, feed)
    revoked = form("story-4-part2-consent", status="revoked", revoked_at="2026-11-21T14:00:00-07:00")
    feed("sunrise-app", json.dumps({**revoked, "version": "3"}).encode())
    (consent,) = hub.store.read(lambda tx: documents.by_patient(tx, referral.patient_id, "Consent"))
    page = sign_in("sunrise-recovery").get(f"/console/revocations/{consent.resource_id}")
    assert "Lakeshore Center" in page.text
    assert consent.resource_id in page.text
    assert referral.task_id in page.text
    for person in revoked["persons"]:
        for name in person["names"]:
            assert name["family"] not in page.text
    assert len(audited(hub, "console.revocation")) == 1
    # another custody's page is that of a consent that never was, and its alarms have none of it
    other = sign_in("riverton-pd")
    paths = [f"/console/revocations/{name}" for name in (consent.resource_id, "never-was")]
    assert other.get(paths[0]).content == other.get(paths[1]).content
    (alarm,) = hub.store.read(lambda tx: [a for a in alarms.listed(tx) if a.kind == "revocation"])
    assert "revocation" not in other.get("/console/alarms").text
    assert alarm.custody == "sunrise-recovery"


# ── emergencies ───────────────────────────────────────────────────────────────────────────────────────────────────

GIVEN = {
    "to": "Dr. Ilva Tarn",
    "affiliation": "Mercy Ambulance",
    "nature": "Found unconscious; what was taken is not known",
    "consent": "no",
}


def break_glass(
    hub: Hub, story: Story, sign_in: SignIn, form_of: Callable[[str], str], **changes: str
) -> tuple[Any, Any, TestClient]:
    """The page after an emergency's form about a Part 2 referral that nobody consented to."""
    story("sunrise-app", "story-4-part2")
    referral = the_referral(hub)
    client = sign_in("sunrise-recovery")
    page = client.get(f"/console/referrals/{referral.task_id}/emergency").text
    assert "Mercy" not in page
    answer = client.post(
        f"/console/referrals/{referral.task_id}/emergency", data={"form": form_of(page)} | GIVEN | changes
    )
    return referral, answer, client


def test_s49_an_emergency_hands_out_and_is_reviewed_afterwards(
    hub: Hub, story: Story, sign_in: SignIn, form_of: Callable[[str], str]
) -> None:
    referral, answer, client = break_glass(hub, story, sign_in, form_of)
    assert answer.status_code == 200
    family = form("story-4-part2")["persons"][0]["names"][0]["family"]
    assert family in answer.text
    (made,) = hub.store.read(lambda tx: disclosures.listed(tx))
    assert (made.manner, made.state, made.recipient, made.purpose) == (
        "emergency", "sent", emergency.MEDICAL, "ETREAT",
    )  # fmt: skip
    assert any("42 CFR 2.51" in reason for reason in made.basis)
    (review,) = [h for h in hub.store.read(lambda tx: holds.listed(tx)) if h.kind == "review"]
    written = hub.store.read(lambda tx: emergency.documentation(tx, review.id))
    assert written is not None
    assert written | {"at": ""} == {
        "to": GIVEN["to"],
        "affiliation": GIVEN["affiliation"],
        "nature": GIVEN["nature"],
        "by": "Robin Examiner",
        "at": "",
    }
    assert str(review.id) in [a.subject_id for a in hub.store.read(lambda tx: alarms.listed(tx, open_only=True))]

    # the accounting names who received
    report = client.post(
        "/console/disclosures",
        data={"form": form_of(client.get("/console/disclosures").text), "person": referral.patient_id},
    ).text
    assert "Dr. Ilva Tarn, Mercy Ambulance" in report

    page = client.get("/console/holds").text
    assert "Found unconscious" in page
    token = form_of(page)
    settle = f"/console/holds/{review.id}"
    assert client.post(settle, data={"form": token, "reason": "release:called-the-center"}).status_code == 400
    # that it was no emergency is nothing without a paper
    assert client.post(settle, data={"form": token, "reason": "reject:emergency-not-confirmed"}).status_code == 400
    good = {"form": token, "reason": "reject:emergency-not-confirmed", "evidence": "INC-2026-31"}
    assert client.post(settle, data=good).status_code == 303
    settled = hub.store.read(lambda tx: holds.get(tx, review.id))
    assert settled is not None
    assert (settled.state, settled.reason_code) == ("rejected", "emergency-not-confirmed")
    assert hub.store.read(lambda tx: deliveries.listed(tx)) == [], "a review sends nothing"


def test_p17_what_is_not_documented_is_not_handed_out(
    hub: Hub, story: Story, sign_in: SignIn, form_of: Callable[[str], str]
) -> None:
    story("sunrise-app", "story-4-part2")
    client = sign_in("sunrise-recovery")
    path = f"/console/referrals/{the_referral(hub).task_id}/emergency"
    good = {"form": form_of(client.get(path).text)} | GIVEN
    for changes in ({"to": " "}, {"affiliation": ""}, {"nature": ""}, {"consent": ""}, {"nature": "x" * 501}):
        assert client.post(path, data=good | changes).status_code == 409
    assert hub.store.read(lambda tx: disclosures.listed(tx)) == []
    assert "review" not in [h.kind for h in hub.store.read(lambda tx: holds.listed(tx))]


def test_p17_police_are_not_medical_personnel(hub: Hub, story: Story) -> None:
    from hub.errors import HubError

    story("sunrise-app", "story-4-part2")
    with pytest.raises(HubError, match=r"emergency\.withheld"):
        emergency.disclose(
            hub,
            the_referral(hub).task_id,
            custody="sunrise-recovery",
            by="Robin Examiner",
            to_name="Sergeant",
            affiliation="Police",
            nature="Emergency",
            consent_cannot_be_obtained=True,
            render=lambda bundle: b"page",
            recipient="riverton-pd",
        )


def test_nobody_else_s_emergency(hub: Hub, story: Story, sign_in: SignIn) -> None:
    story("sunrise-app", "story-4-part2")
    task = the_referral(hub).task_id
    client = sign_in("cedar-coresponse")
    paths = [f"/console/referrals/{name}/emergency" for name in (task, "never-was")]
    assert client.get(paths[0]).content == client.get(paths[1]).content


def test_p15_a_hold_that_tells_of_the_law_is_for_who_may_settle_it(hub: Hub, story: Story, sign_in: SignIn) -> None:
    story("cedar-app", "story-4-part2")  # in the name of another: its origin is unknown
    (hold,) = hub.store.read(lambda tx: holds.listed(tx))
    assert hold.kind == "provenance"
    for custody, shown in (("cedar-coresponse", True), ("lakeshore-cmhc", True), ("riverton-pd", False)):
        client = sign_in(custody)
        assert ("provenance" in client.get("/console/holds").text) is shown
        assert ("provenance" in client.get("/console/alarms").text) is shown


def test_a_page_handed_over_is_accounted_for(
    hub: Hub, story: Story, sign_in: SignIn, form_of: Callable[[str], str]
) -> None:
    story("cedar-app", "story-1-contact")
    referral = the_referral(hub)
    client = sign_in("cedar-coresponse")
    page = client.get(f"/console/referrals/{referral.task_id}/print").text
    path = f"/console/referrals/{referral.task_id}/handed-over"
    assert client.post(path, data={"form": form_of(page)}).status_code == 303
    (made,) = hub.store.read(lambda tx: disclosures.listed(tx))
    assert (made.manner, made.state, made.recipient) == ("paper", "sent", "lakeshore-cmhc")
    assert ("Patient", referral.patient_id) in made.what
    (event,) = audited(hub, "disclosure")
    assert (event.who, event.detail) == ("Robin Examiner", ("to:lakeshore-cmhc", "paper"))
    other = sign_in("riverton-pd")
    token = form_of(other.get("/console/disclosures").text)
    assert other.post(path, data={"form": token}).status_code == 404


def test_what_may_not_go_is_not_handed_over(
    hub: Hub, story: Story, sign_in: SignIn, form_of: Callable[[str], str]
) -> None:
    story("sunrise-app", "story-4-part2")
    client = sign_in("sunrise-recovery")
    token = form_of(client.get("/console/disclosures").text)
    answer = client.post(f"/console/referrals/{the_referral(hub).task_id}/handed-over", data={"form": token})
    assert answer.status_code == 409
    assert hub.store.read(lambda tx: disclosures.listed(tx)) == []
