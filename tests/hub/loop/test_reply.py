"""A center's answer, whatever form it came in, and where it may move the Task."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ReceiveError
from hub.loop.reply import FINAL, MOVES, TASK, Reply, Status, from_message, from_task, from_v2, moved
from mappings.hl7v2.answer import Answer as V2Answer

NOW = "2026-11-21T21:30:00Z"
STATUSES = ["requested", *get_args(Status)]

#: Anything that JSON can hold, under keys that a Task has.
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resource", "resourceType", "identifier", "value", "system", "type", "text", "coding", "code"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


def stored(status: str) -> dict[str, Any]:
    return {
        "resourceType": "Task",
        "id": "t",
        "identifier": [{"system": TASK, "value": "t"}],
        "status": status,
        "intent": "order",
        "focus": {"reference": "ServiceRequest/s"},
        "for": {"reference": "Patient/p"},
        "requester": {"reference": "Organization/a"},
        "owner": {"reference": "Organization/b"},
    }


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", get_args(Status))
def test_every_move(before: str, after: Status) -> None:
    reply = Reply(task_ids=("t",), status=after)
    if before == after:
        assert moved(stored(before), reply, now=NOW) is None
    elif before in FINAL or after not in MOVES[before]:
        with pytest.raises(ReceiveError, match=r"receive\.move"):
            moved(stored(before), reply, now=NOW)
    else:
        found = moved(stored(before), reply, now=NOW)
        assert found is not None
        assert (found["status"], found["lastModified"]) == (after, NOW)
        for kept in ("id", "identifier", "focus", "for", "requester", "owner", "intent"):
            assert found[kept] == stored(before)[kept]


def test_nothing_moves_on_from_a_final_status() -> None:
    assert FINAL.isdisjoint(MOVES)
    assert set(STATUSES) - FINAL == set(MOVES)


def test_a_late_appointment_does_not_open_a_closed_referral() -> None:
    for status in ("rejected", "completed", "failed", "cancelled"):
        reply = Reply(task_ids=("t",), business="scheduled", appointment="2026-11-23T09:00:00-07:00")
        assert moved(stored(status), reply, now=NOW) is None


def test_a_reason_is_kept_where_it_is_one() -> None:
    rejected = moved(stored("requested"), Reply(task_ids=("t",), status="rejected", reason="full"), now=NOW)
    accepted = moved(stored("requested"), Reply(task_ids=("t",), status="accepted", reason="glad to"), now=NOW)
    assert rejected is not None
    assert accepted is not None
    assert rejected["statusReason"] == {"text": "full"}
    assert "statusReason" not in accepted


def test_a_new_appointment_takes_the_place_of_the_old() -> None:
    first = moved(stored("accepted"), Reply(task_ids=("t",), appointment="2026-11-23T09:00:00Z"), now=NOW)
    assert first is not None
    second = moved(first, Reply(task_ids=("t",), appointment="2026-11-24T09:00:00Z"), now=NOW)
    assert second is not None
    assert [o["valueDateTime"] for o in second["output"]] == ["2026-11-24T09:00:00Z"]
    assert moved(second, Reply(task_ids=("t",), appointment="2026-11-24T09:00:00Z"), now=NOW) is None


@given(st.dictionaries(st.sampled_from(["identifier", "status", "basedOn", "focus", "output", "id"]), _JSON))
def test_whatever_is_in_a_task_it_is_read_or_refused(task: dict[str, Any]) -> None:
    try:
        reply = from_task(task)
    except ReceiveError as error:
        assert error.rule in ("receive.no-referral", "receive.status")
    else:
        assert reply.task_ids or reply.referral_ids
        assert all(isinstance(one, str) for one in (*reply.task_ids, *reply.referral_ids))


@given(_JSON, st.dictionaries(st.sampled_from(["statusReason", "businessStatus", "output"]), _JSON))
def test_whatever_is_in_a_message_it_is_read_or_refused(entry: Any, odd: dict[str, Any]) -> None:
    task = {"resource": stored("accepted") | odd}
    for entries in (entry, [task, entry], [entry]):
        try:
            reply = from_message({"resourceType": "Bundle", "type": "message", "entry": entries})
        except ReceiveError:
            continue
        assert reply.task_ids == ("t",)
        moved(stored("requested"), reply, now=NOW)


@pytest.mark.parametrize(
    ("answer", "status", "business", "form"),
    [
        (V2Answer(kind="decision", decision="accepted", answered_at=NOW), "accepted", None, "rri"),
        (V2Answer(kind="decision", decision="rejected", answered_at=NOW), "rejected", None, "rri"),
        (V2Answer(kind="status", decision="pending", answered_at=NOW), None, None, "rri"),
        (V2Answer(kind="appointment", appointment="booked", answered_at=NOW), None, "scheduled", "siu"),
        (V2Answer(kind="appointment", appointment="cancelled", answered_at=NOW), None, "appointment-cancelled", "siu"),
        (V2Answer(kind="appointment", appointment="no-show", answered_at=NOW), None, "no-show", "siu"),
    ],
)
def test_v2(answer: V2Answer, status: str | None, business: str | None, form: str) -> None:
    from dataclasses import replace

    reply = from_v2(replace(answer, referral_ids=(("t", None),)))
    assert (reply.task_ids, reply.status, reply.business, reply.form) == (("t",), status, business, form)
    with pytest.raises(ReceiveError, match=r"receive\.no-referral"):
        from_v2(answer)
