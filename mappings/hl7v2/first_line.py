"""The MSH of a message that is like others its sender sent: cut out of the bytes and not read.

Few messages of a feed differ in their MSH beyond time, sequence number and control id. Who knows what to do with one
of them knows it of all, and need not read the next.
"""

from __future__ import annotations

import re

#: A control id in which nothing can be an escape, a delimiter that is used, or a null.
_PLAIN = re.compile(rb"[0-9A-Za-z]+(?:[-_.][0-9A-Za-z]+)*")
#: MSH-7, MSH-10 and MSH-13, by their place in the line.
_TIME, _CONTROL, _SEQUENCE = 6, 9, 12
_CHARSET = 17
#: An MSH longer than this is nobody's habit.
_LONGEST = 1000


def first_line(data: bytes) -> tuple[bytes, str] | None:
    """What the MSH of this message has in common with others, and its control id; None where `glance` must read it.

    Where it is not None, and `glance` reads one message with the same beginning, it reads this one as well, with the
    same values in all of MSH but MSH-7, MSH-10 and MSH-13. Bytes beyond ASCII are checked against UTF-8 where that is
    what the message declares; in any other set it is for `glance`.
    """
    if data[:3] != b"MSH" or b"\n" in data or b"\rMSH" in data:
        return None
    end = data.find(b"\r")
    line = data if end < 0 else data[:end]
    separator = data[3:4]
    if len(line) > _LONGEST or not separator or not line.isascii():
        return None
    fields = line.split(separator)
    if len(fields) <= _CONTROL:
        return None
    control = fields[_CONTROL]
    # no letter or digit is ever a delimiter
    if not control.isalnum() and (
        _PLAIN.fullmatch(control) is None or any(one in b"-_." for one in separator + fields[1])
    ):
        return None
    if not data.isascii():
        if len(fields) <= _CHARSET or fields[_CHARSET] != b"UNICODE UTF-8":
            return None
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return None
    fields[_TIME] = fields[_CONTROL] = b""
    if len(fields) > _SEQUENCE:
        fields[_SEQUENCE] = b""
    return separator.join(fields), control.decode("ascii")
