"""The service's commands: run it, look into its store, settle what waits for a person, check what it needs.

They open the hub's own store with its keys, as its operator on its machine. They print ids, states, codes and
counts; never a payload value. What they change is audited under the name given with --by.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from hub.cli.edge import write

if TYPE_CHECKING:
    from hub.loop.context import Hub
    from hub.settings import Settings

Config = Annotated[Path, typer.Option("--config", help="The hub's settings.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output; errors as an OperationOutcome.")]
By = Annotated[str, typer.Option("--by", metavar="PERSON", help="Who does this, as the audit shall have it.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")]

HUB_TOML = Path("hub.toml")


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.command()(run)
    app.command()(token)
    app.command()(doctor)
    groups: tuple[tuple[str, str, dict[str, Callable[..., None]]], ...] = (
        ("messages", "What came in.", {"list": list_messages, "show": show_message, "replay": replay_message}),
        (
            "holds",
            "What waits for a person's decision.",
            {"list": list_holds, "show": show_hold, "release": release_hold, "reject": reject_hold},
        ),
        ("alarms", "What a named person must act on.", {"list": list_alarms, "ack": acknowledge_alarm}),
        ("referrals", "Where each loop stands.", {"list": list_referrals}),
        ("lanes", "What goes to each destination, in order.", {"list": list_lanes, "unblock": unblock_lane}),
        ("audit", "Who did what.", {"verify": verify_audit, "export": export_audit}),
        ("disclosures", "What left, to whom, for what.", {"list": list_disclosures}),
    )
    for name, about, commands in groups:
        group = typer.Typer(help=about, no_args_is_help=True)
        for verb, command in commands.items():
            group.command(verb)(command)
        app.add_typer(group, name=name)


# ── the service ───────────────────────────────────────────────────────────────────────────────────────────────────


def run(
    config: Config = HUB_TOML,
    host: Annotated[str | None, typer.Option("--host", help="Listen here instead.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = None,
    ready_file: Annotated[
        Path | None, typer.Option("--ready-file", help="Written once the hub listens: pid, ports, token (JSON).")
    ] = None,
) -> None:
    """Runs the hub until it is told to stop (Ctrl-C, SIGTERM): what it was doing is finished or taken up later."""
    from hub.cli import serving
    from hub.settings import load

    environ = dict(os.environ)
    if host is not None:
        environ["HANDOFF_HUB__BIND"] = host
    if port is not None:
        environ["HANDOFF_HUB__PORT"] = str(port)
    serving.serve(load(config, environ=environ), say=typer.echo, ready_file=ready_file)


def token(config: Config = HUB_TOML) -> None:
    """Makes another one-time token for the console, good for ten minutes: for whoever signs in next."""
    import secrets

    from hub.console import signing_in

    made = secrets.token_urlsafe(32)
    with opened(config) as hub:
        hub.store.write(lambda tx: signing_in.issue(tx, made))
    typer.echo(made)


# ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────


def list_messages(
    config: Config = HUB_TOML,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state.")] = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """The newest messages: source, size, state, findings."""
    from typing import get_args

    from hub.records import MessageState
    from hub.store import messages

    known = next((one for one in get_args(MessageState) if one == state), None)
    if state is not None and known is None:
        raise typer.BadParameter(", ".join(get_args(MessageState)), param_hint="--state")
    with opened(config) as hub:
        found = hub.store.read(lambda tx: messages.listed(tx, state=known, limit=limit))
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
        write(_plain({"id": message.id, "state": message.state, "trace": shown, "issues": list(message.issues)}))
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


def replay_message(message_id: int, by: By, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Takes the same bytes in again as a new message; the hub reads it when it next runs."""
    from hub.loop.hold import name_of
    from hub.loop.record import audit
    from hub.store import messages
    from hub.store.tx import Tx

    person = name_of(by)
    with opened(config) as hub:

        def work(tx: Tx) -> Any:
            made = messages.replay(tx, message_id)
            audit(
                tx,
                hub,
                who=person,
                action="E",
                kind="message.replayed",
                entity=("message", message_id),
                custody=made.custody,
                detail=(f"as:{made.id}",),
            )
            return made

        made = hub.store.write(work)
    done({"message": made.id, "replays": message_id}, f"Message {message_id} is taken in again as {made.id}.", as_json)


# ── holds and alarms ──────────────────────────────────────────────────────────────────────────────────────────────


def list_holds(
    config: Config = HUB_TOML,
    every: Annotated[bool, typer.Option("--all", help="Settled ones too.")] = False,
    limit: Limit = 500,
    as_json: Json = False,
) -> None:
    """The open holds, oldest first."""
    from hub.store import holds

    with opened(config) as hub:
        found = hub.store.read(lambda tx: holds.listed(tx, state=None if every else "open", limit=limit))
    rows("Holds", [_hold(one) for one in found], as_json)


def show_hold(hold_id: int, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """One hold, who settled it, and the reference of what that rests on."""
    from hub.store import holds

    with opened(config) as hub:
        found, evidence = hub.store.read(lambda tx: (holds.get(tx, hold_id), holds.evidence(tx, hold_id)))
    if found is None:
        missing("hold")
    record = _hold(found) | {
        "message": found.message_id,
        "resolved_by": found.resolved_by,
        "resolved_at": found.resolved_at,
        "reason_code": found.reason_code,
        "evidence": evidence,
    }
    if as_json:
        write(_plain(record))
    else:
        rows(f"Hold {hold_id}", [{"field": key, "value": value} for key, value in record.items()], as_json)


Reason = Annotated[str, typer.Option("--reason", metavar="CODE", help="Why: a code, no text about a person.")]
Evidence = Annotated[str | None, typer.Option("--evidence", metavar="REF", help="What it rests on: a reference.")]


def release_hold(
    hold_id: int,
    by: By,
    reason: Reason,
    destination: Annotated[
        str | None, typer.Option("--destination", metavar="ID", help="For a routing hold: where it goes.")
    ] = None,
    evidence: Evidence = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Lets what is held be decided again. It cannot overrule the decision."""
    _settle(config, hold_id, "release", by, reason, destination, evidence, as_json)


def reject_hold(
    hold_id: int,
    by: By,
    reason: Reason,
    evidence: Evidence = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Leaves what is held where it is."""
    _settle(config, hold_id, "reject", by, reason, None, evidence, as_json)


def _settle(
    config: Path,
    hold_id: int,
    action: Any,
    by: str,
    reason: str,
    destination: str | None,
    evidence: str | None,
    as_json: bool,
) -> None:
    from hub.loop import hold

    with opened(config) as hub:
        settled = hub.store.write(
            lambda tx: hold.resolve(
                tx,
                hub,
                hold_id,
                action=action,
                by=by,
                reason_code=reason,
                destination=destination,
                evidence=evidence,
            )
        )
    done({"hold": settled.id, "state": settled.state}, f"Hold {settled.id} is {settled.state}.", as_json)


def list_alarms(
    config: Config = HUB_TOML,
    every: Annotated[bool, typer.Option("--all", help="Those that ended too.")] = False,
    limit: Limit = 500,
    as_json: Json = False,
) -> None:
    """The alarms that ring, oldest first, and for whom."""
    from hub.store import alarms

    with opened(config) as hub:
        found = hub.store.read(lambda tx: alarms.listed(tx, open_only=not every, limit=limit))
    rows(
        "Alarms",
        [
            {
                "id": a.id,
                "kind": a.kind,
                "about": f"{a.subject_type}/{a.subject_id}",
                "owner": a.owner,
                "raised_at": a.raised_at,
                "rung": a.repeats + 1,
                "state": "taken" if a.acknowledged_at else "over" if a.cleared_at else "ringing",
                "by": a.acknowledged_by,
            }
            for a in found
        ],
        as_json,
    )


def acknowledge_alarm(alarm_id: int, by: By, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """A person takes an alarm: I act on it now. It stops ringing."""
    from hub.loop import alarm
    from hub.loop.hold import name_of

    person = name_of(by)
    with opened(config) as hub:
        taken = hub.store.write(lambda tx: alarm.take(tx, hub, alarm_id, by=person))
    done({"alarm": taken.id, "by": person}, f"Alarm {taken.id} is taken.", as_json)


# ── referrals, lanes, disclosures, audit ──────────────────────────────────────────────────────────────────────────


def list_referrals(
    config: Config = HUB_TOML,
    open_only: Annotated[bool, typer.Option("--open", help="Only those not closed.")] = False,
    limit: Limit = 500,
    as_json: Json = False,
) -> None:
    """Referrals, oldest first: who asks whom, by when, and whether it was delivered. Not what the center answered:
    that is the center's record, and reaches a referrer as an outcome."""
    from hub.store import deliveries, referrals
    from hub.store.tx import Tx

    def look(tx: Tx) -> list[dict[str, Any]]:
        return [
            {
                "task": r.task_id,
                "from": r.organization,
                "to": r.destination,
                "urgency": r.urgency,
                "requested_at": r.requested_at,
                "respond_by": r.respond_by,
                "delivery": sent[-1].state if (sent := deliveries.listed(tx, task_id=r.task_id)) else "none",
                "message": r.message_id,
            }
            for r in referrals.listed(tx, open_only=open_only, limit=limit)
        ]

    with opened(config) as hub:
        found = hub.store.read(look)
    rows("Referrals", found, as_json)


def list_lanes(
    config: Config = HUB_TOML,
    every: Annotated[bool, typer.Option("--all", help="Empty ones too.")] = False,
    limit: Limit = 500,
    as_json: Json = False,
) -> None:
    """The lanes with something to send, longest waiting first."""
    from hub.store import lanes

    with opened(config) as hub:
        found = hub.store.read(lambda tx: lanes.listed(tx, waiting=not every, limit=limit))
    rows(
        "Lanes",
        [
            {
                "id": one.id,
                "destination": one.destination,
                "order_key": one.order_key,
                "depth": one.depth,
                "ready_at": one.ready_at,
                "attempts": one.attempts,
                "blocked": one.blocked,
            }
            for one in found
        ],
        as_json,
    )


def unblock_lane(lane_id: int, by: By, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Lets a blocked lane go on with its first delivery."""
    from hub.errors import StoreError
    from hub.loop.hold import name_of
    from hub.loop.record import audit
    from hub.store import lanes
    from hub.store.tx import Tx

    person = name_of(by)
    with opened(config) as hub:

        def work(tx: Tx) -> None:
            if not lanes.unblock(tx, lane_id):
                raise StoreError("store.state", "there is no such blocked lane", code="conflict")
            audit(tx, hub, who=person, action="U", kind="lane.unblocked", entity=("lane", lane_id))

        hub.store.write(work)
    done({"lane": lane_id}, f"Lane {lane_id} goes on.", as_json)


def list_disclosures(
    config: Config = HUB_TOML,
    limit: Limit = 500,
    as_json: Json = False,
) -> None:
    """Disclosures, oldest first: from whom to whom, for what, how it ended. Accounting counts sent and unknown."""
    from hub.store import disclosures

    with opened(config) as hub:
        found = hub.store.read(lambda tx: disclosures.listed(tx, limit=limit))
    rows(
        "Disclosures",
        [
            {
                "id": d.id,
                "discloser": d.discloser,
                "recipient": d.recipient,
                "purpose": d.purpose,
                "resources": len(d.what),
                "consents": len(d.consents),
                "state": d.state,
                "intended_at": d.intended_at,
                "settled_at": d.settled_at,
                "digest": d.digest,
            }
            for d in found
        ],
        as_json,
    )


def verify_audit(config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Recomputes the audit chain and checks its signed checkpoints. Exit 1 where it does not hold."""
    from hub.audit import chain
    from hub.store.tx import Tx

    with opened(config) as hub:
        key = hub.store.keys.signing_key()

        def look(tx: Tx) -> tuple[list[Any], int]:
            return chain.verify(tx, [key.public_key()]), len(chain.checkpoints(tx))

        broken, points = hub.store.read(look)
    if as_json:
        write({"holds": not broken, "checkpoints": points, "broken": [{"seq": b.seq, "why": b.why} for b in broken]})
    elif broken:
        rows("The chain does not hold", [{"event": b.seq, "why": b.why} for b in broken], as_json)
    else:
        typer.echo(f"The chain holds; {points} signed checkpoints.")
    if broken:
        raise typer.Exit(1)


def export_audit(
    config: Config = HUB_TOML,
    after: Annotated[int, typer.Option("--after", min=0, help="Only events after this number.")] = 0,
    as_json: Json = False,
) -> None:
    """The audit as FHIR AuditEvents, NDJSON, in order. For use inside the hub's own custody."""
    from hub.audit import chain
    from hub.audit.fhir import to_fhir

    with opened(config) as hub:
        while found := hub.store.read(lambda tx, start=after: chain.events(tx, after=start)):  # type: ignore[misc]
            for number, event in found:
                write(to_fhir(event))
                after = number


# ── doctor ────────────────────────────────────────────────────────────────────────────────────────────────────────


def doctor(config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Checks what the hub needs, a line each with what to do about it. Changes nothing. Exit 1 on a problem."""
    from hub.cli.checkup import checkup

    found = list(checkup(config))
    if as_json:
        write([{"name": one.name, "ok": one.ok, "detail": one.detail, "todo": one.todo} for one in found])
    else:
        for one in found:
            todo = f". {one.todo}" if one.todo else ""
            typer.echo(f"{'ok     ' if one.ok else 'problem'}  {one.name}: {one.detail}{todo}")
    if not all(one.ok for one in found):
        raise typer.Exit(1)


# ── shared ────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def opened(config: Path) -> Iterator[Hub]:
    """The hub's store for one command, beside a hub that may be running on it."""
    import asyncio

    from hub.app import open_hub
    from hub.settings import load

    settings: Settings = load(config)
    hub = open_hub(settings)
    try:
        yield hub
    finally:
        hub.store.close()
        asyncio.run(hub.transport.close())


def rows(title: str, found: list[dict[str, Any]], as_json: bool) -> None:
    """A table for a terminal, tab-separated lines for a pipe, or one JSON array."""
    if as_json:
        write([_plain(one) for one in found])
        return
    if not found:
        typer.echo(f"{title}: none")
        return
    if not sys.stdout.isatty():
        typer.echo("\t".join(found[0]))
        for one in found:
            typer.echo("\t".join(_cell(value) for value in one.values()))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for name in found[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for one in found:
        table.add_row(*(escape(_short(value)) for value in one.values()))
    Console().print(table)


def done(record: dict[str, Any], sentence: str, as_json: bool) -> None:
    """What was done, as JSON or as a sentence."""
    if as_json:
        write(_plain(record))
    else:
        typer.echo(sentence)


def missing(noun: str) -> NoReturn:
    """Raises StoreError `store.not-found`."""
    from hub.errors import StoreError

    raise StoreError("store.not-found", f"there is no such {noun}", code="not-found")


def _hold(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "reason": one.reason,
        "owner": one.owner_role,
        "about": f"{one.subject_type}/{one.subject_id}",
        "custody": one.custody,
        "created_at": one.created_at,
        "state": one.state,
    }


def _plain(value: Any) -> Any:
    """Times as FHIR instants, also inside."""
    from datetime import datetime

    from mappings.times import instant

    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return instant(value) if isinstance(value, datetime) else value


def _short(value: Any) -> str:
    """One cell for a terminal: keyed ids by their first eight digits, times to the minute."""
    from datetime import UTC, datetime

    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%MZ}"
    return _KEYED.sub(r"\1", _cell(value))


#: A keyed id; its first eight digits tell ids on one screen apart.
_KEYED = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


def _cell(value: Any) -> str:
    """One cell: no tabs, no line ends, no control characters of a terminal."""
    import orjson

    plain = _plain(value)
    text = "" if plain is None else plain if isinstance(plain, str) else orjson.dumps(plain).decode()
    return "".join(each if each.isprintable() else " " for each in text)
