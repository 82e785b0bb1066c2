"""The package file: what it holds, that it is the same each time, and that it says of itself what is true."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from profiles import CANONICAL, compile
from profiles.examples import each_once, examples
from profiles.generate import packed
from profiles.package_file import DATE, DEPENDENCIES, FILE, NAME, VERSION, artefacts, index, package
from tests.profiles.published import canonicals_of

Json = dict[str, Any]


@cache
def content() -> dict[str, bytes]:
    data = package(artefacts(), each_once(examples()))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


def test_it_has_every_definition_and_example_and_its_manifest_first() -> None:
    names = list(content())
    assert names[0] == "package/package.json"
    assert set(names[1:]) == {
        "package/.index.json",
        "package/example/.index.json",
        *(f"package/{name}.json" for name in artefacts()),
        *(f"package/example/{name}.json" for name in each_once(examples())),
    }
    for name, definition in artefacts().items():
        assert json.loads(content()[f"package/{name}.json"]) == definition


def test_the_same_bytes_each_time_and_nothing_of_who_built_it() -> None:
    few = dict(list(artefacts().items())[:3])
    assert package(few, {}) == package(few, {})
    with tarfile.open(fileobj=io.BytesIO(package(few, {}))) as archive:
        for member in archive:
            assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")
            assert (member.mode, member.isreg()) == (0o644, True)


@pytest.mark.parametrize("folder", ["package", "package/example"])
def test_the_index_names_every_file(folder: str) -> None:
    told = json.loads(content()[f"{folder}/.index.json"])
    files = {name.rpartition("/")[2] for name in content() if name.rpartition("/")[0] == folder}
    assert {row["filename"] for row in told["files"]} == files - {".index.json", "package.json"}
    for row in told["files"]:
        resource = json.loads(content()[f"{folder}/{row['filename']}"])
        assert {key: resource[key] for key in row if key != "filename"} == {
            key: value for key, value in row.items() if key != "filename"
        }


def test_an_index_repeats_only_words() -> None:
    """A Patient's `type` is no name, and neither is a Bundle's missing url."""
    (row,) = index([{"resourceType": "Encounter", "id": "e", "type": [{"text": "x"}]}])["files"]
    assert row == {"filename": "Encounter-e.json", "resourceType": "Encounter", "id": "e"}


def test_the_manifest_says_what_the_shorthand_says() -> None:
    told = json.loads(content()["package/package.json"])
    config = yaml.safe_load((compile.SHORTHAND / "sushi-config.yaml").read_text())
    assert (told["name"], told["version"], told["canonical"]) == (NAME, VERSION, CANONICAL)
    assert (config["version"], config["canonical"], [config["fhirVersion"]]) == (
        VERSION,
        CANONICAL,
        told["fhirVersions"],
    )
    assert told["dependencies"] == DEPENDENCIES == {"hl7.fhir.r4.core": "4.0.1", **config["dependencies"]}
    assert told["license"] == "Apache-2.0"
    assert DATE.startswith(compile.DATE.replace("-", ""))
    assert f"{NAME}-{VERSION}.tgz" == FILE


@cache
def there() -> frozenset[str]:
    """Every canonical url of the packed sources, with and without version."""
    found: set[str] = set()
    for name in ("profiles-types", "profiles-resources", "extension-definitions", "valuesets", "v3-codesystems"):
        found.update(r["url"] for r in packed(f"r4-{name}.json.gz") if "url" in r)
    found.update(r["url"] for r in packed("r4-v2-tables.json.gz") if "url" in r)
    for name in ("us-core-6.1.0.tgz", "ds4p-1.0.0.tgz", "sdoh-clinicalcare-3.0.0.tgz"):
        found.update(canonicals_of(name))
    return frozenset(found)


#: Canonicals that the sources do not hold, and why they are right.
NOT_IN_THE_SOURCES = {
    "http://hl7.org/fhir/SearchParameter/Task-identifier": "R4's search parameters are not packed",
}


_CANONICAL = {"baseDefinition", "profile", "targetProfile", "valueSet", "supportedProfile", "definition"}


def _others(value: Any, key: str = "") -> Iterator[str]:
    """Canonical urls of others that we say ourselves: profiles, value sets, operations, not code systems."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name != "snapshot":
                yield from _others(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _others(item, key)
    elif isinstance(value, str) and key in _CANONICAL and value.startswith("http://hl7.org/fhir/"):
        yield value.partition("|")[0]


def test_every_canonical_of_others_is_in_the_sources() -> None:
    named = {url for definition in artefacts().values() for url in _others(definition)}
    assert len(named) > 20
    assert named - there() == set(NOT_IN_THE_SOURCES)
