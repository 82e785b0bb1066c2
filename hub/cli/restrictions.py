"""The commands for patients' requests to restrict disclosures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.disclosures import Custody, Person
from hub.cli.store import HUB_TOML, By, Config, Json, Limit, done, opened, period, rows

Reason = Annotated[str, typer.Option("--reason", metavar="CODE", help="Why: one of the codes; the help lists them.")]


def list_restrictions(
    config: Config = HUB_TOML,
    custody: Annotated[str | None, typer.Option("--custody", metavar="ORG", help="Only this custody's.")] = None,
    limit: Limit = 500,
    as_json: Json = False,
) -> None:
    """What patients asked not to be disclosed, oldest first, and what became of it."""
    from hub.loop.restricting import must_agree
    from hub.store import restrictions

    with opened(config) as hub:
        found = hub.store.read(lambda tx: restrictions.listed(tx, custody=custody, limit=limit))
    rows(
        "Restrictions",
        [
            {
                "id": one.id,
                "custody": one.custody,
                "to": one.recipient or "anybody",
                "purposes": list(one.purposes),
                "sensitivities": list(one.sensitivities),
                "state": one.state,
                "must_agree": must_agree(one),
                "asked_at": one.asked_at,
                "taken_by": one.taken_by,
                "decided_at": one.decided_at,
                "decided_by": one.decided_by,
                "informed_at": one.informed_at,
                "reason": one.reason_code,
            }
            for one in found
        ],
        as_json,
    )


def ask(
    custody: Custody,
    person: Person,
    by: By,
    recipient: Annotated[
        str | None, typer.Option("--to", metavar="ORG", help="Not to this organization; else to nobody.")
    ] = None,
    purposes: Annotated[
        list[str] | None, typer.Option("--purpose", metavar="CODE", help="Not for this; may be repeated.")
    ] = None,
    sensitivities: Annotated[
        list[str] | None, typer.Option("--about", metavar="LABEL", help="Only what has this label; may be repeated.")
    ] = None,
    health_plan: Annotated[bool, typer.Option("--health-plan", help="It is about a health plan.")] = False,
    self_paid: Annotated[bool, typer.Option("--self-paid", help="Somebody else paid for the care in full.")] = False,
    paper: Annotated[str | None, typer.Option("--paper", metavar="REF", help="The request's reference.")] = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Records a patient's request (45 CFR 164.522(a), 42 CFR 2.26). Nothing changes until it is agreed to."""
    from hub.loop import restricting

    with opened(config) as hub:
        made = hub.store.write(
            lambda tx: restricting.ask(
                tx,
                hub,
                custody=custody,
                person=person,
                by=by,
                recipient=recipient,
                purposes=tuple(purposes or ()),
                sensitivities=tuple(sensitivities or ()),
                health_plan=health_plan,
                self_paid=self_paid,
                paper=paper,
            )
        )
    must = restricting.must_agree(made)
    done(
        {"restriction": made.id, "state": made.state, "must_agree": must},
        f"Restriction {made.id} is asked for." + (" It must be agreed to (45 CFR 164.522(a)(1)(vi))." if must else ""),
        as_json,
    )


def agree(
    restriction_id: int, by: By, reason: Reason = "agreed", config: Config = HUB_TOML, as_json: Json = False
) -> None:
    """Agrees: from now on every decision refuses it, and what waits is decided again. Codes: agreed, must-agree."""
    from hub.loop import restricting

    _change(config, restriction_id, restricting.agree, by, reason, as_json)


def deny(restriction_id: int, by: By, reason: Reason, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Denies. Codes: needed-for-treatment, required-by-law, cannot-be-kept-apart, not-a-restriction."""
    from hub.loop import restricting

    _change(config, restriction_id, restricting.deny, by, reason, as_json)


def notice(
    restriction_id: int,
    by: By,
    informed: Annotated[
        str | None, typer.Option("--informed", metavar="TIME", help="When the patient was told; else now.")
    ] = None,
    reason: Reason = "informed",
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Ends an agreed one by the custody's own word to the patient, for what is recorded after that; for what was here
    it stands (45 CFR 164.522(a)(2)(iii)). Codes: informed."""
    from hub.loop import restricting

    told, _ = period(informed, None)

    def change(tx: Any, hub: Any, number: int, *, by: str, reason_code: str) -> Any:
        return restricting.notice(tx, hub, number, by=by, reason_code=reason_code, informed_at=told)

    _change(config, restriction_id, change, by, reason, as_json)


def end(restriction_id: int, by: By, reason: Reason, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Ends an agreed one whole, at the patient's word. Codes: patient-asked, patient-agreed."""
    from hub.loop import restricting

    _change(config, restriction_id, restricting.end, by, reason, as_json)


def _change(config: Path, restriction_id: int, change: Any, by: str, reason: str, as_json: bool) -> None:
    with opened(config) as hub:
        made = hub.store.write(lambda tx: change(tx, hub, restriction_id, by=by, reason_code=reason))
    done(
        {"restriction": made.id, "state": made.state, "reason": made.reason_code},
        f"Restriction {made.id} is {made.state}.",
        as_json,
    )
