"""What a destination gave back for what was sent: a receipt, which is never an acceptance (design, section 8)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The destination has it. `code`: HTTP status or MSA-1. `remote_task`: its id for the referral's Task, if said."""

    code: str
    remote_task: str | None = None
