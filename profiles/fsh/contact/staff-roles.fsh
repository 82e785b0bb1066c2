// Who somebody was in the contact and for whom. The two profiles differ in the code alone.

RuleSet: StaffRoleRules
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
* organization 1..1
* organization ^short = "The employer"
* code 1..1
* code ^slicing.discriminator.type = #pattern
* code ^slicing.discriminator.path = "$this"
* code ^slicing.rules = #open
* telecom 1..*
* telecom ^short = "The employer's: a member of a crew is reached through it"
* telecom ^comment = "The directory's telecom of the employer. Where it has none the role is sent all the same, and claims no profile: US Core wants a telecom or an endpoint."
* telecom.use MS

RuleSet: StaffRoleFromPack
* identifier -> "id" "A keyed id of it, the role and the employer."
* identifier[resource] -> "id" "A keyed id of it, the role and the employer."
* practitioner -> "id, name, identifiers, credential"
* organization -> "organization"
* code -> "role"
* telecom -> "none" "The employer's, from the agency's file."
* telecom.system -> "none"
* telecom.value -> "none"
* telecom.use -> "none"

RuleSet: StaffRoleInV2
* -> "PRD" "Its telecom alone; the code is reported as not carried."
* practitioner -> "PRD-2"
* organization -> "PRD-4"
* telecom -> "PRD-5"
* telecom.system -> "PRD-5.3"
* telecom.value -> "PRD-5.12" "Also PRD-5.1 up to version 2.5.1."
* telecom.use -> "PRD-5.2"

RuleSet: StaffRoleFromIncident(who)
* -> "contacts[].{who}"
* identifier -> "contacts[].{who}.id" "A keyed id of it, the role and the employer."
* identifier[resource] -> "contacts[].{who}.id" "A keyed id of it, the role and the employer."
* practitioner -> "contacts[].{who}"
* organization -> "contacts[].{who}.organization"
* code -> "contacts[].{who}.role"
* telecom -> "organizations[].telecoms[]" "The employer's."
* telecom.system -> "organizations[].telecoms[].system"
* telecom.value -> "organizations[].telecoms[].value"
* telecom.use -> "organizations[].telecoms[].use"
