"""A referral Bundle as REF^I12, an answered one as RRI^I12 (HL7 v2.5.1, 11.5.1; the structure REF_I12 of 2.3.1 to 2.8).

MSH RF1 {PRD [{CTD}]} PID [{NK1}] [{DG1}] [{OBR [{OBX [{NTE}]}]}] [PV1 [PV2]] [{NTE}] [{ZSL}], and its answer,
RRI^I12: MSH [MSA] RF1 {PRD [{CTD}]} PID [{NTE}]. No table of HL7's v2-to-FHIR covers these segments; the mapping is
ours. Redaction has happened in FHIR before: what is withheld is not in the Bundle, so its segments never come into
being and set ids have no gaps.

The same Bundle for the same partner gives the same bytes, control id included.
"""

from __future__ import annotations

from mappings.hl7v2.case import Case, Party
from mappings.hl7v2.clinical import groups
from mappings.hl7v2.datatypes import ce, ei
from mappings.hl7v2.forms import version_of
from mappings.hl7v2.notes import required_notes
from mappings.hl7v2.people import REFERRED_TO, REFERRING, Fields, ctd, pid, prd
from mappings.hl7v2.person import diagnoses, next_of_kin, visit
from mappings.hl7v2.request import (
    PRIORITY,
    asked_for,
    authored_on,
    identifier_of,
    reasons,
    request_notes,
)
from mappings.hl7v2.times import ts
from mappings.hl7v2.writing import Writing
from mappings.partner import Partner


def ref_i12(case: Case, partner: Partner, number: int = 0) -> Writing:
    """REF^I12 in the partner's version and character set. `number` counts the messages of one release from 0.

    Raises RenderError `render.no-referral-id`, and what `Writing` and `required_notes` raise.
    """
    version = version_of(partner)
    notes = required_notes(case, partner)
    out = Writing(case, partner, version, "REF^I12", number)
    out.restrictions()
    out.add("RF1", _rf1(case), case.request, case.task)
    _providers(out)
    out.add("PID", pid(case.patient, partner, version), case.patient)
    next_of_kin(out)
    diagnoses(out)
    for group in groups(case, version):
        out.add("OBR", group.fields, group.resource, set_id=True)
        out.restart("OBX")
        for result in group.results:
            # Versions 2.4 to 2.6 let the sub-id be left out; before and after it is required.
            fields = result.fields if (2, 4) <= version < (2, 7) else {**result.fields, 4: result.fields.get(4) or "1"}
            out.add("OBX", fields, result.resource, set_id=True)
            out.restart("NTE")
            out.notes(list(result.notes), result.resource)
    visit(out)
    out.restart("NTE")
    out.notes(request_notes(case), case.request, case.task)
    out.notes(notes)
    return out


def rri_i12(case: Case, partner: Partner, number: int = 0) -> Writing:
    """RRI^I12: our answer to a referral that somebody sent us, as its Task stands (11.5.1).

    RF1-1 says what was decided, RF1-6 repeats their number (the ServiceRequest's identifier), RF1-11 is ours (the
    Task's). MSA-2 is the control id of their message, where the Bundle's MessageHeader says what it responds to.
    Nothing clinical is in it. Raises as `ref_i12` does.
    """
    version = version_of(partner)
    notes = required_notes(case, partner)
    out = Writing(case, partner, version, "RRI^I12", number)
    out.restrictions()
    answered = _answered_message(case)
    if answered:
        out.add("MSA", {1: "AA", 2: answered})
    task = case.task or {}
    theirs = next((one for one in case.request.get("identifier") or () if one.get("value")), None)
    ours = next((one for one in task.get("identifier") or () if one.get("value")), None)
    fields = _rf1(case)
    fields[1] = _DECISIONS.get(task.get("status", ""), _DECISIONS["requested"])
    if theirs is not None:
        fields[6] = ei(theirs)
    fields[9] = ts(task.get("lastModified")) or fields[9]
    fields[11] = ei(ours) if ours is not None and ours != theirs else None
    out.add("RF1", fields, case.request, case.task)
    _providers(out)
    out.add("PID", pid(case.patient, partner, version), case.patient)
    why = (task.get("statusReason") or {}).get("text")
    out.notes([*([why] if why else []), *request_notes(case)], case.request, case.task)
    out.notes(notes)
    return out


#: Task.status to table 0283. What has no code there is pending: an answer decides nothing that was not decided.
_DECISIONS = {
    **dict.fromkeys(("accepted", "in-progress", "completed"), ("A", "Accepted", "HL70283")),
    "rejected": ("R", "Rejected", "HL70283"),
    "requested": ("P", "Pending", "HL70283"),
}


def _answered_message(case: Case) -> str | None:
    """The control id of the message that asked, as the Bundle's MessageHeader says what it responds to."""
    responses = (header.get("response") or {} for header in case.of("MessageHeader"))
    return next((one["identifier"] for one in responses if one.get("identifier")), None)


def _rf1(case: Case) -> Fields:
    """RF1 (11.6.1) from ServiceRequest and Task. RF1-1 is P: a referral asks, only the center decides."""
    request, task = case.request, case.task or {}
    identifier = identifier_of(case)
    begins, ends = asked_for(case)
    authored = authored_on(case)
    return {
        1: ("P", "Pending", "HL70283"),
        2: PRIORITY.get(request.get("priority") or task.get("priority", "")),
        3: ce(request.get("code")),
        6: ei(identifier),
        7: ts(begins or authored),
        8: ts(ends),
        9: ts(authored),
        10: reasons(case),
    }


def _providers(out: Writing) -> None:
    """PRD for who refers (RP) and whom is asked (RT), each with the coded contacts of its organization as CTD."""
    parties: list[tuple[Party | None, tuple[str, str, str]]] = [(out.case.sender, REFERRING)]
    parties += [(party, REFERRED_TO) for party in out.case.receivers]
    for party, role in parties:
        if party is None:
            continue
        out.add("PRD", prd(party, role, out.version), party.practitioner, party.role, party.organization)
        for contact in ctd(party.organization or {}, out.version):
            out.add("CTD", contact, party.organization)
