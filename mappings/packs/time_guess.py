"""Which time format the cells of a column have: formats are tried on what is there, and what fits is counted.

A guess, to be confirmed: `03/04/2026` does not say whether the month or the day comes first, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from mappings.packs.stamps import Format, Parts, compile_format

_DATES = ("%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%m-%d-%Y", "%d-%m-%Y", "%d.%m.%Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y",
          "%b %d, %Y", "%m/%d/%y", "%d/%m/%y", "%Y%m%d", "%m%d%Y")  # fmt: skip
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H%M%S", "%H%M", "%H:%M:%S.%f")
_WHOLE = (
    "iso",
    *(f"{day} {clock}" for day in _DATES for clock in _CLOCKS),
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%Y-%m-%d %I:%M:%S %p",
)
_DIGITS = ("%Y%m%d", "%m%d%Y", "%H%M%S", "%H%M", "%Y%m%d%H%M%S", "%Y%m%d%H%M")
#: A moment as a number since 1970, only where the name says that the column is a time.
_EPOCHS = ("epoch", "epoch-ms")
#: A time of day alone is tried beside this day.
_ANY_DAY = "2000-01-01 "
#: How many different cells of a block are tried.
_TRIED = 200
#: A format that fits fewer of the cells than this is not one of the column's.
_SHARE = 0.02


@lru_cache(maxsize=256)
def _format(text: str) -> Format:
    return compile_format(f"%Y-%m-%d {text}" if text in _CLOCKS else text)


def _parts(text: str, cell: str) -> Parts | None:
    """What the format makes of the cell, where that is a moment that may exist."""
    found = _format(text).parts(_ANY_DAY + cell if text in _CLOCKS else cell)
    if found is None:
        return None
    year, month, day, hour, minute, second, _, _ = found
    right = "1800" <= year <= "9999" and "01" <= month <= "12" and "01" <= day <= "31"
    return found if right and hour < "24" and minute <= "59" and second <= "59" else None


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeForm:
    """The formats of a column's times, most frequent first, with what was seen.

    `kind`: `datetime`, `date` or `time` (of day only: the formats are of the time alone). `share` is how many of the
    cells tried fit one of them. `midnights` is the share at 00:00; `zoned` that texts name their zone or are epochs;
    `either` that month and day could be exchanged in every cell; `no_date` a date that stands for none (1900-01-01),
    as its column writes it; `short` that a time of day lost its leading zeros.
    """

    kind: str
    formats: tuple[str, ...]
    share: float
    midnights: float = 0.0
    zoned: bool = False
    either: bool = False
    no_date: str | None = None
    short: bool = False


@dataclass(slots=True)
class TimeTrial:
    """Formats tried on a column a block at a time. Holds counts, and one marker of no date; no other cell."""

    epochs: bool = False
    tried: int = 0
    fits: dict[str, int] = field(default_factory=dict)
    #: Of those that fit, how many had a time of day, and how many were at midnight.
    clocked: dict[str, int] = field(default_factory=dict)
    midnight: dict[str, int] = field(default_factory=dict)
    zoned: int = 0
    short: int = 0
    no_date: str | None = None
    _fruitless: int = 0

    def take(self, cells: Iterable[str]) -> None:
        """Try on these different cells, at most 200 of them. A column that is no time is soon let go."""
        if self._fruitless >= 2:
            return
        fitted = 0
        for cell in islice(cells, _TRIED):
            self.tried += 1
            # Formats that fitted before are tried alone; all the others only where those fail.
            fitted += self._fit(cell, tuple(self.fits)) or self._fit(cell, self._candidates(cell))
        self._fruitless = 0 if fitted else self._fruitless + 1

    def _fit(self, cell: str, formats: Iterable[str]) -> bool:
        fitted = zoned = False
        for text in formats:
            found = _parts(text, cell)
            if found is None:
                continue
            fitted, zoned = True, zoned or bool(found[7])
            self.fits[text] = self.fits.get(text, 0) + 1
            if found[3]:
                self.clocked[text] = self.clocked.get(text, 0) + 1
                if found[3] + found[4] + found[5] == "000000":
                    self.midnight[text] = self.midnight.get(text, 0) + 1
            if found[0] <= "1901" and text not in _CLOCKS and self.no_date is None:
                self.no_date = f"{found[0]}-{found[1]}-{found[2]}"
        self.zoned += zoned
        return fitted

    def _candidates(self, cell: str) -> tuple[str, ...]:
        if not 3 <= len(cell) <= 40 or not any(sign.isdigit() for sign in cell):
            return ()
        if not cell.isdigit():
            return (*_WHOLE, *_DATES, *_CLOCKS)
        self.short += len(cell) == 3
        return (*_DIGITS, *_EPOCHS) if self.epochs and len(cell) in (10, 13) else _DIGITS

    def result(self) -> TimeForm | None:
        """What fits the column, or None when too little of it does."""
        if not self.tried:
            return None
        fits = {text: n for text, n in self.fits.items() if n >= max(1, _SHARE * self.tried)}
        if not fits:
            return None
        chosen = self._chosen(fits)
        covered = min(1.0, sum(fits[text] for text in chosen) / self.tried)
        if covered < 0.6:
            return None
        first = chosen[0]
        kind = "time" if first in _CLOCKS else "date" if first in _DATES else "datetime"
        if first == "iso" and first not in self.clocked:
            kind = "date"
        twin = _exchanged(first)
        return TimeForm(
            kind=kind,
            formats=chosen,
            share=round(covered, 3),
            midnights=round(self.midnight.get(first, 0) / fits[first], 3),
            zoned=self.zoned >= fits[first] * 0.9,
            either=twin is not None and fits.get(twin, 0) == fits[first],
            no_date=self.no_date,
            short=self.short > 0 and kind == "time",
        )

    def _chosen(self, fits: dict[str, int]) -> tuple[str, ...]:
        """The fewest formats that take most cells: the best, then any of its kind that takes others."""
        order = (*_EPOCHS, *_WHOLE, *_DATES, *_CLOCKS)
        best = max(fits, key=lambda text: (fits[text], -order.index(text)))
        left = self.tried - fits[best]
        kind = _kind(best)
        more = [
            text for text in fits if text not in (best, _exchanged(best)) and _kind(text) == kind and fits[text] <= left
        ]
        return (best, *sorted(more, key=lambda text: -fits[text])[:2])


def _kind(text: str) -> str:
    return "time" if text in _CLOCKS else "date" if text in _DATES else "datetime"


def _exchanged(text: str) -> str | None:
    """The format with month and day exchanged, for those in which both are numbers."""
    if "%m" not in text or "%d" not in text or "%Y%m" in text or text.startswith("%Y"):
        return None
    return text.replace("%m", "%0").replace("%d", "%m").replace("%0", "%d")
