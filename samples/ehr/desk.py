"""The referral desk: what was received, what was decided, by whom, and when the answer left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Protocol

from fhir import CANCELLED, Refused, Resource
from store import Store, pretty

Referral = dict[str, Any]

#: from which states each decision may be taken, and the state it leads to
DECISIONS = {
    "pend": ({"received"}, "pending"),
    "accept": ({"received", "pending"}, "accepted"),
    "schedule": ({"received", "pending", "accepted", "scheduled"}, "scheduled"),
    "reject": ({"received", "pending", "accepted"}, "rejected"),
    "complete": ({"accepted", "scheduled"}, "completed"),
}
FINAL = {"rejected", "completed", "cancelled"}
#: the elements of a Task that belong to who performs it
OWNED = ("status", "statusReason", "businessStatus", "lastModified", "output")


@dataclass(slots=True, kw_only=True)
class Answer:
    """What a decision sets in motion: files to commit with it, and what to do once they are committed."""

    files: dict[str, bytes | None] = field(default_factory=dict)
    outgoing: list[int] = field(default_factory=list)
    committed: Callable[[], None] = lambda: None


class Answerer(Protocol):
    """Builds the answer for one way in."""

    def __call__(self, referral: Referral, decision: dict[str, Any]) -> Answer: ...


def check_behaviour(behaviour: Any) -> dict[str, Any]:
    """The behaviour as given, when it is well formed. Raises ValueError with the place."""
    if not isinstance(behaviour, dict) or set(behaviour) - {"rules", "faults", "answer"}:
        raise ValueError("behaviour: an object with rules, faults, answer")
    if behaviour.get("answer", "poll") not in ("poll", "push"):
        raise ValueError("behaviour.answer: poll or push")
    if set(behaviour.get("faults", {})) - {"http_status", "times", "drop_ack", "delay"}:
        raise ValueError("behaviour.faults: http_status, times, drop_ack, delay")
    for n, rule in enumerate(behaviour.get("rules", [])):
        if not isinstance(rule.get("match"), dict) or not rule["match"]:
            raise ValueError(f'behaviour.rules[{n}].match: an object, {{"any": true}} for every referral')
        for m, action in enumerate(rule.get("actions", [])):
            place = f"behaviour.rules[{n}].actions[{m}]"
            if action.get("do") not in DECISIONS:
                raise ValueError(f"{place}.do: one of {', '.join(DECISIONS)}")
            if action["do"] == "reject" and not action.get("reason"):
                raise ValueError(f"{place}.reason: needed to reject")
            if action["do"] == "schedule" and datetime.fromisoformat(action.get("when", "")).tzinfo is None:
                raise ValueError(f"{place}.when: a time with its zone")
    return behaviour


class Desk:
    """Every referral, in memory and under referrals/<n>.json.

    Decides nothing by itself: a person does, or the rules of the behaviour file. Referrals to which no
    rule applies are never answered.
    """

    def __init__(self, store: Store, behaviour: dict[str, Any], zone: tzinfo) -> None:
        self._store = store
        self._rules: list[dict[str, Any]] = behaviour.get("rules", [])
        self._zone = zone
        self.referrals: dict[int, Referral] = {}
        self._by_key: dict[tuple[str, str], int] = {}
        self._plans: dict[int, asyncio.Task[None]] = {}
        self.answerers: dict[str, Answerer] = {}
        for _, referral in store.each("referrals/*.json"):
            store.seen(referral["received"])
            self._keep(referral)

    def start(self) -> None:
        """Go on with the plans that an earlier run left."""
        for number in self.referrals:
            self._follow(number)

    async def stop(self) -> None:
        """Stop acting; plans go on at the next start."""
        tasks = list(self._plans.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def take(self, via: str, source: str, found: list[dict[str, Any]], files: dict[str, bytes | None]) -> None:
        """Record what one message says, in one commit with the given files.

        A referral already known by its business identifiers is updated, not opened twice. A decision
        stands when an update comes; only a cancellation changes the state.
        """
        at = _iso(self._store.now())
        number = max(self.referrals, default=0)
        changed: dict[int, Referral] = {}
        for facts in found:
            keys = facts["keys"] or [f"source:{source}"]
            known = self._known(via, keys)
            if known is None:
                number += 1
                changed[number] = {
                    "id": number,
                    "via": via,
                    "received": at,
                    "patient": facts["patient"],
                    "service": facts["service"],
                    "urgency": facts["urgency"],
                    "reason": facts["reason"],
                    "status": "cancelled" if facts["cancelled"] else "received",
                    "source": source,
                    "hub_ref": facts["hub_ref"],
                    "keys": keys,
                    "plan": [],
                    "history": [{"at": at, "did": "received"}],
                }
                changed[number]["plan"] = self._plan(changed[number])
                continue
            referral = changed.get(known) or self.referrals[known]
            event = {"at": at, "did": "cancelled" if facts["cancelled"] else "updated", "source": source}
            referral = {**referral, "hub_ref": dict(referral["hub_ref"])}
            referral["history"] = [*referral["history"], event]
            referral |= {k: facts[k] for k in ("patient", "service", "urgency", "reason") if facts[k]}
            # an update may leave out what the first message named (a Task, say): that still holds
            referral["hub_ref"] |= {k: v for k, v in facts["hub_ref"].items() if not _blank(v)}
            referral["keys"] = sorted({*referral["keys"], *keys})
            if facts["cancelled"] and referral["status"] not in FINAL:
                referral["status"] = "cancelled"
            changed[known] = referral
        self._store.commit({**files, **{_path(n): pretty(r) for n, r in changed.items()}})
        for number, referral in changed.items():
            self._keep(referral)
            self._follow(number)
            self._store.log(f"referral {number} {referral['history'][-1]['did']} via {via}")

    def revoked(self, numbers: list[str], source: str, files: dict[str, bytes | None]) -> None:
        """Note at each referral whose message came with one of these consents that it ended, in one commit with the
        given files. The referral itself stands: what was done in reliance on the consent stays done."""
        at = _iso(self._store.now())
        changed: dict[int, Referral] = {}
        for number, referral in self.referrals.items():
            sources = {referral["source"], *(event["source"] for event in referral["history"] if "source" in event)}
            kept = b"".join(self._store.read(f"messages/{one}.json") or b"" for one in sorted(sources))
            ended = [one for one in numbers if one.encode() in kept]
            if ended:
                event = {"at": at, "did": "consent revoked", "source": source, "consents": ended}
                changed[number] = {**referral, "history": [*referral["history"], event]}
        self._store.commit({**files, **{_path(n): pretty(r) for n, r in changed.items()}})
        for number, referral in changed.items():
            self._keep(referral)
            self._store.log(f"referral {number} consent revoked via message")

    def decide(self, number: int, do: str, *, by: str, reason: str = "", when: str = "", minutes: int = 60) -> Referral:
        """Take a decision and send it back the way the referral came.

        Raises Refused: 404 no such referral or decision, 409 not from this state, 400 no reason or time.
        """
        referral = self.referrals.get(number)
        if referral is None or do not in DECISIONS:
            raise Refused(404, "not-found", "no such referral or decision")
        allowed, state = DECISIONS[do]
        if referral["status"] not in allowed:
            raise Refused(409, "conflict", "this decision is not open in the referral's state")
        if do == "reject" and not reason.strip():
            raise Refused(400, "required", "a rejection needs a reason", "reason")
        decision: dict[str, Any] = {"do": do, "at": self._store.now(), "reason": reason.strip()}
        if do == "schedule":
            decision["start"] = self._time(when)
            decision["end"] = decision["start"] + timedelta(minutes=minutes)
        answer = self.answerers[referral["via"]](referral, decision)
        event: dict[str, Any] = {"at": _iso(decision["at"]), "did": do, "by": by}
        if decision["reason"]:
            event["reason"] = decision["reason"]
        if do == "schedule":
            event["when"] = decision["start"].isoformat()
        event["answers"] = answer.outgoing
        changed = {**referral, "status": state, "history": [*referral["history"], event]}
        if by == "behaviour":
            changed["plan"] = _tick(referral["plan"], "done")
        self._store.commit({_path(number): pretty(changed), **answer.files})
        self._keep(changed)
        answer.committed()
        self._store.log(f"referral {number} {state} by {by}")
        return changed

    def sent(self, number: int, entry: int) -> dict[str, bytes | None]:
        """Note that an answer was taken by the hub; returns the file to commit with that."""
        referral = self.referrals[number]
        at = _iso(self._store.now())
        history = [
            {**event, "answered": at} if entry in event.get("answers", []) else event for event in referral["history"]
        ]
        changed = {**referral, "history": history}
        self._keep(changed)
        return {_path(number): pretty(changed)}

    def merge_task(self, current: Resource, incoming: Resource) -> Resource:
        """An update of a Task from outside, with what this desk decided kept in it.

        Without this a sender that repeats its PUT would undo a decision.
        """
        if current.get("resourceType") != "Task" or incoming.get("status") in CANCELLED:
            return incoming
        number = self._by_key.get(("transaction", f"task:Task/{current['id']}"))
        if number is None or self.referrals[number]["status"] == "received":
            return incoming
        kept = {k: current[k] for k in OWNED if k in current}
        return {**{k: v for k, v in incoming.items() if k not in OWNED}, **kept}

    def _known(self, via: str, keys: list[str]) -> int | None:
        tasks = [key for key in keys if key.startswith("task:")]
        for key in tasks:
            if (via, key) in self._by_key:
                return self._by_key[via, key]
        for key in keys:
            number = self._by_key.get((via, key))
            # one order may be referred again under a new Task: that is a new referral
            if number and not (tasks and any(k.startswith("task:") for k in self.referrals[number]["keys"])):
                return number
        return None

    def _keep(self, referral: Referral) -> None:
        self.referrals[referral["id"]] = referral
        for key in referral["keys"]:
            self._by_key[referral["via"], key] = referral["id"]

    def _plan(self, referral: Referral) -> list[dict[str, Any]]:
        received = datetime.fromisoformat(referral["received"])
        for rule in self._rules:
            match = {k: v for k, v in rule["match"].items() if k != "any"}
            if all(referral.get(name) == value for name, value in match.items()):
                return [
                    {
                        **{k: v for k, v in action.items() if k != "after"},
                        "due": _iso(received + timedelta(seconds=action.get("after", 0))),
                        "state": "waiting",
                    }
                    for action in rule.get("actions", [])
                ]
        return []

    def _follow(self, number: int) -> None:
        waiting = any(step["state"] == "waiting" for step in self.referrals[number]["plan"])
        if waiting and number not in self._plans:
            self._plans[number] = asyncio.create_task(self._run_plan(number))

    async def _run_plan(self, number: int) -> None:
        while step := next((s for s in self.referrals[number]["plan"] if s["state"] == "waiting"), None):
            due = datetime.fromisoformat(step["due"])
            await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
            options = {k: step[k] for k in ("reason", "when", "minutes") if k in step}
            try:
                self.decide(number, step["do"], by="behaviour", **options)
            except Refused:
                # a person was faster; the plan's step is void
                referral = self.referrals[number]
                changed = {**referral, "plan": _tick(referral["plan"], "skipped")}
                self._store.commit({_path(number): pretty(changed)})
                self._keep(changed)
        self._plans.pop(number, None)

    def _time(self, when: str) -> datetime:
        try:
            time = datetime.fromisoformat(when)
        except ValueError:
            raise Refused(400, "value", "scheduling needs a time, as in 2026-01-16T15:00", "when") from None
        return time if time.tzinfo else time.replace(tzinfo=self._zone)


def _tick(plan: list[dict[str, Any]], state: str) -> list[dict[str, Any]]:
    first = next(n for n, step in enumerate(plan) if step["state"] == "waiting")
    return [{**step, "state": state} if n == first else step for n, step in enumerate(plan)]


def _blank(value: Any) -> bool:
    return not any(value.values()) if isinstance(value, dict) else not value


def _path(number: int) -> str:
    return f"referrals/{number}.json"


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
