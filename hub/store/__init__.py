"""The hub's store: one database, one writer with group commit, sealed documents, lanes.

Tables are in `tables`; each noun has a module of functions that take a `Tx` first:

    inputs      what comes in, as it comes         referrals   where each loop stands
    messages    what became of it                  answers     what destinations said
    documents   versions of resources              holds       what a person must decide
    lanes       order per destination              alarms      what a named person must act on
    deliveries  sealed releases on their way       disclosures, decisions, traces   what was done and why
    claims      the right to send, and its end     sessions, marks                  the console's and the hub's own
    vault       every sealed document

    with Store(url, KeyRing(FileKeys(path)), clock) as store:
        message, fresh = store.write(lambda tx: inputs.receive(tx, source=..., ...))
"""

from hub.store.keys import EnvKeys, FileKeys, KeyProvider, KeyRing
from hub.store.migrate import migrate
from hub.store.store import Store
from hub.store.tx import Tx

__all__ = ["EnvKeys", "FileKeys", "KeyProvider", "KeyRing", "Store", "Tx", "migrate"]
