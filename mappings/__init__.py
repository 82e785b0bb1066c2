"""Warm Handoff's mapping library: bytes in, values out. No clock, no network, no files but its own data.

    from mappings import Agency, read, translate

    agency = Agency(id="example-pd", zone="America/Denver", posture="law-enforcement")
    for incident in read(data, "eido", agency):
        result = translate(incident, agency=agency, now=now)

`read` takes a source's name (`eido`, `nibrs`, `incident`, a shipped pack's id) or a `Pack`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mappings.errors import PackError, ReadError, RenderError, TranslateError, WarmHandoffError
from mappings.fhir.translate import translate
from mappings.hl7v2.feed import translate_v2
from mappings.ids import PUBLISHED
from mappings.incident import Agency, Incident, Rejected
from mappings.partner import GENERIC, Partner
from mappings.translation import Translation
from profiles.issue import Issue

if TYPE_CHECKING:
    from mappings.cad.registries import Registries
    from mappings.packs import Pack

__all__ = [
    "GENERIC",
    "PUBLISHED",
    "Agency",
    "Incident",
    "Issue",
    "PackError",
    "Partner",
    "ReadError",
    "Rejected",
    "RenderError",
    "TranslateError",
    "Translation",
    "WarmHandoffError",
    "read",
    "translate",
    "translate_v2",
]


def read(
    data: bytes, source: str | Pack, agency: Agency | None = None, *, registries: Registries | None = None
) -> Iterator[Incident | Rejected]:
    """The incidents in `data`, in order; one that cannot be read is `Rejected` in its place and the rest goes on.

    `source`: `eido`, `nibrs`, `incident`, a shipped pack's id, a pack's folder, or a `Pack`. Without `agency` the
    pack's own, or the document's owning agency, is used. Raises PackError when the source is none of these or its
    pack is wrong.
    """
    if source == "eido":
        from mappings.cad.eido import read_eido

        return read_eido(data, agency, registries)
    if source == "nibrs":
        from mappings.police.nibrs import read_nibrs

        return read_nibrs(data, agency)
    if source == "incident":
        from mappings.incident_json import read_incident

        return read_incident(data, agency)
    from mappings.packs import load_pack

    pack = load_pack(source) if isinstance(source, str) else source
    return pack.read(data, agency)
