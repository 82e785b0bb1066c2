"""Our published artefacts: loadable by canonical url, right FHIR, and the same codes that the code uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import profiles
from profiles import rules
from profiles.check import check
from profiles.invariants import INVARIANTS, REF_1, SQTY_1

CODE_SYSTEMS = {"contact-mode", "field-disposition", "issue-rule", "label", "police-purpose-of-use"}


def codes(name: str) -> dict[str, str]:
    system = profiles.load(f"{profiles.CANONICAL}/CodeSystem/{name}")
    return {c["code"]: c["display"] for c in system["concept"]}


def test_each_artefact_is_in_its_file_and_right() -> None:
    urls = profiles.canonicals()
    assert {f"{profiles.CANONICAL}/CodeSystem/{n}" for n in CODE_SYSTEMS} <= set(urls)
    for url in urls:
        artefact = profiles.load(url)
        assert artefact["url"] == url
        assert check(artefact) == []
        assert profiles.load(f"{url}|{artefact['version']}") == artefact
        assert artefact.get("count", len(artefact["concept"])) == len(artefact["concept"])


@pytest.mark.parametrize("canonical", ["https://warmhandoff.org/fhir/CodeSystem/none", "http://hl7.org/fhir/x", ""])
def test_what_we_do_not_publish(canonical: str) -> None:
    with pytest.raises(LookupError):
        profiles.load(canonical)


def test_another_version_is_not_published() -> None:
    with pytest.raises(LookupError):
        profiles.load(f"{profiles.CANONICAL}/CodeSystem/label|99")


def test_field_dispositions_are_those_the_mappings_use() -> None:
    """Read as text: profiles stands below mappings and does not import it."""
    source = (Path(profiles.__file__).parent.parent / "mappings" / "codes.py").read_text()
    table = source.partition("FIELD_DISPOSITIONS")[2].partition("}")[0]
    assert codes("field-disposition") == dict(re.findall(r'"([a-z-]+)": "([^"]+)"', table))


def test_every_rule_of_the_check_is_published() -> None:
    used = {r.rule for r in (*rules.BASE, *(i.rule for i in INVARIANTS.values()), REF_1, SQTY_1.rule)}
    assert used <= set(codes("issue-rule"))
