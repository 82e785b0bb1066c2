// The messages between the hub and a center (R4 messaging). What is in them: the profiles of their Bundles.
RuleSet: Message(id, title, event)
* url = "https://warmhandoff.org/fhir/MessageDefinition/{id}"
* version = "0.1.0"
* name = "{title}"
* status = #active
* date = "2026-11-23"
* eventCoding = https://warmhandoff.org/fhir/CodeSystem/message-event#{event}

Instance: referral-submit
InstanceOf: MessageDefinition
Usage: #definition
Title: "A referral, for the first time"
Description: "The hub asks a center to take a person."
* insert Message(referral-submit, ReferralSubmit, referral-submit)
* title = "A referral, for the first time"
* description = "The hub asks a center to take a person. Sent once; a resend has the same Bundle.id and the same bytes. The 2xx that answers it is a receipt and no acceptance. A center's settings may name another event code and may leave out resource types, Task among them."
* purpose = "So that what a police officer and a clinician learned reaches the center before the person does."
* category = #consequence
* focus[+].code = #ServiceRequest
* focus[=].profile = "https://warmhandoff.org/fhir/StructureDefinition/referral-service-request"
* focus[=].min = 1
* focus[=].max = "1"
* focus[+].code = #Task
* focus[=].profile = "https://warmhandoff.org/fhir/StructureDefinition/referral-task"
* focus[=].min = 0
* focus[=].max = "1"
* allowedResponse[+].message = "https://warmhandoff.org/fhir/MessageDefinition/referral-response"
* allowedResponse[=].situation = "When the center has decided, as a message of its own to the hub, minutes or days later."

Instance: referral-update
InstanceOf: MessageDefinition
Usage: #definition
Title: "A later version of a referral"
Description: "Facts about a referral have changed or come to light since it was sent."
* insert Message(referral-update, ReferralUpdate, referral-update)
* title = "A later version of a referral"
* description = "Facts about a referral have changed or come to light since it was sent. It is the whole referral again, with the same Task.identifier; what the center has answered stands."
* category = #currency
* focus[+].code = #ServiceRequest
* focus[=].profile = "https://warmhandoff.org/fhir/StructureDefinition/referral-service-request"
* focus[=].min = 1
* focus[=].max = "1"
* focus[+].code = #Task
* focus[=].profile = "https://warmhandoff.org/fhir/StructureDefinition/referral-task"
* focus[=].min = 0
* focus[=].max = "1"
* allowedResponse[+].message = "https://warmhandoff.org/fhir/MessageDefinition/referral-response"
* allowedResponse[=].situation = "When the center has decided or its decision has moved on."

Instance: referral-response
InstanceOf: MessageDefinition
Usage: #definition
Title: "A center's answer to a referral"
Description: "The center says whether it takes the person, or what has become of the referral since."
* insert Message(referral-response, ReferralResponse, referral-response)
* title = "A center's answer to a referral"
* description = "The center says whether it takes the person, or what has become of the referral since. Exactly one Task in the Bundle, naming the referral by Task.identifier, by the identifier in basedOn or focus, or by MessageHeader.response.identifier. An Appointment beside it is taken for its start. The hub reads the Task whether or not MessageHeader.focus points to it."
* category = #consequence
* focus[+].code = #Task
* focus[=].min = 0
* focus[=].max = "1"
