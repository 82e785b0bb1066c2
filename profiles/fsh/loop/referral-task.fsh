Profile: ReferralTask
Parent: $SDOHCC-Task
Id: referral-task
Title: "Referral task"
Description: "Where one referral stands between the hub and the center, after Gravity's referral management. The hub makes it as requested and sends it; only the center's own decision moves status. businessStatus is finer and always there: a receipt makes it delivered and nothing more. The center answers by writing this Task, in a message, or in HL7 v2. Must-support elements are those that the hub sends whenever it knows them; a receiver can show or keep them."
* insert Labelled
* identifier 1..* MS
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains task 1..1 MS
* identifier[task] ^short = "The number that an answer names"
* identifier[task].system 1..1
* identifier[task].system = "https://warmhandoff.org/fhir/sid/task"
* identifier[task].value 1..1
* status from ReferralTaskStatuses (required)
* status ^comment = "An answer may set accepted, rejected, in-progress, on-hold, completed, failed or cancelled. No answer moves a Task on from rejected, completed, failed or cancelled."
* statusReason ^comment = "The center's words on why it rejected, failed, cancelled or put on hold."
* businessStatus 1..1 MS
* businessStatus from TaskBusinessStatuses (extensible)
* businessStatus ^comment = "One of the value set's codes, or a center's own words where none of them says it."
* priority 1..1 MS
* focus MS
* focus ^comment = "The request. It claims Gravity's profile only where its service has a code."
* for only Reference($us-core-patient)
* encounter MS
* authoredOn MS
* lastModified MS
* requester MS
* requester ^comment = "Who asks, in their role, as in the request; else the organization whose record it is."
* owner only Reference($us-core-organization)
* owner ^comment = "The center. Absent where the record does not say which."
* restriction.period.end MS
* restriction.period.end ^short = "The center answers by then"
* output contains appointment 0..1 MS
* output[appointment] ^short = "When the center expects the person"
* output[appointment].type ^patternCodeableConcept.text = "appointment"
* output[appointment].value[x] only dateTime
* obeys wh-delivered

Invariant: wh-delivered
Description: "A referral that was only created or delivered is not decided: its status is requested"
Severity: #error
Expression: "businessStatus.coding.where(system = 'https://warmhandoff.org/fhir/CodeSystem/task-business-status' and (code = 'created' or code = 'delivered')).exists() implies status = 'requested'"

Mapping: ReferralTaskIncident
Source: ReferralTask
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Incident"
* -> "contacts[].referrals[]"
* identifier -> "(made)" "An id of the hub's own, made of the record's key."
* identifier[task] -> "(made)"
* status -> "contacts[].disposition" "cancelled where the disposition is declined, else requested; then what the center answers."
* statusReason -> "(the center's answer)"
* businessStatus -> "contacts[].disposition" "created, or cancelled where declined; then the receipt and the center's answer."
* priority -> "contacts[].referrals[].urgency"
* focus -> "contacts[].referrals[]"
* for -> "contacts[].person"
* encounter -> "contacts[]"
* authoredOn -> "contacts[].referrals[].decided_at"
* lastModified -> "(the center's answer)"
* requester -> "contacts[].referrals[].decided_by" "Else contacts[].clinician, contacts[].officer, the organization of the record."
* owner -> "contacts[].referrals[].organization"
* restriction.period.end -> "contacts[].referrals[].respond_by"
* output[appointment] -> "(the center's answer)"
* insert LabelsFromRecord
* statusReason.text -> "(the center's answer)"
* partOf -> "(none)" "Gravity's; the hub neither writes nor keeps it."
* input -> "(none)" "Gravity's; the hub neither writes nor keeps it."
* output[PerformedActivityReference] -> "(none)" "Gravity's; the hub neither writes nor keeps it."
* output[PerformedActivityCode] -> "(none)" "Gravity's; the hub neither writes nor keeps it."
* output[AdditionalContent] -> "(none)" "Gravity's; the hub neither writes nor keeps it."

Mapping: ReferralTaskCad
Source: ReferralTask
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or RMS export"
* -> "a pack's contacts.referrals, or the column refers_to of its disposition table"
* identifier -> "(made)"
* identifier[task] -> "(made)"
* status -> "contacts.disposition"
* statusReason -> "(the center's answer)"
* businessStatus -> "contacts.disposition"
* priority -> "contacts.referrals.urgency, by table"
* focus -> "contacts.referrals"
* for -> "contacts.person"
* encounter -> "the call itself"
* authoredOn -> "contacts.referrals.decided_at"
* lastModified -> "(the center's answer)"
* requester -> "contacts.referrals.decided_by" "Else the agency."
* owner -> "contacts.referrals.organization, or refers_to"
* restriction.period.end -> "contacts.referrals.respond_by"
* output[appointment] -> "(the center's answer)"
* insert LabelsFromRecord
* statusReason.text -> "(the center's answer)"
* partOf -> "(none)" "Gravity's; the hub neither writes nor keeps it."
* input -> "(none)" "Gravity's; the hub neither writes nor keeps it."
* output[PerformedActivityReference] -> "(none)" "Gravity's; the hub neither writes nor keeps it."
* output[PerformedActivityCode] -> "(none)" "Gravity's; the hub neither writes nor keeps it."
* output[AdditionalContent] -> "(none)" "Gravity's; the hub neither writes nor keeps it."

Mapping: ReferralTaskEido
Source: ReferralTask
Target: "urn:nena:eido"
Id: eido
Title: "EIDO"
* -> "(none)" "An EIDO has no referral; its dispositions are never read as one."

Mapping: ReferralTaskHl7v2
Source: ReferralTask
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 REF^I12"
* -> "RF1"
* identifier -> "RF1-6"
* identifier[task] -> "RF1-6"
* status -> "RF1-1" "Always P, pending, in what the hub sends; A and R of an RRI^I12 move it."
* statusReason -> "(none)"
* businessStatus -> "(none)"
* priority -> "RF1-2" "Where the request has none."
* focus -> "RF1"
* for -> "PID"
* encounter -> "PV1"
* authoredOn -> "RF1-9" "Where the request has none."
* lastModified -> "(none)"
* requester -> "PRD" "Where the request names nobody."
* owner -> "PRD" "With PRD-1 RT, where the request names no performer."
* restriction.period.end -> "RF1-8"
* output[appointment] -> "(none)"
* insert LabelsAsV2
* statusReason.text -> "(none)"
* partOf -> "(none)"
* input -> "(none)"
* output[PerformedActivityReference] -> "(none)"
* output[PerformedActivityCode] -> "(none)"
* output[AdditionalContent] -> "(none)"
