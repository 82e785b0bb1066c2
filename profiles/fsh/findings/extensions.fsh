Extension: ReportedBy
Id: reported-by
Title: "Reported by"
Description: "Who told the observer of it, in the source's words: the caller, a neighbour, the person. R4 has Observation.performer for who answers for an observation and no element for the one who told them; naming the teller as performer would make hearsay of a bystander the observation of a professional."
Context: Observation
* value[x] 1..1
* value[x] only string

Extension: Instrument
Id: instrument
Title: "Screening instrument"
Description: "Which instrument was asked, as a code or by the name that the agency has for it. QuestionnaireResponse.questionnaire holds a canonical URL alone, which an instrument known by an agency's own code or name does not have."
Context: QuestionnaireResponse
* value[x] 1..1
* value[x] only CodeableConcept
* valueCodeableConcept from ScreeningPanels (preferred)

Extension: CautionSeverity
Id: caution-severity
Title: "Caution severity"
Description: "How grave the source holds a safety caution to be. R4's Flag has no element for it. HL7's flag-priority extension ranks alerts for their display, which is the receiver's own decision; this one states a fact of the source."
Context: Flag
* value[x] 1..1
* value[x] only code
* valueCode from CautionSeverities (required)
