"""With each consented disclosure, in the form that the destination takes: the notice to the letter, the scope of the
consent, the redisclosure marks; and the record before the first byte."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub.errors import StoreError
from hub.loop import sending
from hub.release import STATEMENT_1, STATEMENT_2
from hub.store import deliveries
from mappings.hl7v2.codec import parse

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"

#: A destination for Lakeshore in each form, over what the demo has.
FORMS: dict[str, dict[str, Any]] = {
    "fhir-message": {},
    "fhir-rest": {"adapter": "fhir-rest"},
    "hl7v2": {"adapter": "hl7v2", "url": "mllp://127.0.0.1:8102", "token": None, "answer_token": None},
}


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("form", FORMS)
async def test_s29_the_notice_the_scope_and_the_marks_in_each_form(build: Any, form: str) -> None:
    def change(document: dict[str, Any]) -> None:
        to = next(d for d in document["destination"] if d["id"] == "lakeshore")
        to.update(FORMS[form])
        for name in [name for name, value in to.items() if value is None]:
            del to[name]

    world = build(change)
    await world.take_in("sunrise-app", world.form("story-4-part2-consent"))
    (delivery,) = world.deliveries()
    payload = world.store.read(lambda tx: deliveries.release(tx, delivery.id))
    if form == "hl7v2":
        text = "\n".join(segment.text(3) or "" for segment in parse(payload).segments if segment.name == "NTE")
        marks = payload.decode()
    else:
        bundle = orjson.loads(payload)
        text = "\n".join(strings(bundle))
        marks = text
    assert STATEMENT_1 in text or STATEMENT_2 in text
    # in FHIR our words of it, in v2 the Consent's own elements
    assert "Scope of the" in text
    assert "Lakeshore Community Mental Health Center" in text.partition("Scope of the")[2]
    for mark in ("42CFRPart2", "NORDSCLCD"):
        assert mark in marks or form == "hl7v2"


async def test_the_disclosure_is_on_record_before_the_first_byte(world: World, httpx_mock: HTTPXMock) -> None:
    seen: list[str] = []

    def look(request: httpx.Request) -> httpx.Response:
        seen.extend(d.state for d in world.disclosures())
        return httpx.Response(200)

    httpx_mock.add_callback(look, method="POST", url=MESSAGE)
    await world.take_in("sunrise-app", world.form("story-4-part2-consent"))
    await world.deliver()
    assert seen == ["intended"]
    assert [d.state for d in world.disclosures()] == ["sent"]


async def test_failing_to_record_is_failing_to_send(
    world: World, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: Any, **named: Any) -> Any:
        raise StoreError("store.commit", "the disk is full")

    await world.take_in("sunrise-app", world.form("story-4-part2-consent"))
    with monkeypatch.context() as broken:
        broken.setattr(sending.disclosures, "intend", full)
        await world.deliver()
    assert httpx_mock.get_requests() == []
    assert world.disclosures() == []
    assert [d.state for d in world.deliveries()] == ["ready"]
