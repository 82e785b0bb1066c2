// What a police record says of a person that Patient has no element for.

Extension: RecordedSex
Id: recorded-sex
Title: "Sex as recorded"
Description: "The sex of the person in the code and words of the record it comes from, for example an FBI NCIC code. FHIR has no home for it: Patient.gender takes four codes and drops the source's own, and the birth sex of US Core would say more than an officer knows. It is not a statement of the person's identity."
Context: Patient
* value[x] 1..1
* value[x] only CodeableConcept

Extension: RecordedGender
Id: recorded-gender
Title: "Gender as recorded"
Description: "The gender of the person in the code and words of the record it comes from. FHIR has no home for it: Patient.gender takes four codes and drops the source's own. It is what somebody wrote down, and not necessarily what the person would say."
Context: Patient
* value[x] 1..1
* value[x] only CodeableConcept

Extension: ReportedAge
Id: reported-age
Title: "Age as reported"
Description: "The person's age in years at the time of the contact, where the record has an age. FHIR has no home for it: Patient has a date of birth and no age, and a date worked out from an age would be invented. An infant's age is `< 1 a`."
Context: Patient
* value[x] 1..1
* value[x] only Age

Extension: ReportedAgeApproximate
Id: reported-age-approximate
Title: "Reported age is approximate"
Description: "Whether the age reported was guessed on scene. FHIR has no home for it: an Age has a comparator, which says more or less and not about. It stands beside a reported age only."
Context: Patient
* value[x] 1..1
* value[x] only boolean

Extension: PersonDescription
Id: person-description
Title: "Description of the person"
Description: "What was seen of the person: height, build, hair, clothes. It is how a person whom nobody could name is found again. FHIR has no home for it: Patient has a photograph and no words. It is not a clinical finding."
Context: Patient
* value[x] 1..1
* value[x] only string
