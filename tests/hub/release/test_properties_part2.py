"""Part 2 entries against a second reading of the raw Consents, written apart and deny first.

The property: nothing of a Part 2 entry goes unless one single consent, whole and in force, names this discloser, this
recipient (by reference, identifier or class) and a purpose that covers the one asked, all along the path to one permit,
and no plain refusal stands beside it. The second reading shares no code with the first.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.release import Entry, Party, Request, decide
from mappings.labels import Origin, label
from tests.proof.examples import examples

Json = dict[str, Any]

ELEMENTS = "https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements"
NOW = "2026-06-01"
PROGRAM, CENTER, POLICE, EXCHANGE = "Organization/otp", "Organization/mhc", "Organization/pd", "Organization/hie"
NPI = {"system": "urn:npi", "value": "1234567893"}

#: Each purpose asked for, and the purposes that a form may name for it.
COVERED_BY = {
    "TREAT": {"TREAT"},
    "COC": {"COC", "TREAT"},
    "HPAYMT": {"HPAYMT"},
    "HLEGAL": {"HLEGAL", "HOPERAT"},
    "outcome-feedback": {"outcome-feedback"},
}
FOR_CARE = {"TREAT", "COC", "HPAYMT", "HOPERAT", "HLEGAL", "PurposeOfUse"}

references = st.sampled_from(
    [
        {"reference": CENTER},
        {"reference": CENTER},
        {"reference": f"https://ehr.example.org/fhir/{CENTER}"},
        {"identifier": NPI},
        {"identifier": {**NPI, "system": "urn:other"}},
        {"reference": POLICE},
        {"reference": EXCHANGE},
        {"reference": "Organization/elsewhere"},
        {"display": CENTER},
        {},
    ]
)
disclosers = st.sampled_from(
    [{"reference": PROGRAM}, {"reference": PROGRAM}, {"reference": "Organization/elsewhere"}, {"display": PROGRAM}]
)
purposes = st.sampled_from(["TREAT", "TREAT", "COC", "HPAYMT", "HOPERAT", "outcome-feedback", "PurposeOfUse", "odd"])
classes = st.sampled_from(["my treating providers", "tpo", "covered-entity", "law-enforcement", "old friends"])
periods = st.sampled_from(
    [{"end": "2026-12-31"}, {"end": "2026-12-31"}, {"end": "2020-01-01"}, {"start": "2027-01-01"}]
)


def actor(role: str, who: Json) -> Json:
    return {"role": {"coding": [{"code": role}]}, "reference": who}


@st.composite
def provisions(draw: st.DrawFn, depth: int) -> Json:
    made: Json = {}
    if kind := draw(st.sampled_from(["permit", "permit", "permit", "deny", None])):
        made["type"] = kind
    actors = [actor("IRCP", who) for who in draw(st.lists(references, max_size=2))]
    if draw(st.integers(0, 5)) == 5:
        actors.append(actor(draw(st.sampled_from(["CST", "PROV"])), draw(disclosers)))
    if actors:
        made["actor"] = actors
    if named := draw(st.lists(purposes, max_size=2)):
        made["purpose"] = [{"code": code} for code in named]
    if draw(st.integers(0, 5)) == 5:
        made["period"] = draw(periods)
    if draw(st.integers(0, 7)) == 7:
        made["securityLabel"] = [{"code": draw(st.sampled_from(["42CFRPart2", "SUD", "HIV", "N"]))}]
    if draw(st.integers(0, 15)) == 15:
        made["modifierExtension"] = [{"url": "https://example.org/not"}]
    if depth and draw(st.booleans()):
        made["provision"] = draw(st.lists(provisions(depth - 1), min_size=1, max_size=2))
    return made


@st.composite
def intermediaries(draw: st.DrawFn) -> Json:
    parts: list[Json] = []
    if draw(st.booleans()):
        parts.append({"url": "organization", "valueReference": draw(references)})
    for _ in range(draw(st.integers(0, 2))):
        parts.append(
            draw(
                st.sampled_from(
                    [
                        {"url": "participant", "valueString": "A clinic"},
                        {"url": "participant", "valueString": CENTER},
                        {"url": "participant", "valueReference": {"reference": CENTER}},
                        {"url": "participant", "valueIdentifier": NPI},
                        {"url": "participant", "valueReference": {"display": CENTER}},
                        {"url": "class", "valueString": "my treating providers"},
                    ]
                )
            )
        )
    return {"url": "intermediary", "extension": parts or [{"url": "name", "valueString": "words"}]}


@st.composite
def consents(draw: st.DrawFn) -> Json:
    """Mostly whole forms, each with a few things changed."""
    rare = st.integers(0, 15).map(lambda turn: turn == 15)
    extension: list[Json] = [{"url": "description", "valueString": "all"}]
    for statement in ("revocationStatement", "redisclosureStatement", "refusalStatement", "hipaaRedisclosureStatement"):
        if not draw(rare):
            extension.append({"url": statement, "valueBoolean": True})
    if draw(rare):
        extension.append({"url": "recipientClass", "valueString": draw(classes)})
    if draw(rare):
        extension.append({"url": draw(st.sampled_from(["discloserName", "discloserClass"])), "valueString": "words"})
    if draw(rare):
        extension.append(draw(intermediaries()))
    if draw(rare):
        extension.append({"url": "revokedAt", "valueDateTime": draw(st.sampled_from(["2026-05-01", "2026-07-01"]))})
    provision = draw(provisions(2))
    if draw(st.integers(0, 3)):
        # A form as most are, with what was drawn above inside it or beside it.
        provision |= {"type": "permit"}
        provision |= draw(st.sampled_from([{}, *[{"actor": [actor("IRCP", {"reference": CENTER})]}] * 3]))
        provision |= draw(st.sampled_from([{}, *[{"purpose": [{"code": "TREAT"}, {"code": "HPAYMT"}]}] * 3]))
        provision.pop("modifierExtension", None)
        provision.pop("securityLabel", None)
    if not draw(rare):
        provision.setdefault("period", {"end": "2026-12-31"})
    made: Json = {
        "resourceType": "Consent",
        "id": f"k{draw(st.integers(0, 2))}",
        "status": "inactive" if draw(rare) else "active",
        "patient": {"reference": "Patient/other" if draw(rare) else "Patient/p"},
        "dateTime": "2026-07-01" if draw(rare) else "2026-01-01",
        "performer": [{"reference": "Patient/p"}],
        "extension": [{"url": ELEMENTS, "extension": extension}],
        "provision": provision,
    }
    if not draw(rare):
        made["organization"] = [draw(disclosers)]
    if kind := draw(st.sampled_from([None, *["42CFRPart2CD"] * 4, "HIPAAAuthCD", "OPTOUT"])):
        made["category"] = [{"coding": [{"code": kind}]}]
    if draw(rare):
        made["policyRule"] = {"coding": [{"code": draw(st.sampled_from(["OPTIN", "OPTINR", "OPTOUTE", "hipaa-auth"]))}]}
    for key in ("performer", "dateTime"):
        if draw(st.integers(0, 19)) == 19:
            made.pop(key)
    return made


ENTRIES = [
    Entry(resource=(found := label(resource, origin=Origin(reference=PROGRAM, role="part2-program"))).resource,
          role="part2-program", labels=found.labels)
    for resource in (
        {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"},
         "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11.20"}]}},
        {"resourceType": "Condition", "id": "d", "subject": {"reference": "Patient/p"}, "code": {"text": "asthma"}},
        {"resourceType": "Patient", "id": "p"},
    )
]  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> Request:
    reference, role = draw(
        st.sampled_from(
            [(CENTER, "covered-entity")] * 3
            + [(CENTER, "part2-program"), (CENTER, "other"), (POLICE, "law-enforcement"), (EXCHANGE, "intermediary")]
        )
    )
    named = reference == CENTER and draw(st.booleans())
    return Request(
        discloser=Party(reference=PROGRAM, role="part2-program"),
        recipient=Party(
            reference=reference,
            role=role,
            identifiers=frozenset({f"{NPI['system']}|{NPI['value']}"} if named else ()),
            duties=frozenset({"treating"} if draw(st.booleans()) else ()),
        ),
        purpose=draw(st.sampled_from([*COVERED_BY, "TREAT", "TREAT"])),
        patient="Patient/p",
        at=datetime(2026, 6, 1, 12, tzinfo=UTC),
        law=draw(st.sampled_from([None, "part2", "hipaa"])),
        entries=tuple(ENTRIES),
    )


# --- the second reading


def items(node: Json, key: str) -> list[Json]:
    return list(node.get(key, ()))


def form(consent: Json, name: str) -> list[Any]:
    parts = [part for one in items(consent, "extension") for part in one["extension"] if part["url"] == name]
    return [next((value for key, value in part.items() if key.startswith("value")), part) for part in parts]


def is_party(who: Json, party: Party) -> bool:
    if "reference" in who and who["reference"].split("/")[-2:] == str(party.reference).split("/"):
        return True
    found = who.get("identifier")
    return found is not None and f"{found['system']}|{found['value']}" in party.identifiers


def of_class(group: str, party: Party, purpose: str) -> bool:
    treating = "treating" in party.duties
    if group == "tpo":
        if purpose in ("TREAT", "COC"):
            return treating and party.role in ("covered-entity", "part2-program")
        return purpose in FOR_CARE and party.role in ("covered-entity", "part2-program", "business-associate")
    return treating if group == "my treating providers" else group == party.role


def through(parts: list[Json], party: Party) -> bool:
    """An intermediary or a participant; nobody is known to take part here, so a class lets nobody through."""
    for part in parts:
        value = part.get("valueReference")
        if value is not None and is_party(value, party):
            return True
        if "valueIdentifier" in part and is_party({"identifier": part["valueIdentifier"]}, party):
            return True
        if part["url"] == "participant" and part.get("valueString") == party.reference:
            return True
    return False


def in_time(node: Json) -> bool:
    period = node.get("period", {})
    return period.get("start", NOW) <= NOW <= period.get("end", NOW)


def plain_refusal(consent: Json, request: Request) -> bool:
    """It refuses this recipient everything, or everybody, whatever else is on it."""
    root = consent["provision"]
    narrow = {"purpose", "securityLabel", "provision", "period", "modifierExtension"} & (root.keys() - {"period"})
    who = [one["reference"] for one in items(root, "actor")]
    to = not form(consent, "recipientClass") and not form(consent, "intermediary")
    return (
        in_force(consent)
        and root.get("type") == "deny"
        and not narrow
        and to
        and all(is_party(one, request.discloser) for one in items(consent, "organization"))
        and not form(consent, "discloserClass")
        and in_time(root)
        and (not who or any(is_party(one, request.recipient) for one in who))
    )


def in_force(consent: Json) -> bool:
    return (
        consent["status"] == "active"
        and consent["patient"]["reference"] == "Patient/p"
        and consent.get("dateTime", NOW) <= NOW
        and all(at > NOW for at in form(consent, "revokedAt"))
    )


def whole(consent: Json, request: Request, path: list[Json]) -> bool:
    kinds = {coding["code"] for one in items(consent, "category") for coding in one["coding"]}
    rules = {coding["code"] for coding in consent.get("policyRule", {}).get("coding", ())}
    if kinds & {"HIPAAAuthCD", "OPTOUT"} or (not kinds and "hipaa-auth" in rules):
        return False
    if "performer" not in consent or "dateTime" not in consent or not form(consent, "revocationStatement"):
        return False
    if "end" not in consent["provision"].get("period", {}):
        return False
    if any(coding["code"] in FOR_CARE for node in path for coding in items(node, "purpose")):
        wanted = ("redisclosureStatement", "refusalStatement", "hipaaRedisclosureStatement")
        if not all(form(consent, statement) for statement in wanted):
            return False
    designations = [one["extension"] for one in form(consent, "intermediary")]
    for parts in designations:
        if not any(part["url"] in ("participant", "class") for part in parts):
            return False
    return request.recipient.role != "intermediary" or bool(designations)


def path_permits(consent: Json, request: Request, path: list[Json]) -> bool:
    """Whether every step to this permit lets the request through, and some step names each party and the purpose."""
    if any("modifierExtension" in node for node in path) or not all(in_time(node) for node in path):
        return False
    discloser_named = recipient_named = purpose_named = False
    stated = items(consent, "organization")
    if stated or form(consent, "discloserName") or form(consent, "discloserClass"):
        root_disclosers = [one["reference"] for one in items(path[0], "actor") if role(one) != "IRCP"]
        if not any(is_party(one, request.discloser) for one in [*stated, *root_disclosers]):
            return False
        discloser_named = True
    for depth, node in enumerate(path):
        to = [one["reference"] for one in items(node, "actor") if role(one) == "IRCP"]
        by = [one["reference"] for one in items(node, "actor") if role(one) != "IRCP"]
        groups = form(consent, "recipientClass") if depth == 0 else []
        designations = [one["extension"] for one in form(consent, "intermediary")] if depth == 0 else []
        if to or groups or designations:
            recipient_named = (
                any(is_party(one, request.recipient) for one in to)
                or any(of_class(group, request.recipient, request.purpose) for group in groups)
                or any(through(parts, request.recipient) for parts in designations)
            )
            if not recipient_named:
                return False
        if by and not (depth == 0 and stated):
            discloser_named = any(is_party(one, request.discloser) for one in by)
            if not discloser_named:
                return False
        if given := {coding["code"] for coding in items(node, "purpose")}:
            purpose_named = bool(given & COVERED_BY[request.purpose])
            if not purpose_named and "PurposeOfUse" not in given:
                return False
    return discloser_named and recipient_named and purpose_named


def role(one: Json) -> str:
    return str(one["role"]["coding"][0]["code"])


def paths(node: Json, before: list[Json]) -> list[list[Json]]:
    here = [*before, node]
    return [here, *(path for child in items(node, "provision") for path in paths(child, here))]


def frees(consent: Json, request: Request) -> bool:
    opted = {"OPTIN", "OPTINR"} & {coding["code"] for coding in consent.get("policyRule", {}).get("coding", ())}
    for path in paths(consent["provision"], []):
        last = path[-1]
        permits = last.get("type") == "permit" or (len(path) == 1 and "type" not in last and bool(opted))
        if permits and in_force(consent) and whole(consent, request, path) and path_permits(consent, request, path):
            return True
    return False


@examples(300)
@given(request=requests(), held=st.lists(consents(), min_size=1, max_size=3))
def test_nothing_of_part2_goes_that_no_single_consent_names(request: Request, held: list[Json]) -> None:
    went = [made for made in decide(request, held).entries if made.goes]
    if not went:
        return
    assert request.recipient.role != "law-enforcement" or request.purpose not in FOR_CARE
    assert not any(plain_refusal(consent, request) for consent in held)
    assert any(frees(consent, request) for consent in held)
