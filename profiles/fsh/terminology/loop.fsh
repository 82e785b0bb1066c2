// Code systems of the referral loop.

CodeSystem: TaskBusinessStatusCS
Id: task-business-status
Title: "Business status of a referral"
Description: "Where a referral stands, in finer steps than Task.status has. A receipt is not an acceptance: `delivered` says that the center's system has the referral, and only the center's own decision goes further."
* insert OurCodes
* #created "Created" "The hub made the referral; no system of the center is known to have it."
* #delivered "Delivered" "The center's system confirmed that it has the referral. Nobody there has decided."
* #accepted "Accepted" "The center accepted the referral."
* #rejected "Rejected" "The center declined the referral."
* #scheduled "Appointment scheduled" "The center gave the person an appointment. That alone says nothing of acceptance."
* #no-show "Appointment not kept" "The person did not come to the appointment."
* #appointment-cancelled "Appointment cancelled" "The appointment was cancelled. The referral may stand all the same."
* #in-progress "In progress" "The center has begun to do what it was asked."
* #completed "Completed" "The center did what it was asked."
* #failed "Failed" "The center tried and could not do what it was asked."
* #cancelled "Cancelled" "The referral was taken back before the center did what it was asked."

CodeSystem: MessageEventCS
Id: message-event
Title: "Message event"
Description: "What a FHIR message between the hub and a center is about."
* insert OurCodes
* #referral-submit "Submit a referral" "The hub asks a center to take a referral."
* #referral-update "Update a referral" "The hub sends later facts about a referral that the center has."
* #referral-response "Answer a referral" "A center tells the hub what it decided or did about a referral."
* #field-contact "Field contact" "The hub tells of a contact that refers nobody."

CodeSystem: AuditKindCS
Id: audit-kind
Title: "Kind of audited event"
Description: "What the hub did or was asked to do, for AuditEvent.subtype. A kind of a family stands below it in the code (alarm.undelivered is an alarm)."
* insert OurCodes
* #message "Message received" "An input was received and kept."
* #message.replayed "Message replayed" "A person had an input worked through again."
* #incident.expunged "Incident expunged" "A record was deleted by order of a court or of the law."
* #disclosure "Disclosure" "Something left for another organization, or was meant to."
* #answer "Answer" "A center answered a referral."
* #outcome "Outcome asked for" "Somebody asked what became of a referral."
* #label "Labels asked for" "Another system had its records labelled."
* #hold.released "Hold released" "A person let go what was held."
* #hold.rejected "Hold rejected" "A person decided that what was held does not go."
* #alarm.undelivered "Alarm: undelivered" "A referral did not reach its destination in time, and somebody was told."
* #alarm.unanswered "Alarm: unanswered" "A center did not answer in time, and somebody was told."
* #alarm.held "Alarm: held" "A referral is held, and somebody was told."
* #alarm.parked "Alarm: parked" "A delivery was given up, and somebody was told."
* #alarm.provenance "Alarm: origin unknown" "Nobody knows whose record it is, and somebody was told."
* #alarm.acknowledged "Alarm acknowledged" "A person took an alarm."
* #lane.unblocked "Lane unblocked" "A person let the deliveries of a lane go on."
* #console.message "Message viewed" "A person looked at a message of their own organization."
* #console.codes "Unmapped codes viewed" "A person looked at the codes of their own organization that no table has."
* #console.print "Referral viewed to print" "A person opened a referral to print it or read it out."
* #sign-in "Sign-in" "A person signed in, or tried to."
* #sign-out "Sign-out" "A person signed out."
* #start "Start" "A hub process started."
