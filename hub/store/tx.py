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
class After:
    """What is to be done once a commit holds, and only then: topics to wake, things to count."""

    topics: set[Topic] = field(default_factory=set)
    counted: list[tuple[str, ...]] = field(default_factory=list)

    def take(self, other: After) -> None:
        """With what another unit of the same commit wants."""
        self.topics |= other.topics
        self.counted += other.counted


@dataclass(slots=True)
class Tx:
    """One unit of work: its connection, the key ring and one time for all it writes.

    A function that gets a Tx never commits; the store does, together with other units (see `store.Store`).
    """

    connection: Connection
    keys: KeyRing
    now: datetime
    after: After = field(default_factory=After)

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
        self.after.topics.add(topic)

    def count(self, *what: str) -> None:
        """After the commit, count this: codes and names of the configuration, never a value."""
        self.after.counted.append(what)
