Profile: ClinicianRole
Parent: us-core-practitionerrole
Id: clinician-role
Title: "Clinician"
Description: "A clinician of the co-responder team, and the organization that employs them: whose employer it is decides whose record the contact is. It is used where the source calls somebody a clinician. It is not a licence; the credential stands on the Practitioner. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert StaffRoleRules
* code contains clinician 1..1 MS
* code[clinician] = StaffRoleCS#clinician

Mapping: ClinicianRoleToIncident
Source: ClinicianRole
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert StaffRoleFromIncident(clinician)
* code[clinician] -> "contacts[].clinician.role"
* -> "units[].crew[]" "Whose role is clinician."
* -> "narratives[].author" "Whose role is clinician."
* -> "contacts[].referrals[].decided_by" "Whose role is clinician."
* insert LabelsFromHub
* insert NeverSent(specialty)
* insert NeverSent(location)
* insert NeverSent(endpoint)

Mapping: ClinicianRoleToCad
Source: ClinicianRole
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* -> "contacts.clinician, units.crew, narratives.author, contacts.referrals.decided_by" "With the role clinician."
* insert StaffRoleFromPack
* code[clinician] -> "role"
* insert LabelsFromHub
* insert NeverSent(specialty)
* insert NeverSent(location)
* insert NeverSent(endpoint)

Mapping: ClinicianRoleToEido
Source: ClinicianRole
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO does not say of an agent that they are a clinician: a role made of an agent has no code and claims US Core's profile alone."

Mapping: ClinicianRoleToV2
Source: ClinicianRole
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert StaffRoleInV2
* code -> "none" "Reported as not carried."
* code[clinician] -> "none" "Reported as not carried."
* insert LabelsInV2
* insert NeverSent(specialty)
* insert NeverSent(location)
* insert NeverSent(endpoint)
* insert NotCarriedInV2(identifier)
* insert NotCarriedInV2(identifier[resource])
