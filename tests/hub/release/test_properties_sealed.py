"""What leaves, in every form of destination, over generated Bundles, origins and consents.

A scan of its own, which shares no code with the seal, finds nothing of what was withheld; what leaves is what an input
gives from which the withheld was deleted; and the released Bundle validates. `make proof` runs many more of the same.
"""

from __future__ import annotations

import base64
import binascii
import copy
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.console import paper
from hub.release import Context, Outcome, Party, release
from mappings.fhir.profile import still_claiming
from mappings.labels import Origin
from mappings.partner import GENERIC, Partner
from mappings.render import media_type, render
from profiles.check import check
from tests.proof.examples import examples

Json = dict[str, Any]

SAMPLE = Path(__file__).parents[3] / "samples" / "incident" / "contact-form-referral" / "expected.bundle.json"
WHOLE: Json = orjson.loads(SAMPLE.read_bytes())
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CENTER = Origin(reference="Organization/center", role="covered-entity")
PROGRAM = Origin(reference="Organization/otp", role="part2-program")
PATIENT = next(each["fullUrl"] for each in WHOLE["entry"] if each["resource"]["resourceType"] == "Patient")
WHO = Context(
    discloser=Party(reference="Organization/center", role="covered-entity"),
    recipient=Party(reference="Organization/mhc", role="covered-entity", duties=frozenset({"treating"})),
    purpose="TREAT",
    patient=PATIENT,
    at=datetime(2026, 6, 1, tzinfo=UTC),
)

_V2 = replace(GENERIC, form="hl7v2", notice="nte", scope="nte", receiving_application="EHR")
EVERY = ("pd1-12", "pv1-16", "orc-28", "txa-18", "dg1-18", "zseg", "msh-8", "arv")
#: Every form that a destination takes. Paper is printed of the released Bundle.
FORMS: dict[str, Partner] = {
    "transaction": GENERIC,
    "message": replace(GENERIC, form="message"),
    "ref": replace(_V2, labels=EVERY),
    "omg": replace(_V2, messages=("OMG^O19",)),
    "orm": replace(_V2, messages=("ORM^O01",), version="2.4"),
    "adt+mdm": replace(_V2, messages=("ADT^A28", "MDM^T02"), version="2.6", labels=EVERY),
    "paper": replace(GENERIC, notice="document", scope="document"),
}

# ── generated cases ───────────────────────────────────────────────────────────────────────────────────────────────

#: What a referral can do without: each may be somebody's whose record may not go.
LEAVES = ("Observation", "DocumentReference", "Flag", "RelatedPerson", "Condition", "Consent")
#: What may say something of another record: by a reference, and in words.
POINTING = {"ServiceRequest": "supportingInfo", "Observation": "derivedFrom", "Encounter": "reasonReference"}
#: What R4 lets those refer to; supportingInfo may be anything.
POINTED = {"Observation": ("Observation", "DocumentReference"), "Encounter": ("Observation", "Condition")}
SAYING = {"ServiceRequest": "note", "Observation": "note", "Task": "note"}
#: What a component is about. A code, since words of its own would be repeated by each that has them.
TOLD = {"system": "http://loinc.org", "code": "8251-1"}
#: Marks and letters that each form writes in its own way.
WORDS = (
    'say "{}" twice',
    "{} & <b>{}</b>",
    "a\\b {}|^~&#",
    "Łódź-{} naïve 💊",
    "{}",
    "line\r\n{}\tend",
    "%7B{}%7D \\X0D\\",
)


@dataclass(frozen=True, kw_only=True)
class Planted:
    """Something in `host` that tells of the record `target`: a reference with its words, or words alone."""

    host: str
    target: str
    value: Json


@dataclass(frozen=True, kw_only=True, repr=False)
class Case:
    """A Bundle in its parts, so that the same can be made without any of its records."""

    entries: tuple[Json, ...]
    origins: tuple[Origin | None, ...]
    planted: tuple[Planted, ...]
    #: Of each record, by its fullUrl, words that nobody else has, with the whole value that they are a part of.
    tokens: dict[str, tuple[tuple[str, str], ...]]
    consents: tuple[Json, ...]
    form: str

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def __repr__(self) -> str:
        """What matters of it: whole Bundles are too long to be read."""
        kinds = {each["fullUrl"]: f"{each['resource']['resourceType']}/{each['fullUrl'][-4:]}" for each in self.entries}
        whose = [
            f"{kinds[each['fullUrl']]} of {origin.role if origin else None}"
            for each, origin in zip(self.entries, self.origins, strict=True)
            if origin is not CENTER
        ]
        told = [(kinds[one.host], kinds[one.target], one.value) for one in self.planted]
        tokens = {kinds[url]: words for url, words in self.tokens.items()}
        return f"Case({self.form}, {whose}, {told}, {tokens}, {[one['id'] for one in self.consents]})"


def condition(url: str) -> Json:
    resource = {
        "resourceType": "Condition",
        "id": url.removeprefix("urn:uuid:"),
        "clinicalStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
        },
        "subject": {"reference": PATIENT},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F33.1"}]},
    }
    return {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": "Condition"}}


CONDITIONS = [condition(f"urn:uuid:5d1c6a3e-7a01-8c44-9b1{n}-30c2f0a4d7e{n}") for n in range(2)]


def own_words(draw: st.DrawFn, resource: Json, token: str) -> list[tuple[str, str]]:
    """Puts words that nobody else has into a record, in several of its elements. Returns them with their values."""
    said = [f"{token}{turn}" for turn in "abcdef"]
    texts = [draw(st.sampled_from(WORDS)).replace("{}", one) for one in said]
    kind = resource["resourceType"]
    resource["identifier"] = [*resource.get("identifier", ()), {"system": "urn:oid:2.999.7", "value": said[0]}]
    if kind in ("Observation", "Condition"):
        code = resource["code"]
        code["text"] = texts[1]
        code["coding"] = [*code.get("coding", ()), {"system": "urn:oid:2.999.8", "code": said[2], "display": texts[2]}]
    elif kind == "RelatedPerson":
        resource["name"] = [{"family": said[1], "given": [said[2]], "text": texts[1]}]
    elif kind == "DocumentReference":
        resource["description"] = texts[1]
        data = base64.b64encode(texts[2].encode()).decode()
        resource["content"] = [
            {"attachment": {"contentType": "text/plain; charset=utf-8", "data": data, "title": texts[3]}}
        ]
    if kind in ("Observation", "Condition"):
        resource["note"] = [{"text": texts[4]}]
    if kind != "Flag" and draw(st.booleans()):
        resource["text"] = {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{html.escape(texts[5])}</div>',
        }
    written = [value for value in _strings(resource) if token in value]
    written += [texts[2]] if kind == "DocumentReference" else []
    return [(one, value) for one in said for value in written if one in value and "<div" not in value]


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _strings(one)


def consent(identity: str, provision: Json, kind: str = "42CFRPart2CD") -> Json:
    statements = ["revocationStatement", "redisclosureStatement", "refusalStatement", "hipaaRedisclosureStatement"]
    url = "https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements"
    parts = [{"url": "description", "valueString": "All that is known."}]
    return {
        "resourceType": "Consent",
        "id": identity,
        "status": "active",
        "category": [{"coding": [{"system": ACT, "code": kind}]}],
        "patient": {"reference": PATIENT},
        "dateTime": "2026-01-01",
        "performer": [{"reference": PATIENT}],
        "organization": [{"reference": "Organization/otp"}, {"reference": "Organization/center"}],
        "extension": [{"url": url, "extension": [*parts, *({"url": one, "valueBoolean": True} for one in statements)]}],
        "provision": {
            "period": {"end": "2026-12-31"},
            "actor": [{"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": "Organization/mhc"}}],
            "purpose": [{"code": "TREAT"}],
            **provision,
        },
    }


def refused(*labels: str) -> list[Json]:
    return [{"type": "deny", "securityLabel": [{"system": ACT, "code": code}]} for code in labels]


consents = st.lists(
    st.sampled_from(
        [
            consent("k1", {"type": "permit"}),
            consent("k2", {"type": "permit", "provision": refused("SUD")}),
            consent("k3", {"type": "permit", "provision": refused("MH", "HIV")}),
            consent("k4", {"type": "deny", "securityLabel": [{"system": ACT, "code": "HIV"}]}),
            consent("k5", {"type": "deny", "class": [{"system": "urn:x", "code": "Flag"}]}),
        ]
    ),
    max_size=2,
    unique_by=lambda one: one["id"],
)
#: What a note may hold that a consent may refuse.
TELLING = ("He takes methadone each morning, {}.", "HIV positive since March, {}.", "Seen twice, {}.")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    entries: list[Json] = []
    for each in copy.deepcopy(WHOLE["entry"] + CONDITIONS):
        kind = each["resource"]["resourceType"]
        if kind not in LEAVES or draw(st.integers(0, 2)) == 0:
            entries.append(each)
    have = {each["fullUrl"] for each in entries}
    left = [each["fullUrl"] for each in WHOLE["entry"] if each["fullUrl"] not in have]
    entries = [{**each, "resource": deleted(each["resource"], set(left))} for each in entries]
    leaves = [each for each in entries if each["resource"]["resourceType"] in LEAVES]
    tokens: dict[str, tuple[str, ...]] = {}
    origins: dict[str, Origin | None] = {}
    for number, each in enumerate(leaves):
        resource = each["resource"]
        if resource["resourceType"] != "Consent" and draw(st.booleans()):
            tokens[each["fullUrl"]] = tuple(own_words(draw, resource, f"qv{number}zk{draw(st.integers(10, 99))}x"))
        origins[each["fullUrl"]] = draw(st.sampled_from([PROGRAM, PROGRAM, CENTER, None]))
    planted: list[Planted] = []
    for each in entries:
        kind, host = each["resource"]["resourceType"], each["fullUrl"]
        for target in (
            draw(st.lists(st.sampled_from(leaves), max_size=1)) if leaves and kind in (*SAYING, *POINTING) else ()
        ):
            if target is each:
                continue
            words = tokens.get(target["fullUrl"], ())
            value = draw(st.sampled_from(words))[1] if words else ""
            fits = target["resource"]["resourceType"] in POINTED.get(kind, LEAVES)
            if kind in POINTING and fits and draw(st.booleans()):
                reference: Json = {"reference": draw(st.sampled_from(names(target)))}
                if words and draw(st.booleans()):
                    reference["display"] = value
                planted.append(Planted(host=host, target=target["fullUrl"], value={POINTING[kind]: reference}))
            elif words and kind in SAYING:
                text = draw(st.sampled_from(WORDS)).replace("{}", value)
                said: Json = {SAYING[kind]: {"text": text}}
                if kind == "Observation" and draw(st.booleans()):
                    # beside a code, too, words are somebody's
                    said = {"component": {"code": {"coding": [TOLD]}, "valueString": text}}
                planted.append(Planted(host=host, target=target["fullUrl"], value=said))
        if kind in SAYING and draw(st.integers(0, 3)) == 3:
            token = f"tv{len(tokens)}n{len(tokens.get(host, ()))}yk{entries.index(each)}w"
            text = draw(st.sampled_from(TELLING)).replace("{}", token)
            each["resource"].setdefault("note", []).append({"text": text})
            tokens[host] = (*tokens.get(host, ()), (token, text))
    return Case(
        entries=tuple(entries),
        origins=tuple(origins.get(each["fullUrl"], CENTER) for each in entries),
        planted=tuple(planted),
        tokens=tokens,
        consents=tuple(draw(consents)),
        form=draw(st.sampled_from(sorted(FORMS))),
    )


def names(entry: Json) -> list[str]:
    return [entry["fullUrl"], f"{entry['resource']['resourceType']}/{entry['resource']['id']}"]


def deleted(node: Any, gone: set[str]) -> Any:
    """The same where those were never there: without a reference to any of them."""
    if isinstance(node, list):
        return [made for one in node if (made := deleted(one, gone)) not in ({}, [], None)]
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str) and node["reference"] in gone:
            return None
        made = {key: deleted(one, gone) for key, one in node.items()}
        return {key: one for key, one in made.items() if one not in ({}, [], None) or node[key] == one}
    return node


def bundle(case: Case, gone: frozenset[str] = frozenset()) -> tuple[Json, list[Origin | None]]:
    """The Bundle of a case, without those records and all that tells of them."""
    absent = {name for each in case.entries if each["fullUrl"] in gone for name in names(each)}
    entries: list[Json] = []
    origins: list[Origin | None] = []
    for each, origin in zip(case.entries, case.origins, strict=True):
        if each["fullUrl"] in gone:
            continue
        resource = each["resource"]
        # first what is planted, so that an element stands where it stands when nothing is taken from it
        for one in case.planted:
            if one.host == each["fullUrl"] and one.target not in gone:
                resource = resource | {key: [*resource.get(key, ()), value] for key, value in one.value.items()}
        if absent:
            # A source that never had it claims what is so without it.
            resource = still_claiming(deleted(resource, absent))
        entries.append({**each, "resource": resource})
        origins.append(origin)
    return {**WHOLE, "entry": entries}, origins


def go(made: Json, origins: list[Origin | None], case: Case) -> Outcome:
    partner = FORMS[case.form]
    return release(
        made,
        origins,
        WHO,
        case.consents,
        render=paper.render if case.form == "paper" else lambda one: render(one, partner),
        media_type="text/html" if case.form == "paper" else media_type(partner),
        partner=partner,
    )


# ── a scan of its own ─────────────────────────────────────────────────────────────────────────────────────────────


def readings(text: str, depth: int = 3) -> Iterator[str]:
    """A text and all that can be read in it: one reading of every escape, and one of every base64 run."""
    yield text
    if depth == 0:
        return
    undone = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text)
    undone = re.sub(
        r"\\X((?:[0-9A-Fa-f]{2})+)\\", lambda m: binascii.unhexlify(m[1]).decode("utf-8", "replace"), undone
    )
    undone = unquote(html.unescape(undone))
    if undone != text:
        yield from readings(undone, depth - 1)
    for run in re.findall(r"[A-Za-z0-9+/]{8,}={0,2}|[A-Za-z0-9_-]{8,}", text):
        padded = run.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            plain = base64.b64decode(padded + "=" * (-len(padded) % 4)).decode("utf-8")
        except (ValueError, binascii.Error):
            continue
        yield from readings(plain, depth - 1)


def hits(sent: bytes, words: set[str]) -> set[str]:
    """Which of the words are in the bytes, in any reading, whatever their case and the space and marks in them."""
    found: set[str] = set()
    for charset in ("utf-8", "latin-1"):
        for reading in readings(sent.decode(charset, "replace")):
            bare = re.sub(r"[\W_]+", "", reading).lower()
            found |= {word for word in words if re.sub(r"[\W_]+", "", word).lower() in bare}
    return found


@pytest.mark.parametrize(
    "sent",
    [
        b'{"text": "a QV1zk10xa"}',
        b'{"text": "\\u0071v1zk10xa"}',
        b"NTE|1||\\X717631\\zk10xa",
        base64.b64encode(b"of qv1zk10xa told"),
        json.dumps({"data": base64.b64encode(json.dumps({"x": "\u2603 qv1zk10xa"}).encode()).decode()}).encode(),
        b"<p>qv1<b>zk10</b>xa</p>".replace(b"<b>", b"-").replace(b"</b>", b" "),
        b"?q=%71v1zk10xa",
        b"<i>&#113;v1zk10xa</i>",
    ],
)
def test_the_scan_of_its_own_reads_every_form(sent: bytes) -> None:
    assert hits(sent, {"qv1zk10xa", "qv2zk10xa"}) == {"qv1zk10xa"}


# ── the properties ────────────────────────────────────────────────────────────────────────────────────────────────


@examples(60)
@given(case=cases())
def test_nothing_withheld_is_in_what_leaves_and_it_is_as_if_it_were_deleted(case: Case) -> None:
    made, origins = bundle(case)
    outcome = go(made, origins, case)
    if outcome.release is None or outcome.bundle is None:
        return
    urls = [each["fullUrl"] for each in case.entries]
    gone = frozenset(url for index, url in enumerate(urls) if index not in outcome.kept)
    # An independent scan: neither the words of the records that do not go, nor their ids.
    words = {word for url in gone for word, _ in case.tokens.get(url, ())} | {url[9:] for url in gone}
    for index in outcome.kept:
        if "note" in outcome.decision.entries[index].remove:
            words |= {word for word, _ in case.tokens.get(urls[index], ()) if word.startswith("tv")}
    assert hits(outcome.release.bytes, words) == set()
    # What is released validates.
    for one in [
        outcome.bundle,
        *([orjson.loads(outcome.release.bytes)] if case.form in ("transaction", "message") else []),
    ]:
        assert [issue.rule for issue in check(one) if issue.severity in ("fatal", "error")] == []
    # As if it had been deleted, where it is what a referral can do without.
    # What a withheld record, or a note that does not go, says of another is withheld too, and goes where that one says
    # it itself.
    optional = {each["resource"]["resourceType"] for each in case.entries if each["fullUrl"] in gone} <= {*LEAVES}
    quiet = _without_their_note(case, outcome)
    if not optional or any(
        (one.host in gone or (one.host in quiet and "note" in one.value)) and one.target not in gone
        for one in case.planted
    ):
        return
    # Nor where somebody repeats a note that does not go: such a repetition goes with it, and stays without it.
    if any(one.target in quiet for one in case.planted):
        return
    without, left = bundle(_without_notes(case, outcome), gone)
    bare = go(without, left, case)
    assert bare.release is not None
    assert bare.release.bytes == outcome.release.bytes


def _without_their_note(case: Case, outcome: Outcome) -> set[str]:
    return {
        case.entries[index]["fullUrl"] for index in outcome.kept if "note" in outcome.decision.entries[index].remove
    }


def _without_notes(case: Case, outcome: Outcome) -> Case:
    """The case where the records whose notes do not go never had any."""
    taken = _without_their_note(case, outcome)
    entries = tuple(
        {**each, "resource": {key: value for key, value in each["resource"].items() if key != "note"}}
        if each["fullUrl"] in taken
        else each
        for each in case.entries
    )
    planted = tuple(one for one in case.planted if not (one.host in taken and "note" in one.value))
    return replace(case, entries=entries, planted=planted)
