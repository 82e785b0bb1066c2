"""Signing in with an account over HTTP; from elsewhere than this machine there is no other way."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from starlette.testclient import TestClient

from hub.audit import chain
from hub.console.door import Door
from hub.loop import signing_in
from hub.loop.context import Hub
from hub.store import accounts

PHRASE = "seven lanterns over the weir"
NAME = "Ada Quillfeather"


def enter(hub: Hub, client: TestClient, **other: str) -> Any:
    custody = hub.settings.organization[0].id
    found = hub.store.read(lambda tx: accounts.find(tx, NAME))
    assert found is not None
    secret = hub.store.read(lambda tx: accounts.secrets(tx, found.id))[1]
    code = TOTP(secret, 6, SHA1(), 30).generate(int(hub.store.now().timestamp())).decode()
    form = {"person": NAME, "custody": custody, "passphrase": PHRASE, "code": code} | other
    return client.post("/console/sign-in", data=form, follow_redirects=False)


def test_an_account_signs_in_and_the_audit_knows(hub: Hub, client: TestClient) -> None:
    signing_in.add(hub, NAME, custodies=[hub.settings.organization[0].id], phrase=PHRASE, by="An Operator")
    wrong = enter(hub, client, passphrase="another one altogether")
    assert wrong.status_code == 401
    assert PHRASE not in wrong.text
    assert "set-cookie" not in wrong.headers
    good = enter(hub, client)
    assert (good.status_code, good.headers["location"]) == (303, "/console")
    assert NAME in client.get("/console").text
    tried = [(e.who, e.outcome) for _, e in hub.store.read(chain.events) if e.kind == "sign-in"]
    assert tried == [(NAME, "4"), (NAME, "0")]


def test_a_token_opens_only_on_this_machine(hub: Hub) -> None:
    here, elsewhere = Door(hub, "a token"), Door(hub, "a token")
    assert here.tokens
    elsewhere.tokens = False
    form = {"token": "a token"}
    custody = hub.settings.organization[0].id
    assert elsewhere._begin(form, "A. Person", custody).status_code == 401
    assert here._begin(form, "A. Person", custody).status_code == 303
    assert b"one-time token" in here._sign_in(200, "").body
    assert b"one-time token" not in elsewhere._sign_in(200, "").body
