Profile: SignedFormDocument
Parent: us-core-documentreference
Id: signed-form-document
Title: "Signed form"
Description: "The scan of a signed consent form, as it was taken in the field. It is what the Consent that names it as its source was made from, and it decides nothing itself: what is permitted stands in the Consent. It claims this profile where the person is identified. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert Labelled
* identifier 1..* MS
* identifier ^short = "The hub's own number of this document, under which a receiver creates it once"
* identifier.system 1..1
* identifier.value 1..1
* status MS
* type = $loinc#64292-6
* type ^short = "Release of information consent"
* category contains form 1..1 MS
* category[form] = $loinc#57016-8
* category[form] ^short = "Privacy policy acknowledgement, the category in which HL7's consent guides file such a form"
* subject MS
* date ^comment = "An instant: where only the day is known it stands in the attachment's creation."
* author ^comment = "Not sent: who signed stands in the Consent."
* custodian MS
* custodian ^short = "The organization that took the consent"
* content 1..1 MS
* content.attachment.contentType 1..1 MS
* content.attachment.data 1..1 MS
* content.attachment.title MS
* content.attachment.creation MS
* content.format ^comment = "Not sent: the content type says it all."
* context.encounter MS
* context.encounter ^short = "The contact in which it was signed"

Mapping: SignedFormDocumentToIncident
Source: SignedFormDocument
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert FindingMeta([[the record]])
* category -> "contacts[].consents[].scan" "Always the same."
* insert FindingNotSent(author)
* insert FindingNotSent(content.attachment.url)
* insert FindingNotSent(content.format)
* insert FindingNotSent(context.period)
* -> "contacts[].consents[].scan"
* identifier -> "number" "A keyed id made of the incident's number, the person's slot and the consent's number or place."
* status -> "contacts[].consents[].scan" "Always current."
* type -> "contacts[].consents[].scan" "Always the same."
* category[form] -> "contacts[].consents[].scan" "Always the same."
* subject -> "contacts[].person"
* date -> "contacts[].consents[].scan.created"
* custodian -> "contacts[].organization"
* content -> "contacts[].consents[].scan"
* content.attachment -> "contacts[].consents[].scan"
* content.attachment.contentType -> "contacts[].consents[].scan.media_type"
* content.attachment.data -> "contacts[].consents[].scan.data"
* content.attachment.title -> "contacts[].consents[].scan.title"
* content.attachment.creation -> "contacts[].consents[].scan.created"
* context -> "contacts[]"
* context.encounter -> "contacts[]"

Mapping: SignedFormDocumentToCad
Source: SignedFormDocument
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert FindingMeta([[an export]])
* category -> "none" "Always the same."
* insert FindingNotSent(author)
* insert FindingNotSent(content.attachment.url)
* insert FindingNotSent(content.format)
* insert FindingNotSent(context.period)
* -> "contacts[].consents[].scan" "Only where the pack of a records system builds consents; a CAD has none."
* identifier -> "source.key" "A keyed id made of it."
* status -> "none" "Always current."
* type -> "none" "Always the same."
* category[form] -> "none" "Always the same."
* subject -> "contacts[].person"
* date -> "created"
* custodian -> "contacts[].organization"
* content -> "scan"
* content.attachment -> "scan"
* content.attachment.contentType -> "media_type"
* content.attachment.data -> "data"
* content.attachment.title -> "title"
* content.attachment.creation -> "created"
* context -> "contacts[]"
* context.encounter -> "contacts[]"

Mapping: SignedFormDocumentToEido
Source: SignedFormDocument
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO has no component for a consent."

Mapping: SignedFormDocumentToV2
Source: SignedFormDocument
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert FindingMetaV2
* category -> "none"
* insert FindingNotSent(author)
* insert FindingNotSent(content.attachment.url)
* insert FindingNotSent(content.format)
* insert FindingNotSent(context.period)
* -> "OBR, OBX" "One OBR with one OBX below it."
* status -> "OBX-11" "Only current ones are sent."
* type -> "OBR-4"
* type -> "OBX-3"
* date -> "OBR-7"
* date -> "OBX-14"
* content -> "OBX-5"
* content.attachment -> "OBX-5" "ED, Base64."
* content.attachment.contentType -> "OBX-5.2"
* content.attachment.contentType -> "OBX-5.3"
* content.attachment.data -> "OBX-5.5"
* content.attachment.creation -> "OBX-14" "Where there is no date."
* subject -> "PID" "The one person of the message."
* context -> "PV1" "The one visit of the message."
* context.encounter -> "PV1" "The one visit of the message."
* identifier -> "none"
* category[form] -> "none"
* custodian -> "none"
* content.attachment.title -> "none"
