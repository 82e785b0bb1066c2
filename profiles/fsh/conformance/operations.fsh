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
* status = #draft
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
