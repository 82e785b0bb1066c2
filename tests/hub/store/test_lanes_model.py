"""The lanes against a simple model: nothing is lost, nothing overtakes, a stale claim changes nothing."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.errors import StoreError
from hub.records import Claim, Delivery, Tried
from hub.store import FileKeys, KeyRing, Store, Tx, claims, deliveries, lanes, migrate
from hub.store.engine import writer_engine
from hub.store.tables import metadata

LEASE = 10.0
KEYS = ["p1", "p2", "p3"]


class Lanes(RuleBasedStateMachine):
    """A worker crowd that crashes, dawdles and is refused."""

    @initialize()
    def begin(self) -> None:
        self.home = Path(tempfile.mkdtemp())
        url = self.empty()
        self.time = datetime(2026, 1, 1, tzinfo=UTC)
        self.store = Store(url, KeyRing(FileKeys(self.home / "keys.json")), lambda: self.time)
        self.waiting: dict[str, list[int]] = {key: [] for key in KEYS}
        self.ended: dict[int, str] = {}
        self.blocked: set[str] = set()
        self.held: list[Claim] = []
        self.current: dict[str, Claim] = {}
        self.leads: dict[str, str] = {}
        self.due: list[tuple[str, str]] = []
        self.still: list[set[str]] = []

    def empty(self) -> str:
        url = f"sqlite:///{self.home / 'hub.db'}"
        migrate(url)
        return url

    def lives(self, claim: Claim) -> bool:
        return self.current.get(claim.delivery.order_key) is claim and self.time < claim.lease_until

    def pick(self, data: Any) -> Claim:
        claim: Claim = data.draw(st.sampled_from(self.held))
        return claim

    def drop(self, claim: Claim) -> None:
        self.held.remove(claim)
        if self.current.get(claim.delivery.order_key) is claim:
            del self.current[claim.delivery.order_key]

    def led(self, key: str) -> str:
        return self.led(self.leads[key]) if key in self.leads else key

    @rule(key=st.sampled_from(KEYS))
    def enqueue(self, key: str) -> None:
        made = self.store.write(lambda tx: self.put(tx, key))
        self.waiting[self.led(key)].append(made.id)

    @rule(pair=st.sampled_from(list(permutations(KEYS, 2))))
    def join(self, pair: tuple[str, str]) -> None:
        first, into = pair[0], self.led(pair[1])
        busy = any(key in self.current and self.lives(self.current[key]) for key in (first, into))
        known = first in self.leads or first == into
        try:
            moved = self.store.write(lambda tx: lanes.join(tx, *pair))
        except StoreError:
            assert busy or known
            return
        assert not busy
        assert not known
        assert moved == len(self.waiting[first])
        self.joined(first, into)

    @rule(pair=st.sampled_from(list(permutations(KEYS, 2))))
    def learn(self, pair: tuple[str, str]) -> None:
        """The hub learns that two are one person, whatever is being sent."""
        first, into = self.led(pair[0]), self.led(pair[1])
        if first == into:
            return
        moved = self.store.write(lambda tx: lanes.join_when_free(tx, first, into))
        busy = any(key in self.current and self.lives(self.current[key]) for key in (first, into))
        assert (moved is None) == busy
        if busy:
            if (first, into) not in self.due:
                self.due.append((first, into))
            there = {lane.order_key for lane in self.store.read(lanes.listed)}
            self.still.append({first, into} & there)
        else:
            self.joined(first, into)

    @precondition(lambda self: self.due)
    @rule()
    def finish(self) -> None:
        done = self.store.write(lanes.join_due)
        left = []
        for first, into in self.due:
            one, two = self.led(first), self.led(into)
            if one == two:
                continue
            if any(key in self.current and self.lives(self.current[key]) for key in (one, two)):
                left.append((first, into))
                continue
            assert done.pop(0) == (first, into)
            self.joined(one, two)
        assert done == []
        self.due = left

    def joined(self, first: str, into: str) -> None:
        self.still = [keys for keys in self.still if not keys & {first, into}]  # until `finish` looks again
        one, two = self.waiting[first], self.waiting[into]
        self.waiting[first], self.waiting[into] = [], []
        while one or two:
            self.waiting[into].append((one if one and (not two or one[0] < two[0]) else two).pop(0))
        self.leads[first] = into
        if first in self.blocked:
            self.blocked.remove(first)
            self.blocked.add(into)

    @staticmethod
    def put(tx: Tx, key: str, in_place_of: Delivery | None = None) -> Delivery:
        return deliveries.enqueue(
            tx,
            destination="ehr",
            order_key=key,
            kind="update",
            custody="pd",
            control_id="c",
            media_type="x/y",
            digest="d",
            release=b"r",
            in_place_of=in_place_of,
        )

    @rule(owner=st.sampled_from(["w1", "w2"]), limit=st.integers(min_value=1, max_value=3))
    def take(self, owner: str, limit: int) -> None:
        taken = self.store.write(lambda tx: claims.take(tx, owner=owner, lease_seconds=LEASE, limit=limit))
        for claim in taken:
            key = claim.delivery.order_key
            assert claim.delivery.id == self.waiting[key][0], "not the head"
            assert key not in self.blocked
            assert not any(key in pair for pair in self.still), "begun, though it is to be joined"
            before = self.current.get(key)
            assert before is None or not self.lives(before), "two hold one lane"
            self.current[key] = claim
            self.held.append(claim)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), state=st.sampled_from(["done", "dead", "parked", "superseded"]), again=st.booleans())
    def settle(self, data: Any, state: Any, again: bool) -> None:
        claim = self.pick(data)
        lives, key = self.lives(claim), claim.delivery.order_key

        def work(tx: Tx) -> tuple[bool, Delivery | None]:
            settled = claims.settle(tx, claim, state, Tried(started_at=tx.now))
            replaced = settled and state == "superseded" and again
            return settled, self.put(tx, key, claim.delivery) if replaced else None

        settled, replacement = self.store.write(work)
        assert settled == lives
        self.drop(claim)
        if lives:
            assert self.waiting[key].pop(0) == claim.delivery.id
            self.ended[claim.delivery.id] = state
            if replacement is not None:
                self.waiting[key].insert(0, replacement.id)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), jitter=st.floats(min_value=0, max_value=1))
    def retry(self, data: Any, jitter: float) -> None:
        claim = self.pick(data)
        lives = self.lives(claim)
        moved = self.store.write(
            lambda tx: claims.retry(tx, claim, Tried(started_at=tx.now, code="503"), jitter=jitter, cap_seconds=20)
        )
        assert (moved is not None) == lives
        self.drop(claim)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def block(self, data: Any) -> None:
        claim = self.pick(data)
        lives = self.lives(claim)
        assert self.store.write(lambda tx: claims.block(tx, claim, None, "deliver.refused")) == lives
        self.drop(claim)
        if lives:
            self.blocked.add(claim.delivery.order_key)

    @precondition(lambda self: self.blocked)
    @rule(data=st.data(), give_up=st.booleans())
    def person(self, data: Any, give_up: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.blocked)))
        head = self.waiting[key][0]
        self.still = [keys for keys in self.still if key not in keys]
        if give_up:
            assert self.store.write(lambda tx: deliveries.give_up(tx, head))
            self.ended[self.waiting[key].pop(0)] = "dead"
        else:
            lane = self.store.read(lambda tx: deliveries.get(tx, head))
            assert lane is not None
            assert self.store.write(lambda tx: lanes.unblock(tx, lane.lane_id))
        self.blocked.discard(key)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def crash(self, data: Any) -> None:
        self.held.remove(self.pick(data))  # its lease runs on

    @rule(seconds=st.sampled_from([0.001, 1.0, LEASE, 25.0]))
    def pass_time(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    @invariant()
    def counted(self) -> None:
        if not hasattr(self, "store"):
            return
        depth = {lane.order_key: lane.depth for lane in self.store.read(lanes.listed)}
        assert depth == {key: len(self.waiting[key]) for key in depth}

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        try:
            for lane in self.store.read(lanes.listed):
                self.store.write(lambda tx, lane=lane: lanes.unblock(tx, lane.id))
            self.blocked.clear()
            while any(self.waiting.values()):
                self.time += timedelta(seconds=60)
                self.held.clear()
                self.current.clear()
                self.finish()
                self.take("last", 3)
                assert self.held, "stuck"
                for claim in self.held:
                    assert self.store.write(lambda tx, claim=claim: claims.settle(tx, claim, "done"))
                    self.ended[self.waiting[claim.delivery.order_key].pop(0)] = "done"
            kept = self.store.read(lambda tx: deliveries.listed(tx, limit=10_000))
            assert {delivery.id: delivery.state for delivery in kept} == self.ended
            assert self.store.read(lanes.next_due) is None
        finally:
            self.store.close()
            shutil.rmtree(self.home)


class LanesOnPostgreSQL(Lanes):
    """The same on a server: one database, emptied."""

    url: ClassVar[str]

    def empty(self) -> str:
        engine = writer_engine(self.url)
        with engine.begin() as connection:
            names = ", ".join(f'"{name}"' for name in metadata.tables)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        engine.dispose()
        return self.url


@pytest.fixture
def lanes_database(postgresql_url: str) -> None:
    LanesOnPostgreSQL.url = postgresql_url


TestLanesOnPostgreSQL = pytest.mark.usefixtures("lanes_database")(LanesOnPostgreSQL.TestCase)
TestLanesOnPostgreSQL.settings = settings(
    max_examples=8, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLanes = Lanes.TestCase
TestLanes.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
