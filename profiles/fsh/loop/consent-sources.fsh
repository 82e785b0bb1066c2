// Where the elements of a consent come from: the same for the three of them.
RuleSet: ConsentFromForm
* -> "contacts[].consents[]"
* insert LabelsFromRecord
* extension[elements] -> "contacts[].consents[]" "Each part: see the extension."
* identifier -> "contacts[].consents[].number" "And an id of the hub's own, made of the record's key."
* status -> "contacts[].consents[].status" "revoked is inactive."
* patient -> "contacts[].person"
* dateTime -> "contacts[].consents[].signature.at"
* performer -> "contacts[].consents[].signature.by"
* organization -> "contacts[].consents[].disclosers[].organization"
* sourceReference -> "contacts[].consents[].scan"
* policy -> "contacts[].consents[].kind"
* provision -> "contacts[].consents[]"
* provision.type -> "contacts[].consents[].decision"
* provision.period -> "contacts[].consents[].valid_from, contacts[].consents[].expires"
* provision.actor -> "contacts[].consents[].recipients[].organization, contacts[].consents[].recipients[].name"
* provision.securityLabel -> "contacts[].consents[].sensitivities"
* provision.purpose -> "contacts[].consents[].purposes" "TPO becomes its three codes."
* provision.provision -> "contacts[].consents[].excluded"

RuleSet: ConsentFromExport
* -> "(none)" "A pack can fill contacts.consents where an export has the form's own fields. None of the packs that are shipped does: a CAD or RMS export holds no signed form."

RuleSet: ConsentFromEido
* -> "(none)" "An EIDO holds no consent."

RuleSet: ConsentAsV2
* -> "NTE-3" "The scope in words, where the partner takes it as NTE. A Consent has no segment."
* insert LabelsAsV2
* extension[elements] -> "NTE-3" "Description, names and classes of discloser and recipient, expiry event."
* identifier -> "NTE-3"
* status -> "(none)"
* patient -> "PID"
* dateTime -> "NTE-3"
* performer -> "(none)"
* organization -> "(none)"
* sourceReference -> "(none)"
* policy -> "NTE-3"
* provision -> "NTE-3"
* provision.type -> "NTE-3"
* provision.period -> "NTE-3"
* provision.actor -> "NTE-3"
* provision.securityLabel -> "NTE-3"
* provision.purpose -> "NTE-3"
* provision.provision -> "NTE-3"

Mapping: Part2ConsentIncident
Source: Part2Consent
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Incident"
* insert ConsentFromForm

Mapping: Part2ConsentCad
Source: Part2Consent
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or RMS export"
* insert ConsentFromExport

Mapping: Part2ConsentEido
Source: Part2Consent
Target: "urn:nena:eido"
Id: eido
Title: "EIDO"
* insert ConsentFromEido

Mapping: Part2ConsentHl7v2
Source: Part2Consent
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 REF^I12"
* insert ConsentAsV2

Mapping: AuthorizationConsentIncident
Source: AuthorizationConsent
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Incident"
* insert ConsentFromForm

Mapping: AuthorizationConsentCad
Source: AuthorizationConsent
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or RMS export"
* insert ConsentFromExport

Mapping: AuthorizationConsentEido
Source: AuthorizationConsent
Target: "urn:nena:eido"
Id: eido
Title: "EIDO"
* insert ConsentFromEido

Mapping: AuthorizationConsentHl7v2
Source: AuthorizationConsent
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 REF^I12"
* insert ConsentAsV2

Mapping: OptOutConsentIncident
Source: OptOutConsent
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Incident"
* insert ConsentFromForm

Mapping: OptOutConsentCad
Source: OptOutConsent
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or RMS export"
* insert ConsentFromExport

Mapping: OptOutConsentEido
Source: OptOutConsent
Target: "urn:nena:eido"
Id: eido
Title: "EIDO"
* insert ConsentFromEido

Mapping: OptOutConsentHl7v2
Source: OptOutConsent
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 REF^I12"
* insert ConsentAsV2

