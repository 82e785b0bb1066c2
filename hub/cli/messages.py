"""The commands on messages: what came in, what became of it, taking it in again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.edge import write
from hub.cli.store import (
    HUB_TOML,
    By,
    Config,
    Json,
    Limit,
    Since,
    Until,
    choice,
    done,
    missing,
    opened,
    period,
    plain,
    rows,
)

State = Annotated[str | None, typer.Option("--state", help="Only those in this state.")]
From = Annotated[str | None, typer.Option("--source", help="Only those of this source.")]


def list_messages(
    config: Config = HUB_TOML,
    state: State = None,
    source: From = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """The newest messages: source, size, state, findings."""
    from hub.records import MessageState
    from hub.store import messages

    known = choice(state, MessageState, "--state")
    first, last = period(since, until)
    with opened(config) as hub:
        found = hub.store.read(
            lambda tx: messages.listed(tx, source=source, state=known, since=first, until=last, limit=limit)
        )
    rows(
        "Messages",
        [
            {
                "id": m.id,
                "received_at": m.received_at,
                "source": m.source,
                "organization": m.organization,
                "size": m.size,
                "state": m.state,
                "findings": len(m.issues),
            }
            for m in found
        ],
        as_json,
    )


def show_message(message_id: int, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """One message step by step: states, structure, codes, findings. Not its content: that is for its custody."""
    from hub.store import messages, traces

    with opened(config) as hub:
        message, steps = hub.store.read(lambda tx: (messages.get(tx, message_id), traces.of(tx, message_id)))
    if message is None:
        missing("message")
    shown = [{"step": s.step, "state": s.state, "at": s.at, "detail": s.detail} for s in steps]
    if as_json:
        write(plain({"id": message.id, "state": message.state, "trace": shown, "issues": list(message.issues)}))
        return
    rows(f"Message {message.id}: {message.state}", shown, as_json)
    if message.issues:
        rows(
            "Findings",
            [
                {
                    "severity": i["severity"],
                    "rule": i["details"]["coding"][0]["code"],
                    "place": (i.get("expression") or [""])[0],
                    "what": i["details"]["text"],
                }
                for i in message.issues
            ],
            as_json,
        )


def replay_messages(
    by: By,
    message_ids: Annotated[list[int] | None, typer.Argument(metavar="[MESSAGE...]")] = None,
    config: Config = HUB_TOML,
    state: State = None,
    source: From = None,
    since: Since = None,
    until: Until = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which, and do nothing.")] = False,
    limit: Limit = 500,
    as_json: Json = False,
) -> None:
    """Takes messages in again as new ones with lineage, those named or those that match the options, in the order in
    which they came; the hub reads them when it next runs. They keep their place in time among what was told."""
    from hub.errors import HubError
    from hub.loop.hold import name_of
    from hub.loop.replaying import AGAIN, replay
    from hub.records import MessageState
    from hub.store import messages

    person, known = name_of(by), choice(state, MessageState, "--state")
    first, last = period(since, until)
    chosen = (state, source, since, until)
    if bool(message_ids) == any(one is not None for one in chosen):
        raise typer.BadParameter("name messages, or choose them by --state, --source, --since, --until")
    if known is not None and known not in AGAIN:
        raise typer.BadParameter(", ".join(AGAIN), param_hint="--state")
    with opened(config) as hub:
        if message_ids and len(message_ids) == 1 and not dry_run:
            old = message_ids[0]
            one = hub.store.write(lambda tx: replay(tx, hub, old, by=person))
            done({"message": one.id, "replays": old}, f"Message {old} is taken in again as {one.id}.", as_json)
            return
        if not message_ids:
            found = hub.store.read(
                lambda tx: messages.listed(tx, source=source, state=known, since=first, until=last, limit=limit)
            )
            message_ids = [one.id for one in found if one.state in AGAIN]
        made: list[dict[str, Any]] = []
        for number in sorted(message_ids):
            if dry_run:
                made.append({"message": None, "replays": number, "error": None})
                continue
            try:
                new = hub.store.write(lambda tx, number=number: replay(tx, hub, number, by=person))  # type: ignore[misc]
            except HubError as error:
                made.append({"message": None, "replays": number, "error": error.rule})
            else:
                made.append({"message": new.id, "replays": number, "error": None})
    rows("Would be taken in again" if dry_run else "Taken in again", made, as_json)
    if any(one["error"] for one in made):
        raise typer.Exit(1)
