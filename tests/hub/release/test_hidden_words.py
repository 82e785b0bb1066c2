"""Words of a withheld record that another one repeats in some writing; and words that only look like them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from hub.release import Context, Leak, Outcome, Party, release
from hub.release.withheld import found_in, values
from mappings.fhir.profile import claim, still_claiming
from mappings.labels import Origin

CENTER = Origin(reference="Organization/center", role="covered-entity")
PROGRAM = Origin(reference="Organization/otp", role="part2-program")
WHO = Context(
    discloser=Party(reference="Organization/center", role="covered-entity"),
    recipient=Party(reference="Organization/mhc", role="covered-entity"),
    purpose="TREAT",
    patient="Patient/p",
    at=datetime(2026, 6, 1, tzinfo=UTC),
)
HIDDEN = {
    "resourceType": "Observation",
    "id": "hidden-1",
    "status": "final",
    "code": {"text": "Mood"},
    "identifier": [{"system": "urn:x", "value": "qz8817mk"}],
}


def go(note: str, *hidden: dict[str, Any]) -> Outcome:
    """The release of an Observation with this note, beside what a program keeps and nobody consented to."""
    shown = {**HIDDEN, "id": "shown-1", "identifier": [], "note": [{"text": note}, {"text": "Seen twice."}]}
    entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in (shown, *hidden)]
    made = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    origins = [CENTER, *(PROGRAM for _ in hidden)]
    return release(made, origins, WHO, [], render=orjson.dumps, media_type="x", core=frozenset())


@pytest.mark.parametrize(
    "note",
    [
        "as in qz8817mk, see there",
        "as in %71z8817mk, see there",
        "%7Bqz8817mk%7D",
        "as in &#113;z8817mk",
        "as in <b>qz</b>8817mk",
        r"as in \X717A\8817mk",
        r"as in qz8817mk",
    ],
)
def test_s21_a_note_that_repeats_it_in_any_writing_goes(note: str) -> None:
    outcome = go(note, HIDDEN)
    assert outcome.bundle is not None
    (left,) = outcome.bundle["entry"]
    assert left["resource"]["note"] == [{"text": "Seen twice."}]


def test_s21_what_is_hidden_deeper_stops_everything() -> None:
    note = f"see {base64.b64encode(b'record qz8817mk of today').decode()}"
    with pytest.raises(Leak):
        go(note, HIDDEN)
    assert go(note).release is not None


def test_the_name_of_an_element_is_no_value() -> None:
    withheld = values({"resourceType": "Basic", "id": "b-771", "code": {"text": "focus"}})
    assert found_in(withheld, b'{"focus": [{"reference": "Task/1"}]}') == 0
    assert found_in(withheld, b'{"note": "the focus of it"}') == 1
    assert found_in(withheld, b"NTE|1||the focus of it") == 1
    assert found_in(values({"id": "40112233"}), b'{"number": 40112233}') == 1


def test_a_code_of_fhir_is_no_value() -> None:
    entity = {"role": "source", "what": {"reference": "Basic/b-771"}}
    assert "source" not in values({"resourceType": "Provenance", "id": "p-1", "entity": [entity]}).words


def test_s31_the_claims_that_remain_stand_where_they_stood() -> None:
    """Put in last, they would tell that something was taken."""
    security = [{"code": "N"}]
    made = {
        "resourceType": "Practitioner",
        "meta": claim("coresponse-practitioner") | {"security": security},
        "identifier": [{"system": "urn:x", "value": "1"}],
        "name": [{"given": ["Ada"]}],
    }
    assert still_claiming(made) != made
    assert [*still_claiming(made)["meta"]][-1] == "security"
