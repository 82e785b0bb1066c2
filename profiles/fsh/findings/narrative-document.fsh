Profile: NarrativeDocument
Parent: us-core-documentreference
Id: narrative-document
Title: "Narrative"
Description: "A narrative of an incident or a contact about one person: a CAD note, a police report, a clinical note, a contact note. It is plain text as its author wrote it, under the organization whose text it is; the hub never rewrites it. A note of a call that names nobody is a call narrative. Only what its source declares to be a clinical note is one here; a police report is not. A signed form is a signed form document. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert NarrativeRules
* subject MS

Mapping: NarrativeDocumentToIncident
Source: NarrativeDocument
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert NarrativeIncident
* insert FindingNotSent(content.attachment.url)
* insert FindingNotSent(content.format)
* insert FindingNotSent(context.period)
* subject -> "narratives[].person"
* subject -> "contacts[].person"

Mapping: NarrativeDocumentToCad
Source: NarrativeDocument
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert NarrativeCad
* insert FindingNotSent(content.attachment.url)
* insert FindingNotSent(content.format)
* insert FindingNotSent(context.period)
* subject -> "person" "Of a contact's narrative, the contact's person."

Mapping: NarrativeDocumentToEido
Source: NarrativeDocument
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* insert NarrativeEido
* subject -> "personComponent.notesReference"

Mapping: NarrativeDocumentToV2
Source: NarrativeDocument
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert NarrativeV2
* insert FindingNotSent(content.attachment.url)
* insert FindingNotSent(content.format)
* insert FindingNotSent(context.period)
* subject -> "PID" "The one person of the message."

// A narrative, whether or not it says whom it is about.
RuleSet: NarrativeRules
* insert Labelled
* identifier 1..* MS
* identifier ^short = "The hub's own number of this document, and its author's where there is one"
* identifier.system 1..1
* identifier.value 1..1
* status MS
* type ^comment = "Our kind of narrative beside the LOINC document type of a clinical note. LOINC has no type for a police report or a CAD note: beside those stands `UNK`, as US Core asks."
* type.coding ^slicing.discriminator.type = #value
* type.coding ^slicing.discriminator.path = "system"
* type.coding ^slicing.rules = #open
* type.coding contains kind 1..1 MS and loinc 0..1 MS
* type.coding[kind] from NarrativeKindCodes (required)
* type.coding[kind].system 1..1
* type.coding[kind].system = Canonical(NarrativeKindCS)
* type.coding[kind].code 1..1
* type.coding[loinc].system 1..1
* type.coding[loinc].system = $loinc
* type.coding[loinc].code 1..1
* category MS
* category ^comment = "US Core's clinical-note for a clinical note; our kind of narrative for any other."
* date ^comment = "An instant: where only the day is known it stands in the attachment's creation."
* author MS
* custodian MS
* custodian ^short = "The organization whose text it is; absent where the source does not declare one"
* content 1..1 MS
* content.attachment.contentType 1..1 MS
* content.attachment.contentType = #"text/plain; charset=utf-8"
* content.attachment.data 1..1 MS
* content.attachment.title MS
* content.attachment.creation MS
* content.format ^comment = "Not sent: the content type says it all."
* context.encounter MS
* context.encounter ^short = "The contacts that it speaks of"

RuleSet: NarrativeIncident
* insert FindingMeta([[the record]])
* -> "narratives[]"
* -> "contacts[].narratives[]"
* identifier -> "narratives[].id"
* identifier -> "contacts[].narratives[].id"
* status -> "narratives[]" "Always current."
* type -> "narratives[].kind"
* type -> "contacts[].narratives[].kind"
* type.coding[kind] -> "narratives[].kind"
* type.coding[kind] -> "contacts[].narratives[].kind"
* type.coding[loinc] -> "narratives[].kind" "Of a clinical note."
* category -> "narratives[].kind"
* category -> "contacts[].narratives[].kind"
* date -> "narratives[].time"
* date -> "contacts[].narratives[].time"
* author -> "narratives[].author"
* author -> "contacts[].narratives[].author"
* custodian -> "narratives[].organization"
* custodian -> "contacts[].narratives[].organization"
* content -> "narratives[]"
* content.attachment -> "narratives[]"
* content.attachment.contentType -> "narratives[]" "Always plain text: a reader turns HTML into it."
* content.attachment.data -> "narratives[].text"
* content.attachment.data -> "contacts[].narratives[].text"
* content.attachment.title -> "narratives[].title" "The kind's name where there is none."
* content.attachment.title -> "contacts[].narratives[].title"
* content.attachment.creation -> "narratives[].time"
* content.attachment.creation -> "contacts[].narratives[].time"
* context -> "contacts[]"
* context.encounter -> "contacts[]"

RuleSet: NarrativeCad
* insert FindingMeta([[an export]])
* -> "narratives[], contacts[].narratives[]"
* identifier -> "id"
* status -> "none" "Always current."
* type -> "kind" "As the pack says of the column, or by its `origin`."
* type.coding[kind] -> "kind"
* type.coding[loinc] -> "kind" "Of a clinical note."
* category -> "kind"
* date -> "time"
* author -> "author"
* custodian -> "organization"
* content -> "text"
* content.attachment -> "text"
* content.attachment.contentType -> "none" "Always plain text."
* content.attachment.data -> "text"
* content.attachment.title -> "title"
* content.attachment.creation -> "time"
* context -> "contacts[]"
* context.encounter -> "contacts[]"

RuleSet: NarrativeEido
* -> "notesComponent"
* -> "personComponent.ncPersonComponent" "Each of mentalState, medicalCondition, medicalDescription, medicationRequired, moodDescription: a note of undeclared origin."
* identifier -> "notesComponent.$id"
* status -> "none" "Always current."
* type -> "none" "Always a CAD note."
* type.coding[kind] -> "none" "Always a CAD note."
* category -> "none" "Always a CAD note."
* date -> "notesComponent.lastUpdateTimeStamp"
* author -> "notesComponent.agentReference" "Else updatedByAgentReference."
* custodian -> "notesComponent.updatedByAgencyReference"
* content -> "notesComponent.notesActionComments"
* content.attachment -> "notesComponent.notesActionComments"
* content.attachment.contentType -> "none" "Always plain text, made of the HTML."
* content.attachment.data -> "notesComponent.notesActionComments"
* content.attachment.title -> "none" "CAD note, or which member of the person it is."
* content.attachment.creation -> "notesComponent.lastUpdateTimeStamp"
* context -> "personComponent.notesReference"
* context.encounter -> "personComponent.notesReference" "The Encounter of that person; every Encounter of the call where a note names nobody."

RuleSet: NarrativeV2
* insert FindingMetaV2
* -> "OBR, OBX" "One OBR; a long text is continued in further OBX."
* status -> "OBX-11" "Only current ones are sent."
* type -> "OBR-4"
* type -> "OBX-3"
* type.coding[kind] -> "OBR-4"
* type.coding[loinc] -> "OBR-4"
* date -> "OBR-7"
* date -> "OBX-14"
* author -> "OBX-16" "Persons with a name or a number; not a role alone."
* content -> "OBX-5"
* content.attachment -> "OBX-5"
* content.attachment.contentType -> "OBX-2" "FT where there are lines, else TX."
* content.attachment.data -> "OBX-5"
* content.attachment.creation -> "OBX-14" "Where there is no date."
* context -> "PV1" "The one visit of the message."
* context.encounter -> "PV1" "The one visit of the message."
* identifier -> "none"
* category -> "none"
* custodian -> "none"
* content.attachment.title -> "none"
