// A Bundle of the hub: labelled, with its time, its resources under urn:uuid.
RuleSet: HubBundle
* insert Labelled
* id 1..1 MS
* timestamp 1..1 MS
* total 0..0
* entry 1..* MS
* entry.fullUrl 1..1 MS
* entry.resource 1..1 MS
* entry ^slicing.discriminator.type = #type
* entry ^slicing.discriminator.path = "resource"
* entry ^slicing.rules = #open

Profile: ContactTransaction
Parent: Bundle
Id: contact-transaction
Title: "Transaction of a contact"
Description: "What one incident becomes, or one referral with what goes along, as a transaction: what a translation gives, and what a center that takes REST is sent. Each entry creates on the condition that nothing with its identifier is there, or updates what has it, so that the same Bundle twice does the same as once. Must-support elements are those that the hub sends whenever it knows them; a receiver can show or keep them."
* insert HubBundle
* type = #transaction
* entry.request 1..1 MS
* entry.response 0..0
* entry contains
    patient 0..* MS and
    encounter 0..* MS and
    serviceRequest 0..* MS and
    task 0..* MS and
    consent 0..* MS and
    provenance 0..* MS
* entry[patient].resource only Patient
* entry[encounter].resource only Encounter
* entry[serviceRequest].resource only ServiceRequest
* entry[task].resource only Task
* entry[consent].resource only Consent
* entry[provenance].resource only Provenance

Profile: ReferralMessage
Parent: Bundle
Id: referral-message
Title: "Referral message"
Description: "A referral, or later facts about one, as a FHIR message: its header first, then the request, the person, and what may go along. Ids stay the same on a resend, so that a receiver can tell. What a destination does not take (Task, Consent and Encounter often) is left out of it and is reported as not sent. An answer to it is a receipt; the center's decision comes later. Must-support elements are those that the hub sends whenever it knows them; a receiver can show or keep them."
* insert HubBundle
* type = #message
* entry contains
    header 1..1 MS and
    serviceRequest 1..* MS and
    patient 1..* MS and
    task 0..* MS and
    encounter 0..* MS and
    consent 0..* MS
* entry[header].resource only ReferralMessageHeader
* entry[serviceRequest].resource only ServiceRequest
* entry[patient].resource only Patient
* entry[task].resource only Task
* entry[encounter].resource only Encounter
* entry[consent].resource only Consent

Profile: AnswerMessage
Parent: Bundle
Id: answer-message
Title: "Answer message"
Description: "What a center says of a referral, as a FHIR message: exactly one Task, which names the referral by its identifier, by the identifier in basedOn or focus, or by the message that is answered; and an Appointment where one was made. It is for centers that answer by message; those that write the Task need none. A receipt, which has no Task, is not an answer."
* type = #message
* timestamp MS
* entry 2..* MS
* entry.resource 1..1 MS
* entry ^slicing.discriminator.type = #type
* entry ^slicing.discriminator.path = "resource"
* entry ^slicing.rules = #open
* entry contains
    header 1..1 MS and
    task 1..1 MS and
    appointment 0..* MS
* entry[header].resource only MessageHeader
* entry[task].resource only Task
* entry[appointment].resource only Appointment

Extension: PackageOrigins
Id: package-origins
Context: Bundle.meta
Title: "Origins of a package"
Description: "Whose record each entry of a Bundle is, as a JSON array of organization references, parallel to the entries; null where nobody declared it. It stands in what the hub keeps for itself, so that a later release decides by origin. It is never sent. FHIR has no place for it: Provenance says whose record a resource is, and release may withhold Provenance."
* value[x] 1..1
* value[x] only string

RuleSet: BundleFromIncident
* id -> "(made)" "Of the record's key, its version and when it was updated."
* type -> "(fixed)"
* timestamp -> "(made)" "The time of translation or release."
* entry -> "(the whole record)"
* entry.fullUrl -> "(made)" "urn:uuid of the resource's keyed id."
* entry.resource -> "(the whole record)"
* entry[patient] -> "persons[]" "Whom the team met or was asked to."
* entry[encounter] -> "contacts[]" "Or the incident itself."
* entry[serviceRequest] -> "contacts[].referrals[]"
* entry[task] -> "contacts[].referrals[]"
* entry[consent] -> "contacts[].consents[]"
* insert LabelsFromRecord

RuleSet: BundleFromExport
* id -> "(made)"
* type -> "(fixed)"
* timestamp -> "(made)"
* entry -> "(the whole row or document)"
* entry.fullUrl -> "(made)"
* entry.resource -> "(the whole row or document)"
* insert LabelsFromRecord

RuleSet: BundleAsV2
* id -> "MSH-10" "Twenty characters of a digest of it."
* type -> "MSH-9" "REF^I12, by the partner's settings."
* timestamp -> "MSH-7"
* entry -> "(each segment)"
* entry.fullUrl -> "(none)"
* entry.resource -> "(each segment)"
* entry[patient] -> "PID"
* entry[encounter] -> "PV1"
* entry[serviceRequest] -> "RF1"
* entry[task] -> "RF1"
* entry[consent] -> "NTE" "The scope in words."
* insert LabelsAsV2

Mapping: ContactTransactionIncident
Source: ContactTransaction
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Incident"
* insert BundleFromIncident
* entry.request -> "(made)" "A condition on the resource's identifier."
* entry[provenance] -> "(made)"

Mapping: ContactTransactionCad
Source: ContactTransaction
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or RMS export"
* insert BundleFromExport
* entry.request -> "(made)" "A condition on the resource's identifier."
* entry[provenance] -> "(made)"

Mapping: ContactTransactionEido
Source: ContactTransaction
Target: "urn:nena:eido"
Id: eido
Title: "EIDO"
* insert BundleFromExport
* entry.request -> "(made)" "A condition on the resource's identifier."
* entry[provenance] -> "(made)"

Mapping: ContactTransactionHl7v2
Source: ContactTransaction
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 REF^I12"
* insert BundleAsV2
* entry.request -> "(none)"
* entry[provenance] -> "(none)"

Mapping: ReferralMessageIncident
Source: ReferralMessage
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Incident"
* insert BundleFromIncident
* entry[header] -> "(made)"

Mapping: ReferralMessageCad
Source: ReferralMessage
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or RMS export"
* insert BundleFromExport
* entry[header] -> "(made)"

Mapping: ReferralMessageEido
Source: ReferralMessage
Target: "urn:nena:eido"
Id: eido
Title: "EIDO"
* insert BundleFromExport
* entry[header] -> "(made)"

Mapping: ReferralMessageHl7v2
Source: ReferralMessage
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 REF^I12"
* insert BundleAsV2
* entry[header] -> "MSH"

Mapping: AnswerMessageHl7v2
Source: AnswerMessage
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 RRI^I12 to I15, SIU^S12 to S15 and S26"
* -> "RRI^I12" "The same answer in HL7 v2, as the hub reads it."
* entry[header] -> "MSA-2" "The message that is answered."
* entry[task] -> "RF1-1, RF1-6, NTE" "Accepted or rejected, which referral, the center's words."
* entry[appointment] -> "SCH"
