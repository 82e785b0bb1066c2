"""When a form may be relied on, and when it is asked about what is only mentioned: a row each. As `test_edges`."""

from __future__ import annotations

from typing import Any

import pytest

from hub.release import ExchangePolicy, ExchangeRule, ReleasePolicy, decide_json
from hub.release.contract import _read
from hub.release.decide import decide

Json = dict[str, Any]

AUTHORIZATION = {"category": [{"coding": [{"code": "HIPAAAuthCD"}]}]}
DENIES = {"note": [{"text": "Denies drug or alcohol use."}]}


def one(document: Json) -> tuple[str, list[str]]:
    (found,) = decide_json(document)["entries"]
    return found["decision"], found["because"]


# --- for what it may be relied on (42 CFR 2.31(d): proceedings need a consent of their own)


@pytest.mark.parametrize(
    ("purposes", "asked", "expected"),
    [
        (["proceedings"], "proceedings", "permit"),
        (["proceedings", "TREAT"], "proceedings", "deny"),
        (["proceedings", "TREAT"], "TREAT", "permit"),
    ],
)
def test_2_31_d_a_form_for_proceedings_alone_permits_them(
    build: Any, purposes: list[str], asked: str, expected: str
) -> None:
    consent = build.consent(provision={"purpose": build.purposes(*purposes)})
    court = {"reference": build.MHC, "role": "other"}
    document = build.ask([build.condition()], [consent], origin="part2-program", recipient=court, purpose=asked)
    decision, because = one(document)
    assert decision == expected
    assert ("proceedings-combined" in because) == (expected == "deny")


# --- whom an intermediary passes records on to (42 CFR 2.31(a)(4)(ii): asked of Part 2 records alone)


@pytest.mark.parametrize(
    ("origin", "role", "expected"),
    [
        ("part2-program", "intermediary", "deny"),
        ("part2-program", "covered-entity", "permit"),
        ("covered-entity", "intermediary", "permit"),
    ],
)
def test_2_31_a_4_ii_participants_are_asked_for_under_part_2(build: Any, origin: str, role: str, expected: str) -> None:
    more = {} if origin == "part2-program" else {**AUTHORIZATION, "provision": {"securityLabel": build.labels("PSY")}}
    code = "F11.20" if origin == "part2-program" else "F32.1"
    exchange = {"reference": build.MHC, "role": role}
    document = build.ask([build.condition(code)], [build.consent(**more)], origin=origin, recipient=exchange)
    decision, because = one(document)
    assert decision == expected
    assert ("intermediary-participants-missing" in because) == (expected == "deny")


# --- what is only mentioned goes, but where a form refuses a sensitivity by name (S16)


def refusing(build: Any, *codes: str, **more: Any) -> Json:
    return {"type": "deny", "securityLabel": build.labels(*codes) or None, **more}


@pytest.mark.parametrize(
    ("shape", "removed"),
    [
        ("none", False),
        ("permits by label", False),
        ("refuses without a label", False),
        ("excepts a class", False),
        ("refuses by label", True),
        ("excepts by label", True),
    ],
)
def test_s16_what_makes_a_mention_matter(build: Any, shape: str, removed: bool) -> None:
    elsewhere = {"class": [{"code": "Observation"}]}
    provision: Json = {
        "permits by label": {"securityLabel": build.labels("HIV")},
        "refuses without a label": refusing(build, **elsewhere),
        "excepts a class": {"securityLabel": None, "provision": [refusing(build, **elsewhere)]},
        "refuses by label": refusing(build, "HIV"),
        "excepts by label": {"securityLabel": None, "provision": [refusing(build, "HIV")]},
    }.get(shape, {})
    consents = [] if shape == "none" else [build.consent(**AUTHORIZATION, provision=provision)]
    line = ExchangeRule(roles=frozenset({"covered-entity"}), purposes=frozenset({"TREAT"}), without=frozenset({"SUD"}))
    policy = ReleasePolicy(exchange=ExchangePolicy(rules=(line,)))
    asked = _read(build.ask([build.condition("J45.40", **DENIES)], consents, origin="law-enforcement"), policy)
    (made,) = decide(asked.request, asked.consents, policy=policy).entries
    assert made.decision == ("redact" if removed else "permit")
    assert made.remove == ({"note"} if removed else set())
