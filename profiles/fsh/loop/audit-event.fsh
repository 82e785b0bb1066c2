Profile: HubAuditEvent
Parent: AuditEvent
Id: hub-audit-event
Title: "Audited event of the hub"
Description: "One act that the hub's audit trail has: who did what to which thing, with what outcome. Shaped as IHE's Basic Audit Log Patterns are. No names of people in records and no text: accounts, codes and keyed ids. It is for the custody whose records it is about; it is never sent to anybody else. Must-support elements are those that the hub writes whenever it knows them."
* type from HubAuditTypes (required)
* type MS
* subtype 1..* MS
* subtype ^slicing.discriminator.type = #value
* subtype ^slicing.discriminator.path = "system"
* subtype ^slicing.rules = #open
* subtype contains kind 1..1 MS
* subtype[kind] from AuditKinds (extensible)
* subtype[kind].system 1..1
* subtype[kind].system = "https://warmhandoff.org/fhir/CodeSystem/audit-kind"
* subtype[kind].code 1..1
* subtype[kind] ^short = "What the hub did or was asked to do; a kind of a family stands below it in the code"
* action 1..1 MS
* recorded MS
* outcome 1..1 MS
* purposeOfEvent MS
* agent 1..1 MS
* agent.type 1..1
* agent.who 1..1
* agent.who.identifier 1..1 MS
* agent.who.identifier ^short = "An account, a source's credential, or a part of the hub"
* agent.requestor = true
* source.observer.identifier 1..1
* entity 1..2 MS
* entity.what 1..1 MS
* entity.type 1..1
* entity.role 1..1
* entity.detail MS
* entity.detail ^short = "Rule codes"
* entity.detail.value[x] only string

ValueSet: HubAuditTypes
Id: hub-audit-types
Title: "Types of audited events"
Description: "A REST interaction, or an act of the application."
* $audit-event-type#rest
* $DCM#110100

Profile: DisclosureAuditEvent
Parent: HubAuditEvent
Id: disclosure-audit-event
Title: "Disclosure of a person's records"
Description: "A disclosure left the hub for another organization, or failed on its way. The accounting of disclosures has what went, to whom and why; this says that it happened, when, and by whom. One that was decided against never left and is no disclosure. Must-support elements are those that the hub writes whenever it knows them."
* type = $DCM#110100
* subtype[kind].code = #disclosure
* action = #E
* purposeOfEvent 1..* MS
* entity 2..2
* entity ^slicing.discriminator.type = #value
* entity ^slicing.discriminator.path = "role.code"
* entity ^slicing.rules = #open
* entity contains patient 1..1 MS
* entity[patient].role.system = "http://terminology.hl7.org/CodeSystem/object-role"
* entity[patient].role.code 1..1
* entity[patient].role.code = #1
* entity[patient].what only Reference(Patient)
* entity[patient] ^short = "The person whose records they are"

Mapping: HubAuditEventIncident
Source: HubAuditEvent
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Incident"
* -> "(none)" "What the hub did, not what a record says."

Mapping: DisclosureAuditEventIncident
Source: DisclosureAuditEvent
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Incident"
* -> "(none)" "What the hub did, not what a record says."
