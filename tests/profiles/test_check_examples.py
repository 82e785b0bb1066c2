"""No false errors: every example of the US Core packages is right by R4 and by each profile that it claims."""

from __future__ import annotations

import tarfile
from typing import Any

import orjson
import pytest

from profiles.check import check, meets, profile_issues
from profiles.definitions import profile_tables
from profiles.generate import SOURCES


def examples(package: str) -> dict[str, dict[str, Any]]:
    with tarfile.open(SOURCES / package) as archive:
        return {
            member.name: orjson.loads(content.read())
            for member in archive
            if "/example/" in member.name
            and not member.name.endswith((".index.json", "package.json"))
            and (content := archive.extractfile(member)) is not None
        }


#: What the examples claim and the check does not know: a profile of Structured Data Capture, on Questionnaires.
_SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire"


@pytest.mark.parametrize(("package", "count"), [("us-core-6.1.0.tgz", 183), ("us-core-7.0.0.tgz", 214)])
def test_us_core_examples(package: str, count: int) -> None:
    """By base R4 and by every profile that they claim; without a version those of 6.1.0 are meant."""
    found = examples(package)
    assert len(found) == count
    wrong = {name: [(i.rule, i.path) for i in issues] for name, r in found.items() if (issues := check(r))}
    of_sdc = {name for name, r in found.items() if r.get("meta", {}).get("profile") == [_SDC]}
    assert wrong == {name: [("check.profile-unknown", "Questionnaire.meta.profile[0]")] for name in of_sdc}
    assert len({r["resourceType"] for r in found.values()}) >= 28


@pytest.mark.parametrize(
    ("package", "version", "profiles"), [("us-core-6.1.0.tgz", "6.1.0", 47), ("us-core-7.0.0.tgz", "7.0.0", 50)]
)
def test_us_core_examples_by_the_profiles_of_their_own_version(package: str, version: str, profiles: int) -> None:
    """Each example meets what it claims, in the version that it was published with; nearly all profiles have one."""
    tried: set[str] = set()
    wrong: dict[str, list[tuple[str, str]]] = {}
    for name, resource in examples(package).items():
        for canonical in resource.get("meta", {}).get("profile", ()):
            url = f"{canonical.partition('|')[0]}|{version}"
            if "/us/core/" not in url:
                continue
            tried.add(url)
            if issues := profile_issues(resource, url):
                wrong[f"{name} {url}"] = [(i.rule, i.path) for i in issues]
    assert wrong == {}
    assert len(tried) == profiles


@pytest.mark.parametrize("package", ["us-core-6.1.0.tgz", "us-core-7.0.0.tgz"])
def test_no_example_meets_a_profile_of_another_type(package: str) -> None:
    for resource in list(examples(package).values())[::20]:
        for key, row in profile_tables()["profiles"].items():
            if row["type"] != resource["resourceType"]:
                assert not meets(resource, key)


def test_definitions_of_r4_datatypes() -> None:
    """The StructureDefinitions of R4 are resources too: 63 of them, each with every kind of element."""
    import gzip

    bundle = orjson.loads(gzip.decompress((SOURCES / "r4-profiles-types.json.gz").read_bytes()))
    assert [(i.rule, i.path) for e in bundle["entry"] for i in check(e["resource"]) if i.severity == "error"] == []
