Profile: IncidentEncounter
Parent: Encounter
Id: incident-encounter
Title: "Incident without a person"
Description: "A call for service, or an attempt to meet somebody, of which no person is known: nobody was found, the person was gone, or no source names one. It keeps times, units, place and how it was closed, so that the call can be counted and joined with what comes later. Its parent is FHIR's own Encounter: US Core's Encounter requires a subject, and a Patient made up to have one would be a record of nobody. It is not used once a person is known, and a referral never stands on it. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert CallEncounter
* identifier.value 1..1 MS
* subject 0..0
* type ^comment = "Words, because no published code means a call for service."
* participant ^short = "The clinician (PPRF) and the officer (SPRF) who went"
* hospitalization.dischargeDisposition ^short = "How the call or the attempt ended"
* serviceProvider ^short = "The agency; of an attempt to meet somebody, whose record it is"

Mapping: IncidentEncounterToIncident
Source: IncidentEncounter
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* -> "number" "An incident whose persons and contacts name no subject who was met."
* insert CallFromIncident
* status -> "timeline" "planned, in-progress or finished, by the stages reached."
* status -> "dispositions[]" "cancelled where nobody was found or the person was gone."
* status -> "contacts[].disposition" "cancelled where nobody was found or the person was gone."
* identifier.value -> "number"
* identifier.value -> "case_number"
* identifier.value -> "numbers[].value"
* insert LabelsFromHub

Mapping: IncidentEncounterToCad
Source: IncidentEncounter
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* -> "event_number" "A row whose persons and contacts name no subject who was met."
* insert CallFromPack
* identifier.value -> "event_number, case_number, numbers.value"
* insert LabelsFromHub

Mapping: IncidentEncounterToEido
Source: IncidentEncounter
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "incidentComponent" "Without a person whose role is Patient."
* insert CallFromEido
* status -> "emergencyResourceComponent[], incidentComponent, incidentComponent.dispositionComponent[]" "By the stages reached; cancelled where nobody was found or the person was gone."
* identifier.value -> "incidentComponent.internalIncidentId, incidentComponent.documentIdentification[], $id"
* insert LabelsFromHub

Mapping: IncidentEncounterToV2
Source: IncidentEncounter
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* -> "none" "A REF^I12 is about a person: it never carries this."
