"""Commands of the accounts by which people sign in to the console: a passphrase and a code."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.store import HUB_TOML, By, Config, Json, done, opened, rows

if TYPE_CHECKING:
    from collections.abc import Callable

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name, which the audit has.")]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Where the passphrase is; without it, it is asked for.")
]


def add_user(
    name: Name,
    organization: Annotated[list[str], typer.Option("--organization", help="Whose content; may be repeated.")],
    by: By,
    role: Annotated[
        list[str] | None, typer.Option("--role", help="What they may do there; may be repeated. Else read-only.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Makes an account and prints, this once, the address by which an authenticator makes its codes."""
    from hub.identity.role import LEAST
    from hub.loop import signing_in

    phrase = _phrase(passphrase_file)
    with opened(config) as hub:
        made, address = signing_in.add(hub, name, custodies=organization, phrase=phrase, by=by, roles=role or LEAST)
    done({"account": made.id, "name": made.name, "otpauth": address}, f"{made.name} may sign in.\n{address}", as_json)


def reset_user(
    name: Name, by: By, passphrase_file: PassphraseFile = None, config: Config = HUB_TOML, as_json: Json = False
) -> None:
    """Another passphrase and other codes, and the lock undone: for who lost either."""
    from hub.loop import signing_in

    phrase = _phrase(passphrase_file)
    with opened(config) as hub:
        address = signing_in.reset(hub, name, phrase=phrase, by=by)
    done({"name": name, "otpauth": address}, f"{name} has other codes.\n{address}", as_json)


def give_roles(
    name: Name,
    organization: Annotated[str, typer.Option("--organization", help="In which organization.")],
    role: Annotated[
        list[str],
        typer.Option(
            "--role", help="read-only, clinician, interface-analyst, hold-owner, privacy-officer; may be repeated."
        ),
    ],
    by: By,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Gives an account these roles in one organization, in place of those it has there, from its next page on."""
    from hub.loop import signing_in

    with opened(config) as hub:
        made = hub.store.write(lambda tx: signing_in.give(tx, hub, name, custody=organization, roles=role, by=by))
    given = list(made.roles[organization])
    done({"name": name, "organization": organization, "roles": given}, f"{name}: {', '.join(given)}.", as_json)


def lock_user(name: Name, by: By, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Nobody signs in by it until it is unlocked, and its sessions are at an end."""
    from hub.loop import signing_in

    _change(signing_in.lock, name, by, config)
    done({"name": name, "state": "locked"}, f"{name} is locked.", as_json)


def unlock_user(name: Name, by: By, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """It may be used again, after five wrong tries in a quarter of an hour or after `lock`."""
    from hub.loop import signing_in

    _change(signing_in.unlock, name, by, config)
    done({"name": name, "state": "open"}, f"{name} may sign in again.", as_json)


def remove_user(name: Name, by: By, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """It is gone, with its sessions; the audit keeps the name."""
    from hub.loop import signing_in

    _change(signing_in.remove, name, by, config)
    done({"name": name, "state": "removed"}, f"{name} is removed.", as_json)


def list_users(config: Config = HUB_TOML, as_json: Json = False) -> None:
    """The accounts, for whom they are, when they were last used, and which are locked."""
    from hub.store import accounts

    with opened(config) as hub:
        found = hub.store.read(accounts.listed)
    shown: list[dict[str, Any]] = [
        {
            "name": one.name,
            "organizations": " ".join(one.custodies),
            "roles": "; ".join(f"{custody}: {' '.join(one.roles.get(custody, ()))}" for custody in one.custodies),
            "state": "locked" if one.locked_at else "open",
            "used_at": one.used_at,
            "created_at": one.created_at,
            "created_by": one.created_by,
        }
        for one in found
    ]
    rows("Accounts", shown, as_json)


def issue_client(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source of the settings with `issued = true`.")],
    by: By,
    days: Annotated[int | None, typer.Option("--days", min=1, help="It ends after so many days.")] = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Makes a token for a source, beside those it has, and prints it this once."""
    from hub.loop import credentialing

    with opened(config) as hub:
        made, token = credentialing.issue(hub, source, by=by, days=days)
    done({"credential": made.id, "token": token}, token, as_json)


def rotate_client(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source of the settings with `issued = true`.")],
    by: By,
    overlap: Annotated[int, typer.Option("--overlap", min=0, help="Hours for which the ones before stay good.")] = 24,
    days: Annotated[int | None, typer.Option("--days", min=1, help="The new one ends after so many days.")] = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Makes a new token for a source; those it had end after the overlap."""
    from hub.loop import credentialing

    with opened(config) as hub:
        made, token = credentialing.rotate(hub, source, by=by, overlap_hours=overlap, days=days)
    done({"credential": made.id, "token": token}, token, as_json)


def revoke_client(
    credential: Annotated[int, typer.Argument(metavar="ID", help="Its number, as `list` shows it.")],
    by: By,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """A token is good for nothing any more; every hub knows within a second."""
    from hub.loop import credentialing

    with opened(config) as hub:
        hub.store.write(lambda tx: credentialing.revoke(tx, hub, credential, by=by))
    done({"credential": credential, "state": "revoked"}, f"Credential {credential} is revoked.", as_json)


def list_clients(config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Every token that was issued: for which source, by whom, until when."""
    from hub.store import credentials

    with opened(config) as hub:
        found = hub.store.read(credentials.listed)
    shown = [{name: value for name, value in asdict(one).items() if name != "digest"} for one in found]
    rows("Credentials", shown, as_json)


def _phrase(file: Path | None) -> str:
    from hub.errors import IdentityError

    if file is None:
        return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True))
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise IdentityError("identity.passphrase", "the passphrase's file cannot be read", path=file.name) from None


def _change(act: Callable[..., None], name: str, by: str, config: Path) -> None:
    with opened(config) as hub:
        hub.store.write(lambda tx: act(tx, hub, name, by=by))
