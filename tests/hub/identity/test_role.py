"""Which role opens what: the whole table, and that nothing else opens anything."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from hub.errors import IdentityError
from hub.identity.role import ROLES, Permission, check, may, may_settle
from hub.records import HoldKind

#                     lists content codes alarms consents hand-over emergency reports investigations
OPENS = {
    "read-only":         "y     y       .     .      .        .         .         .       .",
    "clinician":         "y     y       .     y      y        y         y         .       .",
    "interface-analyst": "y     .       y     y      .        .         .         .       .",
    "hold-owner":        "y     y       .     y      .        y         .         .       .",
    "privacy-officer":   "y     y       y     y      y        y         y         y       y",
}  # fmt: skip
#                     provenance law identity routing cjis consent fault review
SETTLES = {
    "read-only":         ".          .   .        .       .    .       .     .",
    "clinician":         ".          .   .        .       .    .       .     .",
    "interface-analyst": ".          .   .        .       .    .       y     .",
    "hold-owner":        ".          .   y        y       .    .       y     .",
    "privacy-officer":   "y          y   y        y       y    y       y     y",
}  # fmt: skip
PERMISSIONS = get_args(Permission)
KINDS = get_args(HoldKind)


def test_the_tables_have_every_role() -> None:
    assert tuple(OPENS) == tuple(SETTLES) == ROLES


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_opens_and_settles(role: Any) -> None:
    assert [may([role], one) for one in PERMISSIONS] == [cell == "y" for cell in OPENS[role].split()]
    assert [may_settle([role], one) for one in KINDS] == [cell == "y" for cell in SETTLES[role].split()]


def test_roles_add_up_and_none_opens_nothing() -> None:
    both = ("interface-analyst", "clinician")
    assert may(both, "codes")
    assert may(both, "content")
    assert not may(both, "reports")
    for nobody in ((), ("owner",)):
        assert not any(may(nobody, one) for one in PERMISSIONS)
        assert not any(may_settle(nobody, one) for one in KINDS)


def test_a_role_is_one_of_the_list() -> None:
    assert check(["hold-owner", "read-only", "hold-owner"]) == ("read-only", "hold-owner")
    for wrong in ([], ["owner"], ["read-only", "root"]):
        with pytest.raises(IdentityError, match=r"identity\.role"):
            check(wrong)
