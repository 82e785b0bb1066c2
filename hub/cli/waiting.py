"""The commands for what waits for a person: holds and alarms."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.edge import write
from hub.cli.store import HUB_TOML, By, Config, Json, Limit, done, missing, opened, plain, rows


def list_holds(
    config: Config = HUB_TOML,
    every: Annotated[bool, typer.Option("--all", help="Settled ones too.")] = False,
    limit: Limit = 500,
    as_json: Json = False,
) -> None:
    """The open holds, oldest first: for whom, how old, whether the alarm still rings."""
    from hub.store import alarms, holds
    from hub.store.tx import Tx

    with opened(config) as hub:

        def look(tx: Tx) -> list[dict[str, Any]]:
            ringing = {one.subject_id for one in alarms.listed(tx, open_only=True) if one.subject_type == "Hold"}
            found = holds.listed(tx, state=None if every else "open", limit=limit)
            return [_hold(one, now=tx.now, rings=str(one.id) in ringing) for one in found]

        shown = hub.store.read(look)
    rows("Holds", shown, as_json)


def show_hold(hold_id: int, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """One hold, who settled it, the reference of what that rests on, and the reasons there are for settling it."""
    from hub.loop.reasons import reasons
    from hub.store import alarms, holds
    from hub.store.tx import Tx

    with opened(config) as hub:

        def look(tx: Tx) -> tuple[Any, Any, Any, bool]:
            open_ones = alarms.listed(tx, open_only=True)
            rings = any((one.subject_type, one.subject_id) == ("Hold", str(hold_id)) for one in open_ones)
            return tx.now, holds.get(tx, hold_id), holds.evidence(tx, hold_id), rings

        now, found, evidence, rings = hub.store.read(look)
    if found is None:
        missing("hold")
    record = _hold(found, now=now, rings=rings) | {
        "message": found.message_id,
        "resolved_by": found.resolved_by,
        "resolved_at": found.resolved_at,
        "reason_code": found.reason_code,
        "evidence": evidence,
        "release_reasons": list(reasons(found.kind, "release")),
        "reject_reasons": list(reasons(found.kind, "reject")),
    }
    if as_json:
        write(plain(record))
    else:
        rows(f"Hold {hold_id}", [{"field": key, "value": value} for key, value in record.items()], as_json)


Reason = Annotated[str, typer.Option("--reason", metavar="CODE", help="Why: one of the codes that `show` lists.")]
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
                "rung": a.repeats,
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


def _hold(one: Any, *, now: datetime, rings: bool) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "reason": one.reason,
        "owner": one.owner_role,
        "about": f"{one.subject_type}/{one.subject_id}",
        "custody": one.custody,
        "created_at": one.created_at,
        "state": one.state,
        "hours": round(((one.resolved_at or now) - one.created_at).total_seconds() / 3600, 1),
        "alarm": "rings" if rings else "quiet",
    }
