"""A referral Bundle as an order: OMG^O19 (from 2.4) or ORM^O01 (to 2.6) (HL7 v2.5.1, 4.4).

MSH PID [PD1] [{NK1}] [PV1 [PV2]] ORC [TQ1] OBR [{NTE}] [{DG1}] [{OBX [{NTE}]}]. All results stand below the one OBR
of the referral; OBX-4 tells which of them belong together.
"""

from __future__ import annotations

from mappings.hl7v2 import confidentiality
from mappings.hl7v2.build import Component, Value
from mappings.hl7v2.case import Case, Party
from mappings.hl7v2.clinical import flattened
from mappings.hl7v2.datatypes import Json, Version, ce, ei, xads, xcn, xon, xtns
from mappings.hl7v2.forms import version_of
from mappings.hl7v2.notes import required_notes
from mappings.hl7v2.people import Fields, pid
from mappings.hl7v2.person import diagnoses, next_of_kin, visit
from mappings.hl7v2.request import PRIORITY, asked_for, authored_on, identifier_of, reasons, request_notes, urgency
from mappings.hl7v2.times import ts
from mappings.hl7v2.writing import Writing
from mappings.partner import Partner

#: What the order is for when nobody said a service: a referral note, as 360X has it.
_REFERRAL = ("57133-1", "Referral note", "LN")


def order(case: Case, partner: Partner, kind: str, number: int = 0, *, update: bool = False) -> Writing:
    """OMG^O19 or ORM^O01 (`kind`). ORC-1 is `NW`, of an update `XO`, of a referral that was called off `CA`.

    Raises RenderError `render.no-referral-id`, and what `Writing` and `required_notes` raise.
    """
    version = version_of(partner)
    identifier = ei(identifier_of(case))
    notes = required_notes(case, partner)
    out = Writing(case, partner, version, kind, number)
    out.add("PID", pid(case.patient, partner, version), case.patient)
    out.protection()
    if kind == "OMG^O19" and version >= (2, 5):
        next_of_kin(out)
    visit(out)
    sender = case.sender
    people = () if sender is None else (sender.practitioner, sender.role, sender.organization)
    out.add("ORC", _orc(out, identifier, sender, update=update), case.request, case.task, *people)
    timing = kind == "OMG^O19" and version >= (2, 5)
    begins, ends = asked_for(case)
    priority = PRIORITY.get(urgency(case))
    if timing:
        coded = (*priority[:2], "HL70485" if priority[2] != "L" else "L") if priority else None
        out.add("TQ1", {7: ts(begins), 8: ts(ends), 9: coded}, case.request, case.task, set_id=True)
    obr: Fields = {
        2: identifier,
        4: ce(case.request.get("code")) or _REFERRAL,
        16: xcn(sender.practitioner) if sender and sender.practitioner else None,
        27: None if timing else _tq(begins, ends, priority),
        31: reasons(case),
    }
    out.add("OBR", obr, case.request, case.task, set_id=True)
    out.notes([*request_notes(case)], case.request, case.task)
    out.notes(notes)
    diagnoses(out)
    for result in flattened(case, version):
        out.add("OBX", result.fields, result.resource, set_id=True)
        out.restart("NTE")
        out.notes(list(result.notes), result.resource)
    return out


def _orc(out: Writing, identifier: Value, sender: Party | None, *, update: bool) -> Fields:
    """ORC (4.5.1): control, placer's number, who orders and for whom, and ORC-28 where the partner takes it."""
    case, version = out.case, out.version
    off = case.request.get("status") == "revoked" or (case.task or {}).get("status") == "cancelled"
    practitioner: Json = (sender.practitioner if sender else None) or {}
    organization: Json = (sender.organization if sender else None) or {}
    telecoms = ((sender.role if sender else None) or {}).get("telecom") or practitioner.get("telecom")
    fields: Fields = {
        1: "CA" if off else "XO" if update else "NW",
        2: identifier,
        9: ts(authored_on(case)),
        12: xcn(practitioner),
        14: xtns(telecoms, version),
    }
    if version >= (2, 4):
        fields[21] = xon(organization)
        fields[22] = xads(organization.get("address"))
        fields[23] = xtns(organization.get("telecom"), version)
        fields[24] = xads(practitioner.get("address"))
    if "orc-28" in out.partner.labels and version >= (2, 5):
        fields[28] = confidentiality.order_code(case.codes)
    return fields


def _tq(begins: str | None, ends: str | None, priority: tuple[str, str, str] | None) -> tuple[Component, ...]:
    """OBR-27 (TQ, 4.3): start, end, priority; the place of them before TQ1, and in ORM always."""
    return (None, None, None, ts(begins), ts(ends), priority[0] if priority else None)


def takes_organization(version: Version) -> bool:
    """Whether ORC has a place for who orders as an organization (ORC-21 to ORC-24, from 2.4)."""
    return version >= (2, 4)
