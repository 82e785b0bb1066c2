"""A chunk made into lines of FHIR NDJSON: what a worker of any engine runs. Pure: the same chunk gives the same bytes.

References of the Bundles (`urn:uuid:…`) become `Type/id`, as FHIR Bulk Data has them: its files hold resources without
their Bundles. A row that cannot be read or translated is rejected by its line and its reasons; the rest goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Any, TypeAlias

import orjson

from mappings import read
from mappings.bulk.chunks import Chunk
from mappings.bulk.job import Job
from mappings.bulk.tally import Tally
from mappings.errors import WarmHandoffError
from mappings.fhir.translate import translate
from mappings.incident import Agency, Incident, Rejected
from mappings.record import record
from mappings.translation import Translation
from profiles.issue import Issue, operation_outcome

#: Types that many records share: a resource of them is written once.
SHARED = frozenset({"Organization", "Practitioner", "PractitionerRole"})

#: What becomes of a translation's resources before they are written: a release, say. Their references are `Type/id`.
Release: TypeAlias = Callable[[Translation, Agency], Iterable[dict[str, Any]]]

FAULT = Issue(
    severity="error",
    code="exception",
    rule="bulk.fault",
    path="",
    text="a fault of this program: the record was left out and the rest went on",
)
NOTHING = Issue(
    severity="error", code="structure", rule="bulk.nothing-read", path="", text="nothing that could be a record"
)

_REFERENCE = re.compile(rb'"reference":"urn:uuid:([0-9a-f-]{36})"')
_LINE = re.compile(r"(?:line|row) \d+\Z")


@record
class Done:
    """What became of a chunk. `lines`: type -> (how many, the lines themselves). `shared`: type -> those of types that
    records share, by digest, each once. `rejected`: lines of JSON; `errors`: the same as OperationOutcomes.
    rows = translated + len(rejected).
    """

    input: int
    number: int
    rows: int
    translated: int
    lines: dict[str, tuple[int, bytes]]
    shared: dict[str, dict[bytes, bytes]]
    rejected: list[bytes]
    errors: list[bytes]
    tally: Tally
    position: int = 0


def translate_chunk(job: Job, chunk: Chunk, release: Release | None = None) -> Done:
    """The lines of a chunk's records. With `release` those that it lets go. Raises nothing of a record's."""
    lines: dict[str, list[bytes]] = {}
    shared: dict[str, dict[bytes, bytes]] = {}
    rejected: list[bytes] = []
    errors: list[bytes] = []
    tally = Tally()
    translated = rows = 0
    reading = job.reading()

    def reject(row: int, line: int, issues: tuple[Issue, ...]) -> None:
        tally.take_issues(issues)
        rejected.append(_rejected(chunk.input, row, line, issues))
        errors.append(orjson.dumps(operation_outcome(issues)))

    for row, line, record_ in _records(job, chunk):
        rows += 1
        if type(record_) is Rejected:
            reject(row, line, record_.issues)
            continue
        try:
            owner = reading or job.owner(record_)  # type: ignore[arg-type]
            done = translate(record_, agency=owner, now=job.now, namespace_key=job.namespace_key)  # type: ignore[arg-type]
            made = _bundled(done.bundle) if release is None else _released(release(done, owner))
        except WarmHandoffError as error:
            reject(row, line, error.issues)
            continue
        except Exception:  # noqa: BLE001 one row of millions must not stop them; nothing of the text is kept
            reject(row, line, (FAULT,))
            continue
        translated += 1
        tally.take(done)
        for kind, text in made:
            if kind in SHARED:
                shared.setdefault(kind, {}).setdefault(blake2b(text, digest_size=16).digest(), text)
            elif kind in lines:
                lines[kind].append(text)
            else:
                lines[kind] = [text]
    return Done(
        input=chunk.input,
        number=chunk.number,
        rows=rows,
        translated=translated,
        lines={kind: (len(texts), b"\n".join(texts) + b"\n") for kind, texts in lines.items()},
        shared=shared,
        rejected=rejected,
        errors=errors,
        tally=tally.folded(),
        position=chunk.position,
    )


def _records(job: Job, chunk: Chunk) -> Iterator[tuple[int, int, Incident | Rejected]]:
    """Each record of a chunk with its place: position and line (0: not known)."""
    if chunk.layout is None:
        for index, line, data in zip(chunk.indexes, chunk.lines, chunk.items, strict=True):
            several = 0
            for record_ in _documents(job, data):
                several += 1
                if type(record_) is Rejected:
                    yield index + record_.index, line or record_.line or 0, record_
                else:
                    yield index + several - 1, line, record_
            if not several:
                yield index, line, Rejected(index=index, issues=(NOTHING,))
        return
    pack = job.pack()
    assert pack is not None
    make = pack.maker(chunk.layout, job.reading())
    for index, line, row in zip(chunk.indexes, chunk.lines, chunk.items, strict=True):
        if type(row) is Rejected:
            yield index, row.line or line, row
            continue
        try:
            made = make(index, line, row)
        except Exception:  # noqa: BLE001 as above
            made = Rejected(index=index, issues=(FAULT,), line=line or None)
        yield index, line, made


def _documents(job: Job, data: bytes) -> Iterator[Incident | Rejected]:
    try:
        yield from read(data, job.source, job.reading())
    except Exception:  # noqa: BLE001 as above
        yield Rejected(index=0, issues=(FAULT,))


def _bundled(bundle: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The resources of a Bundle as lines, referring to each other by type and id."""
    entries = bundle["entry"]
    types = {entry["fullUrl"][9:].encode(): entry["resource"]["resourceType"].encode() for entry in entries}

    def relative(match: re.Match[bytes]) -> bytes:
        made = match[1]
        kind = types.get(made)
        return b'"reference":"%b/%b"' % (kind, made) if kind is not None else match[0]

    for entry in entries:
        resource = entry["resource"]
        # Quotes inside a text are escaped: only a member of that name has this form.
        yield resource["resourceType"], _REFERENCE.sub(relative, orjson.dumps(resource))


def _released(resources: Iterable[dict[str, Any]]) -> list[tuple[str, bytes]]:
    return [(resource["resourceType"], orjson.dumps(resource)) for resource in resources]


def _rejected(of: int, row: int, line: int, issues: tuple[Issue, ...]) -> bytes:
    """A line of `rejected.ndjson`: input and row (from 1), line, field, rule, reason."""
    first = issues[0] if issues else FAULT
    made: dict[str, Any] = {"input": of + 1, "row": row + 1, "line": line or None, **_reason(first)}
    if len(issues) > 1:
        made["also"] = [_reason(issue) for issue in issues[1:]]
    return orjson.dumps(made)


def _reason(issue: Issue) -> dict[str, Any]:
    # The line stands beside it; a byte or a column stays.
    field = ", ".join(part for part in issue.path.split(", ") if _LINE.match(part) is None)
    return {"field": field or None, "rule": issue.rule, "reason": issue.text}
