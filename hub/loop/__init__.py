"""The closed loop: what becomes of a referral between its decision and the answer that the referrer may see.

`reading` turns one received message into labelled Bundles, `routing` finds the destination, `releasing` asks
`hub.release` for what may leave, `answer` moves the Task by what the center said, `outcome` tells who may know,
`alarm` rings when nothing comes. `hub.pipeline` joins them.
"""
