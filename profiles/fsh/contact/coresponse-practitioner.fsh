Profile: CoresponsePractitioner
Parent: us-core-practitioner
Id: coresponse-practitioner
Title: "Co-response practitioner"
Description: "An officer, a clinician, a dispatcher or another member of a crew, as a person. It is used for whoever has an id, a name, a number or a credential; of `an officer` without any of these nothing is made up. Somebody known by number only has a family name that is absent as `unknown`. What they did and for whom is the role's to say. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert Labelled
* identifier contains resource 1..1 MS
* identifier[resource] ^short = "The hub's own number of this record, under which a receiver creates it once"
* identifier[resource] ^patternIdentifier.system = "https://warmhandoff.org/fhir/sid/resource"
* identifier[resource].value 1..1
* name 1..1
* name.text MS
* name.family ^comment = "Absent as `unknown` where the source gives a number only, or a name as one text: nobody takes it apart."
* name.family.extension contains $data-absent-reason named absent 0..1 MS
* name.given MS
* qualification MS
* qualification.code MS
* qualification.code ^short = "The credential, in the source's words"

Mapping: CoresponsePractitionerToIncident
Source: CoresponsePractitioner
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* -> "contacts[].clinician"
* -> "contacts[].officer"
* -> "units[].crew[]"
* -> "narratives[].author"
* -> "contacts[].referrals[].decided_by"
* identifier -> "contacts[].clinician.id"
* identifier -> "contacts[].clinician.identifiers[]"
* identifier -> "contacts[].officer.id"
* identifier -> "contacts[].officer.identifiers[]"
* identifier -> "units[].crew[].id"
* identifier -> "units[].crew[].identifiers[]"
* identifier -> "narratives[].author.id"
* identifier -> "narratives[].author.identifiers[]"
* identifier[resource] -> "contacts[].clinician.id" "A keyed id of it."
* identifier[resource] -> "contacts[].officer.id" "A keyed id of it."
* identifier[resource] -> "units[].crew[].id" "A keyed id of it."
* identifier[resource] -> "narratives[].author.id" "A keyed id of it."
* name -> "contacts[].clinician.name"
* name -> "contacts[].officer.name"
* name -> "units[].crew[].name"
* name -> "narratives[].author.name"
* name.text -> "contacts[].clinician.name.text"
* name.text -> "contacts[].officer.name.text"
* name.text -> "units[].crew[].name.text"
* name.text -> "narratives[].author.name.text"
* name.family -> "contacts[].clinician.name.family"
* name.family -> "contacts[].officer.name.family"
* name.family -> "units[].crew[].name.family"
* name.family -> "narratives[].author.name.family"
* name.given -> "contacts[].clinician.name.given[]"
* name.given -> "contacts[].officer.name.given[]"
* name.given -> "units[].crew[].name.given[]"
* name.given -> "narratives[].author.name.given[]"
* qualification -> "contacts[].clinician.credential"
* qualification -> "contacts[].officer.credential"
* qualification -> "units[].crew[].credential"
* qualification -> "narratives[].author.credential"
* qualification.code -> "contacts[].clinician.credential"
* qualification.code -> "contacts[].officer.credential"
* qualification.code -> "units[].crew[].credential"
* qualification.code -> "narratives[].author.credential"
* insert LabelsFromHub
* insert NeverSent(telecom)
* insert NeverSent(telecom.system)
* insert NeverSent(telecom.value)
* insert NeverSent(address)
* insert NeverSent(address.line)
* insert NeverSent(address.city)
* insert NeverSent(address.state)
* insert NeverSent(address.postalCode)
* insert NeverSent(address.country)
* identifier[NPI] -> "contacts[].clinician.identifiers[]" "Whose assigner is that system."
* identifier[NPI] -> "contacts[].officer.identifiers[]" "Whose assigner is that system."
* identifier[NPI] -> "units[].crew[].identifiers[]" "Whose assigner is that system."
* identifier[NPI] -> "narratives[].author.identifiers[]" "Whose assigner is that system."
* identifier.system -> "contacts[].clinician.identifiers[].assigner"
* identifier.system -> "contacts[].officer.identifiers[].assigner"
* identifier.system -> "units[].crew[].identifiers[].assigner"
* identifier.system -> "narratives[].author.identifiers[].assigner"
* identifier.system -> "contacts[].clinician.organization" "Of the employer's own number."
* identifier.system -> "contacts[].officer.organization" "Of the employer's own number."
* identifier.system -> "units[].crew[].organization" "Of the employer's own number."
* identifier.system -> "narratives[].author.organization" "Of the employer's own number."
* identifier.value -> "contacts[].clinician.id"
* identifier.value -> "contacts[].clinician.identifiers[].value"
* identifier.value -> "contacts[].officer.id"
* identifier.value -> "contacts[].officer.identifiers[].value"
* identifier.value -> "units[].crew[].id"
* identifier.value -> "units[].crew[].identifiers[].value"
* identifier.value -> "narratives[].author.id"
* identifier.value -> "narratives[].author.identifiers[].value"
* name.family.extension[absent] -> "contacts[].clinician.name" "Without a family name apart: `unknown`."
* name.family.extension[absent] -> "contacts[].officer.name" "Without a family name apart: `unknown`."
* name.family.extension[absent] -> "units[].crew[].name" "Without a family name apart: `unknown`."
* name.family.extension[absent] -> "narratives[].author.name" "Without a family name apart: `unknown`."

Mapping: CoresponsePractitionerToCad
Source: CoresponsePractitioner
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* -> "contacts.clinician, contacts.officer, units.crew, narratives.author, contacts.referrals.decided_by"
* identifier -> "id, identifiers" "Below each of these."
* identifier[resource] -> "id" "A keyed id of it."
* name -> "name"
* name.text -> "name.text"
* name.family -> "name.family"
* name.given -> "name.given"
* qualification -> "credential"
* qualification.code -> "credential"
* insert LabelsFromHub
* insert NeverSent(telecom)
* insert NeverSent(telecom.system)
* insert NeverSent(telecom.value)
* insert NeverSent(address)
* insert NeverSent(address.line)
* insert NeverSent(address.city)
* insert NeverSent(address.state)
* insert NeverSent(address.postalCode)
* insert NeverSent(address.country)
* identifier[NPI] -> "identifiers" "Whose assigner is that system."
* identifier.system -> "identifiers.assigner, organization"
* identifier.value -> "id, identifiers.value"
* name.family.extension[absent] -> "name" "Without a family name."

Mapping: CoresponsePractitionerToEido
Source: CoresponsePractitioner
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "agentComponent[]"
* identifier -> "agentComponent[].$id"
* identifier[resource] -> "agentComponent[].$id" "A keyed id of it."
* name -> "agentComponent[].agentJcard" "Its fn."
* name.text -> "agentComponent[].agentJcard" "Its fn."
* name.family -> "none" "Absent as `unknown`: the card's name is one text."
* name.given -> "none"
* qualification -> "none"
* qualification.code -> "none"
* insert LabelsFromHub
* insert NeverSent(telecom)
* insert NeverSent(telecom.system)
* insert NeverSent(telecom.value)
* insert NeverSent(address)
* insert NeverSent(address.line)
* insert NeverSent(address.city)
* insert NeverSent(address.state)
* insert NeverSent(address.postalCode)
* insert NeverSent(address.country)
* identifier[NPI] -> "none"
* identifier.system -> "agentComponent[].agencyReference" "Of the employer."
* identifier.value -> "agentComponent[].$id"
* name.family.extension[absent] -> "agentComponent[].agentJcard" "Always: the card's name is one text."

Mapping: CoresponsePractitionerToV2
Source: CoresponsePractitioner
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* -> "PRD"
* identifier -> "PRD-7"
* identifier[resource] -> "PRD-7"
* name -> "PRD-2"
* name.text -> "PRD-2.1" "Where no part is known, with D in PRD-2.7."
* name.family -> "PRD-2.1"
* name.given -> "PRD-2.2"
* qualification -> "none" "Reported as not carried."
* qualification.code -> "none" "Reported as not carried."
* insert LabelsInV2
* insert NeverSent(telecom)
* insert NeverSent(telecom.system)
* insert NeverSent(telecom.value)
* insert NeverSent(address)
* insert NeverSent(address.line)
* insert NeverSent(address.city)
* insert NeverSent(address.state)
* insert NeverSent(address.postalCode)
* insert NeverSent(address.country)
* identifier[NPI] -> "PRD-7" "With the type NPI."
* identifier.system -> "PRD-7.2" "Where the identifier has no type of table 0203."
* identifier.value -> "PRD-7.1"
* name.family.extension[absent] -> "none" "Nothing is sent."
