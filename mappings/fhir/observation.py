"""Observation: what was seen, done and measured in a contact, under our `field-observation` codes.

No published code says weapon, force, injury or de-escalation in a police contact, so the codes are ours; the value
keeps the source's own and mapped codes. What an officer saw is not a diagnosis (that is `condition`).
"""

from __future__ import annotations

from typing import Final

from mappings.fhir.datatypes import extension, period
from mappings.fhir.draft import Draft, Json, clean, codes_in, ref
from mappings.fhir.encounter import Visit
from mappings.fhir.practitioner import staff_reference
from mappings.fhir.profile import claim
from mappings.fhir.systems import DATA_ABSENT_REASON, FIELD_OBSERVATION, LOINC, OBSERVATION_CATEGORY, SID_RESOURCE
from mappings.incident import Coded, Contact, DateTime, Observed, Screening, Staff

#: Our code -> HL7 observation category and what people call it.
FIELD_OBSERVATIONS: Final[dict[str, tuple[str, str]]] = {
    "weapon": ("social-history", "Weapon present or reported"),
    "force": ("procedure", "Force used"),
    "de-escalation": ("procedure", "De-escalation used"),
    "intervention": ("procedure", "Intervention on scene"),
    "injury": ("exam", "Injury observed"),
    "capacity": ("exam", "Capacity as observed"),
    "substance": ("social-history", "Substance-related observation"),
    "hold-grounds": ("social-history", "Grounds of a hold"),
    "hold-statute": ("social-history", "Statute of a hold"),
    "legal-status": ("social-history", "Legal status"),
    "screening-score": ("survey", "Screening score"),
    "screening-risk": ("survey", "Screening risk level"),
    "reported-condition": ("social-history", "Condition reported, not diagnosed"),
    "follow-up-plan": ("procedure", "Follow-up plan"),
}

#: Our code -> the profile whose value set its value is bound to; every other code has the general profile.
_BOUND: Final[dict[str, str]] = {
    "de-escalation": "de-escalation-observation",
    "force": "force-observation",
    "hold-grounds": "hold-grounds-observation",
    "legal-status": "legal-status-observation",
    "weapon": "weapon-observation",
}

#: LOINC instrument (panel) -> LOINC code of its total score, of its risk level.
_SCORE = {"44249-1": "44261-6"}
_RISK = {"93373-9": "93374-7"}


def observations(draft: Draft, visit: Visit, contact: Contact) -> None:
    """Adds every Observation of `contact` (screenings aside) and remembers them on `visit`."""
    path = visit.path
    for code, items in (
        ("weapon", contact.weapons),
        ("force", contact.force),
        ("de-escalation", contact.de_escalation),
        ("intervention", contact.interventions),
    ):
        if items:
            field = {"weapon": "weapons", "de-escalation": "de_escalation", "intervention": "interventions"}.get(
                code, code
            )
            for n, coded in enumerate(items):
                observed_value(draft, visit, code, n, coded, f"{path}.{field}[{n}]")
    for code, field, seen in (
        ("injury", "injuries", contact.injuries),
        ("substance", "substances", contact.substances),
    ):
        for n, observed in enumerate(seen):
            _observed(draft, visit, code, n, observed, f"{path}.{field}[{n}]")
    if contact.capacity is not None:
        _observed(draft, visit, "capacity", 0, contact.capacity, f"{path}.capacity")
    _hold(draft, visit, contact)
    if plan := clean(contact.follow_up):
        add_observation(draft, visit, "follow-up-plan", 0, {"valueString": plan}, by=contact.clinician)


def _observed(draft: Draft, visit: Visit, code: str, turn: int, seen: Observed, path: str) -> None:
    extensions = [extension("reported-by", "String", told)] if (told := clean(seen.reported_by)) else None
    observed_value(
        draft, visit, code, turn, seen.what, f"{path}.what", by=seen.by, time=seen.time, extensions=extensions
    )


def observed_value(
    draft: Draft,
    visit: Visit,
    code: str,
    turn: int,
    coded: Coded,
    path: str,
    *,
    by: Staff | None = None,
    time: DateTime | None = None,
    extensions: list[Json] | None = None,
) -> None:
    """Adds an Observation whose value is a coded one; nothing when the source's value says nothing."""
    value = draft.concept(coded, code, path)
    if value is not None:
        add_observation(
            draft,
            visit,
            code,
            turn,
            {"valueCodeableConcept": value},
            by=by,
            time=time,
            extensions=extensions,
            path=path,
        )


def _hold(draft: Draft, visit: Visit, contact: Contact) -> None:
    hold = contact.hold
    if hold is None:
        return
    path = f"{visit.path}.hold"
    values: list[tuple[str, int, Json]] = []
    if hold.legal_status is not None and (
        status := draft.concept(hold.legal_status, "legal-status", f"{path}.legal_status")
    ):
        values.append(("legal-status", 0, {"valueCodeableConcept": status}))
    for n, coded in enumerate(hold.grounds):
        if ground := draft.concept(coded, "hold-grounds", f"{path}.grounds[{n}]"):
            values.append(("hold-grounds", n, {"valueCodeableConcept": ground}))
    if statute := clean(hold.statute):
        values.append(("hold-statute", 0, {"valueString": statute}))
    if not values:
        absent = {"coding": [{"system": DATA_ABSENT_REASON, "code": "unknown"}]}
        values.append(("legal-status", 0, {"dataAbsentReason": absent}))
    for code, turn, value in values:
        if lasts := period(draft, hold.started, hold.until, f"{path}.until"):
            value["effectivePeriod"] = lasts
        add_observation(draft, visit, code, turn, value, by=hold.by, path=path)


def screening_results(draft: Draft, visit: Visit, turn: int, screening: Screening, answers: str | None) -> None:
    """Adds the score and the risk of a screening; `answers` is the QuestionnaireResponse they come from."""
    path = f"{visit.path}.screenings[{turn}]"
    panel = next(iter(codes_in(screening.instrument, LOINC)), "")
    profile = "screening-observation" if _meets(visit, screening, panel, answers) else None

    def result(value: Json) -> Json:
        if instrument := draft.concept(screening.instrument, "instrument", f"{path}.instrument"):
            value["method"] = instrument
        if answers is not None:
            value["derivedFrom"] = [ref(answers)]
        return value

    for code, value, loinc in (
        ("screening-score", screening.score, _SCORE.get(panel)),
        ("screening-risk", screening.risk, _RISK.get(panel)),
    ):
        if isinstance(value, Coded):
            risk = draft.concept(value, code, f"{path}.risk")
            given: Json | None = {"valueCodeableConcept": risk} if risk is not None else None
        else:
            given = {"valueInteger": value} if value is not None else None
        if given is not None:
            add_observation(
                draft,
                visit,
                code,
                turn,
                result(given),
                by=screening.by,
                time=screening.time,
                loinc=loinc,
                path=path,
                profile=profile,
            )
    if screening.score is None and screening.risk is None and answers is None:
        # Asked, with no result in the source: that it was asked is still a fact.
        absent: Json = {"dataAbsentReason": {"coding": [{"system": DATA_ABSENT_REASON, "code": "unknown"}]}}
        add_observation(
            draft,
            visit,
            "screening-score",
            turn,
            result(absent),
            by=screening.by,
            time=screening.time,
            path=path,
            profile=profile,
        )


def _meets(visit: Visit, screening: Screening, panel: str, answers: str | None) -> bool:
    """Whether results meet `screening-observation`: US Core wants their time to the day (us-core-1), and answers that
    they are derived from to claim its profile too (`questionnaire_response`: a panel and a time)."""
    when = screening.time or (visit.contact.start if visit.contact is not None else None)
    if when is None:
        return answers is None
    return len(when) >= 10 and (answers is None or panel != "")


def add_observation(
    draft: Draft,
    visit: Visit,
    code: str,
    turn: int,
    value: Json,
    *,
    by: Staff | None = None,
    time: DateTime | None = None,
    loinc: str | None = None,
    extensions: list[Json] | None = None,
    path: str = "",
    profile: str | None = "field-observation",
) -> str:
    """Adds one Observation of `visit`, with `value` merged in; its fullUrl. Without a time, the contact's start.

    It claims `profile` (or that of `_BOUND`) only with a subject, which US Core requires. None: it claims nothing.
    """
    category, display = FIELD_OBSERVATIONS[code]
    made = draft.id_of("observation", f"{visit.key}|{code}|{turn}", origin=visit.origin)
    codings = [{"system": FIELD_OBSERVATION, "code": code, "display": display}]
    if loinc:
        codings.insert(0, {"system": LOINC, "code": loinc})
    resource: Json = {"resourceType": "Observation", "id": made}
    if visit.patient is not None and profile is not None:
        resource["meta"] = claim(_BOUND.get(code, profile))
    if extensions:
        resource["extension"] = extensions
    resource["identifier"] = [{"system": SID_RESOURCE, "value": made}]
    resource["status"] = "final"
    resource["category"] = [{"coding": [{"system": OBSERVATION_CATEGORY, "code": category}]}]
    resource["code"] = {"coding": codings}
    if visit.patient is not None:
        resource["subject"] = ref(visit.patient)
    resource["encounter"] = ref(visit.url)
    when = time or (visit.contact.start if visit.contact is not None else None)
    if when is not None and "effectivePeriod" not in value:
        resource["effectiveDateTime"] = when
    if who := staff_reference(draft, by, visit.origin, f"{path or visit.path}.by"):
        resource["performer"] = [who]
    resource.update(value)
    url = draft.add(resource, visit.origin)
    visit.observations.append(url)
    return url
