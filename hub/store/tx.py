"""The transaction that every store function takes first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPICursor

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

    _cursor: DBAPICursor | None = None

    @property
    def cursor(self) -> DBAPICursor:
        """The driver's own cursor, one for the unit, for what runs for every input: Core costs more than the row.

        Not for a statement whose rows are still being read when another runs.
        """
        if self._cursor is None:
            self._cursor = self.connection.connection.cursor()
        return self._cursor

    def wake(self, topic: Topic) -> None:
        """After the commit, wake whoever waits for this topic."""
        self.woken.add(topic)
