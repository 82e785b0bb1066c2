"""HL7 v2 at the door: who is believed, what is stored before it is acknowledged, what is acknowledged alike again."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import pytest

from hub import pipeline
from hub.errors import HubError, ReceiveError, StoreError
from hub.loop import replaying, v2_refusal
from hub.store import application_acks, messages
from mappings.hl7v2.answer import read_answer
from mappings.hl7v2.codec import parse
from mappings.hl7v2.referral_received import is_referral

World = Any
SECRET = "Quellmonder"
SUBJECT = "CN=city-cad,O=City"


def feed(**more: Any) -> dict[str, Any]:
    return {
        "name": "city-feed",
        "organization": "riverton-pd",
        "reads": "hl7v2",
        "mllp": {"application": "CAD", "facility": "CITY", **more},
    }


def feeds(*sources: dict[str, Any], **listener: Any) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["hub"]["mllp_port"] = 0
        document["source"] += sources or (feed(),)
        document["mllp"] = listener

    return change


def mutual(**more: Any) -> Any:
    """A listener that asks for certificates; the files are only named here."""
    names = {"tls_certificate": "hub.pem", "tls_key": "hub.key", "client_ca": "ca.pem"}
    return feeds(feed(subjects=[SUBJECT], **more), **names)


def said(number: str | None = "C1", *, who: str = "CAD|CITY", kind: str = "ADT^A04^ADT_A01", modes: str = "|",
         text: str = "one", msh: str = "P|2.5.1") -> bytes:  # fmt: skip
    head = f"MSH|^~\\&|{who}|HUB|HUB|20261121150000-0600||{kind}|{number or ''}|{msh}|||{modes}||UNICODE UTF-8"
    return f"{head}\rPID|1||X1^^^CITY||{SECRET}\rNTE|1||{text}\r".encode()


async def receive(world: World, data: bytes, subject: str | None = None, push: Any = None) -> tuple[bytes, ...]:
    found: tuple[bytes, ...] = await pipeline.receive_v2(world.hub, data, pipeline.Came(subject=subject, push=push))
    assert all(SECRET.encode() not in one for one in found)
    return found


def codes(answers: tuple[bytes, ...]) -> list[tuple[str | None, str | None, str | None]]:
    """MSA-1, MSA-2 and the condition of each."""
    return [(m.get("MSA-1"), m.get("MSA-2"), m.get("ERR-3")) for m in map(parse, answers)]


async def test_a_message_is_stored_under_its_source_and_then_acknowledged(build: Any) -> None:
    world = build(feeds())
    assert codes(await receive(world, said())) == [("AA", "C1", None)]
    (kept,) = world.messages(source="city-feed")
    assert (kept.custody, kept.state, world.body(kept.id)) == ("riverton-pd", "received", said())


async def test_the_same_bytes_again_get_the_same_acknowledgement_and_nothing_is_stored(build: Any) -> None:
    world = build(feeds())
    first = await receive(world, said())
    world.time.forward(3600)
    assert await receive(world, said()) == first
    assert len(world.messages(source="city-feed")) == 1


async def test_other_bytes_under_a_known_control_id_are_refused_and_both_stay(build: Any) -> None:
    world = build(feeds())
    await receive(world, said())
    refused = await receive(world, said(text="two"))
    assert codes(refused) == [("AR", "C1", "205")]
    world.time.forward(60)
    assert await receive(world, said(text="two")) == refused
    assert sorted(one.state for one in world.messages(source="city-feed")) == ["held", "received"]
    assert [one.reason for one in world.holds()] == ["receive.conflict"]


@pytest.mark.parametrize(
    ("data", "condition", "rule"),
    [
        (said(None), "101", "receive.no-control-id"),
        (said(kind=""), "101", "receive.no-type"),
        (said(msh="P|3.0"), "203", "receive.version"),
        (said(msh="T|2.5.1"), "202", "receive.processing-id"),
        (said(text="\xe9").decode().encode("latin-1"), "102", "read.charset"),
        (said() + said("C2"), "100", "read.two-messages"),
        (said(who="CAD|OTHER"), "103", "receive.unknown-peer"),
        (b"hello", "100", "read.no-msh"),
        (b"FHS|^~\\&|CAD|CITY\rBHS|^~\\&|CAD|CITY\r" + said() + b"BTS|1\rFTS|1\r", "200", "read.batch"),
    ],
)
async def test_what_is_not_taken_as_it_is_gets_ar_and_is_kept_once(
    build: Any, data: bytes, condition: str, rule: str
) -> None:
    world = build(feeds())
    first = await receive(world, data)
    assert [(code, error) for code, _, error in codes(first)] == [("AR", condition)]
    world.time.forward(60)
    assert await receive(world, data) == first
    (kept,) = world.messages(state="rejected")
    assert kept.issues[0]["details"]["coding"][0]["code"] == rule
    assert world.body(kept.id) == data
    assert not world.messages(state="received")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
async def test_segments_that_all_end_otherwise_are_taken(build: Any, end: bytes) -> None:
    world = build(feeds())
    data = said().replace(b"\r", end)
    assert codes(await receive(world, data)) == [("AA", "C1", None)]
    assert [world.body(one.id) for one in world.messages(state="received")] == [data]


async def test_what_is_read_together_is_answered_in_order_each_as_it_is(build: Any) -> None:
    world = build(feeds())
    frames = [said("C1"), said("C2"), b"hello", said("C3"), said("C1"), said("C2", text="two"), said("C4", who="A|B")]
    found = await pipeline.receive_all_v2(world.hub, frames, pipeline.Came())
    assert codes(found) == [
        ("AA", "C1", None),
        ("AA", "C2", None),
        ("AR", None, "100"),
        ("AA", "C3", None),
        ("AA", "C1", None),
        ("AR", "C2", "205"),
        ("AR", "C4", "103"),
    ]
    assert [one.state for one in reversed(world.messages(source="city-feed"))] == [*["received"] * 3, "held"]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"number": "C-1.2_x"},
        {"number": "C\\T\\1"},
        {"text": "Zoë"},
        {"modes": "AL|AL"},
        {"modes": "NE|NE"},
        {"modes": "ER|"},
        {"msh": "P|2.3"},
        {"msh": "P^X|2.5.1^USA"},
        {"number": None},
        {"kind": "ZZZ^Z01"},
        {"msh": "T|2.5.1"},
        {"who": "CAD^1.2^ISO|CITY"},
    ],
)
async def test_a_message_that_is_like_another_is_answered_as_one_that_is_read_by_itself(
    build: Any, more: dict[str, Any]
) -> None:
    world = build(feeds())
    # the first is read; the second is like it but for its time and number, and is answered without being read
    number = more.get("number", "C1")
    first, second = said(**more), said(**more | {"number": number and f"D{number}"}).replace(b"150000", b"150107")
    together = await pipeline.receive_all_v2(world.hub, [first, second, first], pipeline.Came())
    assert together == (*await receive(world, first), *await receive(world, second), *await receive(world, first))
    assert len(world.messages(source="city-feed")) <= 2


async def test_what_a_kind_of_message_is_taken_as_does_not_outlast_the_certificate(build: Any) -> None:
    world = build(mutual())
    believed, stranger = pipeline.Came(subject=SUBJECT), pipeline.Came(subject="CN=other")
    assert codes(await pipeline.receive_all_v2(world.hub, [said("C1")], believed)) == [("AA", "C1", None)]
    assert codes(await pipeline.receive_all_v2(world.hub, [said("C2")], stranger)) == [("AR", "C2", "103")]


async def test_what_is_read_together_and_not_stored_is_an_error_for_each(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = build(feeds())

    async def down(work: Any) -> Any:
        raise StoreError("store.commit", "the database did not take the write: nothing was stored")

    monkeypatch.setattr(world.store, "write_async", down)
    frames = [said("C1"), b"hello", said("C2", modes="AL|NE")]
    found = await pipeline.receive_all_v2(world.hub, frames, pipeline.Came())
    assert codes(found) == [("AE", "C1", "207"), ("AE", None, "207"), ("CE", "C2", "207")]


async def test_a_large_message_takes_three_times_its_bytes_at_most(build: Any) -> None:
    world = build(feeds())
    data = said(text="x" * (4 * 1024 * 1024))
    await receive(world, said("C0"))
    gc.collect()
    tracemalloc.start()
    try:
        assert codes(await receive(world, data)) == [("AA", "C1", None)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # beside the message itself: its ciphertext, and that once more with its key while the two are put together
    assert peak < 2 * len(data) + 64 * 1024


async def test_over_the_sources_own_limit(build: Any) -> None:
    world = build(feeds(feed(max_message=2048)))
    assert codes(await receive(world, said(text="x" * 4096))) == [("AR", "C1", "207")]
    assert pipeline.v2_limit(world.hub, said()[:200], pipeline.Came()) == 2048
    assert pipeline.v2_limit(world.hub, said(who="A|B"), pipeline.Came()) == 16 * 1024 * 1024


async def test_msh_3_and_4_count_only_with_their_certificate(build: Any) -> None:
    world = build(mutual())
    for stranger in (None, "CN=other", "CN=city-cad", f"{SUBJECT},OU=X"):
        assert codes(await receive(world, said(), stranger)) == [("AR", "C1", "103")]
    assert not world.messages(source="city-feed")
    (kept,) = world.messages(state="rejected")
    assert (kept.source, kept.custody) == ("mllp", world.hub.settings.operator.organization)
    assert codes(await receive(world, said(), SUBJECT)) == [("AA", "C1", None)]
    # And the certificate alone makes nobody of another name.
    assert codes(await receive(world, said(who="northfork|NFCC", kind="RRI^I12"), SUBJECT)) == [("AR", "C1", "103")]


async def test_a_centers_answers_too_need_its_certificate(build: Any) -> None:
    def change(document: dict[str, Any]) -> None:
        mutual()(document)
        document["destination"][1]["subjects"] = ["CN=northfork"]

    world = build(change)
    answer = said(who="northfork|NFCC", kind="RRI^I12")
    assert codes(await receive(world, answer, SUBJECT)) == [("AR", "C1", "103")]
    assert codes(await receive(world, answer, "CN=northfork")) == [("AR", "C1", "200")]  # no referral in it
    assert [one.source for one in world.messages(state="received")] == ["destination:northfork"]


@pytest.mark.parametrize(
    ("modes", "code"), [("AL|NE", "CA"), ("SU|NE", "CA"), ("|AL", None), ("NE|NE", None), ("ER|NE", None)]
)
async def test_enhanced_mode_says_what_its_sender_wants_to_hear(build: Any, modes: str, code: str | None) -> None:
    world = build(feeds())
    found = codes(await receive(world, said(modes=modes)))
    assert [one for one, _, _ in found] == ([code] if code else [])
    assert len(world.messages(source="city-feed")) == 1


async def test_a_commit_that_fails_is_not_acknowledged(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = build(feeds())

    async def down(work: Any) -> Any:
        raise StoreError("store.commit", "the database did not take the write: nothing was stored")

    monkeypatch.setattr(world.store, "write_async", down)
    with pytest.raises(StoreError):
        await receive(world, said())
    with pytest.raises(StoreError):
        await receive(world, b"hello")


# ── batches ───────────────────────────────────────────────────────────────────────────────────────────────────────


def batch(*inside: bytes) -> bytes:
    return b"FHS|^~\\&|CAD|CITY\rBHS|^~\\&|CAD|CITY\r" + b"".join(inside) + f"BTS|{len(inside)}\rFTS|1\r".encode()


async def test_each_message_of_an_allowed_batch_is_stored_and_acknowledged_by_itself(build: Any) -> None:
    world = build(feeds(feed(batches=True)))
    data = batch(said("C1"), said("C2"), said(None), said("C2", text="two"))
    first = await receive(world, data)
    assert codes(first) == [("AA", "C1", None), ("AA", "C2", None), ("AR", None, "101"), ("AR", "C2", "205")]
    assert [one.state for one in reversed(world.messages(source="city-feed"))] == [
        "received", "received", "rejected", "held",
    ]  # fmt: skip
    assert await receive(world, data) == first


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param((said("C1"), said("C2", who="CAD|OTHER")), id="one of another sender"),
        pytest.param((said("C1"), said("C2", text="\xe9").decode().encode("latin-1")), id="one that cannot be read"),
    ],
)
async def test_a_batch_that_is_not_whole_is_refused_whole(build: Any, inside: tuple[bytes, ...]) -> None:
    world = build(feeds(feed(batches=True)))
    assert [code for code, _, _ in codes(await receive(world, batch(*inside)))] == ["AR"]
    assert [one.state for one in world.messages()] == ["rejected"]


# ── after a fix ───────────────────────────────────────────────────────────────────────────────────────────────────


def again(world: World, number: int) -> Any:
    return world.store.write(lambda tx: replaying.replay(tx, world.hub, number, by="Test Engineer"))


async def test_a_message_of_nobody_is_taken_in_again_once_its_sender_is_configured(build: Any) -> None:
    world = build(feeds())
    await receive(world, said(who="CAD2|CITY"))
    (kept,) = world.messages(state="rejected")
    with pytest.raises(ReceiveError, match=r"MSH-3"):
        again(world, kept.id)
    section = world.hub.source("city-feed")
    mended = section.model_copy(update={"mllp": section.mllp.model_copy(update={"application": "CAD2"})})
    others = tuple(one for one in world.hub.settings.source if one.name != "city-feed")
    object.__setattr__(world.hub, "settings", world.hub.settings.model_copy(update={"source": (*others, mended)}))
    made = again(world, kept.id)
    assert (made.source, made.custody, made.state, made.lineage) == ("city-feed", "riverton-pd", "received", kept.id)
    assert world.message(kept.id).state == "replayed"
    # Its sender sends it again: it is known, and acknowledged.
    assert codes(await receive(world, said(who="CAD2|CITY"))) == [("AA", "C1", None)]
    assert len(world.messages(source="city-feed")) == 1


async def test_what_came_again_by_itself_is_not_taken_in_twice(build: Any) -> None:
    world = build(mutual())
    await receive(world, said())  # without its certificate
    (kept,) = world.messages(state="rejected")
    await receive(world, said(), SUBJECT)
    with pytest.raises(HubError, match=r"control id was taken"):
        again(world, kept.id)


async def test_a_piece_of_a_message_is_never_taken_for_one(build: Any) -> None:
    world = build(feeds())
    await pipeline.quarantine(world.hub, said()[:-8], pipeline.Came(), "receive.truncated")
    (kept,) = world.messages(state="rejected")
    assert (kept.source, world.body(kept.id)) == ("city-feed", said()[:-8])
    with pytest.raises(StoreError, match=r"piece of a message"):
        again(world, kept.id)


# ── the application's acknowledgement ─────────────────────────────────────────────────────────────────────────────


def finish(world: World, state: str) -> None:
    def work(tx: Any) -> None:
        for one in messages.claim(tx, owner="tests", lease_seconds=60, limit=10):
            messages.finish(tx, one, state)  # type: ignore[arg-type]

    world.store.write(work)


def owed(world: World) -> list[tuple[str, str | None] | None]:
    return [
        world.store.read(lambda tx, number=one.id: application_acks.state_of(tx, number))
        for one in reversed(world.messages(source="city-feed"))
    ]


@pytest.mark.parametrize(
    ("asked", "state", "code"),
    [
        ("AL", "translated", "AA"),
        ("AL", "rejected", "AR"),
        ("AL", "held", "AA"),
        ("ER", "translated", None),
        ("ER", "rejected", "AR"),
        ("SU", "translated", "AA"),
        ("SU", "rejected", None),
        ("NE", "translated", None),
    ],
)
async def test_the_application_answers_when_the_message_is_done(
    build: Any, asked: str, state: str, code: str | None
) -> None:
    world = build(feeds())
    pushed: list[bytes] = []
    await receive(world, said(modes=f"AL|{asked}"), push=lambda data: pushed.append(data) or True)
    await pipeline.acknowledge_applications(world.hub)
    assert pushed == []  # not before it is done
    finish(world, state)
    await pipeline.acknowledge_applications(world.hub)
    await pipeline.acknowledge_applications(world.hub)
    assert [(m, i) for m, i, _ in codes(tuple(pushed))] == ([(code, "C1")] if code else [])
    assert owed(world) == [None if asked == "NE" else ("sent", code) if code else ("none", None)]


async def test_without_a_connection_it_waits_and_order_is_kept(build: Any) -> None:
    world = build(feeds())
    pushed: list[bytes] = []
    gone = True

    def push(data: bytes) -> bool:
        if not gone:
            pushed.append(data)
        return not gone

    for number in ("C1", "C2"):
        await receive(world, said(number, modes="AL|AL"), push=push)
    finish(world, "translated")
    assert not await pipeline.acknowledge_applications(world.hub)
    assert owed(world) == [("owed", None)] * 2
    gone = False
    await receive(world, said("C3", modes="AL|AL"), push=push)
    finish(world, "translated")
    await pipeline.acknowledge_applications(world.hub)
    assert pushed == []  # C1 has still to wait, and the others behind it
    world.time.forward(10)
    while await pipeline.acknowledge_applications(world.hub):
        pass
    assert [i for _, i, _ in codes(tuple(pushed))] == ["C1", "C2", "C3"]


async def test_sent_again_when_the_sender_sends_again(build: Any) -> None:
    world = build(feeds())
    pushed: list[bytes] = []
    for _ in range(2):
        await receive(world, said(modes="AL|AL"), push=lambda data: pushed.append(data) or True)
        finish(world, "translated")
        await pipeline.acknowledge_applications(world.hub)
    assert len(pushed) == 2
    assert pushed[0] == pushed[1]


async def test_on_a_connection_of_its_own_until_it_is_confirmed(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    answers: list[HubError | None] = []

    async def send(address: str, payload: bytes, **named: Any) -> None:
        assert (address, named["mode"]) == ("mllp://127.0.0.1:9", "enhanced")
        sent.append(payload)
        if (error := answers.pop(0)) is not None:
            raise error

    monkeypatch.setattr(pipeline.application_ack.hl7v2, "send", send)
    world = build(feeds(feed(application_ack={"url": "mllp://127.0.0.1:9"})))
    for number in ("C1", "C2"):
        await receive(world, said(number, modes="AL|AL"))
    finish(world, "translated")
    from hub.errors import DeliveryError

    answers += [DeliveryError("deliver.cut", "the connection was cut", unknown=True)]
    await pipeline.acknowledge_applications(world.hub)
    world.time.forward(3600)
    answers += [None, DeliveryError("deliver.application-reject", "the destination answered CR", retry=False)]
    await pipeline.acknowledge_applications(world.hub)
    assert [i for _, i, _ in codes(tuple(sent))] == ["C1", "C1", "C2"]
    assert sent[0] == sent[1]
    assert parse(sent[0]).get("MSH-15") == "AL"
    assert owed(world) == [("sent", "AA"), ("refused", "CR")]


def test_every_reason_has_its_words() -> None:
    assert set(v2_refusal.PIECES) <= set(v2_refusal.WHY)
    assert set(v2_refusal.PLACES) <= set(v2_refusal.WHY)


async def test_a_referral_is_answered_by_its_own_answer_which_decides_nothing(build: Any) -> None:
    """MSH-16 of a REF asks for it: RRI, and RF1-1 is P whatever stood there."""
    world, sent = build(feeds()), list[bytes]()

    def push(message: bytes) -> bool:
        sent.append(message)
        return True

    head = "MSH|^~\\&|CAD|CITY|HUB|HUB|20261121150000-0600||REF^I12^REF_I12|R1|P|2.5.1|||AL|AL||UNICODE UTF-8"
    body = (
        "RF1|A^Accepted^HL70283|S||||REF-7^CITY|20261121150000-0600",
        "PRD|RP|Vanterholm^Zoë",
        "PRD|RT|INTAKE",
        f"PID|1||X1^^^CITY||{SECRET}",
        "DG1|1||F32.A^Depression^I10",
        "NTE|1||not to be said back",
    )
    data = "".join(f"{line}\r" for line in (head, *body)).encode()
    (accepted,) = await pipeline.receive_v2(world.hub, data, pipeline.Came(push=push))
    assert parse(accepted).get("MSA-1") == "CA"
    while await pipeline.read_waiting(world.hub, owner="w", limit=10):
        pass
    await pipeline.acknowledge_applications(world.hub)
    (answer,) = map(parse, sent)
    assert (answer.type, answer.get("MSH-9.3"), answer.get("MSH-3")) == ("RRI^I12", "RRI_I12", "HUB")
    assert (answer.get("MSA-1"), answer.get("MSA-2")) == ("AA", "R1")
    assert [one.name for one in answer.segments] == ["MSH", "MSA", "RF1", "PRD", "PRD", "PID"]
    assert (answer.get("RF1-1"), answer.get("RF1-2"), answer.get("RF1-6")) == ("P", "S", "REF-7")
    assert answer.get("PRD-2.2") == "Zoë"
    said_of_it = read_answer(answer, world.hub.clock())
    assert (said_of_it.kind, said_of_it.decision, said_of_it.in_reply_to) == ("status", "pending", "R1")


def test_what_rri_could_not_be_made_of_gets_an_ack() -> None:
    for lines in (("RF1|P", "NTE|1"), ("PID|1",)):
        head = "MSH|^~\\&|CAD|CITY|HUB|HUB|20261121||REF^I12|R1|P|2.5.1"
        assert not is_referral(parse("\r".join((head, *lines)).encode()))
    assert not is_referral(parse(said()))
