Profile: CoresponsePatient
Parent: us-core-patient
Id: coresponse-patient
Title: "Co-response patient"
Description: "A person whom the team met, or who is the subject of a call or of a police report. It is used for subjects alone: callers, witnesses and suspects are not carried. Somebody whom nobody could name is a Patient too: the name is then absent as `unknown`, the hub's own number is the identifier, and what was seen of the person stands in the description; no name is invented. It is not a record of a client of the center: matching is the center's. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert Labelled
* extension[race] MS
* extension[ethnicity] MS
* extension contains
    RecordedSex named recordedSex 0..1 MS and
    RecordedGender named recordedGender 0..1 MS and
    ReportedAge named reportedAge 0..1 MS and
    ReportedAgeApproximate named reportedAgeApproximate 0..1 MS and
    PersonDescription named personDescription 0..1 MS and
    $patient-interpreterRequired named interpreterRequired 0..1 MS
* obeys wh-approximate-age
* identifier ^short = "What the source's systems call the person; of nobody identified, the hub's own number"
* identifier.type MS
* name ^short = "As the source has it, with aliases; absent as `unknown` of somebody whom nobody could name"
* name ^comment = "A name that the source gives as one text has a family name that is absent as `unknown`: nobody takes it apart."
* name.extension contains $data-absent-reason named absent 0..1 MS
* name.use MS
* name.text MS
* telecom MS
* gender ^comment = "`unknown` also where nothing was said, or something that is none of the other codes; the source's own word is in the recorded sex or gender."
* address MS
* address.text MS
* communication MS
* communication.preferred MS
* communication.preferred ^short = "The language in which an interpreter is needed"

Invariant: wh-approximate-age
Description: "That an age is approximate is said beside a reported age only."
Severity: #error
Expression: "extension.where(url = 'https://warmhandoff.org/fhir/StructureDefinition/reported-age-approximate').exists() implies extension.where(url = 'https://warmhandoff.org/fhir/StructureDefinition/reported-age').exists()"

Mapping: CoresponsePatientToIncident
Source: CoresponsePatient
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* -> "persons[]" "Whose roles hold `subject`, or whom a contact names."
* extension[race] -> "persons[].race[]"
* extension[ethnicity] -> "persons[].ethnicity"
* extension[recordedSex] -> "persons[].sex"
* extension[recordedGender] -> "persons[].gender"
* extension[reportedAge] -> "persons[].age_years"
* extension[reportedAgeApproximate] -> "persons[].approximate_age"
* extension[personDescription] -> "persons[].description"
* extension[interpreterRequired] -> "persons[].interpreter"
* identifier -> "persons[].identifiers[]"
* identifier -> "persons[].slot" "Where no identifier says whose it is: the hub's own number, a keyed id of the incident's number and the person's slot."
* identifier.type -> "persons[].identifiers[].kind"
* identifier.system -> "persons[].identifiers[].assigner"
* identifier.value -> "persons[].identifiers[].value"
* name -> "persons[].names[]"
* name.extension[absent] -> "persons[].names[]" "Without any name that says something: `unknown`."
* name.use -> "persons[].names[].use"
* name.text -> "persons[].names[].text"
* name.family -> "persons[].names[].family"
* name.given -> "persons[].names[].given[]"
* telecom -> "persons[].telecoms[]"
* telecom.system -> "persons[].telecoms[].system"
* telecom.value -> "persons[].telecoms[].value"
* telecom.use -> "persons[].telecoms[].use"
* gender -> "persons[].gender" "As mapped to FHIR's administrative gender."
* gender -> "persons[].sex" "As mapped to FHIR's administrative gender, where the gender is not."
* birthDate -> "persons[].birth_date"
* address -> "persons[].addresses[]"
* address.text -> "persons[].addresses[].text"
* address.line -> "persons[].addresses[].line"
* address.city -> "persons[].addresses[].city"
* address.state -> "persons[].addresses[].state"
* address.postalCode -> "persons[].addresses[].postal_code"
* communication -> "persons[].languages[]"
* communication -> "persons[].interpreter"
* communication.language -> "persons[].languages[]"
* communication.preferred -> "persons[].interpreter"
* insert LabelsFromHub

Mapping: CoresponsePatientToCad
Source: CoresponsePatient
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* -> "persons" "Whom the pack's role table calls a subject."
* extension[race] -> "persons.race"
* extension[ethnicity] -> "persons.ethnicity"
* extension[recordedSex] -> "persons.sex"
* extension[recordedGender] -> "persons.gender"
* extension[reportedAge] -> "persons.age_years"
* extension[reportedAgeApproximate] -> "persons.approximate_age"
* extension[personDescription] -> "persons.description"
* extension[interpreterRequired] -> "persons.interpreter"
* identifier -> "persons.identifiers" "Else made of persons.slot. Columns that the pack declares as criminal justice data never come here."
* identifier.type -> "persons.identifiers.kind"
* identifier.system -> "persons.identifiers.assigner"
* identifier.value -> "persons.identifiers.value"
* name -> "persons.names"
* name.extension[absent] -> "persons.names" "Without any."
* name.use -> "persons.names.use"
* name.text -> "persons.names.text"
* name.family -> "persons.names.family"
* name.given -> "persons.names.given"
* telecom -> "persons.telecoms"
* telecom.system -> "persons.telecoms.system"
* telecom.value -> "persons.telecoms.value"
* telecom.use -> "persons.telecoms.use"
* gender -> "persons.gender, persons.sex" "Through a code table of the pack."
* birthDate -> "persons.birth_date" "The pack's marker of an unknown date makes none."
* address -> "persons.addresses"
* address.text -> "persons.addresses.text"
* address.line -> "persons.addresses.line"
* address.city -> "persons.addresses.city"
* address.state -> "persons.addresses.state"
* address.postalCode -> "persons.addresses.postal_code"
* communication -> "persons.languages, persons.interpreter"
* communication.language -> "persons.languages, persons.interpreter"
* communication.preferred -> "persons.interpreter"
* insert LabelsFromHub

Mapping: CoresponsePatientToEido
Source: CoresponsePatient
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "personComponent[]" "Whose personIncidentRoleRegistryText holds Patient."
* extension[race] -> "personComponent[].ncPersonComponent.raceCode[]" "Else race."
* extension[ethnicity] -> "personComponent[].ncPersonComponent.ethnicityCode[]" "Else ethnicity."
* extension[recordedSex] -> "personComponent[].ncPersonComponent.sexCode[]" "With sex as words."
* extension[recordedGender] -> "none"
* extension[reportedAge] -> "personComponent[].ncPersonComponent.ageMeasure[]" "In years; another unit goes to the description."
* extension[reportedAgeApproximate] -> "personComponent[].ncPersonComponent.ageMeasure[].isEstimated"
* extension[personDescription] -> "personComponent[].ncPersonComponent.description[]" "With appearance, height, weight, build, hair and eyes."
* extension[interpreterRequired] -> "none"
* identifier -> "personComponent[].$id" "Made into the hub's own number: social security, state and licence numbers are dropped, and counted."
* identifier.type -> "none"
* identifier.system -> "none" "The hub's own."
* identifier.value -> "personComponent[].$id" "A keyed id of it."
* name -> "personComponent[].ncPersonComponent.name[]"
* name.extension[absent] -> "personComponent[].ncPersonComponent.name[]" "Without any, or with words for an unknown person in its place."
* name.use -> "none"
* name.text -> "personComponent[].ncPersonComponent.name[].personFullName[]" "Where its parts are not given."
* name.family -> "personComponent[].ncPersonComponent.name[].personSurName[]"
* name.given -> "personComponent[].ncPersonComponent.name[].personGivenName[]" "Then personMiddleName."
* telecom -> "none" "A call-back number is for calling back and is dropped."
* telecom.system -> "none"
* telecom.value -> "none"
* telecom.use -> "none"
* gender -> "personComponent[].ncPersonComponent.sexCode[]" "M, F and U; others are `unknown`."
* birthDate -> "personComponent[].ncPersonComponent.birthDate[]"
* address -> "none"
* address.text -> "none"
* address.line -> "none"
* address.city -> "none"
* address.state -> "none"
* address.postalCode -> "none"
* communication -> "personComponent[].ncPersonComponent.primaryLanguage[]" "Then secondaryLanguage."
* communication.language -> "personComponent[].ncPersonComponent.primaryLanguage[].languageCode[]" "With languageName as words."
* communication.preferred -> "none"
* insert LabelsFromHub

Mapping: CoresponsePatientToV2
Source: CoresponsePatient
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* -> "PID"
* extension[race] -> "PID-10"
* extension[ethnicity] -> "PID-22"
* extension[recordedSex] -> "none" "Reported as not carried."
* extension[recordedGender] -> "none" "Reported as not carried."
* extension[reportedAge] -> "OBX-5" "Below an OBR; OBX-3 is reported-age."
* extension[reportedAgeApproximate] -> "OBX-5" "Below the same OBR; OBX-3 is reported-age-approximate."
* extension[personDescription] -> "OBX-5" "Below the same OBR; OBX-3 is person-description."
* extension[interpreterRequired] -> "none" "Reported as not carried; the language is PID-15."
* identifier -> "PID-3"
* identifier.type -> "PID-3.5" "Where it is coded in table 0203."
* identifier.system -> "PID-3.4"
* identifier.value -> "PID-3.1"
* name -> "PID-5"
* name.extension[absent] -> "PID-31" "Y, from version 2.5 on; PID-5.7 is U."
* name.use -> "PID-5.7"
* name.text -> "PID-5.1" "Where no part is known, with D in PID-5.7."
* name.family -> "PID-5.1"
* name.given -> "PID-5.2" "Others after the first in PID-5.3."
* telecom -> "PID-13" "PID-14 for a number at work."
* telecom.system -> "PID-13.3"
* telecom.value -> "PID-13.12" "Also PID-13.1 up to version 2.5.1; an e-mail address is PID-13.4."
* telecom.use -> "PID-13.2"
* gender -> "PID-8"
* birthDate -> "PID-7"
* address -> "PID-11"
* address.text -> "PID-11.1" "Where there is neither a line nor a city."
* address.line -> "PID-11.1"
* address.city -> "PID-11.3"
* address.state -> "PID-11.4"
* address.postalCode -> "PID-11.5"
* communication -> "PID-15"
* communication.language -> "PID-15" "The preferred one, else the only one."
* communication.preferred -> "PID-15" "By being the one sent."
* insert LabelsInV2
