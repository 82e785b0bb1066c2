"""A form with a file, read in memory: nothing of it is written to a disk unsealed."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

#: Largest scan, in bytes.
SCAN = 10 * 1024 * 1024


class _InMemory(MultiPartParser):
    # Larger parts would go to a temporary file.
    spool_max_size = 2 * SCAN


async def fields(headers: Headers, body: bytes, most: int) -> dict[str, str]:
    """The first value of each field; a file's bytes as characters of Latin-1. Raises ValueError for no such form."""

    async def stream() -> AsyncGenerator[bytes]:
        yield body
        yield b""

    try:
        parsed = await _InMemory(headers, stream(), max_files=1, max_fields=most, max_part_size=len(body) + 1).parse()
    except (MultiPartException, KeyError) as error:
        raise ValueError("not a form") from error
    found: dict[str, str] = {}
    for name, value in parsed.multi_items():
        if isinstance(value, UploadFile):
            found.setdefault(name, (await value.read()).decode("latin-1"))
            await value.close()
        else:
            found.setdefault(name, value)
    return found


def scan_type(data: bytes) -> str | None:
    """The media type of a scan by its own first and last bytes; None for anything but a PDF, JPEG or PNG.

    A PDF that would do something when opened (a script, a launch, a file inside) is none.
    """
    if data.startswith(b"%PDF-") and b"%%EOF" in data[-1024:]:
        active = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/OpenAction", b"/RichMedia")
        return None if any(name in data for name in active) else "application/pdf"
    if data.startswith(b"\xff\xd8\xff") and data.rstrip(b"\x00").endswith(b"\xff\xd9"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82"):
        return "image/png"
    return None
