"""The index: every definition in its place, with one sentence of what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from profiles.package_file import DEPENDENCIES, FILE
from profiles.pages.exchange import kind_of
from profiles.pages.frame import Library, file_of, first_sentence, page, title
from profiles.pages.markup import Markup, code, join, link, prose, table, tag

Json = dict[str, Any]

#: The profiles in the order of the story that they tell, by resource type.
_GROUPS: Final = (
    ("Who and where", ("Patient", "RelatedPerson", "Organization", "Practitioner", "PractitionerRole", "Location")),
    ("The contact", ("Encounter",)),
    (
        "What was seen, asked and written",
        ("Observation", "QuestionnaireResponse", "Condition", "Flag", "DocumentReference"),
    ),
    ("The referral and its answer", ("ServiceRequest", "Task")),
    ("Consent, and whose record it is", ("Consent", "Provenance", "AuditEvent")),
    ("How it travels", ("Bundle", "MessageHeader")),
)
_EXCHANGE: Final = (
    "CapabilityStatement",
    "MessageDefinition",
    "OperationDefinition",
    "SearchParameter",
    "NamingSystem",
)
_LEAD: Final = (
    "What a mental health center receives when a police officer and a clinician have met a person in crisis: a FHIR "
    "R4 referral with the contact, what was seen, and the consent it came under.",
    "Open a profile to read element by element what will arrive: how often, as which type and codes, and where it "
    "comes from in the contact form, in a CAD or RMS export, in NENA EIDO, and in HL7 v2 where a center takes that. "
    "Must support (MS) means that the hub sends the element whenever it knows it; be able to show it or to keep it.",
)


def front_page(library: Library) -> str:
    """The package at a glance."""
    structures = library.of("StructureDefinition")
    extensions = [one for one in structures if one["type"] == "Extension"]
    profiles = [one for one in structures if one["type"] != "Extension"]
    return page(
        "Co-response profiles",
        "FHIR R4 implementation package",
        tag("div", *(tag("p", each) for each in _LEAD), class_="lead"),
        tag(
            "p",
            "The package is ",
            code(FILE),
            ". It stands on ",
            join(*(code(f"{name}#{version}") for name, version in DEPENDENCIES.items()), by=", "),
            ".",
        ),
        tag("h2", "Profiles", id="profiles"),
        *_grouped(profiles),
        tag("h2", "Extensions", id="extensions"),
        tag("p", "Only for what FHIR has no element for; each says why."),
        _table(extensions, "Stands on", _contexts, "Extensions"),
        tag("h2", "Terminology", id="terminology"),
        *(
            _table(found, "Size", _size, words)
            for kind, words in (
                ("CodeSystem", "Code systems"),
                ("ValueSet", "Value sets"),
                ("ConceptMap", "Concept maps"),
            )
            if (found := library.of(kind))
        ),
        tag("h2", "Exchange", id="exchange"),
        _table(
            [one for kind in _EXCHANGE for one in library.of(kind)],
            "Kind",
            kind_of,
            "What the hub does, and how to find",
        ),
        tag("h2", "Examples", id="examples"),
        tag(
            "p",
            f"{len(library.examples)} Bundles and records, made of every golden sample: ",
            link("all examples", "examples.html"),
            ".",
        ),
    )


def _grouped(profiles: list[Json]) -> list[Markup]:
    made = []
    named = {kind for _, kinds in _GROUPS for kind in kinds}
    for words, kinds in (*_GROUPS, ("Others", None)):
        found = [one for one in profiles if (one["type"] in kinds if kinds else one["type"] not in named)]
        if kinds:
            found.sort(key=lambda one: kinds.index(one["type"]))
        if found:
            made.append(_table(found, "Resource", _type, words))
    return made


def _table(found: list[Json], head: str, tell: Callable[[Json], str], words: str) -> Markup:
    rows: list[tuple[str, ...]] = [
        (link(title(one), file_of(one)), tell(one), prose(first_sentence(one))) for one in found
    ]
    return table(("Name", head, "What it is"), rows, caption=words, class_="cards front")


def _type(definition: Json) -> str:
    return str(definition["type"])


def _contexts(extension: Json) -> str:
    return ", ".join(each["expression"] for each in extension.get("context", ()))


def _size(definition: Json) -> str:
    if definition["resourceType"] == "CodeSystem":
        return f"{_count(definition)} codes"
    if definition["resourceType"] == "ConceptMap":
        return f"{sum(len(group['element']) for group in definition.get('group', ()))} codes"
    listed = sum(len(each.get("concept", ())) for each in definition.get("compose", {}).get("include", ()))
    return f"{listed} codes" if listed else "whole systems"


def _count(concepts: Json) -> int:
    return sum(1 + _count(each) for each in concepts.get("concept", ()))
