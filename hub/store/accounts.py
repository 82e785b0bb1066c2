"""Accounts: who may sign in, locked after wrong tries (CJIS Security Policy AC-7: five in fifteen minutes).

The hash of a passphrase and the secret of the codes are sealed; this module keeps and counts, `hub.identity` checks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update

from hub.errors import StoreError
from hub.records import Account
from hub.store import vault
from hub.store.tables import account
from hub.store.tx import Tx

#: Wrong tries within WINDOW seconds after which an account is locked until a person unlocks it.
TRIES, WINDOW = 5, 15 * 60.0
#: In whose custody an account's secrets are sealed: the hub's own.
CUSTODY = "hub"
_NOUN = "account"
_PUBLIC = [column for column in account.c if column.name != "code_step"]


def add(
    tx: Tx,
    *,
    name: str,
    custodies: Iterable[str],
    roles: Iterable[str],
    passphrase: bytes,
    secret: bytes,
    by: str,
) -> Account:
    """A new account, with the same roles in each of its organizations.

    Raises StoreError `store.state` when there is one of that name.
    """
    if find(tx, name) is not None:
        raise StoreError("store.state", "there is an account of that name", code="conflict")
    chosen, given = sorted(set(custodies)), list(roles)
    row = tx.connection.execute(
        account.insert().returning(*_PUBLIC),
        {
            "name": name,
            "custodies": chosen,
            "roles": {custody: [*given] for custody in chosen},
            "created_at": tx.now,
            "created_by": by,
            "code_step": 0,
            "failures": 0,
        },
    ).one()
    _keep(tx, row.id, passphrase, secret)
    return _record(row)


def find(tx: Tx, name: str) -> Account | None:
    """The account of that name, unless it was removed."""
    row = tx.connection.execute(
        select(*_PUBLIC).where(account.c.name == name, account.c.removed_at.is_(None))
    ).one_or_none()
    return None if row is None else _record(row)


def get(tx: Tx, account_id: int) -> Account | None:
    """One account, unless it was removed."""
    row = tx.connection.execute(
        select(*_PUBLIC).where(account.c.id == account_id, account.c.removed_at.is_(None))
    ).one_or_none()
    return None if row is None else _record(row)


def give(tx: Tx, name: str, custody: str, roles: Iterable[str]) -> Account:
    """It has these roles in that organization, and no others; those of its other organizations stay.

    Raises StoreError `store.not-found` when there is no such account, or it is not one of that organization.
    """
    found = find(tx, name)
    if found is None or custody not in found.custodies:
        raise StoreError("store.not-found", "there is no such account of that organization", code="not-found")
    return _change(tx, name, roles={**{key: list(kept) for key, kept in found.roles.items()}, custody: list(roles)})


def listed(tx: Tx, *, every: bool = False) -> list[Account]:
    """Those that stand; with `every`, removed ones too."""
    wanted = select(*_PUBLIC).order_by(account.c.id)
    return [
        _record(row) for row in tx.connection.execute(wanted if every else wanted.where(account.c.removed_at.is_(None)))
    ]


def secrets(tx: Tx, account_id: int) -> tuple[bytes, bytes]:
    """The passphrase's hash and the secret of the codes."""
    return vault.get(tx, _NOUN, account_id, "passphrase"), vault.get(tx, _NOUN, account_id, "code")


def code_step(tx: Tx, account_id: int) -> int:
    """The time step of the last code that was used."""
    return int(tx.connection.execute(select(account.c.code_step).where(account.c.id == account_id)).scalar_one())


def succeeded(tx: Tx, account_id: int, *, step: int) -> bool:
    """Signed in with the code of that time step. False when another sign-in used it first, or the account is locked."""
    changed = tx.connection.execute(
        update(account)
        .where(account.c.id == account_id, account.c.code_step < step, account.c.locked_at.is_(None))
        .values(code_step=step, failures=0, failed_at=None, used_at=tx.now)
    )
    return bool(changed.rowcount)


def failed(tx: Tx, account_id: int) -> bool:
    """A wrong try; True when it locked the account just now."""
    row = tx.connection.execute(
        select(account.c.failures, account.c.failed_at, account.c.locked_at)
        .where(account.c.id == account_id)
        .with_for_update()
    ).one()
    since = row.failed_at
    fresh = since is None or tx.now - since > timedelta(seconds=WINDOW)
    failures = 1 if fresh else row.failures + 1
    locks = failures >= TRIES and row.locked_at is None
    values: dict[str, Any] = {"failures": failures, "failed_at": tx.now if fresh else since}
    tx.connection.execute(
        update(account).where(account.c.id == account_id).values(**values | ({"locked_at": tx.now} if locks else {}))
    )
    return locks


def lock(tx: Tx, name: str) -> Account:
    """Nobody signs in by it. Raises StoreError `store.not-found`."""
    return _change(tx, name, locked_at=tx.now)


def unlock(tx: Tx, name: str) -> Account:
    """It may be used again. Raises StoreError `store.not-found`."""
    return _change(tx, name, locked_at=None, failures=0, failed_at=None)


def reset(tx: Tx, name: str, *, passphrase: bytes, secret: bytes) -> Account:
    """Another passphrase and another secret of the codes; unlocked. Raises StoreError `store.not-found`."""
    found = _change(tx, name, locked_at=None, failures=0, failed_at=None, code_step=0)
    vault.remove(tx, _NOUN, found.id)
    _keep(tx, found.id, passphrase, secret)
    return found


def remove(tx: Tx, name: str) -> Account:
    """It is gone, and its secrets with it; the audit keeps the name. Raises StoreError `store.not-found`."""
    found = _change(tx, name, removed_at=tx.now)
    vault.remove(tx, _NOUN, found.id)
    return found


def _keep(tx: Tx, account_id: int, passphrase: bytes, secret: bytes) -> None:
    vault.put_parts(tx, _NOUN, account_id, {"passphrase": passphrase, "code": secret}, custody=CUSTODY)


def _change(tx: Tx, name: str, **values: Any) -> Account:
    row = tx.connection.execute(
        update(account)
        .where(account.c.name == name, account.c.removed_at.is_(None))
        .values(**values)
        .returning(*_PUBLIC)
    ).one_or_none()
    if row is None:
        raise StoreError("store.not-found", "there is no such account", code="not-found")
    return _record(row)


def _record(row: Row[Any]) -> Account:
    roles = {custody: tuple(given) for custody, given in row.roles.items()}
    return Account(**(dict(row._mapping) | {"custodies": tuple(row.custodies), "roles": roles}))
