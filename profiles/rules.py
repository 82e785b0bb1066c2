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

#: What one checker found: places below its own, each with its rule. Empty is written None.
Found = list[tuple[str, Rule]]

BASE: tuple[Rule, ...] = (
    RESOURCE_TYPE, UNKNOWN_ELEMENT, MISSING, TOO_MANY, TYPE, CHOICE, EMPTY, NULL, ALIGNMENT, FORMAT, DATE, ZONE,
    LENGTH, CODE, TARGET, REFERENCE, UNRESOLVED, XHTML, EXTENSION, DEPTH,
)  # fmt: skip
