"""Beside `translate`: two ways in which somebody would do it without this library. No budget; the ratios are printed.

- jsonata-python: a JSONata expression, compiled once, that makes of a row the same three resources without their
  profiles: no code tables, no ids that last, no zones, no account of what was left out, no gate. So it does less.
- fhir.resources: the resources that `translate` made, built as R4B objects and written as JSON: the reading, the tables
  and the mapping are free for it.

Each is compared to reading and translating the same rows to Bundle bytes. CPU time of one thread, one core.

    python -m benchmarks.bench_library
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Any

import orjson

from benchmarks.calls import SOURCE, write_calls
from mappings import Incident, Translation, translate
from mappings.packs import load_pack

ROWS = 500
_ROUNDS = 3

#: What a row becomes, written as somebody would who knows JSONata and FHIR.
JSONATA = """
(
  $at := function($text) { $text = "" ? () : $text & "-06:00" };
  $place := "loc-" & nopd_item;
  {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
      {"fullUrl": "urn:" & $place,
       "resource": {"resourceType": "Location", "id": $place, "mode": "instance", "name": block_address,
                    "address": {"text": block_address, "postalCode": zip}},
       "request": {"method": "PUT", "url": "Location/" & $place}},
      {"fullUrl": "urn:nopd",
       "resource": {"resourceType": "Organization", "id": "nopd", "active": true,
                    "name": "New Orleans Police Department"},
       "request": {"method": "PUT", "url": "Organization/nopd"}},
      {"fullUrl": "urn:enc-" & nopd_item,
       "resource": {
         "resourceType": "Encounter", "id": "enc-" & nopd_item, "status": "finished",
         "identifier": [{"system": "https://agency.example/cad-event", "value": nopd_item}],
         "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "FLD", "display": "field"},
         "type": [{"text": "Call for service"}],
         "priority": {"coding": [{"system": "https://agency.example/priority", "code": priority}]},
         "period": {"start": $at(timecreate), "end": $at(timeclosed)},
         "statusHistory": [
           {"status": "planned", "period": {"start": $at(timecreate), "end": $at(timearrive)}},
           {"status": "in-progress", "period": {"start": $at(timearrive)}}],
         "extension": [
           {"url": "https://agency.example/disposition",
            "valueCodeableConcept": {"coding": [{"system": "https://agency.example/disposition", "code": disposition}],
                                     "text": dispositiontext}}],
         "reasonCode": [
           {"coding": [{"system": "https://agency.example/type", "code": initialtype}], "text": initialtypetext},
           {"coding": [{"system": "https://agency.example/type", "code": type_}], "text": typetext}],
         "location": [{"location": {"reference": "urn:" & $place}}],
         "serviceProvider": {"reference": "urn:nopd"}},
       "request": {"method": "PUT", "url": "Encounter/enc-" & nopd_item}}
    ]
  }
)
"""


def measure() -> dict[str, Any]:
    """How many times as long each of the other ways takes, in words."""
    with tempfile.TemporaryDirectory() as folder:
        data = write_calls(Path(folder) / "calls.csv", ROWS).read_bytes()
    pack = load_pack(SOURCE)
    now = datetime(2026, 1, 15, 8, tzinfo=UTC)

    def ours() -> list[Translation]:
        made = []
        for incident in pack.read(data):
            assert isinstance(incident, Incident)
            made.append(translate(incident, agency=pack.agency, now=now))
            orjson.dumps(made[-1].bundle)
        return made

    done = ours()
    ways: dict[str, Callable[[], object] | None] = {"fhir.resources": _models(done), "jsonata-python": _jsonata(data)}
    found: dict[str, list[float]] = {name: [] for name in ways}
    costs = []
    for _ in range(_ROUNDS):
        costs.append(_cost(ours))
        for name, way in ways.items():
            if way is not None:
                found[name].append(_cost(way) / costs[-1])
    detail = [f"{name} {median(ratios):.1f}x" if ratios else f"{name} not installed" for name, ratios in found.items()]
    return {"detail": f"{', '.join(detail)} as long as this library ({median(costs) / ROWS * 1e6:.0f} us a row)"}


def _models(done: list[Translation]) -> Callable[[], object]:
    done[0].models()  # the import is not counted

    def way() -> None:
        for one in done:
            for model in one.models():
                model.model_dump_json()

    return way


def _jsonata(data: bytes) -> Callable[[], object] | None:
    try:
        import jsonata
    except ModuleNotFoundError:
        return None
    compiled = jsonata.Jsonata(JSONATA)
    text = data.decode()

    def way() -> list[bytes]:
        return [orjson.dumps(compiled.evaluate(row)) for row in csv.DictReader(io.StringIO(text))]

    (first, *_) = way()
    encounter = orjson.loads(first)["entry"][2]["resource"]
    assert encounter["period"]["start"].endswith("-06:00")
    return way


def _cost(way: Callable[[], object]) -> float:
    start = thread_time()
    way()
    return thread_time() - start


if __name__ == "__main__":
    print(measure()["detail"])
