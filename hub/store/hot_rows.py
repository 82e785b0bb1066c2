"""Rows that are inserted for many inputs at once: each way to the database and back is for all of them.

On PostgreSQL the rows of one statement come as one list for each column; on SQLite they are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Dialect, Table

from hub.store.tx import Tx

#: Bytes of values in one statement, beyond which the next rows go in another: PostgreSQL unpacks them in memory.
AT_ONCE = 1024 * 1024
#: How many rows an SQLite statement may have, most first: each number is a statement of its own.
_SIZES = (32, 16, 8, 4, 2, 1)


class HotRows:
    """One INSERT of many rows, in the order in which they are given. They have the columns `common` alike and those of
    `own` each for itself: strings, integers and bytes, as every driver takes them.
    """

    def __init__(self, table: Table, *, common: tuple[str, ...], own: tuple[str, ...]) -> None:
        self._table = table
        self._common = common
        self._own = own
        self._statements: dict[tuple[str, int, tuple[str, ...]], str] = {}
        self._conversions: dict[str, list[tuple[str, Callable[[Any], Any] | None]]] = {}

    def add(self, tx: Tx, common: Mapping[str, Any], rows: Sequence[tuple[Any, ...]]) -> None:
        """Inserts them all. What breaks a key is raised as the driver raises it."""
        given = self._converted(tx.dialect, common)
        for part in _parts(tx.dialect, rows):
            tx.ask(*self._insert(tx.dialect, given, part, ()))

    def add_unknown(
        self, tx: Tx, common: Mapping[str, Any], rows: Sequence[tuple[Any, ...]], *, key: tuple[str, ...]
    ) -> list[int | None]:
        """Inserts those of which there is none yet with the same `key`, some of `own` and never NULL: for each its new
        id, or None where it is known, be it from a row before it."""
        given = self._converted(tx.dialect, common)
        places = [self._own.index(name) for name in key]
        made = list[int | None]()
        for part in _parts(tx.dialect, rows):
            if _named(tx.dialect):
                tx.cursor.execute(*self._insert(tx.dialect, given, part, key))
                new = {tuple(found[1:]): int(found[0]) for found in tx.cursor.fetchall()}
                made += [new.pop(tuple([row[place] for place in places]), None) for row in part]
            else:
                made += self._add_unknown_to_sqlite(tx, given, part, key)
        return made

    def _add_unknown_to_sqlite(
        self, tx: Tx, given: dict[str, Any], part: Sequence[tuple[Any, ...]], key: tuple[str, ...]
    ) -> Iterable[int | None]:
        cursor = tx.cursor
        if len(part) > 1:
            # RETURNING would cost more than the whole row: nearly always all of them are unknown
            try:
                cursor.execute(*self._insert(tx.dialect, given, part, ()))
            except tx.dialect.loaded_dbapi.IntegrityError:  # nothing of the statement is left
                return [one for row in part for one in self._add_unknown_to_sqlite(tx, given, [row], key)]
            last = cursor.lastrowid
            assert last is not None
            return range(last - len(part) + 1, last + 1)
        cursor.execute(*self._insert(tx.dialect, given, part, key))
        return [cursor.lastrowid if cursor.rowcount == 1 else None]

    def _insert(
        self, dialect: Dialect, given: dict[str, Any], part: Sequence[tuple[Any, ...]], key: tuple[str, ...]
    ) -> tuple[str, Any]:
        """The statement for these rows and its parameters. With a key, it adds only what is not known by it."""
        at = (dialect.name, len(part) if not _named(dialect) else min(len(part), 2), key)
        statement = self._statements.get(at)
        if statement is None:
            statement = self._statements[at] = self._written(dialect, at[1], key)
        if not _named(dialect):
            return statement, [*given.values(), *chain.from_iterable(part)]
        own = part[0] if len(part) == 1 else map(list, zip(*part, strict=True))
        return statement, given | dict(zip(self._own, own, strict=True))

    def _written(self, dialect: Dialect, rows: int, key: tuple[str, ...]) -> str:
        quote = dialect.identifier_preparer.quote
        columns = ", ".join(map(quote, (*self._common, *self._own)))
        text = f"INSERT INTO {quote(self._table.name)} ({columns}) "
        if not _named(dialect):
            first, width = len(self._common), len(self._own)
            common = ", ".join(f"?{place + 1}" for place in range(first))
            text += "VALUES " + ", ".join(
                f"({common}, {', '.join(f'?{first + width * row + place + 1}' for place in range(width))})"
                for row in range(rows)
            )
            return text + (" ON CONFLICT DO NOTHING" if key else "")
        kinds = {name: self._table.c[name].type.compile(dialect) for name in (*self._common, *self._own)}
        common = ", ".join(f"CAST(%({name})s AS {kinds[name]})" for name in self._common)
        if rows == 1:
            text += f"VALUES ({common}, {', '.join(f'%({name})s' for name in self._own)})"
        else:
            # one parameter for each column, in the binary form: as text each byte is two and read one by one
            lists = ", ".join(f"CAST(%({name})b AS {kinds[name]}[])" for name in self._own)
            own = ", ".join(map(quote, self._own))
            text += f"SELECT {common}, {', '.join(f'came.{quote(name)}' for name in self._own)} "
            text += f"FROM unnest({lists}) WITH ORDINALITY AS came ({own}, place) ORDER BY came.place"
        if key:
            text += f" ON CONFLICT DO NOTHING RETURNING id, {', '.join(map(quote, key))}"
        return text

    def _converted(self, dialect: Dialect, common: Mapping[str, Any]) -> dict[str, Any]:
        conversions = self._conversions.get(dialect.name)
        if conversions is None:
            conversions = self._conversions[dialect.name] = [
                (name, self._table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in self._common
            ]
        return {name: common[name] if convert is None else convert(common[name]) for name, convert in conversions}


def _named(dialect: Dialect) -> bool:
    """Whether it is PostgreSQL, whose driver takes parameters by name."""
    return dialect.name == "postgresql"


def _parts(dialect: Dialect, rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Rows that go in one statement."""
    if not _named(dialect):
        done = 0
        for size in _SIZES:
            while len(rows) - done >= size:
                yield rows[done : done + size]
                done += size
        return
    part: list[tuple[Any, ...]] = []
    held = 0
    for row in rows:
        size = sum(len(value) for value in row if isinstance(value, bytes))
        if part and held + size > AT_ONCE:
            yield part
            part, held = [], 0
        part.append(row)
        held += size
    if part:
        yield part
