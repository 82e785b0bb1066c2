"""Accounting of disclosures: which rule asks that a disclosure be listed, and the list as rows.

Two rules (45 CFR 164.528, six years; 42 CFR 2.25, three): HIPAA excuses treatment, payment, operations, the person's
own access and authorizations; Part 2 lists every disclosure by consent, those for treatment, payment and operations
where they went through an electronic health record, as the hub's do. What is not surely excused is listed. And the
list of 42 CFR 2.24: whom an intermediary gave Part 2 records by consent, three years.

Pure. Does not say when a report is due but by when the rules would have it; does not decide whose request it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from hub.records import Disclosure, Suspension
from hub.release.purpose import TPO, within

Json = dict[str, Any]
Rule = Literal["45 CFR 164.528", "42 CFR 2.25", "42 CFR 2.24"]
Ground = Literal[
    "consent",
    "authorization",
    "treatment-payment-operations",
    "own-access",
    "emergency",
    "audit-or-evaluation",
    "crime-on-premises",
    "child-abuse-report",
    "exchange-policy",
    "notice-of-revocation",
    "other",
]

#: By what a reason of the decision cites. The first that is found counts; what cites nothing of these is `other`.
_CITED: Final[tuple[tuple[str, Ground], ...]] = (
    ("42 CFR 2.51", "emergency"),
    ("42 CFR 2.53", "audit-or-evaluation"),
    ("42 CFR 2.12(c)(5)", "crime-on-premises"),
    ("42 CFR 2.12(c)(6)", "child-abuse-report"),
    ("42 CFR 2.23", "own-access"),
    ("45 CFR 164.524", "own-access"),
    ("notice of revocation", "notice-of-revocation"),
    ("42 CFR 2.31", "consent"),
    ("45 CFR 164.508", "authorization"),
    ("an authorization permits", "authorization"),
    ("45 CFR 164.506", "treatment-payment-operations"),
    ("exchange policy", "exchange-policy"),
)

#: 45 CFR 164.528(a)(1)(i), (ii), (iv): what HIPAA's accounting leaves out.
_EXCUSED: Final[frozenset[Ground]] = frozenset({"treatment-payment-operations", "own-access", "authorization"})
#: Who 45 CFR 164.528 binds: covered entities and who acts for them. A Part 2 program mostly is one.
_HIPAA: Final = frozenset({"covered-entity", "business-associate", "part2-program"})

#: How far back each rule reaches, in years (164.528(a)(1), 2.25(a), 2.24(b)).
YEARS: Final[Mapping[Rule, int]] = {"45 CFR 164.528": 6, "42 CFR 2.25": 3, "42 CFR 2.24": 3}
#: Days in which a written request is answered (164.528(c)(1)(i); 2.24(a)(2)).
DUE_DAYS: Final[Mapping[Rule, int]] = {"45 CFR 164.528": 60, "42 CFR 2.25": 60, "42 CFR 2.24": 30}
#: By how many days 164.528(c)(1)(ii) lets the answer be put off once, with a reason in writing.
EXTENSION_DAYS: Final = 30
#: A statement by word of mouth suspends no longer (164.528(a)(2)(ii)).
ORAL_DAYS: Final = 30

_NONE: Final[Mapping[int, str]] = {}

#: Each kind of record in plain words, for who reads a list.
_WORDS: Final[Mapping[str, str]] = {
    "Patient": "name, birth date, contact details",
    "Encounter": "contact",
    "ServiceRequest": "referral",
    "Task": "state of a referral",
    "Condition": "condition",
    "Observation": "observation",
    "QuestionnaireResponse": "questionnaire",
    "DocumentReference": "note or document",
    "Consent": "consent",
    "Flag": "caution",
    "Location": "place",
    "Organization": "organization",
    "Practitioner": "person at work",
    "PractitionerRole": "role of a person at work",
    "Provenance": "origin of a record",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """Who received: its id, and name and address as far as they are known (164.528(b)(2)(ii))."""

    id: str
    name: str
    address: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One disclosure as it is listed. `patient` is the keyed id of the person it was about.

    `rules`: which ask for it; empty only where everything was asked for. `certain` is False where it cannot be known
    whether the bytes arrived: it counts as made.
    """

    number: int
    patient: str
    at: datetime
    recipient: Recipient
    what: tuple[tuple[str, int], ...]
    resources: tuple[tuple[str, str], ...]
    purpose: str
    grounds: tuple[Ground, ...]
    basis: tuple[str, ...]
    consents: tuple[str, ...]
    manner: str
    certain: bool
    rules: tuple[Rule, ...]

    @property
    def description(self) -> str:
        """What went, in words, without a value (164.528(b)(2)(iii): a brief description)."""
        return ", ".join(f"{_WORDS.get(kind, kind)} ({count})" for kind, count in self.what)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A list for one person, who may have several keyed ids; `since` and `until` are the period that was asked for."""

    title: str
    discloser: Recipient
    patients: tuple[str, ...]
    since: datetime
    until: datetime
    made: datetime
    items: tuple[Item, ...]
    due: tuple[tuple[Rule, datetime], ...] = ()


def ground(because: str) -> Ground:
    """The ground on which an entry went, of a reason in the decision's words; `other` for what is not known here."""
    return next((found for cited, found in _CITED if cited in because), "other")


def grounds(disclosure: Disclosure) -> tuple[Ground, ...]:
    """Each ground on which something of a disclosure went, in a fixed order; `other` when no reason was recorded."""
    return tuple(sorted({ground(reason) for reason in disclosure.basis})) or ("other",)


def asked_by(disclosure: Disclosure, *, role: str | None, now: datetime) -> tuple[Rule, ...]:
    """Which rules ask that a disclosure by an organization of that role be listed at `now`.

    What HIPAA excuses is left out under it only if everything that went is excused. A consent to treatment, payment or
    operations is excused by its purpose, any other consent is not known to be an authorization too, and is listed.
    """
    if disclosure.state == "not-sent":
        return ()
    found: list[Rule] = []
    on = set(grounds(disclosure))
    excused = _EXCUSED | ({"consent"} if within(disclosure.purpose, *TPO) else set())
    if role in _HIPAA and not on <= excused and disclosure.intended_at >= _years(now, YEARS["45 CFR 164.528"]):
        found.append("45 CFR 164.528")
    consented = disclosure.part2 and "consent" in on
    if consented and disclosure.intended_at >= _years(now, YEARS["42 CFR 2.25"]):
        found.append("42 CFR 2.25")
    return tuple(found)


def account(
    disclosures: Mapping[str, Sequence[Disclosure]],
    *,
    discloser: Recipient,
    role: str | None,
    recipients: Mapping[str, Recipient],
    since: datetime,
    until: datetime,
    now: datetime,
    suspensions: Sequence[Suspension] = (),
    every: bool = False,
    asked: datetime | None = None,
    named: Mapping[int, str] = _NONE,
) -> Report:
    """The accounting of one discloser about one person, for a period (both ends included), oldest first.

    `disclosures`: the discloser's, by the person's keyed ids.
    `every`: also what no rule asks for. `suspensions` in force take out what went to their official, and nothing of
    the report says so (164.528(a)(2)(i)). `asked`: when the request came, for the days that the rules give. `named`:
    by a disclosure's number, who received it, where that is no organization of the hub.
    """
    hushed = {one.recipient for one in suspensions if one.since <= now < one.until}
    items = []
    for patient, one in _by_number(disclosures):
        rules = asked_by(one, role=role, now=now)
        if one.state == "not-sent" or one.recipient in hushed or not since <= one.intended_at <= until:
            continue
        if rules or every:
            items.append(_item(one, patient, recipients, rules, named.get(one.id)))
    return Report(
        title="Accounting of disclosures",
        discloser=discloser,
        patients=tuple(disclosures),
        since=since,
        until=until,
        made=now,
        items=tuple(items),
        due=_due(asked, ("45 CFR 164.528",)),
    )


def intermediary_list(
    disclosures: Mapping[str, Sequence[Disclosure]],
    *,
    intermediary: Recipient,
    recipients: Mapping[str, Recipient],
    now: datetime,
    asked: datetime | None = None,
) -> Report:
    """To whom an intermediary gave a person's Part 2 records by consent, in the three years before `now` (42 CFR 2.24).

    For each: the name, the date, a brief description. `disclosures`: those that passed through the intermediary.
    """
    since = _years(now, YEARS["42 CFR 2.24"])
    rules: tuple[Rule, ...] = ("42 CFR 2.24",)
    items = tuple(
        _item(one, patient, recipients, rules)
        for patient, one in _by_number(disclosures)
        if one.state != "not-sent" and one.part2 and "consent" in grounds(one) and since <= one.intended_at <= now
    )
    return Report(
        title="List of disclosures by an intermediary",
        discloser=intermediary,
        patients=tuple(disclosures),
        since=since,
        until=now,
        made=now,
        items=items,
        due=_due(asked, rules),
    )


def reach_back(now: datetime) -> datetime:
    """The earliest day that any rule asks for: six years ago."""
    return _years(now, max(YEARS.values()))


def _by_number(disclosures: Mapping[str, Sequence[Disclosure]]) -> list[tuple[str, Disclosure]]:
    found = [(patient, one) for patient, made in disclosures.items() for one in made]
    return sorted(found, key=lambda pair: pair[1].id)


def _item(
    one: Disclosure,
    patient: str,
    recipients: Mapping[str, Recipient],
    rules: tuple[Rule, ...],
    named: str | None = None,
) -> Item:
    known = recipients.get(one.recipient, Recipient(id=one.recipient, name=one.recipient))
    counted: dict[str, int] = {}
    for kind, _ in one.what:
        counted[kind] = counted.get(kind, 0) + 1
    return Item(
        number=one.id,
        patient=patient,
        at=one.intended_at,
        recipient=known if named is None else Recipient(id=one.recipient, name=named),
        what=tuple(sorted(counted.items())),
        resources=one.what,
        purpose=one.purpose,
        grounds=grounds(one),
        basis=one.basis,
        consents=one.consents,
        manner=one.manner,
        certain=one.state == "sent",
        rules=rules,
    )


def _due(asked: datetime | None, rules: tuple[Rule, ...]) -> tuple[tuple[Rule, datetime], ...]:
    return () if asked is None else tuple((rule, asked + timedelta(days=DUE_DAYS[rule])) for rule in rules)


def _years(now: datetime, years: int) -> datetime:
    """The same day so many years before; of a leap day the day before it, which lists more."""
    try:
        return now.replace(year=now.year - years)
    except ValueError:
        return now.replace(year=now.year - years, day=28)
