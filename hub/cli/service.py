"""The service's commands: run it, check what it needs, look into its store, settle what waits for a person.

They open the hub's own store with its keys, as its operator on its machine. They print ids, states, codes and
counts; never a payload value. What they change is audited under the name given with --by.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli import (
    client_key,
    codes,
    database,
    deliveries,
    disclosures,
    incidents,
    keys,
    lanes,
    messages,
    restrictions,
    retention,
    user,
    waiting,
)
from hub.cli.edge import write
from hub.cli.store import HUB_TOML, Config, Json, Limit, opened, rows


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.command()(run)
    app.command()(worker)
    app.command()(token)
    app.command()(doctor)
    groups: tuple[tuple[str, str, dict[str, Callable[..., None]]], ...] = (
        (
            "messages",
            "What came in.",
            {
                "list": messages.list_messages,
                "show": messages.show_message,
                "replay": messages.replay_messages,
            },
        ),
        (
            "holds",
            "What waits for a person's decision.",
            {
                "list": waiting.list_holds,
                "show": waiting.show_hold,
                "release": waiting.release_hold,
                "reject": waiting.reject_hold,
            },
        ),
        (
            "codes",
            "Codes that nobody has mapped.",
            {"list": codes.list_codes, "show": codes.show_code, "replay": codes.replay_codes},
        ),
        (
            "incidents",
            "What was told of one incident.",
            {
                "expunge": incidents.expunge_incident,
                "part2-found": incidents.part2_found,
                "part2-settle": incidents.part2_settle,
                "part2-report": incidents.part2_report,
            },
        ),
        ("alarms", "What a named person must act on.", {"list": waiting.list_alarms, "ack": waiting.acknowledge_alarm}),
        ("referrals", "Where each loop stands.", {"list": list_referrals, "emergency": disclosures.emergency}),
        (
            "keys",
            "The keys that documents are sealed under.",
            {
                "list": keys.list_keys,
                "rotate": keys.rotate_keys,
                "rewrap": keys.rewrap_keys,
                "retire": keys.retire_key,
                "root": keys.move_root,
            },
        ),
        (
            "user",
            "Who may sign in to the console.",
            {
                "add": user.add_user,
                "list": user.list_users,
                "role": user.give_roles,
                "reset": user.reset_user,
                "lock": user.lock_user,
                "unlock": user.unlock_user,
                "remove": user.remove_user,
            },
        ),
        (
            "client",
            "The tokens of sources.",
            {
                "issue": user.issue_client,
                "list": user.list_clients,
                "rotate": user.rotate_client,
                "revoke": user.revoke_client,
            },
        ),
        ("smart", "The keys by which the hub signs itself in at a center.", {"new-key": client_key.new_key}),
        ("retention", "What is disposed of, and when.", {"run": retention.run_retention}),
        (
            "legal-holds",
            "What must be kept, whatever the schedule says.",
            {
                "place": retention.place_legal_hold,
                "lift": retention.lift_legal_hold,
                "list": retention.list_legal_holds,
            },
        ),
        (
            "db",
            "The database: backups.",
            {"backup": database.back_up, "verify": database.verify_backup, "restore": database.restore_backup},
        ),
        (
            "lanes",
            "What goes to each destination, in order.",
            {
                "list": lanes.list_lanes,
                "show": lanes.show_lane,
                "unblock": lanes.unblock_lane,
                "join": lanes.join_lanes,
                "destinations": lanes.list_destinations,
                "pause": lanes.pause,
                "drain": lanes.drain,
                "resume": lanes.resume,
            },
        ),
        (
            "deliveries",
            "What is on its way, what went, and what was given up.",
            {
                "list": deliveries.list_deliveries,
                "show": deliveries.show_delivery,
                "replay": deliveries.replay_deliveries,
                "give-up": deliveries.give_up,
            },
        ),
        ("audit", "Who did what.", {"verify": verify_audit, "export": export_audit}),
        (
            "disclosures",
            "What left, to whom, for what.",
            {
                "list": disclosures.list_disclosures,
                "accounting": disclosures.accounting,
                "intermediary": disclosures.intermediary,
                "suspend": disclosures.suspend,
            },
        ),
        (
            "restrictions",
            "What patients asked not to be disclosed.",
            {
                "list": restrictions.list_restrictions,
                "ask": restrictions.ask,
                "agree": restrictions.agree,
                "deny": restrictions.deny,
                "notice": restrictions.notice,
                "end": restrictions.end,
            },
        ),
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


def worker(
    config: Config = HUB_TOML,
    ready_file: Annotated[
        Path | None, typer.Option("--ready-file", help="Written once the worker works: its pid (JSON).")
    ] = None,
) -> None:
    """Reads and sends, and listens nowhere: beside `handoff run`, as many as there are cores to work. Each may be
    started and stopped at any time."""
    from hub.cli import serving
    from hub.settings import load

    serving.work(load(config), say=typer.echo, ready_file=ready_file)


def token(config: Config = HUB_TOML) -> None:
    """Makes another one-time token for the console, good for ten minutes: for whoever signs in next."""
    from hub import drbg
    from hub.console import signing_in

    with opened(config) as hub:
        made = drbg.token()
        hub.store.write(lambda tx: signing_in.issue(tx, made))
    typer.echo(made)


# ── referrals, audit ──────────────────────────────────────────────────────────────────────────────────────────────


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


def verify_audit(config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Recomputes the audit chain and checks its signed checkpoints. Exit 1 where it does not hold."""
    from hub.audit import chain
    from hub.store.tx import Tx

    with opened(config) as hub:
        known = [hub.store.keys.signing_key()]

        def look(tx: Tx) -> tuple[list[Any], int]:
            return chain.verify(tx, known), len(chain.checkpoints(tx))

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
    form: Annotated[str, typer.Option("--as", metavar="fhir|syslog", help="NDJSON, or RFC 5424 lines.")] = "fhir",
    as_json: Json = False,
) -> None:
    """The audit as FHIR AuditEvents (NDJSON) or syslog messages (ATNA), in order; for the hub's own custody only."""
    from hub.audit import atna, chain
    from hub.audit.fhir import to_fhir

    if form not in ("fhir", "syslog"):
        raise typer.BadParameter("fhir or syslog", param_hint="--as")

    with opened(config) as hub:
        while found := hub.store.read(lambda tx, start=after: chain.events(tx, after=start)):  # type: ignore[misc]
            for number, event in found:
                if form == "fhir":
                    write(to_fhir(event))
                else:
                    typer.echo(atna.syslog(event, number).decode())
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
