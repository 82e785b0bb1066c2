"""The commands for whole incidents: removing one by order of a court or of the law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.edge import write
from hub.cli.store import HUB_TOML, By, Config, Json, opened, plain, rows

if TYPE_CHECKING:
    from hub.records import InvestigationFind


def expunge_incident(
    number: Annotated[str, typer.Argument(help="The CAD event or case number that the order names.")],
    custody: Annotated[str, typer.Option("--custody", help="The organization whose record the order binds.")],
    order: Annotated[str, typer.Option("--order", metavar="REF", help="Docket or letter number, for the audit.")],
    by: By,
    agency: Annotated[str | None, typer.Option("--agency", help="Whose number it is; else any agency's.")] = None,
    with_files: Annotated[
        bool, typer.Option("--with-files", help="Also the bytes of files that tell of other incidents too.")
    ] = False,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Deletes what one organization's custody holds of an incident, for good, and lists who was given any of it.

    The audit, the decisions and the disclosures stay. What comes again under the number is held. Other organizations'
    own records of the incident are named and left.
    """
    from hub.loop.expunging import expunge

    with opened(config) as hub:
        made = hub.store.write(
            lambda tx: expunge(
                tx, hub, number, custody=custody, order=order, by=by, agency=agency, with_files=with_files
            )
        )
    given = [
        {
            "recipient": one.recipient,
            "purpose": one.purpose,
            "state": one.state,
            "at": one.intended_at,
            "disclosure": one.id,
        }
        for one in made.recipients
    ]
    if as_json:
        write(
            plain(
                {
                    "messages": list(made.messages),
                    "documents": len(made.documents),
                    "stopped": list(made.stopped),
                    "recipients": given,
                    "elsewhere": list(made.elsewhere),
                }
            )
        )
        return
    typer.echo(
        f"Expunged: {len(made.messages)} messages, {len(made.documents)} documents; "
        f"{len(made.stopped)} deliveries stopped."
    )
    rows("Who was given any of it", given, as_json)
    if made.elsewhere:
        typer.echo("Own records of the incident, left as they are: " + ", ".join(made.elsewhere))


def part2_found(
    number: Annotated[str, typer.Argument(help="The CAD event or case number of the investigation.")],
    custody: Annotated[str, typer.Option("--custody", help="The organization that received the records.")],
    reference: Annotated[str, typer.Option("--reference", metavar="REF", help="Your note or docket, for the audit.")],
    by: By,
    agency: Annotated[str | None, typer.Option("--agency", help="Whose number it is; else any agency's.")] = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Part 2 records were received in an investigation and nobody knew: stops what that custody has of these persons.

    Nothing of theirs is released any more, whatever consent or exchange policy says, until each find is settled
    (42 CFR 2.3(b)). Each goes into the annual report.
    """
    from hub.loop.investigating import found

    with opened(config) as hub:
        made = hub.store.write(
            lambda tx: found(tx, hub, number, custody=custody, reference=reference, by=by, agency=agency)
        )
    rows("Finds", [_find(one) for one in made], as_json)


def part2_settle(
    find: Annotated[int, typer.Argument(help="The find's number.")],
    how: Annotated[str, typer.Option("--as", help="court-order, returned, destroyed or not-part2.")],
    by: By,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Settles a find: it stops nothing any more. Release the holds that it made, and they are decided anew."""
    from hub.loop.investigating import settle

    with opened(config) as hub:
        made = hub.store.write(lambda tx: settle(tx, hub, find, how=how, by=by))
    rows("Finds", [_find(made)], as_json)


def part2_report(
    year: Annotated[int, typer.Argument(help="The calendar year.")],
    custody: Annotated[str, typer.Option("--custody", help="Whose finds.")],
    filed: Annotated[
        str | None, typer.Option("--filed", metavar="REF", help="Note that they went into the report of this name.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who filed it; with --filed.")] = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """The year's finds and the day by which they are to be reported (42 CFR 2.68)."""
    from hub.loop.investigating import report_of, reported

    with opened(config) as hub:
        if filed is None:
            made = hub.store.read(lambda tx: report_of(tx, year, custody=custody))
        elif by is None:
            raise typer.BadParameter("--filed goes with --by", param_hint="--by")
        else:
            name, person = filed, by
            made = hub.store.write(lambda tx: reported(tx, hub, year, custody=custody, name=name, by=person))
    if as_json:
        write(plain({"year": made.year, "due": made.due.isoformat(), "finds": [_find(one) for one in made.finds]}))
        return
    typer.echo(f"{made.year}: {len(made.finds)} found, to be reported by {made.due.isoformat()}")
    rows("Finds", [_find(one) for one in made.finds], False)


def _find(one: InvestigationFind) -> dict[str, Any]:
    return {
        "id": one.id,
        "custody": one.custody,
        "found": one.found_at,
        "reference": one.reference,
        "settled": one.settled_as or "",
        "report": one.report or "",
    }
