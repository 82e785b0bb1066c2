"""The one escape of a pack: Python functions of one text, registered by name before the pack is compiled.

A pack that comes from outside can name a function, never bring one. What is registered runs with no sandbox; it must
be pure and quick. `Pack.functions` lists what a pack uses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias, TypeVar

#: A registered function: the text of a cell -> another text, or None for nothing.
Function: TypeAlias = Callable[[str], str | None]

F = TypeVar("F", bound=Function)

_REGISTERED: dict[str, Function] = {}
_ZONELESS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\Z", re.ASCII)
_HOUSE = re.compile(r"(\d{1,6})([A-Za-z]?)\s+(?=\S)")


def register(function: F) -> F:
    """Make `function` usable in packs as `fn: package.module:name`; also a decorator.

    Raises ValueError when another function has that name already.
    """
    name = f"{function.__module__}:{function.__qualname__}"
    if _REGISTERED.setdefault(name, function) is not function:
        raise ValueError("another function is registered under this name")
    return function


def registered(name: str) -> Function | None:
    """The function registered as `package.module:name`, or None."""
    return _REGISTERED.get(name)


def names() -> tuple[str, ...]:
    """The names of all registered functions."""
    return tuple(sorted(_REGISTERED))


@register
def block_level(address: str) -> str | None:
    """A street address without its house number: the hundred block (`1423 8th St` -> `1400 block of 8th St`).

    An address that does not start with a number is returned as it is; it does not find numbers elsewhere in it.
    """
    match = _HOUSE.match(address)
    if match is None:
        return address
    return f"{int(match[1]) // 100 * 100} block of {address[match.end() :]}"


@register
def utc_unless_told(text: str) -> str | None:
    """A time that is UTC unless the word before it says that it is local (`false|2026-03-08T01:40:00`).

    The word may be missing. A time that has its own zone keeps it. Raises ValueError for another word: nobody knows
    then what the time is.
    """
    word, _, time = text.rpartition("|")
    told = word.strip().casefold()
    if told not in ("", "true", "1", "yes", "y", "false", "0", "no", "n"):
        raise ValueError("expected a word for yes or no before the time")
    return f"{time}Z" if told in ("", "true", "1", "yes", "y") and _ZONELESS.match(time) else time
