"""The transaction that every store function takes first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from hub.store.keys import KeyRing

#: What a sleeping worker waits for: new messages to translate, lanes with something to send.
Topic = Literal["messages", "lanes"]


@dataclass(slots=True)
class Tx:
    """One unit of work: its connection, the key ring and one time for all it writes.

    A function that gets a Tx never commits; the store does, together with other units (see `store.Store`).
    """

    connection: Connection
    keys: KeyRing
    now: datetime
    #: Topics to wake after the commit, and only after it.
    woken: set[Topic] = field(default_factory=set)

    def wake(self, topic: Topic) -> None:
        """After the commit, wake whoever waits for this topic."""
        self.woken.add(topic)
