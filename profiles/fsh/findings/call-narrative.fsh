Profile: CallNarrative
Parent: DocumentReference
Id: call-narrative
Title: "Narrative of a call"
Description: "A narrative of a call for service that does not say whom it is about: most notes of a dispatcher, and a report that was read without its persons. It has no subject, because naming one would be a guess; it stands with the contacts of the call that it may speak of. A narrative whose record says whom it is about is a narrative document. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert NarrativeRules
* type 1..1 MS
* category 1..* MS
* subject 0..0
* date MS
* context MS

Mapping: CallNarrativeToIncident
Source: CallNarrative
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* insert NarrativeIncident

Mapping: CallNarrativeToCad
Source: CallNarrative
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* insert NarrativeCad

Mapping: CallNarrativeToEido
Source: CallNarrative
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* insert NarrativeEido

Mapping: CallNarrativeToV2
Source: CallNarrative
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* insert NarrativeV2
* -> "OBR, OBX" "Only where every contact that it stands with is this person's."
