"""`faults`: the fault corpus through every validator; docs/validators.md says which one finds which fault.

Ours must find each, and name the element. Of the independent ones, some kinds must be found: a validator that accepts
everything must not pass for one that found nothing in what the product makes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from profiles.check import check as our_check
from profiles.r4b import parse
from tests.conformance import hl7_validator
from tests.conformance.corpus import KINDS, Fault, faults
from tests.conformance.definitions import US_CORE
from tests.conformance.java import program
from tests.conformance.medplum import validated
from tests.conformance.node import MEDPLUM
from tests.conformance.outcome import NotRun, Outcome, judged
from tests.conformance.outputs import ROOT, Json

FILE = ROOT / "docs" / "validators.md"

FINDS, WARNS, MISSES, NOT_RUN = "finds", "warns", "misses", "not run"

#: Of these kinds each independent validator must find every fault.
_MUST = ("missing", "bad date")

#: Column: the words of the head, and what the validator is.
OURS, READER, MEDPLUM_COLUMN, HL7 = "ours", "fhir.resources", "Medplum", "HL7"

_HEAD = """# What each validator finds

Written by `make conformance`; do not edit. {count} resources over {profiles} profiles, each with one planted fault: an
example of the package, changed in one place ([the list]({corpus})). The list is ours, and says nothing of how often
such faults occur: read it as coverage by kind of fault.

- **ours**: `profiles.check`, which `handoff validate` and the hub run. It names the element of each fault.
- **fhir.resources**: R4B models, which read what comes from outside; they know no profiles and no codes.
- **Medplum**: {medplum}.
- **HL7**: HL7's own engine: {hl7}.

`finds`: an error. `warns`: a warning that the resource did not have before. `misses`: nothing. Before they are changed,
none of those that ran finds fault with the resources.

"""


def related(place: str, at: str) -> bool:
    """Whether one of two places stands in the other, or they are the same."""
    return (
        place == at or f"{place}.".startswith((f"{at}.", f"{at}[")) or f"{at}.".startswith((f"{place}.", f"{place}["))
    )


def check() -> Outcome:
    """Runs the corpus, writes the page. Fails where ours misses a fault or its place, or where anybody errs before."""
    corpus = faults()
    problems: list[str] = []
    found: dict[str, list[str]] = {
        OURS: [_by_ours(fault, problems) for fault in corpus],
        READER: [_by_reader(fault, problems) for fault in corpus],
    }
    reasons: dict[str, str] = {}
    for column, by in ((MEDPLUM_COLUMN, _by_medplum), (HL7, _by_hl7)):
        try:
            found[column] = list(_by_independent(column, corpus, by(corpus), problems))
        except NotRun as reason:
            found[column] = [NOT_RUN] * len(corpus)
            reasons[column] = f"not run; {reason}"
    FILE.write_text(_page(corpus, found, reasons))
    totals = {column: Counter(column_found) for column, column_found in found.items()}
    said = [
        f"{column} " + (NOT_RUN if counts[NOT_RUN] else f"{counts[FINDS]}" + _and_warns(counts))
        for column, counts in totals.items()
    ]
    detail = f"{len(corpus)} planted faults over {len({f.profile for f in corpus})} profiles: " + ", ".join(said)
    return judged("faults", detail, problems, ("The table is in [validators.md](validators.md).",))


def _and_warns(counts: Counter[str]) -> str:
    return f" and {counts[WARNS]} as a warning" if counts[WARNS] else ""


def _by_ours(fault: Fault, problems: list[str]) -> str:
    if any(issue.severity == "error" for issue in our_check(fault.right)):
        problems.append(f"{fault.label}: ours finds fault with the resource before it is changed")
    places = [issue.path for issue in our_check(fault.wrong) if issue.severity == "error"]
    if fault.at not in places:
        problems.append(f"{fault.label}: ours does not name {fault.at}, but {sorted(set(places)) or 'nothing'}")
    return FINDS if places else MISSES


def _by_reader(fault: Fault, problems: list[str]) -> str:
    if parse(fault.right):
        problems.append(f"{fault.label}: fhir.resources finds fault with the resource before it is changed")
    return FINDS if parse(fault.wrong) else MISSES


def _by_medplum(corpus: tuple[Fault, ...]) -> list[Json]:
    results: list[Json] = validated(_told(corpus), US_CORE[0])["results"]
    return results


def _by_hl7(corpus: tuple[Fault, ...]) -> list[Json]:
    return hl7_validator.validated(_told(corpus), US_CORE[0])


def _told(corpus: tuple[Fault, ...]) -> list[tuple[str, Json]]:
    return [(fault.label, resource) for fault in corpus for resource in (fault.right, fault.wrong)]


def _by_independent(name: str, corpus: tuple[Fault, ...], results: list[Json], problems: list[str]) -> Iterator[str]:
    for fault, before, after in zip(corpus, results[::2], results[1::2], strict=True):
        if before["errors"]:
            problems.append(f"{fault.label}: {name} finds fault with the resource before it is changed")
        warned = any(warning not in before["warnings"] for warning in after["warnings"])
        said = FINDS if after["errors"] else WARNS if warned else MISSES
        if fault.kind in _MUST and said != FINDS:
            problems.append(f"{fault.label}: {name} does not find it, and must")
        yield said


# --- the page -----------------------------------------------------------------------------------------------------


def _page(corpus: tuple[Fault, ...], found: dict[str, list[str]], reasons: dict[str, str]) -> str:
    loaded = f"with our profiles and what they are derived from (US Core {US_CORE[0]})"
    text = _HEAD.format(
        count=len(corpus),
        profiles=len({fault.profile for fault in corpus}),
        corpus="../tests/conformance/corpus",
        medplum=reasons.get(MEDPLUM_COLUMN) or f"@medplum/core {MEDPLUM} {loaded}",
        hl7=reasons.get(HL7) or f"org.hl7.fhir.validation {_engine()} {loaded}",
    )
    columns = list(found)
    text += _row("kind of fault", "faults", *columns) + _row(*("---" for _ in range(len(columns) + 2)))
    for kind in KINDS:
        text += _total(kind, corpus, found, lambda fault, kind=kind: fault.kind == kind)  # type: ignore[misc]
    text += _total("**all**", corpus, found, lambda _: True)
    text += "\nCounted: found as an error, and after a plus sign as a warning.\n"
    for profile in dict.fromkeys(fault.profile for fault in corpus):
        text += f"\n## {profile}\n\n" + _row("fault", "kind", "element", *columns)
        text += _row(*("---" for _ in range(len(columns) + 3)))
        for number, fault in enumerate(corpus):
            if fault.profile == profile:
                text += _row(fault.name, fault.kind, f"`{fault.at}`", *(found[column][number] for column in columns))
    return text


def _engine() -> str:
    return program(hl7_validator.PROJECT).library("org.hl7.fhir.validation")


def _total(name: str, corpus: tuple[Fault, ...], found: dict[str, list[str]], chosen: Callable[[Fault], bool]) -> str:
    rows = [number for number, fault in enumerate(corpus) if chosen(fault)]
    cells = []
    for said in found.values():
        counts = Counter(said[number] for number in rows)
        plus = f" + {counts[WARNS]}" if counts[WARNS] else ""
        cells.append(NOT_RUN if counts[NOT_RUN] else f"{counts[FINDS]}{plus}")
    return _row(name, str(len(rows)), *cells)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |\n"
