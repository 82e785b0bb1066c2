"""The rules of `profiles.check`: each with its FHIR severity, FHIR issue type and fixed words.

A rule never carries a payload value. Rules of invariants (`check.invariant.per-1`) stand beside the invariants.
"""

from __future__ import annotations

from typing import NamedTuple

from profiles.issue import Severity


class Rule(NamedTuple):
    """What an issue of this rule says, but for its place."""

    rule: str
    code: str
    text: str
    severity: Severity = "error"


RESOURCE_TYPE = Rule("check.resource-type", "structure", "Not a FHIR R4 resource: resourceType is missing or unknown")
UNKNOWN_ELEMENT = Rule("check.unknown-element", "structure", "FHIR R4 has no such element here")
MISSING = Rule("check.missing", "required", "A required element is missing")
TOO_MANY = Rule("check.too-many", "structure", "More values than the element may have; it is not an array")
TYPE = Rule("check.type", "structure", "The JSON type is not the one of this element")
CHOICE = Rule("check.choice", "structure", "More than one type of a choice element is present")
EMPTY = Rule("check.empty", "structure", "An array, object or string must not be empty")
NULL = Rule("check.null", "structure", "A null stands only in an array, for a value that has an extension")
ALIGNMENT = Rule(
    "check.alignment", "structure", "The array of extensions is longer than allowed or has no value to stand for"
)
FORMAT = Rule("check.format", "value", "The value does not have the format of its type")
DATE = Rule("check.date", "value", "Not a date or time that exists in the format FHIR R4 gives this type")
ZONE = Rule("check.date", "value", "A time of day needs seconds and a zone")
LENGTH = Rule("check.length", "too-long", "A string is longer than 1048576 characters")
CODE = Rule("check.code", "code-invalid", "The code is not in the required value set")
TARGET = Rule("check.target", "value", "The reference points to a type of resource that is not allowed here")
REFERENCE = Rule("check.reference", "value", "Not a literal reference: Type/id, a URL, urn:uuid:, urn:oid: or #id")
UNRESOLVED = Rule(
    "check.unresolved", "not-found", "The urn: reference is the fullUrl of no entry of this Bundle", "warning"
)
XHTML = Rule("check.xhtml", "invalid", "The narrative is not a well-formed XHTML div in the XHTML namespace")
DEPTH = Rule("check.depth", "too-costly", "Nested too deeply to be checked")

EXTENSION = Rule("check.extension", "extension", "The extension's definition allows no such value or part here")

EXTENSION_UNKNOWN = Rule("check.extension-unknown", "extension", "We define no extension with this url of ours")

PROFILE_UNKNOWN = Rule("check.profile-unknown", "not-found", "We publish no profile with this canonical url of ours")
PROFILE_FOREIGN = Rule(
    "check.profile-unknown", "not-found", "A claimed profile is not known here and was not checked", "information"
)
PROFILE_OTHER = Rule("check.profile-resource", "structure", "A claimed profile is about another type of resource")
PROFILE_MISSING = Rule("check.profile-missing", "required", "An element that the profile requires is missing")
PROFILE_TOO_MANY = Rule("check.profile-too-many", "structure", "More values than the profile allows")
PROFILE_PROHIBITED = Rule("check.profile-prohibited", "structure", "An element that the profile does not allow")
PROFILE_VALUE = Rule("check.profile-value", "value", "The value is not the one that the profile gives")
PROFILE_CODE = Rule("check.profile-code", "code-invalid", "The code is not in the value set that the profile requires")
PROFILE_TYPE = Rule("check.profile-type", "structure", "The profile does not allow this type of value here")
PROFILE_TARGET = Rule(
    "check.profile-target", "value", "The profile does not allow a reference to this type of resource"
)
SLICE_MISSING = Rule("check.slice-missing", "required", "A value that the profile requires among these is missing")
SLICE_TOO_MANY = Rule("check.slice-too-many", "structure", "More values of this kind than the profile allows")
SLICE_CLOSED = Rule("check.slice-closed", "structure", "A value of a kind that the profile does not list")
MUST_SUPPORT = Rule(
    "check.must-support", "incomplete", "An element that the profile marks must-support is not there", "warning"
)

#: What one checker found: places below its own, each with its rule. Empty is written None.
Found = list[tuple[str, Rule]]

BASE: tuple[Rule, ...] = (
    RESOURCE_TYPE, UNKNOWN_ELEMENT, MISSING, TOO_MANY, TYPE, CHOICE, EMPTY, NULL, ALIGNMENT, FORMAT, DATE, ZONE,
    LENGTH, CODE, TARGET, REFERENCE, UNRESOLVED, XHTML, EXTENSION, EXTENSION_UNKNOWN, DEPTH,
)  # fmt: skip

#: The rules of profiles; those of their invariants stand in `profiles.profile_invariants`.
OF_PROFILES: tuple[Rule, ...] = (
    PROFILE_UNKNOWN, PROFILE_FOREIGN, PROFILE_OTHER, PROFILE_MISSING, PROFILE_TOO_MANY, PROFILE_PROHIBITED,
    PROFILE_VALUE, PROFILE_CODE, PROFILE_TYPE, PROFILE_TARGET, SLICE_MISSING, SLICE_TOO_MANY, SLICE_CLOSED,
    MUST_SUPPORT,
)  # fmt: skip


def under(found: Found | None, step: str, below: Found) -> Found:
    """What was found so far, with what was found below this step."""
    placed = [(step + place, rule) for place, rule in below]
    if found is None:
        return placed
    found.extend(placed)
    return found
