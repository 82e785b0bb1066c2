"""The CJIS gate: what it keeps back, what it lets through, and that no text field escapes it. Invented sentences."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import fields
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, get_type_hints

import pytest

import mappings.incident as records
from mappings.cjis import FREE_TEXT, gate
from mappings.cjis_rules import criminal_justice_rules
from mappings.fhir.translate import translate
from mappings.incident import (
    Agency,
    Attachment,
    Caution,
    Coded,
    ConsentForm,
    Contact,
    Gated,
    Identifier,
    Incident,
    Narrative,
    Person,
    Place,
    Reading,
    Referral,
)

HITS = [
    ("Dispatch advised an extensive criminal history.", "cjis.criminal-history"),
    ("Criminal\nhistory check came back before arrival.", "cjis.criminal-history"),
    ("crim hx shows nothing since 2019", "cjis.criminal-history"),
    ("Ran CCH on the subject.", "cjis.criminal-history"),
    ("Rap sheet was read over the radio.", "cjis.criminal-history"),
    ("Two prior arrests for trespass.", "cjis.criminal-history"),
    ("Subject has previous felony convictions.", "cjis.criminal-history"),
    ("No priors.", "cjis.criminal-history"),
    ("He was convicted of burglary in another state.", "cjis.criminal-history"),
    ("She is currently on probation.", "cjis.criminal-history"),
    ("Subject is on county parole until spring.", "cjis.criminal-history"),
    ("Known to be a registered sex offender.", "cjis.criminal-history"),
    ("He has been arrested four times this year.", "cjis.criminal-history"),
    ("Previously arrested by this agency.", "cjis.criminal-history"),
    ("Sentenced to eighteen months.", "cjis.criminal-history"),
    ("Long history of arrests at this address.", "cjis.criminal-history"),
    ("NCIC return was negative.", "cjis.ncic-return"),
    ("Checked through NCIC, nothing wanted.", "cjis.ncic-return"),
    ("NLETS query sent to the other state.", "cjis.ncic-return"),
    ("Warrant hit confirmed by the county.", "cjis.ncic-return"),
    ("LEADS check clear.", "cjis.ncic-return"),
    ("Gang file hit on the passenger.", "cjis.ncic-return"),
    ("III return attached.", "cjis.iii-return"),
    ("Triple I shows a record in two states.", "cjis.iii-return"),
    ("Ran III on the subject before contact.", "cjis.iii-return"),
    ("III came back with no record.", "cjis.iii-return"),
    ("Interstate Identification Index checked.", "cjis.iii-return"),
    ("FBI number on file.", "cjis.fbi-number"),
    ("FBI# 123456AB7", "cjis.fbi-number"),
    ("FBI 774421KD3 per dispatch", "cjis.fbi-number"),
    ("UCN: 8DT441AC2", "cjis.fbi-number"),
    ("SID CO1234567", "cjis.state-id"),
    ("Has a juvenile record.", "cjis.juvenile-record"),
    ("Juvenile court referral last fall.", "cjis.juvenile-record"),
    ("Juv probation was called.", "cjis.juvenile-record"),
    ("Adjudicated delinquent at fifteen.", "cjis.juvenile-record"),
    ("Youthful offender status.", "cjis.juvenile-record"),
    ("The sealed case from last year was mentioned.", "cjis.sealed-record"),
    ("Record has been sealed by the court.", "cjis.sealed-record"),
    ("That charge was expunged.", "cjis.sealed-record"),
    ("Filed under seal.", "cjis.sealed-record"),
]

CLEAN = [
    "Contact with John Smith III at the front door.",
    "Smith III returned to the residence and was calm.",
    "Level III response requested from the county.",
    "Schedule III medication found on the table.",
    "Type III check valve, not relevant to the call.",
    "He believes the FBI is listening through the television.",
    "FBI agents were mentioned several times by the caller.",
    "She wrote to the FBI 3 times.",
    "Subject was arrested for trespass and taken to jail.",
    "Arrest was not made; subject agreed to talk.",
    "Medical records are at the hospital.",
    "History of depression, two prior hospital stays.",
    "Prior contact with this team in March.",
    "Past medical history reviewed by the clinician.",
    "The envelope was sealed and left with the neighbor.",
    "Door sealed with tape by the occupant.",
    "Juvenile male, about fourteen, sitting on the curb.",
    "A juvenile sibling was in the next room.",
    "Criminal trespass call, subject gone on arrival.",
    "Criminal mischief reported by the shop.",
    "Charged his phone at the station.",
    "He was in charge of the shift.",
    "Officers finished the NCIC training last week.",
    "NCIC terminal was out of order.",
    "Unit leads the follow-up program.",
    "Follow the leads, check the back door.",
    "Recorded on body camera.",
    "Priority changed by dispatch.",
    "Probationary officer rode along.",
    "Reside at 114 Third Street.",
    "Part III report form completed.",
    "Booking a bed at the respite house.",
    "Sentence structure was disorganized.",
    "No warrant needed, door was open.",
    "Convinced of being followed.",
    "Set aside some time for the visit.",
]


@pytest.mark.parametrize(("text", "rule"), HITS)
def test_criminal_justice_information_is_seen(text: str, rule: str) -> None:
    assert rule in dict(criminal_justice_rules(text))


@pytest.mark.parametrize("text", CLEAN)
def test_what_only_looks_like_it_goes_on(text: str) -> None:
    assert criminal_justice_rules(text) == ()


def test_the_table_is_long_enough() -> None:
    assert len(HITS) >= 40
    assert len(CLEAN) >= 30


def test_a_narrative_that_hits_is_held_whole() -> None:
    incident = Incident(
        agency="example-pd",
        number="1",
        narratives=(
            Narrative(text="Calm on arrival.", organization="example-pd"),
            Narrative(text="Calm. NCIC return was negative. NCIC again.", organization="example-pd"),
        ),
        reading=Reading(paths=MappingProxyType({"narratives[1]": "NOTES/2"})),
    )
    kept, dropped, held = gate(incident)
    assert [narrative.text for narrative in kept.narratives] == ["Calm on arrival."]
    assert dropped == ()
    assert held == (Gated(path="NOTES/2", rule="cjis.ncic-return", count=2),)


def test_a_short_text_is_dropped_and_its_code_stays() -> None:
    incident = Incident(
        agency="example-pd",
        number="1",
        type_final=Coded(code="WPN", text="Weapon, convicted felon"),
        place=Place(text="Behind the shop; FBI# 123456AB7", city="Riverton"),
        reading=Reading(dropped=(Gated(path="priors", rule="pack.drop"),)),
    )
    kept, dropped, held = gate(incident)
    assert kept.type_final == Coded(code="WPN")
    assert kept.place == Place(city="Riverton")
    assert held == ()
    assert dropped == (
        Gated(path="priors", rule="pack.drop"),
        Gated(path="type_final.text", rule="cjis.criminal-history"),
        Gated(path="place.text", rule="cjis.fbi-number"),
    )


def test_every_depth_is_swept() -> None:
    told = "Subject has two prior arrests."
    incident = Incident(
        agency="example-pd",
        number="1",
        persons=(
            Person(
                slot="p1",
                description=told,
                identifiers=(Identifier(value="774421KD3", kind="FBI"), Identifier(value="55", kind="client")),
            ),
        ),
        cautions=(Caution(type=Coded(code="V"), text=told),),
        contacts=(
            Contact(
                person="p1",
                follow_up=told,
                concerns=(Coded(text=told), Coded(text="low mood")),
                referrals=(Referral(note=told, reasons=(Coded(text=told),)),),
                consents=(
                    ConsentForm(
                        description=told,
                        scan=Attachment(media_type="text/plain", data=b64encode(told.encode()).decode()),
                    ),
                ),
            ),
        ),
    )
    kept, dropped, held = gate(incident)
    assert told not in repr(kept)
    assert kept.persons[0].identifiers == (Identifier(value="55", kind="client"),)
    assert kept.contacts[0].concerns[1] == Coded(text="low mood")
    assert kept.contacts[0].consents[0].scan is None
    assert [gated.path for gated in held] == ["contacts[0].consents[0].scan.data"]
    assert {gated.path for gated in dropped} == {
        "persons[0].description",
        "persons[0].identifiers[0]",
        "cautions[0].text",
        "contacts[0].follow_up",
        "contacts[0].concerns[0].text",
        "contacts[0].referrals[0].note",
        "contacts[0].referrals[0].reasons[0].text",
        "contacts[0].consents[0].description",
    }


def test_what_has_nothing_is_the_same_object() -> None:
    incident = Incident(agency="example-pd", number="1", type_final=Coded(text="Welfare check"))
    assert gate(incident)[0] is incident


def test_the_gate_stands_inside_translate() -> None:
    incident = Incident(
        agency="example-pd",
        number="1",
        type_final=Coded(code="A", text="Welfare check, no priors"),
        narratives=(Narrative(text="III return attached.", organization="example-pd"),),
    )
    made = translate(incident, agency=Agency(id="example-pd"), now=datetime(2026, 1, 1, tzinfo=UTC))
    assert "DocumentReference" not in {entry["resource"]["resourceType"] for entry in made.bundle["entry"]}
    assert "priors" not in repr(made.bundle)
    assert made.held == (Gated(path="narratives[0].text", rule="cjis.iii-return"),)
    assert made.dropped == (Gated(path="type_final.text", rule="cjis.criminal-history"),)
    assert made.account()["held"] == [{"path": "narratives[0].text", "rule": "cjis.iii-return", "count": 1}]


#: Text that is a name, a number, a code, a time or an id: what a person is called is not criminal justice information.
NOT_FREE = {
    "Agency": None,
    "Code": None,
    "Identifier": None,
    "Link": None,
    "Gated": None,
    "Organization": None,
    "Rejected": None,
    "Reading": None,
    "Issue": None,
    "Timeline": None,
    "Told": None,  # numbers and versions of records that were gated as Incidents
    "Telecom": {"value"},
    "Coded": {"code", "system"},
    "Name": {"family", "given"},
    "Place": {"city", "district", "state", "postal_code", "country", "beat", "keep_until"},
    "Person": {"slot", "birth_date"},
    "Staff": {"id", "organization", "credential"},
    "Unit": {"id", "employer"},
    "Narrative": {"text", "organization", "time", "id", "person"},  # text is looked at whole
    "Attachment": {"media_type", "data", "created"},  # data is looked at decoded
    "Caution": {"start", "end", "person"},
    "Observed": {"time"},
    "Screening": {"time"},
    "Diagnosis": {"time", "onset"},
    "Hold": {"started", "until"},
    "Transport": {"destination", "unit", "started"},
    "Referral": {"organization", "number", "decided_at", "respond_by", "follow_up_by"},
    "Recipient": {"organization", "participants"},
    "Signature": {"by", "at"},
    "ConsentForm": {"number", "sensitivities", "excluded", "purposes", "valid_from", "expires", "revoked_at"},
    "Contact": {"person", "organization", "start", "end"},
    "Incident": {"agency", "number", "case_number", "organization", "version", "updated"},
}


def _texts(cls: Any) -> set[str]:
    hints = get_type_hints(cls)
    return {
        each.name for each in fields(cls) if str in _parts(hints[each.name]) and "Literal" not in str(hints[each.name])
    }


def _parts(kind: Any) -> set[Any]:
    inner = getattr(kind, "__args__", ())
    return {kind}.union(*(_parts(each) for each in inner)) if inner else {kind}


@pytest.mark.parametrize("name", sorted(n for n, c in vars(records).items() if hasattr(c, "__dataclass_fields__")))
def test_every_text_field_is_free_text_or_said_not_to_be(name: str) -> None:
    cls = getattr(records, name)
    named = NOT_FREE.get(name, set())
    if named is None:
        return
    assert _texts(cls) == named | set(FREE_TEXT.get(cls, ()))
