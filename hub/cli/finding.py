"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was checked; `todo` says what to do when it is not well."""

    name: str
    ok: bool
    detail: str
    todo: str = ""
