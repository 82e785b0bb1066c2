// What the three consents of a field contact share: the form as it was signed, element by element.
RuleSet: FieldConsent
* insert Labelled
* extension contains Part2ConsentElements named elements 0..1 MS
* identifier 1..* MS
* identifier.system 1..1
* identifier.value 1..1
* status MS
* scope = $consentscope#patient-privacy
* category ^slicing.discriminator.type = #pattern
* category ^slicing.discriminator.path = "$this"
* category ^slicing.rules = #open
* category contains kind 1..1 and directive 1..1
* category[kind] = $loinc#59284-0
* category[directive] ^short = "Which directive it is (v3-ActCode)"
* patient 1..1 MS
* patient only Reference($us-core-patient)
* dateTime 1..1 MS
* dateTime ^short = "When it was signed"
* performer 1..* MS
* performer ^short = "Who signed: the patient, or who may sign for them"
* organization MS
* organization ^short = "Who may disclose"
* source[x] only Reference(DocumentReference)
* sourceReference MS
* sourceReference ^short = "The signed form, scanned"
* policy 1..1 MS
* policy.uri 1..1
* provision 1..1 MS
* provision.type 1..1 MS
* provision.period MS
* provision.actor MS
* provision.actor ^short = "Who may receive, by name (role IRCP)"
* provision.securityLabel MS
* provision.securityLabel ^short = "What it is about, by sensitivity (v3-ActCode)"
* provision.purpose MS
* provision.provision MS
* provision.provision ^short = "What is left out of a permit: a deny of these sensitivities"

// What 42 CFR 2.31 and 45 CFR 164.508(c) both ask for.
RuleSet: WrittenPermission
* provision.purpose 1..*
* extension[elements] 1..1
* obeys wh-consent-discloser and wh-consent-recipient and wh-consent-description and wh-consent-expiry and wh-consent-revocation

Invariant: wh-consent-discloser
Description: "It says who may disclose: an organization, or a name or class in part2-consent-elements"
Severity: #error
Expression: "organization.exists() or extension('https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements').extension.where(url = 'discloserName' or url = 'discloserClass').exists()"

Invariant: wh-consent-recipient
Description: "It says who may receive: an actor, or a name, a class or an intermediary in part2-consent-elements"
Severity: #error
Expression: "provision.actor.exists() or extension('https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements').extension.where(url = 'recipientName' or url = 'recipientClass' or url = 'intermediary').exists()"

Invariant: wh-consent-description
Description: "It says what may be disclosed: sensitivities, or a description in part2-consent-elements"
Severity: #error
Expression: "provision.securityLabel.exists() or extension('https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements').extension.where(url = 'description').exists()"

Invariant: wh-consent-expiry
Description: "It ends: on a date, or with an event or condition in part2-consent-elements"
Severity: #error
Expression: "provision.period.end.exists() or extension('https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements').extension.where(url = 'expiryEvent').exists()"

Invariant: wh-consent-revocation
Description: "The form states the right to revoke and how (revocationStatement true in part2-consent-elements)"
Severity: #error
Expression: "extension('https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements').extension.where(url = 'revocationStatement' and value = true).exists()"

Invariant: wh-consent-tpo
Description: "A single consent for treatment, payment and health care operations states HIPAA's redisclosure, the risk of redisclosure and the consequence of refusal"
Severity: #error
Expression: "extension('https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements').extension.where(url = 'tpo' and value = true).exists() implies (extension('https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements').extension.where(url = 'hipaaRedisclosureStatement' and value = true).exists() and extension('https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements').extension.where(url = 'redisclosureStatement' and value = true).exists() and extension('https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements').extension.where(url = 'refusalStatement' and value = true).exists())"

Invariant: wh-consent-authorization
Description: "An authorization states the risk of redisclosure and the consequence of refusal (45 CFR 164.508(c)(2))"
Severity: #error
Expression: "extension('https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements').extension.where(url = 'redisclosureStatement' and value = true).exists() and extension('https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements').extension.where(url = 'refusalStatement' and value = true).exists()"

Profile: Part2Consent
Parent: Consent
Id: part2-consent
Title: "Part 2 consent"
Description: "A patient's written consent to disclose records of a substance use disorder program, with the elements that 42 CFR 2.31(a) asks for. Only a form that has them claims this profile. Claiming it does not make a consent valid: expiry, revocation, who asks and for what are decided each time something is to be released. A form that lacks an element still travels, without the claim. Must-support elements are those that the hub sends whenever it knows them; a receiver can show or keep them."
* insert FieldConsent
* insert WrittenPermission
* category[directive] = $ActCode#42CFRPart2CD
* policy.uri = "https://www.ecfr.gov/current/title-42/section-2.31"
* policy.uri ^comment = "The regulation itself: HL7's consent policy codes have none for Part 2."
* obeys wh-consent-tpo

Profile: AuthorizationConsent
Parent: Consent
Id: authorization-consent
Title: "HIPAA authorization"
Description: "A person's written authorization under 45 CFR 164.508, with the elements and statements of its paragraph (c). Only a form that has them claims this profile, and claiming it does not make it valid. It permits nothing that 42 CFR part 2 forbids without a Part 2 consent. Must-support elements are those that the hub sends whenever it knows them; a receiver can show or keep them."
* insert FieldConsent
* insert WrittenPermission
* category[directive] = $ActCode#HIPAAAuthCD
* policy.uri = "https://www.ecfr.gov/current/title-45/section-164.508"
* obeys wh-consent-authorization

Profile: OptOutConsent
Parent: Consent
Id: opt-out-consent
Title: "Opt-out"
Description: "A person's refusal: these data, to these recipients or for these purposes, are not to go. Without sensitivities, actors or purposes it is about everything. It stands against every permit. Must-support elements are those that the hub sends whenever it knows them; a receiver can show or keep them."
* insert FieldConsent
* category[directive] = $ActCode#OPTOUT
* policy.uri = "https://www.ecfr.gov/current/title-45/section-164.522"
* provision.type = #deny
* provision.provision 0..0
