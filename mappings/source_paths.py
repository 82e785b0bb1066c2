"""Where a field of the Incident stood in its source, as reading remembers it (`Reading.paths`)."""

from __future__ import annotations

from collections.abc import Mapping


def source_path(paths: Mapping[str, str], path: str) -> str:
    """The source path of a field; else that of the nearest field above it; else the field itself.

    A source that writes the Incident's own JSON has the field's own path all the way down.
    """
    found = paths.get(path)
    if found is not None:
        return found
    above = path
    while above:
        cut = max(above.rfind("."), above.rfind("["))
        above = above[:cut] if cut > 0 else ""
        found = paths.get(above)
        if found is not None:
            return path if found == above else found
    return path
