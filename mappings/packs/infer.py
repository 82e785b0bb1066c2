"""What a file nobody has seen seems to hold: its columns and their roles, its times, its codes. Every line is a guess.

A guess becomes a draft (`mappings.packs.draft`), which a person confirms; nothing here maps a code. Distinct values
are kept of columns of codes alone. Columns that look like names, dates of birth, telephones, addresses or free text,
by their names or by what they hold, are counted and never listed.

A file is read once, some rows at a time: memory grows with the number of codes, not of rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from mappings.incident import Rejected
from mappings.packs.column_roles import TIMES, Role, is_private, role_of, role_of_path
from mappings.packs.damage import damage
from mappings.packs.file_form import FileForm
from mappings.packs.formats import READERS
from mappings.packs.source import Input, Layout, Place
from mappings.packs.stage_guess import StageGuess, stage_guesses
from mappings.packs.suggest import Suggestion, Target, suggest
from mappings.packs.tables import normal
from mappings.packs.time_guess import TimeForm, TimeTrial

#: More different cells than this are not an agency's codes.
MOST_CODES = 5_000
_BLOCK = 2_048
#: Rows whose numbers are held, to see whether one number comes on several rows.
_NUMBERED = 50_000
#: A code or its words are not longer than this, nor are they so on average.
_LONGEST, _MEAN = 120, 45
_CONTACT = re.compile(r"@\w|(?<!\d)(?:\+?1[-. ]?)?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?!\d)")

#: Fields of codes, with the system of ours that suggestions are made in, and the name of their table.
CODED: dict[str, tuple[str, Target | None]] = {
    "type_initial": ("type", "apco"),
    "type_final": ("type", "apco"),
    "disposition": ("disposition", "field_disposition"),
    "priority": ("priority", None),
    "received_by": ("received-by", None),
    "units": ("unit", None),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeFound:
    """A code of the agency as it was first spelled, its words if a column has them, on how many rows it stands."""

    code: str
    text: str | None
    rows: int
    suggestion: Suggestion | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CodesFound:
    """The codes of one table, most frequent first. Spellings that a look-up takes for one are one (`E.D.P.`, `EDP`)."""

    name: str
    fields: tuple[str, ...]
    target: Target | None
    codes: tuple[CodeFound, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnFound:
    """A column (or the path of a member): what its name says, how many rows hold something, what the draft makes of it.

    `use` is a field of `incident:` (`type_final`, `type_final.text`), `cjis.<class>`, `derived`, `narrative`, `person`
    or "" where nobody knows. `distinct` is None where it was not counted, or is beyond `MOST_CODES`.
    """

    name: str
    role: Role | None
    use: str
    filled: int
    distinct: int | None
    private: bool
    time: TimeForm | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something that a person has to look at: the column, and fixed words."""

    column: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Inference:
    """All of it. `lists` are repeated groups of an object's rows, which a draft does not map."""

    form: FileForm
    rows: int
    rejected: int
    columns: tuple[ColumnFound, ...]
    stages: tuple[StageGuess, ...]
    tables: tuple[CodesFound, ...]
    findings: tuple[Finding, ...]
    lists: tuple[str, ...] = ()

    def column(self, use: str) -> str | None:
        """The name of the column of this use, or None."""
        return next((one.name for one in self.columns if one.use == use), None)


@dataclass(slots=True)
class _Profile:
    """One column while the file is read."""

    name: str
    role: Role | None
    private: bool
    trial: TimeTrial | None
    codes: Counter[str] | None
    numbers: set[str] | None
    filled: int = 0
    characters: int = 0
    longest: int = 0
    contacts: int = 0
    repeated: int = 0
    damaged: Counter[str] = field(default_factory=Counter)

    def take(self, cells: Iterable[str]) -> None:
        counts: Counter[str] = Counter(cells)
        counts.pop("", None)
        if not counts:
            return
        self.filled += counts.total()
        if self.trial is not None:
            self.trial.take([stripped for cell in counts if (stripped := cell.strip())])
        if self.codes is not None:
            self._codes(counts, self.codes)
        if self.numbers is not None:
            self._numbers(counts, self.numbers)

    def _codes(self, counts: Counter[str], codes: Counter[str]) -> None:
        for cell, n in counts.items():
            code = cell.strip()
            if not code:
                self.filled -= n
                continue
            self.longest = max(self.longest, len(code))
            self.characters += len(code) * n
            if code not in codes:
                self.contacts += _CONTACT.search(code) is not None
                spoilt = damage(code)
                if spoilt is not None:
                    self.damaged[spoilt.text] += 1
            codes[code] += n
        if len(codes) > MOST_CODES or self.longest > _LONGEST or self.contacts:
            # Not codes: what was seen is forgotten.
            self.codes, self.private = None, True

    def _numbers(self, counts: Counter[str], numbers: set[str]) -> None:
        for cell, n in counts.items():
            self.repeated += n - 1 + (cell in numbers)
            spoilt = damage(cell.strip())
            if spoilt is not None:
                self.damaged[spoilt.text] += n
        if len(numbers) < _NUMBERED:
            numbers.update(counts)


class _Profiles:
    """The columns of the file, as they come: those of a table at once, an object's members when they are first met."""

    def __init__(self, columns: Sequence[str], role: Callable[[str], Role | None], named: bool) -> None:
        self.named = named
        self._role = role
        self.all: dict[str, _Profile] = {}
        self.lists: dict[str, None] = {}
        self.rows = 0
        self.texts: dict[str, dict[str, str]] = {}
        self._pairs: list[tuple[str, str]] = []
        for name in columns:
            self._new(name)
        self._pair()

    def _new(self, name: str) -> _Profile:
        role = self._role(name) if self.named else None
        private = is_private(name) if self.named else False
        timed = role is None or role.field in TIMES
        coded = role is not None and role.field in CODED and not private
        numbered = role is not None and role.field in ("event_number", "case_number")
        made = self.all[name] = _Profile(
            name=name,
            role=role,
            private=private,
            trial=TimeTrial(epochs=role is not None) if timed and not private else None,
            codes=Counter() if coded else None,
            numbers=set() if numbered else None,
        )
        return made

    def _pair(self) -> None:
        """Each column of codes with the column of its words."""
        words = {p.role.field: n for n, p in self.all.items() if p.role is not None and p.role.part == "text"}
        self._pairs = [
            (name, words[p.role.field])
            for name, p in self.all.items()
            if p.role is not None and p.role.part == "code" and p.role.field in words
        ]

    def cells(self, rows: list[list[str]]) -> None:
        """Some rows of a table."""
        self.rows += len(rows)
        self._columns(dict(zip(self.all, zip(*rows, strict=True), strict=True)))

    def objects(self, rows: list[dict[str, Any]]) -> None:
        """Some rows of a document: a member's path is its column. Members of lists are named, not looked at."""
        self.rows += len(rows)
        flat = [_flat(row, self.lists) for row in rows]
        names = dict.fromkeys(name for row in flat for name in row)
        for name in names:
            if name not in self.all:
                self._new(name)
        self._pair()
        self._columns({name: [row.get(name, "") for row in flat] for name in names})

    def _columns(self, columns: dict[str, Sequence[str]]) -> None:
        for name, cells in columns.items():
            self.all[name].take(cells)
        for code, words in self._pairs:
            if code in columns and words in columns and self.all[words].codes is not None:
                said = self.texts.setdefault(code, {})
                for cell, text in dict(zip(columns[code], columns[words], strict=True)).items():
                    if text and len(said) <= MOST_CODES:
                        said.setdefault(cell.strip(), text.strip())


def _flat(row: dict[str, Any], lists: dict[str, None], path: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in row.items():
        at = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            found |= _flat(value, lists, at)
        elif isinstance(value, list):
            lists[at] = None
        elif value is not None:
            found[at] = value if isinstance(value, str) else str(value)
    return found


def infer(data: Input, form: FileForm) -> Inference:
    """What the file holds. `data` is read once; rows that cannot be read are counted. Raises nothing on any bytes."""
    layouts: list[Layout] = []
    by_name = role_of if form.source.tabular else role_of_path
    profiles = _Profiles(form.source.columns, by_name, form.named)
    rejected = 0

    def good(rows: Iterator[Any]) -> Iterator[Any]:
        nonlocal rejected
        for row in rows:
            if type(row) is Rejected:
                rejected += 1
            else:
                yield row

    rows = good(READERS[form.source.format](data, form.source, layouts.append, Place()))
    take: Callable[[Any], None] = profiles.cells if form.source.tabular else profiles.objects
    while block := list(islice(rows, _BLOCK)):
        take(block)
    return _concluded(form, profiles, rejected)


def _concluded(form: FileForm, profiles: _Profiles, rejected: int) -> Inference:
    findings = [Finding(column="", text=text) for text in form.doubts]
    for one in profiles.all.values():
        if one.codes and one.characters > _MEAN * one.filled:
            one.codes, one.private = None, True
    times = {n: p.trial.result() if p.trial is not None else None for n, p in profiles.all.items()}
    roles = {name: one.role for name, one in profiles.all.items() if one.filled}
    stages, spent = stage_guesses(times, roles)
    uses: dict[str, str] = {}
    for stage in stages:
        # A date may serve several stages; it is named after the first.
        uses |= {column: stage.stage for column in stage.columns if column not in uses}
    for column, text in spent.items():
        findings.append(Finding(column=column, text=text))
    for stage in stages:
        findings += [Finding(column=", ".join(stage.columns), text=text) for text in stage.doubts]
    for name, use in _chosen(profiles).items():
        uses.setdefault(name, use)
    if not profiles.named:
        _numbered_by_content(profiles, uses)
    tables = _tables(profiles, uses, findings)
    for name, one in profiles.all.items():
        _looked_over(name, one, uses, times[name], findings)
    return Inference(
        form=form,
        rows=profiles.rows,
        rejected=rejected,
        columns=tuple(
            ColumnFound(
                name=name,
                role=one.role,
                use=uses.get(name, ""),
                filled=one.filled,
                distinct=len(one.codes) if one.codes is not None else None,
                private=one.private,
                time=times[name],
            )
            for name, one in profiles.all.items()
        ),
        stages=stages,
        tables=tables,
        findings=tuple(findings),
        lists=tuple(profiles.lists),
    )


def _chosen(profiles: _Profiles) -> dict[str, str]:
    """The one column of each use that is not a time: the surest, then the one that holds most, then the first."""
    best: dict[str, _Profile] = {}
    found: dict[str, str] = {}
    for one in profiles.all.values():
        role = one.role
        if role is None or role.field in TIMES or not one.filled:
            continue
        if role.field in ("derived", "person", "narrative") or role.field.startswith("cjis."):
            found[one.name] = role.field
            continue
        use = f"{role.field}.text" if role.part == "text" else role.field
        known = best.get(use)
        if known is None or known.role is None or (role.confidence, one.filled) > (known.role.confidence, known.filled):
            best[use] = one
    for use, one in best.items():
        base, _, words = use.rpartition(".")
        # Words without a code beside them are the code themselves.
        found[one.name] = base if words == "text" and base in CODED and base not in best else use
    return found


def _numbered_by_content(profiles: _Profiles, uses: dict[str, str]) -> None:
    """Of a file without header: the first column that is neither a time nor ever empty may be the number."""
    for name, one in profiles.all.items():
        if name not in uses and one.filled == profiles.rows and one.filled:
            uses[name] = "event_number"
            return


def _tables(profiles: _Profiles, uses: dict[str, str], findings: list[Finding]) -> tuple[CodesFound, ...]:
    """The codes of each table. Initial and final type share one: they are of one list."""
    found: dict[str, CodesFound] = {}
    for name, (table, target) in {use: CODED[use] for use in CODED if use in uses.values()}.items():
        column = next(one for one, use in uses.items() if use == name)
        profile = profiles.all[column]
        if profile.codes is None:
            findings.append(
                Finding(column=column, text="too many different, too long or too personal cells for codes: not listed")
            )
            continue
        codes = _codes(profile.codes, profiles.texts.get(column, {}), target, units=name == "units")
        known = found.get(table)
        fields = (name,) if known is None else (*known.fields, name)
        if known is not None:
            codes = _joined(known.codes, codes)
        found[table] = CodesFound(name=table, fields=fields, target=target, codes=codes)
    return tuple(found.values())


_UNIT_SEPARATOR = re.compile(r"[,;|/]")


def _codes(cells: Counter[str], said: dict[str, str], target: Target | None, *, units: bool) -> tuple[CodeFound, ...]:
    """Each code once, in the spelling that comes most; a cell with several units is several."""
    rows: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for cell, n in cells.most_common():
        for part in _UNIT_SEPARATOR.split(cell) if units else (cell,):
            code = part.strip()
            if code:
                key = normal(code)
                spelled.setdefault(key, code)
                rows[key] += n
    made = []
    for key, n in sorted(rows.items(), key=lambda item: (-item[1], item[0])):
        code = spelled[key]
        text = said.get(code)
        hint = suggest(code, text, target) if target is not None else None
        made.append(CodeFound(code=code, text=text, rows=n, suggestion=hint))
    return tuple(made)


def _joined(one: tuple[CodeFound, ...], other: tuple[CodeFound, ...]) -> tuple[CodeFound, ...]:
    found = {normal(code.code): code for code in one}
    for code in other:
        known = found.get(normal(code.code))
        if known is None:
            found[normal(code.code)] = code
        else:
            found[normal(code.code)] = CodeFound(
                code=known.code,
                text=known.text or code.text,
                rows=known.rows + code.rows,
                suggestion=known.suggestion or code.suggestion,
            )
    return tuple(sorted(found.values(), key=lambda code: (-code.rows, normal(code.code))))


def _looked_over(
    name: str, one: _Profile, uses: dict[str, str], time: TimeForm | None, findings: list[Finding]
) -> None:
    """What a person has to know of this column."""
    for text in one.damaged:
        findings.append(Finding(column=name, text=text))
    use = uses.get(name, "")
    if not one.filled:
        findings.append(Finding(column=name, text="empty in this file"))
    elif use == "event_number" and one.repeated:
        findings.append(
            Finding(column=name, text="one number on several rows: a row for each unit? `group` puts them together")
        )
    elif not use and time is not None and one.role is None:
        findings.append(Finding(column=name, text="holds times; its name does not say of what"))
    elif not use and one.role is not None and one.role.field not in TIMES:
        findings.append(Finding(column=name, text=f"another column for {one.role.field}: which one is it?"))
