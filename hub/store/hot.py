"""Statements that run for every input, on the driver's cursor: compiled once a dialect, values converted by type.

Core's execution costs several times what SQLite needs for the row. Only for statements that are always the same; the
caller gives a value for each parameter.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Delete,
    Dialect,
    Insert,
    Integer,
    Select,
    String,
    Table,
    TypeDecorator,
    Update,
    any_,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql

from hub.store.tx import Asked, Tx

Statement = Select[Any] | Insert | Update | Delete


class HotStatement:
    """One statement whose values are all named parameters or SQL; what it breaks is raised as the driver raises it.

    Rows come as named tuples, their values as Core would give them. Not for parameters that expand (`in_`): `among`
    is for those. A statement that the databases write differently is given as a function of the dialect's name.
    """

    def __init__(
        self, statement: Statement | Callable[[str], Statement], *, columns: tuple[str, ...] | None = None
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
        return self.ask(tx, values).changed()

    def all(self, tx: Tx, values: Mapping[str, Any]) -> list[Any]:
        """The rows that it gives, all of them read."""
        return self.ask(tx, values).all()

    def one(self, tx: Tx, values: Mapping[str, Any]) -> Any | None:
        """The row that it gives, or None; for a statement that gives no more than one."""
        return self.ask(tx, values).one()

    def ask(self, tx: Tx, values: Mapping[str, Any]) -> Answer:
        """As `run`, `all` or `one`, to be read later: where several are asked at once, the server is asked once."""
        made = self._made_for(tx.dialect)
        return Answer(tx.ask(made.statement, made.parameters(values)), made)

    def ask_each(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Runs it once for each of several rows of parameters, for a statement that gives nothing."""
        made = self._made_for(tx.dialect)
        tx.ask(made.statement, [made.parameters(values) for values in rows], many=True)

    def _made_for(self, dialect: Dialect) -> _Made:
        made = self._made.get(dialect.name)
        if made is None:
            statement = self._statement(dialect.name) if callable(self._statement) else self._statement
            made = self._made[dialect.name] = _made(statement, self._columns, dialect)
        return made


class Answer:
    """What a statement that was asked gives; it is waited for where it is read."""

    __slots__ = ("_asked", "_made")

    def __init__(self, asked: Asked, made: _Made) -> None:
        self._asked = asked
        self._made = made

    def changed(self) -> int:
        """How many rows it changed."""
        return self._asked.changed()

    def all(self) -> list[Any]:
        """The rows that it gives."""
        made = self._made
        return [made.opened(row) for row in self._asked.rows()]

    def one(self) -> Any | None:
        """The row that it gives, or None; for a statement that gives no more than one."""
        rows = self._asked.rows()
        return self._made.opened(rows[0]) if rows else None


def among(dialect: str, column: Column[Any], name: str) -> ColumnElement[bool]:
    """Whether a column has one of the values of a parameter, which is a list: one statement for any number of them."""
    kind = BigInteger() if isinstance(column.type, Integer) else String()
    if dialect == "postgresql":
        return column == any_(bindparam(name, type_=postgresql.ARRAY(kind)))
    return column.in_(select(func.json_each(bindparam(name, type_=_Listed())).table_valued("value").c.value))


def among_pairs(dialect: str, one: Column[Any], other: Column[Any]) -> ColumnElement[bool]:
    """As `among` for pairs of texts. Its parameters are what `pairs` gives."""
    if dialect == "postgresql":
        texts = postgresql.ARRAY(String())
        unnested = func.unnest(bindparam("ones", type_=texts), bindparam("others", type_=texts))
        found = unnested.table_valued("one", "other").render_derived()
        return tuple_(one, other).in_(select(found.c.one, found.c.other))
    listed = func.json_each(bindparam("pairs", type_=_Listed())).table_valued("value")
    both = [func.json_extract(listed.c.value, literal_column(place)) for place in ("'$[0]'", "'$[1]'")]
    return tuple_(one, other).in_(select(*both))


def pairs(wanted: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The parameters of `among_pairs`, for either database."""
    return {"ones": [one for one, _ in wanted], "others": [other for _, other in wanted], "pairs": list(wanted)}


class _Listed(TypeDecorator[Any]):
    """A list as SQLite's `json_each` reads it."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """To the database."""
        return orjson.dumps(value).decode()


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

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """These values as the driver takes them."""
        given = {**self.given, **values}
        for name, convert in self.conversions:
            given[name] = convert(given[name])
        return given if self.order is None else [given[name] for name in self.order]

    def opened(self, found: Sequence[Any]) -> Any:
        """A row as Core would give it."""
        if not self.results:
            return self.row(*found)
        values = list(found)
        for place, convert in self.results:
            values[place] = convert(values[place])
        return self.row(*values)


def _made(statement: Statement, columns: tuple[str, ...] | None, dialect: Dialect) -> _Made:
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
