Profile: AgencyOrganization
Parent: us-core-organization
Id: agency-organization
Title: "Agency"
Description: "A law enforcement, dispatch or emergency medical agency: whose call it is, or for whom an officer or a unit works. It is used for an organization that the directory or the record lists as an agency. It does not say who the agency is in law: that is declared in the hub's settings, and a payload cannot claim it. It is not a mental health center. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert DirectoryOrganization
* identifier contains ori 0..1 MS
* identifier[ori] ^short = "The agency's originating agency identifier (ORI), which the FBI assigns"
* identifier[ori] ^patternIdentifier.system = "https://warmhandoff.org/fhir/sid/ori"
* identifier[ori].value 1..1

Mapping: AgencyOrganizationToIncident
Source: AgencyOrganization
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert OrganizationFromIncident
* -> "agency"
* identifier[ori] -> "agency" "From the agency's file in the directory."
* insert LabelsFromHub
* identifier[NPI] -> "organizations[].identifiers[]" "Whose assigner is that system."
* identifier.system -> "organizations[].identifiers[].assigner"
* identifier.value -> "organizations[].identifiers[].value"

Mapping: AgencyOrganizationToCad
Source: AgencyOrganization
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert OrganizationFromPack
* -> "pack.agency"
* identifier[ori] -> "pack.agency.ori"
* insert LabelsFromHub
* identifier[NPI] -> "none" "From the agency's file."
* identifier.system -> "none"
* identifier.value -> "organizations.id"
* address.line -> "none" "From the agency's file."
* address.city -> "none" "From the agency's file."
* address.state -> "none" "From the agency's file."
* address.postalCode -> "none" "From the agency's file."
* address.country -> "none" "From the agency's file."

Mapping: AgencyOrganizationToEido
Source: AgencyOrganization
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "agencyComponent[]"
* identifier -> "agencyComponent[].$id"
* identifier[directory] -> "agencyComponent[].$id" "The id by which the directory knows it, else its EIDO id."
* identifier[ori] -> "none" "From the directory."
* active -> "none" "Always true."
* name -> "agencyComponent[].agencyJcard" "Its org, else its fn; else the directory's name."
* telecom -> "agencyComponent[].agencyJcard" "Its tel and email; else the directory's."
* telecom.system -> "agencyComponent[].agencyJcard"
* telecom.value -> "agencyComponent[].agencyJcard"
* address -> "none" "From the directory."
* insert LabelsFromHub
* identifier[NPI] -> "none"
* identifier.system -> "none"
* identifier.value -> "agencyComponent[].$id"
* address.line -> "none" "From the directory."
* address.city -> "none" "From the directory."
* address.state -> "none" "From the directory."
* address.postalCode -> "none" "From the directory."
* address.country -> "none" "From the directory."

Mapping: AgencyOrganizationToV2
Source: AgencyOrganization
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert OrganizationInV2
* identifier[ori] -> "PRD-7"
* insert LabelsInV2
* identifier[NPI] -> "PRD-7" "With the type NPI."
* identifier.system -> "PRD-7.2" "Where the identifier has no type of table 0203."
* identifier.value -> "PRD-7.1"
