"""The audit as syslog: the header of RFC 5424, the AuditMessage of DICOM, and a repository that really takes it."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from hub import upkeep
from hub.audit import atna
from hub.records import Event
from hub.settings import AuditSection

World = Any
#: RFC 5424, 6: HEADER SP STRUCTURED-DATA SP MSG.
LINE = re.compile(
    rb"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([!-~]{1,255}) handoff - IHE\+RFC-3881 "
    rb'\[handoff@32473 seq="(\d+)"\] \xef\xbb\xbf(.+)',
    re.DOTALL,
)


def event(**more: Any) -> Event:
    plain: dict[str, Any] = {
        "who": "A. Person <x>", "action": "E", "kind": "disclosure", "entity_type": "delivery", "entity_id": "7",
        "at": datetime(2026, 1, 15, 12, 0, 0, 250_000, tzinfo=UTC), "source": "hub one", "purpose": "TREAT",
        "patient_id": "p-1", "detail": ("rule.one",),
    }  # fmt: skip
    return Event(**(plain | more))


def test_a_disclosure_as_a_repository_reads_it() -> None:
    found = LINE.fullmatch(atna.syslog(event(), 12))
    assert found is not None
    assert (found[1], found[2], found[3], found[4]) == (b"85", b"2026-01-15T12:00:00.250Z", b"hubone", b"12")
    root = fromstring(found[5].decode())
    what = root.find("EventIdentification")
    assert what is not None
    assert what.attrib == {
        "EventActionCode": "E", "EventDateTime": "2026-01-15T12:00:00.250Z", "EventOutcomeIndicator": "0",
    }  # fmt: skip
    assert [(c.tag, c.attrib["csd-code"]) for c in what] == [
        ("EventID", "110106"), ("EventTypeCode", "disclosure"), ("PurposeOfUse", "TREAT"),
    ]  # fmt: skip
    assert [p.attrib["UserID"] for p in root.iter("ActiveParticipant")] == ["A. Person <x>"]
    objects = [o.attrib["ParticipantObjectID"] for o in root.iter("ParticipantObjectIdentification")]
    assert objects == ["delivery/7", "p-1"]
    detail = next(root.iter("ParticipantObjectDetail"))
    assert base64.b64decode(detail.attrib["value"]) == b"rule.one"


@pytest.mark.parametrize(
    ("kind", "code"),
    [("sign-in", "110114"), ("key.rotated", "110113"), ("message", "110107"), ("console.message", "110110"),
     ("retention", "110100")],
)  # fmt: skip
def test_each_kind_has_its_event(kind: str, code: str) -> None:
    root = fromstring(atna.audit_message(event(kind=kind, outcome="4", patient_id=None, purpose=None)).decode())
    assert next(root.iter("EventID")).attrib["csd-code"] == code
    assert atna.syslog(event(kind=kind, outcome="4"), 1).startswith(b"<84>1 ")


class Repository:
    """Takes octet-counted messages (RFC 5425) and ends in order; or goes away."""

    def __init__(self) -> None:
        self.took: list[bytes] = []
        self.cut = False
        self.port = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut:
            writer.transport.abort()
            return
        try:
            while True:
                size = int((await reader.readuntil(b" "))[:-1])
                self.took.append(await reader.readexactly(size))
        except asyncio.IncompleteReadError:
            writer.close()


@pytest.fixture
async def repository() -> AsyncIterator[Repository]:
    made = Repository()
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await server.wait_closed()


async def test_every_event_goes_once_and_in_order_also_after_a_cut(build: Any, repository: Repository) -> None:
    syslog = {"host": "127.0.0.1", "port": repository.port, "plain": True}
    world = build(lambda settings: settings.update(audit={"syslog": syslog}))
    await world.take_in("cedar-app", world.sample("incident/story-1-contact"))
    repository.cut = True
    assert await upkeep.forward_audit(world.hub) is False
    assert repository.took == []
    repository.cut = False
    await upkeep.forward_audit(world.hub)
    await world.take_in("cedar-app", world.sample("incident/story-3-contact"))
    await upkeep.forward_audit(world.hub)
    await upkeep.forward_audit(world.hub)
    numbers = [int(found[4]) for one in repository.took if (found := LINE.fullmatch(one))]
    assert len(numbers) == len(repository.took) > 1
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "logs.example", "plain": True},
        {"host": "127.0.0.1", "plain": True, "tls": {"ca": "ca.pem"}},
        {"host": "h", "tls": {"ca": "ca.pem", "subjects": ["CN=x"]}},
    ],
)
def test_the_audit_does_not_cross_a_network_in_the_clear(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        AuditSection.model_validate({"syslog": wrong})
