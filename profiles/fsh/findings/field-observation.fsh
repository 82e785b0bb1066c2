Profile: FieldObservation
Parent: us-core-simple-observation
Id: field-observation
Title: "Field observation"
Description: "One thing that was seen, done, measured or told in a field contact: a weapon, force, an injury, de-escalation, an intervention, capacity, a substance-related observation, a hold, a plan to follow up, or a condition that somebody who is not a clinician reports. It is used for a contact with a person; what concerns nobody in particular does not claim it. It is not a diagnosis (that is a field condition) and not a result of a screening instrument (that is a screening observation). No published code says these things of a police contact, so the codes are ours, and the value keeps the agency's own code and words beside what they are mapped to. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert Labelled
* extension contains ReportedBy named reportedBy 0..1 MS
* obeys wh-observation-says-something
* identifier MS
* identifier ^short = "The hub's own number of this Observation, under which a receiver creates it once"
* status MS
* category MS
* category ^comment = "Survey, exam, procedure or social-history, by what the code says was done."
* code.coding ^slicing.discriminator.type = #value
* code.coding ^slicing.discriminator.path = "system"
* code.coding ^slicing.rules = #open
* code.coding contains field 1..1 MS
* code.coding[field] from FieldObservationCodes (required)
* code.coding[field].system 1..1
* code.coding[field].system = Canonical(FieldObservationCS)
* code.coding[field].code 1..1
* subject MS
* encounter MS
* encounter ^short = "The contact in which it was observed"
* effective[x] only dateTime or Period
* effective[x] MS
* effective[x] ^comment = "When it was observed; the start of the contact where no nearer time is known. For a hold, from when until when."
* performer MS
* performer ^comment = "Who observed it, where the source says so. The hub does not guess an observer from who was there."
* value[x] only CodeableConcept or string
* value[x] MS
* value[x] ^comment = "What a reviewed table maps the source's code to, then the source's own code, then its words. A code that nobody has mapped travels as the source wrote it."
* dataAbsentReason MS
* dataAbsentReason ^comment = "A hold that the source names and says nothing of is a legal status with the reason `unknown`."

Invariant: wh-observation-says-something
Description: "An Observation has a value or says why it has none."
Severity: #error
Expression: "value.exists() or dataAbsentReason.exists()"

Mapping: FieldObservationToIncident
Source: FieldObservation
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert FieldObservationIncident
* -> "contacts[].weapons[]"
* -> "contacts[].force[]"
* -> "contacts[].de_escalation[]"
* -> "contacts[].interventions[]"
* -> "contacts[].injuries[]"
* -> "contacts[].substances[]"
* -> "contacts[].capacity"
* -> "contacts[].hold"
* -> "contacts[].follow_up"
* -> "contacts[].diagnoses[]" "Only one that no clinician states, or of nobody identified: `reported-condition`."
* extension[reportedBy] -> "contacts[].injuries[].reported_by"
* extension[reportedBy] -> "contacts[].substances[].reported_by"
* extension[reportedBy] -> "contacts[].capacity.reported_by"
* effective[x] -> "contacts[].injuries[].time"
* effective[x] -> "contacts[].substances[].time"
* effective[x] -> "contacts[].capacity.time"
* effective[x] -> "contacts[].hold.started"
* effective[x] -> "contacts[].hold.until"
* effective[x] -> "contacts[].start" "Where the source has no nearer time."
* performer -> "contacts[].injuries[].by"
* performer -> "contacts[].substances[].by"
* performer -> "contacts[].capacity.by"
* performer -> "contacts[].hold.by"
* performer -> "contacts[].diagnoses[].by"
* performer -> "contacts[].clinician" "Of a follow-up plan."
* value[x] -> "contacts[].weapons[]"
* value[x] -> "contacts[].force[]"
* value[x] -> "contacts[].de_escalation[]"
* value[x] -> "contacts[].interventions[]"
* value[x] -> "contacts[].injuries[].what"
* value[x] -> "contacts[].substances[].what"
* value[x] -> "contacts[].capacity.what"
* value[x] -> "contacts[].hold.legal_status"
* value[x] -> "contacts[].hold.grounds[]"
* value[x] -> "contacts[].hold.statute" "As a string."
* value[x] -> "contacts[].follow_up" "As a string."
* value[x] -> "contacts[].diagnoses[].condition"
* dataAbsentReason -> "contacts[].hold" "A hold with neither status, grounds nor statute."

Mapping: FieldObservationToCad
Source: FieldObservation
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert FieldObservationCad
* -> "contacts[]" "An export has one only where its pack builds contacts: a bare call for service makes none."
* code.coding[field] -> "weapons, force, de_escalation, interventions, injuries, substances, capacity, hold, follow_up" "By the key of the pack's contact that the column fills."
* extension[reportedBy] -> "injuries[].reported_by, substances[].reported_by, capacity.reported_by"
* effective[x] -> "injuries[].time, substances[].time, capacity.time, hold.started, hold.until" "Else the contact's start."
* performer -> "injuries[].by, substances[].by, capacity.by, hold.by"
* value[x] -> "the column or constant of that key" "Through a code table where the pack names one."
* dataAbsentReason -> "hold" "A hold whose columns are all empty but for its times."

Mapping: FieldObservationToEido
Source: FieldObservation
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO tells of a call and has no component for a contact; no Observation is made of one."

Mapping: FieldObservationToV2
Source: FieldObservation
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert FieldObservationV2
