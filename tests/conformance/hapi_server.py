"""`hapi-server`: our transactions and messages against a HAPI FHIR JPA server that validates what is written.

The server is HAPI's own storage over a database in memory, with our package installed by HAPI's installer and the
packages that it builds on beside it. Unlike Medplum's router it refuses what is not valid, rolls back, and searches by
SearchParameters that a package brings.
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mappings.fhir.consent import PART2_ELEMENTS
from mappings.fhir.revocation import revocation
from mappings.partner import GENERIC
from mappings.render import render
from profiles import CANONICAL
from profiles.package_file import FILE, NAME, VERSION, artefacts, package
from tests.conformance.definitions import US_CORE
from tests.conformance.faults import VALID
from tests.conformance.hl7_validator import definitions, planted
from tests.conformance.java import Program, program
from tests.conformance.outcome import Outcome, judged
from tests.conformance.outputs import MESSAGES, Json, outputs
from tests.conformance.peer import Server, controls, count, stored, updated, why

PROJECT = "hapi-server"

_BASE = "/fhir"
_DS4P = '"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/'
_AT = "2026-01-20T12:00:00Z"
#: What HAPI's installer puts into the store; the other kinds it keeps in the package.
_INSTALLED = ("StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap", "SearchParameter")


def _extension(element: Json, name: str) -> list[Json]:
    return [
        one for one in element.get("extension", ()) if one["url"] in (name, f"{CANONICAL}/StructureDefinition/{name}")
    ]


def _parts(resource: Json, outer: str, inner: str, value: str) -> Iterator[str]:
    for extension in _extension(resource, outer):
        for part in _extension(extension, inner):
            yield str(part[value])


def _final_types(encounter: Json) -> Iterator[str]:
    for reason in encounter.get("reasonCode", ()):
        if any(one.get("valueCode") == "final" for one in _extension(reason, "call-type-stage")):
            for coding in reason.get("coding", ()):
                yield f"{coding['system']}|{coding['code']}"


#: Of each SearchParameter of ours: its type, the searches that must find a resource, and one that must find none.
_SEARCHES: dict[str, tuple[str, Callable[[Json], Iterator[str]], str]] = {
    "call-type-final": ("Encounter", _final_types, "nothing"),
    "call-received": (
        "Encounter",
        lambda one: _parts(one, "call-times", "received", "valueDateTime"),
        "lt1990-01-01",
    ),
    "unit": ("Encounter", lambda one: _parts(one, "unit-times", "unit", "valueString"), "nothing"),
    "police-beat": ("Location", lambda one: (e["valueString"] for e in _extension(one, "police-beat")), "nothing"),
    "respond-by": (
        "Task",
        lambda one: iter([f"le{one['restriction']['period']['end']}"] if "restriction" in one else []),
        "gt2999-01-01",
    ),
    "caution-severity": ("Flag", lambda one: (e["valueCode"] for e in _extension(one, "caution-severity")), "nothing"),
    "expiry-event": ("Consent", lambda one: _parts(one, PART2_ELEMENTS, "expiryEvent", "valueString"), "nothing"),
}


@contextmanager
def _running(engine: Program, *, tags: str) -> Iterator[Server]:
    """The server, with its ways of keeping labels: `INLINE` in the resource, `VERSIONED` (its default) apart."""
    given = [one for one in definitions(US_CORE[0]) if not one["url"].startswith(f"{CANONICAL}/")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "definitions").write_text("".join(f"{json.dumps(one)}\n" for one in given))
        (folder / FILE).write_bytes(package(artefacts(), {}))
        server = Server(
            engine.command("Serve", str(folder / "definitions"), str(folder / FILE), NAME, VERSION, tags=tags)
        )
        try:
            yield server
        finally:
            server.close()


def check() -> Outcome:
    """What `medplum_server` checks, and: faults refused, nothing left of a failed transaction, our own searches."""
    engine = program(PROJECT)
    problems: list[str] = []
    sent = resources = found = messages = ended = 0
    searched: Counter[str] = Counter()
    with _running(engine, tags="INLINE") as server:
        problems += _installed(server)
        problems += _refused(server)

        def empty() -> str:
            _emptied(server)
            return _BASE

        for output in outputs():
            forms = [("transaction", output.bundle)]
            forms += [(f"referral {number}", bundle) for number, bundle in enumerate(output.referrals, 1)]
            for form, bundle in forms:
                wrong, hits = stored(server, empty(), render(bundle, GENERIC))
                wrong += _searched_by_ours(server, bundle, searched)
                if form != "transaction":
                    wrong += updated(server, _BASE, render(bundle, GENERIC, update=True))
                    told, revoked = _ended(server, bundle)
                    wrong, ended = wrong + told, ended + revoked
                    told, kept = _messages(server, bundle)
                    wrong, messages = wrong + told, messages + kept
                problems += [f"{output.name} {form}: {one}" for one in wrong]
                sent, resources, found = sent + 1, resources + len(bundle["entry"]), found + hits
        problems += controls(server, empty)
        problems += _rolled_back(server, empty())
        status, _ = server.call("POST", f"{_BASE}/$process-message", {"resourceType": "Bundle", "type": "message"})
    problems += _apart(engine)
    problems += [f"no sample has what {code} finds: it was not tried" for code in _SEARCHES if not searched[code]]
    hapi = engine.library("hapi-fhir-jpaserver-base")
    faulty = sum(wrong for *_, wrong in planted(US_CORE[0]))
    detail = (
        f"HAPI FHIR JPA server {hapi}, validating on write: our package installed; {sent} transactions of {resources} "
        f"resources accepted, read back equal, references resolved, {found} found by identifier and by patient, "
        f"{searched.total()} by {len(searched)} SearchParameters of ours; a resend and an update made none anew; "
        f"{messages} message Bundles and {ended} revocations taken; {faulty} of {faulty} planted faults refused"
    )
    facts = (
        f"Server: hapi-fhir-jpaserver-base {hapi} over H2 in memory on Java {engine.version}, on loopback, as it is by "
        "default but for this: full text is off; a search is always made anew; tags are stored inline; of a "
        "CodeableConcept one coding has to be in a required value set, as R4 has it, where HAPI asks for each of them.",
        "Started again with its default, where tags are stored apart from the resource: it keeps the system and the "
        "code of a label and drops the label's extensions (basis, classifier, artifact). Nothing else differs.",
        f"Installed by its package installer: {NAME} {VERSION}, as `handoff profiles build` writes it. Beside it for "
        f"its validator: US Core {US_CORE[0]}, Gravity, DS4P, and the code systems of HL7 terminology.",
        "Every request with a body is validated with HL7's engine, profiles and bindings too; an error refuses it.",
        "Our SearchParameters: " + ", ".join(f"{code} {number}" for code, number in sorted(searched.items())) + ".",
        "Messages are stored as Bundles, validated whole.",
        "Order of meta.profile and meta.security is not kept by it, and has no meaning in R4.",
        "Controls: without ifNoneExist a resend does double; a reference to a missing entry is refused; a transaction "
        "whose last entry refers to what is not there leaves nothing of the others.",
    )
    if status < 400:
        problems.append("$process-message was answered: try it")
    not_run = (f"$process-message: this server answers {status}, as it carries out no messages",)
    return judged(PROJECT, detail, problems, facts, not_run=not_run)


def _total(server: Server, kind: str) -> int:
    return int(server.call("GET", f"{_BASE}/{kind}?_summary=count")[1].get("total", 0))


def _installed(server: Server) -> list[str]:
    """What of the package is not in the store, and each SearchParameter that the server does not say it has."""
    ours = Counter(one["resourceType"] for one in artefacts().values())
    wrong = [
        f"of {ours[kind]} {kind} of the package, {there} are installed"
        for kind in _INSTALLED
        if (there := _total(server, kind)) != ours[kind]
    ]
    (rest,) = server.call("GET", f"{_BASE}/metadata")[1]["rest"]
    said = {(one["type"], param["name"]) for one in rest["resource"] for param in one.get("searchParam", ())}
    return wrong + [
        f"the server does not offer {code} of {kind}"
        for code, (kind, *_) in _SEARCHES.items()
        if (kind, code) not in said
    ]


def _refused(server: Server) -> list[str]:
    """Each planted fault that it takes, and each valid resource that it refuses."""
    wrong = []
    status, answer = server.call("POST", f"{_BASE}/Patient", VALID["Patient"])
    patient = f"Patient/{answer.get('id')}"
    for name, resource, faulty in planted(US_CORE[0]):
        sent = json.dumps(resource).replace('"Patient/1"', f'"{patient}"').encode()
        status, answer = server.call("POST", f"{_BASE}/{resource['resourceType']}", sent)
        if (status == 201) == faulty:
            wrong.append(f"{name}: answered {status}{why(answer)}")
    return wrong


def _emptied(server: Server) -> None:
    """Deletes what was sent: one transaction, so that what refers to each other goes together."""
    kinds = {entry["resource"]["resourceType"] for output in outputs() for entry in output.bundle["entry"]}
    entries = []
    for kind in sorted({*kinds, "Bundle"}):
        held = server.call("GET", f"{_BASE}/{kind}?_count=1000&_elements=id")[1].get("entry", ())
        entries += [{"request": {"method": "DELETE", "url": f"{kind}/{one['resource']['id']}"}} for one in held]
    if entries:
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        status, answer = server.call("POST", f"{_BASE}/", bundle)
        if status != 200:
            raise RuntimeError(f"the store was not emptied: {status}{why(answer)}")


def _searched_by_ours(server: Server, bundle: Json, searched: Counter[str]) -> list[str]:
    """Each resource by each of our SearchParameters that it has a value for: it is found, and not by another value."""
    wrong = []
    for code, (kind, queries, never) in _SEARCHES.items():
        for entry in bundle["entry"]:
            resource = entry["resource"]
            if resource["resourceType"] != kind:
                continue
            numbers = {one["value"] for one in resource.get("identifier", ())}
            for query in queries(resource):
                searched[code] += 1
                if not numbers & _numbers(server, kind, code, query):
                    wrong.append(f"{kind} was not found by {code}")
                if numbers & _numbers(server, kind, code, never):
                    wrong.append(f"{kind} was found by a {code} that it does not have")
    return wrong


def _numbers(server: Server, kind: str, code: str, query: str) -> set[str]:
    _, answer = server.call("GET", f"{_BASE}/{kind}?{code}={quote(query)}")
    return {number["value"] for hit in answer.get("entry", ()) for number in hit["resource"].get("identifier", ())}


def _messages(server: Server, bundle: Json) -> tuple[list[str], int]:
    """The referral's messages, stored as Bundles; what is refused, and how many are taken."""
    wrong, taken = [], 0
    for update in (False, True):
        status, answer = server.call("POST", f"{_BASE}/Bundle", render(bundle, MESSAGES, update=update))
        if status == 201:
            taken += 1
        else:
            wrong.append(f"the message was answered {status}{why(answer)}")
    return wrong, taken


def _ended(server: Server, bundle: Json) -> tuple[list[str], int]:
    """Each Consent of what is stored is taken back by the notice of its revocation, and none is made anew."""
    wrong, ended = [], 0
    for entry in bundle["entry"]:
        consent = entry["resource"]
        if consent["resourceType"] != "Consent":
            continue
        before = count(server, _BASE, [entry])
        notice = revocation(consent, GENERIC, bundle_id=f"notice-{consent['id']}", at=_AT)
        status, answer = server.call("POST", f"{_BASE}/", notice)
        if status != 200:
            wrong.append(f"the notice of a revocation was answered {status}{why(answer)}")
            continue
        place = answer["entry"][0]["response"]["location"].partition("/_history")[0]
        held = server.call("GET", f"{_BASE}/{place}")[1]
        if held.get("status") != "inactive" or count(server, _BASE, [entry]) != before:
            wrong.append("the notice of a revocation did not end the Consent that is there")
        ended += 1
    return wrong, ended


def _apart(engine: Program) -> list[str]:
    """With HAPI's default storage of tags: what differs from what was sent, beside the extensions of labels."""
    labelled = next(one for one in outputs() if '"extension-sec-label' in json.dumps(one.bundle).replace(_DS4P, '"'))
    bundle = copy.deepcopy(labelled.bundle)
    for entry in bundle["entry"]:
        for label in entry["resource"].get("meta", {}).get("security", ()):
            label.pop("extension", None)
    with _running(engine, tags="VERSIONED") as server:
        whole, _ = stored(server, _BASE, render(labelled.bundle, GENERIC))
        _emptied(server)
        bare, _ = stored(server, _BASE, render(bundle, GENERIC))
    wrong = [f"tags apart, labels without extensions: {one}" for one in bare]
    wrong += [f"tags apart: {one}" for one in whole if not one.endswith("came back different in meta")]
    return wrong if whole else [*wrong, "tags apart: the labels' extensions are kept now; say so"]


def _rolled_back(server: Server, base: str) -> list[str]:
    """A transaction that fails after its first entries leaves nothing; a control of what `stored` takes for granted."""
    bundle: Any = json.loads(render(next(one for one in outputs() if one.referrals).bundle, GENERIC))
    broken = copy.deepcopy(bundle)
    for entry in broken["entry"]:
        if entry["resource"]["resourceType"] == "Task":
            entry["resource"]["owner"] = {"reference": "Organization/nobody-has-this"}
    status, _ = server.call("POST", f"{base}/", broken)
    if status < 400:
        return ["a reference to what is not there was taken"]
    return ["a failed transaction left something"] if count(server, base, bundle["entry"]) else []
