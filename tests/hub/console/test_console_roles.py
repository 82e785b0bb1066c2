"""What a signed-in person's roles open at the console, from the next page on; every refusal is audited."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hub.audit import chain
from hub.console import signing_in as console_signing_in
from hub.identity import passphrase
from hub.loop import signing_in
from hub.loop.context import Hub
from hub.store import accounts, holds, sessions

CEDAR = "cedar-coresponse"
NAME = "Ada Quillfeather"
TOLD = Path(__file__).parents[3] / "samples" / "incident" / "story-1-contact" / "input.json"
FAMILY = json.loads(TOLD.read_text())["persons"][0]["names"][0]["family"]


@pytest.fixture
def enter(hub: Hub, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TestClient]:
    """A browser signed in by an account with these roles at Cedar."""
    monkeypatch.setattr(passphrase, "hashed", lambda phrase: b"a hash")  # slow by design, and not what this is about

    def made(*roles: str) -> TestClient:
        account, _ = signing_in.add(
            hub, NAME, custodies=[CEDAR], phrase="seven lanterns over the weir", by="An Operator", roles=roles
        )
        begin = {"person": NAME, "custody": CEDAR, "seconds": 1800.0, "account": account.id}
        hub.store.write(lambda tx: sessions.begin(tx, token="a token of this session", **begin))
        client.cookies.set(console_signing_in.COOKIE, "a token of this session")
        return client

    return made


def give(hub: Hub, *roles: str) -> None:
    hub.store.write(lambda tx: signing_in.give(tx, hub, NAME, custody=CEDAR, roles=roles, by="An Operator"))


def refused(hub: Hub) -> list[tuple[str, ...]]:
    events = [event for _, event in hub.store.read(chain.events) if event.kind == "console.refused"]
    assert {(event.who, event.outcome) for event in events} <= {(NAME, "4")}
    return [tuple(event.detail) for event in events]


PAGES = {
    "/console": "lists",
    "/console/referrals": "lists",
    "/console/alarms": "lists",
    "/console/holds": "lists",
    "/console/codes": "codes",
    "/console/disclosures": "reports",
    "/console/investigations": "investigations",
    "/console/referrals/{task}/print": "content",
    "/console/referrals/{task}/emergency": "emergency",
    "/console/people/{person}/consents": "content",
    "/console/people/{person}/consents/new?form=part2-tpo": "consents",
}
OPEN = {
    "read-only": {"lists", "content"},
    "clinician": {"lists", "content", "consents", "emergency"},
    "interface-analyst": {"lists", "codes"},
    "hold-owner": {"lists", "content"},
    "privacy-officer": {"lists", "content", "codes", "consents", "emergency", "reports", "investigations"},
}


def test_the_pages_that_each_role_opens(hub: Hub, story: Any, enter: Any) -> None:
    number = story("cedar-app", "story-1-contact")
    from hub.store import referrals

    (referral,) = hub.store.read(referrals.listed)
    names = {"task": referral.task_id, "person": referral.patient_id}
    browser = enter("read-only")
    for role, opened in OPEN.items():
        give(hub, role)
        found = {path: browser.get(path.format(**names)).status_code for path in PAGES}
        assert found == {path: 200 if needs in opened else 403 for path, needs in PAGES.items()}, role
        # whose content it is, is not enough
        shown = FAMILY in browser.get(f"/console/messages/{number}").text
        assert shown is ("content" in opened), role
        nav = browser.get("/console").text
        assert ('href="/console/codes"' in nav, 'href="/console/disclosures"' in nav) == (
            "codes" in opened,
            "reports" in opened,
        )
    assert ("reports",) in refused(hub)


def test_who_settles_a_hold_goes_by_its_kind(hub: Hub, enter: Any, form_of: Any) -> None:
    def place(kind: Any) -> Any:
        given = {"reason": "x", "owner_role": "o", "subject_type": "Message", "subject_id": "1", "custody": CEDAR}
        return hub.store.write(lambda tx: holds.place(tx, kind=kind, **given))

    browser = enter("hold-owner")
    for role, kind, settled in (
        ("read-only", "identity", False),
        ("clinician", "identity", False),
        ("interface-analyst", "identity", False),
        ("hold-owner", "law", False),
        ("hold-owner", "identity", True),
        ("privacy-officer", "law", True),
    ):
        give(hub, role)
        one = place(kind)
        page = browser.get("/console/holds").text
        assert (f'action="/console/holds/{one.id}"' in page) is settled, (role, kind)
        code = {"identity": "wrong-person", "law": "not-permitted"}[kind]
        answer = browser.post(f"/console/holds/{one.id}", data={"form": form_of(page), "reason": f"reject:{code}"})
        state = hub.store.read(lambda tx, row=one.id: holds.get(tx, row)).state
        assert (answer.status_code == 403, state == "open") == (not settled, not settled), (role, kind, answer.text)
    assert ("settle:law",) in refused(hub)


def test_s58_a_find_closes_the_content_to_all_but_who_answers_for_it(
    hub: Hub, story: Any, enter: Any, form_of: Any
) -> None:
    """42 CFR 2.3(b), 2.68: use stops, the find is settled and reported, by hand; nobody is named on the page."""
    number = story("cedar-app", "story-1-contact")
    page = "/console/investigations"
    browser = enter("privacy-officer")

    def post(path: str, **given: str) -> int:
        return int(browser.post(path, data={"form": form_of(browser.get(page).text), **given}).status_code)

    def reads(role: str) -> bool:
        give(hub, role)
        return FAMILY in browser.get(f"/console/messages/{number}").text

    assert post(page, number="RV26-000000", reference="note-1") == 409
    assert post(page, number="RV26-004417", reference=f"note 1 about {FAMILY}") == 400
    assert post(page, number="RV26-004417", reference="note-26-7") == 303
    assert [reads(role) for role in ("privacy-officer", "hold-owner", "clinician", "read-only")] == [True] + [False] * 3
    assert "their use is stopped" in browser.get(f"/console/messages/{number}").text
    assert browser.get(page).status_code == 403
    give(hub, "privacy-officer")
    text = browser.get(page).text
    assert "note-26-7" in text
    assert "2027-03-01" in text
    assert FAMILY not in text
    assert post(f"{page}/99/settle", **{"as": "returned"}) == 404
    assert post(f"{page}/report", year="1999", report="annual") == 400
    assert post(f"{page}/report", year="2026", report="annual-26") == 303
    assert post(f"{page}/1/settle", **{"as": "not-part2"}) == 303
    assert "annual-26" in browser.get(page).text
    assert reads("clinician")
    kinds = [event.kind for _, event in hub.store.read(chain.events) if event.kind.startswith("investigation.")]
    assert kinds == ["investigation.found", "investigation.reported", "investigation.settled"]


def test_a_locked_or_removed_account_has_no_session_any_more(hub: Hub, enter: Any) -> None:
    browser = enter("clinician")
    assert browser.get("/console").status_code == 200
    hub.store.write(lambda tx: signing_in.lock(tx, hub, NAME, by="An Operator"))
    assert browser.get("/console").status_code == 303
    hub.store.write(lambda tx: signing_in.unlock(tx, hub, NAME, by="An Operator"))
    assert browser.get("/console").status_code == 200
    hub.store.write(lambda tx: signing_in.remove(tx, hub, NAME, by="An Operator"))
    assert browser.get("/console").status_code == 303


def test_an_account_that_was_given_no_role_has_the_least(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "hashed", lambda phrase: b"a hash")
    signing_in.add(hub, NAME, custodies=[CEDAR], phrase="seven lanterns over the weir", by="An Operator")
    found = hub.store.read(lambda tx: accounts.find(tx, NAME))
    assert found is not None
    assert found.roles == {CEDAR: ("read-only",)}
    kinds = [(event.kind, tuple(event.detail)) for _, event in hub.store.read(chain.events)]
    assert kinds[-1] == ("account.added", ("read-only",))
