"""The transaction that every store function takes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Dialect
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


#: From so many statements on, sending them without waiting between costs the driver less than it saves.
PIPELINED = 3


class Asked:
    """A statement of a transaction. It is run in its place among the others, and its answer may be read later."""

    __slots__ = ("_changed", "_cursor", "_rows", "_tx", "many", "parameters", "statement")

    def __init__(self, tx: Tx, statement: str, parameters: Any, *, many: bool) -> None:
        self.statement = statement
        self.parameters = parameters
        self.many = many
        self._tx: Tx | None = tx
        self._cursor: DBAPICursor | None = None
        self._rows: Sequence[Sequence[Any]] = ()
        self._changed = 0

    def run(self, cursor: DBAPICursor) -> None:
        """Runs it on this cursor, which is its own until it is answered."""
        self._cursor = cursor
        if self.many:
            cursor.executemany(self.statement, self.parameters)
        else:
            cursor.execute(self.statement, self.parameters)

    def answered(self) -> None:
        """It has been run: what it gave is kept, and its cursor is free."""
        cursor, self._tx, self._cursor = self._cursor, None, None
        assert cursor is not None
        self._changed = cursor.rowcount
        if cursor.description is not None:
            # all of them: a statement that is not read to its end stays open, and its connection with it
            self._rows = cursor.fetchall()

    def changed(self) -> int:
        """How many rows it changed."""
        if self._tx is not None:
            self._tx.settle()
        return self._changed

    def rows(self) -> Sequence[Sequence[Any]]:
        """The rows that it gives, as the driver gives them."""
        if self._tx is not None:
            self._tx.settle()
        return self._rows


class Tx:
    """One unit of work: its connection, the key ring and one time for all it writes.

    A function that gets a Tx never commits; the store does, together with other units (see `store.Store`).

    On PostgreSQL each statement is a way to the server and back, and both processes are woken for it. What is asked
    with `ask` waits for the next statement whose answer is needed and goes with it, in order; SQLite runs it at once.
    Whatever takes the connection or the cursor has everything before it run first.
    """

    __slots__ = ("_asked", "_connection", "_cursor", "_driver", "after", "dialect", "keys", "now")

    def __init__(self, *, connection: Connection, keys: KeyRing, now: datetime, after: After | None = None) -> None:
        self.keys = keys
        self.now = now
        self.after = After() if after is None else after
        self.dialect: Dialect = connection.dialect
        self._connection = connection
        self._cursor: DBAPICursor | None = None
        self._asked: list[Asked] = []
        # the driver's connection where it can send statements without waiting for each
        self._driver: Any = None
        if self.dialect.name == "postgresql":
            self._driver = connection.connection.dbapi_connection

    @property
    def connection(self) -> Connection:
        """Its connection, for Core."""
        if self._asked:
            self.settle()
        return self._connection

    @property
    def cursor(self) -> DBAPICursor:
        """The driver's own cursor, one for the unit, for what runs for every input: Core costs more than the row.

        Not for a statement whose rows are still being read when another runs.
        """
        if self._asked:
            self.settle()
        if self._cursor is None:
            self._cursor = self._connection.connection.cursor()
        return self._cursor

    def ask(self, statement: str, parameters: Any, *, many: bool = False) -> Asked:
        """Runs a statement of the driver's, `many` of them with one row of parameters each; what it breaks is raised
        here or where the next answer is read, and before the unit ends."""
        asked = Asked(self, statement, parameters, many=many)
        if self._driver is None:
            asked.run(self.cursor)
            asked.answered()
        else:
            self._asked.append(asked)
        return asked

    def settle(self) -> None:
        """Runs what was asked and is not answered yet."""
        asked, self._asked = self._asked, []
        if len(asked) < PIPELINED:
            for one in asked:
                one.run(self.cursor)
                one.answered()
            return
        with self._driver.pipeline():
            for one in asked:
                one.run(self._driver.cursor())
        for one in asked:
            one.answered()

    def wake(self, topic: Topic) -> None:
        """After the commit, wake whoever waits for this topic."""
        self.after.topics.add(topic)

    def count(self, *what: str) -> None:
        """After the commit, count this: codes and names of the configuration, never a value."""
        self.after.counted.append(what)
