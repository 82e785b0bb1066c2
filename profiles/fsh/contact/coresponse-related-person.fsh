Profile: CoresponseRelatedPerson
Parent: us-core-relatedperson
Id: coresponse-related-person
Title: "Co-response related person"
Description: "Somebody who is related to the person of the contact and told the team or the call taker of them, for example the daughter who called. It is used only where the source says how they are related, and there is one person they can be related to. It is not an emergency contact that the person has named, and it gives nobody a right to know. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert Labelled
* identifier 1..* MS
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains resource 1..1 MS
* identifier[resource] ^short = "The hub's own number of this record, under which a receiver creates it once"
* identifier[resource].system 1..1
* identifier[resource].system = "https://warmhandoff.org/fhir/sid/resource"
* identifier[resource].value 1..1
* active ^short = "The record is in use"
* relationship 1..* MS
* relationship.text MS
* relationship.text ^short = "How they are related, in the source's words"
* gender MS
* birthDate MS

Mapping: CoresponseRelatedPersonToIncident
Source: CoresponseRelatedPerson
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* -> "persons[]" "Who is no subject, with a relationship, in an incident of one subject."
* identifier -> "persons[].identifiers[]"
* identifier[resource] -> "persons[].slot" "A keyed id of the incident's number and the slot."
* active -> "persons[]" "Always true."
* patient -> "persons[]" "The subject."
* relationship -> "persons[].relationship"
* relationship.text -> "persons[].relationship"
* name -> "persons[].names[]"
* telecom -> "persons[].telecoms[]"
* gender -> "persons[].gender"
* gender -> "persons[].sex" "Where the gender is not mapped."
* birthDate -> "persons[].birth_date"
* address -> "persons[].addresses[]"
* insert LabelsFromHub

Mapping: CoresponseRelatedPersonToCad
Source: CoresponseRelatedPerson
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* -> "persons" "With a relationship."
* identifier -> "persons.identifiers"
* identifier[resource] -> "persons.slot"
* active -> "none" "Always true."
* patient -> "persons" "The subject."
* relationship -> "persons.relationship"
* relationship.text -> "persons.relationship"
* name -> "persons.names"
* telecom -> "persons.telecoms"
* gender -> "persons.gender, persons.sex"
* birthDate -> "persons.birth_date"
* address -> "persons.addresses"
* insert LabelsFromHub

Mapping: CoresponseRelatedPersonToEido
Source: CoresponseRelatedPerson
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO says by its roles that somebody is a relative, and not how they are related: no RelatedPerson is made."

Mapping: CoresponseRelatedPersonToV2
Source: CoresponseRelatedPerson
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* -> "NK1"
* identifier -> "NK1-33"
* identifier[resource] -> "NK1-33"
* active -> "none" "Reported as not carried."
* patient -> "none" "NK1 stands below the PID."
* relationship -> "NK1-3"
* relationship.text -> "NK1-3.2"
* name -> "NK1-2"
* telecom -> "NK1-5"
* gender -> "NK1-15"
* birthDate -> "NK1-16"
* address -> "NK1-4"
* insert LabelsInV2
