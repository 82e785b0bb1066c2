"""Accounts on a hub: both factors, one sign-in a code, the lock of CJIS AC-7, and what the audit has of it."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from hub.audit import chain
from hub.errors import HubError, IdentityError, StoreError
from hub.loop import signing_in
from hub.store import accounts
from hub.store.tables import sealed

World = Any
PHRASE = "seven lanterns over the weir"
CEDAR, LAKESHORE = "cedar-coresponse", "lakeshore-cmhc"


def code(world: World) -> str:
    """What the authenticator shows now."""
    found = world.store.read(lambda tx: accounts.find(tx, "Ada Quillfeather"))
    secret = world.store.read(lambda tx: accounts.secrets(tx, found.id))[1]
    return TOTP(secret, 6, SHA1(), 30).generate(int(world.time.now.timestamp())).decode()


def enter(world: World, *, name: str = "Ada Quillfeather", phrase: str = PHRASE, digits: str | None = None,
          custody: str = CEDAR) -> bool:  # fmt: skip
    return signing_in.sign_in(world.hub, name, phrase, digits or code(world), custody) is not None


@pytest.fixture
def known(world: World) -> World:
    signing_in.add(world.hub, "Ada Quillfeather", custodies=[CEDAR], phrase=PHRASE, by="An Operator")
    return world


def kinds(world: World) -> list[tuple[str, str]]:
    return [(e.kind, e.who) for _, e in world.store.read(chain.events) if e.kind.startswith("account.")]


def test_both_factors_let_in_once_a_code(known: World) -> None:
    digits = code(known)
    assert enter(known, digits=digits)
    assert not enter(known, digits=digits)  # somebody looked over a shoulder
    known.time.forward(30)
    assert enter(known)


@pytest.mark.parametrize(
    "wrong",
    [
        {"phrase": "six lanterns over the weir"},
        {"phrase": ""},
        {"digits": "000000"},
        {"digits": "what"},
        {"name": "Nobody At All"},
        {"custody": LAKESHORE},
    ],
)
def test_anything_wrong_keeps_out(known: World, wrong: dict[str, str]) -> None:
    assert not enter(known, **wrong)
    known.time.forward(30)
    assert enter(known)


def test_five_wrong_tries_in_a_quarter_of_an_hour_lock(known: World) -> None:
    for _ in range(5):
        assert not enter(known, phrase="a wrong one, and again")
    known.time.forward(3600)
    assert not enter(known)  # time alone does not open it
    assert kinds(known)[-1] == ("account.locked", known.hub.name)
    known.store.write(lambda tx: signing_in.unlock(tx, known.hub, "Ada Quillfeather", by="An Operator"))
    assert enter(known)


def test_wrong_tries_over_a_longer_time_do_not_lock(known: World) -> None:
    for _ in range(12):
        assert not enter(known, phrase="a wrong one, and again")
        known.time.forward(300)
    assert enter(known)


def test_a_person_locks_resets_and_removes(known: World) -> None:
    def change(act: Any) -> None:
        known.store.write(lambda tx: act(tx, known.hub, "Ada Quillfeather", by="An Operator"))

    change(signing_in.lock)
    assert not enter(known)
    signing_in.reset(known.hub, "Ada Quillfeather", phrase="nine otters under a bridge", by="An Operator")
    known.time.forward(30)
    assert not enter(known)
    known.time.forward(30)
    assert enter(known, phrase="nine otters under a bridge")
    change(signing_in.remove)
    known.time.forward(30)
    assert signing_in.sign_in(known.hub, "Ada Quillfeather", PHRASE, "000000", CEDAR) is None
    left = known.store.read(lambda tx: tx.connection.execute(sealed.select().where(sealed.c.noun == "account")).all())
    assert left == []
    assert [kind for kind, _ in kinds(known)] == [
        "account.added", "account.locked", "account.reset", "account.removed",
    ]  # fmt: skip
    # the name may be given again
    signing_in.add(known.hub, "Ada Quillfeather", custodies=[CEDAR], phrase=PHRASE, by="An Operator")


def test_an_account_is_made_once_for_organizations_that_there_are(known: World) -> None:
    with pytest.raises(StoreError, match=r"store\.state"):
        signing_in.add(known.hub, "Ada Quillfeather", custodies=[CEDAR], phrase=PHRASE, by="An Operator")
    for custodies in ([], ["elsewhere"]):
        with pytest.raises(IdentityError, match=r"identity\.custody"):
            signing_in.add(known.hub, "Another", custodies=custodies, phrase=PHRASE, by="An Operator")
    with pytest.raises(HubError, match=r"hold\.person"):
        signing_in.add(known.hub, "Another", custodies=[CEDAR], phrase=PHRASE, by="")
    with pytest.raises(StoreError, match=r"store\.not-found"):
        known.store.write(lambda tx: signing_in.unlock(tx, known.hub, "Nobody", by="An Operator"))
