"""What happened, counted out of the hub's store and the EHRs: nothing is counted that is not there.

delivered               referrals stored by an EHR
answers                 decisions of a center that the hub received
closed_loops            referrals whose answer moved the Task and was told to the referrer who may know
overdue                 referrals whose alarm rang because nobody answered
withheld                entries that were not let go to a recipient when first decided
released_after_consent  of those, the entries that went to that recipient later, under a consent
held                    holds that were placed
lost                    acknowledged inputs that are neither delivered, withheld nor held, nor a kept record
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson

from hub.demo.stage import Stage, call
from hub.records import DecisionRecord, EntryDecision, Message
from hub.store import alarms, answers, decisions, deliveries, documents, holds, messages, referrals
from hub.store.store import Store
from hub.store.tx import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """The demo's result, as `handoff demo --json` prints it."""

    incidents: int
    referrals: int
    delivered: int
    answers: int
    closed_loops: int
    overdue: int
    withheld: int
    released_after_consent: int
    held: int
    lost: int
    seconds: float

    def complete(self) -> bool:
        """Whether all of the story happened."""
        return (
            self.delivered >= 3
            and self.closed_loops >= 2
            and self.overdue >= 1
            and self.withheld >= 1
            and self.released_after_consent >= 1
            and self.lost == 0
        )

    def to_json(self) -> bytes:
        """One JSON object."""
        return orjson.dumps(asdict(self))


def count(stage: Stage, store: Store, *, sent: set[int], told: set[str], seconds: float) -> Tally:
    """Counts. `sent` are the message ids that the hub acknowledged, `told` the referrals of which an outcome was
    told to somebody who may know."""
    stored = sum(len(desk(stage, name)) for name in ("lakeshore", "northfork", "sunrise"))
    return store.read(lambda tx: _count(tx, stored=stored, sent=sent, told=told, seconds=seconds))


def desk(stage: Stage, name: str) -> list[dict[str, object]]:
    """The referrals on a center's desk."""
    status, body = call("GET", f"http://127.0.0.1:{stage.ports[f'{name}-http']}/desk", token=stage.tokens.get(name))
    return list(orjson.loads(body)) if status == 200 else []


def _count(tx: Tx, *, stored: int, sent: set[int], told: set[str], seconds: float) -> Tally:
    loops = referrals.listed(tx)
    withheld, released = 0, 0
    for loop in loops:
        kept_back, let_go = _entries(decisions.by_task(tx, loop.task_id), loop.organization)
        withheld += len(kept_back)
        released += len(kept_back & let_go)
    taken = [messages.get(tx, number) for number in sorted(sent)]
    return Tally(
        incidents=len(_incidents(tx)),
        referrals=len(loops),
        delivered=stored,
        answers=sum(a.decision != "pending" for loop in loops for a in answers.by_task(tx, loop.task_id)),
        closed_loops=sum(loop.answered_at is not None and loop.task_id in told for loop in loops),
        overdue=sum(a.kind == "unanswered" for a in alarms.listed(tx, open_only=False)),
        withheld=withheld,
        released_after_consent=released,
        held=len(holds.listed(tx, state=None)),
        lost=sum(_lost(tx, message) for message in taken),
        seconds=round(seconds, 1),
    )


def _incidents(tx: Tx) -> set[str]:
    """The CAD event numbers of all Encounters, each once: several sources tell of the same incident."""
    return {
        identifier["value"]
        for document in documents.by_type(tx, "Encounter")
        if document.resource is not None
        for identifier in document.resource.get("identifier", ())
        if str(identifier.get("system", "")).endswith("/cad-event")
    }


def _entries(made: list[DecisionRecord], referrer: str) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """(recipient, entry) pairs that a decision kept back, and those that a later one let go under a consent."""
    kept_back: set[tuple[str, str]] = set()
    let_go: set[tuple[str, str]] = set()
    for decision in made:
        if decision.recipient == referrer:
            continue
        for entry in decision.entries:
            pair = (decision.recipient, entry.entry)
            if not _goes(entry):
                kept_back.add(pair)
            elif entry.consents and pair in kept_back:
                let_go.add(pair)
    return kept_back, let_go


def _goes(entry: EntryDecision) -> bool:
    return entry.decision in ("permit", "redact")


def _lost(tx: Tx, message: Message | None) -> bool:
    """Whether an acknowledged input has come to nothing: not there, still waiting, or a referral of it nowhere."""
    if message is None or message.state == "received":
        return True
    for loop in referrals.by_message(tx, message.id):
        sent = any(d.state == "done" for d in deliveries.listed(tx, task_id=loop.task_id))
        kept = loop.business_status in ("withheld", "held") or bool(holds.listed(tx, state=None, task_id=loop.task_id))
        if not (sent or kept):
            return True
    return False
