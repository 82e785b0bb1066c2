"""FHIR R4 datatypes as HL7 v2 datatypes (2.A): HumanName[XPN], Address[XAD], ContactPoint[XTN], Identifier[CX, EI],
CodeableConcept[CE, CWE], Practitioner[XCN].

Each takes FHIR JSON and gives what `mappings.hl7v2.build` writes. None of them adds a value that is not in the FHIR:
what has no place in the v2 type is left out here and named by `mappings.hl7v2.carried`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from mappings.hl7v2.build import Component

Json: TypeAlias = "dict[str, Any]"
Version: TypeAlias = tuple[int, ...]

#: FHIR code systems and their names in table 0396. A system that is not here is local to the v2 message: `L`.
CODE_SYSTEMS = {
    "http://hl7.org/fhir/sid/icd-10-cm": "I10C",
    "http://hl7.org/fhir/sid/icd-10": "I10",
    "http://hl7.org/fhir/sid/icd-9-cm": "I9C",
    "http://loinc.org": "LN",
    "http://snomed.info/sct": "SCT",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RXNORM",
    "http://unitsofmeasure.org": "UCUM",
    "urn:oid:2.16.840.1.113883.6.238": "CDCREC",
    "urn:ietf:bcp:47": "BCP47",
    "urn:iso:std:iso:3166": "ISO3166_1",
}
_V2_TABLE = "http://terminology.hl7.org/CodeSystem/v2-"

#: FHIR name-use to table 0200.
_NAME_TYPE = {"official": "L", "usual": "D", "nickname": "N", "maiden": "M", "anonymous": "S"}
#: FHIR address-use to table 0190.
_ADDRESS_TYPE = {"home": "H", "work": "B", "temp": "C", "billing": "BI"}
#: Identifier systems that say their type of table 0203 themselves.
_TYPE_OF_SYSTEM = {"http://hl7.org/fhir/sid/us-npi": "NPI", "http://hl7.org/fhir/sid/us-ssn": "SS"}
_IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"


def coding_system(system: str | None) -> str | None:
    """A FHIR code system's name in table 0396; `L` for one that has none there; None when there is no system."""
    if not system:
        return None
    if system.startswith(_V2_TABLE):
        return f"HL7{system.removeprefix(_V2_TABLE)}"
    return CODE_SYSTEMS.get(system, "L")


def ce(concept: Json | None) -> tuple[Component, ...] | None:
    """A CodeableConcept as CE (2.A.3): the first two codings, the text where it says more than they do."""
    if not concept:
        return None
    codings = [coding for coding in concept.get("coding") or () if coding.get("code") or coding.get("display")]
    text = concept.get("text")
    if not codings:
        return (None, text) if text else None
    parts: list[Component] = []
    for coding in codings[:2]:
        parts += [coding.get("code"), coding.get("display"), coding_system(coding.get("system"))]
    if text and text not in parts:
        if parts[1] is None:
            parts[1] = text
        elif len(codings) == 1:
            parts += [None, text]
    return tuple(parts)


def cwe(concept: Json | None) -> tuple[Component, ...] | None:
    """A CodeableConcept as CWE (2.A.13): as CE, with the original text in CWE.9."""
    parts = ce(concept)
    text = (concept or {}).get("text")
    if parts is None or not text or text in parts:
        return parts
    return (*parts, *(None,) * (8 - len(parts)), text)


def hd(system: str | None, display: str | None) -> tuple[str | None, ...] | None:
    """An assigner as HD (2.A.33): its name as namespace, its URI as universal id (ISO for an OID, else URI)."""
    if system and system.startswith("urn:oid:"):
        return display, system.removeprefix("urn:oid:"), "ISO"
    if system:
        return display, system, "URI"
    return (display,) if display else None


def identifier_type(identifier: Json) -> str | None:
    """The type's code in table 0203, else that of a system which implies it."""
    for coding in (identifier.get("type") or {}).get("coding") or ():
        if coding.get("system") == _IDENTIFIER_TYPE:
            return str(coding["code"])
    return _TYPE_OF_SYSTEM.get(identifier.get("system", ""))


def cx(identifiers: Iterable[Json], *, kind: str | None = None) -> list[str | tuple[Component, ...]]:
    """Identifiers as CX (2.A.14), with who assigned each; `kind` is the type (table 0203) of one without its own."""
    return [
        (one["value"], None, None, hd(one.get("system"), _assigner(one)), identifier_type(one) or kind)
        for one in identifiers
        if one.get("value")
    ]


def ei(identifier: Json) -> tuple[Component, ...]:
    """An Identifier as EI (2.A.28)."""
    return (identifier.get("value"), *(hd(identifier.get("system"), _assigner(identifier)) or ()))


def _assigner(identifier: Json) -> str | None:
    display = (identifier.get("assigner") or {}).get("display")
    return str(display) if display else None


def xpn(name: Json) -> tuple[Component, ...] | None:
    """A HumanName as XPN (2.A.88). A name that is text alone stands as a display name (table 0200: D), not parsed."""
    given = name.get("given") or ()
    if not name.get("family") and not given:
        return (name["text"], None, None, None, None, None, "D") if name.get("text") else None
    return (
        name.get("family"),
        given[0] if given else None,
        " ".join(given[1:]) or None,
        " ".join(name.get("suffix") or ()) or None,
        " ".join(name.get("prefix") or ()) or None,
        None,
        _NAME_TYPE.get(name.get("use", "")),
    )


def xpns(names: Iterable[Json] | None) -> list[str | tuple[Component, ...]]:
    """Names as repetitions of XPN; those without any part are left out."""
    return [made for made in (xpn(name) for name in names or ()) if made]


def xad(address: Json) -> tuple[Component, ...] | None:
    """An Address as XAD (2.A.86). Lines after the second are joined to it; text alone stands as the street."""
    lines = address.get("line") or ([address["text"]] if address.get("text") and not address.get("city") else [])
    made = (
        lines[0] if lines else None,
        ", ".join(lines[1:]) or None,
        address.get("city"),
        address.get("state"),
        address.get("postalCode"),
        address.get("country"),
        _ADDRESS_TYPE.get(address.get("use", "")),
        None,
        address.get("district"),
    )
    return made if any(made) else None


def xads(addresses: Iterable[Json] | None) -> list[str | tuple[Component, ...]]:
    """Addresses as repetitions of XAD."""
    return [made for made in (xad(address) for address in addresses or ()) if made]


def xtn(telecom: Json, version: Version) -> tuple[Component, ...] | None:
    """A ContactPoint as XTN (2.A.89). The number stays as it was written: unformatted in XTN.12 (from 2.5), and in
    XTN.1 up to 2.5.1, which older receivers read. A number of unknown sort has no equipment type. None for a URL."""
    value, system = telecom.get("value"), telecom.get("system", "phone")
    if not value or system not in ("phone", "sms", "fax", "pager", "email", "other"):
        return None
    if system == "email":
        return None, "NET", "Internet", value
    use = {"home": "PRN", "work": "WPN"}.get(telecom.get("use", ""))
    equipment = {"fax": "FX", "pager": "BP", "other": None}.get(
        system, "CP" if telecom.get("use") == "mobile" else "PH"
    )
    first = value if version < (2, 6) else None
    last = value if version >= (2, 5) else None
    return first, use, equipment, None, None, None, None, None, None, None, None, last


def xtns(
    telecoms: Iterable[Json] | None, version: Version, *, uses: tuple[str | None, ...] | None = None
) -> list[str | tuple[Component, ...]]:
    """Contact points as repetitions of XTN; only those of these uses when given (None: without a use)."""
    chosen = [one for one in telecoms or () if uses is None or one.get("use") in uses]
    return [made for made in (xtn(one, version) for one in chosen) if made]


def xcn(practitioner: Json) -> tuple[Component, ...] | None:
    """A Practitioner as XCN (2.A.87): the first identifier and the first name."""
    identifier: Json = next((one for one in practitioner.get("identifier") or () if one.get("value")), {})
    name = next(iter(xpns(practitioner.get("name"))), ())
    parts: list[Component] = [None] * 5
    parts[: len(name[:5])] = list(name[:5])
    authority = hd(identifier.get("system"), _assigner(identifier)) if identifier else None
    kind = name[6] if len(name) > 6 else None
    made = (identifier.get("value"), *parts, None, None, authority, kind, None, None, identifier_type(identifier))
    return made if any(made) else None


def xon(organization: Json) -> tuple[Component, ...] | None:
    """An Organization as XON (2.A.88): its name, and its first identifier with assigner, type and value (XON.10)."""
    identifier: Json = next((one for one in organization.get("identifier") or () if one.get("value")), {})
    authority = hd(identifier.get("system"), _assigner(identifier)) if identifier else None
    kind = identifier_type(identifier) if identifier else None
    made = (organization.get("name"), *(None,) * 4, authority, kind, None, None, identifier.get("value"))
    return made if any(made) else None
