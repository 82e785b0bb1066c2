"""Statements that run for every input, on the driver's cursor: compiled once a dialect, values converted by type.

Core's execution costs several times what SQLite needs for the row. Only for statements that are always the same; the
caller gives a value for each parameter.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Column, Delete, Dialect, Insert, Select, Table, Update

from hub.store.tx import Tx


class HotStatement:
    """One statement whose values are all named parameters or SQL; what it breaks is raised as the driver raises it.

    Rows come as named tuples, their values as Core would give them. Not for parameters that expand (`in_`).
    """

    def __init__(
        self, statement: Select[Any] | Insert | Update | Delete, *, columns: tuple[str, ...] | None = None
    ) -> None:
        self._statement = statement
        self._columns = columns
        self._made: dict[str, _Made] = {}

    @classmethod
    def adding(cls, table: Table, *, returning: Iterable[Column[Any]] = ()) -> Self:
        """An INSERT of one row with a value for every column but `id`; what is not given is NULL."""
        columns = tuple(one.name for one in table.columns if one.name != "id")
        wanted = tuple(returning)
        return cls(table.insert().returning(*wanted) if wanted else table.insert(), columns=columns)

    def run(self, tx: Tx, values: Mapping[str, Any]) -> int:
        """Runs it once with these parameters; how many rows it changed."""
        self._execute(tx, values)
        return tx.cursor.rowcount

    def all(self, tx: Tx, values: Mapping[str, Any]) -> list[Any]:
        """The rows that it gives, all of them read."""
        made = self._execute(tx, values)
        rows = tx.cursor.fetchall()
        return [made.opened(row) for row in rows] if rows else []

    def one(self, tx: Tx, values: Mapping[str, Any]) -> Any | None:
        """The row that it gives, or None; for a statement that gives no more than one."""
        made = self._execute(tx, values)
        # all of them: a statement that is not read to its end stays open, and its connection with it
        rows = tx.cursor.fetchall()
        return made.opened(rows[0]) if rows else None

    def _execute(self, tx: Tx, values: Mapping[str, Any]) -> _Made:
        dialect = tx.connection.dialect
        made = self._made.get(dialect.name)
        if made is None:
            made = self._made[dialect.name] = _made(self._statement, self._columns, dialect)
        given = {**made.given, **values}
        for name, convert in made.conversions:
            given[name] = convert(given[name])
        tx.cursor.execute(made.statement, given if made.order is None else [given[name] for name in made.order])
        return made


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """A statement for one driver. `order` is that of its parameters where they have no names; `given` are values that
    stand in the statement itself."""

    statement: str
    order: tuple[str, ...] | None
    given: dict[str, Any]
    conversions: tuple[tuple[str, Callable[[Any], Any]], ...]
    row: Callable[..., Any]
    results: tuple[tuple[int, Callable[[Any], Any]], ...]

    def opened(self, found: Sequence[Any]) -> Any:
        """A row as Core would give it."""
        if not self.results:
            return self.row(*found)
        values = list(found)
        for place, convert in self.results:
            values[place] = convert(values[place])
        return self.row(*values)


def _made(
    statement: Select[Any] | Insert | Update | Delete, columns: tuple[str, ...] | None, dialect: Dialect
) -> _Made:
    made = statement.compile(dialect=dialect, column_keys=None if columns is None else list(columns))
    processors = {
        name: parameter.type.dialect_impl(dialect).bind_processor(dialect)
        for parameter, name in made.bind_names.items()
    }
    order = getattr(made, "positiontup", None)
    gives = list(statement.exported_columns)
    reading = [one.type.dialect_impl(dialect).result_processor(dialect, None) for one in gives]
    return _Made(
        statement=str(made),
        order=None if order is None else tuple(order),
        given={
            **dict.fromkeys(columns or ()),
            **{name: parameter.value for parameter, name in made.bind_names.items() if not parameter.required},
        },
        conversions=tuple((name, convert) for name, convert in processors.items() if convert is not None),
        row=namedtuple("Row", [one.key for one in gives]),  # type: ignore[misc]
        results=tuple((place, convert) for place, convert in enumerate(reading) if convert is not None),
    )
