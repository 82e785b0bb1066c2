"""What a file nobody has seen seems to hold: its columns and their roles, its times, its codes. Every line is a guess.

A guess becomes a draft (`mappings.packs.draft`), which a person confirms; nothing here maps a code. Distinct values
are kept of columns of codes alone. Columns that look like names, dates of birth, telephones, addresses or free text,
by their names or by what they hold, are counted and never listed.

A file is read once, some rows at a time: memory grows with the number of codes, not of rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mappings.incident import Rejected
from mappings.packs.column_profiles import CODED, ColumnProfile, ColumnProfiles
from mappings.packs.column_roles import TIMES, Role, role_of, role_of_path
from mappings.packs.file_form import FileForm
from mappings.packs.formats import READERS
from mappings.packs.source import Input, Layout, Place
from mappings.packs.stage_guess import StageGuess, stage_guesses
from mappings.packs.suggest import Suggestion, Target, suggest
from mappings.packs.tables import normal
from mappings.packs.time_guess import TimeForm

_BLOCK = 2_048
#: A code or its words are not longer than this on average.
_MEAN = 45


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


def infer(data: Input, form: FileForm) -> Inference:
    """What the file holds. `data` is read once; rows that cannot be read are counted. Raises nothing on any bytes."""
    layouts: list[Layout] = []
    by_name = role_of if form.source.tabular else role_of_path
    profiles = ColumnProfiles(form.source.columns, by_name, form.named)
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


def _concluded(form: FileForm, profiles: ColumnProfiles, rejected: int) -> Inference:
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


def _chosen(profiles: ColumnProfiles) -> dict[str, str]:
    """The one column of each use that is not a time: the surest, then the one that holds most, then the first."""
    best: dict[str, ColumnProfile] = {}
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


def _numbered_by_content(profiles: ColumnProfiles, uses: dict[str, str]) -> None:
    """Of a file without header: the first column that is neither a time nor ever empty may be the number."""
    for name, one in profiles.all.items():
        if name not in uses and one.filled == profiles.rows and one.filled:
            uses[name] = "event_number"
            return


def _tables(profiles: ColumnProfiles, uses: dict[str, str], findings: list[Finding]) -> tuple[CodesFound, ...]:
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
    name: str, one: ColumnProfile, uses: dict[str, str], time: TimeForm | None, findings: list[Finding]
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
