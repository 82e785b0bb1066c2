"""The CJIS gate's second look at release: S51, for text that came into a document past the first."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from hub.release import Context, Party, release
from hub.release.criminal_justice import BECAUSE, criminal_justice
from mappings.labels import Origin

PD = Origin(reference="Organization/example-pd", role="law-enforcement")
CENTER = Origin(reference="Organization/example-center", role="covered-entity")
PRIORS = "He has two prior arrests."

CARRIERS: dict[str, dict[str, Any]] = {
    "a note": {"resourceType": "ServiceRequest", "note": [{"text": PRIORS}]},
    "a display": {"resourceType": "Flag", "subject": {"display": "Registered sex offender"}},
    "the words of a code": {"resourceType": "Flag", "code": {"coding": [{"code": "X"}], "text": "Active warrant"}},
    "generated text": {"resourceType": "Basic", "text": {"div": "<div>No <b>wants</b> or <i>warrants</i></div>"}},
    "an attachment": {
        "resourceType": "DocumentReference",
        "content": [{"attachment": {"contentType": "text/plain", "data": b64encode(b"III showed a record.").decode()}}],
    },
    "an extension": {
        "resourceType": "Basic",
        "extension": [{"url": "https://x.example", "valueString": "FBI# 771204A"}],
    },
    "a number in generated text": {
        "resourceType": "Basic",
        "text": {"div": "<div>F<b></b> FBI&#35;&#32;771204A</div>"},
    },
    "words that only tags part": {
        "resourceType": "Basic",
        "text": {"div": "<div>He has two <b>prior</b><br/><i>arrests</i>.</div>"},
    },
    "a note that looks like a tag": {"resourceType": "Task", "note": [{"text": f"He says <{PRIORS}> himself"}]},
    "a line of an address": {"resourceType": "Patient", "address": [{"line": ["18 Tamsin Row", PRIORS]}]},
    "an identifier of whom it is about": {
        "resourceType": "Task",
        "for": {"identifier": {"type": {"text": "FBI"}, "value": "774421KD3"}},
    },
    "a contained resource": {"resourceType": "Basic", "contained": [{"resourceType": "Basic", "title": PRIORS}]},
    "an identifier by its kind": {
        "resourceType": "Patient",
        "identifier": [{"type": {"text": "FBI"}, "value": "774421KD3"}],
    },
    "an identifier by its code": {
        "resourceType": "Patient",
        "identifier": [{"type": {"coding": [{"code": "SID"}]}, "value": "4471203"}],
    },
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_it_is_seen_wherever_it_stands(carrier: str) -> None:
    assert criminal_justice(CARRIERS[carrier])


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Flag", "code": {"coding": [{"code": "PRIORS", "display": "Dog on the premises"}]}},
        {"resourceType": "Basic", "title": "He was asked about a prior", "description": "charges her telephone here"},
        {"resourceType": "Patient", "name": [{"family": "Warrant"}], "identifier": [{"value": "771204"}]},
        {"resourceType": "Basic", "meta": {"security": [{"display": "criminal history"}]}},
        {"resourceType": "Basic", "content": [{"attachment": {"contentType": "image/png", "data": "iVBORw0KGgo="}}]},
        # names, numbers and what is absent are no text
        {"resourceType": "Patient", "name": [{"given": [PRIORS, None], "family": PRIORS}], "active": True, "rank": [1]},
        # a number of another kind, and the codes of such kinds where no number is
        {
            "resourceType": "Patient",
            "identifier": [{"type": {"coding": [{"code": "MR"}], "text": "Medical record"}, "value": "771204"}],
        },
        {"resourceType": "Composition", "type": {"coding": [{"code": "NIC"}]}},
        {"resourceType": "Patient", "identifier": [{"value": "771204", "assigner": {"text": "FBI"}}]},
    ],
)
def test_what_is_none_goes_on(resource: dict[str, Any]) -> None:
    assert not criminal_justice(resource)


def bundle(*entries: dict[str, Any]) -> dict[str, Any]:
    core: tuple[dict[str, Any], ...] = (
        {"resourceType": "Patient", "id": "p"},
        {"resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order"},
        {"resourceType": "Task", "id": "t", "status": "requested", "intent": "order"},
    )
    made = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in (*core, *entries)]
    return {"resourceType": "Bundle", "type": "collection", "entry": made}


def document(text: str) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "content": [{"attachment": {"contentType": "text/plain", "data": b64encode(text.encode()).decode()}}],
    }


def released(made: dict[str, Any], origin: Origin, **more: Any) -> Any:
    return release(
        made,
        [origin] * len(made["entry"]),
        Context(
            discloser=Party(reference=origin.reference, role=origin.role),
            recipient=Party(reference="Organization/other-center", role="covered-entity"),
            purpose="TREAT",
            patient="urn:uuid:p",
            at=datetime(2026, 11, 21, tzinfo=UTC),
            **more,
        ),
        [],
        render=orjson.dumps,
        media_type="application/json",
    )


def test_text_that_slipped_in_is_withheld_and_the_rest_is_as_if_it_were_not_there() -> None:
    with_it = released(bundle(document(PRIORS)), PD)
    without = released(bundle(), PD)
    assert with_it.state == "released"
    assert with_it.release.bytes == without.release.bytes
    (lost,) = with_it.withheld
    assert (lost.decision, lost.because) == ("hold", (BECAUSE,))


def test_a_referral_that_says_it_itself_is_held() -> None:
    made = bundle()
    made["entry"][1]["resource"]["note"] = [{"text": PRIORS}]
    assert released(made, PD).state == "held"


def test_a_consent_does_not_let_it_go() -> None:
    """Who may know of the care is for the person to say; criminal history is not theirs to give from police files."""
    outcome = released(bundle(document(PRIORS)), PD, law="consent")
    assert outcome.decision.entries[3].because == (BECAUSE,)


def test_a_center_may_write_what_its_client_told() -> None:
    """A clinician's own note is a health record: provenance decides, not content (part2 guide, section 6)."""
    outcome = released(bundle(document(PRIORS)), CENTER)
    assert outcome.kept == (0, 1, 2, 3)


def test_an_arrest_on_this_call_goes_on() -> None:
    outcome = released(bundle(document("I arrested him for trespass and took him to the walk-in center first.")), PD)
    assert outcome.kept == (0, 1, 2, 3)
