"""A consent signed on a tablet, scanned, taken back: kept like one of a contact form, and decided upon at once."""

from __future__ import annotations

import html
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from hub.loop.context import Hub
from hub.store import deliveries, documents, referrals
from profiles.check import check

SignIn = Callable[..., TestClient]
Feed = Callable[[str, bytes], int]
FormOf = Callable[[str], str]

STROKES = "M100 200" + "".join(f"L{100 + 40 * n} {200 - 7 * n}" for n in range(1, 12))
CHOICES = {
    "template": "part2-tpo",
    "from.sunrise-recovery": "on",
    "to.lakeshore-cmhc": "on",
    "description": "all records about my treatment",
    "ends": "event",
    "expiry_event": "none",
    "capacity": "patient",
    "present.1.role": "clinician",
    "present.1.name": "Robin Examiner",
}


def referral(number: str = "SR-7", **person: Any) -> bytes:
    """A Part 2 program's contact that refers to Lakeshore, without a consent: nothing goes."""
    import json

    subject = {"slot": "p1", "roles": ["subject"], "names": [{"family": "Quessabrant", "given": ["Ilva"]}]}
    made = {"person": "p1", "organization": "sunrise-recovery", "start": "2026-11-20T10:00:00-07:00"}
    asks = {"organization": "lakeshore-cmhc", "urgency": "asap", "reasons": [{"text": "Asks for help"}]}
    return json.dumps(
        {
            "agency": "sunrise-recovery",
            "number": number,
            "organization": "sunrise-recovery",
            "persons": [subject | {"birth_date": "1988-04-02"} | person],
            "contacts": [made | {"referrals": [asks]}],
        }
    ).encode()


def the_person(hub: Hub) -> str:
    (found,) = hub.store.read(lambda tx: referrals.listed(tx))
    return found.patient_id


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page, as a browser would send them."""
    found = re.findall(r'<input type="hidden"[^>]*? name="([^"]+)"(?: value="([^"]*)")?', page)
    return {html.unescape(name): html.unescape(value) for name, value in found}


def shown(client: TestClient, form_of: FormOf, person: str, **changes: str) -> tuple[dict[str, str], str]:
    """The page with the form, and its fields."""
    page = client.get(f"/console/people/{person}/consents/new?form={(CHOICES | changes)['template']}")
    assert page.status_code == 200, page.text
    answer = client.post(
        f"/console/people/{person}/consents/show", data=CHOICES | changes | {"form": form_of(page.text)}
    )
    return hidden(answer.text), answer.text


def consents(hub: Hub, person: str) -> list[dict[str, Any]]:
    found = hub.store.read(lambda tx: documents.by_patient(tx, person, "Consent"))
    return [one.resource for one in found if one.resource is not None]


def waiting(hub: Hub) -> list[Any]:
    return [one for one in hub.store.read(lambda tx: deliveries.listed(tx)) if one.state == "ready"]


def signed(client: TestClient, form_of: FormOf, person: str, **changes: str) -> Any:
    fields, page = shown(client, form_of, person, **changes)
    assert 'data-signs="strokes-signed_by"' in page, page
    fields |= {"signature": STROKES, "signed_by": "Ilva Quessabrant"}
    return client.post(f"/console/people/{person}/consents/sign", data=fields)


def test_a_form_signed_on_a_tablet_frees_what_waits(hub: Hub, feed: Feed, sign_in: SignIn, form_of: FormOf) -> None:
    """42 CFR 2.31(a): every element from the page, the time of the hub's clock, the text and the signature kept."""
    feed("sunrise-app", referral())
    assert waiting(hub) == []  # S37: no consent, nothing goes
    person = the_person(hub)
    client = sign_in("sunrise-recovery")
    answer = signed(client, form_of, person)
    assert answer.status_code == 303, answer.text
    (made,) = consents(hub, person)
    assert made["meta"]["profile"] == ["https://warmhandoff.org/fhir/StructureDefinition/part2-consent"]
    assert [issue for issue in check(made) if issue.severity == "error"] == []
    assert made["dateTime"] == "2026-11-21T12:00:01Z"
    assert made["patient"] == made["performer"][0] == {"reference": f"urn:uuid:{person}"}
    assert made["organization"][0]["identifier"]["value"] == "sunrise-recovery"
    source = made["sourceReference"]["reference"].removeprefix("urn:uuid:")
    kept = hub.store.read(lambda tx: documents.current(tx, "DocumentReference", source))
    assert kept is not None
    assert kept.resource is not None
    assert [issue for issue in check(kept.resource) if issue.severity == "error"] == []
    text = b64decode(kept.resource["content"][0]["attachment"]["data"]).decode()
    assert STROKES in text
    for said in ("Ilva Quessabrant", "all records about my treatment", "Lakeshore Center", "2026-11-21 12:00 UTC",
                 "42 CFR 2.31(a)(10)(ii)", "Robin Examiner (clinician)"):  # fmt: skip
        assert said in text
    (delivery,) = waiting(hub)
    assert delivery.destination == "lakeshore"
    page = client.get(f"/console/people/{person}/consents").text
    assert "in force" in page
    document = client.get(f"/console/consents/{made['id']}/document")
    assert document.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert document.text == text


#: What is chosen, and what the page says of it: each on a hub that was made once.
DEFICIENT: list[tuple[dict[str, str], str]] = [
    ({"to.lakeshore-cmhc": ""}, "Choose who may receive."),  # 2.31(a)(4)
    ({"from.sunrise-recovery": ""}, "Choose who may share."),  # (a)(2)
    ({"description": " "}, "Say what may be shared."),  # (a)(3)
    ({"expiry_event": ""}, "Say when it ends"),  # (a)(7)
    ({"ends": "date", "expires": "2026-11-20"}, "It would have ended already"),
    ({"template": "part2-named"}, "Choose what for."),  # (a)(5)
    ({"template": "part2-named", "for.custody-care": "on"}, "may have no end"),  # (a)(7), not TPO
    ({"capacity": ""}, "Somebody who may sign signs"),  # (a)(8)
    ({"present.1.role": "officer"}, "The officer cannot be the only witness."),  # P20, S60
]


def test_nobody_is_shown_a_deficient_form(hub: Hub, feed: Feed, sign_in: SignIn, form_of: FormOf) -> None:
    feed("sunrise-app", referral())
    client = sign_in("sunrise-recovery")
    person = the_person(hub)
    for changes, words in DEFICIENT:
        _, page = shown(client, form_of, person, **changes)
        assert words in page, changes
        assert "data-signs" not in page
    assert consents(hub, person) == []


NOT_AS_SHOWN: list[dict[str, str]] = [
    {"signature": ""},
    {"signature": "M1 1L2 2"},
    {"signature": STROKES + "<svg>"},
    {"signed_by": " "},
    {"text": "0" * 64},
    {"description": "something else"},  # what was shown is what is signed
]


def test_what_is_not_signed_as_shown_is_not_kept(hub: Hub, feed: Feed, sign_in: SignIn, form_of: FormOf) -> None:
    feed("sunrise-app", referral())
    person = the_person(hub)
    client = sign_in("sunrise-recovery")
    fields, _ = shown(client, form_of, person)
    fields |= {"signature": STROKES, "signed_by": "Ilva Quessabrant"}
    for changes in NOT_AS_SHOWN:
        answer = client.post(f"/console/people/{person}/consents/sign", data=fields | changes)
        assert answer.status_code == 400, changes
        assert 'role="alert"' in answer.text
    assert consents(hub, person) == []


def test_s44_taken_back_by_word_of_mouth_stops_what_waits(
    hub: Hub, feed: Feed, sign_in: SignIn, form_of: FormOf
) -> None:
    """42 CFR 2.31(a)(6): said is enough to stop; the form sent again does not give the consent anew."""
    feed("sunrise-app", referral())
    person = the_person(hub)
    client = sign_in("sunrise-recovery")
    signed(client, form_of, person)
    (made,) = consents(hub, person)
    page = client.get(f"/console/people/{person}/consents").text
    answer = client.post(
        f"/console/consents/{made['id']}/revoke",
        data={"form": form_of(page), "method": "verbal", "capacity": "patient"},
    )
    assert answer.status_code == 303
    (made,) = consents(hub, person)
    assert made["status"] == "inactive"
    parts = {part["url"]: part for part in made["extension"][0]["extension"]}
    assert parts["revocationMethod"]["valueCode"] == "verbal"
    assert parts["revocationTakenBy"]["valueString"] == "Robin Examiner"
    (found,) = hub.store.read(lambda tx: referrals.listed(tx))
    assert found.business_status == "withheld"
    again = client.post(
        f"/console/consents/{made['id']}/revoke",
        data={"form": form_of(page), "method": "verbal", "capacity": "patient"},
    )
    assert again.status_code == 409


def test_a_scan_is_kept_with_the_papers_date(hub: Hub, feed: Feed, sign_in: SignIn, form_of: FormOf) -> None:
    feed("sunrise-app", referral())
    person = the_person(hub)
    client = sign_in("sunrise-recovery")
    fields, page = shown(client, form_of, person, way="scan")
    assert 'enctype="multipart/form-data"' in page
    fields |= {"signed_by": "Ilva Quessabrant", "signed_on": "2026-11-19"}
    scan = b"%PDF-1.7\n" + bytes(range(256)) * 8 + b"\n%%EOF\n"
    url = f"/console/people/{person}/consents/scan"
    for wrong in (b"MZ" + scan, scan[:-6], scan.replace(b"\x00", b"/JavaScript"), b""):
        refused = client.post(url, data=fields, files={"scan": ("form.pdf", wrong, "application/pdf")})
        assert refused.status_code == 400
        assert "PDF, JPEG or PNG" in refused.text
    ahead = client.post(url, data=fields | {"signed_on": "2026-11-22"}, files={"scan": ("form.pdf", scan)})
    assert ahead.status_code == 400
    assert client.post(url, data=fields, files={"scan": ("form.pdf", scan)}).status_code == 303
    (made,) = consents(hub, person)
    assert made["dateTime"] == "2026-11-19"
    document = client.get(f"/console/consents/{made['id']}/document")
    assert document.content == scan
    assert document.headers["content-disposition"] == "attachment"
    assert len(waiting(hub)) == 1


def test_a_written_revocation_is_kept_with_its_scan(hub: Hub, feed: Feed, sign_in: SignIn, form_of: FormOf) -> None:
    feed("sunrise-app", referral())
    person = the_person(hub)
    client = sign_in("sunrise-recovery")
    signed(client, form_of, person)
    (made,) = consents(hub, person)
    listing = f"/console/people/{person}/consents"
    url = f"/console/consents/{made['id']}/revoke"
    given = {"form": form_of(client.get(listing).text), "method": "paper", "capacity": "patient"}
    scan = b"%PDF-1.7\n no longer \n%%EOF\n"
    refused = client.post(url, data=given, files={"scan": ("no.pdf", b"MZ" + scan, "application/pdf")})
    assert refused.status_code == 400
    assert client.post(url, data=given, files={"scan": ("no.pdf", scan, "application/pdf")}).status_code == 303
    page = client.get(listing).text
    assert "Robin Examiner" in page
    assert "ni:///sha-256;" in page
    links = re.findall(r'href="(/console/consents/[^"]+of=[^"]+)"', page)
    assert [client.get(link).content for link in links][-1] == scan
    assert sign_in("cedar-coresponse").get(links[-1]).status_code == 404
    assert client.get(f"/console/consents/{made['id']}/document?of=another").status_code == 404


def test_s60_doubtful_capacity_is_kept_and_frees_nothing(
    hub: Hub, feed: Feed, sign_in: SignIn, form_of: FormOf
) -> None:
    feed("sunrise-app", referral())
    person = the_person(hub)
    assert signed(sign_in("sunrise-recovery"), form_of, person, doubtful="on").status_code == 303
    (made,) = consents(hub, person)
    assert made["status"] == "draft"
    assert waiting(hub) == []


def test_a_refusal_stands_against_what_permits(hub: Hub, feed: Feed, sign_in: SignIn, form_of: FormOf) -> None:
    """45 CFR 164.522(a), S46: a deny beside a permit."""
    feed("sunrise-app", referral())
    person = the_person(hub)
    client = sign_in("sunrise-recovery")
    signed(client, form_of, person)
    signed(client, form_of, person, template="opt-out", description="everything")
    (found,) = hub.store.read(lambda tx: referrals.listed(tx))
    assert found.business_status == "withheld"


def test_a_person_is_their_own_custodys(hub: Hub, feed: Feed, sign_in: SignIn, form_of: FormOf) -> None:
    feed("sunrise-app", referral())
    person = the_person(hub)
    client = sign_in("sunrise-recovery")
    signed(client, form_of, person)
    (made,) = consents(hub, person)
    other = sign_in("cedar-coresponse")
    assert other.get(f"/console/people/{person}/consents").status_code == 404
    assert other.get(f"/console/people/{person}/consents/new?form=part2-tpo").status_code == 404
    assert other.get(f"/console/consents/{made['id']}/document").status_code == 404
    token = form_of(other.get("/console").text)
    answer = other.post(
        f"/console/consents/{made['id']}/revoke", data={"form": token, "method": "paper", "capacity": "patient"}
    )
    assert answer.status_code == 409
    assert consents(hub, person)[0]["status"] == "active"


def test_only_the_signing_page_may_run_a_script(hub: Hub, feed: Feed, sign_in: SignIn, form_of: FormOf) -> None:
    feed("sunrise-app", referral())
    person = the_person(hub)
    client = sign_in("sunrise-recovery")
    listing = client.get(f"/console/people/{person}/consents")
    assert "script-src" not in listing.headers["content-security-policy"]
    assert "<script" not in listing.text
    page = client.post(f"/console/people/{person}/consents/show", data=CHOICES | {"form": form_of(listing.text)})
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "Quessabrant" not in str(page.url)
    assert client.get("/console/sign.js").headers["content-type"].startswith("text/javascript")


KINDS: list[tuple[str, dict[str, str], str]] = [
    ("part2-named", {"for.TREAT": "on"}, "Part 2 consent"),
    ("part2-counselling-notes", {"for.TREAT": "on"}, "Part 2 consent"),  # 2.31(b)
    ("part2-proceedings", {"expiry_event": "the end of the hearing"}, "Part 2 consent"),  # 2.31(d)
    ("hipaa-authorization", {"for.TREAT": "on", "to.riverton-pd": "on"}, "HIPAA authorization"),  # 164.508
]


def test_every_kind_of_form_is_whole_once_signed(hub: Hub, feed: Feed, sign_in: SignIn, form_of: FormOf) -> None:
    feed("sunrise-app", referral())
    person = the_person(hub)
    client = sign_in("sunrise-recovery")
    for template, changes, _ in KINDS:
        assert signed(client, form_of, person, template=template, **changes).status_code == 303, template
    page = client.get(f"/console/people/{person}/consents").text
    assert [page.count(f"<h3>{kind}") for kind in ("Part 2 consent", "HIPAA authorization")] == [3, 1]
    assert page.count("in force</span>") == len(KINDS)
    for made in consents(hub, person):
        assert [issue for issue in check(made) if issue.severity == "error"] == []


def test_s50_a_young_minor_and_a_parent_sign_together(
    hub: Hub, feed: Feed, sign_in: SignIn, form_of: FormOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2.14(c): both draw and both type; one signature alone is not even shown a form."""
    state = hub.settings.state_policy.model_copy(update={"minor_alone_from": 14, "majority": 18})
    monkeypatch.setitem(hub.settings.__dict__, "state_policy", state)
    feed("sunrise-app", referral(birth_date="2014-04-02"))
    person = the_person(hub)
    client = sign_in("sunrise-recovery")
    assert "together with a parent" in client.get(f"/console/people/{person}/consents/new?form=part2-tpo").text
    _, page = shown(client, form_of, person)
    assert "signs together with a parent or guardian." in page
    fields, page = shown(client, form_of, person, cocapacity="parent")
    assert page.count("data-signs=") == 2
    fields |= {"signature": STROKES, "signed_by": "Ilva Quessabrant", "cosigned_by": "M. Quessabrant"}
    url = f"/console/people/{person}/consents/sign"
    assert client.post(url, data=fields).status_code == 400  # the parent did not draw
    assert client.post(url, data=fields | {"cosignature": STROKES}).status_code == 303
    (made,) = consents(hub, person)
    assert [one.get("type", "Patient") for one in made["performer"]] == ["Patient", "RelatedPerson"]
    assert len(waiting(hub)) == 1
