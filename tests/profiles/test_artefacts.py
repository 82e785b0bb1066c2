"""Our published artefacts: loadable by canonical url, and right FHIR. What codes they hold: `test_terminology`."""

from __future__ import annotations

import pytest

import profiles
from profiles.check import check


@pytest.mark.parametrize("url", profiles.canonicals())
def test_each_artefact_is_right(url: str) -> None:
    artefact = profiles.load(url)
    assert artefact["url"] == url
    assert check(artefact) == []
    assert profiles.load(f"{url}|{artefact['version']}") == artefact


def test_each_artefact_is_under_its_kind() -> None:
    assert profiles.canonicals() == sorted(url for kind in profiles.KINDS for url in profiles.canonicals(kind))
    for kind in ("CodeSystem", "ConceptMap", "StructureDefinition", "ValueSet"):
        assert len(profiles.canonicals(kind)) > 10
        assert all(profiles.load(url)["resourceType"] == kind for url in profiles.canonicals(kind))


def test_a_copy_is_the_callers_own() -> None:
    url = f"{profiles.CANONICAL}/CodeSystem/label"
    profiles.load(url)["concept"].clear()
    assert profiles.load(url)["concept"]


@pytest.mark.parametrize(
    "canonical",
    [
        "https://warmhandoff.org/fhir/CodeSystem/none",
        "https://warmhandoff.org/fhir/CodeSystem/../package/CodeSystem-label",
        "http://hl7.org/fhir/x",
        "",
    ],
)
def test_what_we_do_not_publish(canonical: str) -> None:
    with pytest.raises(LookupError):
        profiles.load(canonical)


def test_another_version_is_not_published() -> None:
    with pytest.raises(LookupError):
        profiles.load(f"{profiles.CANONICAL}/CodeSystem/label|99")
