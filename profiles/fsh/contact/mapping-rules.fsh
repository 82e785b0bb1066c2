// What stands in each mapping alike.

RuleSet: LabelsFromHub
* meta -> "none" "The hub's own."
* meta.security -> "none" "The hub labels by whose record it is, by codes and by words in texts."

RuleSet: LabelsInV2
* meta -> "none"
* meta.security -> "ZSL-2" "Where the partner takes that segment; else reported as not carried."

RuleSet: NeverSent(element)
* {element} -> "none" "US Core's; the hub does not send it."

RuleSet: NotCarriedInV2(element)
* {element} -> "none" "Reported as not carried."
