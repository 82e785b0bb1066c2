// What the contact with a person and the call without one have in common: the call.

RuleSet: CallEncounter
* insert Labelled
* obeys wh-call-type-once
* extension contains
    CallTimes named callTimes 0..1 MS and
    UnitTimes named unitTimes 0..* MS and
    CallStatus named callStatus 0..1 MS and
    CallReceivedBy named callReceivedBy 0..1 MS and
    CallDisposition named callDisposition 0..* MS and
    LinkedIncident named linkedIncident 0..* MS and
    Transport named transport 0..1 MS
* identifier 1..* MS
* identifier ^short = "The hub's own number, then the CAD event number, the case number and others of the agency"
* identifier ^comment = "Several Encounters share a CAD event, so a receiver must not match on its number. Systems are the agency's own: its base followed by /cad-event and /case-number."
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains resource 1..1 MS
* identifier[resource] ^short = "The hub's own number of this Encounter, under which a receiver creates it once"
* identifier[resource].system 1..1
* identifier[resource].system = "https://warmhandoff.org/fhir/sid/resource"
* identifier[resource].value 1..1
* status MS
* statusHistory MS
* statusHistory ^short = "planned, arrived, in-progress, finished or cancelled, each from when the source says"
* class MS
* class from FieldClasses (required)
* class ^short = "In the field, at the person's home, by telephone or video"
* type 1..* MS
* serviceType MS
* priority MS
* priority ^short = "The call's priority, in the agency's codes"
* participant MS
* participant.type MS
* participant.individual MS
* period MS
* period ^comment = "No period is made of times that are out of order: its end is then left out."
* reasonCode MS
* reasonCode ^short = "The call type as it came in and as it was closed, then the concerns of the contact"
* reasonCode.extension contains CallTypeStage named stage 0..1 MS
* hospitalization MS
* hospitalization.destination MS
* hospitalization.destination ^short = "Where the person was taken, if the directory has it"
* hospitalization.dischargeDisposition MS
* location MS
* location.location MS
* serviceProvider MS

Invariant: wh-call-type-once
Description: "There is one call type at most that the call came in with, and one at most that it was closed with."
Severity: #error
Expression: "reasonCode.extension.where(url = 'https://warmhandoff.org/fhir/StructureDefinition/call-type-stage' and value = 'initial').count() <= 1 and reasonCode.extension.where(url = 'https://warmhandoff.org/fhir/StructureDefinition/call-type-stage' and value = 'final').count() <= 1"

RuleSet: CallFromIncident
* extension[callTimes] -> "timeline"
* extension[unitTimes] -> "units[]"
* extension[callStatus] -> "status"
* extension[callReceivedBy] -> "received_by"
* extension[callDisposition] -> "dispositions[]"
* extension[linkedIncident] -> "links[]"
* extension[transport] -> "contacts[].transport"
* identifier -> "number"
* identifier -> "case_number"
* identifier -> "numbers[]"
* identifier[resource] -> "number" "A keyed id of it, with the person's slot and the turn of the contact."
* identifier[resource] -> "contacts[].person"
* statusHistory -> "timeline.received"
* statusHistory -> "timeline.dispatched"
* statusHistory -> "timeline.on_scene"
* statusHistory -> "timeline.cleared"
* statusHistory -> "contacts[].start"
* statusHistory -> "contacts[].end"
* class -> "contacts[].mode" "A call without a contact is FLD."
* type -> "contacts[].mode"
* serviceType -> "contacts[].clinician" "Crisis response only where a clinician was there."
* serviceType -> "contacts[].officer"
* priority -> "priority"
* participant -> "contacts[].clinician" "PPRF."
* participant -> "contacts[].officer" "SPRF."
* participant.individual -> "contacts[].clinician"
* participant.individual -> "contacts[].officer"
* participant.type -> "contacts[]" "By the field."
* period -> "contacts[].start" "Else received, dispatched, on scene."
* period -> "contacts[].end" "Else cleared, closed."
* period -> "timeline.received"
* period -> "timeline.dispatched"
* period -> "timeline.on_scene"
* period -> "timeline.cleared"
* period -> "timeline.closed"
* reasonCode -> "type_initial"
* reasonCode -> "type_final"
* reasonCode -> "contacts[].concerns[]"
* reasonCode.extension[stage] -> "type_initial" "initial"
* reasonCode.extension[stage] -> "type_final" "final"
* hospitalization -> "contacts[].disposition"
* hospitalization.destination -> "contacts[].transport.destination"
* hospitalization.dischargeDisposition -> "contacts[].disposition"
* hospitalization.dischargeDisposition -> "dispositions[]" "Of a call without a contact."
* location -> "contacts[].place"
* location -> "place" "Where the contact has no place of its own."
* location.location -> "contacts[].place"
* location.location -> "place"
* serviceProvider -> "contacts[].organization"
* serviceProvider -> "agency" "Of a call without a contact."

RuleSet: CallFromPack
* extension[callTimes] -> "received, dispatched, en_route, on_scene, transporting, cleared, closed"
* extension[unitTimes] -> "units"
* extension[callStatus] -> "status"
* extension[callReceivedBy] -> "received_by"
* extension[callDisposition] -> "disposition"
* extension[linkedIncident] -> "links"
* extension[transport] -> "contacts.transport"
* identifier -> "event_number, case_number, numbers"
* identifier[resource] -> "event_number" "A keyed id of it; of the case number where there is none."
* status -> "on_scene, cleared, closed, disposition"
* statusHistory -> "received, dispatched, on_scene, cleared"
* class -> "contacts.mode" "FLD where the pack builds no contact."
* type -> "contacts.mode"
* serviceType -> "contacts.clinician, contacts.officer"
* priority -> "priority"
* participant -> "contacts.clinician, contacts.officer"
* participant.individual -> "contacts.clinician, contacts.officer"
* participant.type -> "none" "By the field."
* period -> "contacts.start, contacts.end, received, dispatched, on_scene, cleared, closed"
* reasonCode -> "type_initial, type_final, contacts.concerns" "Through the pack's table; a code that nobody has mapped travels as the agency's own."
* reasonCode.extension[stage] -> "type_initial, type_final"
* hospitalization -> "contacts.disposition"
* hospitalization.destination -> "contacts.transport.destination"
* hospitalization.dischargeDisposition -> "contacts.disposition, disposition" "Through the pack's table to our field dispositions."
* location -> "place, contacts.place"
* location.location -> "place, contacts.place"
* serviceProvider -> "contacts.organization, pack.agency"

RuleSet: CallFromEido
* extension[callTimes] -> "callComponent[], dispatchComponent[], emergencyResourceComponent[], incidentComponent" "See the extension."
* extension[unitTimes] -> "emergencyResourceComponent[]"
* extension[callStatus] -> "incidentComponent.incidentStatusCommonRegistryText[]" "The first; others and incidentStatusInternalText as words."
* extension[callReceivedBy] -> "callComponent[].standardPrimaryCallType" "With localCallType as words."
* extension[callDisposition] -> "incidentComponent.dispositionComponent[].dispositionCommonRegistryCode" "The primary one first, with its texts."
* extension[linkedIncident] -> "mergeComponent[], linkComponent[]"
* extension[transport] -> "none"
* identifier -> "incidentComponent.internalIncidentId, incidentComponent.documentIdentification[], $id"
* identifier[resource] -> "incidentComponent.internalIncidentId" "A keyed id of it; of $id where there is none."
* statusHistory -> "callComponent[].callStartTimestamp, dispatchComponent[].lastUpdateTimeStamp, emergencyResourceComponent[].lastUpdateTimeStamp"
* class -> "none" "FLD."
* type -> "none" "A call for service."
* serviceType -> "none"
* priority -> "incidentComponent.incidentCommonPriorityNumber" "With incidentPriorityInternalText as the agency's own code."
* participant -> "none" "That an agent was on the call does not say that they met anyone."
* participant.individual -> "none"
* participant.type -> "none"
* period -> "callComponent[].callStartTimestamp, emergencyResourceComponent[].lastUpdateTimeStamp, incidentComponent.lastUpdateTimeStamp"
* reasonCode -> "incidentComponent.incidentTypeCommonRegistryText" "With incidentTypeInternalCode and incidentTypeInternalText: the type as last known."
* reasonCode.extension[stage] -> "none" "final: a snapshot has one type, the latest."
* hospitalization -> "incidentComponent.dispositionComponent[]"
* hospitalization.destination -> "none"
* hospitalization.dischargeDisposition -> "incidentComponent.dispositionComponent[].dispositionCommonRegistryCode" "Where it is mapped to a field disposition; none is read as a hold or a referral."
* location -> "locationComponent[]" "Typed CurrentIncident, else InitialIncident."
* location.location -> "locationComponent[]"
* serviceProvider -> "agencyComponent[]" "The one whose incidentOwningAgencyIndicator is set."
