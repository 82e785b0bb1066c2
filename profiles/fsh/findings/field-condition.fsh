Profile: FieldCondition
Parent: us-core-condition-encounter-diagnosis
Id: field-condition
Title: "Diagnosis stated in a field contact"
Description: "A diagnosis that a clinician states in a field contact. It is used only when the record says that a clinician is the one who states it, of a person who is identified in the record. What an officer, a caller or a family member says of somebody's health is a field observation, with the code `reported-condition`. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert Labelled
* identifier MS
* identifier ^short = "The hub's own number of this Condition, under which a receiver creates it once"
* clinicalStatus MS
* clinicalStatus ^comment = "Always active: the clinician states that it is there now."
* verificationStatus ^comment = "Not sent: the record has no word for how sure the clinician is."
* encounter MS
* onset[x] only dateTime
* onset[x] MS
* recordedDate MS
* recordedDate ^short = "When the clinician stated it"
* asserter MS
* asserter ^short = "The clinician"

Mapping: FieldConditionToIncident
Source: FieldCondition
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert FindingMeta([[the record]])
* category[us-core] -> "contacts[].diagnoses[]" "Always encounter-diagnosis."
* insert FindingNotSent(extension[assertedDate])
* insert FindingNotSent(verificationStatus)
* insert FindingNotSent(abatement[x])
* -> "contacts[].diagnoses[]" "One stated by a clinician."
* identifier -> "number" "A keyed id made of the incident's number, the person's slot and the place of the diagnosis in the contact."
* clinicalStatus -> "contacts[].diagnoses[]" "Always active."
* category -> "contacts[].diagnoses[]" "Always encounter-diagnosis."
* code -> "contacts[].diagnoses[].condition"
* subject -> "contacts[].person"
* encounter -> "contacts[]"
* onset[x] -> "contacts[].diagnoses[].onset"
* recordedDate -> "contacts[].diagnoses[].time"
* asserter -> "contacts[].diagnoses[].by"

Mapping: FieldConditionToCad
Source: FieldCondition
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert FindingMeta([[an export]])
* category[us-core] -> "none" "Always encounter-diagnosis."
* insert FindingNotSent(extension[assertedDate])
* insert FindingNotSent(verificationStatus)
* insert FindingNotSent(abatement[x])
* -> "contacts[].diagnoses[]" "Only where the pack says that a clinician states it (`by.role`); never from a call type or a text."
* identifier -> "source.key" "A keyed id made of it."
* clinicalStatus -> "none" "Always active."
* category -> "none" "Always encounter-diagnosis."
* code -> "condition"
* subject -> "contacts[].person"
* encounter -> "contacts[]"
* onset[x] -> "onset"
* recordedDate -> "time"
* asserter -> "by"

Mapping: FieldConditionToEido
Source: FieldCondition
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "What an EIDO says of a person's health (`medicalCondition`, `mentalState`) is hearsay of undeclared origin and becomes a narrative, never a Condition."

Mapping: FieldConditionToV2
Source: FieldCondition
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert FindingMetaV2
* category[us-core] -> "DG1-6" "Always W, a working diagnosis."
* insert FindingNotSent(extension[assertedDate])
* insert FindingNotSent(verificationStatus)
* insert FindingNotSent(abatement[x])
* -> "DG1"
* code -> "DG1-3"
* onset[x] -> "DG1-5"
* recordedDate -> "DG1-5" "Where there is no onset."
* asserter -> "DG1-16" "A person with a name or a number; not a role alone."
* subject -> "PID" "The one person of the message."
* encounter -> "PV1" "The one visit of the message."
* category -> "DG1-6" "Always W, a working diagnosis: v2 requires a type, and a field contact has no other."
* clinicalStatus -> "none"
* identifier -> "none"
