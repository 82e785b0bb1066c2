Profile: OfficerRole
Parent: us-core-practitionerrole
Id: officer-role
Title: "Officer"
Description: "A law enforcement officer in the contact, and the agency they work for. It is used where the source calls somebody an officer. It is not a rank, and an officer is not a healthcare provider: receivers that list care teams should leave this role out. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert StaffRoleRules
* code contains officer 1..1 MS
* code[officer] = StaffRoleCS#officer

Mapping: OfficerRoleToIncident
Source: OfficerRole
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert StaffRoleFromIncident(officer)
* code[officer] -> "contacts[].officer.role"
* -> "units[].crew[]" "Whose role is officer."
* -> "narratives[].author" "Whose role is officer."
* -> "contacts[].referrals[].decided_by" "Whose role is officer."
* insert LabelsFromHub
* insert NeverSent(specialty)
* insert NeverSent(location)
* insert NeverSent(endpoint)

Mapping: OfficerRoleToCad
Source: OfficerRole
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* -> "contacts.officer, units.crew, narratives.author, contacts.referrals.decided_by" "With the role officer."
* insert StaffRoleFromPack
* code[officer] -> "role"
* insert LabelsFromHub
* insert NeverSent(specialty)
* insert NeverSent(location)
* insert NeverSent(endpoint)

Mapping: OfficerRoleToEido
Source: OfficerRole
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO does not say of an agent that they are an officer: a role made of an agent has no code and claims US Core's profile alone."

Mapping: OfficerRoleToV2
Source: OfficerRole
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert StaffRoleInV2
* code -> "none" "Reported as not carried."
* code[officer] -> "none" "Reported as not carried."
* insert LabelsInV2
* insert NeverSent(specialty)
* insert NeverSent(location)
* insert NeverSent(endpoint)
* insert NotCarriedInV2(identifier)
* insert NotCarriedInV2(identifier[resource])
