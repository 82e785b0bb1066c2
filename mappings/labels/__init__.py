"""Security labels: by origin, by code, by text; confidentiality by policy; the high-water mark of a Bundle."""

from __future__ import annotations

from mappings.labels.known import Known
from mappings.labels.marking import Label, Labelled, high_water, label, label_bundle
from mappings.labels.origin import Origin
from mappings.labels.policy import LabelPolicy, load_policy
from mappings.labels.text import TextLabels

__all__ = [
    "Known",
    "Label",
    "LabelPolicy",
    "Labelled",
    "Origin",
    "TextLabels",
    "high_water",
    "label",
    "label_bundle",
    "load_policy",
]
