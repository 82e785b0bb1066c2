"""ED[Attachment] and RP[Attachment]: files in a message, and pointers to them."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from mappings.hl7v2.feed.coded import URI, Vocabulary
from mappings.hl7v2.feed.draft import Draft, Json

#: OBX-5's ED type and subtype (table 0191 and 0291) as a media type.
_MEDIA: Final = {
    "PDF": "application/pdf",
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "RTF": "application/rtf",
    "HTML": "text/html",
    "XML": "application/xml",
    "PLAIN": "text/plain",
    "TEXT": "text/plain",
    "X-HL7-CDA-LEVEL-ONE": "application/hl7-v3+xml",
}


def ed_attachment(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """ED[Attachment] (2.A.24): base64 is checked and kept, hexadecimal and plain data become base64."""
    parts = raw.split(d.c)
    parts += [""] * (5 - len(parts))
    kind, subtype, encoding = ((d.text(part) or "") for part in parts[1:4])
    data = d.c.join(parts[4:])
    if not data:
        return None
    content: bytes | None
    if encoding.upper() == "BASE64":
        packed = "".join((d.text(data) or "").split())
        try:
            content = base64.b64decode(packed, validate=True)
        except (binascii.Error, ValueError):
            content = None
    elif encoding.upper() == "HEX":
        try:
            content = bytes.fromhex(d.text(data) or "")
        except ValueError:
            content = None
    else:
        content = (d.text(data) or "").encode()
    if not content:
        d.issue("translate.value", place)
        return None
    made: Json = {"data": base64.b64encode(content).decode()}
    media = _MEDIA.get(subtype.upper())
    if media is None and "/" in kind and " " not in kind:
        media = kind
    if media is None and re.fullmatch(r"[A-Za-z]+", kind) and re.fullmatch(r"[A-Za-z0-9.+-]+", subtype):
        media = f"{kind.lower()}/{subtype.lower()}"
    if media:
        made["contentType"] = media
    else:
        made["contentType"] = "application/octet-stream"  # att-1: what it is, nobody said
    if not media and (subtype or kind):
        made["title"] = " ".join(word for word in (kind, subtype) if word)
    if parts[0]:
        d.left(f"{place}.1")
    return made


def rp_attachment(raw: str, d: Draft, place: str, _: Vocabulary | None = None) -> Json | None:
    """RP[Attachment] (2.A.68): a pointer that is a URL; any other has no place."""
    parts = raw.split(d.c)
    url = d.text(parts[0])
    d.rest(parts, place, 2)
    if not url or not URI.match(url):
        if url:
            d.issue("translate.value", place)
        return None
    return {"url": url}
