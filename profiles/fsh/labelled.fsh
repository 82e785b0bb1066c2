// What the hub writes on the meta of a resource: `* insert Labelled` in each profile whose resources are labelled.
RuleSet: Labelled
* meta MS
* meta.extension contains $ds4p-display named notice 0..*
* meta.extension[notice] ^short = "The notice of 42 CFR 2.32, to show with the record, where one is owed"
* meta.security MS
* meta.security ^short = "One confidentiality, and the labels of the origin and of the content"
* meta.security ^definition = "Labels of the resource (HL7 Data Segmentation for Privacy): exactly one code of v3-Confidentiality, and any number of codes of v3-ActCode. 42CFRPart2 is a label of origin: it says that the record comes from a substance use disorder program. Codes such as SUD, MH and SDV are labels of content."
* meta.security.extension contains
    $ds4p-sec-label-basis named basis 0..1 and
    $ds4p-sec-label-classifier named classifier 0..* and
    $ds4p-sec-label-related-artifact named artifact 0..*
* meta.security.extension[basis] ^short = "Why the label is there: the law, a code, words in a text (label-basis)"
* meta.security.extension[classifier] ^short = "Who put it there: the label rules of this software"
* meta.security.extension[artifact] ^short = "Its rule, with the versions of rules and policy; on the redisclosure mark, the consent it is disclosed under with its scope in words (42 CFR 2.32(b))"

// Where labels come from, for the mappings `incident`, `cad` and `eido`; and where they go, for `hl7v2`.
RuleSet: LabelsFromRecord
* meta -> "(made)" "The profiles that it meets, its labels, and the notice where one is owed."
* meta.security -> "(made)" "By whose record it is, its codes and its words."

RuleSet: LabelsAsV2
* meta -> "ZSL, NTE-3" "Profiles are not sent. The notice is NTE where the partner takes it so."
* meta.security -> "ZSL" "Where the partner takes labels as ZSL."
