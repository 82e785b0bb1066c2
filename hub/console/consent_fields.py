"""The fields of the consent pages: what was chosen, who signs, who was present. Reads only; what is wrong is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from hub.settings import Settings
from mappings.consent_form import Choices, Named, Template
from mappings.consent_form.form import PURPOSES
from mappings.incident import StaffRole

Form = dict[str, str]
Capacity = Literal["patient", "parent", "guardian", "representative"]

CAPACITIES: Final[dict[str, str]] = {
    "patient": "the person themselves",
    "parent": "a parent",
    "guardian": "a guardian",
    "representative": "a representative with authority",
}
#: Who may have been present; anybody who is not staff is `unknown`.
WITNESSES: Final[dict[str, str]] = {
    "clinician": "clinician",
    "peer": "peer",
    "paramedic": "paramedic",
    "case-manager": "case manager",
    "officer": "officer",
    "unknown": "somebody else",
}
SENSITIVE: Final[dict[str, str]] = {
    "SUD": "substance use disorder",
    "MH": "mental health",
    "HIV": "HIV",
    "SDV": "sexual assault or domestic violence",
    "SEX": "sexuality and reproductive health",
}
METHODS: Final[dict[str, str]] = {"paper": "in writing", "verbal": "said", "electronic": "signed on a device"}

#: Longest text of one field, in characters.
LONGEST: Final = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Signer:
    """Who signs: their name as typed and the capacity they sign in."""

    name: str
    capacity: Capacity


@dataclass(frozen=True, kw_only=True, slots=True)
class Present:
    """Who was there when it was signed: a role, and a name for the document."""

    role: StaffRole
    name: str


def template_of(settings: Settings, name: str) -> Template | None:
    """The form of that id, if this hub has it."""
    return next((one for one in settings.consent_forms if one.id == name), None)


def organizations(settings: Settings, template: Template, custody: str) -> tuple[list[Named], list[Named]]:
    """Whom the form may let share, and whom receive: the directory's; police only where the form names its own ends."""
    sharing, receiving = [], []
    for one in settings.organization:
        named = Named(id=one.id, name=one.name, intermediary=one.posture == "intermediary")
        police = one.posture == "law-enforcement"
        if not police or one.id == custody:
            sharing.append(named)
        if one.id != custody and not (police and template.covers in ("tpo", "counselling-notes")):
            receiving.append(named)
    return sharing, receiving


def choices(settings: Settings, template: Template, custody: str, form: Form) -> Choices:
    """What was chosen. Names that are no field's are passed over."""
    sharing, receiving = organizations(settings, template, custody)
    dated = form.get("ends") == "date"
    return Choices(
        disclosers=tuple(one for one in sharing if form.get(f"from.{one.id}")),
        recipients=tuple(one for one in receiving if form.get(f"to.{one.id}")),
        tpo_class=bool(form.get("tpo_class")) and template.covers == "tpo",
        participants=tuple(
            " ".join(line.split()) for line in _words(form, "participants").splitlines() if line.strip()
        ),
        description=" ".join(_words(form, "description").split()),
        sensitivities=tuple(code for code in SENSITIVE if form.get(f"about.{code}")),
        purposes=tuple(code for code in PURPOSES if form.get(f"for.{code}")),
        expires=form.get("expires", "")[:10] if dated else "",
        expiry_event="" if dated else " ".join(_words(form, "expiry_event").split()),
    )


def kept_fields(form: Form) -> dict[str, str]:
    """The choices as hidden fields of the page on which somebody signs."""
    prefixes = ("from.", "to.", "about.", "for.", "present.")
    names = {"template", "tpo_class", "participants", "description", "ends", "expires", "expiry_event", "capacity",
             "cocapacity", "doubtful", "way"}  # fmt: skip
    return {name: value for name, value in form.items() if value and (name in names or name.startswith(prefixes))}


def ticked(template: Template, form: Form) -> frozenset[str]:
    """The state's boxes that are ticked."""
    return frozenset(box.name for box in template.checkboxes if form.get(f"box.{box.name}"))


def capacity(form: Form, name: str) -> Capacity | None:
    """A capacity, or None for none and for what is none."""
    found = form.get(name)
    return next((one for one in get_args(Capacity) if one == found), None)


def signer(form: Form, capacity_field: str, name_field: str) -> Signer | None:
    """Who signed, if a capacity and a name are given."""
    given, name = capacity(form, capacity_field), " ".join(form.get(name_field, "").split())[:120]
    return Signer(name=name, capacity=given) if given is not None and name else None


def present(form: Form) -> tuple[Present, ...]:
    """Who was there, in the order of the fields."""
    found = []
    for turn in ("1", "2"):
        role = next((one for one in get_args(StaffRole) if one == form.get(f"present.{turn}.role")), None)
        if role is not None:
            found.append(Present(role=role, name=" ".join(form.get(f"present.{turn}.name", "").split())[:120]))
    return tuple(found)


def officer_alone(there: tuple[Present, ...]) -> bool:
    """Whether the officer is the only witness (part2 guide P20)."""
    return bool(there) and all(one.role == "officer" for one in there)


def _words(form: Form, name: str) -> str:
    return form.get(name, "")[:LONGEST]
