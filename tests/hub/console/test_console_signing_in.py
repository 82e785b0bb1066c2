"""Signing in, staying in, and what a page of another site cannot do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from hub.audit import chain
from hub.console import signing_in
from hub.loop.context import Hub
from hub.store import sessions
from hub.store.tables import session as session_table

SignIn = Callable[..., TestClient]
FormOf = Callable[[str], str]
Good = dict[str, str]


def audited(hub: Hub, kind: str) -> list[Any]:
    return [event for _, event in hub.store.read(lambda tx: chain.events(tx)) if event.kind == kind]


@pytest.mark.parametrize(
    "path",
    ["/console", "/console/messages/1", "/console/referrals", "/console/referrals/x/print", "/console/alarms",
     "/console/holds"],
)  # fmt: skip
def test_nobody_sees_a_page_without_signing_in(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/sign-in"
    assert answer.text == ""


@pytest.mark.parametrize("path", ["/console/alarms/1", "/console/holds/1", "/console/sign-out"])
def test_nobody_acts_without_signing_in(client: TestClient, path: str) -> None:
    assert client.post(path, data={"form": "x"}).headers["location"] == "/console/sign-in"


def test_the_token_signs_one_person_in_once(client: TestClient, hub: Hub, good: Good) -> None:
    answer = client.post("/console/sign-in", data=good)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console"
    set_cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/console"):
        assert part in set_cookie
    assert "Secure" not in set_cookie
    assert "Robin Examiner" in client.get("/console").text

    client.cookies.clear()
    again = client.post("/console/sign-in", data=good)
    assert again.status_code == 401
    assert "set-cookie" not in again.headers
    assert [e.outcome for e in audited(hub, "sign-in")] == ["0", "4"]


def test_a_wrong_token_is_refused_and_not_shown_again(client: TestClient, good: Good) -> None:
    answer = client.post("/console/sign-in", data=good | {"token": "guess-6231"})
    assert answer.status_code == 401
    assert "guess-6231" not in answer.text
    assert client.post("/console/sign-in", data=good).status_code == 303


def test_guessing_is_locked_for_a_minute(client: TestClient, clock: Any, good: Good) -> None:
    for number in range(signing_in.TRIES):
        assert client.post("/console/sign-in", data=good | {"token": f"guess {number}"}).status_code == 401
        clock.forward(1)
    locked = client.post("/console/sign-in", data=good)
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) <= signing_in.WINDOW
    clock.forward(signing_in.WINDOW - signing_in.TRIES)
    assert client.post("/console/sign-in", data=good).status_code == 303


@pytest.mark.parametrize(
    "wrong", [{"custody": "nowhere"}, {"custody": ""}, {"person": ""}, {"person": "x" * 81}, {"person": "a\x07b"}]
)
def test_a_form_with_a_mistake_does_not_spend_the_token(client: TestClient, wrong: dict[str, str], good: Good) -> None:
    assert client.post("/console/sign-in", data=good | wrong).status_code == 400
    assert client.post("/console/sign-in", data=good).status_code == 303


def test_a_token_of_the_command_waits_ten_minutes_and_is_spent(hub: Hub, clock: Any) -> None:
    hub.store.write(lambda tx: signing_in.issue(tx, "first"))
    hub.store.write(lambda tx: signing_in.issue(tx, "second"))
    assert hub.store.write(lambda tx: signing_in.spend(tx, "first"))
    assert not hub.store.write(lambda tx: signing_in.spend(tx, "first"))
    clock.forward(signing_in.WAITS + 1)
    assert not hub.store.write(lambda tx: signing_in.spend(tx, "second"))


def test_a_session_is_locked_after_half_an_hour_of_silence(sign_in: SignIn, clock: Any) -> None:
    client = sign_in("cedar-coresponse")
    for _ in range(3):
        clock.forward(signing_in.IDLE - 1)
        assert client.get("/console").status_code == 200
    clock.forward(signing_in.IDLE + 1)
    assert client.get("/console").status_code == 303


def test_a_session_ends_after_a_shift_however_busy(sign_in: SignIn, clock: Any) -> None:
    client = sign_in("cedar-coresponse")
    for _ in range(int(signing_in.LONGEST / 1500) + 1):
        clock.forward(1500)
        last = client.get("/console").status_code
    assert last == 303


def test_signing_out_ends_the_session_itself(sign_in: SignIn, hub: Hub, form_of: FormOf) -> None:
    client = sign_in("cedar-coresponse")
    token = client.cookies[signing_in.COOKIE]
    answer = client.post("/console/sign-out", data={"form": form_of(client.get("/console").text)})
    assert answer.status_code == 303
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert hub.store.read(lambda tx: sessions.find(tx, token)) is None


def test_the_session_token_is_not_in_the_database(sign_in: SignIn, hub: Hub) -> None:
    token = sign_in("cedar-coresponse").cookies[signing_in.COOKIE]
    rows = hub.store.read(lambda tx: tx.connection.execute(session_table.select()).all())
    assert len(rows) == 1
    assert token not in repr(rows)


@pytest.mark.parametrize("form", [{}, {"form": ""}, {"form": "0" * 64}, {"form": "é"}])
def test_a_form_without_its_token_does_nothing(sign_in: SignIn, hub: Hub, form: dict[str, str]) -> None:
    client = sign_in("cedar-coresponse")
    answer = client.post("/console/sign-out", data=form)
    assert answer.status_code == 403
    assert client.get("/console").status_code == 200


def test_a_form_of_another_session_does_nothing(sign_in: SignIn, form_of: FormOf) -> None:
    other = form_of(sign_in("cedar-coresponse").get("/console").text)
    client = sign_in("riverton-pd")
    assert client.post("/console/sign-out", data={"form": other}).status_code == 403


def test_a_form_must_be_small_and_urlencoded(sign_in: SignIn, form_of: FormOf) -> None:
    client = sign_in("cedar-coresponse")
    form = form_of(client.get("/console").text)
    assert client.post("/console/sign-out", json={"form": form}).status_code == 403
    assert client.post("/console/sign-out", data={"form": form, "pad": "x" * 20_000}).status_code == 403
    assert client.post("/console/sign-out", data={"form": form}).status_code == 303


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_post_from_another_site_is_refused(client: TestClient, site: str, good: Good) -> None:
    assert client.post("/console/sign-in", data=good, headers={"sec-fetch-site": site}).status_code == 403
    assert client.post("/console/sign-in", data=good, headers={"sec-fetch-site": "same-origin"}).status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[::1", "", "localhost.evil.example:8080"])
def test_another_name_for_this_machine_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/console/sign-in", headers={"host": host})
    assert answer.status_code == 421
    assert "evil" not in answer.text


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST"])
def test_this_machines_own_names_are_taken(client: TestClient, host: str) -> None:
    assert client.get("/console/sign-in", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/console", "/console/sign-in", "/console/console.css", "/console/none/such"])
def test_every_answer_has_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; form-action 'self'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_an_unknown_page_is_plain_and_not_found(client: TestClient) -> None:
    answer = client.get("/console/none/<script>")
    assert answer.status_code == 404
    assert "script" not in answer.text


def test_pages_need_no_script_and_no_other_host(sign_in: SignIn, story: Callable[[str, str], int]) -> None:
    number = story("cedar-app", "story-1-contact")
    client = sign_in("cedar-coresponse")
    for path in ("/console", f"/console/messages/{number}", "/console/referrals", "/console/alarms", "/console/holds"):
        html = client.get(path).text
        for foreign in ("<script", "style=", "onclick", 'src="', 'href="http'):
            assert foreign not in html.replace("<style", ""), path


def test_the_cookie_is_for_tls_alone_under_tls() -> None:
    assert "Secure" in signing_in.cookie("x", secure=True)
