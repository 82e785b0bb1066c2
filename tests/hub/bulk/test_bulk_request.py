"""`--request`: what a recipient would get of each record, person by person, and nothing about the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from hub.bulk.asked import asked
from hub.bulk.progress import Silent
from hub.bulk.run import Bulk, Counts, run
from hub.errors import ReleaseError
from mappings.bulk import job_for
from mappings.incident_json import agency_from_json
from mappings.times import moment

SAMPLES = Path(__file__).parents[3] / "samples"
NOW = moment("2026-01-15T08:00:00Z")
PERSON = "https://agency.example/person"

Json = dict[str, Any]


def _request(**also: Any) -> Json:
    return {
        "discloser": {"reference": "Organization/hub", "role": "covered-entity"},
        "recipient": {"reference": "Organization/center", "role": "covered-entity", "duties": ["treating"]},
        "purpose": "TREAT",
        "at": "2026-01-15",
        **also,
    }


def _consent(value: str) -> Json:
    return {
        "resourceType": "Consent",
        "id": f"consent-{value}",
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "patient": {"identifier": {"system": PERSON, "value": value}},
        "provision": {"type": "permit"},
    }


def _record(number: str, *persons: str) -> Json:
    return {
        "agency": "example-pd",
        "number": number,
        "persons": [
            {"slot": f"p{n}", "roles": ["subject"], "identifiers": [{"assigner": PERSON, "value": value}]}
            for n, value in enumerate(persons)
        ],
        "contacts": [
            {"person": f"p{n}", "narratives": [{"text": f"said of {value}", "role": "clinician"}]}
            for n, value in enumerate(persons)
        ],
    }


def _run(folder: Path, document: Json, *records: Json) -> tuple[Counts, dict[str, list[Json]]]:
    source = folder / "records.ndjson"
    source.write_bytes(b"\n".join(map(orjson.dumps, records)))
    counts = run(
        Bulk(
            job=job_for("incident", now=NOW),  # type: ignore[arg-type]
            inputs=(str(source),),
            folder=folder / "out",
            request=asked(orjson.dumps(document)),
        ),
        Silent(),
    )
    found: dict[str, list[Json]] = {}
    for path in (folder / "out").glob("*.ndjson"):
        found[path.stem] = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return counts, found


def _people(found: dict[str, list[Json]]) -> list[str]:
    return sorted(one["value"] for p in found.get("Patient", ()) for one in p["identifier"] if one["system"] == PERSON)


def test_consents_are_matched_to_each_person(tmp_path: Path) -> None:
    document = {"consents": [_consent("anna"), _consent("carl")], "request": _request(law="consent")}
    counts, found = _run(tmp_path, document, _record("1", "anna", "bert"), _record("2", "bert"), _record("3", "carl"))
    assert (counts.rows, counts.translated, counts.rejected) == (3, 3, 0)
    assert _people(found) == ["anna", "carl"]
    text = json.dumps(found)
    assert "bert" not in text
    assert "said of anna" not in text or found["DocumentReference"]
    encounters = {one["id"] for one in found["Encounter"]}
    assert len(encounters) == 2


def test_with_a_patient_named_only_that_patients_part_goes(tmp_path: Path) -> None:
    document = {
        "consents": [_consent("anna"), _consent("carl")],
        "request": _request(law="consent", patient=f"{PERSON}|carl"),
    }
    _, found = _run(tmp_path, document, _record("1", "anna", "carl"), _record("3", "anna"))
    assert _people(found) == ["carl"]
    assert "anna" not in json.dumps(found)


def test_nothing_goes_without_a_permission_and_nothing_says_so(tmp_path: Path) -> None:
    document = {"consents": [], "request": _request(law="consent")}
    counts, found = _run(tmp_path, document, _record("1", "anna"), {"agency": "example-pd"})
    assert (counts.rows, counts.translated, counts.rejected) == (2, 1, 1)
    assert found == {}
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == ["custody", "manifest.json"]
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["output"], manifest["error"]) == ([], [])
    names = {path.name for path in (out / "custody").iterdir()}
    assert names == {"account.json", "errors.ndjson", "journal.ndjson", "rejected.ndjson"}


def test_what_leads_out_of_a_part_does_not_go(tmp_path: Path) -> None:
    document = {"consents": [_consent("anna")], "request": _request(law="consent")}
    _, found = _run(tmp_path, document, _record("1", "anna", "bert"))
    there = {f"{one['resourceType']}/{one['id']}" for many in found.values() for one in many}
    text = json.dumps(found)
    (other,) = (
        one["resource"]["id"]
        for one in _bundle(_record("1", "anna", "bert"))["entry"]
        if one["resource"]["resourceType"] == "Patient" and "bert" in json.dumps(one)
    )
    assert other not in text
    assert all(one["subject"]["reference"] in there for one in found["Encounter"])


def _bundle(record: Json) -> Json:
    from mappings import read, translate
    from mappings.incident import Agency, Incident

    (incident,) = read(orjson.dumps(record), "incident")
    assert isinstance(incident, Incident)
    return translate(incident, agency=Agency(id="example-pd"), now=NOW).bundle  # type: ignore[arg-type]


def test_it_is_what_handoff_release_writes(tmp_path: Path) -> None:
    """For one record, with the agency's own postures."""
    from hub.release import release_json
    from mappings import read, translate

    case = SAMPLES / "incident" / "story-1-contact"
    agency = agency_from_json((SAMPLES / "agencies" / "riverton-pd.json").read_bytes())
    (incident,) = read((case / "input.json").read_bytes(), "incident", agency)
    made = translate(incident, agency=agency, now=NOW)  # type: ignore[arg-type]
    names = {e["fullUrl"]: f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in made.bundle["entry"]}
    text = orjson.dumps([e["resource"] for e in made.bundle["entry"]])
    for url, name in names.items():
        text = text.replace(url.encode(), name.encode())
    entries = orjson.loads(text)
    postures = {f"Organization/{one.id}": one.posture for one in agency.organizations}
    (patient,) = (f"Patient/{one['id']}" for one in entries if one["resourceType"] == "Patient")
    request = _request(
        entries=entries, origins=[o and f"Organization/{o}" for o in made.origins], postures=postures, patient=patient
    )
    expected = [entry["resource"] for entry in release_json({"consents": [], "request": request})["entry"]]
    run(
        Bulk(
            job=job_for("incident", agency=agency, now=NOW),  # type: ignore[arg-type]
            inputs=(str(case / "input.json"),),
            folder=tmp_path / "out",
            request=asked(orjson.dumps({"request": _request()})),
        ),
        Silent(),
    )
    found = [
        orjson.loads(line) for path in (tmp_path / "out").glob("*.ndjson") for line in path.read_bytes().splitlines()
    ]
    key = orjson.dumps
    assert sorted(found, key=key) == sorted(expected, key=key)


@pytest.mark.parametrize(
    "document",
    ["x", [], {}, {"request": {}}, {"request": _request(entries=[{"resourceType": "Patient"}])}, {"request": 7}],
)
def test_a_request_that_is_none_stops_before_anything_is_read(document: Any, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError) as caught:
        asked(orjson.dumps(document))
    assert caught.value.rule == "release.bad-request"
    (tmp_path / "request.json").write_bytes(orjson.dumps(document))
    (tmp_path / "in.json").write_text("{}")
    words = [
        "bulk",
        "--source",
        "incident",
        "--out",
        str(tmp_path / "out"),
        "--request",
        str(tmp_path / "request.json"),
    ]
    done = CliRunner().invoke(app(), [*words, str(tmp_path / "in.json")])
    assert isinstance(done.exception, ReleaseError)
    assert not (tmp_path / "out").exists()


def app() -> Any:
    from hub.cli import app as whole

    return whole
