"""A CAD export of any length for the benches of bulk translation: a real extract's rows, each under another number.

Places and times differ from row to row, so that nothing is cheap or small because it was seen before.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from pathlib import Path

SOURCE = "new-orleans-cad"
_SAMPLE = Path(__file__).resolve().parent.parent / "samples" / SOURCE / "new-year-2017" / "input.csv"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\Z")


def write_calls(path: Path, rows: int) -> Path:
    """Writes the file: `rows` rows below a header."""
    given = list(csv.DictReader(io.StringIO(_SAMPLE.read_text())))
    times = [[name for name, cell in row.items() if _TIME.match(cell)] for row in given]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, given[0].keys(), lineterminator="\n")
        writer.writeheader()
        for n in range(rows):
            row = dict(given[n % len(given)])
            later = timedelta(seconds=n * 31)
            for name in times[n % len(given)]:
                row[name] = (datetime.fromisoformat(row[name]) + later).isoformat()  # local, as the export has it
            row["nopd_item"] = f"A{n:07}17"
            row["block_address"] = f"{n % 6151:03}XX {row['block_address'].partition(' ')[2]}"
            writer.writerow(row)
    return path
