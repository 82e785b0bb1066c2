"""MSH (2.15.9) and the control id of each message that one release becomes."""

from __future__ import annotations

import base64
import hashlib

from mappings.errors import RenderError
from mappings.hl7v2 import confidentiality
from mappings.hl7v2.build import Raw, Value
from mappings.hl7v2.case import Case
from mappings.hl7v2.datatypes import Json
from mappings.hl7v2.delimiters import STANDARD
from mappings.hl7v2.forms import as_written, kind_of
from mappings.hl7v2.people import Fields
from mappings.hl7v2.times import ts
from mappings.partner import Partner


def control_id(bundle_id: str, number: int = 0) -> str:
    """MSH-10 of a message made of the Bundle with this id: 20 characters, the field's length. `number` counts the
    messages of one release from 0.

    A UUID is too long for it; this is a digest (100 bits, base 32), so that a resend of the same Bundle has the same.
    """
    text = f"{bundle_id}#{number}" if number else bundle_id
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode("ascii")[:20]


def made_at(bundle: Json) -> str:
    """The moment of the Bundle's making as TS, the same in every resend.

    Raises RenderError `render.bundle` when the Bundle has no timestamp with a time.
    """
    made = ts(bundle.get("timestamp"))
    if made is None or len(made) < 14:
        raise RenderError("render.bundle", "the Bundle has no timestamp", path="Bundle.timestamp")
    return made


def msh(case: Case, partner: Partner, message: str, number: int) -> Fields:
    """MSH of one message. MSH-8 and MSH-26 to MSH-28 only where the partner agreed on them.

    Raises RenderError `render.bundle` when the Bundle has no id or no timestamp.
    """
    bundle = case.bundle
    if not bundle.get("id"):
        raise RenderError("render.bundle", "the Bundle has no id to make a control id of", path="Bundle.id")
    asked: Value = "AL" if partner.acknowledgement == "enhanced" else None
    fields: Fields = {
        2: STANDARD.msh_2,
        3: Raw(partner.sending_application),
        4: Raw(partner.sending_facility),
        5: Raw(partner.receiving_application),
        6: Raw(partner.receiving_facility),
        7: made_at(bundle),
        9: Raw(as_written(kind_of(message))),
        10: control_id(bundle["id"], number),
        11: "P",
        12: partner.version,
        15: asked,
        16: asked,
        18: partner.charset,
    }
    if "msh-8" in partner.labels:
        fields[8] = confidentiality.level(case.codes)
    if "msh-26" in partner.labels:
        fields[26] = confidentiality.classification(case.codes)
        fields[27] = confidentiality.handling(case.codes)
    notices = case.displays()
    if notices and partner.notice == "msh-28":
        # Either statement is enough by itself (42 CFR 2.32(a)): the shorter one fits the field.
        fields[28] = min(notices, key=len)
    return fields
