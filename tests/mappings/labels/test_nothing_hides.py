"""Hypothesis: no code or display of a sensitive value set hides from the labeler, wherever and however it is put."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.labels import Origin, label
from mappings.labels.codes import _SYSTEMS, _tables, by_code, code_words
from mappings.labels.sources.build import _rows
from mappings.labels.sources.peers import SAME
from mappings.labels.text import by_text

CENTER = Origin(reference="Organization/mhc", role="covered-entity")


def aliases(key: str) -> list[str]:
    return [alias for alias, found in _SYSTEMS.items() if found == key]


def sensitive() -> list[tuple[str, str]]:
    """Every code of every table that tells something: of a prefix the prefix itself, as a code it is one."""
    tables = _tables()
    return [
        (key, code)
        for table in (tables.exact, tables.prefix)
        for key, codes in table.items()
        for code, finding in codes.items()
        if finding is not None and not (key.startswith("icd") and len(code) < 3)
    ]


def displays() -> list[tuple[str, frozenset[str]]]:
    """Every display of a published code that is certain, and the labels of which its words must tell one."""
    mental = SAME["PSY"]
    found: dict[str, frozenset[str]] = {}
    for name in ("c2s_vss_value_sets.csv.gz", "shift_sls_value_sets.csv.gz"):
        for row in _rows(name):
            finding = by_code(row["system"], row["code"])
            if finding is not None and finding.grade == "certain" and row["display"] and "snomed" not in row["system"]:
                labels = frozenset(finding.labels)
                found[row["display"]] = labels | mental if labels & mental else labels
    # Words of every police report; with its code it is PSY for certain.
    del found["Fear of injury"]
    return sorted(found.items())


SENSITIVE = sensitive()
DISPLAYS = displays()
EXTENSION = st.sampled_from(["valueCoding", "valueCodeableConcept", "valueReference", "extension"])


def dotted(key: str, code: str) -> str:
    return f"{code[:3]}.{code[3:]}" if key in ("icd10cm", "icd9cm") and len(code) > 3 else code


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    """A sensitive code as a Coding: any alias of its system, dotted or not, in any case, with blanks around."""
    key, code = draw(st.sampled_from(SENSITIVE))
    system = draw(st.sampled_from(aliases(key)))
    if key == "icd10pcs":
        code = code.ljust(7, "Z")
    spelled = dotted(key, code) if draw(st.booleans()) else code
    spelled = "".join(letter.lower() if draw(st.booleans()) else letter for letter in spelled)
    if draw(st.booleans()):
        spelled = f" {spelled} "
    if draw(st.booleans()):
        system = system.upper()
    coding: dict[str, Any] = {"system": system, "code": spelled}
    if draw(st.booleans()):
        coding["version"] = "2026"
    return key, code, coding


@st.composite
def placed(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    """The same somewhere in a resource."""
    key, code, coding = draw(written())
    node: dict[str, Any] = {
        "coding": [*draw(st.lists(st.just({"system": "urn:local", "code": "7"}), max_size=3)), coding]
    }
    for _ in range(draw(st.integers(0, 6))):
        wrap = draw(st.sampled_from(["extension", "item", "primitive", "contained", "parameter"]))
        if wrap == "extension":
            node = {"extension": [{"url": "urn:x", "valueCodeableConcept": node}]}
        elif wrap == "item":
            node = {"item": [{"linkId": "1", "answer": [{"valueCoding": node, "item": [node]}]}]}
        elif wrap == "primitive":
            node = {"_birthDate": {"extension": [{"url": "urn:x", "valueCodeableConcept": node}]}}
        elif wrap == "contained":
            node = {"contained": [{"resourceType": "Basic", "id": "c", "code": node}]}
        else:
            node = {"parameter": [{"name": "x", "resource": {"resourceType": "Basic", "code": node}}]}
    key_in = draw(st.sampled_from(["code", "category", "valueCodeableConcept", "reasonCode", "type"]))
    resource: dict[str, Any] = {"resourceType": "Basic", key_in: node}
    if draw(st.booleans()):
        resource = {"resourceType": "Basic", "meta": {"tag": [coding]}}
    return key, code, resource


@settings(max_examples=120, deadline=None)
@given(placed())
def test_no_code_hides_wherever_and_however_it_is_put(case: tuple[str, str, dict[str, Any]]) -> None:
    key, code, resource = case
    expected = by_code(aliases(key)[0], code)
    assert expected is not None
    found = label(resource, origin=CENTER)
    assert set(expected.labels) <= {row.code for row in found.labels if row.grade == expected.grade}
    if expected.grade == "certain":
        assert set(expected.labels) <= {coding["code"] for coding in found.resource["meta"]["security"]}


@settings(max_examples=60, deadline=None)
@given(
    written(),
    st.sampled_from(["{s}|{c}", "Basic?code={s}|{c}", "Basic?code={s}%7C{c}&_count=1", "Basic?code=7,{s}|{c}"]),
)
def test_no_code_hides_in_a_query(case: tuple[str, str, dict[str, Any]], form: str) -> None:
    key, code, coding = case
    expected = by_code(aliases(key)[0], code)
    assert expected is not None
    query = form.format(s=coding["system"], c=coding["code"].strip())
    found = label({"resourceType": "Basic", "subject": {"reference": query}}, origin=CENTER)
    assert set(expected.labels) <= {row.code for row in found.labels}


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(DISPLAYS),
    st.sampled_from(["display", "text", "title", "description", "valueString", "div", "name", "comment"]),
    st.sampled_from(["plain", "upper", "entity", "tags", "invisible", "wide", "attribute"]),
    st.integers(0, 5),
)
def test_no_display_hides_wherever_and_however_it_is_put(
    display: tuple[str, frozenset[str]], key: str, how: str, depth: int
) -> None:
    words, tells = display
    spelled = {
        "plain": words,
        "upper": words.upper(),
        "entity": f"&#{ord(words[0])};{words[1:]}",
        "tags": f"<div>{words[:3]}<b>{words[3:]}</b></div>",
        "invisible": words[:2] + "\u200b" + words[2:],
        "wide": "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in words),
        "attribute": f'<div><img alt="{words}"/></div>',
    }[how]
    node: dict[str, Any] = {key: spelled}
    for _ in range(depth):
        node = {"extension": [{"url": "urn:x", "valueAnnotation": node}]}
    resource = {"resourceType": "Basic", "code": node}
    assert tells & {row.code for row in label(resource, origin=CENTER).labels}


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=8)
        | st.sampled_from(["F11.20", "http://loinc.org", "|", "?"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "code",
                        "system",
                        "coding",
                        "extension",
                        "url",
                        "value",
                        "text",
                        "meta",
                        "tag",
                        "security",
                        "data",
                        "contained",
                        "resource",
                        "reference",
                        "identifier",
                        "entry",
                        "valueCoding",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_shape_makes_it_fail(shape: Any) -> None:
    for resource in (
        {"resourceType": "Basic", "code": shape, "meta": shape, "contained": shape},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Basic", "x": shape}}, shape]},
        {"resourceType": "Provenance", "target": shape, "agent": shape, "entity": shape},
    ):
        once = label(resource, origin=CENTER).resource
        assert label(once, origin=CENTER).resource == once


def test_every_word_that_a_code_is_known_by_has_a_digit() -> None:
    """The scan looks for codes only in texts that have one."""
    assert [word for word in code_words() if not any(letter.isdigit() for letter in word)] == []


def test_every_display_of_a_published_set_tells_in_words_what_its_code_tells() -> None:
    assert len(DISPLAYS) > 900
    hidden = [words for words, tells in DISPLAYS if not tells & {code for one in by_text(words) for code in one.labels}]
    assert hidden == []
