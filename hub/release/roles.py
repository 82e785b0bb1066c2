"""Who may stand on the receiving side: the roles of a recipient in law, and the duties that law attaches things to."""

from __future__ import annotations

from typing import Final, get_args

from mappings.incident import Role

#: The declared roles of organizations, and two that no organization has.
RECIPIENT_ROLES: Final = frozenset({*get_args(Role), "patient", "representative"})

#: `medical-personnel`: 42 CFR 2.51. `treating`: 2.31(a)(4). `monitoring`: 2.35.
DUTIES: Final = frozenset({"medical-personnel", "treating", "monitoring"})
