Profile: ScreeningObservation
Parent: us-core-observation-screening-assessment
Id: screening-observation
Title: "Screening result in a field contact"
Description: "The total score or the risk level of a screening instrument that was asked in a field contact, such as the suicide severity screen or the PHQ-9. It is used once for each result; a screening that was asked and has no result in the source is a score with the reason `unknown`. The single answers are in the questionnaire response that it is derived from. It is not a diagnosis, and the hub never works out a score or a risk: it carries what the team recorded. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert Labelled
* identifier MS
* identifier ^short = "The hub's own number of this Observation, under which a receiver creates it once"
* code.coding ^slicing.discriminator.type = #value
* code.coding ^slicing.discriminator.path = "system"
* code.coding ^slicing.rules = #open
* code.coding contains field 1..1 MS and loinc 0..1 MS
* code.coding[field] from FieldObservationCodes (required)
* code.coding[field].system 1..1
* code.coding[field].system = Canonical(FieldObservationCS)
* code.coding[field].code 1..1
* code.coding[field] ^short = "screening-score or screening-risk"
* code.coding[loinc] from ScreeningCodes (required)
* code.coding[loinc].system 1..1
* code.coding[loinc].system = $loinc
* code.coding[loinc].code 1..1
* code.coding[loinc] ^short = "The instrument's own code for its score or its risk"
* encounter MS
* encounter ^short = "The contact in which it was asked"
* effective[x] only dateTime
* effective[x] ^comment = "When it was asked; the start of the contact where no nearer time is known."
* value[x] only CodeableConcept or integer
* value[x] ^comment = "A score is an integer, a risk level a concept: the answer code that it is mapped to, and the agency's own code and words."
* method MS
* method from ScreeningPanels (preferred)
* method ^short = "The instrument"
* derivedFrom ^short = "The answers that it comes from"

Mapping: ScreeningObservationToIncident
Source: ScreeningObservation
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert FindingMeta([[the record]])
* category[survey] -> "contacts[].screenings[]" "Always survey."
* code -> "contacts[].screenings[]"
* insert FindingNotSent(category[screening-assessment])
* insert FindingNotSent(hasMember)
* -> "contacts[].screenings[]"
* identifier -> "number" "A keyed id made of the incident's number, the person's slot and the place of the screening in the contact."
* status -> "contacts[].screenings[]" "Always final."
* category -> "contacts[].screenings[]" "Always survey."
* code.coding[field] -> "contacts[].screenings[].score"
* code.coding[field] -> "contacts[].screenings[].risk"
* code.coding[loinc] -> "contacts[].screenings[].instrument" "The score or risk code of that panel, where we know one."
* subject -> "contacts[].person"
* encounter -> "contacts[]"
* effective[x] -> "contacts[].screenings[].time"
* effective[x] -> "contacts[].start" "Where the screening has no time."
* performer -> "contacts[].screenings[].by"
* value[x] -> "contacts[].screenings[].score"
* value[x] -> "contacts[].screenings[].risk"
* dataAbsentReason -> "contacts[].screenings[]" "One without items, score or risk."
* method -> "contacts[].screenings[].instrument"
* derivedFrom -> "contacts[].screenings[].items[]"

Mapping: ScreeningObservationToCad
Source: ScreeningObservation
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert FindingMeta([[an export]])
* category[survey] -> "none" "Always survey."
* code -> "score, risk"
* insert FindingNotSent(category[screening-assessment])
* insert FindingNotSent(hasMember)
* -> "contacts[].screenings[]" "Only where the pack of a records system builds screenings; a CAD has none."
* identifier -> "source.key" "A keyed id made of it."
* status -> "none" "Always final."
* category -> "none" "Always survey."
* code.coding[field] -> "score, risk"
* code.coding[loinc] -> "instrument"
* subject -> "contacts[].person"
* encounter -> "contacts[]"
* effective[x] -> "time" "Else the contact's start."
* performer -> "by"
* value[x] -> "score, risk"
* dataAbsentReason -> "none"
* method -> "instrument"
* derivedFrom -> "items[]"

Mapping: ScreeningObservationToEido
Source: ScreeningObservation
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO has no component for a screening."

Mapping: ScreeningObservationToV2
Source: ScreeningObservation
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert FindingMetaV2
* category[survey] -> "none"
* code -> "OBX-3"
* code -> "OBR-4"
* insert FindingNotSent(category[screening-assessment])
* insert FindingNotSent(hasMember)
* -> "OBR, OBX" "One OBR with one OBX below it."
* status -> "OBX-11"
* status -> "OBR-25"
* code.coding[loinc] -> "OBX-3.1" "First, and our own code as the alternate; the same in OBR-4."
* code.coding[field] -> "OBX-3.4" "OBX-3.1 where there is no LOINC code; the same in OBR-4."
* effective[x] -> "OBX-14"
* effective[x] -> "OBR-7"
* performer -> "OBX-16" "Persons with a name or a number; not a role alone."
* value[x] -> "OBX-5"
* dataAbsentReason -> "OBX-11" "X: no result."
* subject -> "PID" "The one person of the message."
* encounter -> "PV1" "The one visit of the message."
* identifier -> "none"
* category -> "none"
* method -> "none" "The questionnaire response's OBR-4 names the instrument."
* derivedFrom -> "none"
