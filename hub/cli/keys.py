"""Commands of the key ring: which keys there are, a new one, what is sealed under which, and the root key.

They work beside a running hub: documents are wrapped anew a few hundred at a time, and each hub takes a new key up
within its next minute. No command prints a key.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli.store import HUB_TOML, By, Config, Json, done, opened, rows

if TYPE_CHECKING:
    from hub.loop.context import Hub

Custody = Annotated[str | None, typer.Option("--custody", help="One organization's; without it, every one's.")]
Kid = Annotated[str, typer.Argument(metavar="KEY", help="The key's name.")]


def list_keys(config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Each custody's keys, which one seals now, and how many documents are sealed under each."""
    from hub.store import vault

    with opened(config) as hub:
        sealed = hub.store.read(vault.sealed_under)
        names = hub.store.keys.names()
    found: list[dict[str, Any]] = []
    for custody in sorted({*names, *(custody for custody, _ in sealed)}):
        active, kept = names.get(custody, ("", ()))
        for kid in dict.fromkeys((*kept, *(kid for one, kid in sealed if one == custody))):
            state = "active" if kid == active else "old" if kid in kept or not names else "missing"
            found.append({"custody": custody, "key": kid, "state": state, "documents": sealed.get((custody, kid), 0)})
    rows("Keys", found, as_json)


def rotate_keys(by: By, custody: Custody = None, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Makes a new key and wraps every document's own key under it. Bodies are neither opened nor written."""
    with opened(config) as hub:
        chosen = _custodies(hub, custody)
        for one in chosen:
            _audit(hub, by, "rotated", one, hub.store.keys.rotate(one, hub.clock()))
        moved = sum(_rewrap(hub, one) for one in chosen)
    done(
        {"custodies": chosen, "documents": moved},
        f"{len(chosen)} custodies have new keys; {moved} documents are under them.",
        as_json,
    )


def rewrap_keys(by: By, custody: Custody = None, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Wraps what is still under old keys: after a rotation that was cut off, or of keys given by the environment."""
    with opened(config) as hub:
        moved = 0
        for one in _custodies(hub, custody):
            moved += _rewrap(hub, one)
            _audit(hub, by, "rewrapped", one, hub.store.keys.active(one)[0])
    done({"documents": moved}, f"{moved} documents were wrapped anew.", as_json)


def retire_key(
    kid: Kid,
    custody: Annotated[str, typer.Option("--custody", help="Whose key it is.")],
    by: By,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Forgets an old key for good. Refused while a document is sealed under it, or a running hub may still use it."""
    from hub.errors import KeyringError
    from hub.store import vault

    with opened(config) as hub:
        if hub.store.read(vault.sealed_under).get((custody, kid)):
            raise KeyringError("keys.in-use", "documents are sealed under this key: rewrap first", code="conflict")
        hub.store.keys.retire(custody, kid, hub.clock())
        _audit(hub, by, "retired", custody, kid)
    done({"custody": custody, "key": kid}, f"Key {kid} is forgotten.", as_json)


def move_root(
    by: By,
    before: Annotated[
        str, typer.Option("--from", metavar="none|FILE", help="The root key until now: none, or settings that name it.")
    ],
    config: Config = HUB_TOML,
    make: Annotated[bool, typer.Option("--make", help="Generate the root key in the HSM if it is not there.")] = False,
    as_json: Json = False,
) -> None:
    """Wraps the key file's entries under the root key of the settings instead of the one before.

    The keys stay what they are: nothing sealed is touched. Stop the hub first, and start it with the new settings.
    """
    from hub.settings import load
    from hub.store.keys import FileKeys, Plain
    from hub.store.keys.opened import root_key

    settings = load(config)
    root = root_key(settings.keys, make=make)
    old = Plain() if before == "none" else root_key(load(Path(before)).keys)
    moved = FileKeys(settings.hub.keys, old).move(root)
    with opened(config) as hub:
        _audit(hub, by, "root-changed", None, root.name)
    done({"keys": moved, "root": root.name}, f"{moved} keys are wrapped by {root.name}.", as_json)


def _custodies(hub: Hub, custody: str | None) -> list[str]:
    from hub.errors import KeyringError
    from hub.store import vault

    known = sorted({*hub.store.keys.names(), *(one for one, _ in hub.store.read(vault.sealed_under))})
    if custody is None:
        return known
    if custody not in known:
        raise KeyringError("keys.unknown", "nothing is sealed for a custody of that name", code="not-found")
    return [custody]


def _rewrap(hub: Hub, custody: str) -> int:
    from hub.store import vault

    total = 0
    while moved := hub.store.write(lambda tx: vault.rewrap(tx, custody)):
        total += moved
    return total


Act = Literal["rotated", "rewrapped", "retired", "root-changed"]


def _audit(hub: Hub, by: str, act: Act, custody: str | None, key: str) -> None:
    from hub.loop.hold import name_of
    from hub.loop.record import audit

    person = name_of(by)
    hub.store.write(
        lambda tx: audit(tx, hub, who=person, action="E", kind=f"key.{act}", entity=("key", key), custody=custody)
    )
