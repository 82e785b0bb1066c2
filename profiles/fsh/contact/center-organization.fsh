Profile: CenterOrganization
Parent: us-core-organization
Id: center-organization
Title: "Center"
Description: "A mental health center, a crisis center, a treatment program or a co-response program: whom a referral asks, or for whom a clinician works. It is used for an organization that the directory or the record lists as a center. It does not say whether it is a substance use disorder program (42 CFR Part 2): that is declared in the hub's settings, and shows in the labels of its records. It is not a police agency. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert DirectoryOrganization
* type 1..* MS
* type ^slicing.discriminator.type = #pattern
* type ^slicing.discriminator.path = "$this"
* type ^slicing.rules = #open
* type contains provider 1..1 MS
* type[provider] = $organization-type#prov
* type[provider] ^short = "A healthcare provider"

Mapping: CenterOrganizationToIncident
Source: CenterOrganization
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert OrganizationFromIncident
* -> "contacts[].referrals[].organization"
* -> "contacts[].transport.destination"
* type -> "organizations[].kind"
* type[provider] -> "organizations[].kind"
* insert LabelsFromHub
* identifier[NPI] -> "organizations[].identifiers[]" "Whose assigner is that system."
* identifier.system -> "organizations[].identifiers[].assigner"
* identifier.value -> "organizations[].identifiers[].value"

Mapping: CenterOrganizationToCad
Source: CenterOrganization
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert OrganizationFromPack
* type -> "organizations.kind"
* type[provider] -> "organizations.kind"
* insert LabelsFromHub
* identifier[NPI] -> "none" "From the agency's file."
* identifier.system -> "none"
* identifier.value -> "organizations.id"
* address.line -> "none" "From the agency's file."
* address.city -> "none" "From the agency's file."
* address.state -> "none" "From the agency's file."
* address.postalCode -> "none" "From the agency's file."
* address.country -> "none" "From the agency's file."

Mapping: CenterOrganizationToEido
Source: CenterOrganization
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO calls each organization an agency; a center comes from the directory."

Mapping: CenterOrganizationToV2
Source: CenterOrganization
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert OrganizationInV2
* type -> "none" "Reported as not carried."
* type[provider] -> "none" "Reported as not carried."
* insert LabelsInV2
* identifier[NPI] -> "PRD-7" "With the type NPI."
* identifier.system -> "PRD-7.2" "Where the identifier has no type of table 0203."
* identifier.value -> "PRD-7.1"
