CodeSystem: ReferralServiceCS
Id: referral-service
Title: "Referral service"
Description: "What a referral of a field contact asks a center for. A contact form gives one of these codes and the hub adds the SNOMED CT code that the concept map referral-service-to-snomed has for it."
* insert OurCodes
* #mental-health-team "Mental health team" "To be seen by a community mental health team."
* #psychiatry "Psychiatry" "To be assessed or treated by a psychiatry service."
* #mental-health-counselling "Mental health counselling" "To be counselled by a mental health service."
* #mental-health-worker "Mental health worker" "To be seen by a mental health worker."
* #emergency-clinic "Emergency clinic" "To be seen in an emergency clinic."
* #support-group "Support group" "To join a support group."
* #peer-support "Peer support" "Support by somebody who has lived through the like."

ValueSet: ReferralServiceCodes
Id: referral-service-codes
Title: "Referral service codes"
Description: "What a referral of a field contact asks a center for, in our own codes."
* include codes from system ReferralServiceCS

Instance: referral-service-to-snomed
InstanceOf: ConceptMap
Usage: #definition
Title: "Referral services to SNOMED CT"
Description: "The SNOMED CT procedure of each referral service. Codes without descriptions, which need a licence."
* url = "https://warmhandoff.org/fhir/ConceptMap/referral-service-to-snomed"
* version = "0.1.0"
* name = "ReferralServiceToSnomed"
* title = "Referral services to SNOMED CT"
* status = #active
* description = "The SNOMED CT procedure of each referral service. Codes without descriptions, which need a licence."
* copyright = "SNOMED CT codes appear without their descriptions; SNOMED CT is copyright of SNOMED International."
* sourceCanonical = "https://warmhandoff.org/fhir/ValueSet/referral-service-codes"
* targetCanonical = "https://warmhandoff.org/fhir/ValueSet/referral-services"
* group.source = "https://warmhandoff.org/fhir/CodeSystem/referral-service"
* group.target = "http://snomed.info/sct"
* group.element[+].code = #mental-health-team
* group.element[=].target.code = #390866009
* group.element[=].target.equivalence = #equivalent
* group.element[+].code = #psychiatry
* group.element[=].target.code = #183524004
* group.element[=].target.equivalence = #equivalent
* group.element[+].code = #mental-health-counselling
* group.element[=].target.code = #306226009
* group.element[=].target.equivalence = #equivalent
* group.element[+].code = #mental-health-worker
* group.element[=].target.code = #183583007
* group.element[=].target.equivalence = #equivalent
* group.element[+].code = #emergency-clinic
* group.element[=].target.code = #183866009
* group.element[=].target.equivalence = #equivalent
* group.element[+].code = #support-group
* group.element[=].target.code = #711281004
* group.element[=].target.equivalence = #equivalent
* group.element[+].code = #peer-support
* group.element[=].target.code = #461481000124109
* group.element[=].target.equivalence = #equivalent
