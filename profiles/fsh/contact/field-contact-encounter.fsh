Profile: FieldContactEncounter
Parent: us-core-encounter
Id: field-contact-encounter
Title: "Field contact"
Description: "The co-responder team (an officer and a clinician, or one of them) with one person, in the field, at home, by telephone or video. One call in which several persons were met makes several of these, which share place, times and units. It is used too for a call about one person of whom no contact is reported yet: it has then no clinician, no officer and no way in which a contact ended. It is not used where no person is known: see the incident without a person. It is not a visit to a facility, whatever its hospitalization element is called: FHIR keeps there how an encounter ended and where to. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert CallEncounter
* type ^comment = "Words, because no published code means a contact in the field. Where a clinician met the person and somebody follows up, the SNOMED CT code 5694008 too."
* serviceType ^comment = "service-type 135 only where a clinician was there."
* subject ^short = "The person whom the team met, or whom the call is about"
* participant ^short = "The clinician (PPRF), the officer (SPRF), and who told of it (INF)"
* hospitalization.dischargeDisposition ^short = "How the contact ended: our field disposition, HL7's discharge disposition, the source's code and words"
* hospitalization.dischargeDisposition ^comment = "HL7's list has no code for jail, detox, a crisis unit or a hold: `oth` or `other-hcf` stands beside our own code, which says it. A hold itself is a field observation."
* hospitalization.dischargeDisposition.coding ^slicing.discriminator.type = #value
* hospitalization.dischargeDisposition.coding ^slicing.discriminator.path = "system"
* hospitalization.dischargeDisposition.coding ^slicing.rules = #open
* hospitalization.dischargeDisposition.coding contains
    discharge 0..1 MS and
    field 0..* MS
* hospitalization.dischargeDisposition.coding[discharge].system 1..1
* hospitalization.dischargeDisposition.coding[discharge].system = $discharge-disposition
* hospitalization.dischargeDisposition.coding[discharge].code 1..1
* hospitalization.dischargeDisposition.coding[field].system 1..1
* hospitalization.dischargeDisposition.coding[field].system = Canonical(FieldDispositionCS)
* hospitalization.dischargeDisposition.coding[field].code 1..1
* hospitalization.dischargeDisposition.coding[field] from FieldDispositions (required)
* serviceProvider ^short = "Whose record it is: the employer of who wrote it; of a call alone the agency"

Mapping: FieldContactEncounterToIncident
Source: FieldContactEncounter
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* -> "contacts[]"
* insert CallFromIncident
* status -> "timeline" "planned, in-progress or finished, by the stages reached."
* status -> "contacts[].disposition" "Any is finished."
* type -> "contacts[].follow_up" "With a clinician, the code of an intervention with follow-up."
* type -> "contacts[].referrals[]" "With a clinician, and not declined, the same code."
* subject -> "contacts[].person"
* participant -> "persons[]" "INF: a caller or a reporting party who is a related person."
* participant.individual -> "persons[]"
* hospitalization.dischargeDisposition.coding[discharge] -> "contacts[].disposition" "By the field disposition."
* hospitalization.dischargeDisposition.coding[field] -> "contacts[].disposition"
* insert LabelsFromHub
* insert NeverSent(participant.period)
* insert NeverSent(reasonReference)
* identifier.system -> "agency" "The agency's own systems, made of its base; else as `assigner` says."
* identifier.system -> "numbers[].assigner"
* identifier.value -> "number"
* identifier.value -> "case_number"
* identifier.value -> "numbers[].value"

Mapping: FieldContactEncounterToCad
Source: FieldContactEncounter
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* -> "contacts" "Or a person of the role subject without a contact."
* insert CallFromPack
* subject -> "contacts.person, persons"
* hospitalization.dischargeDisposition.coding[discharge] -> "contacts.disposition, disposition" "By the field disposition."
* hospitalization.dischargeDisposition.coding[field] -> "contacts.disposition"
* insert LabelsFromHub
* insert NeverSent(participant.period)
* insert NeverSent(reasonReference)
* identifier.system -> "pack.agency.system" "Followed by /cad-event and /case-number."
* identifier.value -> "event_number, case_number, numbers.value"

Mapping: FieldContactEncounterToEido
Source: FieldContactEncounter
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "incidentComponent" "With a person whose role is Patient: a call about them."
* insert CallFromEido
* status -> "emergencyResourceComponent[], incidentComponent" "By the stages reached."
* subject -> "personComponent[]" "Whose role is Patient."
* hospitalization.dischargeDisposition.coding[discharge] -> "incidentComponent.dispositionComponent[].dispositionCommonRegistryCode" "Where it is mapped to a field disposition."
* hospitalization.dischargeDisposition.coding[field] -> "none" "It stands in the call's disposition."
* insert LabelsFromHub
* insert NeverSent(participant.period)
* insert NeverSent(reasonReference)
* identifier.system -> "none" "The agency's own systems; urn:ietf:rfc:3986 of the incident tracking id, which is a URN."
* identifier.value -> "incidentComponent.internalIncidentId, incidentComponent.documentIdentification[], $id"

Mapping: FieldContactEncounterToV2
Source: FieldContactEncounter
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* -> "PV1"
* extension[callTimes] -> "none" "Reported as not carried, as each extension is."
* extension[unitTimes] -> "none"
* extension[callStatus] -> "none"
* extension[callReceivedBy] -> "none"
* extension[callDisposition] -> "none"
* extension[linkedIncident] -> "none"
* extension[transport] -> "none"
* identifier -> "PV1-19" "The first; the second is PV1-50, others are reported as not carried."
* identifier[resource] -> "PV1-19"
* identifier.system -> "PV1-19.4"
* identifier.value -> "PV1-19.1"
* status -> "none"
* statusHistory -> "none"
* class -> "PV1-2" "U: table 0004 has no class of a contact in the field."
* type -> "none"
* serviceType -> "none"
* priority -> "none"
* subject -> "none" "The message has one PID."
* participant -> "none"
* participant.type -> "none"
* participant.individual -> "none"
* period -> "PV1-44" "Its end is PV1-45."
* reasonCode -> "PV2-3" "The first: the call type as it came in."
* reasonCode.extension[stage] -> "none"
* hospitalization -> "PV1-36"
* hospitalization.destination -> "none"
* hospitalization.dischargeDisposition -> "PV1-36"
* hospitalization.dischargeDisposition.coding[discharge] -> "PV1-36"
* hospitalization.dischargeDisposition.coding[field] -> "PV1-36" "Where HL7's list has no code."
* location -> "PV1-3"
* location.location -> "PV1-3.9" "Its name."
* serviceProvider -> "PV1-3.4" "Its first identifier."
* insert LabelsInV2
* insert NeverSent(participant.period)
* insert NeverSent(reasonReference)
