"""The commands on deliveries: what is on its way, dead letters, and sending again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.store import HUB_TOML, By, Config, Json, Limit, Since, Until, choice, done, missing, opened, period, rows

State = Annotated[
    str | None, typer.Option("--state", help="ready, done, dead, parked or superseded. Dead letters are dead, parked.")
]
To = Annotated[str | None, typer.Option("--destination", help="Only those to this destination.")]


def list_deliveries(
    config: Config = HUB_TOML,
    state: State = None,
    destination: To = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 500,
    as_json: Json = False,
) -> None:
    """Deliveries, oldest first. Times are when they were queued."""
    from hub.records import DeliveryState
    from hub.store import deliveries

    known = choice(state, DeliveryState, "--state")
    first, last = period(since, until)
    with opened(config) as hub:
        found = hub.store.read(
            lambda tx: deliveries.listed(tx, destination=destination, state=known, since=first, until=last, limit=limit)
        )
    rows("Deliveries", [shown(one) for one in found], as_json)


def show_delivery(delivery_id: int, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Every attempt to send one delivery: when, and how it ended. Not what was sent."""
    from hub.store import deliveries

    with opened(config) as hub:
        found, tried = hub.store.read(
            lambda tx: (deliveries.get(tx, delivery_id), deliveries.attempts(tx, delivery_id))
        )
    if found is None:
        missing("delivery")
    attempts = [
        {"started_at": a.started_at, "ended_at": a.ended_at, "outcome": a.outcome, "code": a.code, "error": a.error}
        for a in tried
    ]
    if as_json:
        done({**shown(found), "tried": attempts}, "", as_json)
        return
    rows(f"Delivery {found.id} to {found.destination}: {found.state}", attempts, as_json)


def replay_deliveries(
    by: By,
    delivery_ids: Annotated[list[int] | None, typer.Argument(metavar="[DELIVERY...]")] = None,
    config: Config = HUB_TOML,
    state: State = None,
    destination: To = None,
    since: Since = None,
    until: Until = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which, and do nothing.")] = False,
    limit: Limit = 500,
    as_json: Json = False,
) -> None:
    """Sends ended deliveries again, as new ones with lineage: those named, or those that match the options. Each is
    decided anew: what may not go now does not."""
    from hub.errors import HubError
    from hub.loop.hold import name_of
    from hub.loop.redelivery import ENDED, replay
    from hub.records import DeliveryState
    from hub.store import deliveries

    person, known = name_of(by), choice(state, DeliveryState, "--state")
    first, last = period(since, until)
    chosen = (state, destination, since, until)
    if bool(delivery_ids) == any(one is not None for one in chosen):
        raise typer.BadParameter("name deliveries, or choose them by --state, --destination, --since, --until")
    if known is not None and known not in ENDED:
        raise typer.BadParameter(", ".join(ENDED), param_hint="--state")
    with opened(config) as hub:
        if delivery_ids and len(delivery_ids) == 1 and not dry_run:
            old = delivery_ids[0]
            one = hub.store.write(lambda tx: replay(tx, hub, old, by=person))
            sentence = f"Delivery {old} goes again as {one.id}." if one else "Nothing of it may go now, or it waits."
            done({"delivery": one.id if one else None, "replays": old}, sentence, as_json)
            return
        if not delivery_ids:
            found = hub.store.read(
                lambda tx: deliveries.listed(
                    tx, destination=destination, state=known, since=first, until=last, limit=limit
                )
            )
            # what was sent again already is not sent a third time because it still matches
            ended = [one.id for one in found if one.state in ENDED]
            again = hub.store.read(lambda tx: deliveries.repeated(tx, ended))
            delivery_ids = [number for number in ended if number not in again]
        made: list[dict[str, Any]] = []
        for number in delivery_ids:
            if dry_run:
                made.append({"delivery": None, "replays": number, "error": None})
                continue
            try:
                new = hub.store.write(lambda tx, number=number: replay(tx, hub, number, by=person))  # type: ignore[misc]
            except HubError as error:
                made.append({"delivery": None, "replays": number, "error": error.rule})
            else:
                made.append(
                    {"delivery": new.id if new else None, "replays": number, "error": None if new else "nothing-goes"}
                )
    rows("Would be sent again" if dry_run else "Sent again", made, as_json)
    if any(one["error"] not in (None, "nothing-goes") for one in made):
        raise typer.Exit(1)


def give_up(delivery_id: int, by: By, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Ends a waiting delivery as dead: it will not be sent, and its lane goes on with the next."""
    from hub.loop import redelivery
    from hub.loop.hold import name_of

    person = name_of(by)
    with opened(config) as hub:
        hub.store.write(lambda tx: redelivery.give_up(tx, hub, delivery_id, by=person))
    done({"delivery": delivery_id, "state": "dead"}, f"Delivery {delivery_id} is given up.", as_json)


def shown(one: Any) -> dict[str, Any]:
    """One delivery as a row: ids, states, times; nothing of what it says."""
    return {
        "id": one.id,
        "lane": one.lane_id,
        "destination": one.destination,
        "kind": one.kind,
        "task": one.task_id,
        "message": one.message_id,
        "state": one.state,
        "attempts": one.attempts,
        "last_error": one.last_error,
        "replay_of": one.replay_of,
        "created_at": one.created_at,
        "done_at": one.done_at,
    }
