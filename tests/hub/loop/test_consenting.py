"""Consents taken and taken back at the hub: what waits is decided again, and no form sent again undoes a revocation."""

from __future__ import annotations

from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub.errors import HubError, SettingsError
from hub.loop import consent_steps, consenting
from hub.settings import parse
from hub.store import documents
from mappings.errors import TranslateError
from mappings.incident import Attachment, ConsentForm, Recipient, Signature
from profiles.check import check
from profiles.issue import stops

World = Any
LAKESHORE = "http://127.0.0.1:8101/fhir/$process-message"
PROGRAM = "sunrise-recovery"


def form(number: str = "7", **changes: Any) -> ConsentForm:
    made = ConsentForm(
        number=number,
        disclosers=(Recipient(organization=PROGRAM),),
        description="all records of this referral",
        recipients=(Recipient(organization="lakeshore-cmhc"),),
        purposes=("TPO",),
        revocation_statement=True,
        redisclosure_statement=True,
        refusal_statement=True,
        hipaa_redisclosure_statement=True,
        expiry_event="end of the treatment",
        signature=Signature(by="A. Person", at="2026-11-21T21:00:00Z", method="electronic"),
    )
    return replace(made, **changes)


async def waiting(world: World) -> str:
    """A program's referral that waits for a consent; the person's id."""
    await world.take_in("sunrise-app", world.form("story-4-part2"))
    (referral,) = world.referrals()
    assert referral.business_status == "withheld"
    return str(referral.patient_id)


def taken(world: World, person: str, given: ConsentForm) -> consenting.Taken:
    return consenting.keep(world.hub, given, custody=PROGRAM, patient_id=person, by="Robin Examiner")


def kept(world: World, consent: str) -> dict[str, Any]:
    found = world.store.read(lambda tx: documents.current(tx, "Consent", consent))
    assert found is not None
    return dict(found.resource)


async def test_taken_it_frees_what_waits(world: World, httpx_mock: HTTPXMock) -> None:
    made = taken(world, await waiting(world), form())
    assert made.issues == ()
    httpx_mock.add_response(method="POST", url=LAKESHORE)
    await world.deliver()
    (disclosure,) = world.disclosures()
    assert disclosure.consents == (f"Consent/{made.consent_id}",)


async def test_s44_s61_revoked_before_it_left_nothing_leaves(world: World, httpx_mock: HTTPXMock) -> None:
    """42 CFR 2.31(a)(6): the queued delivery is decided again and goes nowhere."""
    made = taken(world, await waiting(world), form())
    assert [one.state for one in world.deliveries()] == ["ready"]
    consenting.revoke(world.hub, made.consent_id, custody=PROGRAM, by="Robin Examiner", method="verbal")
    await world.deliver()
    assert [one.state for one in world.deliveries()] == ["superseded"]
    assert httpx_mock.get_requests() == []
    assert world.disclosures() == []


async def test_a_form_sent_again_does_not_undo_a_revocation(world: World) -> None:
    """The sender's system does not know of it; only a new signature gives the consent anew."""
    await world.take_in("sunrise-app", world.form("story-4-part2-consent"))
    (referral,) = world.referrals()
    (found,) = world.store.read(lambda tx: documents.by_patient(tx, referral.patient_id, "Consent"))
    consenting.revoke(world.hub, found.resource_id, custody=PROGRAM, by="Robin Examiner", method="paper")
    again = world.form("story-4-part2-consent")
    again["version"] = "2"
    again["contacts"][0]["follow_up"] = "Call on Monday"
    await world.take_in("sunrise-app", again)
    assert kept(world, found.resource_id)["status"] == "inactive"
    assert world.referral(referral.task_id).business_status == "withheld"
    await world.deliver()
    assert world.disclosures() == []
    # signed anew, after it was taken back
    world.time.forward(3600)
    again["version"] = "3"
    again["contacts"][0]["consents"][0]["signature"]["at"] = "2026-11-21T22:00:00Z"
    await world.take_in("sunrise-app", again)
    assert kept(world, found.resource_id)["status"] == "active"
    assert "ready" in [one.state for one in world.deliveries()]


async def test_it_ends_with_its_event(world: World) -> None:
    """2.31(a)(7): somebody notes that the event came; it is expired from then on, and not revoked."""
    person = await waiting(world)
    made = taken(world, person, form())
    consenting.end(world.hub, made.consent_id, custody=PROGRAM, by="Robin Examiner")
    ended = kept(world, made.consent_id)
    assert ended["status"] == "active"
    assert ended["provision"]["period"]["end"] == "2026-11-21T21:30:00Z"
    world.time.forward(1)
    assert consenting.standing(world.hub, ended, birth_date=None).lacks == ("consent-expired",)
    await world.deliver()
    assert world.disclosures() == []
    with pytest.raises(HubError) as raised:
        consenting.revoke(world.hub, made.consent_id, custody=PROGRAM, by="A", method="verbal")
    assert raised.value.rule == "consent.not-active"
    dated = taken(world, person, form("8", expiry_event=None, expires="2027-01-01"))
    with pytest.raises(HubError) as raised:
        consenting.end(world.hub, dated.consent_id, custody=PROGRAM, by="A")
    assert raised.value.rule == "consent.no-event"


async def test_a_representative_revokes(world: World) -> None:
    made = taken(world, await waiting(world), form())
    at = world.time.now - timedelta(minutes=20)
    revoked = consenting.revoke(
        world.hub, made.consent_id, custody=None, by="Robin Examiner", method="paper", capacity="representative", at=at
    )
    parts = {part["url"]: part for part in revoked["extension"][0]["extension"]}
    assert parts["revokedAs"]["valueCode"] == "representative"
    assert parts["revokedAt"]["valueDateTime"] == "2026-11-21T21:10:00Z"


async def test_each_step_has_a_provenance_with_the_papers_digest(world: World) -> None:
    """Who recorded it, who was there, where the signature is and by which digest the paper is known."""
    person = await waiting(world)
    signed = Attachment(media_type="text/html", data=b64encode(b"<p>signed</p>").decode())
    made = taken(world, person, form(scan=signed, witnesses=("clinician", "advocate")))
    world.time.forward(60)
    scan = Attachment(media_type="application/pdf", data=b64encode(b"%PDF-1.7 no longer %%EOF").decode())
    consenting.revoke(world.hub, made.consent_id, custody=PROGRAM, by="Ilo Recorder", method="paper", scan=scan)

    taking, ending = world.store.read(lambda tx: consent_steps.steps(tx, made.consent_id, person, PROGRAM))
    assert (taking.recorded_by, taking.witnesses) == ("Robin Examiner", ("clinician", "advocate"))
    assert (ending.recorded_by, ending.witnesses, ending.recorded) == ("Ilo Recorder", (), "2026-11-21T21:31:00Z")
    for step, data in ((taking, b"<p>signed</p>"), (ending, b"%PDF-1.7 no longer %%EOF")):
        assert step.digest == f"ni:///sha-256;{urlsafe_b64encode(sha256(data).digest()).decode().rstrip('=')}"
        kept_paper = world.store.read(lambda tx, name=step.document: documents.current(tx, "DocumentReference", name))
        assert kept_paper.custody == PROGRAM
        assert b64decode(kept_paper.resource["content"][0]["attachment"]["data"]) == data
        assert not stops(check(kept_paper.resource))
    proofs = [d.resource for d in world.store.read(lambda tx: documents.by_patient(tx, person, "Provenance"))]
    ours = [one for one in proofs if one["target"] == [{"reference": f"Consent/{made.consent_id}"}]]
    assert [one["activity"]["coding"][0]["code"] for one in ours] == ["CREATE", "UPDATE"]
    (signature,) = ours[0]["signature"]
    assert (signature["when"], signature["sigFormat"]) == ("2026-11-21T21:00:00Z", "text/html")
    assert "signature" not in ours[1]
    assert not any(stops(check(one)) for one in ours)
    assert world.store.read(lambda tx: consent_steps.steps(tx, made.consent_id, person, "lakeshore-cmhc")) == ()


NO_REVOCATIONS: list[tuple[dict[str, Any], str]] = [
    ({"method": "guessed"}, "consent.method"),
    ({"capacity": "neighbour"}, "consent.capacity"),
    ({"scan": Attachment(media_type="application/pdf", data="")}, "consent.scan"),
    ({"by": " "}, "hold.person"),
    ({"custody": "lakeshore-cmhc"}, "consent.not-found"),
    ({"ahead": True}, "consent.time"),
]


async def test_what_is_no_revocation(world: World) -> None:
    made = taken(world, await waiting(world), form())
    for given, rule in NO_REVOCATIONS:
        asked = {"custody": PROGRAM, "by": "Robin Examiner", "method": "verbal"} | given
        if asked.pop("ahead", False):
            asked["at"] = world.time.now + timedelta(seconds=1)
        with pytest.raises(HubError) as raised:
            consenting.revoke(world.hub, made.consent_id, **asked)
        assert raised.value.rule == rule
    assert kept(world, made.consent_id)["status"] == "active"


async def test_a_form_is_for_a_person_of_ones_own(world: World) -> None:
    person = await waiting(world)
    with pytest.raises(HubError) as raised:
        consenting.keep(world.hub, form(), custody="lakeshore-cmhc", patient_id=person, by="A")
    assert raised.value.rule == "consent.no-person"


async def test_s51_what_may_not_enter_a_health_record_is_not_signed(world: World) -> None:
    with pytest.raises(TranslateError) as raised:
        taken(world, await waiting(world), form(description="NCIC return: wanted, FBI number 123456AB7"))
    assert raised.value.rule == "translate.consent-gated"


@pytest.mark.parametrize(
    ("signed", "lacks"),
    [
        (("patient",), ()),
        (("parent",), ("minor-signature-required",)),
        (("patient", "parent"), ()),
    ],
)
async def test_s50_a_minor_signs_by_the_states_ages(
    build: Callable[..., World], signed: tuple[Any, ...], lacks: tuple[str, ...]
) -> None:
    """2.14(b): fourteen years old, and the state lets them apply alone from twelve."""
    world = build(lambda d: d["state_policy"].update(minor_alone_from=12, majority=18))
    await world.take_in("sunrise-app", young(world))
    (referral,) = world.referrals()
    person = str(referral.patient_id)
    first, *rest = [Signature(by="A. Person", capacity=one, at="2026-11-21T21:00:00Z") for one in signed]
    made = taken(world, person, form(signature=first, cosignature=rest[0] if rest else None))
    assert tuple(issue.rule for issue in made.issues) == lacks
    assert (len(world.deliveries()) == 1) is not bool(lacks)


def young(world: World) -> dict[str, Any]:
    made: dict[str, Any] = world.form("story-4-part2")
    made["persons"][0]["birth_date"] = "2012-03-04"
    return made


def test_a_states_form_is_checked_before_the_start(build: Callable[..., World]) -> None:
    world = build()
    path = world.folder / "state.toml"
    whole = [
        'id = "part2-named"\ntitle = "Form 7"\nkind = "part2"\ncovers = "named"\nversion = "1"\nlanguage = "en"\n',
        *(
            f'[[section]]\nelement = "{element}"\ntext = "{text}"\n'
            for element, text in (
                ("purpose", "For {purposes}."),
                ("patient", "I am {patient}."),
                ("discloser", "{disclosers} may tell"),
                ("description", "{description}"),
                ("recipient", "to {recipients}"),
                ("expiry", "until {expiry}."),
                ("revocation", "I may take it back at {disclosers}."),
                ("signature", "I sign."),
            )
        ),
        '[[section]]\nelement = "statement"\ncite = "Code 7.1"\ntext = "The state adds this."\n',
        '[[section]]\nelement = "checkbox"\nname = "hiv"\ntext = "HIV, too"\nsensitivities = ["HIV"]\n',
    ]
    document = {**world.document, "consent": {"forms": ["state.toml"]}}
    path.write_text("\n".join(whole))
    forms = {one.id: one for one in parse(document, base=world.folder).consent_forms}
    assert forms["part2-named"].title == "Form 7"  # in the place of the shipped one
    assert [one.element for one in forms["part2-named"].sections][:2] == ["purpose", "patient"]
    assert len(forms) == 6
    for without in range(1, len(whole) - 2):
        path.write_text("\n".join(part for n, part in enumerate(whole) if n != without))
        with pytest.raises(SettingsError) as raised:
            parse(document, base=world.folder)
        assert raised.value.rule == "settings.consent-form"
    for broken in ("{patient", "{age}", "{patient!r}", "Nobody"):
        path.write_text("\n".join(whole).replace("I am {patient}.", broken))
        with pytest.raises(SettingsError) as raised:
            parse(document, base=world.folder)
        assert "section[1].text" in str(raised.value)


async def test_what_a_center_gets_later_has_the_consent_as_it_stands(world: World, httpx_mock: HTTPXMock) -> None:
    """A revoked consent never goes out again as an active one, also where the law lets the referral go without it."""
    await world.delivered(httpx_mock)
    (referral,) = world.referrals()
    (found,) = world.store.read(lambda tx: documents.by_patient(tx, referral.patient_id, "Consent"))
    sent = orjson.loads(httpx_mock.get_requests()[0].content)
    assert [one["status"] for one in consents_in(sent)] == ["active"]
    consenting.revoke(world.hub, found.resource_id, custody=None, by="Robin Examiner", method="paper")
    httpx_mock.add_response(method="POST", url=LAKESHORE, is_optional=True, is_reusable=True)
    world.time.forward(60)
    form_again = world.form("story-1-contact")
    form_again["version"] = "9"
    form_again["contacts"][0]["follow_up"] = "Call on Monday"
    await world.take_in("cedar-app", form_again)
    await world.deliver()
    later = [orjson.loads(one.content) for one in httpx_mock.get_requests()[1:]]
    assert later
    assert {one["status"] for bundle in later for one in consents_in(bundle)} <= {"inactive"}


def consents_in(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Consent"]
