Profile: CoresponseLocation
Parent: us-core-location
Id: coresponse-location
Title: "Co-response location"
Description: "Where the call or the contact was, as exactly as the source says and no more: a block, a crossing or a park is as good as a street address. Its name is what people call the place, else its street address. It is used for the place of an incident or of a contact. It is not a facility, and not where the person lives, which is an address of the Patient. A place known by a point or a beat alone has no name and does not claim this profile. Must-support: the hub sends the element whenever it knows it, and a receiver can show or keep it."
* insert Labelled
* extension contains
    PoliceBeat named policeBeat 0..1 MS and
    CrossStreet named crossStreet 0..1 MS and
    LocationUncertainty named uncertainty 0..1 MS
* identifier 1..* MS
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains resource 1..1 MS
* identifier[resource] ^short = "The hub's own number of this place, under which a receiver creates it once"
* identifier[resource].system 1..1
* identifier[resource].system = "https://warmhandoff.org/fhir/sid/resource"
* identifier[resource].value 1..1
* name ^short = "What people call the place, else its street address"
* mode MS
* mode = #instance
* type MS
* type ^short = "The sort of place, in the source's codes and words"
* address.text MS
* address.district MS
* address.country MS
* position MS
* position ^short = "WGS 84 degrees"

Mapping: CoresponseLocationToIncident
Source: CoresponseLocation
Target: "https://warmhandoff.org/fhir/incident"
Id: incident
Title: "Canonical record (Incident)"
* -> "place"
* -> "contacts[].place"
* extension[policeBeat] -> "place.beat"
* extension[policeBeat] -> "contacts[].place.beat"
* extension[crossStreet] -> "place.cross_street"
* extension[crossStreet] -> "contacts[].place.cross_street"
* extension[uncertainty] -> "place.uncertainty_m"
* extension[uncertainty] -> "contacts[].place.uncertainty_m"
* identifier -> "number" "A keyed id of the incident's number and of which place it is."
* identifier[resource] -> "number" "A keyed id of the incident's number and of which place it is."
* name -> "place.text"
* name -> "place.line" "Without a text."
* name -> "contacts[].place.text"
* name -> "contacts[].place.line" "Without a text."
* mode -> "place" "Always instance."
* type -> "place.kind"
* type -> "contacts[].place.kind"
* address -> "place"
* address -> "contacts[].place"
* address.text -> "place.text"
* address.text -> "contacts[].place.text"
* address.line -> "place.line"
* address.line -> "contacts[].place.line"
* address.city -> "place.city"
* address.city -> "contacts[].place.city"
* address.district -> "place.district"
* address.district -> "contacts[].place.district"
* address.state -> "place.state"
* address.state -> "contacts[].place.state"
* address.postalCode -> "place.postal_code"
* address.postalCode -> "contacts[].place.postal_code"
* address.country -> "place.country"
* address.country -> "contacts[].place.country"
* position -> "place.latitude"
* position -> "place.longitude"
* position -> "contacts[].place.latitude"
* position -> "contacts[].place.longitude"
* insert LabelsFromHub
* insert NeverSent(status)
* insert NeverSent(telecom)
* insert NeverSent(managingOrganization)

Mapping: CoresponseLocationToCad
Source: CoresponseLocation
Target: "https://warmhandoff.org/fhir/pack"
Id: cad
Title: "CAD or records export, through a pack"
* -> "place, contacts.place"
* extension[policeBeat] -> "place.beat"
* extension[crossStreet] -> "place.cross_street"
* extension[uncertainty] -> "place.uncertainty_m"
* identifier -> "event_number" "A keyed id."
* identifier[resource] -> "event_number" "A keyed id."
* name -> "place.text, place.line"
* mode -> "none" "Always instance."
* type -> "place.kind"
* address -> "place"
* address.text -> "place.text"
* address.line -> "place.line" "Masked addresses and crossings stay as they are."
* address.city -> "place.city"
* address.district -> "place.district"
* address.state -> "place.state"
* address.postalCode -> "place.postal_code"
* address.country -> "place.country"
* position -> "place.latitude, place.longitude" "Degrees only: state-plane feet are not coordinates."
* insert LabelsFromHub
* insert NeverSent(status)
* insert NeverSent(telecom)
* insert NeverSent(managingOrganization)

Mapping: CoresponseLocationToEido
Source: CoresponseLocation
Target: "urn:nena:eido"
Id: eido
Title: "EIDO (NENA-STA-021)"
* -> "locationComponent[]" "Typed CurrentIncident, else InitialIncident; never the place of a caller, an antenna or a route."
* extension[policeBeat] -> "incidentComponent.beatOrDispatchGroupText"
* extension[crossStreet] -> "locationComponent[].intersectingStreetByValue[]" "Then crossStreetByValue."
* extension[uncertainty] -> "locationComponent[].locationByValue" "PIDF-LO: the radius of a circle."
* identifier -> "incidentComponent.internalIncidentId" "A keyed id."
* identifier[resource] -> "incidentComponent.internalIncidentId" "A keyed id."
* name -> "locationComponent[].locationDescriptionText" "With PIDF-LO's NAM, LMK and LOC; else its street address."
* mode -> "none" "Always instance."
* type -> "none"
* address -> "locationComponent[].locationByValue" "PIDF-LO: civicAddress."
* address.text -> "locationComponent[].locationDescriptionText" "With PIDF-LO's NAM, LMK and LOC."
* address.line -> "locationComponent[].locationByValue" "PIDF-LO: HNO, HNS, PRD, PRM, RD, STS, POD, POM, then BLD, FLR, UNIT and ROOM."
* address.city -> "locationComponent[].locationByValue" "PIDF-LO: A3."
* address.district -> "locationComponent[].locationByValue" "PIDF-LO: A2."
* address.state -> "locationComponent[].locationByValue" "PIDF-LO: A1."
* address.postalCode -> "locationComponent[].locationByValue" "PIDF-LO: PC."
* address.country -> "locationComponent[].locationByValue" "PIDF-LO: country."
* position -> "locationComponent[].locationByValue" "PIDF-LO: gml:pos of a point or a circle."
* insert LabelsFromHub
* insert NeverSent(status)
* insert NeverSent(telecom)
* insert NeverSent(managingOrganization)

Mapping: CoresponseLocationToV2
Source: CoresponseLocation
Target: "http://hl7.org/v2"
Id: hl7v2
Title: "HL7 v2 (REF^I12)"
* -> "PV1-3" "Its name alone; the rest is reported as not carried."
* name -> "PV1-3.9"
* insert LabelsInV2
* insert NeverSent(status)
* insert NeverSent(telecom)
* insert NeverSent(managingOrganization)
* insert NotCarriedInV2(extension[policeBeat])
* insert NotCarriedInV2(extension[crossStreet])
* insert NotCarriedInV2(extension[uncertainty])
* insert NotCarriedInV2(identifier)
* insert NotCarriedInV2(identifier[resource])
* insert NotCarriedInV2(mode)
* insert NotCarriedInV2(type)
* insert NotCarriedInV2(address)
* insert NotCarriedInV2(address.text)
* insert NotCarriedInV2(address.line)
* insert NotCarriedInV2(address.city)
* insert NotCarriedInV2(address.district)
* insert NotCarriedInV2(address.state)
* insert NotCarriedInV2(address.postalCode)
* insert NotCarriedInV2(address.country)
* insert NotCarriedInV2(position)
