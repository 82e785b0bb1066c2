// What a CAD says of a call for service that Encounter has no element for.

// The stages of a call; a stage whose time nobody gave is not there.
RuleSet: Stages
* extension[received].value[x] 1..1
* extension[received].value[x] only dateTime
* extension[dispatched].value[x] 1..1
* extension[dispatched].value[x] only dateTime
* extension[enRoute].value[x] 1..1
* extension[enRoute].value[x] only dateTime
* extension[onScene].value[x] 1..1
* extension[onScene].value[x] only dateTime
* extension[transporting].value[x] 1..1
* extension[transporting].value[x] only dateTime
* extension[cleared].value[x] 1..1
* extension[cleared].value[x] only dateTime
* extension[closed].value[x] 1..1
* extension[closed].value[x] only dateTime

Extension: CallTimes
Id: call-times
Title: "Times of the call"
Description: "The stages of the call as the CAD has them, each with its zone, or a date where the time of day is unknown. FHIR has no home for all of them: statusHistory has no status for dispatched, en route, transporting or closed, and wants periods. Times out of order are kept as they are. A stage that is not there is unknown, never midnight."
Context: Encounter
* extension 1..*
* extension contains
    received 0..1 and
    dispatched 0..1 and
    enRoute 0..1 and
    onScene 0..1 and
    transporting 0..1 and
    cleared 0..1 and
    closed 0..1 and
    occurred 0..1
* insert Stages
* extension[occurred] ^short = "When it happened, as a report says: no stage of the call"
* extension[occurred].value[x] 1..1
* extension[occurred].value[x] only dateTime

Extension: UnitTimes
Id: unit-times
Title: "Unit on the call"
Description: "One unit on the call: who it is, who rides in it, where it goes, and its own times. FHIR has no home for it: a participant of an Encounter is a person who took part, and that a unit was on the call does not say that it met anyone."
Context: Encounter
* extension contains
    unit 1..1 and
    name 0..1 and
    kind 1..1 and
    type 0..1 and
    status 0..1 and
    employer 0..1 and
    crew 0..* and
    received 0..1 and
    dispatched 0..1 and
    enRoute 0..1 and
    onScene 0..1 and
    transporting 0..1 and
    cleared 0..1 and
    closed 0..1 and
    destination 0..1
* insert Stages
* extension[unit] ^short = "The unit's id"
* extension[unit].value[x] 1..1
* extension[unit].value[x] only string
* extension[name] ^short = "What the unit is called"
* extension[name].value[x] 1..1
* extension[name].value[x] only string
* extension[kind] ^short = "Who rides in it, as the agency's unit table says; else `unknown`"
* extension[kind].value[x] 1..1
* extension[kind].value[x] only code
* extension[kind].value[x] from UnitKinds (required)
* extension[type] ^short = "The sort of unit, in the CAD's codes and words"
* extension[type].value[x] 1..1
* extension[type].value[x] only CodeableConcept
* extension[status] ^short = "Its last status, in the CAD's codes and words"
* extension[status].value[x] 1..1
* extension[status].value[x] only CodeableConcept
* extension[employer] ^short = "Whose unit it is, and so whose record its crew writes"
* extension[employer].value[x] 1..1
* extension[employer].value[x] only Reference(Organization)
* extension[crew] ^short = "Who rode in it"
* extension[crew].value[x] 1..1
* extension[crew].value[x] only Reference(Practitioner or PractitionerRole)
* extension[destination] ^short = "Where it goes"
* extension[destination].value[x] 1..1
* extension[destination].value[x] only Address

Extension: CallStatus
Id: call-status
Title: "Status of the call in the CAD"
Description: "The state of the call in the agency's own codes and words. FHIR has no home for it: Encounter.status takes a closed list, to which a CAD's states do not map one by one."
Context: Encounter
* value[x] 1..1
* value[x] only CodeableConcept

Extension: CallReceivedBy
Id: call-received-by
Title: "How the call came in"
Description: "How the agency came to know: an emergency call, a call on another line, an officer's own observation. FHIR has no home for it: an Encounter has an admission source and no way to say by what means it was asked for."
Context: Encounter
* value[x] 1..1
* value[x] only CodeableConcept

Extension: CallDisposition
Id: call-disposition
Title: "Disposition of the call"
Description: "How the call was closed, in the agency's own code, what a reviewed table maps it to, and its words. FHIR has no home for it: the discharge disposition is how one person's contact ended, and a call with several persons, or with none, has dispositions of its own."
Context: Encounter
* value[x] 1..1
* value[x] only CodeableConcept

Extension: CallTypeStage
Id: call-type-stage
Title: "Stage of the call type"
Description: "Whether a reason of the Encounter is the type that the call came in with (`initial`) or the one that it was closed with (`final`). FHIR has no home for it: reasonCode does not say when a reason was given, and the change from one to the other is what a co-responder program counts."
Context: Encounter.reasonCode
* value[x] 1..1
* value[x] only code
* value[x] from CallTypeStages (required)

Extension: LinkedIncident
Id: linked-incident
Title: "Linked incident"
Description: "Another incident of the agency that this one replaces, was split from, belongs to or is related to. FHIR has no home for it: Encounter.partOf names an Encounter that is there, and says nothing of replacing or splitting."
Context: Encounter
* extension contains kind 1..1 and number 1..1
* extension[kind] ^short = "What the other incident is to this one"
* extension[kind].value[x] 1..1
* extension[kind].value[x] only code
* extension[kind].value[x] from IncidentLinks (required)
* extension[number] ^short = "The other incident's number"
* extension[number].value[x] 1..1
* extension[number].value[x] only Identifier

Extension: Transport
Id: transport
Title: "Transport from the contact"
Description: "How the person was taken from the contact, by which unit, from when, and where to in the source's words. FHIR has no home for it: hospitalization has a destination, which is a place or an organization of the directory, and no means, unit or time."
Context: Encounter
* extension 1..*
* extension contains mode 0..1 and destination 0..1 and unit 0..1 and started 0..1
* extension[mode] ^short = "By what means"
* extension[mode].value[x] 1..1
* extension[mode].value[x] only CodeableConcept
* extension[destination] ^short = "Where to, in the source's words"
* extension[destination].value[x] 1..1
* extension[destination].value[x] only string
* extension[unit] ^short = "The unit that took the person"
* extension[unit].value[x] 1..1
* extension[unit].value[x] only string
* extension[started] ^short = "From when"
* extension[started].value[x] 1..1
* extension[started].value[x] only dateTime

Mapping: CallTimesToIncident
Source: CallTimes
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* -> "timeline"
* extension[received].value[x] -> "timeline.received"
* extension[dispatched].value[x] -> "timeline.dispatched"
* extension[enRoute].value[x] -> "timeline.en_route"
* extension[onScene].value[x] -> "timeline.on_scene"
* extension[transporting].value[x] -> "timeline.transporting"
* extension[cleared].value[x] -> "timeline.cleared"
* extension[closed].value[x] -> "timeline.closed"

Mapping: CallTimesToCad
Source: CallTimes
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* extension[received].value[x] -> "received" "In the zone that the pack declares; a date alone where the pack's marker says that the time is unknown."
* extension[dispatched].value[x] -> "dispatched"
* extension[enRoute].value[x] -> "en_route"
* extension[onScene].value[x] -> "on_scene"
* extension[transporting].value[x] -> "transporting"
* extension[cleared].value[x] -> "cleared"
* extension[closed].value[x] -> "closed"

Mapping: CallTimesToEido
Source: CallTimes
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* extension[received].value[x] -> "callComponent[].callStartTimestamp" "The earliest of the calls that came in."
* extension[dispatched].value[x] -> "dispatchComponent[].lastUpdateTimeStamp" "The earliest; it is the only time that a dispatch has."
* extension[enRoute].value[x] -> "emergencyResourceComponent[].lastUpdateTimeStamp" "Of the first unit whose statuses name this stage alone."
* extension[onScene].value[x] -> "emergencyResourceComponent[].lastUpdateTimeStamp" "Of the first unit whose statuses name this stage alone."
* extension[transporting].value[x] -> "emergencyResourceComponent[].lastUpdateTimeStamp" "Of the first unit whose statuses name this stage alone."
* extension[cleared].value[x] -> "emergencyResourceComponent[].lastUpdateTimeStamp" "Of the last unit, when all have cleared."
* extension[closed].value[x] -> "incidentComponent.lastUpdateTimeStamp" "When incidentStatusCommonRegistryText says Closed."

Mapping: UnitTimesToIncident
Source: UnitTimes
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* -> "units[]"
* extension[unit].value[x] -> "units[].id"
* extension[name].value[x] -> "units[].name"
* extension[kind].value[x] -> "units[].kind"
* extension[type].value[x] -> "units[].type"
* extension[status].value[x] -> "units[].status"
* extension[employer].value[x] -> "units[].employer"
* extension[crew].value[x] -> "units[].crew[]"
* extension[received].value[x] -> "units[].timeline.received"
* extension[dispatched].value[x] -> "units[].timeline.dispatched"
* extension[enRoute].value[x] -> "units[].timeline.en_route"
* extension[onScene].value[x] -> "units[].timeline.on_scene"
* extension[transporting].value[x] -> "units[].timeline.transporting"
* extension[cleared].value[x] -> "units[].timeline.cleared"
* extension[closed].value[x] -> "units[].timeline.closed"
* extension[destination].value[x] -> "units[].destination"

Mapping: UnitTimesToCad
Source: UnitTimes
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* -> "units"
* extension[unit].value[x] -> "units.id"
* extension[name].value[x] -> "units.name"
* extension[kind].value[x] -> "units.kind" "Commonly the pack's unit table: a co-responder unit is often known by its id alone."
* extension[type].value[x] -> "units.type"
* extension[status].value[x] -> "units.status"
* extension[employer].value[x] -> "units.employer" "Commonly the pack's unit table."
* extension[crew].value[x] -> "units.crew"
* extension[received].value[x] -> "units.received" "Or units.stages, a history of statuses."
* extension[dispatched].value[x] -> "units.dispatched" "Or units.stages, a history of statuses."
* extension[enRoute].value[x] -> "units.en_route" "Or units.stages, a history of statuses."
* extension[onScene].value[x] -> "units.on_scene" "Or units.stages, a history of statuses."
* extension[transporting].value[x] -> "units.transporting" "Or units.stages, a history of statuses."
* extension[cleared].value[x] -> "units.cleared" "Or units.stages, a history of statuses."
* extension[closed].value[x] -> "units.closed" "Or units.stages, a history of statuses."
* extension[destination].value[x] -> "units.destination"

Mapping: UnitTimesToEido
Source: UnitTimes
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "emergencyResourceComponent[]"
* extension[unit].value[x] -> "emergencyResourceComponent[].$id"
* extension[name].value[x] -> "emergencyResourceComponent[].emergencyResourceName"
* extension[kind].value[x] -> "emergencyResourceComponent[].resourceAttributeRegistryText[]" "Else emergencyResourceTypeCommonRegistryText."
* extension[type].value[x] -> "emergencyResourceComponent[].emergencyResourceTypeCommonRegistryText" "With the internal text and the attributes as words."
* extension[status].value[x] -> "emergencyResourceComponent[].secondaryUnitStatusRegistryText[]" "Else primaryUnitStatusRegistryText; unitStatusInternal as words."
* extension[employer].value[x] -> "agentComponent[].agencyReference" "Of the crew, where all have one agency."
* extension[crew].value[x] -> "emergencyResourceComponent[].agentReference[]"
* extension[received].value[x] -> "none"
* extension[dispatched].value[x] -> "dispatchComponent[].lastUpdateTimeStamp" "Of the earliest dispatch that names the unit; else as the stages below."
* extension[enRoute].value[x] -> "emergencyResourceComponent[].lastUpdateTimeStamp" "When the statuses name this stage alone."
* extension[onScene].value[x] -> "emergencyResourceComponent[].lastUpdateTimeStamp" "When the statuses name this stage alone."
* extension[transporting].value[x] -> "emergencyResourceComponent[].lastUpdateTimeStamp" "When the statuses name this stage alone."
* extension[cleared].value[x] -> "emergencyResourceComponent[].lastUpdateTimeStamp" "When the statuses name this stage alone."
* extension[closed].value[x] -> "none"
* extension[destination].value[x] -> "emergencyResourceComponent[].unitDestinationReference"

Mapping: LinkedIncidentToIncident
Source: LinkedIncident
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* -> "links[]"
* extension[kind].value[x] -> "links[].kind"
* extension[number].value[x] -> "links[].number"

Mapping: LinkedIncidentToCad
Source: LinkedIncident
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* extension[kind].value[x] -> "links.kind"
* extension[number].value[x] -> "links.number"

Mapping: LinkedIncidentToEido
Source: LinkedIncident
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* extension[kind].value[x] -> "mergeComponent[].incidentMergeDirectionCode" "Or linkComponent[].linkDirectionCode."
* extension[number].value[x] -> "mergeComponent[].incidentTrackingIdentifier" "Or linkComponent[].incidentTrackingIdentifier."

Mapping: TransportToIncident
Source: Transport
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* -> "contacts[].transport"
* extension[mode].value[x] -> "contacts[].transport.mode"
* extension[destination].value[x] -> "contacts[].transport.destination_text"
* extension[unit].value[x] -> "contacts[].transport.unit"
* extension[started].value[x] -> "contacts[].transport.started"

Mapping: TransportToCad
Source: Transport
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* extension[mode].value[x] -> "contacts.transport.mode"
* extension[destination].value[x] -> "contacts.transport.destination_text"
* extension[unit].value[x] -> "contacts.transport.unit"
* extension[started].value[x] -> "contacts.transport.started"
