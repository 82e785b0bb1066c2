Profile: ContactProvenance
Parent: $us-core-provenance
Id: contact-provenance
Title: "Provenance of a contact"
Description: "Whose record the resources of a translation are, and which source records they were made of: one entity for each, where a CAD record, a report and a contact form were merged. There is one for each organization of origin. Where nobody has declared the origin, who says that it is unknown, and release holds what it names as 42 CFR part 2 would. It does not say who reads or sends: that is AuditEvent. Must-support elements are those that the hub sends whenever it knows them; a receiver can show or keep them."
* insert Labelled
* target MS
* occurred[x] only dateTime
* occurredDateTime MS
* occurredDateTime ^short = "When the source last changed the record"
* recorded MS
* activity 1..1 MS
* activity = $DataOperation#CREATE
* agent[ProvenanceAuthor] 1..1 MS
* agent[ProvenanceAuthor].who only Reference($us-core-organization)
* agent[ProvenanceAuthor].who.extension contains $data-absent-reason named absent 0..1 MS
* agent[ProvenanceAuthor].who.extension[absent] ^short = "unknown: nobody declared whose record it is"
* entity 1..* MS
* entity.role = #source
* entity.what MS
* entity.what.identifier MS
* entity.what.identifier ^short = "The agency's number of the incident or case"
* entity.what.display MS
* entity.what.display ^short = "Which reader read it"
* entity.extension contains SourceVersion named version 0..1 MS

Extension: SourceVersion
Id: source-version
Context: Provenance.entity
Title: "Version of the source record"
Description: "The source's own name for the version of the record that was read, such as a revision number. R4's Provenance.entity refers to a versioned FHIR resource only, and a CAD event is none."
* value[x] 1..1
* value[x] only string

Mapping: ContactProvenanceIncident
Source: ContactProvenance
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Incident"
* target -> "(made)" "Every resource of that organization's record."
* occurredDateTime -> "updated"
* recorded -> "(made)" "The time of translation."
* activity -> "(fixed)"
* agent[ProvenanceAuthor] -> "organization, contacts[].organization, narratives[].organization"
* entity -> "number, case_number"
* entity.what -> "number, case_number"
* entity.what.identifier -> "number" "Else case_number."
* entity.what.display -> "(made)" "The name of the reader or pack."
* entity.extension[version] -> "version"
* insert LabelsFromRecord
* target.reference -> "(made)"
* agent -> "(see the author)"
* agent.type -> "(fixed)"
* agent.who -> "(see the author)"
* agent.onBehalfOf -> "(none)" "Nobody acts here for an organization: the author is one."
* agent[ProvenanceTransmitter] -> "(none)" "Who sent it is known to the hub and stands in its audit."

Mapping: ContactProvenanceCad
Source: ContactProvenance
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or RMS export"
* target -> "(made)"
* occurredDateTime -> "updated"
* recorded -> "(made)"
* activity -> "(fixed)"
* agent[ProvenanceAuthor] -> "organization, else the agency of the pack"
* entity -> "number, case_number"
* entity.what -> "number, case_number"
* entity.what.identifier -> "number" "Else case_number."
* entity.what.display -> "(made)" "The pack's id."
* entity.extension[version] -> "version"
* insert LabelsFromRecord
* target.reference -> "(made)"
* agent -> "(see the author)"
* agent.type -> "(fixed)"
* agent.who -> "(see the author)"
* agent.onBehalfOf -> "(none)" "Nobody acts here for an organization: the author is one."
* agent[ProvenanceTransmitter] -> "(none)" "Who sent it is known to the hub and stands in its audit."

Mapping: ContactProvenanceEido
Source: ContactProvenance
Target: "urn:nena:eido"
Id: eido
Title: "EIDO"
* target -> "(made)"
* occurredDateTime -> "lastUpdateTimeStamp"
* recorded -> "(made)"
* activity -> "(fixed)"
* agent[ProvenanceAuthor] -> "updatedByAgencyReference, agencyComponent[].incidentOwningAgencyIndicator" "Else the agency that the hub was told of."
* entity -> "incidentComponent"
* entity.what -> "incidentComponent"
* entity.what.identifier -> "incidentComponent.internalIncidentId" "Else $id."
* entity.what.display -> "(fixed)" "eido"
* entity.extension[version] -> "lastUpdateTimeStamp"
* insert LabelsFromRecord
* target.reference -> "(made)"
* agent -> "(see the author)"
* agent.type -> "(fixed)"
* agent.who -> "(see the author)"
* agent.onBehalfOf -> "(none)" "Nobody acts here for an organization: the author is one."
* agent[ProvenanceTransmitter] -> "(none)" "Who sent it is known to the hub and stands in its audit."

Mapping: ContactProvenanceHl7v2
Source: ContactProvenance
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 REF^I12"
* -> "(none)" "REF^I12 has no place for it."
