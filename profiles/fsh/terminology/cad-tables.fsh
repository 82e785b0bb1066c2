// Made from the code by `python -m tests.profiles.shorthand`: do not edit.

Instance: new-orleans-cad-type-to-apco-incident-type
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(new-orleans-cad-type-to-apco-incident-type, NewOrleansCadTypeToApcoIncidentType)
* title = "New Orleans type to APCO incident type"
* description = "The reviewed table of the shipped pack new-orleans-cad, which reads open calls for service of New Orleans, as a ConceptMap. How far the two agree is not stated there."
* insert Between(https://warmhandoff.org/packs/new-orleans-cad/type, https://warmhandoff.org/fhir/CodeSystem/apco-incident-type)
* insert Maps(62A, ALRBS, relatedto)
* group[=].element[=].display = "BURGLAR ALARM, SILENT"
* insert Maps(103, DISORD, relatedto)
* group[=].element[=].display = "DISTURBANCE (OTHER)"
* insert Maps(103F, FIGHT, relatedto)
* group[=].element[=].display = "FIGHT"
* insert MapsWith(94, WEAPON, relatedto, [[APCO's definition names illegal discharge.]])
* group[=].element[=].display = "DISCHARGING FIREARM"
* insert Maps(94F, FIREWRKS, relatedto)
* group[=].element[=].display = "FIREWORKS"
* insert Maps(95, WEAPON, relatedto)
* group[=].element[=].display = "ILLEGAL CARRYING OF WEAPON"

Instance: new-orleans-cad-disposition-to-field-disposition
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(new-orleans-cad-disposition-to-field-disposition, NewOrleansCadDispositionToFieldDisposition)
* title = "New Orleans disposition to field disposition"
* description = "The reviewed table of the shipped pack new-orleans-cad, which reads open calls for service of New Orleans, as a ConceptMap. How far the two agree is not stated there."
* insert Between(https://warmhandoff.org/packs/new-orleans-cad/disposition, https://warmhandoff.org/fhir/CodeSystem/field-disposition)
* insert Maps(GOA, gone-on-arrival, relatedto)
* group[=].element[=].display = "GONE ON ARRIVAL"
* insert NoMatch(NAT, [[Says that something was done and not what: no code of ours is that.]])
* group[=].element[=].display = "Necessary Action Taken"

Instance: seattle-cad-event-clearance-code-to-apco-incident-type
InstanceOf: ConceptMap
Usage: #definition
* insert MapIdentity(seattle-cad-event-clearance-code-to-apco-incident-type, SeattleCadEventClearanceCodeToApcoIncidentType)
* title = "Seattle event clearance code to APCO incident type"
* description = "The reviewed table of the shipped pack seattle-cad, which reads open calls for service of Seattle, as a ConceptMap. How far the two agree is not stated there."
* insert Between(https://warmhandoff.org/packs/seattle-cad/event-clearance-code, https://warmhandoff.org/fhir/CodeSystem/apco-incident-type)
* insert Maps(177, INTOX, relatedto)
* group[=].element[=].display = "LIQUOR VIOLATION - INTOXICATED PERSON"
* insert MapsWith(220, EDP, relatedto, [[The city's own group of this code is MENTAL HEALTH; APCO has no other type for it.]])
* group[=].element[=].display = "MENTAL COMPLAINT"
* insert Maps(242, FIGHT, relatedto)
* group[=].element[=].display = "FIGHT DISTURBANCE"
* insert Maps(281, VEHSUSP, relatedto)
* group[=].element[=].display = "SUSPICIOUS VEHICLE"
* insert Maps(065, LARCENY, relatedto)
* group[=].element[=].display = "THEFT - MISCELLANEOUS"
