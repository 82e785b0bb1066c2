"""The story, told as it happens: calls, a contact, referrals, answers, silence, a consent.

Each step waits for what it needs to see and goes on; a step that does not come within its time ends the story, and
the tally says what is missing. A hub that falls is started again, and what was not acknowledged is sent again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from hub.app import open_hub
from hub.demo.stage import Stage, call, sample
from hub.demo.tally import Tally, count, desk
from hub.loop import consenting
from hub.loop.alarm import take
from hub.loop.context import Hub
from hub.records import Referral
from hub.settings import load
from hub.store import alarms, messages, referrals
from hub.store.store import Store
from hub.store.tx import Tx

#: Called with (seconds since the start, who, what happened, tone).
Say = Callable[[float, str, str, str], None]

#: How long one step may take.
PATIENCE = 30.0


class Stalled(Exception):
    """A step of the story did not come within its time."""


@dataclass
class Story:
    """One telling. `say` is given each line of the timeline as it happens."""

    stage: Stage
    hub: Hub
    say: Say
    began: float
    sent: set[int] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    @property
    def store(self) -> Store:
        """The hub's store, looked into from here."""
        return self.hub.store

    def tell(self) -> Tally:
        """The whole story; the tally at its end, also when it stalled on the way."""
        try:
            self._calls()
            self._contacts()
            self._answers()
            self._outcomes()
            self._part2()
            self._silence()
            self._taken_back()
        except Stalled as stalled:
            self._line("demo", f"stopped waiting: {stalled}", "bad")
        return count(self.stage, self.store, sent=self.sent, told=self.told, seconds=time.monotonic() - self.began)

    # ── the story ─────────────────────────────────────────────────────────────────────────────────────────────

    def _calls(self) -> None:
        self._post(
            "riverton-cad", "riverton-webhook/story-1-call", "Riverton's CAD pushes a welfare check (vendor JSON)"
        )
        self._post("lakemont-cad", "eido/story-2-call", "Lakemont's 911 center pushes a suicide threat (NENA EIDO)")
        self._post("riverton-cad", "riverton-webhook/story-3-call", "Riverton's CAD pushes a man down at the bus depot")
        report = sample("riverton-rms/story-1-report/input.xml")
        folder = self.stage.folder / "in" / "riverton-rms"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "received").exists():
            shutil.copy(report, folder / "26-10012.xml.part")
            (folder / "26-10012.xml.part").rename(folder / "26-10012.xml")
        self._line("riverton-rms", "the officer's report is dropped into the watched folder (RMS XML)")
        self._wait("the report is read", self._report_read)
        self._line("hub", "three calls and a report are FHIR now; nothing leaves: nobody has decided to refer", "good")

    def _contacts(self) -> None:
        self._post("cedar-app", "incident/story-1-contact", "contact form: home visit, screened, referral to Lakeshore")
        self._post("cedar-app", "incident/story-2-contact", "contact form: ferry terminal, referral to Northfork")
        self._post("cedar-app", "incident/story-3-contact", "contact form: bus depot at night, referral to Sunrise")
        for destination, form in (
            ("lakeshore", "a FHIR message"),
            ("northfork", "HL7 v2 REF^I12 over MLLP"),
            ("sunrise", "a FHIR transaction"),
        ):
            self._wait(f"{destination} has the referral", partial(self._reached, destination, "delivered"))
            self._line(destination, f"the EHR has the referral as {form}: delivered, which is a receipt and no answer")

    def _answers(self) -> None:
        self._wait("Lakeshore schedules", lambda: self._reached("lakeshore", "scheduled"))
        self._line("lakeshore", "accepted, then scheduled: the answer came back as a FHIR message", "good")
        self._wait("Northfork answers", lambda: self._status("northfork", "rejected"))
        self._line("northfork", "rejected with a reason: the answer came back as RRI^I12", "warn")

    def _outcomes(self) -> None:
        for incident, center in (("RV26-004417", "lakeshore"), ("LM-2026-118203", "northfork")):
            for item in self._outcome("cedar-app", incident):
                self._told(center)
                said = " ".join(dict.fromkeys(str(item[k]) for k in ("referral", "status", "business") if k in item))
                self._line("cedar-app", f"the referring clinician sees: {said}", "good")
        officer = self._outcome("riverton-cad", "RV26-004417")
        if officer:
            self._line("riverton-pd", f"the officer sees, by authorization: {_plain(officer[0])}", "good")
        other = self._outcome("lakemont-cad", "LM-2026-118203")
        same = self._outcome("lakemont-cad", "LM-0000-000000")
        if other == same == []:
            self._line("lakemont-911", "no authorization: the officer sees nothing, as for a call that never was")

    def _part2(self) -> None:
        self._post(
            "sunrise-app", "incident/story-4-part2", "a Part 2 program's clinician refers to Lakeshore; no consent"
        )
        self._wait(
            "the Part 2 referral is withheld", lambda: self._referral(_is_part2("withheld")) is not None or self._gone()
        )
        if not self._gone():
            self._line("hub", "42 CFR Part 2: withheld whole, not even the name leaves", "warn")
        self._post(
            "sunrise-app", "incident/story-4-part2-consent", "the patient signs a consent (2.31) that names Lakeshore"
        )
        self._wait("the Part 2 referral is delivered", self._gone)
        self._line("lakeshore", "the EHR has it now, with the 2.32 notice and the consent's scope", "good")
        self._wait("Lakeshore accepts it", lambda: self._referral(_is_part2("accepted")) is not None)
        self._line("lakeshore", "accepted", "good")

    def _silence(self) -> None:
        rung = self._wait("the alarm rings", self._alarm)
        self._line("hub", f"ALARM: Sunrise has not answered a stat referral in time; for {rung['owner']}", "bad")
        if not rung["taken"]:
            self.store.write(lambda tx: take(tx, self.hub, int(rung["id"]), by="on-call coordinator"))
        self._line("sunrise", f"a person takes the alarm and telephones {rung['telephone']}")
        waiting = [r for r in desk(self.stage, "sunrise") if r["status"] == "received" or r["status"] == "requested"]
        for one in waiting:
            url = f"http://127.0.0.1:{self.stage.ports['sunrise-http']}/desk/{one['id']}/accept"
            call(
                "POST", url, body=b"", token=self.stage.tokens["sunrise"],
                media_type="application/x-www-form-urlencoded",
            )  # fmt: skip
        self._wait("Sunrise answers", lambda: self._status("sunrise", "accepted"))
        self._line("sunrise", "accepted at the desk; the hub reads it from the Task that it polls", "good")
        if not self._outcome("cedar-app", "RV26-004431"):
            self._line("hub", "Sunrise is a Part 2 program: without consent even its yes is told to nobody")

    def _taken_back(self) -> None:
        found = self._referral(lambda r: r.organization == "sunrise-recovery")
        patient = "" if found is None else found.patient_id
        for consent in self.store.read(lambda tx: _consents(tx, patient=patient)):
            consenting.revoke(
                self.hub, consent, custody="sunrise-recovery", by="records clerk, Sunrise", method="verbal"
            )
            self._line("sunrise-app", "the patient takes the consent back, by word of mouth: enough to stop")
        self._wait("Lakeshore hears of it", self._noticed)
        self._line("lakeshore", "the EHR has the notice: the consent's number and that it ended, nobody's name", "good")

    # ── what the story looks at ───────────────────────────────────────────────────────────────────────────────

    def _line(self, who: str, what: str, tone: str = "") -> None:
        self.say(time.monotonic() - self.began, who, what, tone)

    def _wait(self, what: str, seen: Callable[[], Any]) -> Any:
        """Looks until it is seen. Whoever has fallen meanwhile is started again. Raises Stalled."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for name in self.stage.watch():
                self._line("demo", f"{name} had fallen and is started again", "warn")
            found = seen()
            if found:
                return found
            time.sleep(0.05)
        raise Stalled(what)

    def _post(self, source: str, case: str, what: str) -> None:
        """Posts a sample until it is acknowledged: the hub knows the same bytes again."""
        body = next(sample(case).glob("input.*")).read_bytes()
        token = self.stage.tokens[source]

        def post() -> int | None:
            try:
                status, answer = call("POST", f"{self.stage.hub_url}/ingest/{source}", body=body, token=token)
            except ConnectionError:
                return None
            return int(orjson.loads(answer)["message"]) if status in (200, 202) else None

        number = self._wait(f"{source} is acknowledged", post)
        self.sent.add(number)
        self._line(source, what)

    def _outcome(self, source: str, incident: str) -> list[dict[str, Any]]:
        def get() -> tuple[int, bytes] | None:
            try:
                return call("GET", f"{self.stage.hub_url}/outcomes/{incident}", token=self.stage.tokens[source])
            except ConnectionError:
                return None

        status, body = self._wait("the hub tells outcomes", get)
        return list(orjson.loads(body)["outcomes"]) if status == 200 else []

    def _told(self, destination: str) -> None:
        for referral in self.store.read(lambda tx: referrals.listed(tx, destination=destination)):
            # the referrer asks for its own only: the Part 2 referral to the same center was told to nobody here
            if referral.organization == "cedar-coresponse":
                self.told.add(referral.task_id)

    def _report_read(self) -> bool:
        found = self.store.read(lambda tx: messages.listed(tx, source="riverton-rms"))
        self.sent.update(m.id for m in found)
        return bool(found) and all(m.state != "received" for m in found)

    def _referral(self, wanted: Callable[[Referral], bool]) -> Referral | None:
        return next((r for r in self.store.read(referrals.listed) if wanted(r)), None)

    def _reached(self, destination: str, business: str) -> bool:
        order = ["delivered", "accepted", "rejected", "scheduled", "in-progress", "completed"]
        found = self._referral(lambda r: r.destination == destination and r.organization == "cedar-coresponse")
        if found is None or found.business_status not in order:
            return False
        return business == "delivered" or found.business_status == business

    def _status(self, destination: str, status: str) -> bool:
        return self._referral(lambda r: r.destination == destination and r.status == status) is not None

    def _gone(self) -> bool:
        done = ("delivered", "accepted", "scheduled", "in-progress")
        return self._referral(lambda r: r.organization == "sunrise-recovery" and r.business_status in done) is not None

    def _noticed(self) -> bool:
        return any(b'"did":"consent revoked"' in orjson.dumps(one["history"]) for one in desk(self.stage, "lakeshore"))

    def _alarm(self) -> dict[str, Any] | None:
        rung = self.store.read(lambda tx: [a for a in alarms.listed(tx, open_only=False) if a.kind == "unanswered"])
        if not rung:
            return None
        one = rung[0]
        fallback = self.store.read(lambda tx: alarms.fallback(tx, one.id)) or {}
        taken = one.acknowledged_at is not None or one.cleared_at is not None
        return {"id": one.id, "owner": one.owner, "taken": taken, "telephone": fallback.get("telephone", "")}


def _consents(tx: Tx, *, patient: str) -> tuple[str, ...]:
    """The ids of a person's consents at their program that are in force."""
    held = consenting.held(tx, patient, "sunrise-recovery")
    return tuple(str(one["id"]) for one in held if one.get("status") == "active")


def _is_part2(business: str) -> Callable[[Referral], bool]:
    return lambda r: r.organization == "sunrise-recovery" and r.business_status == business


def _plain(item: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in item.items())


def tell(stage: Stage, say: Say) -> Tally:
    """Tells the story on a stage that is set."""
    hub = open_hub(load(Path(stage.folder) / "hub.toml"))
    try:
        return Story(stage=stage, hub=hub, say=say, began=time.monotonic()).tell()
    finally:
        hub.store.close()
