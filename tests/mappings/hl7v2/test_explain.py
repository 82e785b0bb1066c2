"""A message told field by field, and the names that are told."""

from __future__ import annotations

from mappings.hl7v2 import names
from mappings.hl7v2.codec import parse
from mappings.hl7v2.explain import explain, oddities, targets
from tests.mappings.hl7v2.field_names import FILE, build

FAMILY = "Vorrengast"
MESSAGE = (
    "MSH|^~\\&|CAD|CITY|HUB|HUB|20261121150000-0600||ADT^A04^ADT_A01|C1|P|2.5.1\r"
    f'PID|1||X1^^^CITY&1.2.3&ISO^MR~X2^^^CITY||{FAMILY}^A\\T\\B||19890231|F~M|||""||||||||||||||||||||||||||||||x\r'
    "OBX|1|NM|8480-6^BP^LN||twelve||||||F\r"
    "ZPD|own\r"
    "QQQ|1\r"
    "NTE\r"
).encode()


def told(**options: object) -> dict[str, object]:
    found = list(explain(parse(MESSAGE), **options))  # type: ignore[arg-type]
    assert [one.segment for one in found] == ["MSH", "PID", "OBX", "ZPD", "QQQ", "NTE"]
    return {field.place: field for one in found for field in one.fields} | {one.segment: one for one in found}


def test_each_field_has_its_name_type_and_value() -> None:
    found = told()
    name = found["PID-5"]
    assert (name.name, name.datatype, name.value) == ("Patient Name", "XPN", None)  # type: ignore[attr-defined]
    assert [(part.number, part.name, part.value) for part in name.parts] == [  # type: ignore[attr-defined]
        (1, "Family Name", FAMILY),
        (2, "Given Name", "A&B"),
    ]
    assert found["PID-3[2]"].parts[0].value == "X2"  # type: ignore[attr-defined]
    assert found["PID-3"].parts[1].value == "CITY&1.2.3&ISO"  # type: ignore[attr-defined]
    assert found["OBX-5"].datatype == "NM"  # type: ignore[attr-defined]
    assert found["ZPD-1"].name is None  # type: ignore[attr-defined]


def test_every_field_that_is_not_empty_is_told() -> None:
    message = parse(MESSAGE)
    filled = {
        f"{segment.name}-{number}"
        for segment in message.segments
        for number in range(1, len(segment) + 1)
        if segment.field(number)
    }
    assert filled == {field.place.partition("[")[0] for one in explain(message) for field in one.fields}


def test_what_is_odd() -> None:
    found = {place: one.odd for place, one in told().items() if one.odd}  # type: ignore[attr-defined]
    assert found == {
        "PID-7": ("this is not a time that exists",),
        "PID-8[2]": ("it stands more than once, and may only once",),
        "PID-11": ('the explicit null "": the value is to be deleted',),
        "PID-41": ("no version of the standard has this field",),
        "OBX-5": ("not a number",),
        "ZPD": ("a segment of the partners' own: the standard does not name its fields",),
        "QQQ": ("no version of the standard has this segment",),
        "NTE": ("nothing stands in it",),
    }
    assert oddities(parse(MESSAGE)) == ()
    assert oddities(parse(b"MSH|^~\\&|A|||||||\nPID|1\n")) == (
        "segments do not end with CR alone",
        "MSH-7: there is no time",
        "MSH-9: there is no type",
        "MSH-10: there is no control id",
        "MSH-12: there is no version",
    )


def test_masked_it_tells_lengths_and_how_it_is_built() -> None:
    found = told(mask=True)
    assert FAMILY not in repr(found)
    assert found["PID-5"].parts[0].value == "(10 characters)"  # type: ignore[attr-defined]
    assert found["MSH-12"].value == "2.5.1"  # type: ignore[attr-defined]


def test_what_becomes_of_a_field() -> None:
    found = told(targets=targets())
    assert found["PID-5"].becomes == ("Patient.name",)  # type: ignore[attr-defined]
    assert found["ZPD-1"].becomes == ()  # type: ignore[attr-defined]


def test_the_names_are_those_of_the_structures() -> None:
    assert FILE.read_bytes() == build()
    assert names.segment_name("RF1") == "Referral Information"
    assert names.field("RF1", 6) == names.Named(name="Originating Referral Identifier", datatype="EI", single=True)
    assert names.field("MSH", 28) is not None
    assert names.component("XPN", 1) == names.Named(name="Family Name", datatype="FN", single=True)
    assert names.field("PID", 99) is names.component("ST", 1) is names.field("ZZZ", 1) is None
