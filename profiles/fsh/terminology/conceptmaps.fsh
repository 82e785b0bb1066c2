// How codes of one system stand to those of another. In `Maps`, the equivalence says what the target is to the source
// (R4): `wider` means that the target says less. What the code translates, a test compares with the code.

RuleSet: MapIdentity(id, name)
* url = "https://warmhandoff.org/fhir/ConceptMap/{id}"
* version = "0.1.0"
* name = "{name}"
* status = #active
* experimental = false

RuleSet: Between(source, target)
* group[+].source = "{source}"
* group[=].target = "{target}"

RuleSet: Maps(source, target, equivalence)
* group[=].element[+].code = #{source}
* group[=].element[=].target[+].code = #{target}
* group[=].element[=].target[=].equivalence = #{equivalence}

RuleSet: MapsWith(source, target, equivalence, comment)
* insert Maps({source}, {target}, {equivalence})
* group[=].element[=].target[=].comment = "{comment}"

RuleSet: OrWith(target, equivalence, comment)
* group[=].element[=].target[+].code = #{target}
* group[=].element[=].target[=].equivalence = #{equivalence}
* group[=].element[=].target[=].comment = "{comment}"

RuleSet: NoMatch(source, comment)
* group[=].element[+].code = #{source}
* group[=].element[=].target[+].equivalence = #unmatched
* group[=].element[=].target[=].comment = "{comment}"

// --- how a contact ended

Instance: field-disposition-to-discharge-disposition
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(field-disposition-to-discharge-disposition, FieldDispositionToDischargeDisposition)
* title = "Field disposition to discharge disposition"
* description = "What the hub writes beside our code in Encounter.hospitalization.dischargeDisposition. HL7's list is about discharge from a hospital stay and has no code for jail, detox, a crisis unit or a hold."
* sourceCanonical = Canonical(FieldDispositions)
* insert Between(https://warmhandoff.org/fhir/CodeSystem/field-disposition, http://terminology.hl7.org/CodeSystem/discharge-disposition)
* insert MapsWith(resolved-on-scene, home, inexact, [[The person stays where they are, which may not be their home.]])
* insert Maps(voluntary-transport-ed, other-hcf, wider)
* insert MapsWith(emergency-hold, other-hcf, inexact, [[The facility that holds the person. That they are held is said by the legal status.]])
* insert Maps(crisis-stabilization, oth, wider)
* insert Maps(respite, oth, wider)
* insert Maps(detox, oth, wider)
* insert Maps(jail, oth, wider)
* insert MapsWith(declined, home, inexact, [[The person stays where they are. That they declined is said by our code; it is not leaving against advice.]])
* insert Maps(transport-other, oth, wider)
* insert Maps(deceased, exp, equivalent)
* insert NoMatch(unable-to-locate, [[Nobody was met.]])
* insert NoMatch(gone-on-arrival, [[Nobody was met.]])
* insert NoMatch(referred, [[A referral is no discharge.]])
* insert NoMatch(follow-up-planned, [[A plan is no discharge.]])
* insert NoMatch(other, [[The agency's own words say what.]])

Instance: field-disposition-to-apco-disposition
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(field-disposition-to-apco-disposition, FieldDispositionToApcoDisposition)
* title = "Field disposition to APCO common disposition"
* description = "How our list stands to the common dispositions of a CAD system (APCO ANS 1.111.2). APCO has no code for a hold, a detox or a crisis unit. The hub writes none of these by itself."
* sourceCanonical = Canonical(FieldDispositions)
* targetCanonical = Canonical(ApcoDispositions)
* insert Between(https://warmhandoff.org/fhir/CodeSystem/field-disposition, https://warmhandoff.org/fhir/CodeSystem/apco-disposition)
* insert Maps(resolved-on-scene, 18, wider)
* insert OrWith(05, inexact, [[Where the contact was by telephone.]])
* insert MapsWith(voluntary-transport-ed, 45, inexact, [[Where an ambulance took the person. It does not say that they agreed.]])
* insert OrWith(33, inexact, [[Where the police took the person. It does not say that they agreed.]])
* insert OrWith(16, wider, [[A transport of any kind.]])
* insert MapsWith(emergency-hold, 33, inexact, [[Where the police took the person. It does not say that they were held.]])
* insert OrWith(45, inexact, [[Where an ambulance took the person. It does not say that they were held.]])
* insert Maps(crisis-stabilization, 16, wider)
* insert Maps(respite, 16, wider)
* insert Maps(detox, 16, wider)
* insert Maps(jail, 03, wider)
* insert MapsWith(declined, 42, inexact, [[Of medical care; our code is of any help.]])
* insert Maps(unable-to-locate, 14, wider)
* insert Maps(gone-on-arrival, 14, wider)
* insert MapsWith(referred, 15, inexact, [[To any other agency, not to care alone.]])
* insert NoMatch(follow-up-planned, [[APCO's follow-up is a report.]])
* insert Maps(transport-other, 16, wider)
* insert MapsWith(deceased, 39, narrower, [[Where the body was not taken away by an ambulance.]])
* insert OrWith(40, narrower, [[Where the body was taken away by an ambulance.]])
* insert NoMatch(other, [[The agency's own words say what.]])

Instance: apco-disposition-to-field-disposition
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(apco-disposition-to-field-disposition, ApcoDispositionToFieldDisposition)
* title = "APCO common disposition to field disposition"
* description = "A suggestion for an agency's own table of dispositions, for a person to review. The readers use the agency's reviewed table alone. A hold is never derived from an APCO code. Codes that are not here say nothing of how a contact with a person ended."
* sourceCanonical = Canonical(ApcoDispositions)
* targetCanonical = Canonical(FieldDispositions)
* insert Between(https://warmhandoff.org/fhir/CodeSystem/apco-disposition, https://warmhandoff.org/fhir/CodeSystem/field-disposition)
* insert MapsWith(03, jail, inexact, [[An arrest does not say that the person was taken to jail.]])
* insert MapsWith(05, resolved-on-scene, inexact, [[By telephone; it does not say that the need was met.]])
* insert MapsWith(14, gone-on-arrival, narrower, [[The code does not say which of the two.]])
* insert OrWith(unable-to-locate, narrower, [[The code does not say which of the two.]])
* insert MapsWith(15, referred, inexact, [[It may be another agency than one of care.]])
* insert MapsWith(16, transport-other, inexact, [[It does not say where to.]])
* insert MapsWith(18, resolved-on-scene, inexact, [[It does not say that the need was met.]])
* insert MapsWith(33, voluntary-transport-ed, inexact, [[It says who took the person, neither where to nor that they agreed.]])
* insert Maps(39, deceased, wider)
* insert Maps(40, deceased, wider)
* insert MapsWith(42, declined, inexact, [[Of medical care; the person may have taken other help.]])
* insert MapsWith(45, voluntary-transport-ed, inexact, [[It says who took the person, neither where to nor that they agreed.]])

// --- the call

Instance: apco-incident-type-to-service-type
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(apco-incident-type-to-service-type, ApcoIncidentTypeToServiceType)
* title = "APCO incident type to service type"
* description = "Which call types have to do with HL7's service type of a crisis response, for a receiver that sorts by it. A call type says what a caller reported, not what the person needs: the hub writes the service type from who made the contact, never from the call type. Call types that are not here say nothing of mental health."
* sourceCanonical = Canonical(CallTypes)
* insert Between(https://warmhandoff.org/fhir/CodeSystem/apco-incident-type, http://terminology.hl7.org/CodeSystem/service-type)
* insert Maps(EDP, 135, relatedto)
* insert Maps(MNTL, 135, relatedto)
* insert Maps(MTLV, 135, relatedto)
* insert Maps(SUICTHRT, 135, relatedto)
* insert NoMatch(SUICIDE, [[The type does not say whether the person lives.]])
* insert NoMatch(OD, [[An overdose may be an accident or a poisoning.]])
* insert NoMatch(INTOX, [[Being drunk is no need of mental health care.]])
* insert NoMatch(WELFARE, [[A check says nothing of a need.]])

// --- Colorado's legal status and a hold

Instance: field-disposition-to-bha-legal-status
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(field-disposition-to-bha-legal-status, FieldDispositionToBhaLegalStatus)
* title = "Field disposition to Colorado BHA legal status"
* description = "Which legal statuses of the Colorado Behavioral Health Administration a field disposition can go with. The hub writes a legal status only where a source says which."
* copyright = "Target codes: Colorado BHA FHIR guide 0.2.0, Colorado Behavioral Health Administration, CC BY 4.0."
* sourceCanonical = Canonical(FieldDispositions)
* targetCanonical = Canonical(LegalStatusCodes)
* insert Between(https://warmhandoff.org/fhir/CodeSystem/field-disposition, http://bha.colorado.gov/fhir/bha-ig/CodeSystem/bha-legal-status)
* insert MapsWith(emergency-hold, 04, narrower, [[Where the hold is for evaluation and treatment of up to 72 hours.]])
* insert OrWith(09, narrower, [[Where the hold is for alcohol or drugs.]])
* insert OrWith(14, narrower, [[Where the source says emergency commitment.]])
* insert NoMatch(resolved-on-scene, [[Says nothing of a legal status.]])
* insert NoMatch(voluntary-transport-ed, [[Agreeing to a ride is no legal status of a treatment.]])
* insert NoMatch(crisis-stabilization, [[Says nothing of a legal status.]])
* insert NoMatch(respite, [[Says nothing of a legal status.]])
* insert NoMatch(detox, [[Says nothing of a legal status.]])
* insert NoMatch(jail, [[An arrest is no legal status of a treatment.]])
* insert NoMatch(declined, [[Says nothing of a legal status.]])
* insert NoMatch(unable-to-locate, [[Nobody was met.]])
* insert NoMatch(gone-on-arrival, [[Nobody was met.]])
* insert NoMatch(referred, [[Says nothing of a legal status.]])
* insert NoMatch(follow-up-planned, [[Says nothing of a legal status.]])
* insert NoMatch(transport-other, [[Says nothing of a legal status.]])
* insert NoMatch(deceased, [[Says nothing of a legal status.]])
* insert NoMatch(other, [[The agency's own words say what.]])

Instance: bha-legal-status-to-field-disposition
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(bha-legal-status-to-field-disposition, BhaLegalStatusToFieldDisposition)
* title = "Colorado BHA legal status to field disposition"
* description = "Which legal statuses of the Colorado Behavioral Health Administration are an emergency hold, for a person who reviews an agency's table. The others begin in a court or in care and not in a field contact."
* copyright = "Source codes: Colorado BHA FHIR guide 0.2.0, Colorado Behavioral Health Administration, CC BY 4.0."
* sourceCanonical = Canonical(LegalStatusCodes)
* targetCanonical = Canonical(FieldDispositions)
* insert Between(http://bha.colorado.gov/fhir/bha-ig/CodeSystem/bha-legal-status, https://warmhandoff.org/fhir/CodeSystem/field-disposition)
* insert Maps(04, emergency-hold, wider)
* insert Maps(09, emergency-hold, wider)
* insert Maps(14, emergency-hold, wider)
* insert NoMatch(01, [[Voluntary treatment may follow any disposition.]])

// --- the referral loop

Instance: task-business-status-to-bser
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(task-business-status-to-bser, TaskBusinessStatusToBser)
* title = "Task business status to BSeR"
* description = "How our business statuses stand to those of HL7's Bidirectional Services eReferral 2.0.0-ballot, whose codes are numbers of steps."
* sourceCanonical = Canonical(TaskBusinessStatuses)
* insert Between(https://warmhandoff.org/fhir/CodeSystem/task-business-status, http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS)
* insert Maps(created, 2.0, equivalent)
* insert MapsWith(delivered, 2.0, wider, [[BSeR does not say whether the recipient's system has it.]])
* insert Maps(accepted, 3.0, equivalent)
* insert Maps(rejected, 4.0, equivalent)
* insert Maps(scheduled, 5.1.1, equivalent)
* insert Maps(no-show, 5.1.2, equivalent)
* insert Maps(appointment-cancelled, 5.1.3, equivalent)
* insert NoMatch(in-progress, [[BSeR has single events here and none that stands for the work as a whole.]])
* insert Maps(completed, 7.0, equivalent)
* insert NoMatch(failed, [[BSeR has no code for a center that tried and could not.]])
* insert MapsWith(cancelled, 6.0, equivalent, [[5.2 in BSeR is the request to cancel.]])

Instance: bser-to-task-business-status
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(bser-to-task-business-status, BserToTaskBusinessStatus)
* title = "BSeR to task business status"
* description = "How the business statuses of HL7's Bidirectional Services eReferral 2.0.0-ballot stand to ours."
* targetCanonical = Canonical(TaskBusinessStatuses)
* insert Between(http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS, https://warmhandoff.org/fhir/CodeSystem/task-business-status)
* insert Maps(2.0, created, equivalent)
* insert Maps(3.0, accepted, equivalent)
* insert Maps(4.0, rejected, equivalent)
* insert Maps(5.1.1, scheduled, equivalent)
* insert Maps(5.1.2, no-show, equivalent)
* insert Maps(5.1.3, appointment-cancelled, equivalent)
* insert MapsWith(5.1.4, in-progress, inexact, [[One event was done; the referral as a whole may go on.]])
* insert NoMatch(5.2, [[A request to cancel is no state of ours: the referral stands until it is cancelled.]])
* insert Maps(6.0, cancelled, equivalent)
* insert Maps(7.0, completed, equivalent)

Instance: v2-0283-to-task-status
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(v2-0283-to-task-status, V20283ToTaskStatus)
* title = "Referral status (v2 table 0283) to Task.status"
* description = "What RF1-1 of an RRI message does to Task.status."
* targetCanonical = Canonical(ReferralTaskStatuses)
* insert Between(http://terminology.hl7.org/CodeSystem/v2-0283, http://hl7.org/fhir/task-status)
* insert Maps(A, accepted, equivalent)
* insert Maps(R, rejected, equivalent)
* insert MapsWith(P, requested, inexact, [[No decision: the Task stays as it is.]])
* insert NoMatch(E, [[An expired referral is no decision: the Task stays as it is, and a person is told.]])

Instance: v2-0003-to-task-business-status
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(v2-0003-to-task-business-status, V20003ToTaskBusinessStatus)
* title = "Schedule event (v2 table 0003) to task business status"
* description = "What the trigger event of an SIU message does to Task.businessStatus. It never moves Task.status."
* targetCanonical = Canonical(TaskBusinessStatuses)
* insert Between(http://terminology.hl7.org/CodeSystem/v2-0003, https://warmhandoff.org/fhir/CodeSystem/task-business-status)
* insert Maps(S12, scheduled, equivalent)
* insert Maps(S13, scheduled, wider)
* insert Maps(S14, scheduled, wider)
* insert Maps(S15, appointment-cancelled, equivalent)
* insert Maps(S26, no-show, equivalent)

Instance: v2-0008-to-task-business-status
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(v2-0008-to-task-business-status, V20008ToTaskBusinessStatus)
* title = "Acknowledgement code (v2 table 0008) to task business status"
* description = "What MSA-1 of the acknowledgement of a referral does to Task.businessStatus. A receipt is never an acceptance of the referral."
* targetCanonical = Canonical(TaskBusinessStatuses)
* insert Between(http://terminology.hl7.org/CodeSystem/v2-0008, https://warmhandoff.org/fhir/CodeSystem/task-business-status)
* insert MapsWith(AA, delivered, inexact, [[The message was accepted, not the referral.]])
* insert MapsWith(CA, delivered, inexact, [[The message was stored. Where the destination is set to original mode, it says only that AA will come.]])
* insert NoMatch(AE, [[The delivery is tried again.]])
* insert NoMatch(CE, [[The delivery is tried again.]])
* insert NoMatch(AR, [[The delivery stops and a person is told.]])
* insert NoMatch(CR, [[The delivery stops and a person is told.]])

Instance: request-priority-to-v2-0280
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(request-priority-to-v2-0280, RequestPriorityToV20280)
* title = "Priority to referral priority (v2 table 0280)"
* description = "What RF1-2 of a REF message says of ServiceRequest.priority."
* insert Between(http://hl7.org/fhir/request-priority, http://terminology.hl7.org/CodeSystem/v2-0280)
* insert Maps(stat, S, equivalent)
* insert Maps(asap, A, equivalent)
* insert Maps(routine, R, equivalent)
* insert NoMatch(urgent, [[Above routine and below as soon as possible: the table has no such code, so the field carries a local one.]])

// --- persons

Instance: administrative-gender-to-v2-0001
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(administrative-gender-to-v2-0001, AdministrativeGenderToV20001)
* title = "Administrative gender to v2 table 0001"
* description = "What PID-8 of a REF message says of Patient.gender."
* insert Between(http://hl7.org/fhir/administrative-gender, http://terminology.hl7.org/CodeSystem/v2-0001)
* insert Maps(male, M, equivalent)
* insert Maps(female, F, equivalent)
* insert Maps(other, O, equivalent)
* insert Maps(unknown, U, equivalent)

Instance: ncic-sex-to-administrative-gender
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(ncic-sex-to-administrative-gender, NcicSexToAdministrativeGender)
* title = "NCIC sex to administrative gender"
* description = "What Patient.gender says of a sex that an EIDO document gives. The police's own code stands beside it in an extension."
* sourceCanonical = Canonical(NcicSexCodes)
* insert Between(https://warmhandoff.org/fhir/CodeSystem/ncic-sex, http://hl7.org/fhir/administrative-gender)
* insert MapsWith(F, female, inexact, [[A sex that somebody recorded is not the gender that the person gives.]])
* insert MapsWith(M, male, inexact, [[A sex that somebody recorded is not the gender that the person gives.]])
* insert Maps(U, unknown, equivalent)

Instance: ncic-race-to-omb-race
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(ncic-race-to-omb-race, NcicRaceToOmbRace)
* title = "NCIC race to OMB race"
* description = "What US Core's race extension says of a race that an EIDO document gives."
* sourceCanonical = Canonical(NcicRaceCodes)
* insert Between(https://warmhandoff.org/fhir/CodeSystem/ncic-race, urn:oid:2.16.840.1.113883.6.238)
* insert Maps(B, 2054-5, equivalent)
* insert Maps(I, 1002-5, equivalent)
* insert Maps(W, 2106-3, equivalent)
* insert NoMatch(A, [[Asian, or Pacific Islander as well where the sender has no P: two categories, and no single one is right.]])
* insert NoMatch(P, [[Not every system has it: it travels as the sender's code.]])
* insert NoMatch(U, [[It travels as the sender's code.]])

Instance: ucr-ethnicity-to-omb-ethnicity
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(ucr-ethnicity-to-omb-ethnicity, UcrEthnicityToOmbEthnicity)
* title = "UCR ethnicity to OMB ethnicity"
* description = "What US Core's ethnicity extension says of an ethnicity that an EIDO document gives."
* sourceCanonical = Canonical(UcrEthnicityCodes)
* insert Between(https://warmhandoff.org/fhir/CodeSystem/ucr-ethnicity, urn:oid:2.16.840.1.113883.6.238)
* insert Maps(H, 2135-2, equivalent)
* insert Maps(N, 2186-5, equivalent)
* insert NoMatch(U, [[It travels as the sender's code.]])

// --- the contact

Instance: observation-status-to-v2-0085
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(observation-status-to-v2-0085, ObservationStatusToV20085)
* title = "Observation status to result status (v2 table 0085)"
* description = "What OBX-11 of a REF message says of Observation.status."
* insert Between(http://hl7.org/fhir/observation-status, http://terminology.hl7.org/CodeSystem/v2-0085)
* insert Maps(final, F, equivalent)
* insert Maps(preliminary, P, equivalent)
* insert MapsWith(registered, I, inexact, [[There is no specimen; the table has no closer code for a result that is not there yet.]])
* insert Maps(amended, C, wider)
* insert Maps(corrected, C, equivalent)
* insert MapsWith(cancelled, X, inexact, [[The result cannot be had; why is not said.]])
* insert NoMatch(entered-in-error, [[It is not written.]])
* insert NoMatch(unknown, [[It is not written.]])
