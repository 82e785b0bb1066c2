"""What several messages say of the person in the same way: next of kin, diagnoses, the visit."""

from __future__ import annotations

from mappings.hl7v2 import confidentiality
from mappings.hl7v2.clinical import conditions, dg1, pv1, pv2
from mappings.hl7v2.datatypes import xcn
from mappings.hl7v2.people import nk1, nk1_related
from mappings.hl7v2.writing import Writing
from mappings.labels.vocabulary import codes


def next_of_kin(out: Writing) -> None:
    """NK1 for the Patient's contacts and each RelatedPerson of theirs."""
    case = out.case
    for contact in case.patient.get("contact") or ():
        out.add("NK1", nk1(contact, out.version), case.patient, set_id=True)
    for person in case.of("RelatedPerson"):
        if case.about_patient(person):
            out.add("NK1", nk1_related(person, out.version), person, set_id=True)


def diagnoses(out: Writing) -> None:
    """DG1 for each Condition that states a diagnosis, with DG1-18 where the partner takes it."""
    for condition in conditions(out.case):
        fields = dg1(condition, out.case)
        if "dg1-18" in out.partner.labels:
            fields[18] = confidentiality.indicator(codes(condition))
        out.add("DG1", fields, condition, set_id=True)


def visit(out: Writing, *, required: bool = False, referring: bool = False, extra: bool = True) -> None:
    """PV1 and PV2 of the referral's Encounter. Where the structure requires a PV1 and there was none: class `N`
    (table 0004, not applicable). `referring` adds PV1-8, who refers; without `extra` there is no PV2."""
    case = out.case
    fields = pv1(case)
    if fields is None and required:
        fields = {1: "1", 2: "N"}
    if fields is None:
        return
    sender = case.sender
    if referring and sender is not None and sender.practitioner is not None:
        fields[8] = xcn(sender.practitioner)
        out.add("PV1", out.vip(fields), case.encounter, sender.practitioner)
    else:
        out.add("PV1", out.vip(fields), case.encounter)
    reason = (pv2(case) or {}) if extra else {}
    if extra and "pv2-22" in out.partner.labels and case.encounter is not None:
        reason[22] = confidentiality.indicator(codes(case.encounter))
    if any(reason.values()):
        out.add("PV2", reason, case.encounter)
