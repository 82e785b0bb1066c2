"""What the commands that look into the hub's store share: opening it, and how its rows are written out."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from hub.cli.edge import write

if TYPE_CHECKING:
    from datetime import datetime

    from hub.loop.context import Hub

Config = Annotated[Path, typer.Option("--config", help="The hub's settings.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output; errors as an OperationOutcome.")]
By = Annotated[str, typer.Option("--by", metavar="PERSON", help="Who does this, as the audit shall have it.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")]

Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="From this date or time with a zone on.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Before this one. A date is 00:00Z.")]

HUB_TOML = Path("hub.toml")

#: A keyed id; its first eight digits tell ids on one screen apart.
_KEYED = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


@contextmanager
def opened(config: Path) -> Iterator[Hub]:
    """The hub's store for one command, beside a hub that may be running on it."""
    import asyncio

    from hub.app import open_hub
    from hub.settings import load

    hub = open_hub(load(config))
    try:
        yield hub
    finally:
        hub.store.close()
        asyncio.run(hub.ways.close())


def rows(title: str, found: list[dict[str, Any]], as_json: bool) -> None:
    """A table for a terminal, tab-separated lines for a pipe, or one JSON array."""
    if as_json:
        write([plain(one) for one in found])
        return
    if not found:
        typer.echo(f"{title}: none")
        return
    if not sys.stdout.isatty():
        typer.echo("\t".join(found[0]))
        for one in found:
            typer.echo("\t".join(_cell(value) for value in one.values()))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for name in found[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for one in found:
        table.add_row(*(escape(_short(value)) for value in one.values()))
    Console().print(table)


def period(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """The two ends of a time range. Raises BadParameter for what is no time, or has no zone."""
    from datetime import UTC, datetime

    def one(value: str | None, option: str) -> datetime | None:
        if value is None:
            return None
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise typer.BadParameter("a date, or a time with its zone", param_hint=option) from None
        if found.tzinfo is None:
            if "T" in value or " " in value:
                raise typer.BadParameter("a time needs its zone", param_hint=option)
            return found.replace(tzinfo=UTC)
        return found

    return one(since, "--since"), one(until, "--until")


def choice(value: str | None, known: Any, option: str) -> Any:
    """One of the words of a Literal, or None. Raises BadParameter for any other."""
    from typing import get_args

    if value is not None and value not in get_args(known):
        raise typer.BadParameter(", ".join(get_args(known)), param_hint=option)
    return value


def done(record: dict[str, Any], sentence: str, as_json: bool) -> None:
    """What was done, as JSON or as a sentence."""
    if as_json:
        write(plain(record))
    else:
        typer.echo(sentence)


def missing(noun: str) -> NoReturn:
    """Raises StoreError `store.not-found`."""
    from hub.errors import StoreError

    raise StoreError("store.not-found", f"there is no such {noun}", code="not-found")


def plain(value: Any) -> Any:
    """Times as FHIR instants, also inside."""
    from datetime import datetime

    from mappings.times import instant

    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return instant(value) if isinstance(value, datetime) else value


def _short(value: Any) -> str:
    """One cell for a terminal: keyed ids by their first eight digits, times to the minute."""
    from datetime import UTC, datetime

    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%MZ}"
    return _KEYED.sub(r"\1", _cell(value))


def _cell(value: Any) -> str:
    """One cell: no tabs, no line ends, no control characters of a terminal."""
    import orjson

    said = plain(value)
    text = "" if said is None else said if isinstance(said, str) else orjson.dumps(said).decode()
    return "".join(each if each.isprintable() else " " for each in text)
