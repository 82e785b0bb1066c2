"""The code and identifier systems that our resources use, named once.

Ours are under https://warmhandoff.org/fhir/. HL7's are those of HL7 Terminology, not the copies frozen inside R4.
"""

from __future__ import annotations

OURS = "https://warmhandoff.org/fhir"
EXTENSION = f"{OURS}/StructureDefinition/"

# identifier systems of ours
SID_RESOURCE = f"{OURS}/sid/resource"
SID_ORGANIZATION = f"{OURS}/sid/organization"
SID_ORI = f"{OURS}/sid/ori"
SID_REFERRAL = f"{OURS}/sid/referral"
SID_TASK = f"{OURS}/sid/task"
SID_CONSENT = f"{OURS}/sid/consent"

# code systems of ours
FIELD_DISPOSITION = f"{OURS}/CodeSystem/field-disposition"
FIELD_OBSERVATION = f"{OURS}/CodeSystem/field-observation"
NARRATIVE_KIND = f"{OURS}/CodeSystem/narrative-kind"
POLICE_PURPOSE = f"{OURS}/CodeSystem/police-purpose-of-use"
STAFF_ROLE = f"{OURS}/CodeSystem/staff-role"
TASK_BUSINESS_STATUS = f"{OURS}/CodeSystem/task-business-status"

# HL7's and other published systems
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ADMINISTRATIVE_GENDER = "http://hl7.org/fhir/administrative-gender"
CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
CONDITION_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
DATA_ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
DISCHARGE_DISPOSITION = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
DOCUMENT_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"
FLAG_CATEGORY = "http://terminology.hl7.org/CodeSystem/flag-category"
LOINC = "http://loinc.org"
NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
OMB_RACE = "urn:oid:2.16.840.1.113883.6.238"
ORGANIZATION_TYPE = "http://terminology.hl7.org/CodeSystem/organization-type"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
PROVENANCE_ACTIVITY = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
PROVENANCE_AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
SERVICE_TYPE = "http://terminology.hl7.org/CodeSystem/service-type"
SNOMED = "http://snomed.info/sct"
TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"
UCUM = "http://unitsofmeasure.org"

DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
GEOLOCATION = "http://hl7.org/fhir/StructureDefinition/geolocation"

#: A code in one of these is a published code already: it needs no mapping, and is no unmapped code.
PUBLISHED_SYSTEMS = (
    "http://loinc.org",
    "http://snomed.info/",
    "http://terminology.hl7.org/",
    "http://hl7.org/",
    "http://unitsofmeasure.org",
    "http://bha.colorado.gov/",
    f"{OURS}/CodeSystem/",
    "urn:oid:",
    "urn:ietf:",
)


def url_part(text: str) -> str:
    """`text` as one part of a URI path: letters, digits, `.`, `_` and `-` stay, the rest becomes `-`."""
    if text.isascii() and text.isalnum():
        return text
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in text) or "-"
