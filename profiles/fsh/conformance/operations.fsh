// What the hub does for other systems beside the loop.
Instance: label
InstanceOf: OperationDefinition
Usage: #definition
Title: "Label records"
Description: "Puts security labels on a resource or a Bundle (HL7 Data Segmentation for Privacy) and gives it back."
* url = "https://warmhandoff.org/fhir/OperationDefinition/label"
* version = "0.1.0"
* name = "LabelRecords"
* title = "Label records"
* status = #active
* kind = #operation
* date = "2026-11-23"
* description = "Puts security labels on a resource or a Bundle (HL7 Data Segmentation for Privacy 1.0.0) and gives it back: by origin, by codes and by words, wherever they stand, with the high-water mark of a Bundle. The origin is the caller's organization with its declared posture; a Provenance in the Bundle can add that a record was made from a Part 2 program's, and takes nothing away. Labels that came with it are never lowered. Each added label carries its basis, its classifier and its rule. What came labelled otherwise than it should be is in `outcome`. Nothing of the input is kept or logged; that it was asked for is audited. The answer is no release: it goes back to who sent it."
* affectsState = false
* code = #label
* system = true
* type = false
* instance = false
* parameter[+].name = #resource
* parameter[=].use = #in
* parameter[=].min = 1
* parameter[=].max = "1"
* parameter[=].type = #Resource
* parameter[=].documentation = "The resource or Bundle: the body itself, or the one parameter of a Parameters."
* parameter[+].name = #return
* parameter[=].use = #out
* parameter[=].min = 1
* parameter[=].max = "1"
* parameter[=].type = #Resource
* parameter[=].documentation = "The same, labelled. An entry is changed in `meta.security` and nowhere else."
* parameter[+].name = #outcome
* parameter[=].use = #out
* parameter[=].min = 1
* parameter[=].max = "1"
* parameter[=].type = #OperationOutcome
* parameter[=].documentation = "What the input came labelled wrongly with: an issue of type conflict for each, with the rule (CodeSystem/issue-rule, `label.*`) and the place, never a value. One informational issue when there is nothing to say."

Instance: decide
InstanceOf: OperationDefinition
Usage: #definition
Title: "Decide a release"
Description: "Decides, record by record, whether a recipient may have it for a purpose, and says why."
* url = "https://warmhandoff.org/fhir/OperationDefinition/decide"
* version = "0.1.0"
* name = "DecideRelease"
* title = "Decide a release"
* status = #active
* kind = #operation
* date = "2026-11-23"
* description = "Decides, record by record, whether a recipient may have it for a purpose, and says why: by the law over the record (42 CFR Part 2, HIPAA, an agency's exchange policy), the declared state policy, the patient's consents, and the named exceptions with their evidence. Who discloses is the caller: its organization with its declared posture. Nothing is sent, and nothing of the question is kept; it is audited. The answer is for who discloses. It is not for the recipient: what is withheld must not be told."
* affectsState = false
* code = #decide
* system = true
* type = false
* instance = false
* parameter[+].name = #resource
* parameter[=].use = #in
* parameter[=].min = 1
* parameter[=].max = "*"
* parameter[=].type = #Resource
* parameter[=].documentation = "A record that is asked about, or a Bundle of them. Each is the record of the caller; one that is asked about as another system would send it is labelled first."
* parameter[+].name = #patient
* parameter[=].use = #in
* parameter[=].min = 0
* parameter[=].max = "1"
* parameter[=].type = #Reference
* parameter[=].documentation = "Whose records they are, as the Consents name the patient. Without it no consent permits."
* parameter[+].name = #recipient
* parameter[=].use = #in
* parameter[=].min = 1
* parameter[=].max = "1"
* parameter[=].type = #Reference
* parameter[=].documentation = "Who would receive: a reference or an identifier, as the Consents name it."
* parameter[+].name = #recipientRole
* parameter[=].use = #in
* parameter[=].min = 0
* parameter[=].max = "1"
* parameter[=].type = #code
* parameter[=].documentation = "Who that is in law: part2-program, covered-entity, business-associate, qso, intermediary, law-enforcement, lawful-holder, other, patient or representative. Of an organization that this hub knows, the declared role counts. An unknown role is a refusal."
* parameter[+].name = #recipientDuty
* parameter[=].use = #in
* parameter[=].min = 0
* parameter[=].max = "*"
* parameter[=].type = #code
* parameter[=].documentation = "medical-personnel (42 CFR 2.51), treating (2.31(a)(4)) or monitoring (2.35)."
* parameter[+].name = #purpose
* parameter[=].use = #in
* parameter[=].min = 1
* parameter[=].max = "1"
* parameter[=].type = #Coding
* parameter[=].documentation = "What for: v3-ActReason, or police-purpose-of-use. An unknown purpose is a refusal."
* parameter[+].name = #at
* parameter[=].use = #in
* parameter[=].min = 0
* parameter[=].max = "1"
* parameter[=].type = #dateTime
* parameter[=].documentation = "When. Now, if it is not said."
* parameter[+].name = #birthDate
* parameter[=].use = #in
* parameter[=].min = 0
* parameter[=].max = "1"
* parameter[=].type = #date
* parameter[=].documentation = "The patient's, where no Patient among the records says it and the age decides who may sign (42 CFR 2.14)."
* parameter[+].name = #law
* parameter[=].use = #in
* parameter[=].min = 0
* parameter[=].max = "1"
* parameter[=].type = #code
* parameter[=].documentation = "part2 or hipaa: that law and no weaker one. consent: the consents alone decide. By origin, if it is not said."
* parameter[+].name = #consent
* parameter[=].use = #in
* parameter[=].min = 0
* parameter[=].max = "*"
* parameter[=].type = #Consent
* parameter[=].documentation = "A Consent to decide by, beside those that the caller's own custody at this hub holds of the patient."
* parameter[+].name = #actor
* parameter[=].use = #in
* parameter[=].min = 0
* parameter[=].max = "*"
* parameter[=].type = #Resource
* parameter[=].documentation = "An Organization, PractitionerRole, CareTeam or OrganizationAffiliation that says who somebody is."
* parameter[+].name = #evidence
* parameter[=].use = #in
* parameter[=].min = 0
* parameter[=].max = "*"
* parameter[=].documentation = "What is shown for a named exception."
* parameter[=].part[0].name = #type
* parameter[=].part[0].use = #in
* parameter[=].part[0].min = 1
* parameter[=].part[0].max = "1"
* parameter[=].part[0].type = #code
* parameter[=].part[0].documentation = "emergency, audit, court-order, subpoena, crime-on-premises, child-abuse or monitoring-duty."
* parameter[=].part[+].name = #reference
* parameter[=].part[=].use = #in
* parameter[=].part[=].min = 0
* parameter[=].part[=].max = "1"
* parameter[=].part[=].type = #Reference
* parameter[=].part[=].documentation = "Where it is kept. Evidence that is kept nowhere counts for nothing."
* parameter[=].part[+].name = #at
* parameter[=].part[=].use = #in
* parameter[=].part[=].min = 0
* parameter[=].part[=].max = "1"
* parameter[=].part[=].type = #dateTime
* parameter[=].part[=].documentation = "When it was given."
* parameter[=].part[+].name = #by
* parameter[=].part[=].use = #in
* parameter[=].part[=].min = 0
* parameter[=].part[=].max = "1"
* parameter[=].part[=].type = #Reference
* parameter[=].part[=].documentation = "By whom."
* parameter[+].name = #decision
* parameter[=].use = #out
* parameter[=].min = 1
* parameter[=].max = "1"
* parameter[=].type = #code
* parameter[=].documentation = "permit if anything may go, else hold if a person has to decide something, else deny."
* parameter[+].name = #entry
* parameter[=].use = #out
* parameter[=].min = 0
* parameter[=].max = "*"
* parameter[=].documentation = "The decision about one record."
* parameter[=].part[0].name = #index
* parameter[=].part[0].use = #out
* parameter[=].part[0].min = 1
* parameter[=].part[0].max = "1"
* parameter[=].part[0].type = #integer
* parameter[=].part[0].documentation = "Which: counted from 0 over the records, with the entries of a Bundle in its place."
* parameter[=].part[+].name = #decision
* parameter[=].part[=].use = #out
* parameter[=].part[=].min = 1
* parameter[=].part[=].max = "1"
* parameter[=].part[=].type = #code
* parameter[=].part[=].documentation = "permit, redact (without what an obligation names), deny, no-consent or hold."
* parameter[=].part[+].name = #because
* parameter[=].part[=].use = #out
* parameter[=].part[=].min = 1
* parameter[=].part[=].max = "*"
* parameter[=].part[=].type = #string
* parameter[=].part[=].documentation = "Why: the rule and its citation."
* parameter[=].part[+].name = #consent
* parameter[=].part[=].use = #out
* parameter[=].part[=].min = 0
* parameter[=].part[=].max = "*"
* parameter[=].part[=].type = #string
* parameter[=].part[=].documentation = "A Consent that the decision rests on."
* parameter[=].part[+].name = #obligation
* parameter[=].part[=].use = #out
* parameter[=].part[=].min = 0
* parameter[=].part[=].max = "*"
* parameter[=].part[=].type = #string
* parameter[=].part[=].documentation = "What must be done with it: a code of v3-ActCode or release-obligation, or REDACT with the sensitivities to take out."
* parameter[+].name = #conflict
* parameter[=].use = #out
* parameter[=].min = 0
* parameter[=].max = "*"
* parameter[=].documentation = "Consents that contradict each other, for a person. The refusal holds."
* parameter[=].part[0].name = #permit
* parameter[=].part[0].use = #out
* parameter[=].part[0].min = 1
* parameter[=].part[0].max = "*"
* parameter[=].part[0].type = #string
* parameter[=].part[0].documentation = "A Consent that permits."
* parameter[=].part[+].name = #deny
* parameter[=].part[=].use = #out
* parameter[=].part[=].min = 1
* parameter[=].part[=].max = "*"
* parameter[=].part[=].type = #string
* parameter[=].part[=].documentation = "A Consent that refuses."
* parameter[=].part[+].name = #index
* parameter[=].part[=].use = #out
* parameter[=].part[=].min = 1
* parameter[=].part[=].max = "*"
* parameter[=].part[=].type = #integer
* parameter[=].part[=].documentation = "A record that they contradict each other about."
