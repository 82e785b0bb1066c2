"""Consent forms as data: the sections of a form, checked, and the exact text that a person is shown and signs.

Pure: a form is given as bytes (TOML), the shipped ones are package data. What a signed form becomes is
`mappings.incident.ConsentForm`; whether it is valid is decided when it is used.
"""

from mappings.consent_form.form import Choices, Named, consent_form, faults, filled
from mappings.consent_form.template import Section, Template, read_template, shipped
from mappings.consent_form.text import (
    Filled,
    Paragraph,
    is_drawn,
    paragraphs,
    plain_text,
    signed_document,
    text_digest,
)

__all__ = [
    "Choices",
    "Filled",
    "Named",
    "Paragraph",
    "Section",
    "Template",
    "consent_form",
    "faults",
    "filled",
    "is_drawn",
    "paragraphs",
    "plain_text",
    "read_template",
    "shipped",
    "signed_document",
    "text_digest",
]
