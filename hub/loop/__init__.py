"""The closed loop: what becomes of a referral between its decision and the answer that the referrer may see.

`arrival` looks at bytes at the door, `reading` turns one received message into labelled Bundles, `routing` finds the
destination, `releasing` asks `hub.release` for what may leave, `sending` sends it. `answering` and `polling` are the
ways by which a center answers, `foreign` checks the FHIR in it, `reply` is what it said, `answer` moves the Task by it;
`outcome` tells who may know, `alarm` rings when nothing comes, `recovery` begins again after a crash. `hub.pipeline`
joins them.
"""
