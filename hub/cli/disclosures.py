"""The commands for what left: the list, the accounting for one person, an intermediary's list, a suspension."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.edge import write
from hub.cli.store import HUB_TOML, By, Config, Json, Limit, done, opened, rows

if TYPE_CHECKING:
    from hub.release.accounting import Report


class Form(StrEnum):
    """How a report is written."""

    fhir = "fhir"
    csv = "csv"
    html = "html"


Custody = Annotated[str, typer.Option("--custody", metavar="ORG", help="Whose disclosures.")]
Person = Annotated[
    str, typer.Option("--person", metavar="ID", help="The custody's own number ([system|]value), or the keyed id.")
]
As = Annotated[Form, typer.Option("--as", help="fhir (a Bundle of AuditEvents), csv, or html (a page to print).")]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there; else to standard output.")]


def list_disclosures(config: Config = HUB_TOML, limit: Limit = 500, as_json: Json = False) -> None:
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
                "manner": d.manner,
                "basis": list(d.basis),
                "intended_at": d.intended_at,
                "settled_at": d.settled_at,
                "digest": d.digest,
            }
            for d in found
        ],
        as_json,
    )


def accounting(
    custody: Custody,
    person: Person,
    by: By,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, UTC; else six years ago.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, UTC; else today.")
    ] = None,
    asked: Annotated[
        datetime | None,
        typer.Option("--asked", formats=["%Y-%m-%d"], help="When the request came: says when it is due."),
    ] = None,
    every: Annotated[bool, typer.Option("--every", help="Also what no rule asks to be listed.")] = False,
    form: As = Form.html,
    out: Out = None,
    config: Config = HUB_TOML,
) -> None:
    """What one organization must account for about a person (45 CFR 164.528, 42 CFR 2.25). The view is audited."""
    from hub.loop.accounting import of_person

    with opened(config) as hub:
        report = hub.store.write(
            lambda tx: of_person(
                tx,
                hub,
                custody=custody,
                person=person,
                by=by,
                since=_first(since),
                until=_last(until),
                every=every,
                asked=_first(asked),
            )
        )
    _put(report, form, out)


def intermediary(
    custody: Custody,
    person: Person,
    by: By,
    asked: Annotated[
        datetime | None,
        typer.Option("--asked", formats=["%Y-%m-%d"], help="When the request came: says when it is due."),
    ] = None,
    form: As = Form.html,
    out: Out = None,
    config: Config = HUB_TOML,
) -> None:
    """To whom an intermediary gave a person's Part 2 records by consent, three years (42 CFR 2.24). Audited."""
    from hub.loop.accounting import of_intermediary

    with opened(config) as hub:
        report = hub.store.write(
            lambda tx: of_intermediary(tx, hub, intermediary=custody, person=person, by=by, asked=_first(asked))
        )
    _put(report, form, out)


def suspend(
    custody: Custody,
    person: Person,
    official: Annotated[str, typer.Option("--official", metavar="ORG", help="The official's organization.")],
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day of it, UTC.")],
    by: By,
    written: Annotated[
        str | None, typer.Option("--written", metavar="REF", help="The written statement's reference.")
    ] = None,
    oral: Annotated[
        str | None, typer.Option("--oral", metavar="WHO", help="Who said it by word of mouth; 30 days at most.")
    ] = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """An official's statement that an accounting would impede them (45 CFR 164.528(a)(2)): it leaves them out."""
    from hub.loop import accounting as loop_accounting

    statement = written or oral
    if statement is None or (written is not None and oral is not None):
        raise typer.BadParameter("exactly one of --written and --oral", param_hint="--written")
    said: str = statement
    end = _last(until)
    assert end is not None
    with opened(config) as hub:
        made = hub.store.write(
            lambda tx: loop_accounting.suspend(
                tx,
                hub,
                custody=custody,
                person=person,
                official=official,
                until=end,
                by=by,
                statement=said,
                written=written is not None,
            )
        )
    done(
        {"suspensions": [one.id for one in made], "until": end},
        f"An accounting leaves out what went to {official} until {end:%Y-%m-%d}.",
        as_json,
    )


def emergency(
    task_id: Annotated[str, typer.Argument(help="The referral's Task id.")],
    custody: Custody,
    by: By,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="Who receives it: medical personnel.")],
    affiliation: Annotated[str, typer.Option("--affiliation", help="Of which hospital, service or practice.")],
    nature: Annotated[str, typer.Option("--nature", help="What the emergency is; it is sealed.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the page is written.")],
    no_consent: Annotated[
        bool, typer.Option("--consent-cannot-be-obtained", help="Say so: else consent is asked for.")
    ] = False,
    recipient: Annotated[
        str | None, typer.Option("--recipient", metavar="ORG", help="Their organization, where the hub has it.")
    ] = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Records to medical personnel in a bona fide emergency, without consent (42 CFR 2.51). A person reviews it
    afterwards: it opens a hold of kind `review`."""
    from hub.console import paper
    from hub.loop.emergency import disclose

    # before anything is on record as disclosed: the page has somewhere to be
    out.touch(mode=0o600)
    with opened(config) as hub:
        given = disclose(
            hub,
            task_id,
            custody=custody,
            by=by,
            to_name=to,
            affiliation=affiliation,
            nature=nature,
            consent_cannot_be_obtained=no_consent,
            recipient=recipient,
            render=paper.render,
        )
    out.write_bytes(given.body)
    done(
        {"disclosure": given.disclosure.id, "review": given.review.id, "page": str(out)},
        f"Written to {out}: disclosure {given.disclosure.id}, to be reviewed as hold {given.review.id}.",
        as_json,
    )


def _first(day: datetime | None) -> datetime | None:
    return None if day is None else day.replace(tzinfo=UTC)


def _last(day: datetime | None) -> datetime | None:
    return None if day is None else day.replace(tzinfo=UTC) + timedelta(days=1, microseconds=-1)


def _put(report: Report, form: Form, out: Path | None) -> None:
    """The report in that form, to a file or to standard output."""
    from hub.release.accounting_forms import to_csv, to_fhir

    if form is Form.fhir and out is None:
        write(to_fhir(report))
        return
    if form is Form.fhir:
        import orjson

        text = orjson.dumps(to_fhir(report)).decode()
    elif form is Form.csv:
        text = to_csv(report)
    else:
        from hub.console.filters import templates

        text = templates().get_template("report.html").render(report=report)
    if out is None:
        typer.echo(text, nl=False)
    else:
        # a list of a person's disclosures is for nobody else on this machine
        out.touch(mode=0o600)
        out.write_text(text, newline="")
        typer.echo(f"Written to {out}.")
