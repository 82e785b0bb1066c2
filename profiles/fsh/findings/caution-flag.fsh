Profile: CautionFlag
Parent: Flag
Id: caution-flag
Title: "Safety caution"
Description: "A safety caution about a person, or about the place of an incident: what kind, how grave, from when until when. It is used to warn whoever goes there next. It never carries clinical content and never the words of the caution: those stay with who wrote them. It always ends; where the source gives no end, a year after its start. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert Labelled
* obeys wh-caution-no-words
* text 0..0
* extension contains CautionSeverity named severity 0..1 MS
* identifier MS
* identifier ^short = "The hub's own number of this Flag, under which a receiver creates it once"
* status MS
* status ^comment = "Active, or inactive where it had ended when the record was translated."
* category 1..1 MS
* category from CautionCategories (required)
* code MS
* code ^comment = "The kind of caution: what it is mapped to and the source's own code. Where the source has words alone, only that there is a caution."
* subject only Reference(Patient or Location)
* subject MS
* period 1..1 MS
* period.start MS
* period.end 1..1 MS
* encounter MS
* author MS
* author ^short = "The organization whose caution it is"

Invariant: wh-caution-no-words
Description: "A caution is a code. The only text that its code may have is that there is a caution: words about a person stay with who wrote them."
Severity: #error
Expression: "code.text.empty() or code.text = 'Safety caution'"

Mapping: CautionFlagToIncident
Source: CautionFlag
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert FindingMeta([[the record]])
* -> "cautions[]"
* -> "contacts[].cautions[]"
* extension[severity] -> "cautions[].severity"
* extension[severity] -> "contacts[].cautions[].severity"
* identifier -> "number" "A keyed id made of the incident's number and the place of the caution in the record."
* status -> "cautions[].end"
* status -> "contacts[].cautions[].end"
* category -> "cautions[]" "Always safety."
* code -> "cautions[].type"
* code -> "contacts[].cautions[].type"
* subject -> "cautions[].person"
* subject -> "place" "Of the incident's caution that names no person."
* subject -> "contacts[].person"
* period.start -> "cautions[].start"
* period.start -> "contacts[].cautions[].start"
* period.start -> "timeline.received" "Where the caution has no start."
* period.end -> "cautions[].end"
* period.end -> "contacts[].cautions[].end"
* period -> "cautions[]"
* period -> "contacts[].cautions[]"
* encounter -> "contacts[]"
* author -> "contacts[].organization"
* author -> "organization" "Of the incident's own caution; the agency where it names none."

Mapping: CautionFlagToCad
Source: CautionFlag
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert FindingMeta([[an export]])
* -> "cautions[], contacts[].cautions[]"
* extension[severity] -> "severity"
* identifier -> "source.key" "A keyed id made of it."
* status -> "end"
* category -> "none" "Always safety."
* code -> "type" "Through a code table where the pack names one."
* subject -> "person" "Else the place of the incident."
* period -> "start, end"
* period.start -> "start"
* period.end -> "end" "A year after the start where it is empty."
* encounter -> "contacts[]"
* author -> "contacts[].organization" "Else the agency."

Mapping: CautionFlagToEido
Source: CautionFlag
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "cautionComponent"
* extension[severity] -> "cautionComponent.cautionSeverity"
* identifier -> "$id" "Of the document: the incident tracking id; a keyed id made of it."
* status -> "none" "Active until the year is over."
* category -> "none" "Always safety."
* code -> "cautionComponent.cautionTypeCommonRegistryText"
* subject -> "personComponent.notesReference" "Of the person with a note that has a cautionReference to it; else the place of the incident."
* period -> "cautionComponent.startDate"
* period.start -> "cautionComponent.startDate"
* period.end -> "none" "An EIDO has no end: a year after the start."
* encounter -> "none" "The one Encounter that it can be about."
* author -> "agencyComponent" "The agency whose record it is."

Mapping: CautionFlagToV2
Source: CautionFlag
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert FindingMetaV2
* -> "OBR, OBX" "One OBR with one OBX below it, of an active caution about the person."
* category -> "OBR-4"
* category -> "OBX-3"
* code -> "OBX-5"
* period -> "OBX-14"
* period.start -> "OBR-7"
* period.start -> "OBX-14"
* subject -> "PID" "The one person of the message."
* encounter -> "PV1" "The one visit of the message."
* status -> "none" "Only active ones are sent."
* extension[severity] -> "none"
* identifier -> "none"
* period.end -> "none"
* author -> "none"
