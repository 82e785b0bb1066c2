"""Persons of an EIDO document: their roles, and what NIEM's PersonType says of them (all of its members are arrays).

The person's slot is the component's `$id`. Only the role `Patient` makes a subject. Identifiers of criminal justice
and of the state (social security, state, licence and the like) are dropped, counted by rule. What somebody reported of
the mind or the body (`mentalState`, `medicalCondition`) becomes a narrative of undeclared provenance: the document does
not say whether the caller or an officer said it. It is never an observation or a diagnosis.
"""

from __future__ import annotations

from mappings.cad.agencies import nc_texts
from mappings.cad.components import Component
from mappings.cad.references import Document
from mappings.cad.rules import AGE_UNIT, PLACEHOLDER_NAME, UNKNOWN_ROLE
from mappings.found import BAD_TIME
from mappings.incident import Code, Coded, Name, Narrative, Person, PersonRole
from mappings.times import is_date_time

#: The rule by which identifiers of criminal justice and of the state are left out.
PERSON_IDENTIFIER = "cjis.person-identifier"

#: Code systems of NIEM's NCIC and UCR person codes. Ours: they have no canonical FHIR URI known to us.
SEX = "https://warmhandoff.org/fhir/CodeSystem/ncic-sex"
RACE = "https://warmhandoff.org/fhir/CodeSystem/ncic-race"
ETHNICITY = "https://warmhandoff.org/fhir/CodeSystem/ucr-ethnicity"
LANGUAGE = "urn:iso:std:iso:639:-3"

_OMB = "urn:oid:2.16.840.1.113883.6.238"
_GENDER = "http://hl7.org/fhir/administrative-gender"
_SEX_CODES = {
    "M": (Code(system=_GENDER, code="male", display="Male"),),
    "F": (Code(system=_GENDER, code="female", display="Female"),),
    "U": (Code(system=_GENDER, code="unknown", display="Unknown"),),
}
# NCIC's A is Asian or Pacific Islander, which OMB has as two categories: no single code is right.
_RACE_CODES = {
    "B": (Code(system=_OMB, code="2054-5", display="Black or African American"),),
    "I": (Code(system=_OMB, code="1002-5", display="American Indian or Alaska Native"),),
    "W": (Code(system=_OMB, code="2106-3", display="White"),),
}
_ETHNICITY_CODES = {
    "H": (Code(system=_OMB, code="2135-2", display="Hispanic or Latino"),),
    "N": (Code(system=_OMB, code="2186-5", display="Not Hispanic or Latino"),),
}

# BCP 47 takes the shorter ISO 639-1 code where there is one (RFC 5646, section 2.2.1). The languages met most; another
# one keeps its three letters, unmapped.
_BCP_47 = "urn:ietf:bcp:47"
_SHORT = {
    "ara": "ar", "amh": "am", "ben": "bn", "deu": "de", "ell": "el", "eng": "en", "fas": "fa", "fra": "fr",
    "guj": "gu", "hat": "ht", "heb": "he", "hin": "hi", "ita": "it", "jpn": "ja", "khm": "km", "kor": "ko",
    "lao": "lo", "nav": "nv", "nep": "ne", "pan": "pa", "pol": "pl", "por": "pt", "ron": "ro", "rus": "ru",
    "som": "so", "spa": "es", "swa": "sw", "tam": "ta", "tel": "te", "tgl": "tl", "tha": "th", "tir": "ti",
    "tur": "tr", "ukr": "uk", "urd": "ur", "vie": "vi", "zho": "zh",
}  # fmt: skip
_LANGUAGE_CODES = {long: (Code(system=_BCP_47, code=short),) for long, short in _SHORT.items()}

_ROLES: dict[str, PersonRole] = {
    "Patient": "subject",
    "Caller": "caller",
    "ReportingParty": "reporting-party",
    "PatientRelative": "relative",
    "VictimRelative": "relative",
    "Victim": "victim",
    "Witness": "witness",
    "Suspect": "suspect",
    "PersonOfInterest": "other",
    "PatientAcquaintance": "other",
    "VictimAcquaintance": "other",
    "InvolvedPerson": "other",
}
_IDENTIFIERS = (
    "ssnIdentification",
    "stateIdentification",
    "licenseIdentification",
    "passportIdentification",
    "nationalIdentification",
    "otherIdentification",
    "taxIdentification",
)
_ANY_IDENTIFIER = frozenset(_IDENTIFIERS)
# Member -> the narrative's title.
_REPORTED = {
    "mentalState": "Reported mental state",
    "medicalCondition": "Reported medical condition",
    "medicalDescription": "Reported medical description",
    "medicationRequired": "Reported medication",
    "moodDescription": "Reported mood",
}
# Member -> the word before it in a description.
_DESCRIBED = {
    "description": "",
    "generalAppearanceDescription": "",
    "ageDescription": "age: ",
    "heightDescription": "height: ",
    "weightDescription": "weight: ",
    "build": "build: ",
    "hairColor": "hair: ",
    "eyeColor": "eyes: ",
}
# Not names: what is typed where a name is asked for and none is known.
_PLACEHOLDERS = frozenset(
    {
        *("UNK", "UNKN", "UNKNOWN", "UNIDENTIFIED", "ANONYMOUS", "ANON", "REFUSED", "NONE", "NFN", "NLN"),
        *("MALE", "FEMALE", "PERSON", "SUBJECT", "CALLER"),
    }
)


def persons(document: Document) -> tuple[tuple[Person, ...], list[Narrative]]:
    """The persons in the document's order, and what was reported of them."""
    found: list[Person] = []
    reported: list[Narrative] = []
    for component in document.all("personComponent"):
        if component.id is not None:
            found.append(_person(component, component.id, f"persons[{len(found)}]", reported))
    return tuple(found), reported


def _person(component: Component, slot: str, path: str, reported: list[Narrative]) -> Person:
    document = component.document
    paths = document.found.paths
    paths[path] = component.path
    roles: list[PersonRole] = []
    for index, token in enumerate(component.texts("personIncidentRoleRegistryText")):
        role = _ROLES.get(token, "unknown")
        if role == "unknown":
            # Supplied or not, no registry says what the role means here.
            document.found.issue(UNKNOWN_ROLE, f"{component.path}.personIncidentRoleRegistryText[{index}]")
        if role not in roles:
            roles.append(role)
    named: tuple[PersonRole, ...] = tuple(roles) or ("unknown",)
    body = component.object("ncPersonComponent")
    if body is None:
        return Person(slot=slot, roles=named, unknown=True)
    # Of the hundred members that a person may have most have few: nothing is looked for that is not there.
    members = body.members
    if "@context" in members:
        body.take("@context")
    if not _ANY_IDENTIFIER.isdisjoint(members):
        _drop_identifiers(body)
    said: list[str] = []
    names = _names(body, said) if "name" in members else ()
    if names:
        paths[f"{path}.names"] = body.place("name")
    if not members:
        return Person(slot=slot, roles=named, unknown=not names, names=names, description="; ".join(said) or None)
    if not _DESCRIBED.keys().isdisjoint(members):
        for member, prefix in _DESCRIBED.items():
            said += [prefix + text for text in nc_texts(body, member)]
    age, approximate = _age(body, said) if "ageMeasure" in members else (None, False)
    if not _REPORTED.keys().isdisjoint(members):
        for member, title in _REPORTED.items():
            if member in members:
                _report(body, member, title, slot, reported, component)
    birth_date = _birth_date(body) if "birthDate" in members else None
    if birth_date is not None:
        paths[f"{path}.birth_date"] = body.place("birthDate")
    languages = _languages(body)
    return Person(
        slot=slot,
        roles=named,
        unknown=not names,
        names=names,
        birth_date=birth_date,
        age_years=age,
        approximate_age=approximate,
        sex=_coded(body, "sexCode", "sex", SEX, _SEX_CODES),
        race=_race(body),
        ethnicity=_coded(body, "ethnicityCode", "ethnicity", ETHNICITY, _ETHNICITY_CODES),
        languages=languages,
        description="; ".join(said) or None,
    )


def _drop_identifiers(body: Component) -> None:
    for member in _IDENTIFIERS:
        value = body.take(member)
        if value is not None:
            count = len(value) if type(value) is list else 1
            body.document.found.drop(body.place(member), PERSON_IDENTIFIER, max(count, 1))


def _names(body: Component, placeholders: list[str]) -> tuple[Name, ...]:
    found = []
    for part in body.objects("name"):
        members = part.members
        if "@context" in members:
            part.take("@context")
        whole = nc_texts(part, "personFullName") if "personFullName" in members else []
        family = nc_texts(part, "personSurName")
        given = nc_texts(part, "personGivenName")
        if "personMiddleName" in members:
            given += nc_texts(part, "personMiddleName")
        said = [*given, *family] or whole
        if not said:
            continue
        family = [text for text in family if not _is_placeholder(text)]
        given = [text for text in given if not _is_placeholder(text)]
        # Parts that are all placeholders name nobody, whatever the whole says.
        if not family and not given and (said is not whole or all(map(_is_placeholder, whole))):
            body.document.found.issue(PLACEHOLDER_NAME, part.path)
            placeholders.append(" ".join(said))
            continue
        found.append(
            Name(
                family=" ".join(family) or None,
                given=tuple(given),
                # The whole name is needed only where its parts are not given.
                text=whole[0] if whole and not (family and given) else None,
            )
        )
    return tuple(found)


def _is_placeholder(text: str) -> bool:
    if text.isalpha():
        return text.upper() in _PLACEHOLDERS
    words = text.upper().replace(",", " ").replace("/", " ").split()
    return all(word.strip(".-()") in _PLACEHOLDERS for word in words) or not words


def _birth_date(body: Component) -> str | None:
    for part in body.objects("birthDate"):
        for member in ("date", "yearMonth", "year"):
            for text in nc_texts(part, member):
                if len(text) <= 10 and is_date_time(text):
                    return text
                body.document.found.issue(BAD_TIME, part.place(member))
    return None


def _age(body: Component, said: list[str]) -> tuple[int | None, bool]:
    """Years, and whether they were guessed; what can only be said as text goes to `said`."""
    age: int | None = None
    approximate = False
    for part in body.objects("ageMeasure"):
        units = nc_texts(part, "timeUnitCode")
        values = [
            text for name in ("integerValue", "unsignedIntegerValue", "decimalValue", "value")
            for text in nc_texts(part, name)
        ]  # fmt: skip
        estimated = part.take("isEstimated")
        for value in values:
            years = units in ([], ["ANN"])
            if years and age is None and value.isascii() and value.isdigit() and len(value) <= 3 and int(value) <= 150:
                age = int(value)
                approximate = bool(estimated) and estimated not in ([False], [{"value": False}], [{"value": "false"}])
                continue
            if not years:
                body.document.found.issue(AGE_UNIT, part.path)
            said.append(" ".join(("age:", value, *units)))
    return age, approximate


def _coded(
    body: Component, code_member: str, text_member: str, system: str, table: dict[str, tuple[Code]]
) -> Coded | None:
    members = body.members
    codes = nc_texts(body, code_member) if code_member in members else []
    texts = nc_texts(body, text_member) if text_member in members else []
    if not codes and not texts:
        return None
    return Coded(
        code=codes[0] if codes else None,
        system=system if codes else None,
        text="; ".join((*codes[1:], *texts)) or None,
        mapped=table.get(codes[0], ()) if codes else (),
    )


def _race(body: Component) -> tuple[Coded, ...]:
    if "raceCode" not in body.members and "race" not in body.members:
        return ()
    codes = nc_texts(body, "raceCode")
    return (
        *(Coded(code=code, system=RACE, mapped=_RACE_CODES.get(code, ())) for code in codes),
        *(Coded(text=text) for text in nc_texts(body, "race")),
    )


def _languages(body: Component) -> tuple[Coded, ...]:
    found = []
    for member in ("primaryLanguage", "secondaryLanguage"):
        if member not in body.members:
            continue
        for part in body.objects(member):
            codes = nc_texts(part, "languageCode")
            names = nc_texts(part, "languageName")
            if codes or names:
                found.append(
                    Coded(
                        code=codes[0] if codes else None,
                        system=LANGUAGE if codes else None,
                        text="; ".join((*codes[1:], *names)) or None,
                        mapped=_LANGUAGE_CODES.get(codes[0], ()) if codes else (),
                    )
                )
    return tuple(found)


def _report(
    body: Component, member: str, title: str, slot: str, reported: list[Narrative], component: Component
) -> None:
    texts = []
    if member == "medicalCondition":
        for part in body.objects(member):
            texts += nc_texts(part, "text")
    else:
        texts = nc_texts(body, member)
    if texts:
        body.document.found.paths[f"narratives[{len(reported)}]"] = body.place(member)
        reported.append(
            Narrative(
                text="; ".join(texts),
                kind="cad-note",
                title=title,
                time=component.updated,
                id=f"{slot}#{member}",
                person=slot,
            )
        )
