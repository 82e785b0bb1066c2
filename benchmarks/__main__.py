"""`make bench`: each budget beside its reference, measured in the same run.

Prints one row a budget; `BENCH_JSON=FILE` writes them. `holds` null means that what it measures is not built, or
that its reference could not be had here; the detail says which. Names after the command select:
`python -m benchmarks translate http`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

#: Every budget of the design, in its order, with the module that measures it (`module:function` where it is not its
#: `measure`). What a database has a part in is measured on both, on PostgreSQL in a short form.
BUDGETS: dict[str, tuple[str | None, float, float, str]] = {
    "translate": ("benchmarks.bench_translate", 10, 5, "x orjson load and dump"),
    "v2-translate": ("benchmarks.bench_v2_translate", 2, 1, "x @medplum/core Hl7Message.parse"),
    "v2-compiled": ("benchmarks.bench_v2_translate:compiled", 2, 1, "x the same, with the modules of `make compiled`"),
    "check": ("benchmarks.bench_check", 1, 0.3, "x @medplum/core validateResource"),
    "label": ("benchmarks.bench_label", 10, 5, "x json load and dump"),
    "release": ("benchmarks.bench_release", 10, 5, "x json load and dump"),
    "mllp": ("benchmarks.bench_mllp", 0.7, 0.9, "x bare asyncio ACK server with group commit"),
    "http": ("benchmarks.bench_http", 0.7, 0.9, "x bare Starlette route with group commit"),
    "loop": ("benchmarks.bench_loop", 1, 0.5, "p99 to 250 ms"),
    "mllp-pg": ("benchmarks.bench_postgresql:mllp", 0.7, 0.9, "x bare asyncio ACK server on the same PostgreSQL"),
    "http-pg": ("benchmarks.bench_postgresql:http", 0.7, 0.9, "x bare Starlette route on the same PostgreSQL"),
    "loop-pg": ("benchmarks.bench_postgresql:loop", 1, 0.5, "p99 to 250 ms"),
    "bulk": ("benchmarks.bench_bulk", 1.6, 1.85, "x one process"),
    "memory": ("benchmarks.bench_memory", 1.1, 1.02, "x 50k rows"),
}

#: What else is measured, without a budget: other ways to do the work of the budget named. Printed, not in BENCH_JSON.
BESIDE = {
    "library": ("translate", "benchmarks.bench_library"),
    "two-hubs": ("loop-pg", "benchmarks.bench_postgresql"),
}


def measure(name: str) -> dict[str, Any]:
    """One row: what was measured, or why not."""
    module, budget, aim, unit = BUDGETS[name]
    if module is None:
        row = {"name": name, "ratio": None, "budget": budget, "aim": aim, "holds": None, "detail": "not built"}
    else:
        place, _, function = module.partition(":")
        row = getattr(importlib.import_module(place), function or "measure")()
    return {**row, "unit": unit}


def main(names: list[str]) -> int:
    """Measures and prints; 1 when a budget does not hold."""
    unknown = set(names) - set(BUDGETS) - set(BESIDE)
    if unknown:
        sys.stderr.write(f"no such budget: {', '.join(sorted(unknown))}; there are {', '.join((*BUDGETS, *BESIDE))}\n")
        return 2
    rows = []
    for name in names or _all():
        if name in BESIDE:
            print(f"{name:<14}{importlib.import_module(BESIDE[name][1]).measure()['detail']}", flush=True)
            continue
        row = measure(name)
        rows.append(row)
        ratio = "-" if row["ratio"] is None else f"{row['ratio']:.2f}"
        verdict = {True: "holds", False: "DOES NOT HOLD", None: "not measured"}[row["holds"]]
        print(f"{row['name']:<14}{ratio:>8}  budget {row['budget']:<5} aim {row['aim']:<5} {verdict:<14}"
              f"{row.pop('unit')}; {row['detail']}", flush=True)  # fmt: skip
    if os.environ.get("BENCH_JSON"):
        Path(os.environ["BENCH_JSON"]).write_text(json.dumps(rows, indent=2) + "\n")
    return 1 if any(row["holds"] is False for row in rows) else 0


def _all() -> list[str]:
    """Every budget, and after one what stands beside it."""
    return [one for name in BUDGETS for one in (name, *(other for other, (of, _) in BESIDE.items() if of == name))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
