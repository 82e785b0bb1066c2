"""The person of a referral as ADT^A04, A08, A28 or A31 (HL7 v2.5.1, 3.3).

MSH EVN PID [PD1] [{ARV}] [{NK1}] PV1 [PV2] [{OBX}] [{DG1}]. The structure has no NTE: what must go with a disclosure
stands in an OBX. A partner that takes documents too (MDM) gets narratives there, else they are OBX here.
"""

from __future__ import annotations

from mappings.hl7v2.case import Case
from mappings.hl7v2.clinical import flattened
from mappings.hl7v2.forms import kind_of, version_of
from mappings.hl7v2.header import made_at
from mappings.hl7v2.notes import required_notes
from mappings.hl7v2.people import Fields, pid
from mappings.hl7v2.person import diagnoses, next_of_kin, visit
from mappings.hl7v2.writing import Writing
from mappings.partner import Partner


def registration(case: Case, partner: Partner, kind: str, number: int = 0) -> Writing:
    """The ADT message `kind`. Raises what `Writing` and `required_notes` raise."""
    version = version_of(partner)
    notes = required_notes(case, partner)
    out = Writing(case, partner, version, kind, number)
    out.add("EVN", evn(case, kind, partner))
    out.add("PID", pid(case.patient, partner, version), case.patient)
    out.protection()
    next_of_kin(out)
    visit(out, required=True, referring=True)
    out.notices(notes)
    documents = any(kind_of(message) == "MDM^T02" for message in partner.messages)
    for result in flattened(case, version, documents=not documents):
        out.add("OBX", result.fields, result.resource, set_id=True)
    diagnoses(out)
    return out


def evn(case: Case, kind: str, partner: Partner) -> Fields:
    """EVN (3.4.1): the moment of the Bundle's making; EVN-1 where the version still has it (to 2.6)."""
    fields: Fields = {2: made_at(case.bundle)}
    if version_of(partner) < (2, 7):
        fields[1] = kind.partition("^")[2]
    return fields
