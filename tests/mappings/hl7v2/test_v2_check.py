"""Our own check of what we wrote: each fault found at its place, none of it with a value."""

from __future__ import annotations

import pytest

from mappings.errors import RenderError
from mappings.hl7v2.check import check
from mappings.hl7v2.messages import v2_messages
from tests.mappings.hl7v2.referral_bundle import PARTNER, bundle, changed, consented, resources

(GOOD,) = v2_messages(consented(), PARTNER)


def edited(old: str, new: str) -> bytes:
    assert old.encode() in GOOD
    return GOOD.replace(old.encode(), new.encode(), 1)


@pytest.mark.parametrize(
    ("data", "rule", "path"),
    [
        (edited("RF1|", "ZRF|"), "render.v2-structure", "MSH-9"),
        (edited("DG1|1", "AL1|1"), "render.v2-structure", "MSH-9"),
        (edited("|198904|", "|198914|"), "render.v2-time", "PID[1]-7"),
        (edited("|20260114230212-0600|", "|20260231230212-0600|"), "render.v2-time", "MSH[1]-7"),
        (edited("||20260114|W|", "||20260114|Q|"), "render.v2-table", "DG1[1]-6"),
        (edited("S^STAT^HL70280", "Q^STAT^HL70280"), "render.v2-table", "RF1[1]-2"),
        (edited("Zwindelmark^Jo^Ann^^^^L", "Zwindelmark^Jo^Ann^^^^%"), "render.v2-table", "PID[1]-5"),
        (edited("OBX|1|CWE|93374-7", "OBX|1|ABC|93374-7"), "render.v2-table", "OBX[1]-2"),
        (edited("OBR|2|", "OBR|3|"), "render.v2-set-id", "OBR[2]-1"),
        (edited("NTE|2|", "NTE|3|"), "render.v2-set-id", "NTE[3]-1"),
        (edited("93373-9^Screener^LN", ""), "render.v2-required", "OBR[1]-4"),
        (edited("Asked twice.", ""), "render.v2-required", "NTE[1]-3"),
        (edited("^moderate", "^" + "x" * 800), "render.v2-length", "OBX[1]-5"),
        (edited("|7|", "|" + "7" * 17 + "|"), "render.v2-length", "OBX[2]-5"),
    ],
)
def test_a_fault(data: bytes, rule: str, path: str) -> None:
    with pytest.raises(RenderError) as caught:
        check(data, PARTNER)
    assert (rule, path) in [(issue.rule, issue.path) for issue in caught.value.issues]
    assert not any("Zwindelmark" in f"{issue.text}{issue.path}" for issue in caught.value.issues)


def test_lengths_were_taken_back_in_2_7() -> None:
    data = edited("|7|", "|" + "7" * 17 + "|").replace(b"|P|2.5.1|", b"|P|2.7|")
    check(data, PARTNER)


def test_what_a_partner_declared_is_its_word() -> None:
    from dataclasses import replace

    check(edited("||20260114|W|", "||20260114|Q|"), replace(PARTNER, codes={"DG1-6": {"W": "Q"}}))


def test_a_message_that_breaks_the_standard_is_never_made() -> None:
    # FHIR lets a gender code be any code of its value set, a time be one of day alone; what v2 cannot say is refused
    weird = changed("Observation", valueQuantity={"value": 12345678901234567890}, valueCodeableConcept=None)
    with pytest.raises(RenderError) as caught:
        v2_messages(weird, PARTNER)
    assert caught.value.rule == "render.v2-length"


def test_a_referral_without_results_or_visit_passes() -> None:
    kept = ("Task", "ServiceRequest", "Patient", "Organization", "Practitioner", "PractitionerRole")
    v2_messages(bundle([one for one in resources() if one["resourceType"] in kept]), PARTNER)
