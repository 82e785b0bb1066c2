"""A referral Bundle as REF^I12 (HL7 v2.5.1, 11.5.1; the structure REF_I12 of 2.3.1 to 2.8).

MSH RF1 {PRD [{CTD}]} PID [{NK1}] [{DG1}] [{OBR [{OBX [{NTE}]}]}] [PV1 [PV2]] [{NTE}] [{ZSL}]. No table of HL7's
v2-to-FHIR covers these segments; the mapping is ours. Redaction has happened in FHIR before: what is withheld is not
in the Bundle, so its segments never come into being and set ids have no gaps.

The same Bundle for the same partner gives the same bytes, control id included.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Protocol

from mappings.errors import RenderError
from mappings.hl7v2.build import Draft, Raw, Value
from mappings.hl7v2.carried import left_behind
from mappings.hl7v2.case import Case, Party
from mappings.hl7v2.clinical import conditions, dg1, groups, pv1, pv2
from mappings.hl7v2.datatypes import Json, Version, ce, ei
from mappings.hl7v2.delimiters import STANDARD
from mappings.hl7v2.notes import required_notes
from mappings.hl7v2.people import REFERRED_TO, REFERRING, Fields, ctd, nk1, nk1_related, pid, prd
from mappings.hl7v2.times import ts
from mappings.partner import Partner

#: FHIR request-priority to table 0280. `urgent` is above routine and below ASAP: it has no code of its own there.
_PRIORITY = {
    "stat": ("S", "STAT", "HL70280"),
    "asap": ("A", "ASAP", "HL70280"),
    "urgent": ("U", "Urgent", "L"),
    "routine": ("R", "Routine", "HL70280"),
}


def control_id(bundle_id: str) -> str:
    """MSH-10 of the message that `ref_i12` makes of the Bundle with this id: 20 characters, the field's length.

    A UUID is too long for it; this is a digest (100 bits, base 32), so that a resend of the same Bundle has the same.
    """
    return base64.b32encode(hashlib.sha256(bundle_id.encode()).digest()).decode("ascii")[:20]


def ref_i12(bundle: Json, partner: Partner) -> bytes:
    """REF^I12 in the partner's version and character set.

    Raises RenderError: `render.message` (the partner's `message` is another, or the version has no REF^I12),
    `render.bundle` (no id, or no timestamp with a time), `render.no-referral-id`, what `Case`, `required_notes` and
    `Draft` raise. `not_carried` says what of the Bundle is not in the message.
    """
    version = _version(partner)
    case = Case(bundle)
    draft = Draft(partner.charset)
    where: dict[int, list[str]] = {}

    def add(name: str, fields: Fields, *resources: Json | None, set_id: bool = False) -> None:
        address = draft.add(name, fields, set_id=set_id)
        for resource in resources:
            if resource is not None:
                where.setdefault(id(resource), []).append(address)

    notes = required_notes(case, partner)
    draft.add("MSH", _msh(bundle, partner))
    add("RF1", _rf1(case), case.request, case.task)
    _providers(case, version, add)
    add("PID", pid(case.patient, partner, version), case.patient)
    for contact in case.patient.get("contact") or ():
        add("NK1", nk1(contact, version), case.patient, set_id=True)
    for person in case.of("RelatedPerson"):
        if case.about_patient(person):
            add("NK1", nk1_related(person, version), person, set_id=True)
    for condition in conditions(case):
        add("DG1", dg1(condition, case), condition, set_id=True)
    for group in groups(case, version):
        add("OBR", group.fields, group.resource, set_id=True)
        draft.restart("OBX")
        for result in group.results:
            # Versions 2.4 to 2.6 let the sub-id be left out; before and after it is required.
            fields = result.fields if (2, 4) <= version < (2, 7) else {**result.fields, 4: result.fields.get(4) or "1"}
            add("OBX", fields, result.resource, set_id=True)
            draft.restart("NTE")
            for note in result.notes:
                add("NTE", {3: note}, result.resource, set_id=True)
    visit = pv1(case)
    if visit is not None:
        add("PV1", visit, case.encounter)
        reason = pv2(case)
        if reason is not None:
            add("PV2", reason, case.encounter)
    draft.restart("NTE")
    for note in _request_notes(case):
        add("NTE", {3: note}, case.request, case.task, set_id=True)
    for note in notes:
        add("NTE", {3: note}, set_id=True)
    if partner.labels == "zseg":
        _labels(case, where, draft)
    return draft.bytes()


def not_carried(bundle: Json, partner: Partner) -> tuple[str, ...]:
    """What of the Bundle is not in the REF^I12: element paths and resource types, sorted, each once. No values.

    Raises as `ref_i12` where there is no message at all.
    """
    _version(partner)
    return left_behind(Case(bundle), partner)


def _version(partner: Partner) -> Version:
    kind = re.split(r"\^", partner.message)
    if kind[:2] != ["REF", "I12"]:
        raise RenderError("render.message", "only REF^I12 is written", path="MSH-9")
    if not re.fullmatch(r"2\.\d(\.\d)?", partner.version, re.ASCII):
        raise RenderError("render.message", "this is not an HL7 v2 version", path="MSH-12")
    version = tuple(int(part) for part in partner.version.split("."))
    if version < (2, 3, 1):
        raise RenderError("render.message", "REF^I12 is written from version 2.3.1 on", path="MSH-12")
    return version


def _msh(bundle: Json, partner: Partner) -> Fields:
    """MSH (2.15.9). MSH-7 is the Bundle's own time: the moment of its making, the same in every resend."""
    if not bundle.get("id"):
        raise RenderError("render.bundle", "the Bundle has no id to make a control id of", path="Bundle.id")
    made = ts(bundle.get("timestamp"))
    if made is None or len(made) < 14:
        raise RenderError("render.bundle", "the Bundle has no timestamp", path="Bundle.timestamp")
    asked: Value = "AL" if partner.acknowledgement == "enhanced" else None
    return {
        2: STANDARD.msh_2,
        3: Raw(partner.sending_application),
        4: Raw(partner.sending_facility),
        5: Raw(partner.receiving_application),
        6: Raw(partner.receiving_facility),
        7: made,
        9: Raw(partner.message),
        10: control_id(bundle["id"]),
        11: "P",
        12: partner.version,
        15: asked,
        16: asked,
        18: partner.charset,
    }


def _rf1(case: Case) -> Fields:
    """RF1 (11.6.1) from ServiceRequest and Task. RF1-1 is P: a referral asks, only the center decides."""
    request, task = case.request, case.task or {}
    identifier = case.referral_identifier
    if identifier is None:
        raise RenderError("render.no-referral-id", "the referral has no identifier", path="Task.identifier")
    due = (task.get("restriction") or {}).get("period") or {}
    occurrence = request.get("occurrencePeriod") or {}
    begins = request.get("occurrenceDateTime") or occurrence.get("start") or due.get("start")
    authored = request.get("authoredOn") or task.get("authoredOn")
    return {
        1: ("P", "Pending", "HL70283"),
        2: _PRIORITY.get(request.get("priority") or task.get("priority", "")),
        3: ce(request.get("code")),
        6: ei(identifier),
        7: ts(begins or authored),
        8: ts(due.get("end") or occurrence.get("end")),
        9: ts(authored),
        10: [made for made in (ce(reason) for reason in request.get("reasonCode") or ()) if made],
    }


class _Add(Protocol):
    """Writes a segment and remembers which resources it is of."""

    def __call__(self, name: str, fields: Fields, *resources: Json | None, set_id: bool = False) -> None: ...


def _providers(case: Case, version: Version, add: _Add) -> None:
    """PRD for who refers (RP) and whom is asked (RT), each with the coded contacts of its organization as CTD."""
    parties: list[tuple[Party | None, tuple[str, str, str]]] = [(case.sender, REFERRING)]
    parties += [(party, REFERRED_TO) for party in case.receivers]
    for party, role in parties:
        if party is None:
            continue
        add("PRD", prd(party, role, version), party.practitioner, party.role, party.organization)
        for contact in ctd(party.organization or {}, version):
            add("CTD", contact, party.organization)


def _request_notes(case: Case) -> list[str]:
    """What people wrote for the receiver, and order details such as not to contact the person, as NTE."""
    texts: dict[str, None] = {}
    for detail in case.request.get("orderDetail") or ():
        coding: Json = next(iter(detail.get("coding") or ()), {})
        text = detail.get("text") or coding.get("display") or coding.get("code")
        if text:
            texts[text] = None
    for resource in (case.request, case.task or {}):
        for note in resource.get("note") or ():
            if note.get("text"):
                texts[note["text"]] = None
    for key in (case.request.get("patientInstruction"), (case.task or {}).get("description")):
        if key:
            texts[key] = None
    return list(texts)


def _labels(case: Case, where: dict[int, list[str]], draft: Draft) -> None:
    """ZSL, the agreed segment: ZSL-2 a label as system^code, ZSL-3 the segments it is on (empty: the whole message).

    Addresses count the segments of a name in the message: `OBX[3]` is the third OBX.
    """
    labels: dict[tuple[str, str], list[str] | None] = {}
    for resource in (case.bundle, *case.resources):
        for label in (resource.get("meta") or {}).get("security") or ():
            key = (label.get("system", ""), label.get("code", ""))
            if resource is case.bundle:
                labels[key] = None
            else:
                on = labels.setdefault(key, [])
                if on is not None:
                    on += [address for address in where.get(id(resource), ()) if address not in on]
    for (system, code), addresses in labels.items():
        draft.add("ZSL", {2: (system, code), 3: list(addresses or ())}, set_id=True)
