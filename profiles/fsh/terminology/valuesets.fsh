// Value sets that the profiles bind to. A code marked S is known from a secondary source alone: a value set that holds
// one is never bound by required strength.

ValueSet: ContactModes
Id: contact-modes
Title: "Contact modes"
Description: "How a co-responder team met the person."
* include codes from system ContactModeCS

ValueSet: FieldClasses
Id: field-classes
Title: "Classes of a field contact"
Description: "Encounter classes of a field contact: in the field, at the person's home, by telephone or video."
* $ActCode#FLD
* $ActCode#HH
* $ActCode#VR

ValueSet: FieldContactTypes
Id: field-contact-types
Title: "Types of a field contact"
Description: "Encounter types of a contact in a crisis, as SNOMED CT codes without their descriptions, which need a licence."
* ^copyright = "SNOMED CT codes appear without their descriptions; SNOMED CT is copyright of SNOMED International."
* $sct#5694008
* $sct#10197000

ValueSet: FieldDispositions
Id: field-dispositions
Title: "Field dispositions"
Description: "How a field contact ended."
* include codes from system FieldDispositionCS

ValueSet: FieldObservationCodes
Id: field-observation-codes
Title: "Field observation codes"
Description: "What an Observation of a field contact is about."
* include codes from system FieldObservationCS

ValueSet: ForceCodes
Id: force-codes
Title: "Force codes"
Description: "Force that an officer used."
* include codes from system ForceCS

ValueSet: WeaponCodes
Id: weapon-codes
Title: "Weapon codes"
Description: "A weapon present or reported."
* include codes from system WeaponCS

ValueSet: DeEscalationCodes
Id: de-escalation-codes
Title: "De-escalation codes"
Description: "What a team did to calm a situation."
* include codes from system DeEscalationCS

ValueSet: NarrativeKindCodes
Id: narrative-kind-codes
Title: "Kinds of narrative"
Description: "What sort of text a narrative is."
* include codes from system NarrativeKindCS

ValueSet: StaffRoles
Id: staff-roles
Title: "Staff roles"
Description: "What a member of the crew is."
* include codes from system StaffRoleCS

ValueSet: CallTypes
Id: call-types
Title: "Call types"
Description: "APCO incident type codes as NIEM publishes them, with the two additions of ours that CAD systems use for mental health calls. An agency's own type stands beside them."
* include codes from system ApcoIncidentTypeCS

ValueSet: CallTypeStages
Id: call-type-stages
Title: "Stages of a call type"
Description: "As the call came in, or as it was closed."
* include codes from system CallTypeStageCS

ValueSet: UnitKinds
Id: unit-kinds
Title: "Kinds of unit"
Description: "Who rides in a unit."
* include codes from system UnitKindCS

ValueSet: IncidentLinks
Id: incident-links
Title: "Links between incidents"
Description: "What another incident is to this one."
* include codes from system IncidentLinkCS

ValueSet: ApcoDispositions
Id: apco-dispositions
Title: "APCO common dispositions"
Description: "How a call ended, by the common disposition codes of APCO ANS 1.111.2."
* include codes from system ApcoDispositionCS

ValueSet: CautionCategories
Id: caution-categories
Title: "Caution categories"
Description: "Categories of a safety caution. Never a clinical one: a Flag carries no clinical text."
* $flag-category#safety
* $flag-category#behavioral

ValueSet: CautionSeverities
Id: caution-severities
Title: "Caution severities"
Description: "How grave a safety caution is."
* include codes from system CautionSeverityCS

ValueSet: NcicSexCodes
Id: ncic-sex-codes
Title: "NCIC sex codes"
Description: "A person's sex as FBI NCIC codes it."
* include codes from system NcicSexCS

ValueSet: NcicRaceCodes
Id: ncic-race-codes
Title: "NCIC race codes"
Description: "A person's race as FBI NCIC codes it."
* include codes from system NcicRaceCS

ValueSet: UcrEthnicityCodes
Id: ucr-ethnicity-codes
Title: "UCR ethnicity codes"
Description: "A person's ethnicity as the FBI's Uniform Crime Reporting codes it."
* include codes from system UcrEthnicityCS

ValueSet: LegalStatusCodes
Id: legal-status-codes
Title: "Legal status codes"
Description: "Legal statuses of the Colorado Behavioral Health Administration. Other states have their own; an agency's own code stands beside or instead."
* ^copyright = "Codes of the Colorado BHA FHIR guide 0.2.0, Colorado Behavioral Health Administration, CC BY 4.0."
* $cobha-legal-status#01 "Voluntary"
* $cobha-legal-status#02 "Court-directed voluntary"
* $cobha-legal-status#03 "Forensic"
* $cobha-legal-status#04 "72-hour evaluation and treatment"
* $cobha-legal-status#05 "Short-term certification"
* $cobha-legal-status#06 "Long-term certification"
* $cobha-legal-status#09 "Emergency/Involuntary Alcohol/Drug Commitment"
* $cobha-legal-status#10 "Conditional Release"
* $cobha-legal-status#11 "DYS Commitment"
* $cobha-legal-status#12 "DYS Detention"
* $cobha-legal-status#13 "DOC/Community Parole"
* $cobha-legal-status#14 "Emergency Commitment"

ValueSet: HoldGroundsCodes
Id: hold-grounds-codes
Title: "Grounds of a hold"
Description: "Reasons of an involuntary commitment of the Colorado Behavioral Health Administration."
* ^copyright = "Codes of the Colorado BHA FHIR guide 0.2.0, Colorado Behavioral Health Administration, CC BY 4.0."
* $cobha-commitment-reason#1 "Danger to Self"
* $cobha-commitment-reason#2 "Danger to Others"
* $cobha-commitment-reason#3 "Gravely Disabled"

RuleSet: LoincNotice
* ^copyright = "This material contains content from LOINC (http://loinc.org). LOINC is copyright Regenstrief Institute, Inc. and the LOINC Committee, available at no cost under the licence at http://loinc.org/license."

ValueSet: ScreeningPanels
Id: screening-panels
Title: "Screening panels"
Description: "Instruments that co-responder teams ask on scene: the suicide severity screen and the PHQ-9. Codes only; their wording belongs to their owners."
* insert LoincNotice
* $loinc#93373-9 // S: suicide severity screen
* $loinc#44249-1 // S: PHQ-9

ValueSet: ScreeningCodes
Id: screening-codes
Title: "Screening items and results"
Description: "Items, total scores and risk levels of the instruments in the screening panels, each as it stands in an HL7 example. Codes only; their wording belongs to their owners."
* insert LoincNotice
// suicide severity screen: items, then its risk level
* $loinc#93246-7
* $loinc#93247-5
* $loinc#93248-3
* $loinc#93249-1
* $loinc#93250-9
* $loinc#93267-3
* $loinc#93269-9
* $loinc#93374-7
// PHQ-9: items, then its total score
* $loinc#44250-9
* $loinc#44255-8
* $loinc#44259-0
* $loinc#44254-1
* $loinc#44251-7
* $loinc#44258-2
* $loinc#44252-5
* $loinc#44253-3
* $loinc#44260-8
* $loinc#44261-6

ValueSet: ReferralServices
Id: referral-services
Title: "Referral services"
Description: "What a referral of a field contact asks for, as SNOMED CT codes without their descriptions, which need a licence."
* ^copyright = "SNOMED CT codes appear without their descriptions; SNOMED CT is copyright of SNOMED International."
* $sct#390866009
* $sct#183524004
* $sct#306226009
* $sct#183583007
* $sct#183866009
* $sct#711281004
* $sct#461481000124109 // US edition

ValueSet: ReferralTaskStatuses
Id: referral-task-statuses
Title: "Referral task statuses"
Description: "Task.status of a referral. Without ready and received, which Gravity's referral Task does not have, and without draft: the hub sends no draft."
* $task-status#requested
* $task-status#accepted
* $task-status#rejected
* $task-status#in-progress
* $task-status#on-hold
* $task-status#completed
* $task-status#failed
* $task-status#cancelled
* $task-status#entered-in-error

ValueSet: TaskBusinessStatuses
Id: task-business-statuses
Title: "Task business statuses"
Description: "Where a referral stands."
* include codes from system TaskBusinessStatusCS

ValueSet: MessageEvents
Id: message-events
Title: "Message events"
Description: "What a FHIR message between the hub and a center is about. A destination may be set to another system's event."
* include codes from system MessageEventCS

ValueSet: AuditKinds
Id: audit-kinds
Title: "Kinds of audited events"
Description: "What the hub did or was asked to do."
* include codes from system AuditKindCS

ValueSet: Labels
Id: labels
Title: "Labels"
Description: "Labels of data that no HL7 security label expresses."
* include codes from system LabelCS

ValueSet: LabelBases
Id: label-bases
Title: "Bases of labels"
Description: "How a label was found, where no law is the reason for it."
* include codes from system LabelBasisCS

ValueSet: PolicePurposesOfUse
Id: police-purposes-of-use
Title: "Police purposes of use"
Description: "Why a law-enforcement agency asks for or uses data about a person."
* include codes from system PolicePurposeOfUseCS

ValueSet: IssueRules
Id: issue-rules
Title: "Issue rules"
Description: "The stable rules of issues."
* include codes from system IssueRuleCS
