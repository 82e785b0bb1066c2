"""INSERTs that run for every input, on the driver's cursor: compiled once a dialect, columns converted by their types.

Core's execution costs several times what SQLite needs for the row. Only for INSERTs whose columns are always the
same; the caller gives a value for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Dialect, Insert, Table

from hub.store.tx import Tx

#: The statement, and per parameter its name and conversion; whether the driver takes parameters by name.
_Compiled = tuple[str, tuple[tuple[str, Callable[[Any], Any] | None], ...], bool]


class HotInsert:
    """One INSERT of a table. `build` makes it for a dialect's name; `columns` are the values it is always given."""

    def __init__(self, table: Table, columns: tuple[str, ...], build: Callable[[str], Any]) -> None:
        self._table = table
        self._columns = columns
        self._build = build
        self._compiled: dict[str, _Compiled] = {}

    def run(self, tx: Tx, values: Mapping[str, Any]) -> Any:
        """Executes it and gives the first column of the row it returns, None without a row."""
        dialect = tx.connection.dialect
        statement, plan, named = self._compiled.get(dialect.name) or self._compile(dialect)
        made = [values[name] if convert is None else convert(values[name]) for name, convert in plan]
        cursor = tx.connection.connection.cursor()
        cursor.execute(statement, {name: one for (name, _), one in zip(plan, made, strict=True)} if named else made)
        row = cursor.fetchone()
        cursor.close()
        return None if row is None else row[0]

    def _compile(self, dialect: Dialect) -> _Compiled:
        insert: Insert = self._build(dialect.name)
        compiled = insert.compile(dialect=dialect, column_keys=list(self._columns))
        order = getattr(compiled, "positiontup", None)
        plan = tuple(
            (name, self._table.c[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in (order or self._columns)
        )
        made: _Compiled = (str(compiled), plan, order is None)
        self._compiled[dialect.name] = made
        return made
