// Field observations whose value is bound. Preferred, never required: a code that nobody has mapped must still travel.
RuleSet: ValueOf(code, valueset)
* code.coding[field] = FieldObservationCS#{code}
* value[x] only CodeableConcept
* value[x] from {valueset} (preferred)

Profile: LegalStatusObservation
Parent: FieldObservation
Id: legal-status-observation
Title: "Legal status in a field contact"
Description: "The legal status of a person in a field contact, voluntary or held, from when until when. It states what the form or the officer says; it is not an order and not a judgement of the hub. The codes are those of Colorado's Behavioral Health Administration, the one state list that is published for FHIR; a state or an agency with codes of its own sends those."
* insert ValueOf(legal-status, LegalStatusCodes)

Profile: HoldGroundsObservation
Parent: FieldObservation
Id: hold-grounds-observation
Title: "Grounds of a hold"
Description: "One of the grounds on which a person was held, as the statutory form states it. It is not a diagnosis."
* insert ValueOf(hold-grounds, HoldGroundsCodes)

Profile: ForceObservation
Parent: FieldObservation
Id: force-observation
Title: "Force used in a field contact"
Description: "Force that an officer used in a field contact, such as handcuffs. It is what the report says, for the care of the person; it is not a use-of-force report."
* insert ValueOf(force, ForceCodes)

Profile: WeaponObservation
Parent: FieldObservation
Id: weapon-observation
Title: "Weapon present or reported"
Description: "A weapon that was present or reported in a field contact, or that none was."
* insert ValueOf(weapon, WeaponCodes)

Profile: DeEscalationObservation
Parent: FieldObservation
Id: de-escalation-observation
Title: "De-escalation in a field contact"
Description: "A way of de-escalation that the team used in a field contact."
* insert ValueOf(de-escalation, DeEscalationCodes)

Mapping: LegalStatusObservationToIncident
Source: LegalStatusObservation
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert HoldIncident(legal_status)
* dataAbsentReason -> "contacts[].hold" "A hold with neither status, grounds nor statute."

Mapping: LegalStatusObservationToCad
Source: LegalStatusObservation
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert HoldCad(legal_status)
* dataAbsentReason -> "hold" "A hold with neither status, grounds nor statute."

Mapping: LegalStatusObservationToEido
Source: LegalStatusObservation
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO tells of a call and has no component for a contact; no Observation is made of one."

Mapping: LegalStatusObservationToV2
Source: LegalStatusObservation
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert FieldObservationV2

Mapping: HoldGroundsObservationToIncident
Source: HoldGroundsObservation
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert HoldIncident(grounds)
* insert FindingNotSent(dataAbsentReason)

Mapping: HoldGroundsObservationToCad
Source: HoldGroundsObservation
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert HoldCad(grounds)
* insert FindingNotSent(dataAbsentReason)

Mapping: HoldGroundsObservationToEido
Source: HoldGroundsObservation
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO tells of a call and has no component for a contact; no Observation is made of one."

Mapping: HoldGroundsObservationToV2
Source: HoldGroundsObservation
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert FieldObservationV2

Mapping: ForceObservationToIncident
Source: ForceObservation
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert BareIncident(force)

Mapping: ForceObservationToCad
Source: ForceObservation
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert BareCad(force)

Mapping: ForceObservationToEido
Source: ForceObservation
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO tells of a call and has no component for a contact; no Observation is made of one."

Mapping: ForceObservationToV2
Source: ForceObservation
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert FieldObservationV2

Mapping: WeaponObservationToIncident
Source: WeaponObservation
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert BareIncident(weapons)

Mapping: WeaponObservationToCad
Source: WeaponObservation
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert BareCad(weapons)

Mapping: WeaponObservationToEido
Source: WeaponObservation
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO tells of a call and has no component for a contact; no Observation is made of one."

Mapping: WeaponObservationToV2
Source: WeaponObservation
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert FieldObservationV2

Mapping: DeEscalationObservationToIncident
Source: DeEscalationObservation
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert BareIncident(de_escalation)

Mapping: DeEscalationObservationToCad
Source: DeEscalationObservation
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert BareCad(de_escalation)

Mapping: DeEscalationObservationToEido
Source: DeEscalationObservation
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "none" "An EIDO tells of a call and has no component for a contact; no Observation is made of one."

Mapping: DeEscalationObservationToV2
Source: DeEscalationObservation
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert FieldObservationV2
