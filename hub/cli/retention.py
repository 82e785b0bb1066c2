"""Commands of the retention schedule and of the legal holds that stand against it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.store import HUB_TOML, By, Config, Json, done, opened, rows

if TYPE_CHECKING:
    from hub.records import LegalHoldSubject


def run_retention(
    by: By,
    config: Config = HUB_TOML,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Disposes of what the schedule says now; a running hub does it every day by itself."""
    from hub.loop import retention
    from hub.loop.hold import name_of

    person = name_of(by)
    with opened(config) as hub:
        if dry_run:
            total = asdict(hub.store.read(lambda tx: retention.due(tx, hub)))
        else:
            total = asdict(retention.Disposed())
            while step := hub.store.write(lambda tx: retention.dispose(tx, hub, by=person)):
                total = {name: total[name] + count for name, count in asdict(step).items()}
    said = ", ".join(f"{count} {name}" for name, count in total.items())
    done(total, f"{'Due' if dry_run else 'Disposed of'}: {said}.", as_json)


def place_legal_hold(
    custody: Annotated[str, typer.Option("--custody", help="Whose records.")],
    reference: Annotated[str, typer.Option("--reference", help="The docket or letter that asks for it.")],
    by: By,
    patient: Annotated[str | None, typer.Option("--patient", help="A Patient's id.")] = None,
    incident: Annotated[str | None, typer.Option("--incident", metavar="AGENCY|NUMBER", help="An incident.")] = None,
    message: Annotated[int | None, typer.Option("--message", help="A message's number.")] = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Keeps everything of a person, an incident, a message, or (without any) of a whole custody."""
    from hub.loop import legal_holding

    subjects: tuple[tuple[LegalHoldSubject, str | int | None], ...] = (
        ("patient", patient),
        ("incident", incident),
        ("message", message),
    )
    given = [(kind, str(one)) for kind, one in subjects if one is not None]
    if len(given) > 1:
        raise typer.BadParameter("name one of --patient, --incident, --message, or none")
    kind, subject = given[0] if given else ("custody", "")
    with opened(config) as hub:
        placed = hub.store.write(
            lambda tx: legal_holding.place(
                tx, hub, custody=custody, subject_type=kind, subject=subject, reference=reference, by=by
            )
        )
    done({"legal_hold": placed.id}, f"Legal hold {placed.id} stands.", as_json)


def lift_legal_hold(
    hold_id: Annotated[int, typer.Argument(metavar="ID")], by: By, config: Config = HUB_TOML, as_json: Json = False
) -> None:
    """Ends a legal hold; the schedule goes on with what it kept."""
    from hub.loop import legal_holding

    with opened(config) as hub:
        hub.store.write(lambda tx: legal_holding.lift(tx, hub, hold_id, by=by))
    done({"legal_hold": hold_id}, f"Legal hold {hold_id} is lifted.", as_json)


def list_legal_holds(
    config: Config = HUB_TOML,
    every: Annotated[bool, typer.Option("--all", help="Lifted ones too.")] = False,
    as_json: Json = False,
) -> None:
    """The legal holds that stand."""
    from hub.store import legal_holds

    with opened(config) as hub:
        found = hub.store.read(lambda tx: legal_holds.listed(tx, standing=not every))
    shown: list[dict[str, Any]] = [asdict(one) for one in found]
    rows("Legal holds", shown, as_json)
