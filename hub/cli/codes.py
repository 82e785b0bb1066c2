"""The commands for codes that nobody has mapped: the queue, one of it, and reading its messages again.

They print the agencies' own codes, which a reviewer has to see; the hub's operator runs them on its own machine.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.edge import write
from hub.cli.store import HUB_TOML, By, Config, Json, Limit, done, missing, opened, plain, rows

Source = Annotated[str | None, typer.Option("--source", help="Only those of this source.")]


def list_codes(config: Config = HUB_TOML, source: Source = None, limit: Limit = 500, as_json: Json = False) -> None:
    """Codes that are in no table, the most frequent first: source, field, code, how often, since when."""
    from hub.store import unmapped

    with opened(config) as hub:
        found = hub.store.read(lambda tx: unmapped.listed(tx, source=source, open_for="*", limit=limit))
    rows("Unmapped codes", [_code(one) for one in found], as_json)


def show_code(code_id: int, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """One unmapped code with its system and the messages that have it."""
    from hub.store import unmapped

    with opened(config) as hub:
        found, which = hub.store.read(
            lambda tx: (unmapped.get(tx, code_id, open_for="*"), unmapped.messages_of(tx, [code_id]))
        )
    if found is None:
        missing("unmapped code")
    shown = _code(found) | {"system": found.system}
    if as_json:
        write(plain(shown | {"in": which}))
        return
    rows(f"Unmapped code {found.id}", [shown], as_json)
    typer.echo("in messages " + ", ".join(str(one) for one in which))


def replay_codes(
    by: By,
    code_ids: Annotated[list[int] | None, typer.Argument(metavar="ID", help="Those with these codes.")] = None,
    config: Config = HUB_TOML,
    source: Source = None,
    as_json: Json = False,
) -> None:
    """Takes the messages with these codes in again, once the table has them: by code, by source, or both.

    The hub reads them when it next runs. What changes is a new version; a center gets an update only if what it has
    changes. A code that the table still does not have is counted as before.
    """
    from hub.loop.hold import name_of
    from hub.loop.replaying import replay_unmapped

    if not code_ids and source is None:
        raise typer.BadParameter("name codes, or a source", param_hint="ID or --source")
    person = name_of(by)
    with opened(config) as hub:
        made = hub.store.write(lambda tx: replay_unmapped(tx, hub, code_ids or None, source=source, by=person))
    said = [{"message": new, "replays": old} for old, new in made]
    noun = "message is" if len(made) == 1 else "messages are"
    done({"replayed": said}, f"{len(made)} {noun} taken in again.", as_json)


def _code(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "source": one.source,
        "field": one.field,
        "code": one.code,
        "text": one.text,
        "number": one.number,
        "messages": one.messages,
        "first_seen": one.first_seen,
        "last_seen": one.last_seen,
    }
