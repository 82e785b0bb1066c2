"""What is remembered of resources that come again changes no label, no reason and no place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from mappings.labels import Known, Origin, TextLabels, label_bundle
from mappings.labels.marking import without_labels

SAMPLES = Path(__file__).parents[3] / "samples"
BUNDLES = sorted(SAMPLES.glob("*/story-*/expected.bundle.json"))[:12]
WHOSE = Origin(reference="Organization/example", role="part2-program")


def bare(bundle: dict[str, Any]) -> dict[str, Any]:
    return {
        **bundle,
        "entry": [{**entry, "resource": without_labels(entry["resource"])} for entry in bundle["entry"]],
    }


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: "-".join(path.parts[-3:-1]))
def test_labels_are_the_same_with_and_without_it(path: Path) -> None:
    bundle = bare(json.loads(path.read_text()))
    origins = [WHOSE if place % 2 else None for place in range(len(bundle["entry"]))]
    known = Known()
    plain = label_bundle(bundle, origins)
    assert label_bundle(bundle, origins, known=known) == plain
    assert label_bundle(bundle, origins, known=known) == plain
    # as it comes out of the store: labelled, and its keys in another order
    kept = orjson.loads(orjson.dumps(plain.resource, option=orjson.OPT_SORT_KEYS))
    again, alone = label_bundle(kept, origins, known=known), label_bundle(kept, origins)
    assert again.resource == alone.resource
    assert set(again.labels) == set(alone.labels)
    assert again.issues == alone.issues


def test_other_content_under_the_same_id_is_read_anew() -> None:
    known = Known()
    note = {"resourceType": "Observation", "id": "one", "note": [{"text": "Nothing to tell."}]}
    told = {**note, "note": [{"text": "She is in treatment for heroin dependence."}]}

    def codes(resource: dict[str, Any]) -> set[str]:
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource}]}
        return {row.code for row in label_bundle(bundle, [WHOSE], known=known).labels}

    assert "OPIOIDUD" not in codes(note) | codes(note)
    assert codes(told) > codes(note)


def test_what_is_long_past_is_forgotten_and_read_again() -> None:
    known = Known(size=2)
    notes = [{"resourceType": "Observation", "note": [{"text": f"Heroin, number {n}."}]} for n in range(9)]
    first = [known.told(one) for one in notes]
    assert all(first)
    assert [known.told(one) for one in notes] == first


def test_it_is_of_one_way_of_reading() -> None:
    own = TextLabels(programs={"SUD": ["Lantern Row"]})
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": {"resourceType": "Observation", "note": [{"text": "Goes to Lantern Row."}]}}],
    }
    shipped = Known()
    label_bundle(bundle, [WHOSE], known=shipped)
    assert label_bundle(bundle, [WHOSE], text=own, known=shipped) == label_bundle(bundle, [WHOSE], text=own)
