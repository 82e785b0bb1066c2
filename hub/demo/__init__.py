"""The demo: the whole story on one machine, with real processes, real sockets and a real store.

`story` tells it, `stage` sets up the hub and the three sample EHRs as processes of their own, `tally` counts what
happened out of the store and the EHRs. Everybody in it is invented; its inputs are golden samples.
"""
