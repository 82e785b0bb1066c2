"""The label report: what was labelled, why, how sure, where; no value of the record in any form of it."""

from __future__ import annotations

import base64
import json
from typing import Any

from mappings.labels import Origin, label
from mappings.labels.report import as_html, as_text, report

CENTER = Origin(reference="Organization/mhc", role="covered-entity")
TEXT = "Velmontair says he has an opioid use disorder. Strong odor of alcohol at 7714 Pinecrest Way."
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {
            "resource": {
                "resourceType": "Condition",
                "id": "secret-id",
                "meta": {"security": [{"code": "N"}]},
                "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "B20"}]},
                "note": [{"text": TEXT}],
            }
        },
        {
            "resource": {
                "resourceType": "DocumentReference",
                "content": [
                    {"attachment": {"contentType": "text/plain", "data": base64.b64encode(TEXT.encode()).decode()}}
                ],
            }
        },
    ],
}


def made() -> dict[str, Any]:
    return report(label(BUNDLE, origin=CENTER), origin=CENTER)


def test_it_says_what_why_how_sure_and_where() -> None:
    found = made()
    assert (found["resource"], found["confidentiality"], found["origin"]) == ("Bundle", "R", "covered-entity")
    assert {"HIV", "SUD", "OPIOIDUD"} <= set(found["labels"])
    first = found["records"][0]
    assert (first["place"], first["type"], first["confidentiality"]) == ("Bundle.entry[0].resource", "Condition", "R")
    labels = {(one["code"], one["grade"]): one for one in first["labels"]}
    assert labels[("HIV", "certain")]["reasons"][0]["because"].startswith("code: ")
    (words,) = [one for one in labels[("SUD", "certain")]["reasons"] if one["path"].endswith("note[0].text")]
    for start, end in words["characters"]:
        assert TEXT[start:end].lower() == "opioid use disorder"
    assert labels[("SUD", "certain")]["cite"]
    assert found["issues"][0]["rule"] == "label.raised"


def test_the_words_of_an_attachment_have_their_places_too() -> None:
    second = made()["records"][1]
    reasons = [reason for one in second["labels"] for reason in one["reasons"] if "characters" in reason]
    assert reasons
    assert all(reason["path"].endswith("attachment.data") for reason in reasons)


def test_no_form_of_it_has_a_value_of_the_record() -> None:
    for form in (json.dumps(made()), as_text([made()]), as_html([made()])):
        assert not any(word in form for word in ("Velmontair", "7714", "Pinecrest", "secret-id"))
        assert "OPIOIDUD" in form and "Bundle.entry[0].resource.note[0].text" in form
        assert "policy" in form.lower()


def test_the_page_is_whole_and_has_no_script() -> None:
    page = as_html([made(), made()])
    assert page.startswith("<!DOCTYPE html>") and page.rstrip().endswith("</html>")
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert page.count("<h2>") == 2


def test_a_record_without_labels_is_told_so() -> None:
    found = report(label({"resourceType": "Patient"}, origin=None), origin=None)
    assert found["labels"] == ["origin-unknown"]
    empty = report(label({"resourceType": "Patient"}, origin=CENTER), origin=CENTER)
    assert empty["labels"] == [] and empty["records"] == []
    assert "labels: none" in as_text([empty])
