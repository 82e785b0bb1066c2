// Code systems of the contact: what the team saw and did, and how it ended. No published system has these codes.

RuleSet: OurCodes
* ^caseSensitive = true
* ^content = #complete

CodeSystem: ContactModeCS
Id: contact-mode
Title: "Contact mode"
Description: "How a co-responder team met the person."
* insert OurCodes
* #in-person "In person" "The team met the person at the scene of the call or another public place."
* #home "At home" "The team met the person where they live."
* #phone "By phone" "The team spoke with the person by telephone."
* #video "By video" "The team spoke with the person by video."

CodeSystem: FieldDispositionCS
Id: field-disposition
Title: "Field disposition"
Description: "How a field contact of a co-responder team with one person ended. A closed list."
* insert OurCodes
* #resolved-on-scene "Resolved on scene" "The need was met where the person was; no one was taken anywhere."
* #voluntary-transport-ed "Voluntary transport to an emergency department" "The person agreed to be taken to an emergency department."
* #emergency-hold "Emergency hold" "The person was taken into an emergency mental health or substance use hold under state law."
* #crisis-stabilization "Taken to crisis stabilization" "The person was taken to a crisis stabilization unit or walk-in crisis center."
* #respite "Taken to respite" "The person was taken to crisis respite housing."
* #detox "Taken to detox" "The person was taken to withdrawal management or a sobering center."
* #jail "Taken to jail" "The person was arrested and taken to jail."
* #declined "Declined" "The person was found and refused what was offered."
* #unable-to-locate "Unable to locate" "The team looked for the person and did not find them."
* #gone-on-arrival "Gone on arrival" "The person had left before the team came."
* #referred "Referred" "The person stays where they are and was referred to a service."
* #follow-up-planned "Follow-up planned" "The person stays where they are and the team will contact them again."
* #transport-other "Transported elsewhere" "The person was taken to a place that no other code names, a home or shelter for example."
* #deceased "Deceased" "The person was found dead or died during the contact."
* #other "Other" "None of the other codes; the agency's own words say what."

CodeSystem: FieldObservationCS
Id: field-observation
Title: "Field observation"
Description: "What an Observation of a field contact is about. The value says what was seen or done, in the source's own codes and words. None of these is a diagnosis."
* insert OurCodes
* #weapon "Weapon present or reported" "A weapon was at the scene or was reported to be."
* #force "Force used" "An officer used force, and of which kind."
* #de-escalation "De-escalation used" "What the team did to calm the situation."
* #intervention "Intervention on scene" "Something else that the team did for the person."
* #injury "Injury observed" "An injury that somebody saw on the person."
* #capacity "Capacity as observed" "How well the person seemed able to understand and decide. Not a legal finding."
* #substance "Substance-related observation" "What was seen or said about alcohol or drugs."
* #hold-grounds "Grounds of a hold" "Why the person was held, in the terms of the state's law."
* #hold-statute "Statute of a hold" "The law under which the person was held."
* #legal-status "Legal status" "The person's legal status in care: voluntary, or held and how."
* #screening-score "Screening score" "The total score of an instrument that was asked on scene."
* #screening-risk "Screening risk level" "The level of risk that an instrument gave."
* #reported-condition "Condition reported, not diagnosed" "A condition that somebody other than a clinician named."
* #follow-up-plan "Follow-up plan" "What the team and the person agreed to do next."

CodeSystem: ForceCS
Id: force
Title: "Force used"
Description: "Force that an officer used in a field contact, by kind. For agencies that have no list of their own."
* insert OurCodes
* #none "No force" "No force was used beyond words and presence."
* #handcuffs "Handcuffs" "The person was handcuffed and not otherwise restrained."
* #physical-control "Physical control" "The person was held, guided or taken down by hand."
* #restraint-device "Restraint device" "The person was restrained by something else than handcuffs, such as a wrap or a spit guard."
* #chemical-agent "Chemical agent" "Pepper spray or another chemical agent was used."
* #conducted-energy "Conducted energy device" "A device that stuns by electricity was used."
* #impact "Impact weapon or projectile" "A baton or a less lethal projectile was used."
* #canine "Canine" "A police dog was used."
* #firearm-pointed "Firearm pointed" "A firearm was pointed at the person and not fired."
* #firearm-discharged "Firearm discharged" "A firearm was fired at the person."
* #other "Other force" "Force of another kind; the agency's own words say which."

CodeSystem: WeaponCS
Id: weapon
Title: "Weapon"
Description: "A weapon present or reported in a field contact, by kind. For agencies that have no list of their own."
* insert OurCodes
* #none "No weapon" "It was looked for and there was none."
* #firearm "Firearm" "A gun of any kind."
* #edged "Edged weapon" "A knife or another thing that cuts or stabs."
* #blunt "Blunt object" "A thing to strike with."
* #explosive-or-incendiary "Explosive or incendiary" "A thing that explodes or sets fire."
* #chemical "Chemical or poison" "A chemical, a spray or a poison."
* #vehicle "Vehicle" "A vehicle used or threatened to be used as a weapon."
* #other "Other weapon" "Something else used or threatened to be used as a weapon; the agency's own words say what."

CodeSystem: DeEscalationCS
Id: de-escalation
Title: "De-escalation"
Description: "What a co-responder team did to calm a situation. For agencies that have no list of their own."
* insert OurCodes
* #time-and-distance "Time and distance" "The team slowed down and kept away until the person was calmer."
* #verbal "Talking" "A member of the team talked with the person to calm them."
* #clinician-led "Led by the clinician" "The clinician led the contact while the officer stood back."
* #reduced-presence "Reduced presence" "Responders, lights or onlookers were moved away."
* #support-person "Support person" "A relative, friend, peer or care provider was brought in to help."
* #negotiator "Negotiator" "A trained negotiator talked with the person."
* #disengagement "Disengagement" "The team left on purpose, because staying would have made it worse."
* #other "Other de-escalation" "Something else; the agency's own words say what."

CodeSystem: NarrativeKindCS
Id: narrative-kind
Title: "Kind of narrative"
Description: "What sort of text a narrative is. Whose text it is, is said by its custodian and author, not here."
* insert OurCodes
* #cad-note "CAD note" "A remark that a call taker, a dispatcher or a unit wrote into the call."
* #police-report "Police report narrative" "The narrative of an officer's report."
* #clinical-note "Clinical note" "A note that a clinician wrote."
* #contact-note "Contact note" "A note on the contact form of the team."
* #other "Narrative" "Another text, or one whose kind the source does not say."

CodeSystem: StaffRoleCS
Id: staff-role
Title: "Staff role"
Description: "What a member of the crew is. Not a licence and not a rank."
* insert OurCodes
* #officer "Officer" "A sworn member of a law-enforcement agency."
* #clinician "Clinician" "A mental health clinician of the team."
* #paramedic "Paramedic" "A member of an emergency medical service."
* #peer "Peer specialist" "A person with lived experience who supports others."
* #case-manager "Case manager" "Somebody who follows up with the person after the contact."
* #dispatcher "Dispatcher" "A call taker or dispatcher of the emergency communications center."
* #unknown "Unknown" "The source does not say. A PractitionerRole has no code then."

CodeSystem: CautionSeverityCS
Id: caution-severity
Title: "Caution severity"
Description: "How grave a safety caution is."
* insert OurCodes
* #high "High" "Act on it before anything else."
* #medium "Medium" "Take it into account."
* #low "Low" "Good to know."

CodeSystem: CallTypeStageCS
Id: call-type-stage
Title: "Stage of a call type"
Description: "Whether a call type is the one that the call came in with or the one that it was closed with."
* insert OurCodes
* #initial "Initial" "The type that the call came in with."
* #final "Final" "The type that the call was closed with."

CodeSystem: UnitKindCS
Id: unit-kind
Title: "Kind of unit"
Description: "Who rides in a unit, as the agency's unit table says."
* insert OurCodes
* #officer "Officer" "Officers alone."
* #clinician "Clinician" "A clinician alone."
* #co-responder "Co-responder" "An officer and a clinician together."
* #paramedic "Paramedic" "An emergency medical crew."
* #peer "Peer" "A peer specialist."
* #unknown "Unknown" "The agency's unit table does not say."

CodeSystem: IncidentLinkCS
Id: incident-link
Title: "Link between incidents"
Description: "What another incident is to this one."
* insert OurCodes
* #replaces "Replaces" "This incident replaces the other."
* #replaced-by "Replaced by" "The other incident replaces this one."
* #split-from "Split from" "This incident was split from the other."
* #parent "Parent" "The other incident is this one's parent."
* #child "Child" "The other incident is a part of this one."
* #related "Related" "The two have something to do with each other."
* #unlink "No longer linked" "An earlier link to the other incident is taken back."
