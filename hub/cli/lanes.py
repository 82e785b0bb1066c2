"""The commands on lanes: what goes to each destination in order, and stopping, draining and going on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from hub.cli.store import HUB_TOML, By, Config, Json, Limit, done, missing, opened, rows

Destination = Annotated[str, typer.Argument(help="A destination's id in the settings.")]


def list_lanes(
    config: Config = HUB_TOML,
    destination: Annotated[str | None, typer.Option("--destination", help="Only this one's.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Empty ones too.")] = False,
    limit: Limit = 500,
    as_json: Json = False,
) -> None:
    """The lanes with something to send, longest waiting first."""
    from hub.store import lanes

    with opened(config) as hub:
        found = hub.store.read(lambda tx: lanes.listed(tx, destination=destination, waiting=not every, limit=limit))
    rows("Lanes", [_lane(one) for one in found], as_json)


def show_lane(lane_id: int, config: Config = HUB_TOML, limit: Limit = 500, as_json: Json = False) -> None:
    """One lane's deliveries in the order in which they go: what waits, and what has gone before."""
    from hub.cli.deliveries import shown
    from hub.store import deliveries, lanes

    with opened(config) as hub:
        lane, found = hub.store.read(
            lambda tx: (lanes.get(tx, lane_id), deliveries.listed(tx, lane_id=lane_id, limit=limit))
        )
    if lane is None:
        missing("lane")
    in_order = sorted(found, key=lambda one: (one.position, one.id))
    rows(
        f"Lane {lane.id} to {lane.destination}: {lane.blocked or f'{lane.depth} waiting'}",
        [shown(one) for one in in_order],
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


def join_lanes(order_key: str, into: str, by: By, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Two order keys are one person: what waits under the first, and all that comes under it later, goes in the
    lanes of the other, in the order in which it was queued. The records stay as they are."""
    from hub.loop.hold import name_of
    from hub.loop.record import audit
    from hub.store import lanes
    from hub.store.tx import Tx

    person = name_of(by)
    with opened(config) as hub:

        def work(tx: Tx) -> int:
            moved = lanes.join(tx, order_key, into)
            audit(tx, hub, who=person, action="U", kind="lane.joined", entity=("Patient", order_key), detail=(into,))
            return moved

        moved = hub.store.write(work)
    done({"order_key": order_key, "into": into, "moved": moved}, f"Joined; {moved} deliveries moved.", as_json)


# ── destinations ──────────────────────────────────────────────────────────────────────────────────────────────────


def list_destinations(config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Each destination: whether it takes, is down, paused or draining; what waits for it and since when."""
    from hub.records import Gate
    from hub.store import deliveries, gates, lanes
    from hub.store.tx import Tx

    with opened(config) as hub:
        named = {one.id for one in hub.settings.destination}

        def look(tx: Tx) -> list[dict[str, Any]]:
            known, depths, counts = gates.every(tx), lanes.depths(tx), deliveries.counts(tx)
            found = []
            for name in sorted(named | set(known) | set(depths)):
                gate = known.get(name, Gate(destination=name))
                waiting, oldest = depths.get(name, (0, None))
                found.append(
                    {
                        "destination": name,
                        "state": _state(gate, gates.to_drain(tx, name)) if name in named else "not configured",
                        "waiting": waiting,
                        "oldest": oldest,
                        "parked": counts.get((name, "parked"), 0),
                        "dead": counts.get((name, "dead"), 0),
                        "failures": gate.failures,
                        "next_try": gate.open_until if gate.trips else None,
                        "since": gate.paused_at or gate.opened_at,
                        "by": gate.paused_by,
                    }
                )
            return found

        found = hub.store.read(look)
    rows("Destinations", found, as_json)


def pause(destination: Destination, by: By, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Sends a destination nothing more until `resume`. What is being sent is finished; what comes waits, in order."""
    from hub.store import gates

    def work(tx: Any, person: str) -> bool:
        return gates.pause(tx, destination, by=person)

    _change(config, destination, by, "paused", work, "it is paused already")
    done({"destination": destination, "state": "paused"}, f"{destination} is paused.", as_json)


def drain(
    destination: Destination,
    by: By,
    config: Config = HUB_TOML,
    wait: Annotated[
        float | None, typer.Option("--wait", min=0, help="Wait so many seconds for it; exit 1 if more is left then.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Sends a destination what is queued by now and nothing that comes after, until `resume`."""
    from hub.store import gates

    def work(tx: Any, person: str) -> bool:
        return gates.drain(tx, destination, by=person)

    _change(config, destination, by, "drained", work, "it is paused or draining already")
    with opened(config) as hub:
        until = time.monotonic() + (wait or 0)
        while (left := hub.store.read(lambda tx: gates.to_drain(tx, destination))) and time.monotonic() < until:
            time.sleep(0.1)
    sentence = f"{destination} is drained." if not left else f"{destination} drains; {left} to go."
    done({"destination": destination, "state": "draining", "left": left}, sentence, as_json)
    if wait is not None and left:
        raise typer.Exit(1)


def resume(destination: Destination, by: By, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Goes on with a destination that was paused, drained or down, and tries it now: nothing backs off any longer."""
    from hub.store import gates, lanes

    def work(tx: Any, person: str) -> bool:
        freed = lanes.hurry(tx, destination)
        return gates.resume(tx, destination) or freed > 0

    _change(config, destination, by, "resumed", work, "nothing holds it back")
    done({"destination": destination, "state": "taking"}, f"{destination} goes on.", as_json)


Act = Literal["paused", "drained", "resumed"]


def _change(config: Any, destination: str, by: str, act: Act, work: Callable[[Any, str], bool], otherwise: str) -> None:
    from hub.errors import StoreError
    from hub.loop.hold import name_of
    from hub.loop.record import audit
    from hub.store.tx import Tx

    person = name_of(by)
    with opened(config) as hub:
        if destination not in {one.id for one in hub.settings.destination}:
            missing("destination")

        def both(tx: Tx) -> None:
            if not work(tx, person):
                raise StoreError("store.state", otherwise, code="conflict")
            audit(tx, hub, who=person, action="U", kind=f"destination.{act}", entity=("destination", destination))

        hub.store.write(both)


def _state(gate: Any, left: int) -> str:
    if gate.paused_at is not None:
        return "paused" if gate.drain_to is None else "draining" if left else "drained"
    return "down" if gate.trips else "taking"


def _lane(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "destination": one.destination,
        "order_key": one.order_key,
        "depth": one.depth,
        "ready_at": one.ready_at,
        "attempts": one.attempts,
        "blocked": one.blocked,
    }
