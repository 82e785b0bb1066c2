// What agencies and centers have in common: both stand in the directory.

RuleSet: DirectoryOrganization
* insert Labelled
* identifier 1..*
* identifier contains directory 1..1 MS
* identifier[directory] ^short = "The organization's id in the hub's directory, under which a receiver creates it once"
* identifier[directory] ^patternIdentifier.system = "https://warmhandoff.org/fhir/sid/organization"
* identifier[directory].value 1..1
* active ^short = "The directory or the record lists it"

RuleSet: OrganizationFromIncident
* -> "organizations[]" "Completed by the directory, which comes with the agency's file and is not part of the record."
* -> "contacts[].organization"
* identifier -> "organizations[].identifiers[]"
* identifier[directory] -> "organizations[].id"
* active -> "organizations[]" "Always true."
* name -> "organizations[].name"
* telecom -> "organizations[].telecoms[]"
* telecom.system -> "organizations[].telecoms[].system"
* telecom.value -> "organizations[].telecoms[].value"
* address -> "organizations[].address"
* address.line -> "organizations[].address.line"
* address.city -> "organizations[].address.city"
* address.state -> "organizations[].address.state"
* address.postalCode -> "organizations[].address.postal_code"
* address.country -> "organizations[].address.country"

RuleSet: OrganizationFromPack
* -> "organizations" "The pack's list of organizations, or the agency's file. Rows name them by their ids."
* identifier -> "organizations.id"
* identifier[directory] -> "organizations.id"
* active -> "none" "Always true."
* name -> "organizations.name"
* telecom -> "none" "From the agency's file."
* telecom.system -> "none"
* telecom.value -> "none"
* address -> "none" "From the agency's file."

RuleSet: OrganizationInV2
* -> "PRD" "Of who refers and who is asked, beside the practitioner."
* -> "PV1-3.4" "Of the Encounter's service provider: its first identifier."
* identifier -> "PRD-7"
* identifier[directory] -> "PRD-4.4" "Also PRD-7."
* active -> "none" "Reported as not carried."
* name -> "PRD-4.9"
* telecom -> "PRD-5" "Where the role and the practitioner have none."
* telecom.system -> "PRD-5.3"
* telecom.value -> "PRD-5.12" "Also PRD-5.1 up to version 2.5.1; an e-mail address is PRD-5.4."
* address -> "PRD-3" "Where the practitioner has none."
* address.line -> "PRD-3.1"
* address.city -> "PRD-3.3"
* address.state -> "PRD-3.4"
* address.postalCode -> "PRD-3.5"
* address.country -> "PRD-3.6"
