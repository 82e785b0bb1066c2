Profile: ReferralServiceRequest
Parent: $SDOHCC-ServiceRequest
Id: referral-service-request
Title: "Referral request of a field contact"
Description: "What a person of a co-responder team decided to ask of a center for somebody they met. There is one only where a source holds that decision: nothing is inferred from a call type or a disposition. A request whose service has no code of US Core's procedure codes goes as text and does not claim this profile. It is not the state of the referral: that is the Task that points here. Must-support elements are those that the hub sends whenever it knows them; a receiver can show or keep them."
* insert Labelled
* identifier 1..* MS
* identifier ^short = "The referral's number at its source, and the hub's own"
* identifier ^comment = "Two sources may both have a referral 1: match on the identifier of system https://warmhandoff.org/fhir/sid/resource, or on the only one."
* identifier.system 1..1
* identifier.value 1..1
* status MS
* status ^comment = "active, or revoked where the person declined."
* intent = #order
* priority 1..1 MS
* priority ^comment = "How soon the team wants the center to act. The source's own word for it; routine where it says nothing."
* code MS
* code ^comment = "SNOMED CT, from the services of the value set referral-services, where the record's own code says which; beside it the agency's code and the words of the record. Never read out of words."
* code.text MS
* subject only Reference($us-core-patient)
* encounter MS
* encounter ^comment = "The field contact in which it was decided."
* occurrence[x] only Period
* occurrencePeriod.end MS
* occurrencePeriod.end ^short = "Follow-up is wanted by then"
* authoredOn 1..1 MS
* requester MS
* requester ^comment = "Who decided; else the clinician, the officer, the organization whose record it is."
* performer MS
* performer ^comment = "The center that is asked. Absent where the record does not say which: the hub holds such a referral until a person does."
* reasonCode MS
* supportingInfo MS
* supportingInfo ^comment = "Consents, observations and documents of the contact that may go to the center. Never a list of what may not."
* note MS

Mapping: ReferralServiceRequestIncident
Source: ReferralServiceRequest
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Incident"
* -> "contacts[].referrals[]"
* identifier -> "contacts[].referrals[].number" "And an id of the hub's own, made of the record's key."
* status -> "contacts[].disposition" "revoked where the disposition is declined, else active."
* priority -> "contacts[].referrals[].urgency"
* code -> "contacts[].referrals[].service"
* code.text -> "contacts[].referrals[].service.text"
* subject -> "contacts[].person"
* encounter -> "contacts[]"
* occurrencePeriod.end -> "contacts[].referrals[].follow_up_by"
* authoredOn -> "contacts[].referrals[].decided_at" "Else the contact's end or start, else the time of translation."
* requester -> "contacts[].referrals[].decided_by" "Else contacts[].clinician, contacts[].officer, the organization of the record."
* performer -> "contacts[].referrals[].organization"
* reasonCode -> "contacts[].referrals[].reasons"
* supportingInfo -> "contacts[].consents, contacts[].substances, contacts[].injuries, contacts[].force, contacts[].weapons, contacts[].de_escalation, contacts[].interventions, contacts[].capacity, contacts[].hold, contacts[].screenings, contacts[].narratives"
* note -> "contacts[].referrals[].note"
* insert LabelsFromRecord
* intent -> "(fixed)"
* extension[pertainsToGoal] -> "(none)" "Gravity's; the hub has nothing for it."
* basedOn -> "(none)" "Gravity's; the hub has nothing for it."
* category -> "(none)" "Gravity's; the hub has nothing for it."
* orderDetail -> "(none)" "Gravity's; the hub has nothing for it."
* reasonReference -> "(none)" "Gravity's; the hub has nothing for it."

Mapping: ReferralServiceRequestCad
Source: ReferralServiceRequest
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or RMS export"
* -> "a pack's contacts.referrals, or the column refers_to of its disposition table" "A disposition that the agency's table maps to referred and that names a center is a decision to refer. A row of a call for service alone is none."
* identifier -> "contacts.referrals.number"
* status -> "contacts.disposition"
* priority -> "contacts.referrals.urgency, by table"
* code -> "contacts.referrals.service" "Most exports have none: the code is then the text Referral, and the profile is not claimed."
* code.text -> "contacts.referrals.service.text"
* subject -> "contacts.person, else the one person whom the export calls the subject"
* encounter -> "the call itself"
* occurrencePeriod.end -> "contacts.referrals.follow_up_by"
* authoredOn -> "contacts.referrals.decided_at" "Else the contact's times."
* requester -> "contacts.referrals.decided_by"
* performer -> "contacts.referrals.organization, or refers_to" "An organization of the agency's directory."
* reasonCode -> "contacts.referrals.reasons"
* supportingInfo -> "contacts.narratives, contacts.observations"
* note -> "contacts.referrals.note" "Also the source's own words for a center that the table does not have."
* insert LabelsFromRecord
* intent -> "(fixed)"
* extension[pertainsToGoal] -> "(none)" "Gravity's; the hub has nothing for it."
* basedOn -> "(none)" "Gravity's; the hub has nothing for it."
* category -> "(none)" "Gravity's; the hub has nothing for it."
* orderDetail -> "(none)" "Gravity's; the hub has nothing for it."
* reasonReference -> "(none)" "Gravity's; the hub has nothing for it."

Mapping: ReferralServiceRequestEido
Source: ReferralServiceRequest
Target: "urn:nena:eido"
Id: eido
Title: "EIDO"
* -> "(none)" "An EIDO has no referral; its dispositions are never read as one."

Mapping: ReferralServiceRequestHl7v2
Source: ReferralServiceRequest
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 REF^I12"
* -> "RF1"
* identifier -> "RF1-6" "The Task's identifier where there is a Task."
* status -> "(none)" "RF1-1 is always P, pending: a referral asks, only the center decides."
* priority -> "RF1-2" "S, A, U or R; U is a local code."
* code -> "RF1-3"
* code.text -> "RF1-3.2"
* subject -> "PID"
* encounter -> "PV1"
* occurrencePeriod.end -> "RF1-8" "Where the Task has no time to answer by."
* authoredOn -> "RF1-9" "Also RF1-7 where nothing else begins it."
* requester -> "PRD" "With PRD-1 RP."
* performer -> "PRD" "With PRD-1 RT."
* reasonCode -> "RF1-10"
* supportingInfo -> "OBR, OBX, NTE" "The resources themselves; the reference is not sent."
* note -> "NTE-3"
* insert LabelsAsV2
* intent -> "(none)"
* extension[pertainsToGoal] -> "(none)"
* basedOn -> "(none)"
* category -> "(none)"
* orderDetail -> "(none)"
* reasonReference -> "(none)"
