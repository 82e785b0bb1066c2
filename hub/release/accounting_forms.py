"""The accounting of disclosures in the forms that it is given in: CSV and FHIR. No value of a record is in either."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from hub.release.accounting import Item, Recipient, Report
from hub.release.purpose import ACT_REASON, LOCAL, PURPOSE
from mappings.fhir.bundle import derived_id

Json = dict[str, Any]

_DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_LIFECYCLE: Final = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
_ENTITY: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
_PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_ORGANIZATION: Final = "https://warmhandoff.org/fhir/sid/organization"
_MANNERS: Final[Mapping[str, str]] = {
    "delivery": "sent",
    "answer": "given as an answer",
    "paper": "given on paper",
    "emergency": "given in an emergency",
    "notice": "notice sent",
}


def to_csv(report: Report) -> str:
    """The report as CSV (RFC 4180), a line for each disclosure, with the columns' names first. No value of a record."""
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(
        ["number", "date", "recipient", "recipient_name", "recipient_address", "description", "purpose", "grounds",
         "basis", "consents", "manner", "certain", "rules"]
    )  # fmt: skip
    for one in report.items:
        lines.writerow(
            [
                one.number,
                _instant(one.at),
                one.recipient.id,
                _cell(one.recipient.name),
                _cell(one.recipient.address or ""),
                one.description,
                one.purpose,
                "; ".join(one.grounds),
                "; ".join(one.basis),
                "; ".join(one.consents),
                one.manner,
                "yes" if one.certain else "unknown",
                "; ".join(one.rules),
            ]
        )
    return out.getvalue()


def to_fhir(report: Report) -> Json:
    """The report as a FHIR R4 Bundle (collection) of AuditEvents in the pattern of IHE BALP's Privacy Disclosure at
    Source: an Export (DCM 110106), subtype `disclose`, with source, recipient and custodian as agents, and the person,
    the records and the consents as entities. References are the keyed ids of the discloser's own custody.
    """
    made: Json = {"resourceType": "Bundle", "type": "collection", "timestamp": _instant(report.made)}
    if report.items:
        made["entry"] = [{"fullUrl": _url(one, report), "resource": _event(one, report)} for one in report.items]
    return made


def _url(one: Item, report: Report) -> str:
    """The same for the same disclosure in each report (R4 bundle: an entry of a collection has one)."""
    return f"urn:uuid:{derived_id(report.discloser.id, f'disclosure|{one.number}')}"


def _event(one: Item, report: Report) -> Json:
    system = PURPOSE if one.purpose in LOCAL else ACT_REASON
    where = one.recipient.address
    # AuditEvent has no address of an agent: an Organization in it has (164.528(b)(2)(ii)).
    held: Json = {"id": "recipient", "name": one.recipient.name, "address": [{"text": where}]}
    return {
        "resourceType": "AuditEvent",
        **({"contained": [{"resourceType": "Organization", **held}]} if where is not None else {}),
        "type": {"system": _DCM, "code": "110106", "display": "Export"},
        "subtype": [{"system": _LIFECYCLE, "code": "disclose"}],
        "action": "R",
        "recorded": _instant(one.at),
        "outcome": "0",
        # where it is not known whether the bytes arrived, they count as arrived
        "outcomeDesc": _MANNERS.get(one.manner, one.manner) + ("" if one.certain else "; arrival not known"),
        "purposeOfEvent": [
            {
                "coding": [{"system": system, "code": one.purpose}],
                **({"text": "; ".join(one.basis)} if one.basis else {}),
            }
        ],
        "agent": [
            _agent({"system": _DCM, "code": "110153", "display": "Source Role ID"}, report.discloser, requestor=True),
            _agent(
                {"system": _DCM, "code": "110152", "display": "Destination Role ID"},
                one.recipient,
                contained=None if where is None else "recipient",
            ),
            _agent({"system": _PARTICIPATION, "code": "CST", "display": "custodian"}, report.discloser),
        ],
        "source": {
            "observer": {"identifier": {"system": _ORGANIZATION, "value": report.discloser.id}},
            "type": [{"system": "http://terminology.hl7.org/CodeSystem/security-source-type", "code": "4"}],
        },
        "entity": [
            {
                "what": {"reference": f"Patient/{one.patient}"},
                "type": {"system": _ENTITY, "code": "1", "display": "Person"},
                "role": {"system": _ROLE, "code": "1", "display": "Patient"},
            },
            *(_entity(f"{kind}/{name}") for kind, name in one.resources if (kind, name) != ("Patient", one.patient)),
            *(_entity(name, description="the consent under which it went") for name in one.consents),
        ],
    }


def _agent(kind: Json, who: Recipient, *, requestor: bool = False, contained: str | None = None) -> Json:
    named: Json = {"identifier": {"system": _ORGANIZATION, "value": who.id}, "display": who.name}
    return {
        "type": {"coding": [kind]},
        "who": named if contained is None else {"reference": f"#{contained}", **named},
        "requestor": requestor,
    }


def _entity(reference: str, *, description: str | None = None) -> Json:
    made: Json = {
        "what": {"reference": reference},
        "type": {"system": _ENTITY, "code": "2", "display": "System Object"},
        "role": {"system": _ROLE, "code": "4", "display": "Domain Resource"},
    }
    return made if description is None else {**made, "description": description}


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cell(text: str) -> str:
    """A cell that a spreadsheet takes for text and never for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
