"""Security labels: by origin, by code, by text; confidentiality by policy; the high-water mark of a Bundle."""

from __future__ import annotations

from mappings.labels.marking import Label, Labelled, high_water, label, label_bundle
from mappings.labels.origin import Origin
from mappings.labels.policy import LabelPolicy

__all__ = ["Label", "LabelPolicy", "Labelled", "Origin", "high_water", "label", "label_bundle"]
