"""Budget `release`: decide, redact and seal the labelled referral, against stdlib `json` load and dump of its bytes.

One entry of a Part 2 program is withheld, so that redaction and the leak scan have work. Rendering is a plain dump,
inside the measured time. The leak gates run first and fail the budget with them: a renderer that brings a withheld
value back, in any encoding, must be stopped, and what is released must be what an input without it gives.

A person with 50 consents on file costs at most twice a person with one, whomever they name: all others, this recipient
among others, or this recipient each time. The budget fails with that, too.

    python -m benchmarks.bench_release
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks.bench_label import CENTER, SECONDS, narrated_bundle, per_second
from hub.release import Context, Leak, Outcome, Party, release
from hub.release.elements import ELEMENTS
from mappings.labels import Labelled, Origin, label_bundle

BUDGET = 10.0
AIM = 5.0
_ROUNDS = 5
#: What 50 consents of one person may cost, over one.
_MANY = 2.0

_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_RECIPIENT = "Organization/mhc"
PROGRAM = Origin(reference="Organization/otp", role="part2-program")


def _patient(bundle: dict[str, Any]) -> str:
    return next(str(entry["fullUrl"]) for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Patient")


def _context(bundle: dict[str, Any]) -> Context:
    return Context(
        discloser=Party(reference="Organization/center", role="covered-entity"),
        recipient=Party(reference=_RECIPIENT, role="covered-entity"),
        purpose="TREAT",
        patient=_patient(bundle),
        at=datetime(2026, 6, 1, tzinfo=UTC),
    )


def _secret(patient: str) -> dict[str, Any]:
    return {
        "fullUrl": "urn:uuid:0192f0c1-7a3e-8c51-9d00-00000000beef",
        "resource": {
            "resourceType": "Condition",
            "id": "0192f0c1-7a3e-8c51-9d00-00000000beef",
            "subject": {"reference": patient},
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11.23"}]},
            "note": [{"text": "Doses at the window at six in the morning, with the van from Quellmont."}],
        },
        "request": {"method": "PUT", "url": "Condition/0192f0c1-7a3e-8c51-9d00-00000000beef"},
    }


def _consent(number: int, patient: str, recipient: str = "") -> dict[str, Any]:
    """A complete Part 2 consent for treatment, to somebody else where no recipient is given."""
    statements = ("revocationStatement", "redisclosureStatement", "refusalStatement", "hipaaRedisclosureStatement")
    return {
        "resourceType": "Consent",
        "id": f"consent-{number}",
        "status": "active",
        "patient": {"reference": patient},
        "dateTime": f"2026-01-{1 + number % 28:02}",
        "category": [{"coding": [{"system": _ACT, "code": "42CFRPart2CD"}]}],
        "performer": [{"reference": patient}],
        "organization": [{"reference": PROGRAM.reference}, {"reference": CENTER.reference}],
        "extension": [{"url": ELEMENTS, "extension": [{"url": url, "valueBoolean": True} for url in statements]}],
        "provision": {
            "type": "permit",
            "period": {"end": "2026-12-31"},
            "actor": [
                {
                    "role": {"coding": [{"code": "IRCP"}]},
                    "reference": {"reference": recipient or f"Organization/elsewhere-{number}"},
                }
            ],
            "securityLabel": [{"system": _ACT, "code": "42CFRPart2"}],
            "purpose": [{"code": "TREAT"}],
        },
    }


def _dump(bundle: dict[str, Any]) -> bytes:
    return json.dumps(bundle).encode()


def _go(
    labelled: Labelled, origins: list[Origin | None], consents: list[dict[str, Any]], render: Any = _dump
) -> Outcome:
    return release(
        labelled.resource,
        origins,
        _context(labelled.resource),
        consents,
        render=render,
        media_type="application/fhir+json",
        labelled=labelled,
    )


def gates() -> list[str]:
    """What leaked, or was stopped without reason; empty when neither."""
    plain = narrated_bundle()
    patient = _patient(plain)
    whole = {**plain, "entry": [*plain["entry"], _secret(patient)]}
    origins: list[Origin | None] = [CENTER] * len(plain["entry"])
    with_it = _go(label_bundle(whole, [*origins, PROGRAM]), [*origins, PROGRAM], [])
    without = _go(label_bundle(plain, origins), origins, [])
    faults: list[str] = []
    if with_it.release is None or without.release is None:
        return ["nothing was released"]
    if with_it.release.bytes != without.release.bytes:
        faults.append("the output tells that something was withheld")
    note = "Doses at the window at six in the morning, with the van from Quellmont."
    for name, form in {
        "plain": "F11.23",
        "text": note.upper(),
        "base64": base64.b64encode(f"x {note}".encode()).decode(),
        "escaped": "".join(f"\\u{ord(letter):04x}" for letter in note),
    }.items():
        try:
            _go(
                label_bundle(whole, [*origins, PROGRAM]),
                [*origins, PROGRAM],
                [],
                lambda made, form=form: _dump(made) + form.encode(),
            )
            faults.append(f"leaked {name}")
        except Leak:
            pass
    return faults


def _over(labelled: Labelled, origins: list[Origin | None], patient: str, names: Callable[[int], str]) -> float:
    """What 50 consents cost over the first of them; the middle of three rounds."""
    fifty = [_consent(number, patient, names(number)) for number in range(50)]
    ratios = [
        per_second(lambda: _go(labelled, origins, fifty[:1]), SECONDS / 4)
        / per_second(lambda: _go(labelled, origins, fifty), SECONDS / 4)
        for _ in range(3)
    ]
    return sorted(ratios)[1]


def measure() -> dict[str, Any]:
    """The row of this budget. The ratio is time per release over json time per Bundle: lower is better."""
    plain = narrated_bundle()
    patient = _patient(plain)
    bundle = {**plain, "entry": [*plain["entry"][:-1], _secret(patient)]}
    data = json.dumps(bundle).encode()
    origins: list[Origin | None] = [*([CENTER] * (len(bundle["entry"]) - 1)), PROGRAM]
    labelled = label_bundle(bundle, origins)
    one = [_consent(0, patient)]
    ratios = []
    for _ in range(_ROUNDS):
        reference = per_second(lambda: json.dumps(json.loads(data)), SECONDS / 2)
        released = per_second(lambda: _go(labelled, origins, one), SECONDS / 2)
        ratios.append(reference / released)
    ratio = sorted(ratios)[len(ratios) // 2]
    many = {
        "others": _over(labelled, origins, patient, lambda number: ""),
        "a tenth this one": _over(labelled, origins, patient, lambda number: "" if number % 10 else _RECIPIENT),
        "all this one": _over(labelled, origins, patient, lambda number: _RECIPIENT),
    }
    faults = gates()
    detail = (
        f"{len(bundle['entry'])} entries, {len(data) / 1000:.0f} kB, one withheld; 50 consents on file over one: "
        f"{', '.join(f'{cost:.2f} x ({names})' for names, cost in many.items())}; "
        f"leak gates {'passed' if not faults else ', '.join(faults)}"
    )
    return {
        "name": "release",
        "ratio": round(ratio, 2),
        "budget": BUDGET,
        "aim": AIM,
        "holds": ratio <= BUDGET and not faults and max(many.values()) <= _MANY,
        "detail": detail,
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
