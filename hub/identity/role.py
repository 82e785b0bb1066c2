"""What a person may do at the console, by the roles of their account in one organization.

Least privilege (CJIS Security Policy AC-6): a role opens what its work needs, and nothing is open without one. Roles of
one person add up. They are of the organization that the person signed in to: whose content it is, and which holds are
its to settle, `hub.console.seeing` decides before. Accounts, roles and keys are changed by nobody at the console, only
by who has the machine.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal, get_args

from hub.errors import IdentityError
from hub.records import HoldKind

AccountRole = Literal["read-only", "clinician", "interface-analyst", "hold-owner", "privacy-officer"]
#: `lists`: states, sizes, codes of steps. `content`: what messages, referrals and consents say. `codes`: unmapped ones.
#: `alarms`: taking one. `consents`: taking and ending them. `hand-over`: a page given to a center. `emergency`: 42 CFR
#: 2.51. `reports`: what left, for who asks, and letters after a revocation. `investigations`: 42 CFR 2.68.
Permission = Literal[
    "lists", "content", "codes", "alarms", "consents", "hand-over", "emergency", "reports", "investigations"
]

ROLES: Final[tuple[AccountRole, ...]] = get_args(AccountRole)
#: What an account has that was given none: the least.
LEAST: Final[tuple[AccountRole, ...]] = ("read-only",)

_GRANTS: Final[dict[AccountRole, frozenset[Permission]]] = {
    "read-only": frozenset({"lists", "content"}),
    "clinician": frozenset({"lists", "content", "alarms", "consents", "hand-over", "emergency"}),
    "interface-analyst": frozenset({"lists", "codes", "alarms"}),
    "hold-owner": frozenset({"lists", "content", "alarms", "hand-over"}),
    "privacy-officer": frozenset(get_args(Permission)),
}
#: Which kinds of hold a role may settle: what the law, a consent or the CJIS gate stopped is the privacy officer's.
_SETTLES: Final[dict[AccountRole, frozenset[HoldKind]]] = {
    "interface-analyst": frozenset({"fault"}),
    "hold-owner": frozenset({"routing", "identity", "fault"}),
    "privacy-officer": frozenset(get_args(HoldKind)),
}


def may(roles: Collection[str], permission: Permission) -> bool:
    """Whether any of the roles opens it. A role that is not known opens nothing."""
    return any(permission in _GRANTS[role] for role in ROLES if role in roles)


def may_settle(roles: Collection[str], kind: HoldKind) -> bool:
    """Whether any of the roles may release or reject holds of that kind."""
    return any(kind in _SETTLES.get(role, ()) for role in ROLES if role in roles)


def check(roles: Collection[str]) -> tuple[AccountRole, ...]:
    """The roles, each once. Raises IdentityError `identity.role` for none, or one that there is not."""
    if not roles or set(roles) - set(ROLES):
        raise IdentityError("identity.role", f"one or more of {', '.join(ROLES)}", path="role", code="value")
    return tuple(role for role in ROLES if role in roles)
