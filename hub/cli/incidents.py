"""The commands for whole incidents: removing one by order of a court or of the law."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.edge import write
from hub.cli.store import HUB_TOML, By, Config, Json, opened, plain, rows


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
