"""Budget `translate`: read and translate to Bundle bytes, against orjson loading the input and dumping the Bundle.

Two inputs: rows of a CAD export (a real extract, its rows repeated under new event numbers; the reference loads each
row as its JSON object) and an EIDO with a person, units and notes. No profile check on either side. One process, one
core, both sides alternating; the ratio is the median of the rounds, and the worse of the two inputs counts.

    python -m benchmarks.bench_translate
"""

from __future__ import annotations

import csv
import gc
import io
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Any

import orjson

from mappings.cad.eido import read_eido
from mappings.fhir.translate import translate
from mappings.incident import Agency, Incident, Rejected
from mappings.incident_json import agency_from_json
from mappings.packs import load_pack

BUDGET = 10.0
AIM = 5.0
ROWS = 2000
_ROUNDS = 9
_SAMPLES = Path(__file__).resolve().parent.parent / "samples"


def measure() -> dict[str, Any]:
    """The row of `make bench`: the worse ratio of CSV row and EIDO."""
    ratios = {"CSV row": _csv(), "EIDO": _eido()}
    worst = max(ratio for ratio, _ in ratios.values())
    return {
        "name": "translate",
        "ratio": round(worst, 2),
        "budget": BUDGET,
        "aim": AIM,
        "holds": worst <= BUDGET,
        "detail": "; ".join(f"{name} {ratio:.1f}x ({cost:.0f} us each)" for name, (ratio, cost) in ratios.items()),
    }


def _csv() -> tuple[float, float]:
    case = _SAMPLES / "new-orleans-cad" / "new-year-2017"
    text = (case / "input.csv").read_text()
    given = list(csv.DictReader(io.StringIO(text)))
    out = io.StringIO()
    writer = csv.DictWriter(out, given[0].keys(), lineterminator="\n")
    writer.writeheader()
    objects = []
    for n in range(ROWS):
        row = {**given[n % len(given)], "nopd_item": f"A{n:07}17"}
        writer.writerow(row)
        objects.append(orjson.dumps(row))
    data = out.getvalue().encode()
    pack = load_pack("new-orleans-cad")
    now = datetime.fromisoformat(json.loads((case / "case.json").read_text())["now"])
    return _ratio(lambda: pack.read(data), objects, pack.agency, now)


def _eido() -> tuple[float, float]:
    case = _SAMPLES / "eido" / "welfare-check-one-person"
    data = (case / "input.json").read_bytes()
    told = json.loads((case / "case.json").read_text())
    agency = agency_from_json((_SAMPLES / "agencies" / f"{told['agency']}.json").read_bytes())
    now = datetime.fromisoformat(told["now"])
    times = 100

    def read() -> Iterable[Incident | Rejected]:
        for _ in range(times):
            yield from read_eido(data, agency)

    return _ratio(read, [data] * times, agency, now)


def _ratio(
    read: Callable[[], Iterable[Incident | Rejected]], objects: list[bytes], agency: Agency, now: datetime
) -> tuple[float, float]:
    """Median ratio of the rounds, and our CPU microseconds for one input: others on the machine do not count."""
    bundles = []
    for incident in read():
        assert isinstance(incident, Incident)
        bundles.append(translate(incident, agency=agency, now=now).bundle)
    assert len(bundles) == len(objects)
    pairs = list(zip(objects, bundles, strict=True))
    found, costs = [], []
    gc.collect()
    gc.freeze()  # the Bundles kept for the reference would be walked by each collection, at our cost alone
    for _ in range(_ROUNDS):
        start = thread_time()
        for incident in read():
            orjson.dumps(translate(incident, agency=agency, now=now).bundle)  # type: ignore[arg-type]
        middle = thread_time()
        for given, bundle in pairs:
            orjson.loads(given)
            orjson.dumps(bundle)
        end = thread_time()
        found.append((middle - start) / (end - middle))
        costs.append((middle - start) / len(objects) * 1e6)
    gc.unfreeze()
    return median(found), median(costs)


if __name__ == "__main__":
    row = measure()
    print(f"{row['name']}: {row['ratio']}x (budget {row['budget']}, aim {row['aim']}): {row['detail']}")
