"""Forms as data: what a template must have, the words on it, and the ConsentForm that a signature makes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.consent_form import (
    Choices,
    Filled,
    Named,
    Template,
    consent_form,
    faults,
    filled,
    is_drawn,
    paragraphs,
    plain_text,
    read_template,
    shipped,
    signed_document,
    text_digest,
)
from mappings.consent_form.template import asked_for
from mappings.errors import PolicyError
from mappings.incident import Signature

TODAY = date(2026, 11, 21)
PROGRAM = Named(id="otp", name="Sunrise")
CENTER = Named(id="mhc", name="Lakeshore Center")
EXCHANGE = Named(id="hie", name="River Exchange", intermediary=True)
CHOICES = Choices(
    disclosers=(PROGRAM,), recipients=(CENTER,), description="all records", purposes=("TREAT",), expires="2027-11-21"
)
SIGNED = Signature(by="A. Person", at="2026-11-21T12:00:00Z", method="electronic")
STROKES = "M1 1" + "L2 2" * 9


def form(name: str) -> Template:
    return next(one for one in shipped() if one.id == name)


def source(name: str = "part2-tpo", **changes: str) -> str:
    """A shipped form as TOML, with texts replaced."""
    template = form(name)
    lines = [
        f'id = "{template.id}"\ntitle = "{template.title}"\nkind = "{template.kind}"\ncovers = "{template.covers}"',
        f'version = "{template.version}"\nlanguage = "en"',
    ]
    lines += [f'[[section]]\nelement = "{one.element}"\ntext = "{one.text}"' for one in template.sections]
    made = "\n".join(lines)
    for before, after in (change.split("=>", 1) for change in changes.values()):
        assert before in made
        made = made.replace(before, after, 1)
    return made


@pytest.mark.parametrize("template", shipped(), ids=lambda one: one.id)
def test_a_shipped_form_has_each_element_of_its_kind_with_its_paragraph(template: Template) -> None:
    """42 CFR 2.31(a), 45 CFR 164.508(c): what is asked for, once, and the citation beside it."""
    elements = [section.element for section in template.sections]
    for element in asked_for(template.kind, template.covers):
        assert elements.count(element) == 1
    law = {"part2": "42 CFR 2.31", "hipaa-authorization": "45 CFR 164.508"}.get(template.kind)
    if law:
        assert all(section.cite.startswith(law) for section in template.sections)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ('kind = "part2"=>kind = "part3"', "kind"),
        ('covers = "tpo"=>covers = "all"', "covers"),
        ('kind = "part2"=>kind = "opt-out"', "covers"),
        ('id = "part2-tpo"=>id = "Part 2"', "id"),
        ('version = "2026-11"=>', "version"),
        ('language = "en"=>language = "en"\ncolour = "red"', "colour"),
        ('element = "refusal"=>element = "consequence"', "section[9].element"),
        ('element = "refusal"=>element = "redisclosure"', "section"),
        ('element = "refusal"=>element = "statement"', "section"),  # 2.31(a)(10)(ii) is not there any more
        ("{recipients}=>somebody", "section[3].text"),
        ("{recipients}=>{nobody}", "section[3].text"),
        ("{recipients}=>{recipients!r}", "section[3].text"),
        ("{recipients}=>{recipients.name}", "section[3].text"),
        ("{recipients}=>{", "section[3].text"),
        ('element = "refusal"=>name = "x"\nelement = "refusal"', "section[9].name"),
    ],
)
def test_a_form_that_lacks_something_is_none(change: str, place: str) -> None:
    with pytest.raises(PolicyError) as raised:
        read_template(source(change=change).encode(), "state.toml")
    assert raised.value.rule == "consent.form-invalid"
    assert raised.value.issues[0].path == f"state.toml: {place}"


@pytest.mark.parametrize(
    ("box", "place"),
    [
        ('text = "x"', "section[11].name"),
        ('text = "x"\nname = "hiv"\nsensitivities = ["FLU"]', "section[11].sensitivities"),
        ('text = "x"\nname = "hiv"\nrequired = "yes"', "section[11].required"),
        ('text = "x"\nname = "hiv"\n[[section]]\nelement = "checkbox"\ntext = "y"\nname = "hiv"', "section"),
    ],
)
def test_a_states_box_is_checked(box: str, place: str) -> None:
    with pytest.raises(PolicyError) as raised:
        read_template(f'{source()}\n[[section]]\nelement = "checkbox"\n{box}'.encode(), "state.toml")
    assert raised.value.issues[0].path == f"state.toml: {place}"


def test_what_is_no_toml_is_no_form() -> None:
    with pytest.raises(PolicyError) as raised:
        read_template(b"\xff = 1", "state.toml")
    assert raised.value.rule == "consent.form-not-toml"


def test_what_the_state_wants_ticked_for_itself_is_left_out_unless_it_is() -> None:
    box = '\n[[section]]\nelement = "checkbox"\ntext = "HIV, too"\nname = "hiv"\nsensitivities = ["HIV"]'
    template = read_template((source() + box).encode(), "state.toml")
    without = consent_form(template, CHOICES, ticked=frozenset(), number="7", signature=SIGNED)
    with_it = consent_form(template, CHOICES, ticked=frozenset({"hiv"}), number="7", signature=SIGNED)
    assert (without.excluded, with_it.excluded) == (("HIV",), ())


@pytest.mark.parametrize(
    ("name", "changes", "found"),
    [
        ("part2-tpo", {}, ()),
        ("part2-tpo", {"disclosers": ()}, ("missing-discloser",)),  # 2.31(a)(2)
        ("part2-tpo", {"description": "  "}, ("missing-description",)),  # (a)(3)
        ("part2-tpo", {"recipients": ()}, ("missing-recipient",)),  # (a)(4)
        ("part2-tpo", {"recipients": (), "tpo_class": True}, ()),  # (a)(4)(i)
        ("part2-named", {"recipients": (), "tpo_class": True}, ("missing-recipient",)),
        ("part2-named", {"purposes": ()}, ("missing-purpose",)),  # (a)(5)
        ("part2-named", {"purposes": ("anything",)}, ("missing-purpose",)),
        ("part2-tpo", {"purposes": ()}, ()),
        ("part2-tpo", {"expires": "", "expiry_event": "none"}, ()),  # (a)(7)
        ("part2-tpo", {"expires": "", "expiry_event": ""}, ("missing-expiry",)),
        ("part2-tpo", {"expires": "soon"}, ("missing-expiry",)),
        ("part2-tpo", {"expires": "2026-11-20"}, ("consent-expired",)),
        ("part2-tpo", {"expires": "2026-11-21"}, ()),  # S43: to the end of that day
        ("part2-named", {"expires": "", "expiry_event": "None"}, ()),  # for treatment alone
        (
            "part2-named",
            {"purposes": ("TREAT", "custody-care"), "expires": "", "expiry_event": "None"},
            ("open-expiry-not-tpo",),
        ),
        ("part2-proceedings", {"expires": "", "expiry_event": "none"}, ("open-expiry-not-tpo",)),
        ("hipaa-authorization", {"expires": "", "expiry_event": "none"}, ()),  # 164.508(c)(1)(v)
        ("opt-out", {"disclosers": (), "recipients": (), "purposes": (), "expires": ""}, ()),
        ("opt-out", {"description": ""}, ("missing-description",)),
        ("part2-tpo", {"sensitivities": ("FLU",)}, ("missing-description",)),
    ],
)
def test_choices_that_make_no_form(name: str, changes: dict[str, Any], found: tuple[str, ...]) -> None:
    assert faults(form(name), replace(CHOICES, **changes), today=TODAY) == found


def words(name: str = "part2-tpo", **changes: Any) -> Filled:
    return filled(form(name), replace(CHOICES, **changes), patient="A. Person", birth_date="1988-04-02")


def test_an_intermediary_is_named_with_its_participants() -> None:
    """2.31(a)(4)(ii): who, and through it to whom; without names, those who treat."""
    named = {"recipients": (EXCHANGE,), "participants": ("Dr. Lee", "Northfork")}
    assert words(**named).recipients == "River Exchange, and through it to Dr. Lee and Northfork"
    assert words(recipients=(EXCHANGE,)).recipients == "River Exchange, and through it to my treating providers"
    template = form("part2-tpo")
    made = consent_form(template, replace(CHOICES, **named), ticked=frozenset(), number="7", signature=SIGNED)
    assert made.recipients[0].participants == ("Dr. Lee", "Northfork")
    made = consent_form(
        template, replace(CHOICES, recipients=(EXCHANGE,)), ticked=frozenset(), number="7", signature=SIGNED
    )
    assert made.recipients[0].class_ == "my treating providers"


def test_notes_and_proceedings_are_of_nothing_else() -> None:
    notes = consent_form(
        form("part2-counselling-notes"),
        replace(CHOICES, sensitivities=("SUD",)),
        ticked=frozenset(),
        number="7",
        signature=SIGNED,
    )
    assert (notes.counselling_notes, notes.sensitivities) == (True, ("PSYTHPN",))
    court = consent_form(form("part2-proceedings"), CHOICES, ticked=frozenset(), number="7", signature=SIGNED)
    assert (court.proceedings, court.purposes) == (True, ("proceedings",))


def test_what_was_shown_is_what_is_signed() -> None:
    template = form("part2-tpo")
    shown = text_digest(template, words())
    assert text_digest(template, replace(words(), ticked=frozenset({"hiv"}))) == shown  # ticked while signing
    assert text_digest(template, words(description="some records")) != shown
    assert text_digest(template, replace(words(), patient="B. Person")) != shown
    assert text_digest(form("part2-named"), words()) != shown


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_what_somebody_types_is_words_and_nothing_else(typed: str) -> None:
    """No brace, tag or entity of a typed text does anything on the form or in the document."""
    template = form("part2-tpo")
    said = replace(words(), description=typed)
    assert any(typed in one.text for one in paragraphs(template, said))
    assert typed in plain_text(template, said)
    document = signed_document(template, said, signatures=((typed, "patient", STROKES),), witness=typed, at="now")
    plain = signed_document(template, words(), signatures=(("A", "patient", STROKES),), witness="A", at="now")
    assert document.count("<") == plain.count("<")
    assert document.count('"') == plain.count('"')


@pytest.mark.parametrize(
    ("strokes", "drawn"),
    [
        (STROKES, True),
        (STROKES + "M5 5L6 6", True),
        ("", False),
        ("M1 1L2 2", False),  # a dot
        ("M1 1" + "L2 2" * 9 + '"/><script>', False),
        ("M1 1" + "L2 -2" * 9, False),
        ("M1 1" + "L12345 2" * 9, False),
        ("L2 2" * 9, False),
        (STROKES + "\n", False),
        ("M1 1" + "L2 2" * 20_000, False),
    ],
)
def test_a_drawn_signature_is_strokes_and_nothing_else(strokes: str, drawn: bool) -> None:
    assert is_drawn(strokes) is drawn
    if strokes and not drawn:
        with pytest.raises(ValueError, match="drawn"):
            signed_document(form("part2-tpo"), words(), signatures=(("A", "p", strokes),), witness="", at="now")
