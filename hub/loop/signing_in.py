"""A person signs in with an account: passphrase and code together, counted, locked, audited; and accounts changed.

Which of the two was wrong, and whether there is such an account, is not said, and takes the same time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from hub.errors import IdentityError
from hub.identity import code, passphrase, role
from hub.loop.context import Hub
from hub.loop.hold import name_of
from hub.loop.record import audit
from hub.records import Account
from hub.store import accounts
from hub.store.tx import Tx


def sign_in(hub: Hub, name: str, phrase: str, presented: str, custody: str) -> Account | None:
    """The account, if all of it holds and it is one of that custody; else None. Every try is counted and audited.

    Blocks for about a tenth of a second, by design.
    """

    def look(tx: Tx) -> tuple[Account | None, bytes | None, bytes, int]:
        found = accounts.find(tx, name)
        if found is None:
            return None, None, bytes(20), 0
        return (found, *accounts.secrets(tx, found.id), accounts.code_step(tx, found.id))

    found, kept, secret, after = hub.store.read(look)
    phrase_holds = passphrase.matches(phrase, kept)
    step = code.step_of(secret, presented, hub.store.now(), after)
    good = found is not None and phrase_holds and step is not None and custody in found.custodies

    def settle(tx: Tx) -> bool:
        done = False
        if found is not None and good and step is not None:
            done = accounts.succeeded(tx, found.id, step=step)
        elif found is not None and accounts.failed(tx, found.id):
            audit(tx, hub, who=hub.name, action="U", kind="account.locked", entity=("account", found.id), outcome="4")
        return done

    return found if hub.store.write(settle) else None


def add(
    hub: Hub, name: str, *, custodies: Iterable[str], phrase: str, by: str, roles: Collection[str] = role.LEAST
) -> tuple[Account, str]:
    """A new account and the address of its codes for an authenticator program, shown this once.

    Raises IdentityError `identity.custody`, `identity.passphrase`, `identity.role`; StoreError `store.state`; HubError
    `hold.person`.
    """
    person, account, chosen, given = name_of(by), name_of(name), tuple(custodies), role.check(roles)
    known = {organization.id for organization in hub.settings.organization}
    if not chosen or set(chosen) - known:
        raise IdentityError("identity.custody", "an account is of one or more configured organizations")
    passphrase.check(phrase, account)
    # slow by design: not while the writer waits
    kept, secret = passphrase.hashed(phrase), code.new_secret()

    def work(tx: Tx) -> Account:
        made = accounts.add(tx, name=account, custodies=chosen, roles=given, passphrase=kept, secret=secret, by=person)
        _note(tx, hub, person, "added", made, given)
        return made

    return hub.store.write(work), code.address(secret, account)


def reset(hub: Hub, name: str, *, phrase: str, by: str) -> str:
    """Another passphrase and another secret of the codes; the address. Raises as `add`, `store.not-found` too."""
    person = name_of(by)
    passphrase.check(phrase, name)
    kept, secret = passphrase.hashed(phrase), code.new_secret()
    hub.store.write(
        lambda tx: _note(tx, hub, person, "reset", accounts.reset(tx, name, passphrase=kept, secret=secret))
    )
    return code.address(secret, name)


def give(tx: Tx, hub: Hub, name: str, *, custody: str, roles: Collection[str], by: str) -> Account:
    """The account has these roles in that organization, and no others, from its next page on.

    Raises IdentityError `identity.role`, StoreError `store.not-found`, HubError `hold.person`.
    """
    person, given = name_of(by), role.check(roles)
    made = accounts.give(tx, name, custody, given)
    _note(tx, hub, person, "roles", made, (custody, *given))
    return made


def lock(tx: Tx, hub: Hub, name: str, *, by: str) -> None:
    """Nobody signs in by it. Raises StoreError `store.not-found`."""
    _note(tx, hub, name_of(by), "locked", accounts.lock(tx, name))


def unlock(tx: Tx, hub: Hub, name: str, *, by: str) -> None:
    """It may be used again. Raises StoreError `store.not-found`."""
    _note(tx, hub, name_of(by), "unlocked", accounts.unlock(tx, name))


def remove(tx: Tx, hub: Hub, name: str, *, by: str) -> None:
    """It is gone. Raises StoreError `store.not-found`."""
    _note(tx, hub, name_of(by), "removed", accounts.remove(tx, name))


Act = Literal["added", "reset", "roles", "locked", "unlocked", "removed"]


def _note(tx: Tx, hub: Hub, person: str, act: Act, changed: Account, detail: tuple[str, ...] = ()) -> None:
    audit(tx, hub, who=person, action="U", kind=f"account.{act}", entity=("account", changed.id), detail=detail)
