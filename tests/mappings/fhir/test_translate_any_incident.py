"""Any Incident whatever becomes a valid Bundle: every resource right, every reference resolved, bytes the same."""

from __future__ import annotations

import os
import types
import typing
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime

import orjson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import mappings.incident as records
from mappings.fhir.bundle import message
from mappings.fhir.references import references
from mappings.fhir.referral import referral_packages
from mappings.fhir.translate import translate
from mappings.incident import Agency, Incident
from mappings.partner import GENERIC
from profiles.check import check

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)

_text = st.one_of(
    st.text(max_size=12), st.sampled_from(["", " ", "a  b", "\x0b", "NCIC hit", "two\nlines", "ä", "p1", "center-a"])
)
_code = st.sampled_from(
    ["A1", "X  2", " 3", "", "44249-1", "TPO", "TREAT", "SUD", "declined", "jail", "1002-5", "female"]
)
_system = st.sampled_from(
    [
        "http://loinc.org",
        "http://snomed.info/sct",
        "https://warmhandoff.org/fhir/CodeSystem/field-disposition",
        "urn:oid:2.16.840.1.113883.6.238",
        "http://hl7.org/fhir/administrative-gender",
        "https://example.org/codes",
    ]
)
_time = st.sampled_from(
    [
        "2026-01-14",
        "2026-01-14T23:02:11-06:00",
        "2026-01-15T05:02:11Z",
        "2024-02-29T01:00:00.5-05:00",
        "2026-03",
        "2025",
    ]
)
_day = st.sampled_from(["1980", "1980-02", "1980-02-29"])
_org = st.sampled_from(["center-a", "example-pd", "ems 1"])
_slot = st.sampled_from(["p1", "p2", "", "p|3"])

#: Fields whose text is not free: what each may be is part of the type's contract.
_BY_FIELD: dict[str, st.SearchStrategy[typing.Any]] = {
    "system": _system,
    "code": _code,
    "birth_date": _day,
    "slot": _slot,
    "person": _slot,
    "organization": _org,
    "employer": _org,
    "destination": _org,
    "agency": st.sampled_from(["example-pd", "other-pd"]),
    "data": st.sampled_from(["aGVsbG8=", "TkNJQyBoaXQ="]),
    "media_type": st.sampled_from(["text/plain", "application/pdf"]),
    "latitude": st.sampled_from([39.7, -12.25]),
    "longitude": st.sampled_from([-104.9, 7.5]),
    "uncertainty_m": st.sampled_from([30.0, 12.5]),
    "age_years": st.integers(0, 120),
    "sensitivities": st.lists(_code, max_size=2).map(tuple),
    "excluded": st.lists(_code, max_size=2).map(tuple),
    "purposes": st.lists(_code, max_size=3).map(tuple),
    "score": st.integers(0, 27),
}
_TIMES = {
    *(f.name for f in fields(records.Timeline)),
    *("time", "start", "end", "started", "until", "onset", "created", "decided_at", "respond_by", "follow_up_by"),
    *("valid_from", "expires", "at", "revoked_at", "updated", "keep_until"),
}


def _value(name: str, kind: typing.Any) -> st.SearchStrategy[typing.Any]:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([_value(name, each) for each in args])
    if kind is type(None):
        return st.none()
    if origin is tuple and name not in _BY_FIELD:
        return st.lists(_value(name, args[0]), max_size=2).map(tuple)
    if origin is typing.Literal:
        return st.sampled_from(args)
    if is_dataclass(kind):
        return _record(kind)
    if name in _TIMES and kind is str:
        return _time
    if name in _BY_FIELD:
        return _BY_FIELD[name]
    if kind is str:
        return _text
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(0, 9)
    if kind is float:
        return st.sampled_from([0.5, 1.0])
    raise AssertionError(f"no strategy for {name}: {kind}")


def _record(kind: typing.Any) -> st.SearchStrategy[typing.Any]:
    if kind is records.Reading:
        return st.just(records.Reading())
    hints = typing.get_type_hints(kind)
    required = {}
    optional = {}
    for each in fields(kind):
        name = "place" if kind is records.Unit and each.name == "destination" else each.name
        strategy = st.deferred(lambda n=name, t=hints[each.name]: _value(n, t))
        from dataclasses import MISSING

        bare = each.default is MISSING and each.default_factory is MISSING
        (required if bare else optional)[each.name] = strategy
    return st.fixed_dictionaries(required, optional=optional).map(lambda made: kind(**made))


INCIDENTS = _record(Incident)

AGENCIES = st.sampled_from(
    [
        Agency(id="example-pd", name="Example PD", ori="XX0000000", posture="law-enforcement"),
        Agency(
            id="example-pd",
            system="https://pd.example.org/fhir/",
            organizations=(records.Organization(id="center-a", name="Center A", kind="center"),),
        ),
    ]
)


@settings(
    max_examples=int(os.environ.get("ANY_INCIDENTS", "150")),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking a whole Incident takes minutes
    suppress_health_check=list(HealthCheck),
)
@given(incident=INCIDENTS, agency=AGENCIES)
def test_any_incident_becomes_a_right_bundle(incident: Incident, agency: Agency) -> None:
    made = translate(incident, agency=agency, now=NOW)
    entries = made.bundle["entry"]
    urls = [entry["fullUrl"] for entry in entries]
    assert len(set(urls)) == len(urls)
    assert len(made.origins) == len(entries)
    assert set(references([entry["resource"] for entry in entries])) <= set(urls)
    assert [found for found in check(made.bundle) if found.severity in ("error", "fatal")] == []
    assert orjson.dumps(made.bundle) == orjson.dumps(translate(incident, agency=agency, now=NOW).bundle)

    targets = {
        t["reference"]
        for e in entries
        if e["resource"]["resourceType"] == "Provenance"
        for t in e["resource"]["target"]
    }
    assert targets == {e["fullUrl"] for e in entries if e["resource"]["resourceType"] != "Provenance"}

    for package in referral_packages(made.bundle, made.origins):
        inside = {entry["fullUrl"] for entry in package.bundle["entry"]}
        assert set(references([entry["resource"] for entry in package.bundle["entry"]])) <= inside
        kinds = [entry["resource"]["resourceType"] for entry in package.bundle["entry"]]
        assert (kinds.count("Patient"), kinds.count("Task"), kinds.count("ServiceRequest")) == (1, 1, 1)
        assert [
            found for found in check(orjson.loads(message(package.bundle, GENERIC))) if found.severity == "error"
        ] == []
