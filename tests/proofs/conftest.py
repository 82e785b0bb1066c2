"""What must never be seen: every value of every sample person, collected from the canonical records themselves."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mappings import Agency, Incident, read
from mappings.incident import Attachment, Coded, Identifier, Name, Narrative, Person, Place, Signature, Staff, Telecom
from mappings.incident_json import agency_from_json
from mappings.packs import load_pack

CHECKOUT = Path(__file__).parents[2]
SAMPLES = CHECKOUT / "samples"

#: Words of a free text that together are nobody's but its writer's.
SHINGLE = 4
#: A shorter one ("seen by the") may stand in a fixed sentence.
SHINGLE_CHARACTERS = 18


@dataclass(frozen=True, kw_only=True)
class Case:
    """One sample: its input, how it is read, and when."""

    id: str
    folder: Path
    source: str
    agency: Agency
    now: datetime
    file: Path

    @property
    def data(self) -> bytes:
        return self.file.read_bytes()

    def incidents(self) -> list[Incident]:
        return [one for one in read(self.data, self.source, self.agency) if isinstance(one, Incident)]


def all_cases() -> list[Case]:
    found = []
    for path in sorted(SAMPLES.glob("*/*/case.json")):
        told = json.loads(path.read_text())
        if told["source"] == "hl7v2":
            continue  # no Incident stands between: tests/mappings/hl7v2 looks for its values in what is reported
        agency = (
            agency_from_json((SAMPLES / "agencies" / f"{told['agency']}.json").read_bytes())
            if "agency" in told
            else load_pack(told["source"]).agency
        )
        found.append(
            Case(
                id=f"{path.parent.parent.name}/{path.parent.name}",
                folder=path.parent,
                source=told["source"],
                agency=agency,
                now=datetime.fromisoformat(told["now"]),
                file=next(path.parent.glob("input.*")),
            )
        )
    return found


@dataclass
class Sensitive:
    """The values, by how they are looked for. Staff are people too."""

    #: family names: sample persons' and staff's
    families: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    #: whole values: birth dates, telephones, identifiers, streets, coordinates, scans
    exact: set[str] = field(default_factory=set)
    #: free text, whole
    texts: set[str] = field(default_factory=set)

    def collect(self, value: Any) -> None:
        """Takes what a record says of people."""
        if isinstance(value, tuple):
            for one in value:
                self.collect(one)
            return
        if not is_dataclass(value) or isinstance(value, type):
            return
        match value:
            case Name():
                self.families |= {value.family} if value.family else set()
                self.given |= {*value.given}
                self._exact(value.text)
                # a name written as one text: its longer words are what would tell who it is
                self.families |= set(re.findall(r"[^\W\d_]{6,}", value.text or ""))
            case Person():
                self._exact(value.birth_date, *(one.value for one in value.identifiers))
                self._text(value.description)
            case Telecom():
                self._exact(value.value)
            case Place():
                self._exact(value.line, value.text, value.cross_street)
                # a rounded coordinate is any number; one that finds a house has its decimals
                self._exact(*(str(n) for n in (value.latitude, value.longitude) if len(str(n)) >= 8))
            case Staff():
                self._exact(*(one.value for one in value.identifiers))
            case Identifier():
                pass  # of a person: taken with them; of an incident: a case number, in keyed form only by design
            case Attachment():
                self._exact(value.data)
            case Signature():
                self._text(value.by)
            case Narrative():
                self._text(value.text)
            case Coded():
                if value.code is None:
                    self._text(value.text)
            case _:
                for name in ("note", "text", "description", "follow_up", "destination_text", "value"):
                    found = getattr(value, name, None)
                    if isinstance(found, str):
                        self._text(found)
        for each in fields(value):
            # organizations are public: a center's telephone stands in the settings and rings with an alarm
            if each.name not in ("reading", "organizations"):
                self.collect(getattr(value, each.name))

    def _exact(self, *values: str | None) -> None:
        self.exact |= {one for one in values if one and len(one) >= 4}

    def _text(self, *values: str | None) -> None:
        self.texts |= {one for one in values if one}

    # ── looking ───────────────────────────────────────────────────────────────────────────────────────────────

    def seal(self) -> None:
        """Works out what is looked for, once everything is collected."""
        self._folded = {one.casefold() for one in self.families}
        # a shorter one stands by chance in a megabyte of keyed hashes; with its family name it is found by that
        self._given = {one for one in self.given if len(one) >= 5}
        self._digits = {d for d in (re.sub(r"\D", "", one) for one in self.exact) if len(d) >= 7}
        self._runs: dict[int, set[tuple[str, ...]]] = {}
        for value in self.exact:
            self._run(_words(value))
        for value in self.texts:
            words = _words(value)
            if len(words) < SHINGLE:
                if len(words) >= 3 and len(value) >= SHINGLE_CHARACTERS:
                    self._run(words)
                continue
            for at in range(len(words) - SHINGLE + 1):
                run = words[at : at + SHINGLE]
                if len(" ".join(run)) >= SHINGLE_CHARACTERS:
                    self._run(run)

    def _run(self, words: tuple[str, ...]) -> None:
        if words:
            self._runs.setdefault(len(words), set()).add(words)

    def found_in(self, text: str) -> set[str]:
        """Which of the values stand in a text, however it is punctuated or escaped."""
        folded = text.casefold()
        hits = {one for one in self._folded if one in folded}
        hits |= self._given & set(re.findall(r"[^\W\d_]+", text))
        # telephones and dates written without their marks
        joined = re.sub(r"(?<=\d)[ ().-]+(?=\d)", "", text)
        runs_of_digits = set(re.findall(r"\d{7,}", joined))
        hits |= self._digits & runs_of_digits
        words = _words(text)
        for length, runs in self._runs.items():
            there = set(zip(*(words[at:] for at in range(length)), strict=False))
            hits |= {" ".join(run) for run in runs & there}
        return hits

    def needles(self) -> dict[bytes, str]:
        """What to look for in raw bytes: each value as UTF-8, UTF-16, JSON-escaped, hexadecimal and base64.

        Values under five characters are left to chance in a file of random bytes, and are not looked for there. A
        text is looked for by its beginning and its end: a page boundary may cut it anywhere.
        """
        values = {one for one in self.families | self.given | self.exact if len(one) >= 5}
        values |= {part for one in self.texts if len(one) >= 12 for part in (one[:20], one[-20:])}
        found: dict[bytes, str] = {}
        for value in values:
            plain = value.encode()
            spelled = {
                plain,
                value.upper().encode(),
                value.lower().encode(),
                value.encode("utf-16-le"),
                value.encode("utf-16-be"),
                json.dumps(value)[1:-1].encode(),
                plain.hex().encode(),
                plain.hex().upper().encode(),
            }
            for shift in range(3):
                # what of the value's base64 does not depend on its neighbours
                coded = base64.b64encode(bytes(shift) + plain)
                first = (shift * 8 + 5) // 6
                last = (shift + len(plain)) * 8 // 6
                if last - first >= 7:
                    spelled.add(coded[first:last])
                    spelled.add(coded[first:last].translate(bytes.maketrans(b"+/", b"-_")))
            found |= dict.fromkeys(spelled, value)
        return found


def _words(text: str) -> tuple[str, ...]:
    # an escaped line break ends a word as a line break does
    return tuple(re.findall(r"\w+", re.sub(r"\\[nrt]", " ", text).casefold()))


@pytest.fixture(scope="session")
def cases() -> list[Case]:
    return all_cases()


@pytest.fixture(scope="session")
def sensitive(cases: list[Case]) -> Sensitive:
    """The values of all samples. Values that a published code table holds too are codes and nobody's own."""
    found = Sensitive()
    for case in cases:
        for incident in case.incidents():
            found.collect(incident)
    found.texts -= set(_table_texts())
    found.seal()
    assert len(found.families) >= 20
    assert len(found.exact) >= 60
    assert len(found.texts) >= 60
    return found


def _table_texts() -> Iterator[str]:
    for table in (CHECKOUT / "mappings/packs").glob("*/tables/*.csv"):
        for line in table.read_text().splitlines():
            yield from line.split(",")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `case` runs for each sample."""
    if "case" in metafunc.fixturenames:
        found = all_cases()
        metafunc.parametrize("case", found, ids=[one.id for one in found])
