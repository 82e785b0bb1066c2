"""Settings: what must be declared, where a fault is said to be, and that no value is ever in what is said."""

from __future__ import annotations

import copy
import hashlib
import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Any

import pytest

from hub.errors import SettingsError
from hub.settings import Secret, Settings, load, parse

Document = dict[str, Any]

HASH = hashlib.sha256(b"a token").hexdigest()

GOOD: Document = {
    "operator": {"organization": "cedar", "relation": "self"},
    "state_policy": {"name": "none", "reviewer": "counsel", "reviewed": "2026-11-01"},
    "organization": [
        {"id": "riverton-pd", "name": "Riverton", "kind": "agency", "posture": "law-enforcement"},
        {"id": "cedar", "name": "Cedar", "kind": "center", "posture": "covered-entity"},
        {"id": "sunrise", "name": "Sunrise", "kind": "center", "posture": "part2-program"},
    ],
    "agency": [{"id": "riverton-pd", "zone": "America/Denver"}],
    "source": [{"name": "cad", "organization": "riverton-pd", "reads": "eido", "token": {"sha256": HASH}}],
    "destination": [
        {
            "id": "sunrise",
            "organization": "sunrise",
            "adapter": "fhir-rest",
            "url": "http://127.0.0.1:9/fhir",
            "on_failure": "block-lane",
            "fallback_telephone": "+1 555 0100 111",
            "owner": "lead",
        }
    ],
    "route": [{"organization": "sunrise", "destination": "sunrise"}],
    "exchange": [{"agency": "riverton-pd", "to": ["covered-entity", "sunrise"], "reference": "agreement"}],
}


def settings(change: Callable[[Document], Any] | None = None, base: Path = Path()) -> Settings:
    document = copy.deepcopy(GOOD)
    if change is not None:
        change(document)
    return parse(document, base=base)


def refused(change: Callable[[Document], Any]) -> str:
    with pytest.raises(SettingsError) as raised:
        settings(change)
    assert raised.value.rule == "settings.invalid"
    return str(raised.value)


def drop(*path: str | int) -> Callable[[Document], Any]:
    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        del document[path[-1]]

    return change


def put(*path_and_value: Any) -> Callable[[Document], Any]:
    *path, last, value = path_and_value

    def change(document: Any) -> None:
        for step in path:
            document = document[step] if isinstance(step, int) else document.setdefault(step, {})
        document[last] = value

    return change


def test_what_is_declared_is_taken() -> None:
    found = settings()
    assert found.hub.bind == "127.0.0.1"
    assert found.posture("sunrise") == "part2-program"
    assert found.posture("nobody") is None
    agency = found.agency_of("riverton-pd")
    assert agency is not None
    assert (agency.zone, agency.posture, len(agency.organizations)) == ("America/Denver", "law-enforcement", 3)
    assert found.agency_of("sunrise") is None
    destination = found.destination_of("sunrise")
    assert destination.form().form == "transaction"
    assert found.respond_by(destination, "stat") == timedelta(hours=1)
    with pytest.raises(KeyError):
        found.destination_of("nowhere")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("operator",), "operator"),
        (("operator", "organization"), "operator.organization"),
        (("operator", "relation"), "operator.relation"),
        (("state_policy",), "state_policy"),
        (("state_policy", "name"), "state_policy.name"),
        (("state_policy", "reviewer"), "state_policy.reviewer"),
        (("state_policy", "reviewed"), "state_policy.reviewed"),
        (("organization",), "organization"),
        (("organization", 2, "posture"), "organization.2.posture"),
        (("organization", 0, "name"), "organization.0.name"),
        (("organization", 0, "kind"), "organization.0.kind"),
        (("agency", 0, "zone"), "agency.0.zone"),
        (("source", 0, "organization"), "source.0.organization"),
        (("source", 0, "reads"), "source.0.reads"),
        (("source", 0, "token"), "source.0"),
        (("destination", 0, "on_failure"), "destination.0.on_failure"),
        (("destination", 0, "url"), "destination.0.url"),
        (("destination", 0, "adapter"), "destination.0.adapter"),
        (("destination", 0, "owner"), "destination.0.owner"),
        (("destination", 0, "fallback_telephone"), "destination.0.fallback_telephone"),
        (("exchange", 0, "reference"), "exchange.0.reference"),
    ],
)
def test_p9_what_must_be_declared_has_no_default(path: tuple[str | int, ...], place: str) -> None:
    said = refused(drop(*path))
    assert f"{place}: " in said


SECRET = "zz-secret-value"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (put("operator", "relation", SECRET), "operator.relation"),
        (put("organization", 1, "posture", SECRET), "organization.1.posture"),
        (put("state_policy", "reviewed", SECRET), "state_policy.reviewed"),
        (put("agency", 0, "zone", SECRET), "agency.0.zone"),
        (put("hub", "zone", SECRET), "hub.zone"),
        (put("hub", "port", SECRET), "hub.port"),
        (put("hub", "max_body", 0), "hub.max_body"),
        (put("source", 0, "name", f"Upper {SECRET}"), "source.0.name"),
        (put("source", 0, "token", SECRET), "source.0.token"),
        (put("source", 0, "token", {"sha256": SECRET}), "source.0.token"),
        (put("source", 0, "token", {"env": SECRET, "sha256": HASH}), "source.0.token"),
        (put("source", 0, "token", {}), "source.0.token"),
        (put("source", 0, "folder", SECRET), "source.0"),
        (put("destination", 0, "on_failure", SECRET), "destination.0.on_failure"),
        (put("destination", 0, "partner", {"notice": SECRET}), "destination.0.partner.notice"),
        (put("destination", 0, "partner", {"zone": SECRET}), "destination.0.partner.zone"),
        (put("destination", 0, "poll_every", 0), "destination.0.poll_every"),
        (put("operator", {"organization": "cedar", "relation": "qso"}), "operator"),
    ],
)
def test_a_wrong_value_is_named_by_its_place_only(change: Callable[[Document], Any], place: str) -> None:
    said = refused(change)
    assert place in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "path",
    [
        ("hub",),
        ("operator",),
        ("state_policy",),
        ("organization", 0),
        ("source", 0),
        ("destination", 0),
        ("alarm",),
        (),
    ],
)
def test_unknown_names_are_refused(path: tuple[str | int, ...]) -> None:
    said = refused(put(*path, "naem", SECRET))
    assert "naem" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (put("operator", "organization", "nobody"), "operator.organization"),
        (put("agency", 0, "id", "nobody"), "agency.id"),
        (put("source", 0, "organization", "nobody"), "source.organization"),
        (put("source", 0, "speaks_for", ["nobody"]), "source.speaks_for"),
        (put("source", 0, "agency", "cedar"), "source.agency"),
        (put("destination", 0, "organization", "nobody"), "destination.organization"),
        (put("route", 0, "organization", "nobody"), "route.organization"),
        (put("route", 0, "destination", "nobody"), "route.destination"),
        (put("exchange", 0, "agency", "cedar"), "exchange.agency"),
        (put("exchange", 0, "to", ["covered-entty"]), "exchange.to"),
    ],
)
def test_names_refer_to_something_configured(change: Callable[[Document], Any], what: str) -> None:
    assert f"{what} names something that is not configured" in refused(change)


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("organization", "organization.id"),
        ("agency", "agency.id"),
        ("source", "source.name"),
        ("destination", "destination.id"),
    ],
)
def test_duplicate_ids_are_refused(section: str, what: str) -> None:
    assert f"{what} is not unique" in refused(lambda d: d[section].append(copy.deepcopy(d[section][0])))


@pytest.mark.parametrize("bind", ["0.0.0.0", "192.0.2.10", "::", "hub.example"])
def test_without_tls_the_hub_binds_to_loopback_only(bind: str) -> None:
    said = refused(put("hub", "bind", bind))
    assert "loopback" in said
    assert bind not in said or bind == "::"
    with_tls = settings(put("hub", {"bind": bind, "tls_certificate": "c.pem", "tls_key": "k.pem"}))
    assert with_tls.hub.bind == bind


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_tls(bind: str) -> None:
    assert settings(put("hub", "bind", bind)).hub.bind == bind


@pytest.mark.parametrize("one", ["tls_certificate", "tls_key"])
def test_half_of_tls_is_refused(one: str) -> None:
    assert "certificate and its key" in refused(put("hub", one, "a.pem"))


def test_paths_are_beside_the_file(tmp_path: Path) -> None:
    def change(document: Document) -> None:
        document["hub"] = {"database": "sqlite:///data/hub.db", "keys": "k.json"}
        document["source"][0] |= {"folder": "in"}
        del document["source"][0]["token"]
        document["destination"][0] |= {"token": {"file": "s"}, "answer_token": {"file": "a"}}

    found = settings(change, tmp_path)
    assert found.hub.database == f"sqlite:///{tmp_path / 'data/hub.db'}"
    assert found.hub.keys == tmp_path / "k.json"
    assert found.source[0].folder == tmp_path / "in"
    destination = found.destination[0]
    assert destination.token is not None
    assert destination.answer_token is not None
    assert destination.token.file == tmp_path / "s"
    assert destination.answer_token.file == tmp_path / "a"
    other = settings(put("hub", "database", "postgresql://db.example/hub"), tmp_path)
    assert other.hub.database == "postgresql://db.example/hub"


# ── secrets ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", SECRET)
    secret = Secret(env="A_TOKEN")
    assert secret.reveal() == SECRET
    assert secret.digest() == hashlib.sha256(SECRET.encode()).digest()
    assert SECRET not in repr(secret)


def test_secret_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "s").write_text(SECRET + "\n")
    assert Secret(file=Path("s")).under(tmp_path).reveal() == SECRET


def test_secret_by_its_hash_cannot_be_presented() -> None:
    assert Secret(sha256=HASH).digest() == hashlib.sha256(b"a token").digest()
    with pytest.raises(SettingsError) as raised:
        Secret(sha256=HASH).reveal()
    assert raised.value.rule == "settings.secret"
    assert HASH not in str(raised.value)


def test_a_secret_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NO_TOKEN", raising=False)
    monkeypatch.setenv("EMPTY_TOKEN", "")
    (tmp_path / "empty").write_text("\n")
    for secret in (
        Secret(env="NO_TOKEN"),
        Secret(env="EMPTY_TOKEN"),
        Secret(file=tmp_path / "none"),
        Secret(file=tmp_path / "empty"),
    ):
        with pytest.raises(SettingsError, match=r"settings\.secret"):
            secret.digest()


def test_no_token_at_all_is_no_secret() -> None:
    """A request without a token has the digest of nothing, so nobody may be configured with it."""
    empty = hashlib.sha256(b"").hexdigest()
    said = refused(put("source", 0, "token", {"sha256": empty.upper()}))
    assert "empty token" in said
    assert empty not in said


# ── the file and the environment ──────────────────────────────────────────────────────────────────────────────────

TOML = """
[hub]
port = 8001
[operator]
organization = "cedar"
relation = "self"
[state_policy]
name = "none"
reviewer = "counsel"
reviewed = 2026-11-01
[[organization]]
id = "cedar"
name = "Cedar"
kind = "center"
posture = "covered-entity"
"""


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(TOML)
    environ = {
        "HANDOFF_HUB__PORT": "9000",
        "HANDOFF_ALARM__EVERY": "60",
        "HANDOFF_OPERATOR__RELATION": "qso",
        "HANDOFF_OPERATOR__AGREEMENT": "QSOA-1",
        "HANDOFF_KEYS": "not nested, so not ours",
        "OTHER_HUB__PORT": "1",
    }
    found = load(path, environ=environ)
    assert (found.hub.port, found.alarm.every, found.operator.relation) == (9000, 60.0, "qso")
    assert load(path, environ={}).hub.port == 8001
    assert load(path, environ={}).hub.keys == tmp_path / "hub-keys.json"


def test_a_wrong_value_of_the_environment_is_named_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(TOML)
    with pytest.raises(SettingsError) as raised:
        load(path, environ={"HANDOFF_HUB__PORT": SECRET})
    assert "hub.port" in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("name", ["HANDOFF_ORGANIZATION__0__POSTURE", "HANDOFF_OPERATOR__RELATION__X"])
def test_lists_and_values_are_not_reached_into(tmp_path: Path, name: str) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(TOML)
    with pytest.raises(SettingsError) as raised:
        load(path, environ={name: SECRET})
    assert raised.value.rule == "settings.environment"
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("text", [b"[hub", b"\xff\xfe[hub]", f"x = {SECRET}".encode()])
def test_a_file_that_is_not_toml(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "hub.toml"
    path.write_bytes(text)
    with pytest.raises(SettingsError) as raised:
        load(path, environ={})
    assert raised.value.rule == "settings.not-toml"
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"settings\.missing"):
        load(tmp_path / "none.toml", environ={})


def test_the_demo_is_complete() -> None:
    """The demo's own file, its names filled in, is accepted as it is."""
    ports = ("HUB_PORT", "HUB_MLLP", "LAKESHORE_HTTP", "NORTHFORK_HTTP", "NORTHFORK_MLLP", "SUNRISE_HTTP")
    hashes = ("RIVERTON_CAD", "LAKEMONT_CAD", "CEDAR_APP", "SUNRISE_APP", "LAKESHORE_ANSWERS")
    text = (Path(__file__).parents[2] / "samples/demo/hub.toml").read_text()
    filled = Template(text).safe_substitute(
        dict.fromkeys(ports, "1") | {name: hashlib.sha256(name.encode()).hexdigest() for name in hashes}
    )
    found = parse(tomllib.loads(filled), base=Path())
    assert {d.form().form for d in found.destination} == {"message", "hl7v2", "transaction"}


def test_one_token_for_two_is_refused() -> None:
    def twice(document: Document) -> None:
        document["source"].append({**document["source"][0], "name": "other"})

    with pytest.raises(SettingsError) as raised:
        settings(twice)
    assert "bound to one organization" in str(raised.value)
    assert HASH not in str(raised.value)


OVERLAY = (
    "name: co\nreviewed: {by: counsel, on: 2026-11-01}\nlabels: {HIV: {confidentiality: V, because: x, cite: y}}\n"
)


def test_a_label_policy_is_laid_over_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "co.yaml").write_text(OVERLAY)
    found = settings(lambda document: document.update(labels={"policy": ["co.yaml"]}), tmp_path)
    assert found.label_policy.confidentiality["HIV"] == "V"
    assert found.label_policy.version.endswith("+co")
    assert settings().label_policy.confidentiality["HIV"] == "R"


@pytest.mark.parametrize(
    ("text", "place"), [(OVERLAY.replace("V,", "Z,"), "co.yaml:3:labels.HIV"), (None, "labels.policy")]
)
def test_a_wrong_label_policy_stops_the_start_and_is_named_by_its_place(
    tmp_path: Path, text: str | None, place: str
) -> None:
    if text is not None:
        (tmp_path / "co.yaml").write_text(text)
    with pytest.raises(SettingsError) as raised:
        settings(lambda document: document.update(labels={"policy": ["co.yaml"]}), tmp_path)
    assert raised.value.rule == "settings.labels"
    assert raised.value.issues[0].path.startswith(place)


def test_names_that_tell_by_themselves_are_read_as_such() -> None:
    found = settings(lambda document: document.update(labels={"programs": {"Larkrise House": ["SUD"]}}))
    told = found.label_text.by_text("He was seen at Larkrise House.")
    assert [finding.labels for finding in told] == [("SUD",)]
    assert settings().label_text.by_text("He was seen at Larkrise House.") == ()


@pytest.mark.parametrize("names", [{"Larkrise House": ["SUDD"]}, {"Larkrise House": []}, {"--": ["SUD"]}])
def test_a_name_leads_to_codes_that_exist(names: dict[str, list[str]]) -> None:
    assert "labels.programs" in refused(lambda document: document.update(labels={"programs": names}))


def test_another_reader_of_texts_is_loaded_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "quillwort_reader.py").write_text(
        "from mappings.labels.text import Span\n"
        "def read(text):\n"
        "    at = text.find('quillwort')\n"
        "    if at >= 0:\n"
        "        yield Span(kind='treatment', labels=('PSY',), grade='certain', start=at, end=at + 9)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = settings(lambda document: document.update(labels={"readers": ["quillwort_reader:read"]}))
    assert [one.labels for one in found.label_text.by_text("Takes quillwort and Suboxone.")] == [
        ("SUD", "OPIOIDUD"),
        ("PSY",),
    ]


@pytest.mark.parametrize("reader", ["no_such_module_of_ours:read", "json:no_such_function"])
def test_a_reader_that_cannot_be_loaded_stops_the_start(reader: str) -> None:
    with pytest.raises(SettingsError) as raised:
        settings(lambda document: document.update(labels={"readers": [reader]}))
    assert (raised.value.rule, raised.value.issues[0].path) == ("settings.labels", "labels.readers")


@pytest.mark.parametrize("reader", ["json", "json:dumps; x", ":dumps"])
def test_a_reader_is_named_by_module_and_function(reader: str) -> None:
    assert "labels.readers" in refused(lambda document: document.update(labels={"readers": [reader]}))


def test_organizations_are_known_by_every_name_for_a_provenance() -> None:
    def change(document: Document) -> None:
        document["organization"][2]["identifiers"] = [{"system": "urn:npi", "value": "1"}]

    known = settings(change).postures()
    assert known["Organization/sunrise"] == known["urn:npi|1"] == "part2-program"
