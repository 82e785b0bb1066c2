// What a police record says of a place that Address and Location have no element for.

Extension: PoliceBeat
Id: police-beat
Title: "Police beat"
Description: "The beat, sector or dispatch group that the place lies in, as the agency names it. FHIR has no home for it: the parts of an Address are postal, and a beat is nobody's postal district."
Context: Location, Address
* value[x] 1..1
* value[x] only string

Extension: CrossStreet
Id: cross-street
Title: "Cross street"
Description: "The street or streets that cross near the place. FHIR has no home for it: in Address.line it would read as part of the postal address."
Context: Location, Address
* value[x] 1..1
* value[x] only string

Extension: LocationUncertainty
Id: location-uncertainty
Title: "Uncertainty of the position"
Description: "How far off the position may be, as a radius in metres, where a caller's position was measured. FHIR has no home for it: Location.position has coordinates and no accuracy."
Context: Location
* value[x] 1..1
* value[x] only Quantity
* valueQuantity.value 1..1
* valueQuantity.system 1..1
* valueQuantity.system = $ucum
* valueQuantity.code 1..1
* valueQuantity.code = #m
