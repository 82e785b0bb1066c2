// Code systems of labels and of purposes that HL7 has no codes for.

CodeSystem: LabelCS
Id: label
Title: "Label"
Description: "Labels of data that no HL7 security label expresses."
* insert OurCodes
* #origin-unknown "Origin unknown" "Nobody has declared who the data comes from, so it cannot be said which law protects it. It is released only as 42 CFR Part 2 would allow."
* #family-sensitive "Family sensitive" "The data tells something sensitive of a relative, such as a family history of substance use. It is not a fact about the person whose record it stands in."

CodeSystem: LabelBasisCS
Id: label-basis
Title: "Basis of a label"
Description: "How a label was found, where no law is the reason for it."
* insert OurCodes
* #code "A code" "The label stands for a code of a code system, by a rule or a value set."
* #text "Words in a text" "The label stands for words that were found in a text. A person has not confirmed it."
* #reference "A reference" "The label stands for what the referenced entry of a directory or catalogue tells: an organization by its name, a medicine by its code."
* #contained "A contained resource" "The label was on a resource inside this one."
* #inline "A labelled element" "An element of the resource is labelled by itself."
* #origin "The origin" "The label stands for whose record it is, where no law is named: nobody has declared it."
* #policy "The policy" "The label is a handling instruction that the policy joins to another label."

CodeSystem: ReleaseObligationCS
Id: release-obligation
Title: "Obligation of a release"
Description: "What must be done with what a decision lets go, where v3-ActCode has no code for it."
* insert OurCodes
* #notice "Notice" "The notice of 42 CFR 2.32(a) accompanies it."
* #consent-scope "Scope of the consent" "A copy of the consent or an explanation of its scope accompanies it (42 CFR 2.32(b))."
* #emergency-record "Record of the emergency" "Recipient, affiliation, discloser, time and nature of the emergency are written down at once (42 CFR 2.51(c))."
* #review "Review" "A person reviews it afterwards."

CodeSystem: PolicePurposeOfUseCS
Id: police-purpose-of-use
Title: "Police purpose of use"
Description: "Why a law-enforcement agency asks for or uses data about a person. HL7's v3-ActReason has no such codes; its HLEGAL is a purpose of health care operations and does not stand for any of these."
* insert OurCodes
* #scene-safety "Scene safety" "To keep the person, the public and the responders safe during the present call."
* #follow-up "Follow-up" "To take part in a later contact of the co-responder team with the person."
* #outcome-feedback "Outcome feedback" "To tell the officer who referred the person what became of the referral."
* #imminent-threat "Imminent threat" "To prevent or lessen a serious and imminent threat (45 CFR 164.512(j))."
* #locate-person "Locate a person" "To identify or find a suspect, fugitive, material witness or missing person (45 CFR 164.512(f)(2))."
* #crime-on-premises "Crime on premises" "To act on a crime on the premises of a program or against its personnel (42 CFR 2.12(c)(5))."
* #custody-care "Care in custody" "To provide care or safety for a person in custody (45 CFR 164.512(k)(5))."
* #investigation "Investigation" "To investigate an offense."
* #proceedings "Proceedings" "To use or disclose in a civil, criminal, administrative or legislative proceeding against the person."
* #statistics "Statistics" "To count calls and their outcomes without naming a person."
* #justice-monitoring "Justice monitoring" "To monitor a person whose part in a program is a condition of a criminal proceeding, by those with a duty to (42 CFR 2.35)."
