"""Reports for a person: to whom what of theirs went. Each report is audited before it is shown.

The custody asks about its own disclosures; a person is named by the custody's own number (an identifier of the
Patients it holds) or by the keyed id. Nothing here is a release: a report is for the custody's own people, who give it
to the person that asked, and that is their act.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from hub.errors import HubError
from hub.loop.context import Hub
from hub.loop.hold import name_of
from hub.loop.record import audit
from hub.records import Disclosure, Suspension
from hub.release.accounting import ORAL_DAYS, Recipient, Report, account, intermediary_list, reach_back
from hub.store import disclosures, documents, referrals, restrictions
from hub.store.tx import Tx

_KEYED = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def of_person(
    tx: Tx,
    hub: Hub,
    *,
    custody: str,
    person: str,
    by: str,
    since: datetime | None = None,
    until: datetime | None = None,
    every: bool = False,
    asked: datetime | None = None,
) -> Report:
    """What `custody` must account for about a person (45 CFR 164.528, 42 CFR 2.25), with the view audited.

    `since` and `until` default to all that a rule reaches. `every`: also what no rule asks for. Raises HubError
    `accounting.custody`, `accounting.person` (nobody is known by that in this custody), `accounting.period`,
    `hold.person`.
    """
    who = name_of(by)
    patients = patients_of(tx, hub, custody, person)
    begin, end = since or reach_back(tx.now), until or tx.now
    if begin > end:
        raise HubError("accounting.period", "the period ends before it begins", path="from", code="value")
    gone = {one: disclosures.accounting(tx, discloser=custody, patient_id=one) for one in patients}
    strangers = {
        d.id: disclosures.to_whom(tx, d.id) for all_of in gone.values() for d in all_of if d.manner == "emergency"
    }
    report = account(
        gone,
        discloser=recipient(hub, custody),
        role=hub.settings.posture(custody),
        recipients={one.id: recipient(hub, one.id) for one in hub.settings.organization},
        since=begin,
        until=end,
        now=tx.now,
        suspensions=[s for one in patients for s in restrictions.suspended(tx, custody=custody, patient_id=one)],
        every=every,
        asked=asked,
        named={number: name for number, name in strangers.items() if name is not None},
    )
    return _viewed(tx, hub, report, "accounting", patients, custody=custody, who=who)


def of_intermediary(
    tx: Tx, hub: Hub, *, intermediary: str, person: str, by: str, asked: datetime | None = None
) -> Report:
    """The list of 42 CFR 2.24: to whom an intermediary gave a person's Part 2 records by consent, audited.

    Where the hub's operator is the intermediary, all that went through the hub counts; else what that organization
    disclosed itself. Raises HubError as `of_person`, and `accounting.not-intermediary`.
    """
    who = name_of(by)
    operator = hub.settings.operator
    through = operator.organization == intermediary and operator.relation == "intermediary"
    if not through and hub.settings.posture(intermediary) != "intermediary":
        raise HubError(
            "accounting.not-intermediary", "the organization is not declared an intermediary", path="custody"
        )
    disclosers = [one.id for one in hub.settings.organization] if through else [intermediary]
    patients = patients_of(tx, hub, intermediary, person)
    found: dict[str, list[Disclosure]] = {
        one: [made for d in disclosers for made in disclosures.accounting(tx, discloser=d, patient_id=one)]
        for one in patients
    }
    report = intermediary_list(
        found,
        intermediary=recipient(hub, intermediary),
        recipients={one.id: recipient(hub, one.id) for one in hub.settings.organization},
        now=tx.now,
        asked=asked,
    )
    return _viewed(tx, hub, report, "intermediary", patients, custody=intermediary, who=who)


def _viewed(
    tx: Tx,
    hub: Hub,
    report: Report,
    what: Literal["accounting", "intermediary"],
    patients: Sequence[str],
    *,
    custody: str,
    who: str,
) -> Report:
    """The report, once it is audited who had it made, and how much of it is of each patient."""
    for one in patients:
        audit(
            tx,
            hub,
            who=who,
            action="R",
            kind=f"disclosures.{what}",
            entity=("Patient", one),
            custody=custody,
            purpose="PATRQT",
            patient_id=one,
            detail=(f"listed:{sum(item.patient == one for item in report.items)}",),
        )
    return report


def suspend(
    tx: Tx,
    hub: Hub,
    *,
    custody: str,
    person: str,
    official: str,
    until: datetime,
    by: str,
    statement: str,
    written: bool,
) -> list[Suspension]:
    """An official's statement that an accounting would impede them (45 CFR 164.528(a)(2)): until then it leaves out
    what went to their organization. By word of mouth for at most 30 days.

    `statement`: the paper's reference, or who said it. Raises HubError as `of_person`, and `accounting.suspension`.
    """
    who = name_of(by)
    if official not in {one.id for one in hub.settings.organization}:
        raise HubError("accounting.custody", "there is no such organization", path="official", code="value")
    longest = tx.now + timedelta(days=ORAL_DAYS)
    if until <= tx.now or (not written and until > longest):
        raise HubError(
            "accounting.suspension", "a statement by word of mouth suspends for 30 days at most", path="until"
        )
    patients = patients_of(tx, hub, custody, person)
    made = []
    for one in patients:
        made.append(
            restrictions.suspend(
                tx,
                custody=custody,
                patient_id=one,
                recipient=official,
                written=written,
                until=until,
                by=who,
                statement=statement,
            )
        )
        audit(
            tx,
            hub,
            who=who,
            action="C",
            kind="disclosures.suspended",
            entity=("Patient", one),
            custody=custody,
            patient_id=one,
            detail=(f"official:{official}", "written" if written else "oral"),
        )
    return made


def patients_of(tx: Tx, hub: Hub, custody: str, person: str) -> list[str]:
    """The keyed ids by which a custody knows a person: by the id itself, or by a number (`value` or `system|value`)
    among the identifiers of its Patients. Opens each Patient of the custody for the second; there is no index.

    Raises HubError `accounting.custody` and `accounting.person`.
    """
    if custody not in {one.id for one in hub.settings.organization}:
        raise HubError("accounting.custody", "there is no such organization", path="custody", code="value")
    if _KEYED.fullmatch(person):
        known = documents.current(tx, "Patient", person)
        if (known is not None and known.custody == custody) or disclosures.accounting(
            tx, discloser=custody, patient_id=person
        ):
            return [person]
        # a center or an intermediary discloses about people whose Patient another custody holds
        if any(_theirs(hub, one.destination, custody) for one in referrals.by_patient(tx, person)):
            return [person]
        raise _nobody()
    system, _, value = person.rpartition("|")
    found = [
        one.resource_id
        for one in documents.by_type(tx, "Patient", custody=custody, limit=10_000_000)
        if one.resource is not None
        and any(
            each.get("value") == value and system in ("", each.get("system"))
            for each in one.resource.get("identifier", ())
        )
    ]
    if not found:
        raise _nobody()
    return found


def recipient(hub: Hub, organization: str) -> Recipient:
    """An organization as a report names it."""
    known = next((one for one in hub.settings.organization if one.id == organization), None)
    if known is None:
        return Recipient(id=organization, name=organization)
    return Recipient(id=known.id, name=known.name, address=known.address)


def _theirs(hub: Hub, destination: str, custody: str) -> bool:
    if hub.settings.operator.organization == custody:
        return True
    return any(one.id == destination and one.organization == custody for one in hub.settings.destination)


def _nobody() -> HubError:
    return HubError(
        "accounting.person", "this custody knows nobody by that number or id", path="person", code="not-found"
    )
