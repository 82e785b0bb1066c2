// Mapping rules that the findings share: who writes meta, and what of the parents is never sent.
RuleSet: FindingMeta(source)
* meta -> "none" "Written by the hub: the profiles that are met, and the labels. Not in {source}."
* meta.security -> "none" "Labels of origin come from the posture of the organization whose record it is, labels of content from codes and words."

RuleSet: FindingMetaV2
* meta -> "none"
* meta.security -> "ZSL" "For a partner that takes labels in a Z segment."

RuleSet: FindingNotSent(path)
* {path} -> "none" "Not sent."

RuleSet: FieldObservationIncident
* insert FindingMeta([[the record]])
* code -> "contacts[]"
* category[us-core] -> "contacts[]" "By the code."
* code.coding[field] -> "contacts[]" "By the field of the contact that the value stands in."
* category -> "contacts[]" "By the code."
* status -> "contacts[]" "Always final: a correction is a new version of the record."
* identifier -> "number" "A keyed id made of the incident's number, the person's slot and the place of the value in the contact."
* subject -> "contacts[].person"
* encounter -> "contacts[]"

RuleSet: FieldObservationCad
* insert FindingMeta([[an export]])
* code -> "contacts[]"
* category[us-core] -> "none" "By the code."
* category -> "none" "By the code."
* status -> "none" "Always final."
* identifier -> "source.key" "A keyed id made of it."
* subject -> "contacts[].person"
* encounter -> "contacts[]"

RuleSet: FieldObservationV2
* insert FindingMetaV2
* code -> "OBR-4"
* code -> "OBX-3"
* category[us-core] -> "none"
* -> "OBR, OBX" "One OBR with one OBX below it."
* status -> "OBX-11"
* status -> "OBR-25"
* code.coding[field] -> "OBR-4"
* code.coding[field] -> "OBX-3"
* effective[x] -> "OBR-7"
* effective[x] -> "OBX-14" "A period by its start."
* performer -> "OBX-16" "Persons with a name or a number; not a role alone."
* value[x] -> "OBX-5"
* dataAbsentReason -> "OBX-11" "X: no result."
* subject -> "PID" "The one person of the message."
* encounter -> "PV1" "The one visit of the message."
* identifier -> "none"
* category -> "none"
* extension[reportedBy] -> "none"

// A value that stands in the contact by itself: nobody is named as its observer, and it has no time of its own.
RuleSet: BareIncident(field)
* insert FieldObservationIncident
* -> "contacts[].{field}[]"
* value[x] -> "contacts[].{field}[]"
* effective[x] -> "contacts[].start"
* insert FindingNotSent(performer)
* insert FindingNotSent(extension[reportedBy])
* insert FindingNotSent(dataAbsentReason)

RuleSet: BareCad(field)
* insert FieldObservationCad
* -> "contacts[].{field}[]"
* code.coding[field] -> "{field}"
* value[x] -> "{field}" "Through a code table where the pack names one."
* effective[x] -> "contacts[].start"
* insert FindingNotSent(performer)
* insert FindingNotSent(extension[reportedBy])
* insert FindingNotSent(dataAbsentReason)

RuleSet: HoldIncident(field)
* insert FieldObservationIncident
* -> "contacts[].hold"
* value[x] -> "contacts[].hold.{field}"
* effective[x] -> "contacts[].hold.started"
* effective[x] -> "contacts[].hold.until"
* effective[x] -> "contacts[].start" "Where the hold has no times."
* performer -> "contacts[].hold.by"
* insert FindingNotSent(extension[reportedBy])

RuleSet: HoldCad(field)
* insert FieldObservationCad
* -> "contacts[].hold"
* code.coding[field] -> "hold.{field}"
* value[x] -> "hold.{field}" "Through a code table where the pack names one."
* effective[x] -> "hold.started, hold.until"
* performer -> "hold.by"
* insert FindingNotSent(extension[reportedBy])
