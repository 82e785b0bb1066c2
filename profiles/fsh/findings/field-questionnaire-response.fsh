Profile: FieldQuestionnaireResponse
Parent: us-core-questionnaireresponse
Id: field-questionnaire-response
Title: "Screening answers in a field contact"
Description: "The items of a screening instrument as they were answered in a field contact. It claims this profile where the instrument is a panel of LOINC and it is known whom and when it was asked; an instrument that is known only by an agency's own name is sent without the claim. An item is named by its code, never by its wording: instruments are under licence, and their sentences stay with who asked them. Score and risk are screening observations that are derived from it. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert Labelled
* extension contains Instrument named instrument 0..1 MS
* identifier MS
* identifier ^short = "The hub's own number of this response, under which a receiver creates it once"
* questionnaire MS
* questionnaire ^comment = "http://loinc.org/q/ and the code of the panel: the canonical under which LOINC's FHIR service publishes its panels."
* status MS
* subject MS
* encounter MS
* encounter ^short = "The contact in which it was asked"
* authored MS
* author MS
* item MS
* item ^comment = "In the order in which they were answered, without groups. An item that was asked and not answered has no answer."
* item.linkId MS
* item.linkId ^comment = "The item's code (LOINC, else the agency's own); its number where it has none."
* item.answer MS
* item.answer.value[x] MS

Mapping: FieldQuestionnaireResponseToIncident
Source: FieldQuestionnaireResponse
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert FindingMeta([[the record]])
* insert FindingNotSent(questionnaire.extension[questionnaireDisplay])
* insert FindingNotSent(questionnaire.extension[url])
* insert FindingNotSent(item.text)
* insert FindingNotSent(item.item)
* insert FindingNotSent(item.answer.item)
* -> "contacts[].screenings[]" "One with items."
* extension[instrument] -> "contacts[].screenings[].instrument"
* identifier -> "number" "A keyed id made of the incident's number, the person's slot and the place of the screening in the contact."
* questionnaire -> "contacts[].screenings[].instrument" "Its code of LOINC, mapped or its own."
* status -> "contacts[].screenings[]" "Always completed."
* subject -> "contacts[].person"
* encounter -> "contacts[]"
* authored -> "contacts[].screenings[].time"
* authored -> "contacts[].start" "Where the screening has no time."
* author -> "contacts[].screenings[].by"
* item -> "contacts[].screenings[].items[]"
* item.linkId -> "contacts[].screenings[].items[].item"
* item.answer -> "contacts[].screenings[].items[].value"
* item.answer.value[x] -> "contacts[].screenings[].items[].value"

Mapping: FieldQuestionnaireResponseToCad
Source: FieldQuestionnaireResponse
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert FindingMeta([[an export]])
* insert FindingNotSent(questionnaire.extension[questionnaireDisplay])
* insert FindingNotSent(questionnaire.extension[url])
* insert FindingNotSent(item.text)
* insert FindingNotSent(item.item)
* insert FindingNotSent(item.answer.item)
* -> "contacts[].screenings[]" "Only where the pack of a records system builds screenings with items; a CAD has none."
* extension[instrument] -> "instrument"
* identifier -> "source.key" "A keyed id made of it."
* questionnaire -> "instrument"
* status -> "none" "Always completed."
* subject -> "contacts[].person"
* encounter -> "contacts[]"
* authored -> "time" "Else the contact's start."
* author -> "by"
* item -> "items[]"
* item.linkId -> "items[].item"
* item.answer -> "items[].value"
* item.answer.value[x] -> "items[].value"

Mapping: FieldQuestionnaireResponseToEido
Source: FieldQuestionnaireResponse
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO has no component for a screening."

Mapping: FieldQuestionnaireResponseToV2
Source: FieldQuestionnaireResponse
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert FindingMetaV2
* insert FindingNotSent(questionnaire.extension[questionnaireDisplay])
* insert FindingNotSent(questionnaire.extension[url])
* insert FindingNotSent(item.text)
* insert FindingNotSent(item.item)
* insert FindingNotSent(item.answer.item)
* -> "OBR, OBX" "One OBR with an OBX for each answer."
* extension[instrument] -> "OBR-4"
* questionnaire -> "OBR-4" "Only where the instrument has no code and no name."
* status -> "OBX-11"
* authored -> "OBR-7"
* authored -> "OBX-14"
* author -> "OBX-16" "A person with a name or a number; not a role alone."
* item -> "OBX" "One that was answered."
* item.linkId -> "OBX-3"
* item.answer -> "OBX-5"
* item.answer.value[x] -> "OBX-5"
* subject -> "PID" "The one person of the message."
* encounter -> "PV1" "The one visit of the message."
* identifier -> "none"
