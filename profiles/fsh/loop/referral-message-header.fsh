Profile: ReferralMessageHeader
Parent: MessageHeader
Id: referral-message-header
Title: "Header of a message of the hub"
Description: "What a message to a center is about and where it comes from. The event is one of the hub's own, or the one that the destination's settings name, such as a referral manager's. A center that answers by message gives this header's id as MessageHeader.response.identifier. Must-support elements are those that the hub sends whenever it knows them; a receiver can show or keep them."
* insert Labelled
* id 1..1 MS
* id ^short = "Made of the Bundle's id: the same on a resend"
* event[x] only Coding
* eventCoding MS
* eventCoding from MessageEvents (extensible)
* eventCoding.system 1..1
* eventCoding.code 1..1
* destination MS
* source MS
* source.endpoint MS
* response 0..0
* focus 1..* MS
* focus only Reference(ServiceRequest or Task or Encounter)
* focus ^short = "The request and its Task; the Encounter where nobody is referred"

Mapping: ReferralMessageHeaderIncident
Source: ReferralMessageHeader
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Incident"
* id -> "(made)"
* eventCoding -> "(fixed)" "By the destination's settings, and whether it is the first time."
* destination -> "(settings)"
* source -> "(settings)"
* source.endpoint -> "(settings)"
* focus -> "contacts[].referrals[]" "contacts[] where there is none."
* insert LabelsFromRecord

Mapping: ReferralMessageHeaderHl7v2
Source: ReferralMessageHeader
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 REF^I12"
* id -> "MSH-10" "Made of the same Bundle's id; another value."
* eventCoding -> "MSH-9"
* destination -> "MSH-5, MSH-6"
* source -> "MSH-3, MSH-4"
* source.endpoint -> "(none)"
* focus -> "RF1"
* insert LabelsAsV2
