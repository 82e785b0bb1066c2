"""What somebody chooses on a form becomes two things: the words on it, and the `ConsentForm` that is kept.

Pure. Choices that a form cannot be made of are told by rule, so that they are put right before anybody signs.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from mappings.consent_form.template import Template
from mappings.consent_form.text import Filled
from mappings.incident import Attachment, ConsentForm, Recipient, Signature, StaffRole
from mappings.labels.vocabulary import SENSITIVITIES
from mappings.record import record

#: The class of recipients that 42 CFR 2.31(a)(4)(i) lets a single consent name.
TPO_CLASS: Final = "my treating providers, health plans, third-party payers, and people helping to operate this program"
#: A class of an intermediary's participants, 2.31(a)(4)(ii)(B).
TREATING_CLASS: Final = "my treating providers"

#: Purposes that a form may name, with their words (v3-ActReason; `outcome-feedback` and others are our own).
PURPOSES: Final[dict[str, str]] = {
    "TREAT": "my treatment",
    "HPAYMT": "payment for my care",
    "HOPERAT": "running the health care organizations that treat me",
    "outcome-feedback": "telling who referred me what became of the referral",
    "justice-monitoring": "those who have a duty to monitor my part in a program",
    "custody-care": "my care and safety in custody",
}

#: Expiries that never come; of use only where everything is treatment, payment or operations (2.31(a)(7)).
OPEN_EXPIRIES: Final = ("none", "end of the treatment")


@record
class Named:
    """An organization of the directory that a form names. `intermediary`: it passes records on (42 CFR 2.11)."""

    id: str
    name: str
    intermediary: bool = False


@record
class Choices:
    """What is chosen before the form is shown. `expires` is a FHIR date, `expiry_event` words: one of them.

    `participants`: an intermediary's, by name; none means the class of treating providers.
    """

    disclosers: tuple[Named, ...] = ()
    recipients: tuple[Named, ...] = ()
    tpo_class: bool = False
    participants: tuple[str, ...] = ()
    description: str = ""
    sensitivities: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    expires: str = ""
    expiry_event: str = ""


def faults(template: Template, choices: Choices, *, today: date) -> tuple[str, ...]:
    """Why no form can be made of these choices, as codes of 2.31's elements (`missing-recipient`, ...); none is good.

    Says nothing of who signs and how.
    """
    found: list[str] = []
    if template.kind != "opt-out" and not choices.disclosers:
        found.append("missing-discloser")
    if not choices.description.strip():
        found.append("missing-description")
    if template.kind != "opt-out" and not (choices.recipients or choices.tpo_class):
        found.append("missing-recipient")
    purposes = _purposes(template, choices)
    if template.kind != "opt-out" and (not purposes or set(purposes) - set(PURPOSES) - {"TPO", "proceedings"}):
        found.append("missing-purpose")
    if set(choices.sensitivities) - SENSITIVITIES:
        found.append("missing-description")
    if choices.tpo_class and template.covers != "tpo":
        found.append("missing-recipient")
    if template.kind != "opt-out":
        found += _expiry(template, choices, purposes, today)
    return tuple(dict.fromkeys(found))


def _expiry(template: Template, choices: Choices, purposes: tuple[str, ...], today: date) -> list[str]:
    if choices.expires:
        try:
            ends = date.fromisoformat(choices.expires)
        except ValueError:
            return ["missing-expiry"]
        return ["consent-expired"] if ends < today else []
    event = choices.expiry_event.strip()
    if not event:
        return ["missing-expiry"]
    medical = set(purposes) <= {"TPO", "TREAT", "HPAYMT", "HOPERAT"}
    if template.kind == "part2" and event.lower() in OPEN_EXPIRIES and not medical:
        return ["open-expiry-not-tpo"]
    return []


def _purposes(template: Template, choices: Choices) -> tuple[str, ...]:
    if template.covers == "tpo":
        return ("TPO",)
    return ("proceedings",) if template.covers == "proceedings" else choices.purposes


def filled(
    template: Template, choices: Choices, *, patient: str, birth_date: str, ticked: frozenset[str] = frozenset()
) -> Filled:
    """The words that stand in the form's places."""
    recipients = [
        f"{one.name}, and through it to {_and(choices.participants or (TREATING_CLASS,))}"
        if one.intermediary
        else one.name
        for one in choices.recipients
    ]
    if choices.tpo_class:
        recipients.append(TPO_CLASS)
    words = {"TPO": "treatment, payment and health care operations", "proceedings": "use in a proceeding"} | PURPOSES
    expiry = f"at the end of {choices.expires}" if choices.expires else choices.expiry_event.strip()
    return Filled(
        patient=patient,
        birth_date=birth_date,
        disclosers=_and([one.name for one in choices.disclosers]) or "whoever holds it",
        recipients=_and(recipients) or "anybody",
        description=choices.description.strip(),
        purposes=_and([words[code] for code in _purposes(template, choices) if code in words]) or "no purpose",
        expiry="none; it lasts until I take it back" if expiry.lower() == "none" else expiry,
        ticked=ticked,
    )


def consent_form(
    template: Template,
    choices: Choices,
    *,
    ticked: frozenset[str],
    number: str,
    signature: Signature,
    cosignature: Signature | None = None,
    witnesses: tuple[StaffRole, ...] = (),
    scan: Attachment | None = None,
    capacity_doubtful: bool = False,
) -> ConsentForm:
    """The form as captured. One that was signed where capacity was doubtful is a draft: nothing rests on it (S60)."""
    left_out = tuple(
        code for box in template.checkboxes if box.name not in ticked for code in box.sensitivities
    )  # what the state wants ticked for itself, and was not
    recipients = [
        Recipient(
            organization=one.id,
            intermediary=one.intermediary,
            participants=choices.participants if one.intermediary else (),
            class_=TREATING_CLASS if one.intermediary and not choices.participants else None,
        )
        for one in choices.recipients
    ]
    if choices.tpo_class:
        recipients.append(Recipient(class_=TPO_CLASS))
    permits = template.kind != "opt-out"
    notes = template.covers == "counselling-notes"
    return ConsentForm(
        number=number,
        kind=template.kind,
        status="draft" if capacity_doubtful else "active",
        decision="permit" if permits else "deny",
        disclosers=tuple(Recipient(organization=one.id) for one in choices.disclosers),
        description=choices.description.strip() or None,
        sensitivities=("PSYTHPN",) if notes else choices.sensitivities,
        excluded=tuple(dict.fromkeys(left_out)) if permits else (),
        recipients=tuple(recipients),
        purposes=_purposes(template, choices) if permits else (),
        revocation_statement=True if template.has("revocation") else None,
        redisclosure_statement=True if template.has("redisclosure") else None,
        refusal_statement=True if template.has("refusal") else None,
        hipaa_redisclosure_statement=True if template.has("hipaa-redisclosure") else None,
        counselling_notes=notes,
        proceedings=template.covers == "proceedings",
        expires=choices.expires or None,
        expiry_event=choices.expiry_event.strip() or None,
        signature=signature,
        cosignature=cosignature,
        witnesses=witnesses,
        scan=scan,
    )


def _and(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)
