Extension: Part2ConsentElements
Id: part2-consent-elements
Context: Consent
Title: "Elements of a Part 2 consent"
Description: "The elements of 42 CFR 2.31 that R4's Consent has no place for: statements that the form makes, names and classes that are no resource, an expiry that is an event, who was present. One part an element, under its own name, so that a part can move out when FHIR gets a home for it. A part that is not there is not on the form."
* extension contains
    description 0..1 MS and
    discloserName 0..* MS and
    discloserClass 0..* MS and
    recipientName 0..* MS and
    recipientClass 0..* MS and
    intermediary 0..* MS and
    revocationStatement 0..1 MS and
    expiryEvent 0..1 MS and
    redisclosureStatement 0..1 MS and
    hipaaRedisclosureStatement 0..1 MS and
    refusalStatement 0..1 MS and
    signedBy 0..1 MS and
    signatureCapacity 0..1 MS and
    signatureMethod 0..1 MS and
    cosignedBy 0..1 MS and
    cosignatureCapacity 0..1 MS and
    witness 0..* MS and
    counsellingNotes 0..1 MS and
    proceedings 0..1 MS and
    tpo 0..1 MS and
    knownFalse 0..1 and
    revokedAt 0..1 MS and
    revokedAs 0..1 and
    revocationMethod 0..1 and
    revocationTakenBy 0..1 and
    endedAt 0..1
* extension[description] ^short = "What may be shared, in the form's words (2.31(a)(3)); R4 has labels and codes only"
* extension[description].value[x] 1..1
* extension[description].value[x] only string
* extension[discloserName] ^short = "Who may disclose and is no Organization of the directory (2.31(a)(2))"
* extension[discloserName].value[x] 1..1
* extension[discloserName].value[x] only string
* extension[discloserClass] ^short = "A class of those who may disclose (2.31(a)(2)); R4 takes only references"
* extension[discloserClass].value[x] 1..1
* extension[discloserClass].value[x] only string
* extension[recipientName] ^short = "Who may receive and is no Organization of the directory (2.31(a)(4))"
* extension[recipientName].value[x] 1..1
* extension[recipientName].value[x] only string
* extension[recipientClass] ^short = "A class of those who may receive (2.31(a)(4)); R4 takes only references"
* extension[recipientClass].value[x] 1..1
* extension[recipientClass].value[x] only string
* extension[intermediary] ^short = "A recipient that is an intermediary, and its participants (2.31(a)(4)(ii))"
* extension[intermediary].extension contains
    organization 0..1 and
    name 0..1 and
    class 0..1 and
    participant 0..*
* extension[intermediary].extension[organization].value[x] 1..1
* extension[intermediary].extension[organization].value[x] only Reference(Organization)
* extension[intermediary].extension[name].value[x] 1..1
* extension[intermediary].extension[name].value[x] only string
* extension[intermediary].extension[class] ^short = "A class of participants with a treating provider relationship"
* extension[intermediary].extension[class].value[x] 1..1
* extension[intermediary].extension[class].value[x] only string
* extension[intermediary].extension[participant] ^short = "A participant: by reference or identifier, which can be compared, or by name, which is for people to read"
* extension[intermediary].extension[participant].value[x] 1..1
* extension[intermediary].extension[participant].value[x] only string or Identifier or Reference(Organization or Practitioner or PractitionerRole)
* extension[revocationStatement] ^short = "The form states the right to revoke in writing, and how (2.31(a)(6))"
* extension[revocationStatement].value[x] 1..1
* extension[revocationStatement].value[x] only boolean
* extension[expiryEvent] ^short = "The event or condition with which it ends, or none, end of treatment (2.31(a)(7)); R4 has a period only"
* extension[expiryEvent].value[x] 1..1
* extension[expiryEvent].value[x] only string
* extension[redisclosureStatement] ^short = "The form states the risk of redisclosure (2.31(a)(10))"
* extension[redisclosureStatement].value[x] 1..1
* extension[redisclosureStatement].value[x] only boolean
* extension[hipaaRedisclosureStatement] ^short = "The form states that a covered entity may redisclose under HIPAA (2.31(a)(4)(iii))"
* extension[hipaaRedisclosureStatement].value[x] 1..1
* extension[hipaaRedisclosureStatement].value[x] only boolean
* extension[refusalStatement] ^short = "The form states the consequence of refusing (2.31(a)(10))"
* extension[refusalStatement].value[x] 1..1
* extension[refusalStatement].value[x] only boolean
* extension[signedBy] ^short = "The name of who signed, where it is nobody of the record (2.31(a)(8))"
* extension[signedBy].value[x] 1..1
* extension[signedBy].value[x] only string
* extension[signatureCapacity] ^short = "In what capacity they signed (2.31(a)(8), 2.14, 2.15)"
* extension[signatureCapacity].value[x] 1..1
* extension[signatureCapacity].value[x] only code
* extension[signatureCapacity].valueCode from SignatureCapacities (required)
* extension[signatureMethod] ^short = "How it was signed (2.31(a)(8))"
* extension[signatureMethod].value[x] 1..1
* extension[signatureMethod].value[x] only code
* extension[signatureMethod].valueCode from SignatureMethods (required)
* extension[cosignedBy] ^short = "The name of who signed beside them, where it is nobody of the record (2.14(c))"
* extension[cosignedBy].value[x] 1..1
* extension[cosignedBy].value[x] only string
* extension[cosignatureCapacity] ^short = "In what capacity they signed (2.14(c))"
* extension[cosignatureCapacity].value[x] 1..1
* extension[cosignatureCapacity].value[x] only code
* extension[cosignatureCapacity].valueCode from SignatureCapacities (required)
* extension[witness] ^short = "The role of somebody who was present; the officer is never the only one"
* extension[witness].value[x] 1..1
* extension[witness].value[x] only code
* extension[witness].valueCode from StaffRoles (required)
* extension[counsellingNotes] ^short = "It is about counselling notes (2.31(b))"
* extension[counsellingNotes].value[x] 1..1
* extension[counsellingNotes].value[x] only boolean
* extension[proceedings] ^short = "It is for use in proceedings against the patient (2.31(d))"
* extension[proceedings].value[x] 1..1
* extension[proceedings].value[x] only boolean
* extension[tpo] ^short = "It is the single consent to treatment, payment and health care operations (2.31(a)(5)(ii))"
* extension[tpo].value[x] 1..1
* extension[tpo].value[x] only boolean
* extension[knownFalse] ^short = "Known to be materially false (2.31(c)); read by the hub, never written by it"
* extension[knownFalse].value[x] 1..1
* extension[knownFalse].value[x] only boolean
* extension[revokedAt] ^short = "When it was revoked (2.31(a)(6)); R4 has a status without a time"
* extension[revokedAt].value[x] 1..1
* extension[revokedAt].value[x] only dateTime
* extension[revokedAs] ^short = "In what capacity it was revoked (2.31(a)(6), 2.14, 2.15)"
* extension[revokedAs].value[x] 1..1
* extension[revokedAs].value[x] only code
* extension[revokedAs].valueCode from SignatureCapacities (required)
* extension[revocationMethod] ^short = "How the revocation came: written, or said; what was said is not kept"
* extension[revocationMethod].value[x] 1..1
* extension[revocationMethod].value[x] only code
* extension[revocationMethod].valueCode from SignatureMethods (required)
* extension[revocationTakenBy] ^short = "Who took the revocation, or noted the event that ended it"
* extension[revocationTakenBy].value[x] 1..1
* extension[revocationTakenBy].value[x] only string
* extension[endedAt] ^short = "When the event of expiryEvent came (2.31(a)(7)); the period ends then, too"
* extension[endedAt].value[x] 1..1
* extension[endedAt].value[x] only dateTime

CodeSystem: SignatureCapacityCS
Id: signature-capacity
Title: "Capacity of a signature"
Description: "In what capacity somebody signed a consent."
* insert OurCodes
* #patient "Patient" "The patient themselves."
* #representative "Representative" "Somebody whom the law lets act for the patient."
* #parent "Parent" "A parent of a minor."
* #guardian "Guardian" "A guardian of the patient."

ValueSet: SignatureCapacities
Id: signature-capacities
Title: "Capacities of a signature"
Description: "In what capacity somebody signed a consent."
* include codes from system SignatureCapacityCS

CodeSystem: SignatureMethodCS
Id: signature-method
Title: "Method of a signature"
Description: "How a consent was signed."
* insert OurCodes
* #electronic "Electronic" "Signed on a device."
* #paper "Paper" "Signed on paper."
* #verbal "Verbal" "Said, and written down by somebody else."

ValueSet: SignatureMethods
Id: signature-methods
Title: "Methods of a signature"
Description: "How a consent was signed."
* include codes from system SignatureMethodCS

Mapping: Part2ConsentElementsIncident
Source: Part2ConsentElements
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Incident"
* -> "contacts[].consents[]"
* extension[description] -> "contacts[].consents[].description"
* extension[discloserName] -> "contacts[].consents[].disclosers[].name"
* extension[discloserClass] -> "contacts[].consents[].disclosers[].class"
* extension[recipientName] -> "contacts[].consents[].recipients[].name"
* extension[recipientClass] -> "contacts[].consents[].recipients[].class"
* extension[intermediary] -> "contacts[].consents[].recipients[].intermediary, contacts[].consents[].recipients[].participants"
* extension[revocationStatement] -> "contacts[].consents[].revocation_statement"
* extension[expiryEvent] -> "contacts[].consents[].expiry_event"
* extension[redisclosureStatement] -> "contacts[].consents[].redisclosure_statement"
* extension[hipaaRedisclosureStatement] -> "contacts[].consents[].hipaa_redisclosure_statement"
* extension[refusalStatement] -> "contacts[].consents[].refusal_statement"
* extension[signedBy] -> "contacts[].consents[].signature.by"
* extension[signatureCapacity] -> "contacts[].consents[].signature.capacity"
* extension[signatureMethod] -> "contacts[].consents[].signature.method"
* extension[cosignedBy] -> "contacts[].consents[].cosignature.by"
* extension[cosignatureCapacity] -> "contacts[].consents[].cosignature.capacity"
* extension[witness] -> "contacts[].consents[].witnesses"
* extension[counsellingNotes] -> "contacts[].consents[].counselling_notes"
* extension[proceedings] -> "contacts[].consents[].proceedings"
* extension[tpo] -> "contacts[].consents[].purposes"
* extension[revokedAt] -> "contacts[].consents[].revoked_at"
