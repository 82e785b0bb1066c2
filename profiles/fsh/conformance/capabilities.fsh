// What the hub does over FHIR today, and nothing else. A test holds it to that: each interaction here works, and each
// FHIR route of the hub is here. The hub serves the server's statement at /fhir/metadata.
RuleSet: Statement(id, title)
* url = "https://warmhandoff.org/fhir/CapabilityStatement/{id}"
* version = "0.1.0"
* name = "{title}"
* status = #active
* date = "2026-11-23"
* kind = #capability
* software.name = "Warm Handoff hub"
* software.version = "0.1.0"
* fhirVersion = #4.0.1
* format = #json

// A resource type of the transaction, created once by its identifier and updated by the same.
RuleSet: InTransaction(type, profile)
* rest[0].resource[+].type = #{type}
* rest[0].resource[=].supportedProfile[+] = "https://warmhandoff.org/fhir/StructureDefinition/{profile}"
* rest[0].resource[=].interaction[+].code = #create
* rest[0].resource[=].interaction[=].documentation = "As an entry of the transaction, with `ifNoneExist` on its identifier."
* rest[0].resource[=].interaction[+].code = #update
* rest[0].resource[=].interaction[=].documentation = "As an entry of the transaction of a later version: `PUT` by the same identifier."
* rest[0].resource[=].conditionalCreate = true
* rest[0].resource[=].conditionalUpdate = true

RuleSet: AlsoProfile(profile)
* rest[0].resource[=].supportedProfile[+] = "https://warmhandoff.org/fhir/StructureDefinition/{profile}"

Instance: hub-server
InstanceOf: CapabilityStatement
Usage: #definition
Title: "The hub as a FHIR server"
Description: "What a center's system may ask of the hub over FHIR."
* insert Statement(hub-server, HubServer)
* title = "The hub as a FHIR server"
* description = "What a center's system may ask of the hub over FHIR: write the answer to a referral into its Task, or send the answer as a message. A source's system may have its records labelled, and may ask whether they may go to somebody. The hub is no repository: nothing can be read or searched here."
* rest[0].mode = #server
* rest[0].documentation = "Errors are OperationOutcomes with the rule and the place, never a value. A referral of another center and one that is not there read the same: 404."
* rest[0].security.description = "A bearer token per center, given by the hub's operator (the destination's answer_token), or per source for `$label` and `$decide`, over TLS. The capability statement itself asks for none."
* rest[0].operation[+].name = "label"
* rest[0].operation[=].definition = "https://warmhandoff.org/fhir/OperationDefinition/label"
* rest[0].operation[=].documentation = "A source's bearer token, so one organization with its declared posture: it is the origin of all that is sent. 200 with a Parameters: `return`, the labelled resource, and `outcome`, an OperationOutcome with the labels in conflict; 400 when it is not JSON, 413 when it is too large, 422 when it is not FHIR R4. Nothing of it is kept; the request is audited."
* rest[0].operation[+].name = "decide"
* rest[0].operation[=].definition = "https://warmhandoff.org/fhir/OperationDefinition/decide"
* rest[0].operation[=].documentation = "A source's bearer token, so one organization with its declared posture: it is who would disclose. 200 with a Parameters, whatever the decision; 400 when it is not JSON, 413 when it is too large, 422 when the question cannot be read, with the place. Nothing of it is kept; the question is audited. The same questions are answered over CDS Hooks 2.0 beside the FHIR base, at `/cds-services/patient-consent-consult`."
* rest[0].resource[+].type = #Task
* rest[0].resource[=].profile = "https://warmhandoff.org/fhir/StructureDefinition/referral-task"
* rest[0].resource[=].documentation = "The id in the URL is the value of `Task.identifier` with system `https://warmhandoff.org/fhir/sid/task`. Status, statusReason, businessStatus and the output of type text appointment are taken; identifiers, focus, for, requester and owner are never changed by an answer. The same answer again changes nothing."
* rest[0].resource[=].interaction[+].code = #update
* rest[0].resource[=].interaction[=].documentation = "The center that holds the referral answers it. 200 when the answer is on the disk, without a body, or with an OperationOutcome where `Prefer: return=OperationOutcome` asks for one; 409 when the Task cannot go from where it stands to there; 422 when it is no Task or not a status that an answer can have."
* rest[0].resource[=].versioning = #no-version
* rest[0].resource[=].readHistory = false
* rest[0].resource[=].updateCreate = false
* rest[0].resource[=].conditionalCreate = false
* rest[0].resource[=].conditionalUpdate = false
* messaging[0].documentation = "`POST /answers/message`, beside the FHIR base: a Bundle of type message. The hub answers at once with an OperationOutcome; what it says is that the answer is kept."
* messaging[0].supportedMessage[+].mode = #receiver
* messaging[0].supportedMessage[=].definition = "https://warmhandoff.org/fhir/MessageDefinition/referral-response"

Instance: hub-client
InstanceOf: CapabilityStatement
Usage: #definition
Title: "The hub as a FHIR client"
Description: "What the hub asks of a center's FHIR server."
* insert Statement(hub-client, HubClient)
* title = "The hub as a FHIR client"
* description = "What the hub asks of a center's FHIR server. Which of the two ways it takes is a setting of the destination: `fhir-message` sends a message Bundle to `$process-message`; `fhir-rest` sends a transaction, looks for its Task, and reads it again until the referral is closed. A destination may say which resource types it takes; the rest is not sent, and reported so to the sender."
* rest[0].mode = #client
* rest[0].documentation = "A transaction that timed out is sent again with the same bytes: conditional creates find what is there. Not every server rolls a failed transaction back, so the Task is looked up before it is called delivered."
* rest[0].security.description = "A bearer token per destination, given by the center."
* rest[0].interaction[+].code = #transaction
* rest[0].interaction[=].documentation = "`fhir-rest`: POST of the referral's Bundle to the base."
* rest[0].operation[+].name = "process-message"
* rest[0].operation[=].definition = "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"
* rest[0].operation[=].documentation = "`fhir-message`: synchronous; parameters `async` and `response-url` are not used. Any 2xx is a receipt; a response message with `response.code` `transient-error` is tried again, with `fatal-error` not."
* rest[0].resource[+].type = #Task
* rest[0].resource[=].supportedProfile[+] = "https://warmhandoff.org/fhir/StructureDefinition/referral-task"
* rest[0].resource[=].interaction[+].code = #create
* rest[0].resource[=].interaction[=].documentation = "As an entry of the transaction, with `ifNoneExist` on its identifier; also in a later version, which leaves the center's Task as it is."
* rest[0].resource[=].interaction[+].code = #read
* rest[0].resource[=].interaction[=].documentation = "Every `poll_every` seconds, until the referral is closed."
* rest[0].resource[=].interaction[+].code = #search-type
* rest[0].resource[=].interaction[=].documentation = "By identifier, when the answer to the transaction does not name the Task."
* rest[0].resource[=].conditionalCreate = true
* rest[0].resource[=].conditionalUpdate = false
* rest[0].resource[=].searchParam[+].name = "identifier"
* rest[0].resource[=].searchParam[=].definition = "http://hl7.org/fhir/SearchParameter/Task-identifier"
* rest[0].resource[=].searchParam[=].type = #token
* insert InTransaction(ServiceRequest, referral-service-request)
* insert InTransaction(Patient, coresponse-patient)
* insert InTransaction(RelatedPerson, coresponse-related-person)
* insert InTransaction(Encounter, field-contact-encounter)
* insert InTransaction(Condition, field-condition)
* insert InTransaction(Observation, screening-observation)
* insert AlsoProfile(field-observation)
* insert AlsoProfile(weapon-observation)
* insert AlsoProfile(force-observation)
* insert AlsoProfile(de-escalation-observation)
* insert AlsoProfile(legal-status-observation)
* insert AlsoProfile(hold-grounds-observation)
* insert InTransaction(QuestionnaireResponse, field-questionnaire-response)
* insert InTransaction(Flag, caution-flag)
* insert InTransaction(DocumentReference, narrative-document)
* insert AlsoProfile(call-narrative)
* insert AlsoProfile(signed-form-document)
* insert InTransaction(Consent, part2-consent)
* insert AlsoProfile(authorization-consent)
* insert AlsoProfile(opt-out-consent)
* insert InTransaction(Location, coresponse-location)
* insert InTransaction(Organization, agency-organization)
* insert AlsoProfile(center-organization)
* insert InTransaction(Practitioner, coresponse-practitioner)
* insert InTransaction(PractitionerRole, officer-role)
* insert AlsoProfile(clinician-role)
* rest[0].resource[+].type = #Provenance
* rest[0].resource[=].supportedProfile[+] = "https://warmhandoff.org/fhir/StructureDefinition/contact-provenance"
* rest[0].resource[=].interaction[+].code = #update
* rest[0].resource[=].interaction[=].documentation = "As an entry of the transaction, `PUT` by the id that the hub gave it; R4's Provenance has no identifier."
* rest[0].resource[=].updateCreate = true
* messaging[0].documentation = "`fhir-message`, to the destination's base. The event codes may be the destination's own."
* messaging[0].supportedMessage[+].mode = #sender
* messaging[0].supportedMessage[=].definition = "https://warmhandoff.org/fhir/MessageDefinition/referral-submit"
* messaging[0].supportedMessage[+].mode = #sender
* messaging[0].supportedMessage[=].definition = "https://warmhandoff.org/fhir/MessageDefinition/referral-update"
