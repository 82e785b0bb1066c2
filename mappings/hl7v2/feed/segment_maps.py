"""The segment maps as functions: each field that a rule of the tables reads, put where it belongs.

Written by `python -m mappings.hl7v2.sources.build` out of the compiled HL7 v2-to-FHIR tables (`v2_to_fhir.json`), never
by hand; a test compares. A function that begins with `_` puts one repetition of a field into the resource, and says
whether it did.
"""

from __future__ import annotations

from typing import Final

from mappings.hl7v2.feed.coded import Memory, cwe_code, cwe_coding, cwe_concept, yes
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.identifiers import cx_identifier, dln_identifier, ei_identifier, ssn_identifier, st_identifier
from mappings.hl7v2.feed.maps import codes, repeated
from mappings.hl7v2.feed.names import xad_address, xpn_name, xtn_contact
from mappings.hl7v2.feed.parties import concept_location, organization_name, person_name, pl_location, xcn_practitioner, xon_organization
from mappings.hl7v2.feed.row import Row
from mappings.hl7v2.feed.values import date, date_time, days, instant, string
from mappings.hl7v2.segment import NULL

_AIG_APPOINTMENT_4: Final = Memory(cwe_concept)
_AIP_APPOINTMENT_4_CODES: Final = codes("ProviderRole")
_AIP_APPOINTMENT_4: Final = Memory(cwe_concept)
_AL1_ALLERGYINTOLERANCE_2_CODES: Final = codes("AllergenType[AllergyIntoleranceCategory]")
_AL1_ALLERGYINTOLERANCE_2: Final = Memory(cwe_code)
_AL1_ALLERGYINTOLERANCE_2_TOO_CODES: Final = codes("AllergyType")
_AL1_ALLERGYINTOLERANCE_2_TOO: Final = Memory(cwe_code)
_AL1_ALLERGYINTOLERANCE_3: Final = Memory(cwe_concept)
_AUT_COVERAGE_1: Final = Memory(cwe_concept)
_DG1_CONDITION_3: Final = Memory(cwe_concept)
_IN1_COVERAGE_2: Final = Memory(cwe_concept)
_IN1_COVERAGE_17_CODES: Final = codes("Relationship")
_IN1_COVERAGE_17: Final = Memory(cwe_concept)
_NK1_PATIENT_3_CODES: Final = codes("Relationship")
_NK1_PATIENT_3: Final = Memory(cwe_concept)
_NK1_PATIENT_7_CODES: Final = codes("ContactRole")
_NK1_PATIENT_7: Final = Memory(cwe_concept)
_NK1_PATIENT_15_CODES: Final = codes("AdministrativeSex")
_NK1_PATIENT_15: Final = Memory(cwe_code)
_NK1_RELATEDPERSON_3_CODES: Final = codes("Relationship")
_NK1_RELATEDPERSON_3: Final = Memory(cwe_concept)
_NK1_RELATEDPERSON_7_CODES: Final = codes("ContactRole")
_NK1_RELATEDPERSON_7: Final = Memory(cwe_concept)
_NK1_RELATEDPERSON_15_CODES: Final = codes("AdministrativeSex")
_NK1_RELATEDPERSON_15: Final = Memory(cwe_code)
_NK1_RELATEDPERSON_20_CODES: Final = codes("PrimaryLanguage")
_NK1_RELATEDPERSON_20: Final = Memory(cwe_concept)
_OBR_DIAGNOSTICREPORT_4: Final = Memory(cwe_concept)
_OBR_DIAGNOSTICREPORT_24_CODES: Final = codes("DiagnosticServiceSectionID")
_OBR_DIAGNOSTICREPORT_24: Final = Memory(cwe_concept)
_OBR_SERVICEREQUEST_4: Final = Memory(cwe_concept)
_OBR_SERVICEREQUEST_31: Final = Memory(cwe_concept)
_OBR_SERVICEREQUEST_46: Final = Memory(cwe_concept)
_OBR_SERVICEREQUEST_47: Final = Memory(cwe_concept)
_OBR_SERVICEREQUEST_53_TYPE: Final[Json] = {"coding": [{"code": "PLAC", "system": "http://terminology.hl7.org/CodeSystem/v2-0203"}]}
_OBX_OBSERVATION_3: Final = Memory(cwe_concept)
_OBX_OBSERVATION_8_CODES: Final = codes("InterpretationCodes")
_OBX_OBSERVATION_8: Final = Memory(cwe_concept)
_OBX_OBSERVATION_17: Final = Memory(cwe_concept)
_OBX_OBSERVATION_20: Final = Memory(cwe_concept)
_ORC_SERVICEREQUEST_16: Final = Memory(cwe_concept)
_ORC_SERVICEREQUEST_29: Final = Memory(cwe_concept)
_PD1_PATIENT_6: Final = Memory(cwe_concept)
_PID_PATIENT_8_CODES: Final = codes("AdministrativeSex")
_PID_PATIENT_8: Final = Memory(cwe_code)
_PID_PATIENT_15: Final = Memory(cwe_concept)
_PID_PATIENT_16_CODES: Final = codes("MaritalStatus")
_PID_PATIENT_16: Final = Memory(cwe_concept)
_PID_PATIENT_17_CODES: Final = codes("Religion")
_PID_PATIENT_17: Final = Memory(cwe_concept)
_PID_PATIENT_24: Final = Memory(yes)
_PR1_PROCEDURE_3: Final = Memory(cwe_concept)
_PR1_PROCEDURE_6: Final = Memory(cwe_concept)
_PR1_PROCEDURE_15: Final = Memory(cwe_concept)
_PV1_ENCOUNTER_4_CODES: Final = codes("AdmissionType")
_PV1_ENCOUNTER_4: Final = Memory(cwe_concept)
_PV1_ENCOUNTER_7_TYPE: Final[list[Json]] = [{"coding": [{"code": "ATND", "display": "attender", "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"}]}]
_PV1_ENCOUNTER_8_TYPE: Final[list[Json]] = [{"coding": [{"code": "REF", "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"}]}]
_PV1_ENCOUNTER_9_TYPE: Final[list[Json]] = [{"coding": [{"code": "CON", "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"}], "text": "consultant"}]
_PV1_ENCOUNTER_10_CODES: Final = codes("HospitalService")
_PV1_ENCOUNTER_10: Final = Memory(cwe_concept)
_PV1_ENCOUNTER_13_CODES: Final = codes("ReadmissionIndicator")
_PV1_ENCOUNTER_13: Final = Memory(cwe_concept)
_PV1_ENCOUNTER_14: Final = Memory(cwe_concept)
_PV1_ENCOUNTER_15_CODES: Final = codes("AmbulatoryStatus")
_PV1_ENCOUNTER_15: Final = Memory(cwe_concept)
_PV1_ENCOUNTER_17_TYPE: Final[list[Json]] = [{"coding": [{"code": "ADM", "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"}], "text": "admitter"}]
_PV1_ENCOUNTER_19_TYPE: Final[Json] = {"coding": [{"code": "VN", "system": "http://terminology.hl7.org/CodeSystem/v2-0203"}]}
_PV1_ENCOUNTER_36_CODES: Final = codes("DischargeDisposition")
_PV1_ENCOUNTER_36: Final = Memory(cwe_concept)
_PV1_ENCOUNTER_38_CODES: Final = codes("DietType")
_PV1_ENCOUNTER_38: Final = Memory(cwe_concept)
_PV1_ENCOUNTER_52_TYPE: Final[list[Json]] = [{"coding": [{"code": "PART", "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"}]}]
_PV2_ENCOUNTER_3: Final = Memory(cwe_concept)
_PV2_ENCOUNTER_13_TYPE: Final[list[Json]] = [{"coding": [{"code": "REF", "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"}]}]
_PV2_ENCOUNTER_25_CODES: Final = codes("EncounterPriority")
_PV2_ENCOUNTER_25: Final = Memory(cwe_concept)
_PV2_ENCOUNTER_38_CODES: Final = codes("ModeOfArrivalCode")
_PV2_ENCOUNTER_38: Final = Memory(cwe_coding)
_RF1_SERVICEREQUEST_3: Final = Memory(cwe_concept)
_RF1_SERVICEREQUEST_4: Final = Memory(cwe_concept)
_RF1_SERVICEREQUEST_5: Final = Memory(cwe_concept)
_RF1_SERVICEREQUEST_10: Final = Memory(cwe_concept)
_ROL_ENCOUNTER_PRACTITIONERROLE_3_CODES: Final = codes("ProviderRole")
_ROL_ENCOUNTER_PRACTITIONERROLE_3: Final = Memory(cwe_concept)
_SCH_APPOINTMENT_7_CODES: Final = codes("AppointmentReasonCodes")
_SCH_APPOINTMENT_7: Final = Memory(cwe_concept)
_SCH_APPOINTMENT_8_CODES: Final = codes("AppointmentTypeCodes")
_SCH_APPOINTMENT_8: Final = Memory(cwe_concept)
_TXA_DOCUMENTREFERENCE_2: Final = Memory(cwe_concept)


def _aig_appointment_3(raw: str, resource: Json, d: Draft) -> bool:
    value = concept_location(raw, d, "AIG-3", None)
    if value is None:
        return False
    if "actor" in resource:
        return False
    resource["actor"] = value
    return True


def _aig_appointment_4(raw: str, resource: Json, d: Draft) -> bool:
    value = _AIG_APPOINTMENT_4.known.get((raw, d.scope, "AIG-4"))
    if value is None:
        value = _AIG_APPOINTMENT_4.make_of(raw, d, "AIG-4", None)
    if value is None:
        return False
    if "type" in resource:
        resource["type"].append({**value})
    else:
        resource["type"] = [{**value}]
    return True


def aig_appointment(row: Row, resource: Json, d: Draft) -> None:
    """AIG[Appointment]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _aig_appointment_3, "actor", False, "AIG-3")
        else:
            done = _aig_appointment_3(raw, resource, d)
        if done:
            used |= 8
    if count > 4 and (raw := fields[4]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _aig_appointment_4, "type", True, "AIG-4")
        else:
            done = _aig_appointment_4(raw, resource, d)
        if done:
            used |= 16
    row.used |= used


def _ail_appointment_3(raw: str, resource: Json, d: Draft) -> bool:
    value = pl_location(raw, d, "AIL-3", None)
    if value is None:
        return False
    if "actor" in resource:
        return False
    resource["actor"] = value
    return True


def ail_appointment(row: Row, resource: Json, d: Draft) -> None:
    """AIL[Appointment]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _ail_appointment_3, "actor", False, "AIL-3")
        else:
            done = _ail_appointment_3(raw, resource, d)
        if done:
            used |= 8
    row.used |= used


def _aip_appointment_3(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "AIP-3", None)
    if value is None:
        return False
    if "actor" in resource:
        return False
    resource["actor"] = value
    return True


def _aip_appointment_4(raw: str, resource: Json, d: Draft) -> bool:
    value = _AIP_APPOINTMENT_4.known.get((raw, d.scope, "AIP-4"))
    if value is None:
        value = _AIP_APPOINTMENT_4.make_of(raw, d, "AIP-4", _AIP_APPOINTMENT_4_CODES)
    if value is None:
        return False
    if "type" in resource:
        resource["type"].append({**value})
    else:
        resource["type"] = [{**value}]
    return True


def aip_appointment(row: Row, resource: Json, d: Draft) -> None:
    """AIP[Appointment]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _aip_appointment_3, "actor", False, "AIP-3")
        else:
            done = _aip_appointment_3(raw, resource, d)
        if done:
            used |= 8
    if count > 4 and (raw := fields[4]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _aip_appointment_4, "type", True, "AIP-4")
        else:
            done = _aip_appointment_4(raw, resource, d)
        if done:
            used |= 16
    row.used |= used


def _al1_allergyintolerance_2(raw: str, resource: Json, d: Draft) -> bool:
    value = _AL1_ALLERGYINTOLERANCE_2.known.get((raw, d.scope, "AL1-2"))
    if value is None:
        value = _AL1_ALLERGYINTOLERANCE_2.make_of(raw, d, "AL1-2", _AL1_ALLERGYINTOLERANCE_2_CODES)
    if value is None:
        return False
    if "category" in resource:
        resource["category"].append(value)
    else:
        resource["category"] = [value]
    return True


def _al1_allergyintolerance_2_too(raw: str, resource: Json, d: Draft) -> bool:
    value = _AL1_ALLERGYINTOLERANCE_2_TOO.known.get((raw, d.scope, "AL1-2"))
    if value is None:
        value = _AL1_ALLERGYINTOLERANCE_2_TOO.make_of(raw, d, "AL1-2", _AL1_ALLERGYINTOLERANCE_2_TOO_CODES)
    if value is None:
        return False
    if "type" in resource:
        return False
    resource["type"] = value
    return True


def _al1_allergyintolerance_3(raw: str, resource: Json, d: Draft) -> bool:
    value = _AL1_ALLERGYINTOLERANCE_3.known.get((raw, d.scope, "AL1-3"))
    if value is None:
        value = _AL1_ALLERGYINTOLERANCE_3.make_of(raw, d, "AL1-3", None)
    if value is None:
        return False
    if "code" in resource:
        return False
    resource["code"] = {**value}
    return True


def _al1_allergyintolerance_6(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "AL1-6", None)
    if value is None:
        return False
    if "onsetDateTime" in resource:
        return False
    resource["onsetDateTime"] = value
    return True


def al1_allergyintolerance(row: Row, resource: Json, d: Draft) -> None:
    """AL1[AllergyIntolerance]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 2 and (raw := fields[2]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _al1_allergyintolerance_2, "category", True, "AL1-2")
        else:
            done = _al1_allergyintolerance_2(raw, resource, d)
        if done:
            used |= 4
    if count > 2 and (raw := fields[2]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _al1_allergyintolerance_2_too, "type", False, "AL1-2")
        else:
            done = _al1_allergyintolerance_2_too(raw, resource, d)
        if done:
            used |= 4
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _al1_allergyintolerance_3, "code", False, "AL1-3")
        else:
            done = _al1_allergyintolerance_3(raw, resource, d)
        if done:
            used |= 8
    if count > 6 and (raw := fields[6]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _al1_allergyintolerance_6, "onsetDateTime", False, "AL1-6")
        else:
            done = _al1_allergyintolerance_6(raw, resource, d)
        if done:
            used |= 64
    row.used |= used


def _aut_coverage_1(raw: str, resource: Json, d: Draft) -> bool:
    value = _AUT_COVERAGE_1.known.get((raw, d.scope, "AUT-1"))
    if value is None:
        value = _AUT_COVERAGE_1.make_of(raw, d, "AUT-1", None)
    if value is None:
        return False
    if "type" in resource:
        return False
    resource["type"] = {**value}
    return True


def aut_coverage(row: Row, resource: Json, d: Draft) -> None:
    """AUT[Coverage]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 1 and (raw := fields[1]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _aut_coverage_1, "type", False, "AUT-1")
        else:
            done = _aut_coverage_1(raw, resource, d)
        if done:
            used |= 2
    row.used |= used


def _con_consent_13(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "CON-13", None)
    if value is None:
        return False
    if "dateTime" in resource:
        return False
    resource["dateTime"] = value
    return True


def con_consent(row: Row, resource: Json, d: Draft) -> None:
    """CON[Consent]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 13 and (raw := fields[13]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _con_consent_13, "dateTime", False, "CON-13")
        else:
            done = _con_consent_13(raw, resource, d)
        if done:
            used |= 8192
    row.used |= used


def _dg1_condition_3(raw: str, resource: Json, d: Draft) -> bool:
    value = _DG1_CONDITION_3.known.get((raw, d.scope, "DG1-3"))
    if value is None:
        value = _DG1_CONDITION_3.make_of(raw, d, "DG1-3", None)
    if value is None:
        return False
    if "code" in resource:
        return False
    resource["code"] = {**value}
    return True


def _dg1_condition_5(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "DG1-5", None)
    if value is None:
        return False
    if "onsetDateTime" in resource:
        return False
    resource["onsetDateTime"] = value
    return True


def _dg1_condition_16(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "DG1-16", None)
    if value is None:
        return False
    if "asserter" in resource:
        return False
    resource["asserter"] = value
    return True


def _dg1_condition_19(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "DG1-19", None)
    if value is None:
        return False
    if "recordedDate" in resource:
        return False
    resource["recordedDate"] = value
    return True


def _dg1_condition_20(raw: str, resource: Json, d: Draft) -> bool:
    value = ei_identifier(raw, d, "DG1-20", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def dg1_condition(row: Row, resource: Json, d: Draft) -> None:
    """DG1[Condition]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _dg1_condition_3, "code", False, "DG1-3")
        else:
            done = _dg1_condition_3(raw, resource, d)
        if done:
            used |= 8
    if count > 5 and (raw := fields[5]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _dg1_condition_5, "onsetDateTime", False, "DG1-5")
        else:
            done = _dg1_condition_5(raw, resource, d)
        if done:
            used |= 32
    if count > 16 and (raw := fields[16]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _dg1_condition_16, "asserter", False, "DG1-16")
        else:
            done = _dg1_condition_16(raw, resource, d)
        if done:
            used |= 65536
    if count > 19 and (raw := fields[19]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _dg1_condition_19, "recordedDate", False, "DG1-19")
        else:
            done = _dg1_condition_19(raw, resource, d)
        if done:
            used |= 524288
    if count > 20 and (raw := fields[20]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _dg1_condition_20, "identifier", True, "DG1-20")
        else:
            done = _dg1_condition_20(raw, resource, d)
        if done:
            used |= 1048576
    row.used |= used


def _in1_coverage_2(raw: str, resource: Json, d: Draft) -> bool:
    value = _IN1_COVERAGE_2.known.get((raw, d.scope, "IN1-2"))
    if value is None:
        value = _IN1_COVERAGE_2.make_of(raw, d, "IN1-2", None)
    if value is None:
        return False
    if "type" in resource:
        return False
    resource["type"] = {**value}
    return True


def _in1_coverage_12(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "IN1-12", None)
    if value is None:
        return False
    below: Json = resource.setdefault("period", {})
    if "start" in below:
        return False
    below["start"] = value
    return True


def _in1_coverage_13(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "IN1-13", None)
    if value is None:
        return False
    below: Json = resource.setdefault("period", {})
    if "end" in below:
        return False
    below["end"] = value
    return True


def _in1_coverage_17(raw: str, resource: Json, d: Draft) -> bool:
    value = _IN1_COVERAGE_17.known.get((raw, d.scope, "IN1-17"))
    if value is None:
        value = _IN1_COVERAGE_17.make_of(raw, d, "IN1-17", _IN1_COVERAGE_17_CODES)
    if value is None:
        return False
    if "relationship" in resource:
        return False
    resource["relationship"] = {**value}
    return True


def _in1_coverage_36(raw: str, resource: Json, d: Draft) -> bool:
    value = string(raw, d, "IN1-36", None)
    if value is None:
        return False
    if "subscriberId" in resource:
        return False
    resource["subscriberId"] = value
    return True


def _in1_coverage_49(raw: str, resource: Json, d: Draft) -> bool:
    value = cx_identifier(raw, d, "IN1-49", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def in1_coverage(row: Row, resource: Json, d: Draft) -> None:
    """IN1[Coverage]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 2 and (raw := fields[2]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _in1_coverage_2, "type", False, "IN1-2")
        else:
            done = _in1_coverage_2(raw, resource, d)
        if done:
            used |= 4
    if count > 12 and (raw := fields[12]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _in1_coverage_12, "period", False, "IN1-12")
        else:
            done = _in1_coverage_12(raw, resource, d)
        if done:
            used |= 4096
    if count > 13 and (raw := fields[13]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _in1_coverage_13, "period", False, "IN1-13")
        else:
            done = _in1_coverage_13(raw, resource, d)
        if done:
            used |= 8192
    if count > 17 and (raw := fields[17]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _in1_coverage_17, "relationship", False, "IN1-17")
        else:
            done = _in1_coverage_17(raw, resource, d)
        if done:
            used |= 131072
    if count > 36 and (raw := fields[36]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _in1_coverage_36, "subscriberId", False, "IN1-36")
        else:
            done = _in1_coverage_36(raw, resource, d)
        if done:
            used |= 68719476736
    if count > 49 and (raw := fields[49]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _in1_coverage_49, "identifier", True, "IN1-49")
        else:
            done = _in1_coverage_49(raw, resource, d)
        if done:
            used |= 562949953421312
    row.used |= used


def _mrg_patient_2(raw: str, resource: Json, d: Draft) -> bool:
    value = cx_identifier(raw, d, "MRG-2", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _mrg_patient_7(raw: str, resource: Json, d: Draft) -> bool:
    value = xpn_name(raw, d, "MRG-7", None)
    if value is None:
        return False
    if "name" in resource:
        resource["name"].append(value)
    else:
        resource["name"] = [value]
    return True


def mrg_patient(row: Row, resource: Json, d: Draft) -> None:
    """MRG[Patient]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 2 and (raw := fields[2]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _mrg_patient_2, "identifier", True, "MRG-2")
        else:
            done = _mrg_patient_2(raw, resource, d)
        if done:
            used |= 4
    if count > 7 and (raw := fields[7]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _mrg_patient_7, "name", True, "MRG-7")
        else:
            done = _mrg_patient_7(raw, resource, d)
        if done:
            used |= 128
    row.used |= used


def _nk1_patient_2(raw: str, resource: Json, d: Draft) -> bool:
    value = xpn_name(raw, d, "NK1-2", None)
    if value is None:
        return False
    if "name" in resource:
        return False
    resource["name"] = value
    return True


def _nk1_patient_3(raw: str, resource: Json, d: Draft) -> bool:
    value = _NK1_PATIENT_3.known.get((raw, d.scope, "NK1-3"))
    if value is None:
        value = _NK1_PATIENT_3.make_of(raw, d, "NK1-3", _NK1_PATIENT_3_CODES)
    if value is None:
        return False
    if "relationship" in resource:
        resource["relationship"].append({**value})
    else:
        resource["relationship"] = [{**value}]
    return True


def _nk1_patient_4(raw: str, resource: Json, d: Draft) -> bool:
    value = xad_address(raw, d, "NK1-4", None)
    if value is None:
        return False
    if "address" in resource:
        return False
    resource["address"] = value
    return True


def _nk1_patient_5(raw: str, resource: Json, d: Draft) -> bool:
    value = xtn_contact(raw, d, "NK1-5", None)
    if value is None:
        return False
    if "telecom" in resource:
        resource["telecom"].append(value)
    else:
        resource["telecom"] = [value]
    return True


def _nk1_patient_6(raw: str, resource: Json, d: Draft) -> bool:
    value = xtn_contact(raw, d, "NK1-6", None)
    if value is None:
        return False
    if "telecom" in resource:
        resource["telecom"].append(value)
    else:
        resource["telecom"] = [value]
    return True


def _nk1_patient_7(raw: str, resource: Json, d: Draft) -> bool:
    value = _NK1_PATIENT_7.known.get((raw, d.scope, "NK1-7"))
    if value is None:
        value = _NK1_PATIENT_7.make_of(raw, d, "NK1-7", _NK1_PATIENT_7_CODES)
    if value is None:
        return False
    if "relationship" in resource:
        resource["relationship"].append({**value})
    else:
        resource["relationship"] = [{**value}]
    return True


def _nk1_patient_8(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "NK1-8", None)
    if value is None:
        return False
    below: Json = resource.setdefault("period", {})
    if "start" in below:
        return False
    below["start"] = value
    return True


def _nk1_patient_9(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "NK1-9", None)
    if value is None:
        return False
    below: Json = resource.setdefault("period", {})
    if "end" in below:
        return False
    below["end"] = value
    return True


def _nk1_patient_13(raw: str, resource: Json, d: Draft) -> bool:
    value = xon_organization(raw, d, "NK1-13", None)
    if value is None:
        return False
    if "organization" in resource:
        return False
    resource["organization"] = value
    return True


def _nk1_patient_15(raw: str, resource: Json, d: Draft) -> bool:
    value = _NK1_PATIENT_15.known.get((raw, d.scope, "NK1-15"))
    if value is None:
        value = _NK1_PATIENT_15.make_of(raw, d, "NK1-15", _NK1_PATIENT_15_CODES)
    if value is None:
        return False
    if "gender" in resource:
        return False
    resource["gender"] = value
    return True


def _nk1_patient_40(raw: str, resource: Json, d: Draft) -> bool:
    value = xtn_contact(raw, d, "NK1-40", None)
    if value is None:
        return False
    if "telecom" in resource:
        resource["telecom"].append(value)
    else:
        resource["telecom"] = [value]
    return True


def _nk1_patient_41(raw: str, resource: Json, d: Draft) -> bool:
    value = xtn_contact(raw, d, "NK1-41", None)
    if value is None:
        return False
    if "telecom" in resource:
        resource["telecom"].append(value)
    else:
        resource["telecom"] = [value]
    return True


def nk1_patient(row: Row, resource: Json, d: Draft) -> None:
    """NK1[Patient]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 2 and (raw := fields[2]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_patient_2, "name", False, "NK1-2")
        else:
            done = _nk1_patient_2(raw, resource, d)
        if done:
            used |= 4
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_patient_3, "relationship", True, "NK1-3")
        else:
            done = _nk1_patient_3(raw, resource, d)
        if done:
            used |= 8
    if count > 4 and (raw := fields[4]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_patient_4, "address", False, "NK1-4")
        else:
            done = _nk1_patient_4(raw, resource, d)
        if done:
            used |= 16
    if count > 5 and (raw := fields[5]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_patient_5, "telecom", True, "NK1-5")
        else:
            done = _nk1_patient_5(raw, resource, d)
        if done:
            used |= 32
    if count > 6 and (raw := fields[6]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_patient_6, "telecom", True, "NK1-6")
        else:
            done = _nk1_patient_6(raw, resource, d)
        if done:
            used |= 64
    if count > 7 and (raw := fields[7]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_patient_7, "relationship", True, "NK1-7")
        else:
            done = _nk1_patient_7(raw, resource, d)
        if done:
            used |= 128
    if count > 8 and (raw := fields[8]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_patient_8, "period", False, "NK1-8")
        else:
            done = _nk1_patient_8(raw, resource, d)
        if done:
            used |= 256
    if count > 9 and (raw := fields[9]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_patient_9, "period", False, "NK1-9")
        else:
            done = _nk1_patient_9(raw, resource, d)
        if done:
            used |= 512
    if count > 13 and (raw := fields[13]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_patient_13, "organization", False, "NK1-13")
        else:
            done = _nk1_patient_13(raw, resource, d)
        if done:
            used |= 8192
    if count > 15 and (raw := fields[15]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_patient_15, "gender", False, "NK1-15")
        else:
            done = _nk1_patient_15(raw, resource, d)
        if done:
            used |= 32768
    if count > 40 and (raw := fields[40]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_patient_40, "telecom", True, "NK1-40")
        else:
            done = _nk1_patient_40(raw, resource, d)
        if done:
            used |= 1099511627776
    if count > 41 and (raw := fields[41]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_patient_41, "telecom", True, "NK1-41")
        else:
            done = _nk1_patient_41(raw, resource, d)
        if done:
            used |= 2199023255552
    row.used |= used


def _nk1_relatedperson_2(raw: str, resource: Json, d: Draft) -> bool:
    value = xpn_name(raw, d, "NK1-2", None)
    if value is None:
        return False
    if "name" in resource:
        resource["name"].append(value)
    else:
        resource["name"] = [value]
    return True


def _nk1_relatedperson_3(raw: str, resource: Json, d: Draft) -> bool:
    value = _NK1_RELATEDPERSON_3.known.get((raw, d.scope, "NK1-3"))
    if value is None:
        value = _NK1_RELATEDPERSON_3.make_of(raw, d, "NK1-3", _NK1_RELATEDPERSON_3_CODES)
    if value is None:
        return False
    if "relationship" in resource:
        resource["relationship"].append({**value})
    else:
        resource["relationship"] = [{**value}]
    return True


def _nk1_relatedperson_4(raw: str, resource: Json, d: Draft) -> bool:
    value = xad_address(raw, d, "NK1-4", None)
    if value is None:
        return False
    if "address" in resource:
        resource["address"].append(value)
    else:
        resource["address"] = [value]
    return True


def _nk1_relatedperson_5(raw: str, resource: Json, d: Draft) -> bool:
    value = xtn_contact(raw, d, "NK1-5", None)
    if value is None:
        return False
    if "telecom" in resource:
        resource["telecom"].append(value)
    else:
        resource["telecom"] = [value]
    return True


def _nk1_relatedperson_6(raw: str, resource: Json, d: Draft) -> bool:
    value = xtn_contact(raw, d, "NK1-6", None)
    if value is None:
        return False
    if "telecom" in resource:
        resource["telecom"].append(value)
    else:
        resource["telecom"] = [value]
    return True


def _nk1_relatedperson_7(raw: str, resource: Json, d: Draft) -> bool:
    value = _NK1_RELATEDPERSON_7.known.get((raw, d.scope, "NK1-7"))
    if value is None:
        value = _NK1_RELATEDPERSON_7.make_of(raw, d, "NK1-7", _NK1_RELATEDPERSON_7_CODES)
    if value is None:
        return False
    if "relationship" in resource:
        resource["relationship"].append({**value})
    else:
        resource["relationship"] = [{**value}]
    return True


def _nk1_relatedperson_8(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "NK1-8", None)
    if value is None:
        return False
    below: Json = resource.setdefault("period", {})
    if "start" in below:
        return False
    below["start"] = value
    return True


def _nk1_relatedperson_9(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "NK1-9", None)
    if value is None:
        return False
    below: Json = resource.setdefault("period", {})
    if "end" in below:
        return False
    below["end"] = value
    return True


def _nk1_relatedperson_12(raw: str, resource: Json, d: Draft) -> bool:
    value = cx_identifier(raw, d, "NK1-12", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _nk1_relatedperson_15(raw: str, resource: Json, d: Draft) -> bool:
    value = _NK1_RELATEDPERSON_15.known.get((raw, d.scope, "NK1-15"))
    if value is None:
        value = _NK1_RELATEDPERSON_15.make_of(raw, d, "NK1-15", _NK1_RELATEDPERSON_15_CODES)
    if value is None:
        return False
    if "gender" in resource:
        return False
    resource["gender"] = value
    return True


def _nk1_relatedperson_16(raw: str, resource: Json, d: Draft) -> bool:
    value = date(raw, d, "NK1-16", None)
    if value is None:
        return False
    if "birthDate" in resource:
        return False
    resource["birthDate"] = value
    return True


def _nk1_relatedperson_20(raw: str, resource: Json, d: Draft) -> bool:
    value = _NK1_RELATEDPERSON_20.known.get((raw, d.scope, "NK1-20"))
    if value is None:
        value = _NK1_RELATEDPERSON_20.make_of(raw, d, "NK1-20", _NK1_RELATEDPERSON_20_CODES)
    if value is None:
        return False
    if "communication" in resource:
        resource["communication"].append({"language": {**value}})
    else:
        resource["communication"] = [{"language": {**value}}]
    return True


def _nk1_relatedperson_30(raw: str, resource: Json, d: Draft) -> bool:
    value = xpn_name(raw, d, "NK1-30", None)
    if value is None:
        return False
    if "name" in resource:
        resource["name"].append(value)
    else:
        resource["name"] = [value]
    return True


def _nk1_relatedperson_31(raw: str, resource: Json, d: Draft) -> bool:
    value = xtn_contact(raw, d, "NK1-31", None)
    if value is None:
        return False
    if "telecom" in resource:
        resource["telecom"].append(value)
    else:
        resource["telecom"] = [value]
    return True


def _nk1_relatedperson_32(raw: str, resource: Json, d: Draft) -> bool:
    value = xad_address(raw, d, "NK1-32", None)
    if value is None:
        return False
    if "address" in resource:
        resource["address"].append(value)
    else:
        resource["address"] = [value]
    return True


def _nk1_relatedperson_33(raw: str, resource: Json, d: Draft) -> bool:
    value = cx_identifier(raw, d, "NK1-33", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _nk1_relatedperson_37(raw: str, resource: Json, d: Draft) -> bool:
    value = ssn_identifier(raw, d, "NK1-37", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _nk1_relatedperson_40(raw: str, resource: Json, d: Draft) -> bool:
    value = xtn_contact(raw, d, "NK1-40", None)
    if value is None:
        return False
    if "telecom" in resource:
        resource["telecom"].append(value)
    else:
        resource["telecom"] = [value]
    return True


def _nk1_relatedperson_41(raw: str, resource: Json, d: Draft) -> bool:
    value = xtn_contact(raw, d, "NK1-41", None)
    if value is None:
        return False
    if "telecom" in resource:
        resource["telecom"].append(value)
    else:
        resource["telecom"] = [value]
    return True


def nk1_relatedperson(row: Row, resource: Json, d: Draft) -> None:
    """NK1[RelatedPerson]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 2 and (raw := fields[2]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_2, "name", True, "NK1-2")
        else:
            done = _nk1_relatedperson_2(raw, resource, d)
        if done:
            used |= 4
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_3, "relationship", True, "NK1-3")
        else:
            done = _nk1_relatedperson_3(raw, resource, d)
        if done:
            used |= 8
    if count > 4 and (raw := fields[4]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_4, "address", True, "NK1-4")
        else:
            done = _nk1_relatedperson_4(raw, resource, d)
        if done:
            used |= 16
    if count > 5 and (raw := fields[5]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_5, "telecom", True, "NK1-5")
        else:
            done = _nk1_relatedperson_5(raw, resource, d)
        if done:
            used |= 32
    if count > 6 and (raw := fields[6]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_6, "telecom", True, "NK1-6")
        else:
            done = _nk1_relatedperson_6(raw, resource, d)
        if done:
            used |= 64
    if count > 7 and (raw := fields[7]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_7, "relationship", True, "NK1-7")
        else:
            done = _nk1_relatedperson_7(raw, resource, d)
        if done:
            used |= 128
    if count > 8 and (raw := fields[8]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_8, "period", False, "NK1-8")
        else:
            done = _nk1_relatedperson_8(raw, resource, d)
        if done:
            used |= 256
    if count > 9 and (raw := fields[9]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_9, "period", False, "NK1-9")
        else:
            done = _nk1_relatedperson_9(raw, resource, d)
        if done:
            used |= 512
    if count > 12 and (raw := fields[12]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_12, "identifier", True, "NK1-12")
        else:
            done = _nk1_relatedperson_12(raw, resource, d)
        if done:
            used |= 4096
    if count > 15 and (raw := fields[15]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_15, "gender", False, "NK1-15")
        else:
            done = _nk1_relatedperson_15(raw, resource, d)
        if done:
            used |= 32768
    if count > 16 and (raw := fields[16]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_16, "birthDate", False, "NK1-16")
        else:
            done = _nk1_relatedperson_16(raw, resource, d)
        if done:
            used |= 65536
    if count > 20 and (raw := fields[20]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_20, "communication", True, "NK1-20")
        else:
            done = _nk1_relatedperson_20(raw, resource, d)
        if done:
            used |= 1048576
    if count > 30 and (raw := fields[30]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_30, "name", True, "NK1-30")
        else:
            done = _nk1_relatedperson_30(raw, resource, d)
        if done:
            used |= 1073741824
    if count > 31 and (raw := fields[31]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_31, "telecom", True, "NK1-31")
        else:
            done = _nk1_relatedperson_31(raw, resource, d)
        if done:
            used |= 2147483648
    if count > 32 and (raw := fields[32]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_32, "address", True, "NK1-32")
        else:
            done = _nk1_relatedperson_32(raw, resource, d)
        if done:
            used |= 4294967296
    if count > 33 and (raw := fields[33]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_33, "identifier", True, "NK1-33")
        else:
            done = _nk1_relatedperson_33(raw, resource, d)
        if done:
            used |= 8589934592
    if count > 37 and (raw := fields[37]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_37, "identifier", True, "NK1-37")
        else:
            done = _nk1_relatedperson_37(raw, resource, d)
        if done:
            used |= 137438953472
    if count > 40 and (raw := fields[40]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_40, "telecom", True, "NK1-40")
        else:
            done = _nk1_relatedperson_40(raw, resource, d)
        if done:
            used |= 1099511627776
    if count > 41 and (raw := fields[41]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _nk1_relatedperson_41, "telecom", True, "NK1-41")
        else:
            done = _nk1_relatedperson_41(raw, resource, d)
        if done:
            used |= 2199023255552
    row.used |= used


def _obr_diagnosticreport_4(raw: str, resource: Json, d: Draft) -> bool:
    value = _OBR_DIAGNOSTICREPORT_4.known.get((raw, d.scope, "OBR-4"))
    if value is None:
        value = _OBR_DIAGNOSTICREPORT_4.make_of(raw, d, "OBR-4", None)
    if value is None:
        return False
    if "code" in resource:
        return False
    resource["code"] = {**value}
    return True


def _obr_diagnosticreport_22(raw: str, resource: Json, d: Draft) -> bool:
    value = instant(raw, d, "OBR-22", None)
    if value is None:
        return False
    if "issued" in resource:
        return False
    resource["issued"] = value
    return True


def _obr_diagnosticreport_24(raw: str, resource: Json, d: Draft) -> bool:
    value = _OBR_DIAGNOSTICREPORT_24.known.get((raw, d.scope, "OBR-24"))
    if value is None:
        value = _OBR_DIAGNOSTICREPORT_24.make_of(raw, d, "OBR-24", _OBR_DIAGNOSTICREPORT_24_CODES)
    if value is None:
        return False
    if "category" in resource:
        resource["category"].append({**value})
    else:
        resource["category"] = [{**value}]
    return True


def obr_diagnosticreport(row: Row, resource: Json, d: Draft) -> None:
    """OBR[DiagnosticReport]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 4 and (raw := fields[4]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obr_diagnosticreport_4, "code", False, "OBR-4")
        else:
            done = _obr_diagnosticreport_4(raw, resource, d)
        if done:
            used |= 16
    if count > 22 and (raw := fields[22]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obr_diagnosticreport_22, "issued", False, "OBR-22")
        else:
            done = _obr_diagnosticreport_22(raw, resource, d)
        if done:
            used |= 4194304
    if count > 24 and (raw := fields[24]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obr_diagnosticreport_24, "category", True, "OBR-24")
        else:
            done = _obr_diagnosticreport_24(raw, resource, d)
        if done:
            used |= 16777216
    row.used |= used


def _obr_servicerequest_4(raw: str, resource: Json, d: Draft) -> bool:
    value = _OBR_SERVICEREQUEST_4.known.get((raw, d.scope, "OBR-4"))
    if value is None:
        value = _OBR_SERVICEREQUEST_4.make_of(raw, d, "OBR-4", None)
    if value is None:
        return False
    if "code" in resource:
        return False
    resource["code"] = {**value}
    return True


def _obr_servicerequest_6(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "OBR-6", None)
    if value is None:
        return False
    if "occurrenceDateTime" in resource:
        return False
    resource["occurrenceDateTime"] = value
    return True


def _obr_servicerequest_31(raw: str, resource: Json, d: Draft) -> bool:
    value = _OBR_SERVICEREQUEST_31.known.get((raw, d.scope, "OBR-31"))
    if value is None:
        value = _OBR_SERVICEREQUEST_31.make_of(raw, d, "OBR-31", None)
    if value is None:
        return False
    if "reasonCode" in resource:
        resource["reasonCode"].append({**value})
    else:
        resource["reasonCode"] = [{**value}]
    return True


def _obr_servicerequest_46(raw: str, resource: Json, d: Draft) -> bool:
    value = _OBR_SERVICEREQUEST_46.known.get((raw, d.scope, "OBR-46"))
    if value is None:
        value = _OBR_SERVICEREQUEST_46.make_of(raw, d, "OBR-46", None)
    if value is None:
        return False
    if "orderDetail" in resource:
        resource["orderDetail"].append({**value})
    else:
        resource["orderDetail"] = [{**value}]
    return True


def _obr_servicerequest_47(raw: str, resource: Json, d: Draft) -> bool:
    value = _OBR_SERVICEREQUEST_47.known.get((raw, d.scope, "OBR-47"))
    if value is None:
        value = _OBR_SERVICEREQUEST_47.make_of(raw, d, "OBR-47", None)
    if value is None:
        return False
    if "orderDetail" in resource:
        resource["orderDetail"].append({**value})
    else:
        resource["orderDetail"] = [{**value}]
    return True


def _obr_servicerequest_53(raw: str, resource: Json, d: Draft) -> bool:
    value = cx_identifier(raw, d, "OBR-53", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append({"type": _OBR_SERVICEREQUEST_53_TYPE, **value})
    else:
        resource["identifier"] = [{"type": _OBR_SERVICEREQUEST_53_TYPE, **value}]
    return True


def obr_servicerequest(row: Row, resource: Json, d: Draft) -> None:
    """OBR[ServiceRequest]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 4 and (raw := fields[4]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obr_servicerequest_4, "code", False, "OBR-4")
        else:
            done = _obr_servicerequest_4(raw, resource, d)
        if done:
            used |= 16
    if count > 6 and (raw := fields[6]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obr_servicerequest_6, "occurrenceDateTime", False, "OBR-6")
        else:
            done = _obr_servicerequest_6(raw, resource, d)
        if done:
            used |= 64
    if count > 31 and (raw := fields[31]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obr_servicerequest_31, "reasonCode", True, "OBR-31")
        else:
            done = _obr_servicerequest_31(raw, resource, d)
        if done:
            used |= 2147483648
    if count > 46 and (raw := fields[46]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obr_servicerequest_46, "orderDetail", True, "OBR-46")
        else:
            done = _obr_servicerequest_46(raw, resource, d)
        if done:
            used |= 70368744177664
    if count > 47 and (raw := fields[47]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obr_servicerequest_47, "orderDetail", True, "OBR-47")
        else:
            done = _obr_servicerequest_47(raw, resource, d)
        if done:
            used |= 140737488355328
    if count > 53 and (raw := fields[53]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obr_servicerequest_53, "identifier", True, "OBR-53")
        else:
            done = _obr_servicerequest_53(raw, resource, d)
        if done:
            used |= 9007199254740992
    row.used |= used


def _obx_observation_3(raw: str, resource: Json, d: Draft) -> bool:
    value = _OBX_OBSERVATION_3.known.get((raw, d.scope, "OBX-3"))
    if value is None:
        value = _OBX_OBSERVATION_3.make_of(raw, d, "OBX-3", None)
    if value is None:
        return False
    if "code" in resource:
        return False
    resource["code"] = {**value}
    return True


def _obx_observation_7(raw: str, resource: Json, d: Draft) -> bool:
    value = string(raw, d, "OBX-7", None)
    if value is None:
        return False
    if "referenceRange" in resource:
        resource["referenceRange"].append({"text": value})
    else:
        resource["referenceRange"] = [{"text": value}]
    return True


def _obx_observation_8(raw: str, resource: Json, d: Draft) -> bool:
    value = _OBX_OBSERVATION_8.known.get((raw, d.scope, "OBX-8"))
    if value is None:
        value = _OBX_OBSERVATION_8.make_of(raw, d, "OBX-8", _OBX_OBSERVATION_8_CODES)
    if value is None:
        return False
    if "interpretation" in resource:
        resource["interpretation"].append({**value})
    else:
        resource["interpretation"] = [{**value}]
    return True


def _obx_observation_14(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "OBX-14", None)
    if value is None:
        return False
    if "effectiveDateTime" in resource:
        return False
    resource["effectiveDateTime"] = value
    return True


def _obx_observation_16(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "OBX-16", None)
    if value is None:
        return False
    if "performer" in resource:
        resource["performer"].append(value)
    else:
        resource["performer"] = [value]
    return True


def _obx_observation_17(raw: str, resource: Json, d: Draft) -> bool:
    value = _OBX_OBSERVATION_17.known.get((raw, d.scope, "OBX-17"))
    if value is None:
        value = _OBX_OBSERVATION_17.make_of(raw, d, "OBX-17", None)
    if value is None:
        return False
    if "method" in resource:
        return False
    resource["method"] = {**value}
    return True


def _obx_observation_20(raw: str, resource: Json, d: Draft) -> bool:
    value = _OBX_OBSERVATION_20.known.get((raw, d.scope, "OBX-20"))
    if value is None:
        value = _OBX_OBSERVATION_20.make_of(raw, d, "OBX-20", None)
    if value is None:
        return False
    if "bodySite" in resource:
        return False
    resource["bodySite"] = {**value}
    return True


def _obx_observation_21(raw: str, resource: Json, d: Draft) -> bool:
    value = ei_identifier(raw, d, "OBX-21", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _obx_observation_23(raw: str, resource: Json, d: Draft) -> bool:
    value = xon_organization(raw, d, "OBX-23", None)
    if value is None:
        return False
    if "performer" in resource:
        resource["performer"].append(value)
    else:
        resource["performer"] = [value]
    return True


def obx_observation(row: Row, resource: Json, d: Draft) -> None:
    """OBX[Observation]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obx_observation_3, "code", False, "OBX-3")
        else:
            done = _obx_observation_3(raw, resource, d)
        if done:
            used |= 8
    if count > 7 and (raw := fields[7]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obx_observation_7, "referenceRange", True, "OBX-7")
        else:
            done = _obx_observation_7(raw, resource, d)
        if done:
            used |= 128
    if count > 8 and (raw := fields[8]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obx_observation_8, "interpretation", True, "OBX-8")
        else:
            done = _obx_observation_8(raw, resource, d)
        if done:
            used |= 256
    if count > 14 and (raw := fields[14]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obx_observation_14, "effectiveDateTime", False, "OBX-14")
        else:
            done = _obx_observation_14(raw, resource, d)
        if done:
            used |= 16384
    if count > 16 and (raw := fields[16]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obx_observation_16, "performer", True, "OBX-16")
        else:
            done = _obx_observation_16(raw, resource, d)
        if done:
            used |= 65536
    if count > 17 and (raw := fields[17]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obx_observation_17, "method", False, "OBX-17")
        else:
            done = _obx_observation_17(raw, resource, d)
        if done:
            used |= 131072
    if count > 20 and (raw := fields[20]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obx_observation_20, "bodySite", False, "OBX-20")
        else:
            done = _obx_observation_20(raw, resource, d)
        if done:
            used |= 1048576
    if count > 21 and (raw := fields[21]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obx_observation_21, "identifier", True, "OBX-21")
        else:
            done = _obx_observation_21(raw, resource, d)
        if done:
            used |= 2097152
    if count > 23 and (raw := fields[23]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _obx_observation_23, "performer", True, "OBX-23")
        else:
            done = _obx_observation_23(raw, resource, d)
        if done:
            used |= 8388608
    row.used |= used


def _orc_servicerequest_16(raw: str, resource: Json, d: Draft) -> bool:
    value = _ORC_SERVICEREQUEST_16.known.get((raw, d.scope, "ORC-16"))
    if value is None:
        value = _ORC_SERVICEREQUEST_16.make_of(raw, d, "ORC-16", None)
    if value is None:
        return False
    if "extension" in resource:
        resource["extension"].append({"url": "http://hl7.org/fhir/StructureDefinition/request-statusReason", "valueCodeableConcept": {**value}})
    else:
        resource["extension"] = [{"url": "http://hl7.org/fhir/StructureDefinition/request-statusReason", "valueCodeableConcept": {**value}}]
    return True


def _orc_servicerequest_29(raw: str, resource: Json, d: Draft) -> bool:
    value = _ORC_SERVICEREQUEST_29.known.get((raw, d.scope, "ORC-29"))
    if value is None:
        value = _ORC_SERVICEREQUEST_29.make_of(raw, d, "ORC-29", None)
    if value is None:
        return False
    if "locationCode" in resource:
        resource["locationCode"].append({**value})
    else:
        resource["locationCode"] = [{**value}]
    return True


def _orc_servicerequest_33(raw: str, resource: Json, d: Draft) -> bool:
    value = cx_identifier(raw, d, "ORC-33", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _orc_servicerequest_38(raw: str, resource: Json, d: Draft) -> bool:
    value = ei_identifier(raw, d, "ORC-38", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def orc_servicerequest(row: Row, resource: Json, d: Draft) -> None:
    """ORC[ServiceRequest]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 16 and (raw := fields[16]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _orc_servicerequest_16, "extension", True, "ORC-16")
        else:
            done = _orc_servicerequest_16(raw, resource, d)
        if done:
            used |= 65536
    if count > 29 and (raw := fields[29]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _orc_servicerequest_29, "locationCode", True, "ORC-29")
        else:
            done = _orc_servicerequest_29(raw, resource, d)
        if done:
            used |= 536870912
    if count > 33 and (raw := fields[33]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _orc_servicerequest_33, "identifier", True, "ORC-33")
        else:
            done = _orc_servicerequest_33(raw, resource, d)
        if done:
            used |= 8589934592
    if count > 38 and (raw := fields[38]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _orc_servicerequest_38, "identifier", True, "ORC-38")
        else:
            done = _orc_servicerequest_38(raw, resource, d)
        if done:
            used |= 274877906944
    row.used |= used


def _pd1_patient_3(raw: str, resource: Json, d: Draft) -> bool:
    value = xon_organization(raw, d, "PD1-3", None)
    if value is None:
        return False
    if "generalPractitioner" in resource:
        resource["generalPractitioner"].append(value)
    else:
        resource["generalPractitioner"] = [value]
    return True


def _pd1_patient_4(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "PD1-4", None)
    if value is None:
        return False
    if "generalPractitioner" in resource:
        resource["generalPractitioner"].append(value)
    else:
        resource["generalPractitioner"] = [value]
    return True


def _pd1_patient_6(raw: str, resource: Json, d: Draft) -> bool:
    value = _PD1_PATIENT_6.known.get((raw, d.scope, "PD1-6"))
    if value is None:
        value = _PD1_PATIENT_6.make_of(raw, d, "PD1-6", None)
    if value is None:
        return False
    if "extension" in resource:
        resource["extension"].append({"url": "http://hl7.org/fhir/StructureDefinition/patient-disability", "valueCodeableConcept": {**value}})
    else:
        resource["extension"] = [{"url": "http://hl7.org/fhir/StructureDefinition/patient-disability", "valueCodeableConcept": {**value}}]
    return True


def _pd1_patient_14(raw: str, resource: Json, d: Draft) -> bool:
    value = organization_name(raw, d, "PD1-14", None)
    if value is None:
        return False
    if "extension" in resource:
        resource["extension"].append({"url": "http://hl7.org/fhir/StructureDefinition/patient-congregation", "valueString": value})
    else:
        resource["extension"] = [{"url": "http://hl7.org/fhir/StructureDefinition/patient-congregation", "valueString": value}]
    return True


def pd1_patient(row: Row, resource: Json, d: Draft) -> None:
    """PD1[Patient]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pd1_patient_3, "generalPractitioner", True, "PD1-3")
        else:
            done = _pd1_patient_3(raw, resource, d)
        if done:
            used |= 8
    if count > 4 and (raw := fields[4]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pd1_patient_4, "generalPractitioner", True, "PD1-4")
        else:
            done = _pd1_patient_4(raw, resource, d)
        if done:
            used |= 16
    if count > 6 and (raw := fields[6]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pd1_patient_6, "extension", True, "PD1-6")
        else:
            done = _pd1_patient_6(raw, resource, d)
        if done:
            used |= 64
    if count > 14 and (raw := fields[14]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pd1_patient_14, "extension", True, "PD1-14")
        else:
            done = _pd1_patient_14(raw, resource, d)
        if done:
            used |= 16384
    row.used |= used


def _pid_patient_2(raw: str, resource: Json, d: Draft) -> bool:
    value = cx_identifier(raw, d, "PID-2", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _pid_patient_3(raw: str, resource: Json, d: Draft) -> bool:
    value = cx_identifier(raw, d, "PID-3", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _pid_patient_4(raw: str, resource: Json, d: Draft) -> bool:
    value = cx_identifier(raw, d, "PID-4", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _pid_patient_5(raw: str, resource: Json, d: Draft) -> bool:
    value = xpn_name(raw, d, "PID-5", None)
    if value is None:
        return False
    if "name" in resource:
        resource["name"].append(value)
    else:
        resource["name"] = [value]
    return True


def _pid_patient_6(raw: str, resource: Json, d: Draft) -> bool:
    value = person_name(raw, d, "PID-6", None)
    if value is None:
        return False
    if "extension" in resource:
        resource["extension"].append({"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": value})
    else:
        resource["extension"] = [{"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": value}]
    return True


def _pid_patient_7(raw: str, resource: Json, d: Draft) -> bool:
    value = date(raw, d, "PID-7", None)
    if value is None:
        return False
    if "birthDate" in resource:
        return False
    resource["birthDate"] = value
    return True


def _pid_patient_8(raw: str, resource: Json, d: Draft) -> bool:
    value = _PID_PATIENT_8.known.get((raw, d.scope, "PID-8"))
    if value is None:
        value = _PID_PATIENT_8.make_of(raw, d, "PID-8", _PID_PATIENT_8_CODES)
    if value is None:
        return False
    if "gender" in resource:
        return False
    resource["gender"] = value
    return True


def _pid_patient_9(raw: str, resource: Json, d: Draft) -> bool:
    value = xpn_name(raw, d, "PID-9", None)
    if value is None:
        return False
    if "name" in resource:
        resource["name"].append(value)
    else:
        resource["name"] = [value]
    return True


def _pid_patient_11(raw: str, resource: Json, d: Draft) -> bool:
    value = xad_address(raw, d, "PID-11", None)
    if value is None:
        return False
    if "address" in resource:
        resource["address"].append(value)
    else:
        resource["address"] = [value]
    return True


def _pid_patient_15(raw: str, resource: Json, d: Draft) -> bool:
    value = _PID_PATIENT_15.known.get((raw, d.scope, "PID-15"))
    if value is None:
        value = _PID_PATIENT_15.make_of(raw, d, "PID-15", None)
    if value is None:
        return False
    if "communication" in resource:
        resource["communication"].append({"language": {**value}})
    else:
        resource["communication"] = [{"language": {**value}}]
    return True


def _pid_patient_16(raw: str, resource: Json, d: Draft) -> bool:
    value = _PID_PATIENT_16.known.get((raw, d.scope, "PID-16"))
    if value is None:
        value = _PID_PATIENT_16.make_of(raw, d, "PID-16", _PID_PATIENT_16_CODES)
    if value is None:
        return False
    if "maritalStatus" in resource:
        return False
    resource["maritalStatus"] = {**value}
    return True


def _pid_patient_17(raw: str, resource: Json, d: Draft) -> bool:
    value = _PID_PATIENT_17.known.get((raw, d.scope, "PID-17"))
    if value is None:
        value = _PID_PATIENT_17.make_of(raw, d, "PID-17", _PID_PATIENT_17_CODES)
    if value is None:
        return False
    if "extension" in resource:
        resource["extension"].append({"url": "http://hl7.org/fhir/StructureDefinition/patient-religion", "valueCodeableConcept": {**value}})
    else:
        resource["extension"] = [{"url": "http://hl7.org/fhir/StructureDefinition/patient-religion", "valueCodeableConcept": {**value}}]
    return True


def _pid_patient_19(raw: str, resource: Json, d: Draft) -> bool:
    value = ssn_identifier(raw, d, "PID-19", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _pid_patient_20(raw: str, resource: Json, d: Draft) -> bool:
    value = dln_identifier(raw, d, "PID-20", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _pid_patient_23(raw: str, resource: Json, d: Draft) -> bool:
    value = string(raw, d, "PID-23", None)
    if value is None:
        return False
    if "extension" in resource:
        resource["extension"].append({"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"text": value}})
    else:
        resource["extension"] = [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"text": value}}]
    return True


def _pid_patient_24(raw: str, resource: Json, d: Draft) -> bool:
    value = _PID_PATIENT_24.known.get((raw, d.scope, "PID-24"))
    if value is None:
        value = _PID_PATIENT_24.make_of(raw, d, "PID-24", None)
    if value is None:
        return False
    if "multipleBirthBoolean" in resource:
        return False
    resource["multipleBirthBoolean"] = value
    return True


def _pid_patient_40(raw: str, resource: Json, d: Draft) -> bool:
    value = xtn_contact(raw, d, "PID-40", None)
    if value is None:
        return False
    if "telecom" in resource:
        resource["telecom"].append(value)
    else:
        resource["telecom"] = [value]
    return True


def pid_patient(row: Row, resource: Json, d: Draft) -> None:
    """PID[Patient]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 2 and (raw := fields[2]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_2, "identifier", True, "PID-2")
        else:
            done = _pid_patient_2(raw, resource, d)
        if done:
            used |= 4
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_3, "identifier", True, "PID-3")
        else:
            done = _pid_patient_3(raw, resource, d)
        if done:
            used |= 8
    if count > 4 and (raw := fields[4]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_4, "identifier", True, "PID-4")
        else:
            done = _pid_patient_4(raw, resource, d)
        if done:
            used |= 16
    if count > 5 and (raw := fields[5]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_5, "name", True, "PID-5")
        else:
            done = _pid_patient_5(raw, resource, d)
        if done:
            used |= 32
    if count > 6 and (raw := fields[6]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_6, "extension", True, "PID-6")
        else:
            done = _pid_patient_6(raw, resource, d)
        if done:
            used |= 64
    if count > 7 and (raw := fields[7]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_7, "birthDate", False, "PID-7")
        else:
            done = _pid_patient_7(raw, resource, d)
        if done:
            used |= 128
    if count > 8 and (raw := fields[8]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_8, "gender", False, "PID-8")
        else:
            done = _pid_patient_8(raw, resource, d)
        if done:
            used |= 256
    if count > 9 and (raw := fields[9]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_9, "name", True, "PID-9")
        else:
            done = _pid_patient_9(raw, resource, d)
        if done:
            used |= 512
    if count > 11 and (raw := fields[11]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_11, "address", True, "PID-11")
        else:
            done = _pid_patient_11(raw, resource, d)
        if done:
            used |= 2048
    if count > 15 and (raw := fields[15]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_15, "communication", True, "PID-15")
        else:
            done = _pid_patient_15(raw, resource, d)
        if done:
            used |= 32768
    if count > 16 and (raw := fields[16]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_16, "maritalStatus", False, "PID-16")
        else:
            done = _pid_patient_16(raw, resource, d)
        if done:
            used |= 65536
    if count > 17 and (raw := fields[17]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_17, "extension", True, "PID-17")
        else:
            done = _pid_patient_17(raw, resource, d)
        if done:
            used |= 131072
    if count > 19 and (raw := fields[19]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_19, "identifier", True, "PID-19")
        else:
            done = _pid_patient_19(raw, resource, d)
        if done:
            used |= 524288
    if count > 20 and (raw := fields[20]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_20, "identifier", True, "PID-20")
        else:
            done = _pid_patient_20(raw, resource, d)
        if done:
            used |= 1048576
    if count > 23 and (raw := fields[23]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_23, "extension", True, "PID-23")
        else:
            done = _pid_patient_23(raw, resource, d)
        if done:
            used |= 8388608
    if count > 24 and (raw := fields[24]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_24, "multipleBirthBoolean", False, "PID-24")
        else:
            done = _pid_patient_24(raw, resource, d)
        if done:
            used |= 16777216
    if count > 40 and (raw := fields[40]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pid_patient_40, "telecom", True, "PID-40")
        else:
            done = _pid_patient_40(raw, resource, d)
        if done:
            used |= 1099511627776
    row.used |= used


def _pr1_procedure_3(raw: str, resource: Json, d: Draft) -> bool:
    value = _PR1_PROCEDURE_3.known.get((raw, d.scope, "PR1-3"))
    if value is None:
        value = _PR1_PROCEDURE_3.make_of(raw, d, "PR1-3", None)
    if value is None:
        return False
    if "code" in resource:
        return False
    resource["code"] = {**value}
    return True


def _pr1_procedure_6(raw: str, resource: Json, d: Draft) -> bool:
    value = _PR1_PROCEDURE_6.known.get((raw, d.scope, "PR1-6"))
    if value is None:
        value = _PR1_PROCEDURE_6.make_of(raw, d, "PR1-6", None)
    if value is None:
        return False
    if "category" in resource:
        return False
    resource["category"] = {**value}
    return True


def _pr1_procedure_8(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "PR1-8", None)
    if value is None:
        return False
    if "performer" in resource:
        resource["performer"].append({"actor": value})
    else:
        resource["performer"] = [{"actor": value}]
    return True


def _pr1_procedure_11(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "PR1-11", None)
    if value is None:
        return False
    if "performer" in resource:
        resource["performer"].append({"actor": value})
    else:
        resource["performer"] = [{"actor": value}]
    return True


def _pr1_procedure_12(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "PR1-12", None)
    if value is None:
        return False
    if "performer" in resource:
        resource["performer"].append({"actor": value})
    else:
        resource["performer"] = [{"actor": value}]
    return True


def _pr1_procedure_15(raw: str, resource: Json, d: Draft) -> bool:
    value = _PR1_PROCEDURE_15.known.get((raw, d.scope, "PR1-15"))
    if value is None:
        value = _PR1_PROCEDURE_15.make_of(raw, d, "PR1-15", None)
    if value is None:
        return False
    if "reasonCode" in resource:
        resource["reasonCode"].append({**value})
    else:
        resource["reasonCode"] = [{**value}]
    return True


def _pr1_procedure_19(raw: str, resource: Json, d: Draft) -> bool:
    value = ei_identifier(raw, d, "PR1-19", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _pr1_procedure_23(raw: str, resource: Json, d: Draft) -> bool:
    value = pl_location(raw, d, "PR1-23", None)
    if value is None:
        return False
    if "location" in resource:
        return False
    resource["location"] = value
    return True


def pr1_procedure(row: Row, resource: Json, d: Draft) -> None:
    """PR1[Procedure]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pr1_procedure_3, "code", False, "PR1-3")
        else:
            done = _pr1_procedure_3(raw, resource, d)
        if done:
            used |= 8
    if count > 6 and (raw := fields[6]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pr1_procedure_6, "category", False, "PR1-6")
        else:
            done = _pr1_procedure_6(raw, resource, d)
        if done:
            used |= 64
    if count > 8 and (raw := fields[8]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pr1_procedure_8, "performer", True, "PR1-8")
        else:
            done = _pr1_procedure_8(raw, resource, d)
        if done:
            used |= 256
    if count > 11 and (raw := fields[11]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pr1_procedure_11, "performer", True, "PR1-11")
        else:
            done = _pr1_procedure_11(raw, resource, d)
        if done:
            used |= 2048
    if count > 12 and (raw := fields[12]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pr1_procedure_12, "performer", True, "PR1-12")
        else:
            done = _pr1_procedure_12(raw, resource, d)
        if done:
            used |= 4096
    if count > 15 and (raw := fields[15]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pr1_procedure_15, "reasonCode", True, "PR1-15")
        else:
            done = _pr1_procedure_15(raw, resource, d)
        if done:
            used |= 32768
    if count > 19 and (raw := fields[19]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pr1_procedure_19, "identifier", True, "PR1-19")
        else:
            done = _pr1_procedure_19(raw, resource, d)
        if done:
            used |= 524288
    if count > 23 and (raw := fields[23]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pr1_procedure_23, "location", False, "PR1-23")
        else:
            done = _pr1_procedure_23(raw, resource, d)
        if done:
            used |= 8388608
    row.used |= used


def _pv1_encounter_4(raw: str, resource: Json, d: Draft) -> bool:
    value = _PV1_ENCOUNTER_4.known.get((raw, d.scope, "PV1-4"))
    if value is None:
        value = _PV1_ENCOUNTER_4.make_of(raw, d, "PV1-4", _PV1_ENCOUNTER_4_CODES)
    if value is None:
        return False
    if "type" in resource:
        resource["type"].append({**value})
    else:
        resource["type"] = [{**value}]
    return True


def _pv1_encounter_5(raw: str, resource: Json, d: Draft) -> bool:
    value = cx_identifier(raw, d, "PV1-5", None)
    if value is None:
        return False
    below: Json = resource.setdefault("hospitalization", {})
    if "preAdmissionIdentifier" in below:
        return False
    below["preAdmissionIdentifier"] = value
    return True


def _pv1_encounter_6(raw: str, resource: Json, d: Draft) -> bool:
    value = pl_location(raw, d, "PV1-6", None)
    if value is None:
        return False
    if "location" in resource:
        resource["location"].append({"status": "completed", "location": value})
    else:
        resource["location"] = [{"status": "completed", "location": value}]
    return True


def _pv1_encounter_7(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "PV1-7", None)
    if value is None:
        return False
    if "participant" in resource:
        resource["participant"].append({"type": _PV1_ENCOUNTER_7_TYPE, "individual": value})
    else:
        resource["participant"] = [{"type": _PV1_ENCOUNTER_7_TYPE, "individual": value}]
    return True


def _pv1_encounter_8(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "PV1-8", None)
    if value is None:
        return False
    if "participant" in resource:
        resource["participant"].append({"type": _PV1_ENCOUNTER_8_TYPE, "individual": value})
    else:
        resource["participant"] = [{"type": _PV1_ENCOUNTER_8_TYPE, "individual": value}]
    return True


def _pv1_encounter_9(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "PV1-9", None)
    if value is None:
        return False
    if "participant" in resource:
        resource["participant"].append({"type": _PV1_ENCOUNTER_9_TYPE, "individual": value})
    else:
        resource["participant"] = [{"type": _PV1_ENCOUNTER_9_TYPE, "individual": value}]
    return True


def _pv1_encounter_10(raw: str, resource: Json, d: Draft) -> bool:
    value = _PV1_ENCOUNTER_10.known.get((raw, d.scope, "PV1-10"))
    if value is None:
        value = _PV1_ENCOUNTER_10.make_of(raw, d, "PV1-10", _PV1_ENCOUNTER_10_CODES)
    if value is None:
        return False
    if "serviceType" in resource:
        return False
    resource["serviceType"] = {**value}
    return True


def _pv1_encounter_11(raw: str, resource: Json, d: Draft) -> bool:
    value = pl_location(raw, d, "PV1-11", None)
    if value is None:
        return False
    if "location" in resource:
        resource["location"].append({"status": "active", "location": value})
    else:
        resource["location"] = [{"status": "active", "location": value}]
    return True


def _pv1_encounter_13(raw: str, resource: Json, d: Draft) -> bool:
    value = _PV1_ENCOUNTER_13.known.get((raw, d.scope, "PV1-13"))
    if value is None:
        value = _PV1_ENCOUNTER_13.make_of(raw, d, "PV1-13", _PV1_ENCOUNTER_13_CODES)
    if value is None:
        return False
    below: Json = resource.setdefault("hospitalization", {})
    if "reAdmission" in below:
        return False
    below["reAdmission"] = {**value}
    return True


def _pv1_encounter_14(raw: str, resource: Json, d: Draft) -> bool:
    value = _PV1_ENCOUNTER_14.known.get((raw, d.scope, "PV1-14"))
    if value is None:
        value = _PV1_ENCOUNTER_14.make_of(raw, d, "PV1-14", None)
    if value is None:
        return False
    below: Json = resource.setdefault("hospitalization", {})
    if "admitSource" in below:
        return False
    below["admitSource"] = {**value}
    return True


def _pv1_encounter_15(raw: str, resource: Json, d: Draft) -> bool:
    value = _PV1_ENCOUNTER_15.known.get((raw, d.scope, "PV1-15"))
    if value is None:
        value = _PV1_ENCOUNTER_15.make_of(raw, d, "PV1-15", _PV1_ENCOUNTER_15_CODES)
    if value is None:
        return False
    below: Json = resource.setdefault("hospitalization", {})
    if "specialArrangement" in below:
        below["specialArrangement"].append({**value})
    else:
        below["specialArrangement"] = [{**value}]
    return True


def _pv1_encounter_17(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "PV1-17", None)
    if value is None:
        return False
    if "participant" in resource:
        resource["participant"].append({"type": _PV1_ENCOUNTER_17_TYPE, "individual": value})
    else:
        resource["participant"] = [{"type": _PV1_ENCOUNTER_17_TYPE, "individual": value}]
    return True


def _pv1_encounter_19(raw: str, resource: Json, d: Draft) -> bool:
    value = cx_identifier(raw, d, "PV1-19", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append({"type": _PV1_ENCOUNTER_19_TYPE, **value})
    else:
        resource["identifier"] = [{"type": _PV1_ENCOUNTER_19_TYPE, **value}]
    return True


def _pv1_encounter_36(raw: str, resource: Json, d: Draft) -> bool:
    value = _PV1_ENCOUNTER_36.known.get((raw, d.scope, "PV1-36"))
    if value is None:
        value = _PV1_ENCOUNTER_36.make_of(raw, d, "PV1-36", _PV1_ENCOUNTER_36_CODES)
    if value is None:
        return False
    below: Json = resource.setdefault("hospitalization", {})
    if "dischargeDisposition" in below:
        return False
    below["dischargeDisposition"] = {**value}
    return True


def _pv1_encounter_37(raw: str, resource: Json, d: Draft) -> bool:
    value = concept_location(raw, d, "PV1-37", None)
    if value is None:
        return False
    below: Json = resource.setdefault("hospitalization", {})
    if "destination" in below:
        return False
    below["destination"] = value
    return True


def _pv1_encounter_38(raw: str, resource: Json, d: Draft) -> bool:
    value = _PV1_ENCOUNTER_38.known.get((raw, d.scope, "PV1-38"))
    if value is None:
        value = _PV1_ENCOUNTER_38.make_of(raw, d, "PV1-38", _PV1_ENCOUNTER_38_CODES)
    if value is None:
        return False
    below: Json = resource.setdefault("hospitalization", {})
    if "dietPreference" in below:
        below["dietPreference"].append({**value})
    else:
        below["dietPreference"] = [{**value}]
    return True


def _pv1_encounter_42(raw: str, resource: Json, d: Draft) -> bool:
    value = pl_location(raw, d, "PV1-42", None)
    if value is None:
        return False
    if "location" in resource:
        resource["location"].append({"status": "reserved", "location": value})
    else:
        resource["location"] = [{"status": "reserved", "location": value}]
    return True


def _pv1_encounter_50(raw: str, resource: Json, d: Draft) -> bool:
    value = cx_identifier(raw, d, "PV1-50", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _pv1_encounter_52(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "PV1-52", None)
    if value is None:
        return False
    if "participant" in resource:
        resource["participant"].append({"type": _PV1_ENCOUNTER_52_TYPE, "individual": value})
    else:
        resource["participant"] = [{"type": _PV1_ENCOUNTER_52_TYPE, "individual": value}]
    return True


def pv1_encounter(row: Row, resource: Json, d: Draft) -> None:
    """PV1[Encounter]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 4 and (raw := fields[4]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_4, "type", True, "PV1-4")
        else:
            done = _pv1_encounter_4(raw, resource, d)
        if done:
            used |= 16
    if count > 5 and (raw := fields[5]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_5, "hospitalization", False, "PV1-5")
        else:
            done = _pv1_encounter_5(raw, resource, d)
        if done:
            used |= 32
    if count > 6 and (raw := fields[6]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_6, "location", True, "PV1-6")
        else:
            done = _pv1_encounter_6(raw, resource, d)
        if done:
            used |= 64
    if count > 7 and (raw := fields[7]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_7, "participant", True, "PV1-7")
        else:
            done = _pv1_encounter_7(raw, resource, d)
        if done:
            used |= 128
    if count > 8 and (raw := fields[8]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_8, "participant", True, "PV1-8")
        else:
            done = _pv1_encounter_8(raw, resource, d)
        if done:
            used |= 256
    if count > 9 and (raw := fields[9]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_9, "participant", True, "PV1-9")
        else:
            done = _pv1_encounter_9(raw, resource, d)
        if done:
            used |= 512
    if count > 10 and (raw := fields[10]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_10, "serviceType", False, "PV1-10")
        else:
            done = _pv1_encounter_10(raw, resource, d)
        if done:
            used |= 1024
    if count > 11 and (raw := fields[11]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_11, "location", True, "PV1-11")
        else:
            done = _pv1_encounter_11(raw, resource, d)
        if done:
            used |= 2048
    if count > 13 and (raw := fields[13]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_13, "hospitalization", False, "PV1-13")
        else:
            done = _pv1_encounter_13(raw, resource, d)
        if done:
            used |= 8192
    if count > 14 and (raw := fields[14]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_14, "hospitalization", False, "PV1-14")
        else:
            done = _pv1_encounter_14(raw, resource, d)
        if done:
            used |= 16384
    if count > 15 and (raw := fields[15]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_15, "hospitalization", True, "PV1-15")
        else:
            done = _pv1_encounter_15(raw, resource, d)
        if done:
            used |= 32768
    if count > 17 and (raw := fields[17]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_17, "participant", True, "PV1-17")
        else:
            done = _pv1_encounter_17(raw, resource, d)
        if done:
            used |= 131072
    if count > 19 and (raw := fields[19]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_19, "identifier", True, "PV1-19")
        else:
            done = _pv1_encounter_19(raw, resource, d)
        if done:
            used |= 524288
    if count > 36 and (raw := fields[36]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_36, "hospitalization", False, "PV1-36")
        else:
            done = _pv1_encounter_36(raw, resource, d)
        if done:
            used |= 68719476736
    if count > 37 and (raw := fields[37]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_37, "hospitalization", False, "PV1-37")
        else:
            done = _pv1_encounter_37(raw, resource, d)
        if done:
            used |= 137438953472
    if count > 38 and (raw := fields[38]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_38, "hospitalization", True, "PV1-38")
        else:
            done = _pv1_encounter_38(raw, resource, d)
        if done:
            used |= 274877906944
    if count > 42 and (raw := fields[42]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_42, "location", True, "PV1-42")
        else:
            done = _pv1_encounter_42(raw, resource, d)
        if done:
            used |= 4398046511104
    if count > 50 and (raw := fields[50]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_50, "identifier", True, "PV1-50")
        else:
            done = _pv1_encounter_50(raw, resource, d)
        if done:
            used |= 1125899906842624
    if count > 52 and (raw := fields[52]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv1_encounter_52, "participant", True, "PV1-52")
        else:
            done = _pv1_encounter_52(raw, resource, d)
        if done:
            used |= 4503599627370496
    row.used |= used


def _pv2_encounter_1(raw: str, resource: Json, d: Draft) -> bool:
    value = pl_location(raw, d, "PV2-1", None)
    if value is None:
        return False
    if "location" in resource:
        resource["location"].append({"status": "planned", "location": value})
    else:
        resource["location"] = [{"status": "planned", "location": value}]
    return True


def _pv2_encounter_3(raw: str, resource: Json, d: Draft) -> bool:
    value = _PV2_ENCOUNTER_3.known.get((raw, d.scope, "PV2-3"))
    if value is None:
        value = _PV2_ENCOUNTER_3.make_of(raw, d, "PV2-3", None)
    if value is None:
        return False
    if "reasonCode" in resource:
        resource["reasonCode"].append({**value})
    else:
        resource["reasonCode"] = [{**value}]
    return True


def _pv2_encounter_11(raw: str, resource: Json, d: Draft) -> bool:
    value = days(raw, d, "PV2-11", None)
    if value is None:
        return False
    if "length" in resource:
        return False
    resource["length"] = value
    return True


def _pv2_encounter_13(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "PV2-13", None)
    if value is None:
        return False
    if "participant" in resource:
        resource["participant"].append({"type": _PV2_ENCOUNTER_13_TYPE, "individual": value})
    else:
        resource["participant"] = [{"type": _PV2_ENCOUNTER_13_TYPE, "individual": value}]
    return True


def _pv2_encounter_25(raw: str, resource: Json, d: Draft) -> bool:
    value = _PV2_ENCOUNTER_25.known.get((raw, d.scope, "PV2-25"))
    if value is None:
        value = _PV2_ENCOUNTER_25.make_of(raw, d, "PV2-25", _PV2_ENCOUNTER_25_CODES)
    if value is None:
        return False
    if "priority" in resource:
        return False
    resource["priority"] = {**value}
    return True


def _pv2_encounter_38(raw: str, resource: Json, d: Draft) -> bool:
    value = _PV2_ENCOUNTER_38.known.get((raw, d.scope, "PV2-38"))
    if value is None:
        value = _PV2_ENCOUNTER_38.make_of(raw, d, "PV2-38", _PV2_ENCOUNTER_38_CODES)
    if value is None:
        return False
    if "extension" in resource:
        resource["extension"].append({"url": "http://hl7.org/fhir/StructureDefinition/encounter-modeOfArrival", "valueCoding": {**value}})
    else:
        resource["extension"] = [{"url": "http://hl7.org/fhir/StructureDefinition/encounter-modeOfArrival", "valueCoding": {**value}}]
    return True


def pv2_encounter(row: Row, resource: Json, d: Draft) -> None:
    """PV2[Encounter]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 1 and (raw := fields[1]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv2_encounter_1, "location", True, "PV2-1")
        else:
            done = _pv2_encounter_1(raw, resource, d)
        if done:
            used |= 2
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv2_encounter_3, "reasonCode", True, "PV2-3")
        else:
            done = _pv2_encounter_3(raw, resource, d)
        if done:
            used |= 8
    if count > 11 and (raw := fields[11]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv2_encounter_11, "length", False, "PV2-11")
        else:
            done = _pv2_encounter_11(raw, resource, d)
        if done:
            used |= 2048
    if count > 13 and (raw := fields[13]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv2_encounter_13, "participant", True, "PV2-13")
        else:
            done = _pv2_encounter_13(raw, resource, d)
        if done:
            used |= 8192
    if count > 25 and (raw := fields[25]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv2_encounter_25, "priority", False, "PV2-25")
        else:
            done = _pv2_encounter_25(raw, resource, d)
        if done:
            used |= 33554432
    if count > 38 and (raw := fields[38]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _pv2_encounter_38, "extension", True, "PV2-38")
        else:
            done = _pv2_encounter_38(raw, resource, d)
        if done:
            used |= 274877906944
    row.used |= used


def _rf1_servicerequest_3(raw: str, resource: Json, d: Draft) -> bool:
    value = _RF1_SERVICEREQUEST_3.known.get((raw, d.scope, "RF1-3"))
    if value is None:
        value = _RF1_SERVICEREQUEST_3.make_of(raw, d, "RF1-3", None)
    if value is None:
        return False
    if "category" in resource:
        resource["category"].append({**value})
    else:
        resource["category"] = [{**value}]
    return True


def _rf1_servicerequest_4(raw: str, resource: Json, d: Draft) -> bool:
    value = _RF1_SERVICEREQUEST_4.known.get((raw, d.scope, "RF1-4"))
    if value is None:
        value = _RF1_SERVICEREQUEST_4.make_of(raw, d, "RF1-4", None)
    if value is None:
        return False
    if "orderDetail" in resource:
        resource["orderDetail"].append({**value})
    else:
        resource["orderDetail"] = [{**value}]
    return True


def _rf1_servicerequest_5(raw: str, resource: Json, d: Draft) -> bool:
    value = _RF1_SERVICEREQUEST_5.known.get((raw, d.scope, "RF1-5"))
    if value is None:
        value = _RF1_SERVICEREQUEST_5.make_of(raw, d, "RF1-5", None)
    if value is None:
        return False
    if "category" in resource:
        resource["category"].append({**value})
    else:
        resource["category"] = [{**value}]
    return True


def _rf1_servicerequest_6(raw: str, resource: Json, d: Draft) -> bool:
    value = ei_identifier(raw, d, "RF1-6", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _rf1_servicerequest_7(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "RF1-7", None)
    if value is None:
        return False
    if "authoredOn" in resource:
        return False
    resource["authoredOn"] = value
    return True


def _rf1_servicerequest_10(raw: str, resource: Json, d: Draft) -> bool:
    value = _RF1_SERVICEREQUEST_10.known.get((raw, d.scope, "RF1-10"))
    if value is None:
        value = _RF1_SERVICEREQUEST_10.make_of(raw, d, "RF1-10", None)
    if value is None:
        return False
    if "reasonCode" in resource:
        resource["reasonCode"].append({**value})
    else:
        resource["reasonCode"] = [{**value}]
    return True


def _rf1_servicerequest_11(raw: str, resource: Json, d: Draft) -> bool:
    value = ei_identifier(raw, d, "RF1-11", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def rf1_servicerequest(row: Row, resource: Json, d: Draft) -> None:
    """RF1[ServiceRequest]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _rf1_servicerequest_3, "category", True, "RF1-3")
        else:
            done = _rf1_servicerequest_3(raw, resource, d)
        if done:
            used |= 8
    if count > 4 and (raw := fields[4]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _rf1_servicerequest_4, "orderDetail", True, "RF1-4")
        else:
            done = _rf1_servicerequest_4(raw, resource, d)
        if done:
            used |= 16
    if count > 5 and (raw := fields[5]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _rf1_servicerequest_5, "category", True, "RF1-5")
        else:
            done = _rf1_servicerequest_5(raw, resource, d)
        if done:
            used |= 32
    if count > 6 and (raw := fields[6]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _rf1_servicerequest_6, "identifier", True, "RF1-6")
        else:
            done = _rf1_servicerequest_6(raw, resource, d)
        if done:
            used |= 64
    if count > 7 and (raw := fields[7]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _rf1_servicerequest_7, "authoredOn", False, "RF1-7")
        else:
            done = _rf1_servicerequest_7(raw, resource, d)
        if done:
            used |= 128
    if count > 10 and (raw := fields[10]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _rf1_servicerequest_10, "reasonCode", True, "RF1-10")
        else:
            done = _rf1_servicerequest_10(raw, resource, d)
        if done:
            used |= 1024
    if count > 11 and (raw := fields[11]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _rf1_servicerequest_11, "identifier", True, "RF1-11")
        else:
            done = _rf1_servicerequest_11(raw, resource, d)
        if done:
            used |= 2048
    row.used |= used


def _rol_encounter_practitionerrole_3(raw: str, resource: Json, d: Draft) -> bool:
    value = _ROL_ENCOUNTER_PRACTITIONERROLE_3.known.get((raw, d.scope, "ROL-3"))
    if value is None:
        value = _ROL_ENCOUNTER_PRACTITIONERROLE_3.make_of(raw, d, "ROL-3", _ROL_ENCOUNTER_PRACTITIONERROLE_3_CODES)
    if value is None:
        return False
    if "type" in resource:
        resource["type"].append({**value})
    else:
        resource["type"] = [{**value}]
    return True


def _rol_encounter_practitionerrole_4(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "ROL-4", None)
    if value is None:
        return False
    if "individual" in resource:
        return False
    resource["individual"] = value
    return True


def _rol_encounter_practitionerrole_5(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "ROL-5", None)
    if value is None:
        return False
    below: Json = resource.setdefault("period", {})
    if "start" in below:
        return False
    below["start"] = value
    return True


def _rol_encounter_practitionerrole_6(raw: str, resource: Json, d: Draft) -> bool:
    value = date_time(raw, d, "ROL-6", None)
    if value is None:
        return False
    below: Json = resource.setdefault("period", {})
    if "end" in below:
        return False
    below["end"] = value
    return True


def rol_encounter_practitionerrole(row: Row, resource: Json, d: Draft) -> None:
    """ROL[Encounter-PractitionerRole]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 3 and (raw := fields[3]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _rol_encounter_practitionerrole_3, "type", True, "ROL-3")
        else:
            done = _rol_encounter_practitionerrole_3(raw, resource, d)
        if done:
            used |= 8
    if count > 4 and (raw := fields[4]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _rol_encounter_practitionerrole_4, "individual", False, "ROL-4")
        else:
            done = _rol_encounter_practitionerrole_4(raw, resource, d)
        if done:
            used |= 16
    if count > 5 and (raw := fields[5]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _rol_encounter_practitionerrole_5, "period", False, "ROL-5")
        else:
            done = _rol_encounter_practitionerrole_5(raw, resource, d)
        if done:
            used |= 32
    if count > 6 and (raw := fields[6]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _rol_encounter_practitionerrole_6, "period", False, "ROL-6")
        else:
            done = _rol_encounter_practitionerrole_6(raw, resource, d)
        if done:
            used |= 64
    row.used |= used


def _sch_appointment_1(raw: str, resource: Json, d: Draft) -> bool:
    value = ei_identifier(raw, d, "SCH-1", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _sch_appointment_2(raw: str, resource: Json, d: Draft) -> bool:
    value = ei_identifier(raw, d, "SCH-2", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _sch_appointment_7(raw: str, resource: Json, d: Draft) -> bool:
    value = _SCH_APPOINTMENT_7.known.get((raw, d.scope, "SCH-7"))
    if value is None:
        value = _SCH_APPOINTMENT_7.make_of(raw, d, "SCH-7", _SCH_APPOINTMENT_7_CODES)
    if value is None:
        return False
    if "reasonCode" in resource:
        resource["reasonCode"].append({**value})
    else:
        resource["reasonCode"] = [{**value}]
    return True


def _sch_appointment_8(raw: str, resource: Json, d: Draft) -> bool:
    value = _SCH_APPOINTMENT_8.known.get((raw, d.scope, "SCH-8"))
    if value is None:
        value = _SCH_APPOINTMENT_8.make_of(raw, d, "SCH-8", _SCH_APPOINTMENT_8_CODES)
    if value is None:
        return False
    if "appointmentType" in resource:
        return False
    resource["appointmentType"] = {**value}
    return True


def _sch_appointment_12(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "SCH-12", None)
    if value is None:
        return False
    if "participant" in resource:
        resource["participant"].append({"status": "accepted", "actor": value})
    else:
        resource["participant"] = [{"status": "accepted", "actor": value}]
    return True


def _sch_appointment_16(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "SCH-16", None)
    if value is None:
        return False
    if "participant" in resource:
        resource["participant"].append({"status": "accepted", "actor": value})
    else:
        resource["participant"] = [{"status": "accepted", "actor": value}]
    return True


def _sch_appointment_20(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "SCH-20", None)
    if value is None:
        return False
    if "participant" in resource:
        resource["participant"].append({"status": "accepted", "actor": value})
    else:
        resource["participant"] = [{"status": "accepted", "actor": value}]
    return True


def sch_appointment(row: Row, resource: Json, d: Draft) -> None:
    """SCH[Appointment]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 1 and (raw := fields[1]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _sch_appointment_1, "identifier", True, "SCH-1")
        else:
            done = _sch_appointment_1(raw, resource, d)
        if done:
            used |= 2
    if count > 2 and (raw := fields[2]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _sch_appointment_2, "identifier", True, "SCH-2")
        else:
            done = _sch_appointment_2(raw, resource, d)
        if done:
            used |= 4
    if count > 7 and (raw := fields[7]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _sch_appointment_7, "reasonCode", True, "SCH-7")
        else:
            done = _sch_appointment_7(raw, resource, d)
        if done:
            used |= 128
    if count > 8 and (raw := fields[8]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _sch_appointment_8, "appointmentType", False, "SCH-8")
        else:
            done = _sch_appointment_8(raw, resource, d)
        if done:
            used |= 256
    if count > 12 and (raw := fields[12]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _sch_appointment_12, "participant", True, "SCH-12")
        else:
            done = _sch_appointment_12(raw, resource, d)
        if done:
            used |= 4096
    if count > 16 and (raw := fields[16]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _sch_appointment_16, "participant", True, "SCH-16")
        else:
            done = _sch_appointment_16(raw, resource, d)
        if done:
            used |= 65536
    if count > 20 and (raw := fields[20]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _sch_appointment_20, "participant", True, "SCH-20")
        else:
            done = _sch_appointment_20(raw, resource, d)
        if done:
            used |= 1048576
    row.used |= used


def _txa_documentreference_2(raw: str, resource: Json, d: Draft) -> bool:
    value = _TXA_DOCUMENTREFERENCE_2.known.get((raw, d.scope, "TXA-2"))
    if value is None:
        value = _TXA_DOCUMENTREFERENCE_2.make_of(raw, d, "TXA-2", None)
    if value is None:
        return False
    if "type" in resource:
        return False
    resource["type"] = {**value}
    return True


def _txa_documentreference_9(raw: str, resource: Json, d: Draft) -> bool:
    value = xcn_practitioner(raw, d, "TXA-9", None)
    if value is None:
        return False
    if "author" in resource:
        resource["author"].append(value)
    else:
        resource["author"] = [value]
    return True


def _txa_documentreference_12(raw: str, resource: Json, d: Draft) -> bool:
    value = ei_identifier(raw, d, "TXA-12", None)
    if value is None:
        return False
    if "masterIdentifier" in resource:
        return False
    resource["masterIdentifier"] = value
    return True


def _txa_documentreference_16(raw: str, resource: Json, d: Draft) -> bool:
    value = st_identifier(raw, d, "TXA-16", None)
    if value is None:
        return False
    if "identifier" in resource:
        resource["identifier"].append(value)
    else:
        resource["identifier"] = [value]
    return True


def _txa_documentreference_25(raw: str, resource: Json, d: Draft) -> bool:
    value = string(raw, d, "TXA-25", None)
    if value is None:
        return False
    if "description" in resource:
        return False
    resource["description"] = value
    return True


def txa_documentreference(row: Row, resource: Json, d: Draft) -> None:
    """TXA[DocumentReference]."""
    fields = row.fields
    count = len(fields)
    r = d.r
    used = 0
    if count > 2 and (raw := fields[2]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _txa_documentreference_2, "type", False, "TXA-2")
        else:
            done = _txa_documentreference_2(raw, resource, d)
        if done:
            used |= 4
    if count > 9 and (raw := fields[9]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _txa_documentreference_9, "author", True, "TXA-9")
        else:
            done = _txa_documentreference_9(raw, resource, d)
        if done:
            used |= 512
    if count > 12 and (raw := fields[12]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _txa_documentreference_12, "masterIdentifier", False, "TXA-12")
        else:
            done = _txa_documentreference_12(raw, resource, d)
        if done:
            used |= 4096
    if count > 16 and (raw := fields[16]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _txa_documentreference_16, "identifier", True, "TXA-16")
        else:
            done = _txa_documentreference_16(raw, resource, d)
        if done:
            used |= 65536
    if count > 25 and (raw := fields[25]):
        if r in raw or raw == NULL:
            done = repeated(raw, resource, d, _txa_documentreference_25, "description", False, "TXA-25")
        else:
            done = _txa_documentreference_25(raw, resource, d)
        if done:
            used |= 33554432
    row.used |= used
