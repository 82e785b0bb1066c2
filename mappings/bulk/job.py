"""What a worker must know to translate a chunk: the source, the agency, the time, the key. It can be pickled.

A pack of the caller's own travels inside as its files, so that a worker on another machine reads with the same pack,
and a folder that is edited meanwhile changes nothing. A shipped pack travels by its id: each worker must have the
same version of this library.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path

from mappings.ids import PUBLISHED
from mappings.incident import Agency, Incident
from mappings.packs.load import Folder
from mappings.packs.pack import Pack, compile_pack, load_pack, shipped_packs
from mappings.record import record

#: Sources with a reader of their own; every other is a pack.
DOCUMENTS = ("eido", "incident", "nibrs")


@record
class Job:
    """One bulk translation. `source`: as `mappings.read` has it. `files`: a pack of the caller's own, as a ZIP archive.

    `agency` None: the pack's, or each record's own. `zone` (IANA) is over the agency's. `now` has a zone.
    """

    source: str
    files: bytes | None = None
    agency: Agency | None = None
    zone: str | None = None
    now: datetime
    namespace_key: bytes = PUBLISHED

    def pack(self) -> Pack | None:
        """The pack, compiled once in each process; None for a source with a reader of its own."""
        return None if self.source in DOCUMENTS else _compiled(self.source, self.files)

    def reading(self) -> Agency | None:
        """The agency to read with, `zone` over its own; None where each document names it."""
        pack = self.pack()
        found = self.agency or (pack.agency if pack is not None else None)
        return replace(found, zone=self.zone) if found is not None and self.zone is not None else found

    def owner(self, incident: Incident) -> Agency:
        """The agency to translate a record for."""
        return self.reading() or Agency(id=incident.agency, zone=self.zone)

    def digest(self) -> str:
        """What the job is but for its time, as 32 hexadecimal digits: another pack, agency, zone or key is another job.

        The key is in it only as a keyed hash.
        """
        found = hashlib.blake2b(digest_size=16)
        for part in (self.source, repr(self.agency), repr(self.zone)):
            found.update(part.encode() + b"\0")
        found.update(hashlib.blake2b(b"bulk", key=self.namespace_key[:64], digest_size=16).digest())
        found.update(hashlib.sha256(self.namespace_key).digest())
        if self.source not in DOCUMENTS:
            found.update(self.files or _archive(resources.files("mappings.packs") / self.source))
        return found.hexdigest()


def job_for(
    source: str,
    *,
    agency: Agency | None = None,
    zone: str | None = None,
    now: datetime,
    namespace_key: bytes = PUBLISHED,
) -> Job:
    """The job of a source: a name, a shipped pack's id, or a pack's folder, whose files are taken along.

    Raises PackError when the pack is wrong or there is none.
    """
    files = None
    if source not in DOCUMENTS:
        load_pack(source)  # every mistake of the pack is told here, once, and by its folder's names
        if source not in shipped_packs():
            files = _archive(Path(source))
            source = _compiled(source, files).id
    return Job(source=source, files=files, agency=agency, zone=zone, now=now, namespace_key=namespace_key)


@lru_cache(maxsize=8)
def _compiled(source: str, files: bytes | None) -> Pack:
    if files is None:
        return load_pack(source)
    return compile_pack(zipfile.Path(zipfile.ZipFile(io.BytesIO(files))))


def _archive(folder: Folder) -> bytes:
    """The text files of a pack's folder; the same files give the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(_files(folder, "")):
            archive.writestr(zipfile.ZipInfo(name), file.read_bytes())
    return made.getvalue()


def _files(folder: Folder, under: str) -> Iterator[tuple[str, Folder]]:
    for one in folder.iterdir():
        if one.name.startswith((".", "__")):
            continue
        if one.is_dir():
            yield from _files(one, f"{under}{one.name}/")
        elif one.is_file():
            yield f"{under}{one.name}", one
