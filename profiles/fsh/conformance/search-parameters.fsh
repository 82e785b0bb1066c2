// What R4 and US Core have no search parameter for, and somebody asks. The hub itself offers no search.
RuleSet: Search(id, title, base, type)
* url = "https://warmhandoff.org/fhir/SearchParameter/{id}"
* version = "0.1.0"
* name = "{title}"
* status = #active
* base = #{base}
* type = #{type}

Instance: encounter-call-type-final
InstanceOf: SearchParameter
Usage: #definition
Title: "Encounters by the call type as it was closed"
Description: "Which contacts turned out to be of a kind, such as a welfare check. R4's reason-code also finds the type as the call came in, which often says something else."
* insert Search(encounter-call-type-final, EncounterCallTypeFinal, Encounter, token)
* code = #call-type-final
* description = "Contacts by the call type as the agency closed the call: the reason that is marked final. Not the type as it came in, and not the concerns that the team wrote down."
* expression = "Encounter.reasonCode.where(extension('https://warmhandoff.org/fhir/StructureDefinition/call-type-stage').value = 'final')"

Instance: encounter-call-received
InstanceOf: SearchParameter
Usage: #definition
Title: "Encounters by when the call came in"
Description: "Which contacts began with a call in a night or a month. R4's date looks at Encounter.period, which begins when the team met the person."
* insert Search(encounter-call-received, EncounterCallReceived, Encounter, date)
* code = #call-received
* description = "Contacts by when the 911 center received the call. R4's date finds them by when the team met the person."
* expression = "Encounter.extension('https://warmhandoff.org/fhir/StructureDefinition/call-times').extension('received').value.ofType(dateTime)"
* comparator[+] = #eq
* comparator[+] = #gt
* comparator[+] = #lt
* comparator[+] = #ge
* comparator[+] = #le

Instance: encounter-unit
InstanceOf: SearchParameter
Usage: #definition
Title: "Encounters by a unit that was on the call"
Description: "What a co-responder unit was sent to. A unit is known by the agency's own name for it and is no FHIR resource."
* insert Search(encounter-unit, EncounterUnit, Encounter, token)
* code = #unit
* description = "Contacts by the agency's id of a unit on the call. That a unit was there does not say that it met the person."
* expression = "Encounter.extension('https://warmhandoff.org/fhir/StructureDefinition/unit-times').extension('unit').value.ofType(string)"

Instance: location-police-beat
InstanceOf: SearchParameter
Usage: #definition
Title: "Locations by police beat"
Description: "Where contacts happen, by the district that the agency works in; chained from Encounter as location.police-beat."
* insert Search(location-police-beat, LocationPoliceBeat, Location, token)
* code = #police-beat
* description = "Places by the agency's beat or district."
* expression = "Location.extension('https://warmhandoff.org/fhir/StructureDefinition/police-beat').value.ofType(string)"

Instance: task-respond-by
InstanceOf: SearchParameter
Usage: #definition
Title: "Referral Tasks by when an answer is wanted"
Description: "Which referrals a center must answer today. R4's period looks at Task.executionPeriod, which is when the work is done."
* insert Search(task-respond-by, TaskRespondBy, Task, date)
* code = #respond-by
* description = "Referrals by the time up to which the sender waits for an answer. With status=requested: what is still to be answered, most urgent first by _sort."
* expression = "Task.restriction.period"
* comparator[+] = #eq
* comparator[+] = #gt
* comparator[+] = #lt
* comparator[+] = #ge
* comparator[+] = #le

Instance: flag-caution-severity
InstanceOf: SearchParameter
Usage: #definition
Title: "Safety cautions by severity"
Description: "Which cautions to read before somebody goes to a home. R4 finds a Flag by patient and date only."
* insert Search(flag-caution-severity, FlagCautionSeverity, Flag, token)
* code = #caution-severity
* description = "Safety cautions by how grave the source calls them. A caution without a severity is not found by it."
* expression = "Flag.extension('https://warmhandoff.org/fhir/StructureDefinition/caution-severity').value.ofType(code)"

Instance: consent-expiry-event
InstanceOf: SearchParameter
Usage: #definition
Title: "Part 2 consents by the event that ends them"
Description: "Which consents end by an event and not on a date, so that a person has to watch for it. R4's period finds only the dates."
* insert Search(consent-expiry-event, ConsentExpiryEvent, Consent, string)
* code = #expiry-event
* description = "Consents by the event upon which they end (42 CFR 2.31(a)(7)), in the words of the form. With :missing, those that end on a date or not at all."
* expression = "Consent.extension('https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements').extension('expiryEvent').value.ofType(string)"
