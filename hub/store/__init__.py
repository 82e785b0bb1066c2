"""The hub's store: one database, one writer with group commit, sealed documents, lanes.

Tables are in `tables`; each noun has a module of functions that take a `Tx` first:

    messages    what came in, as it came           referrals   where each loop stands
    documents   versions of resources              answers     what destinations said
    lanes       order per destination              holds       what a person must decide
    deliveries  sealed releases on their way       alarms      what a named person must act on
    claims      the right to send, and its end     disclosures, decisions, traces   what was done and why
    vault       every sealed document              sessions, marks                  the console's and the hub's own

    with Store(url, KeyRing(FileKeys(path)), clock) as store:
        message, fresh = store.write(lambda tx: messages.receive(tx, source=..., ...))
"""

from hub.store.keys import EnvKeys, FileKeys, KeyProvider, KeyRing
from hub.store.migrate import migrate
from hub.store.store import Store
from hub.store.tx import Tx

__all__ = ["EnvKeys", "FileKeys", "KeyProvider", "KeyRing", "Store", "Tx", "migrate"]
