"""Answers on their way to the hub: kept on disk, sent in order for each referral, until they are taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import mllp
import v2
import web
from store import Store, pretty

Entry = dict[str, Any]

FIRST_WAIT = 0.2
#: longest wait after trouble that may pass by itself (no connection, 5xx, AE)
TROUBLE_WAIT = 5.0
#: longest wait after a refusal (4xx, AR): the same bytes will hardly be liked better, a changed hub may
REFUSAL_WAIT = 60.0
PASSING = {"AE", "CE", "408", "425", "429"}


class Outbox:
    """One lane for each referral; nothing is ever dropped, and a retry sends the same bytes."""

    def __init__(
        self,
        store: Store,
        *,
        hub: str | None,
        hub_mllp: tuple[str, int] | None,
        hub_token: str | None,
        on_sent: Callable[[Entry], dict[str, bytes | None]],
    ) -> None:
        self._store = store
        self._hub = hub.rstrip("/") if hub else None
        self._hub_mllp = hub_mllp
        self._hub_token = hub_token
        self._on_sent = on_sent
        self._lanes: dict[int, list[Entry]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._trouble: dict[int, tuple[int, str]] = {}
        done = [int(path.stem) for path in store.directory.glob("sent/*.json")]
        self._last = max(done, default=0)
        for _, entry in store.each("outbox/*.json"):
            self._last = max(self._last, entry["id"])
            self._lanes.setdefault(entry["referral"], []).append(entry)

    def http(self, referral: int, method: str, path: str, body: str) -> Entry:
        """A new entry: a FHIR resource for the hub. Not yet stored."""
        return self._entry(referral, kind="http", method=method, path=path, body=body)

    def mllp(self, referral: int, control_id: str, message: bytes) -> Entry:
        """A new entry: an HL7 v2 message for the hub. Not yet stored."""
        return self._entry(referral, kind="mllp", control_id=control_id, body=message.decode())

    def _entry(self, referral: int, **rest: Any) -> Entry:
        self._last += 1
        return {"id": self._last, "referral": referral, **rest}

    @staticmethod
    def files(entries: list[Entry]) -> dict[str, bytes | None]:
        """What to commit together with the decision."""
        return {f"outbox/{entry['id']:06}.json": pretty(entry) for entry in entries}

    def adopt(self, entries: list[Entry]) -> None:
        """Send committed entries."""
        for entry in entries:
            self._lanes.setdefault(entry["referral"], []).append(entry)
            self._start(entry["referral"])

    def start(self) -> None:
        """Go on with what an earlier run left."""
        for referral in list(self._lanes):
            self._start(referral)

    async def stop(self) -> None:
        """Stop sending; what was not taken stays for the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def waiting(self, referral: int) -> dict[str, Any]:
        """How many answers wait, after how many attempts, and what the last one met."""
        attempts, last = self._trouble.get(referral, (0, ""))
        return {"answers": len(self._lanes.get(referral, [])), "attempts": attempts, "last": last}

    def _start(self, referral: int) -> None:
        if referral not in self._tasks:
            self._tasks[referral] = asyncio.create_task(self._run_lane(referral))

    async def _run_lane(self, referral: int) -> None:
        lane = self._lanes[referral]
        wait = FIRST_WAIT
        while lane:
            outcome = await self._send(lane[0])
            if outcome == "taken":
                entry = lane[0]
                number = f"{entry['id']:06}.json"
                files = {f"outbox/{number}": None, f"sent/{number}": pretty(entry), **self._on_sent(entry)}
                self._store.commit(files)
                del lane[0]
                self._trouble.pop(referral, None)
                wait = FIRST_WAIT
                continue
            attempts = self._trouble.get(referral, (0, ""))[0] + 1
            self._trouble[referral] = (attempts, outcome)
            if outcome == "no address":
                break  # started without --hub or --hub-mllp; a later start may have it
            if attempts == 1:
                self._store.log(f"answer {lane[0]['id']} not taken yet: {outcome}")
            refused = outcome.startswith(("4", "AR", "CR")) and outcome not in PASSING
            await asyncio.sleep(wait)
            wait = min(wait * 2, REFUSAL_WAIT if refused else TROUBLE_WAIT)
        self._tasks.pop(referral, None)

    async def _send(self, entry: Entry) -> str:
        """`taken`, or a word for what came instead; never text of the peer's."""
        try:
            if entry["kind"] == "http":
                return await self._send_http(entry)
            return await self._send_mllp(entry)
        except (OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError) as trouble:
            return type(trouble).__name__

    async def _send_http(self, entry: Entry) -> str:
        if self._hub is None:
            return "no address"
        headers = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
        if self._hub_token:
            headers["Authorization"] = f"Bearer {self._hub_token}"
        status, _ = await web.send(entry["method"], self._hub + entry["path"], entry["body"].encode(), headers)
        return "taken" if 200 <= status < 300 else str(status)

    async def _send_mllp(self, entry: Entry) -> str:
        if self._hub_mllp is None:
            return "no address"
        control_id = entry["control_id"]
        raw = await mllp.exchange(
            *self._hub_mllp,
            entry["body"].encode(),
            lambda answer: v2.is_acknowledgement_of(control_id, answer) is not None,
        )
        code = v2.is_acknowledgement_of(control_id, raw) or ""
        if code in ("AA", "CA"):
            return "taken"
        return code if code in ("AE", "AR", "CE", "CR") else "no code"
