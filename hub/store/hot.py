"""Writing that is done for every input, on the driver's cursor: compiled once a dialect, values converted by type.

Core's execution costs several times what SQLite needs for the row. Only for statements that are always the same; the
caller gives a value for each parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Dialect, Insert, Table

from hub.store.tables import insert_into
from hub.store.tx import Tx

#: The statement; its parameters in order; which of them are converted, and how; whether the driver takes them by
#: name; whether it answers with the row's id.
_Compiled = tuple[str, tuple[str, ...], tuple[tuple[int, Callable[[Any], Any]], ...], bool, bool]


class HotInsert:
    """One INSERT of a table, which does nothing where the row breaks a unique key. `columns` are always given."""

    def __init__(self, table: Table, columns: tuple[str, ...]) -> None:
        self._table = table
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def run(self, tx: Tx, values: Mapping[str, Any]) -> int | None:
        """Inserts one row; its id, or None where there is such a row already."""
        dialect = tx.connection.dialect
        statement, names, conversions, named, returns = self._compiled.get(dialect.name) or self._compile(dialect)
        row = [values[name] for name in names]
        for place, convert in conversions:
            row[place] = convert(row[place])
        cursor = tx.cursor
        cursor.execute(statement, dict(zip(names, row, strict=True)) if named else row)
        if returns:
            found = cursor.fetchone()
            return None if found is None else int(found[0])
        return cursor.lastrowid if cursor.rowcount == 1 else None

    def _compile(self, dialect: Dialect) -> _Compiled:
        insert = insert_into(dialect.name, self._table).on_conflict_do_nothing()
        # SQLite's RETURNING costs a tenth of the whole way in; its row ids are the ids
        returns = dialect.name != "sqlite"
        made = (insert.returning(self._table.c.id) if returns else insert).compile(
            dialect=dialect, column_keys=list(self._columns)
        )
        order = getattr(made, "positiontup", None)
        names = tuple(order or self._columns)
        conversions = [self._table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
        compiled: _Compiled = (
            str(made),
            names,
            tuple((place, convert) for place, convert in enumerate(conversions) if convert is not None),
            order is None,
            returns,
        )
        self._compiled[dialect.name] = compiled
        return compiled


class HotStatement:
    """One INSERT whose values are all named parameters or SQL; what it breaks is raised as the driver raises it."""

    def __init__(self, statement: Insert) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None, tuple[tuple[str, Callable[[Any], Any]], ...]]] = {}

    def run(self, tx: Tx, values: Mapping[str, Any]) -> None:
        """Runs it once with these parameters."""
        dialect = tx.connection.dialect
        statement, order, conversions = self._compiled.get(dialect.name) or self._compile(dialect)
        given = dict(values)
        for name, convert in conversions:
            given[name] = convert(given[name])
        tx.cursor.execute(statement, given if order is None else [given[name] for name in order])

    def _compile(
        self, dialect: Dialect
    ) -> tuple[str, tuple[str, ...] | None, tuple[tuple[str, Callable[[Any], Any]], ...]]:
        made = self._statement.compile(dialect=dialect)
        found = {
            name: parameter.type.dialect_impl(dialect).bind_processor(dialect)
            for parameter, name in made.bind_names.items()
        }
        order = getattr(made, "positiontup", None)
        compiled = (
            str(made),
            None if order is None else tuple(order),
            tuple((name, convert) for name, convert in found.items() if convert is not None),
        )
        self._compiled[dialect.name] = compiled
        return compiled
