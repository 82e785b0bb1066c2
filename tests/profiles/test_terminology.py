"""Code systems, value sets and ConceptMaps of the package: every code is there, and they say what the code does."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, get_args

import pytest

import mappings
import profiles
from hub.loop import reply
from hub.records import AlarmKind, HoldState, RestrictionState
from hub.release.purpose import LOCAL
from mappings import incident
from mappings.apco import APCO_DISPOSITIONS, incident_types
from mappings.cad import persons
from mappings.codes import FIELD_DISPOSITIONS, REFERRAL_SERVICES
from mappings.fhir.bundle import FIELD_CONTACT
from mappings.fhir.document_reference import _TITLES
from mappings.fhir.encounter import DISCHARGE
from mappings.fhir.observation import FIELD_OBSERVATIONS
from mappings.fhir.revocation import CONSENT_REVOKED
from mappings.found import Rule as Found
from mappings.hl7v2 import answer, clinical, people, request
from mappings.labels.vocabulary import FAMILY_SENSITIVE, ORIGIN_UNKNOWN
from mappings.packs.pack import load_pack
from mappings.packs.tables import Table
from mappings.partner import Partner
from profiles.compile import DIGEST, PACKAGE, digest
from profiles.issue import RULES
from profiles.rules import Rule as Checked
from tests.profiles.code_lists import PACKS, codes, has
from tests.profiles.issue_rules import ROOT, issue_rules, rules_in
from tests.profiles.shorthand import MADE, TERMINOLOGY

OURS = f"{profiles.CANONICAL}/CodeSystem/"
VALUE_SETS = profiles.canonicals("ValueSet")
MAPS = profiles.canonicals("ConceptMap")

#: Value sets with a code known from a secondary source alone: never bound by required strength.
UNVERIFIED = {f"{profiles.CANONICAL}/ValueSet/screening-panels"}


def concepts(name: str) -> dict[str, str]:
    """The codes of a system of ours with their displays."""
    return {c["code"]: c.get("display", "") for c in profiles.load(OURS + name)["concept"]}


def mapped(name: str) -> dict[str, list[str]]:
    """A ConceptMap as source code to target codes; a code without a match has none."""
    return {
        element["code"]: [t["code"] for t in element["target"] if t["equivalence"] != "unmatched"]
        for group in profiles.load(f"{profiles.CANONICAL}/ConceptMap/{name}")["group"]
        for element in group["element"]
    }


def one_to_one(name: str) -> dict[str, str]:
    """The matches of a ConceptMap that has at most one for a code."""
    found = mapped(name)
    assert all(len(targets) <= 1 for targets in found.values())
    return {source: targets[0] for source, targets in found.items() if targets}


def test_the_package_was_made_from_this_shorthand() -> None:
    """Else: `python -m profiles.compile`."""
    assert (PACKAGE / DIGEST).read_text().strip() == digest()


@pytest.mark.parametrize("name", MADE)
def test_shorthand_that_is_made_from_the_code_is_up_to_date(name: str) -> None:
    """Else: `python -m tests.profiles.shorthand`."""
    assert (TERMINOLOGY / name).read_text() == MADE[name]()


# --- code systems


@pytest.mark.parametrize("url", profiles.canonicals("CodeSystem"))
def test_each_code_says_what_it_means(url: str) -> None:
    system = profiles.load(url)
    listed = system.get("concept", [])
    assert len({c["code"] for c in listed}) == len(listed) == system.get("count", len(listed))
    assert bool(listed) is (system["content"] != "not-present")
    if system["content"] == "complete":
        for concept in listed:
            assert concept["display"]
            assert concept["definition"][-1] in ".)" or url.endswith("apco-incident-type")
    else:
        assert "stand" in system["description"]  # where the words are


@pytest.mark.parametrize(
    ("name", "emitted"),
    [
        ("field-disposition", FIELD_DISPOSITIONS),
        ("field-observation", {code: display for code, (_, display) in FIELD_OBSERVATIONS.items()}),
        ("narrative-kind", _TITLES),
        ("apco-incident-type", {row.code: row.name for row in incident_types().values()}),
    ],
)
def test_codes_and_displays_are_those_of_the_code(name: str, emitted: Mapping[str, str]) -> None:
    assert concepts(name) == dict(emitted)


def choices(record: Any, field: str) -> set[str]:
    """The values of a Literal field of the Incident, with or without None."""
    annotation: Any = re.search(r"Literal\[(.*?)\]", str(record.__annotations__[field]), re.DOTALL)
    return set(re.findall(r"[\"']([^\"']+)[\"']", annotation[1]))


def business_statuses() -> set[str]:
    """Our business status codes in the code, and what the hub starts with."""
    known = {code for code in concepts("task-business-status") if "coding" in reply._business(code)}
    return known | {"created", "cancelled"}


@pytest.mark.parametrize(
    ("name", "emitted"),
    [
        ("contact-mode", choices(incident.Contact, "mode")),
        ("unit-kind", choices(incident.Unit, "kind")),
        ("incident-link", choices(incident.Link, "kind")),
        ("caution-severity", choices(incident.Caution, "severity")),
        ("call-type-stage", {"initial", "final"}),
        ("staff-role", set(get_args(incident.StaffRole))),
        ("police-purpose-of-use", set(LOCAL)),
        ("label", {ORIGIN_UNKNOWN, FAMILY_SENSITIVE}),
        ("label-basis", {"code", "text", "reference", "contained", "inline", "origin", "policy"}),
        ("apco-disposition", set(APCO_DISPOSITIONS)),
        ("task-business-status", business_statuses()),
        (
            "message-event",
            {"referral-response"}
            | {e.rpartition("|")[2] for e in (Partner().event, Partner().update_event, FIELD_CONTACT, CONSENT_REVOKED)},
        ),
    ],
)
def test_codes_are_those_of_the_code(name: str, emitted: set[str]) -> None:
    assert set(concepts(name)) == emitted


def test_every_business_status_of_the_loop_is_published() -> None:
    source = (ROOT / "hub" / "loop" / "reply.py").read_text().partition("def _business")[2].partition("}")[0]
    written = set(re.findall(r'"([a-z-]+)"', source))
    assert {"delivered", "no-show"} <= written <= set(concepts("task-business-status"))
    assert set(reply._APPOINTMENT.values()) <= written


def audit_kinds() -> Iterator[str]:
    """The kinds of events that the hub audits: `audit(kind=...)`; those made of a state or a kind are spelt out."""
    parts = {
        "consent": {"captured", "revoked", "ended"},
        "hold": set(get_args(HoldState)) - {"open"},
        "restrictions": set(get_args(RestrictionState)),
        "alarm": set(get_args(AlarmKind)),
        "investigation": {"found", "settled", "reported"},
        "legal-hold": {"placed", "lifted"},
        "account": {"added", "reset", "roles", "locked", "unlocked", "removed"},
        "credential": {"issued", "rotated", "revoked"},
        "disclosures": {"accounting", "intermediary"},
        "destination": {"paused", "drained", "resumed"},
        "key": {"rotated", "rewrapped", "retired", "root-changed"},
        "console": {"codes", "holds", "message", "print"},
    }
    for file in sorted((ROOT / "hub").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "audit":
                kind = next(word.value for word in node.keywords if word.arg == "kind")
                if isinstance(kind, ast.Constant):
                    yield str(kind.value)
                else:
                    assert isinstance(kind, ast.JoinedStr)
                    assert isinstance(kind.values[0], ast.Constant)
                    family = str(kind.values[0].value).removesuffix(".")
                    yield from (f"{family}.{part}" for part in parts[family])


def test_every_audited_kind_is_published() -> None:
    assert set(audit_kinds()) == set(concepts("audit-kind"))


def test_every_system_of_ours_that_the_code_names_is_published() -> None:
    """By its url, or as `{OURS}/CodeSystem/name` under a constant for the base."""
    base = rf"(?:{re.escape(profiles.CANONICAL)}|\{{OURS\}}|\{{_OURS\}})/CodeSystem/([a-z0-9-]+)"
    named = {
        found
        for package in ("hub", "mappings", "profiles", "samples/ehr")
        for file in (ROOT / package).rglob("*.py")
        for found in re.findall(base, file.read_text())
    }
    assert len(named) > 15
    assert sorted(named - {url.removeprefix(OURS) for url in profiles.canonicals("CodeSystem")}) == []


def codings(value: Any) -> Iterator[tuple[str, str]]:
    """Every system and code in a JSON value."""
    if isinstance(value, dict):
        if isinstance(value.get("system"), str) and isinstance(value.get("code"), str):
            yield value["system"], value["code"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from codings(one)


def test_every_code_of_ours_in_the_samples_is_published() -> None:
    seen: set[tuple[str, str]] = set()
    for file in sorted((ROOT / "samples").rglob("expected.*.json")):
        seen.update(coding for coding in codings(json.loads(file.read_text())) if coding[0].startswith(OURS))
    assert len({system for system, _ in seen}) > 10
    assert [coding for coding in sorted(seen) if not has(*coding)] == []


# --- rules of issues


def test_every_rule_of_the_samples_is_published() -> None:
    seen = set()
    for file in sorted((ROOT / "samples").rglob("expected.issues.json")):
        written = json.loads(file.read_text())
        for found in written if isinstance(written, list) else [written]:
            seen |= {code for system, code in codings(found) if system == RULES}
            seen |= {gated["rule"] for kind in ("dropped", "held") for gated in found.get(kind, ())}
    assert len(seen) > 20
    assert sorted(seen - set(concepts("issue-rule"))) == []


def test_every_rule_that_a_module_holds_is_gathered() -> None:
    """Found another way than the gatherer finds them: the modules are imported, and their Rules are looked at."""
    held = set()
    for package in (mappings, profiles):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if ".sources" not in module.name:
                found = vars(import_module(module.name)).values()
                held |= {one.rule for one in found if isinstance(one, Found | Checked)}
    assert len(held) > 80
    assert held <= set(issue_rules())


def test_rules_are_found_with_their_words() -> None:
    source = """
raise ReadError("read.this", "said here", path="a.b")
TABLE = {"read.that": ("warning", "told there"), "log.not-this": "no rule"}
Issue(severity="error", rule="answer.made", path="", text="also told")
log.warning("hub.away")
"""
    assert dict(rules_in(ast.parse(source))) == {
        "read.this": ["said here"],
        "read.that": ["told there"],
        "answer.made": ["also told"],
    }


# --- value sets


@pytest.mark.parametrize("url", VALUE_SETS)
def test_every_code_of_a_value_set_is_in_its_system(url: str) -> None:
    for include in profiles.load(url)["compose"]["include"]:
        for inner in include.get("valueSet", ()):
            assert inner in VALUE_SETS or not inner.startswith(profiles.CANONICAL)
        if "system" not in include:
            continue
        listed = [concept["code"] for concept in include.get("concept", ())]
        assert [code for code in listed if not has(include["system"], code)] == []
        assert len(set(listed)) == len(listed)
        if include["system"] == "http://snomed.info/sct":
            assert not any("display" in concept for concept in include.get("concept", ()))
        if not listed:  # the whole system
            assert (
                include["system"] in profiles.canonicals("CodeSystem")
                or "filter" in include
                or codes(include["system"])
            )


def bindings() -> Iterator[tuple[str, str, str]]:
    """Profile, value set and strength of each binding that a profile of ours makes or takes over."""
    for url in profiles.canonicals("StructureDefinition"):
        for element in profiles.load(url)["snapshot"]["element"]:
            if "valueSet" in element.get("binding", {}):
                yield url, element["binding"]["valueSet"].partition("|")[0], element["binding"]["strength"]


def test_what_profiles_bind_to_is_published_and_verified() -> None:
    for _, value_set, strength in bindings():
        if value_set.startswith(profiles.CANONICAL):
            assert value_set in VALUE_SETS
            assert strength != "required" or value_set not in UNVERIFIED


# --- ConceptMaps


@pytest.mark.parametrize("url", MAPS)
def test_every_code_of_a_map_is_in_its_system(url: str) -> None:
    found = profiles.load(url)
    for side in ("sourceCanonical", "targetCanonical"):
        assert found.get(side) is None or found[side] in VALUE_SETS
    for group in found["group"]:
        sources = [element["code"] for element in group["element"]]
        assert [code for code in sources if not has(group["source"], code)] == []
        assert len(set(sources)) == len(sources)
        for element in group["element"]:
            for target in element["target"]:
                if target["equivalence"] == "unmatched":
                    assert "code" not in target
                    assert target["comment"]
                else:
                    assert has(group["target"], target["code"])


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("field-disposition-to-discharge-disposition", "field-disposition"),
        ("field-disposition-to-apco-disposition", "field-disposition"),
        ("field-disposition-to-bha-legal-status", "field-disposition"),
        ("task-business-status-to-bser", "task-business-status"),
        ("ncic-sex-to-administrative-gender", "ncic-sex"),
        ("ncic-race-to-omb-race", "ncic-race"),
        ("ucr-ethnicity-to-omb-ethnicity", "ucr-ethnicity"),
    ],
)
def test_a_map_of_a_whole_list_leaves_no_code_out(name: str, whole: str) -> None:
    assert set(mapped(name)) == set(concepts(whole))


@pytest.mark.parametrize(
    ("name", "done"),
    [
        ("field-disposition-to-discharge-disposition", lambda: DISCHARGE),
        ("referral-service-to-snomed", lambda: dict(REFERRAL_SERVICES)),
        ("administrative-gender-to-v2-0001", lambda: people._SEX),
        ("observation-status-to-v2-0085", lambda: clinical.STATUS),
        (
            "request-priority-to-v2-0280",
            lambda: {code: cwe[0] for code, cwe in request.PRIORITY.items() if cwe[2] == "HL70280"},
        ),
        (
            "v2-0283-to-task-status",
            lambda: {code: "requested" if said == "pending" else said for code, said in answer._DECISION.items()},
        ),
        (
            "v2-0003-to-task-business-status",
            lambda: {kind[4:]: reply._APPOINTMENT[what] for kind, what in answer._SCHEDULE.items()},
        ),
        ("ncic-sex-to-administrative-gender", lambda: first(persons._SEX_CODES)),
        ("ncic-race-to-omb-race", lambda: first(persons._RACE_CODES)),
        ("ucr-ethnicity-to-omb-ethnicity", lambda: first(persons._ETHNICITY_CODES)),
    ],
)
def test_a_map_says_what_the_code_does(name: str, done: Callable[[], dict[str, str]]) -> None:
    assert one_to_one(name) == done()


def first(table: Mapping[str, tuple[incident.Code, ...]]) -> dict[str, str]:
    """A reader's table as code to the one code it is mapped to."""
    return {code: given[0].code for code, given in table.items()}


def test_a_receipt_is_delivered_and_nothing_more() -> None:
    """MSA-1 AA and CA are the receipts (hub.delivery.hl7v2); no other code is one."""
    assert one_to_one("v2-0008-to-task-business-status") == {"AA": "delivered", "CA": "delivered"}


@pytest.mark.parametrize("url", [url for url in MAPS if "-cad-" in url])
def test_a_public_packs_table_is_as_the_pack_reads_it(url: str) -> None:
    source = profiles.load(url)["group"][0]["source"]
    pack = load_pack(source.removeprefix(PACKS).partition("/")[0])
    table = next(one for one in pack.tables.values() if isinstance(one, Table) and one.system == source)
    assert one_to_one(url.rpartition("/")[2]) == {e.code: e.mapped[0].code for e in table.entries if e.mapped}


def test_no_apco_code_becomes_a_hold() -> None:
    assert not any("emergency-hold" in targets for targets in mapped("apco-disposition-to-field-disposition").values())


def test_the_file_of_an_artefact_is_its_url() -> None:
    for file in sorted(Path(PACKAGE).glob("*-*.json")):
        if file.name.partition("-")[0] in profiles.KINDS:
            found = json.loads(file.read_text())
            assert found["url"] == f"{profiles.CANONICAL}/{found['resourceType']}/{found['id']}"
            assert file.name == f"{found['resourceType']}-{found['id']}.json"
