"""A Part 2 consent: its elements (42 CFR 2.31), whether each is there, whether it is in force.

`check_consent` returns issues whose rule is the element's code (`missing-expiry`, ...) and whose path says where;
never a value. An issue of severity error makes the consent deficient, and a deficient consent discloses nothing
(2.31(c)): except `counselling-notes-combined` and `proceedings-combined`, which take away that one use and leave the
rest (S47).

Elements that R4 has no place for are read by `elements`. Does not say to whom or for what a consent applies: that is
`matching`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from hub.release.age import FOR_MINOR, Signers
from hub.release.elements import Elements, elements
from hub.release.kind import kind_of, may_permit
from hub.release.purpose import TPO, canonical, within
from mappings.labels.vocabulary import CONFIDENTIALITY
from profiles.issue import Issue

Json = dict[str, Any]

#: Codes of an actor's role that mean who may disclose; every other role receives.
DISCLOSER_ROLES: Final = frozenset({"CST", "AUT", "AUTHOR", "PROV", "discloser", "custodian"})

#: Issues that do not make the whole consent deficient.
LIMITING: Final = frozenset({"counselling-notes-combined", "proceedings-combined"})

#: What an expiry that never comes is written as; valid for a TPO consent only (42 CFR 2.31(a)(7)).
_OPEN_EXPIRY: Final = frozenset({"none", "end of treatment", "end of the treatment", "until revoked"})


def check_consent(
    consent: Json,
    *,
    at: datetime | None = None,
    zone: str = "UTC",
    signers: Signers | None = None,
    law: str = "part2",
) -> list[Issue]:
    """What is missing or wrong in a Part 2 consent (42 CFR 2.31), in the order of the regulation.

    `at`: the moment it would be relied on, for expiry; None leaves the clock out. `zone`: IANA, for a date without
    time, which lasts to the end of that day there. `signers`: who must have signed by the patient's age (2.14,
    `hub.release.age`); None does not ask. `law="hipaa"` asks only for the elements of an
    authorization (45 CFR 164.508(c)). A form declared as another kind is `wrong-consent-kind`: an authorization under
    Part 2, an opt-out under either.
    """
    found: list[Issue] = []
    extra = elements(consent)
    provision = _dict(consent.get("provision"))

    def lacks(rule: str, path: str, text: str, code: str = "required") -> None:
        found.append(Issue(severity="error", code=code, rule=rule, path=path, text=text))

    actors = list(_actors(provision))
    purposes = _purposes(provision)
    tpo = any(within(purpose, *TPO) for purpose in purposes)
    part2 = law == "part2"
    if not may_permit(kind_of(consent), law):
        lacks("wrong-consent-kind", "Consent.category", "a form of this kind permits nothing under that law", "invalid")
    if not _names(_dict(consent.get("patient"))):
        lacks("missing-patient", "Consent.patient", "the patient is not named")
    if not (
        any(_names(one) for one in _list(consent.get("organization"))) or extra.discloser_classes or extra.names
    ) and (
        not any(role in DISCLOSER_ROLES and _names(who) for role, who in actors)
        or _permits_without(consent, _names_discloser)
    ):
        lacks("missing-discloser", "Consent.organization", "who may disclose is not named")
    if not (extra.description or any(_describes(node) for node in nodes(provision))):
        lacks("missing-description", "Consent.provision", "what may be disclosed is not described")
    recipients = [who for role, who in actors if role not in DISCLOSER_ROLES and _names(who)]
    # A class or an intermediary of the form narrows every permit in it: `matching` asks for both.
    elsewhere = bool(extra.recipient_classes or extra.intermediaries)
    if not (recipients or elsewhere) or (not elsewhere and _permits_without(consent, _names_recipient)):
        lacks("missing-recipient", "Consent.provision.actor", "who may receive is not named")
    if part2 and extra.intermediaries:
        if not all(one.names_participants for one in extra.intermediaries):
            lacks(
                "intermediary-participants-missing", "Consent.extension", "an intermediary's participants are not named"
            )
        # A named participant is a name; a class of participants must be of treating providers.
        named = [name for one in extra.intermediaries for name in one.participants]
        groups = [group for one in extra.intermediaries for group in one.classes]
        groups += [name for name in named if "all " in name.lower()]
        if any("treat" not in group.lower() or "payer" in group.lower() for group in groups):
            lacks("intermediary-class-too-wide", "Consent.extension", "a class beyond treating providers", "invalid")
    if part2 and tpo and extra.hipaa_redisclosure is not True:
        lacks(
            "missing-hipaa-redisclosure-statement", "Consent.extension", "the statement of 2.31(a)(4)(iii) is not there"
        )
    if not purposes or _permits_without(consent, _names_purpose) or _any_purpose(provision):
        lacks("missing-purpose", "Consent.provision.purpose", "no purpose is named")
    if extra.revocation is not True:
        lacks("missing-revocation-statement", "Consent.extension", "the right to revoke and how is not stated")
    period = _dict(provision.get("period"))
    if not (period.get("end") or extra.expiry_event):
        lacks("missing-expiry", "Consent.provision.period", "no expiry date, event or condition")
    elif part2 and not period.get("end") and (extra.expiry_event or "").strip().lower() in _OPEN_EXPIRY and not tpo:
        lacks(
            "open-expiry-not-tpo",
            "Consent.extension",
            "an open expiry outside treatment, payment, operations",
            "invalid",
        )
    if not any(_names(one) for one in _list(consent.get("performer"))):
        lacks("missing-signature", "Consent.performer", "nobody who may sign has signed")
    elif signers is not None:
        signed = _capacities(consent, extra)
        if signers == "adult" and signed and signed <= {"parent"}:
            lacks("missing-signature", "Consent.performer", "a parent may not sign for an adult")
        elif part2 and signers != "adult" and "patient" not in signed:
            lacks("minor-signature-required", "Consent.performer", "the minor's own signature is needed", "invalid")
        elif part2 and signers == "both" and not signed & FOR_MINOR:
            lacks(
                "parent-signature-required", "Consent.performer", "a minor of this age does not sign alone", "invalid"
            )
    if not consent.get("dateTime"):
        lacks("missing-date", "Consent.dateTime", "the date of signature is not there")
    if (tpo or not part2) and extra.redisclosure is not True:
        lacks("missing-redisclosure-risk", "Consent.extension", "the risk of redisclosure is not stated")
    if (tpo or not part2) and extra.refusal is not True:
        lacks("missing-refusal-consequence", "Consent.extension", "the consequence of refusing is not stated")
    if part2 and extra.counselling_notes and _labels_beside_notes(provision, tpo):
        lacks(
            "counselling-notes-combined",
            "Consent.extension",
            "counselling notes need a consent of their own",
            "invalid",
        )
    if (extra.proceedings or "proceedings" in purposes) and (purposes - {"proceedings"}):
        lacks(
            "proceedings-combined",
            "Consent.provision.purpose",
            "use in proceedings needs a consent of its own",
            "invalid",
        )
    if extra.witnesses and set(extra.witnesses) == {"officer"}:
        lacks("officer-only-witness", "Consent.extension", "the officer is the only witness", "business-rule")
    if extra.known_false:
        lacks("consent-known-false", "Consent.extension", "known to be materially false", "invalid")
    if at is not None:
        if _unreadable(consent, extra, zone):
            lacks("missing-expiry", "Consent.provision.period", "a date cannot be read", "invalid")
        elif revoked(consent, extra, at, zone):
            lacks("consent-revoked", "Consent.status", "revoked", "business-rule")
        elif expired(consent, at, zone):
            lacks("consent-expired", "Consent.provision.period.end", "expired", "expired")
    elif consent.get("status") == "inactive":
        lacks("consent-revoked", "Consent.status", "revoked", "business-rule")
    return found


def _capacities(consent: Json, extra: Elements) -> set[str]:
    """In what capacities it was signed; where the form does not say, the patient is who is named as the patient."""
    if extra.capacities:
        return set(extra.capacities)
    patient = _dict(consent.get("patient"))
    same = {patient.get("reference"), patient.get("display")} - {None}
    return {
        "patient" if {one.get("reference"), one.get("display")} & same else "representative"
        for one in _list(consent.get("performer"))
        if _names(one)
    }


def _unreadable(consent: Json, extra: Elements, zone: str) -> bool:
    period = _dict(_dict(consent.get("provision")).get("period"))
    try:
        for value in (consent.get("dateTime"), period.get("start"), period.get("end"), extra.revoked_at):
            if value is not None:
                _span(value, zone)
    except (ValueError, TypeError, OverflowError):
        return True
    return False


def deficient(issues: list[Issue]) -> tuple[str, ...]:
    """The codes that make a consent deficient, so that it discloses nothing (42 CFR 2.31(c))."""
    return tuple(issue.rule for issue in issues if issue.severity == "error" and issue.rule not in LIMITING)


def revoked(consent: Json, extra: Elements, at: datetime, zone: str) -> bool:
    """Whether it is withdrawn at that moment: by status, or by the time of revocation. Oral is a stop too."""
    if consent.get("status") == "inactive":
        return True
    return extra.revoked_at is not None and _span(extra.revoked_at, zone)[0] <= at


def expired(consent: Json, at: datetime, zone: str) -> bool:
    """Whether its period is over. A date-only end lasts to the end of that day in the zone (S43)."""
    end = _dict(_dict(consent.get("provision")).get("period")).get("end")
    return isinstance(end, str) and _span(end, zone)[1] <= at


def in_force(consent: Json, extra: Elements, at: datetime, zone: str) -> bool:
    """Whether status and period make it active at that moment. Says nothing of its other elements."""
    if consent.get("resourceType", "Consent") != "Consent" or consent.get("status") != "active":
        return False
    provision = _dict(consent.get("provision"))
    try:
        signed = consent.get("dateTime")
        if isinstance(signed, str) and _span(signed, zone)[0] > at:
            return False
        if revoked(consent, extra, at, zone):
            return False
    except (ValueError, OverflowError):
        # A date that cannot be read: a permission is not relied on, a refusal is.
        return provision.get("type") == "deny"
    return covers_time(provision, at, zone)


def covers_time(node: Json, at: datetime, zone: str) -> bool:
    """Whether a provision's period, if it has one, covers the moment. One that cannot be read covers a deny only."""
    period = node.get("period")
    if period is None:
        return True
    try:
        start, end = period.get("start"), period.get("end")
        return (start is None or _span(start, zone)[0] <= at) and (end is None or at < _span(end, zone)[1])
    except (ValueError, TypeError, AttributeError, OverflowError):
        return node.get("type") == "deny"


def moment(value: str) -> datetime:
    """A FHIR date or dateTime as a point in time; a date is 00:00Z. Raises ValueError."""
    return _span(value, "UTC")[0]


#: Many consents say the same few dates; a date reads the same each time. What cannot be read raises each time.
@lru_cache(maxsize=4096)
def _span(value: str, zone: str) -> tuple[datetime, datetime]:
    """First moment of a FHIR dateTime and the first moment after it. Raises ValueError."""
    if "T" in value:
        exact = datetime.fromisoformat(value)
        if exact.tzinfo is None:
            raise ValueError("no zone")
        # An instant given as an end is the last one that counts.
        return exact, exact + timedelta(microseconds=1)
    at = UTC if zone == "UTC" else ZoneInfo(zone)
    parts = [int(part) for part in value.split("-")]
    year, month, day = [*parts, 1, 1][:3]
    first = datetime(year, month, day, tzinfo=at)
    if len(parts) == 1:
        after = datetime(year + 1, 1, 1, tzinfo=at)
    elif len(parts) == 2:
        after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=at)
    else:
        after = (datetime(year, month, day) + timedelta(days=1)).replace(tzinfo=at)  # noqa: DTZ001 - the zone is set
    return first, after


def nodes(provision: Json) -> Iterator[Json]:
    """The base rule and its exceptions, at any depth."""
    yield provision
    for child in _list(provision.get("provision")):
        yield from nodes(child)


def _actors(provision: Json) -> Iterator[tuple[str, Json]]:
    for node in nodes(provision):
        for actor in _list(node.get("actor")):
            yield role_of(actor), _dict(actor.get("reference"))


def role_of(actor: Json) -> str:
    """The code of an actor's role, the first there is; empty if none."""
    for coding in _list(_dict(actor.get("role")).get("coding")):
        if isinstance(coding.get("code"), str):
            return str(coding["code"])
    return ""


def _purposes(provision: Json) -> set[str]:
    found: set[str] = set()
    for node in nodes(provision):
        for coding in _list(node.get("purpose")):
            code = purpose_of(coding)
            found.add(code or "?")
    return found


def purpose_of(coding: Json) -> str | None:
    """The canonical purpose of a Coding; None when the code is unknown."""
    code, system = coding.get("code"), coding.get("system")
    if not isinstance(code, str):
        return None
    return canonical(code if system is None else f"{system}|{code}")


def _permits_without(consent: Json, names: Callable[[Json], bool]) -> bool:
    """Whether some permit is not narrowed by `names`, neither itself nor by a provision around it.

    What is named only inside an exception does not name it for the base rule: a bare permit around it would let
    anybody have everything (42 CFR 2.31(a)(4), (5)).
    """
    base = _dict(consent.get("provision"))
    codes = [coding.get("code") for coding in _list(_dict(consent.get("policyRule")).get("coding"))]
    opted_in = "type" not in base and ("OPTIN" in codes or "OPTINR" in codes)

    def bare(node: Json, permits: bool) -> bool:
        if names(node):
            return False
        inner = _list(node.get("provision"))
        return permits or any(bare(one, one.get("type") == "permit") for one in inner)

    return bare(base, opted_in or base.get("type") == "permit")


def _names_recipient(node: Json) -> bool:
    return any(
        role_of(actor) not in DISCLOSER_ROLES and _names(_dict(actor.get("reference")))
        for actor in _list(node.get("actor"))
    )


def _names_discloser(node: Json) -> bool:
    return any(
        role_of(actor) in DISCLOSER_ROLES and _names(_dict(actor.get("reference")))
        for actor in _list(node.get("actor"))
    )


def _any_purpose(provision: Json) -> bool:
    """Whether it permits for the root of all purposes, which describes none (42 CFR 2.31(a)(5))."""
    return any(
        purpose_of(coding) == "PurposeOfUse"
        for node in nodes(provision)
        if node.get("type") != "deny"
        for coding in _list(node.get("purpose"))
    )


def _names_purpose(node: Json) -> bool:
    # The root of all purposes names none, wherever around a permit it stands, and takes every name beside it back.
    purposes = [purpose_of(coding) for coding in _list(node.get("purpose"))]
    return bool(purposes) and "PurposeOfUse" not in purposes


def _describes(node: Json) -> bool:
    return any(node.get(key) for key in ("securityLabel", "class", "code", "data", "dataPeriod"))


def _labels_beside_notes(provision: Json, tpo: bool) -> bool:
    codes = {
        coding.get("code")
        for coding in _list(provision.get("securityLabel"))
        if coding.get("system") != CONFIDENTIALITY
    }
    # Notes alone may be shared for treatment; without a label, treatment is about everything (42 CFR 2.31(b)).
    return bool(codes - {"PSYTHPN", "counselling-notes"}) or (tpo and not codes)


def _names(reference: Json) -> bool:
    return bool(reference.get("reference") or reference.get("identifier") or reference.get("display"))


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
