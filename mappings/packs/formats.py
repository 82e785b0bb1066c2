"""Bytes -> rows: CSV, fixed width, Excel, JSON, NDJSON and XML, each read a part at a time but JSON.

A row that cannot be read is `Rejected` in its place; the rest goes on. Cells stay text: `09` is not 9. Reasons name a
line, a column or a byte, never what stands there.
"""

from __future__ import annotations

from mappings.packs.delimited import csv_rows
from mappings.packs.documents import json_rows, ndjson_rows, xml_rows
from mappings.packs.excel import xlsx_rows
from mappings.packs.fixed import fixed_rows
from mappings.packs.source import DEEPEST, Input, Layout, Place, ReadRows, Row, Source, rejected

__all__ = [
    "DEEPEST",
    "READERS",
    "Input",
    "Layout",
    "Place",
    "Row",
    "Source",
    "csv_rows",
    "fixed_rows",
    "json_rows",
    "ndjson_rows",
    "rejected",
    "xlsx_rows",
    "xml_rows",
]

#: Format name -> its reader.
READERS: dict[str, ReadRows] = {
    "csv": csv_rows,
    "fixed": fixed_rows,
    "xlsx": xlsx_rows,
    "json": json_rows,
    "ndjson": ndjson_rows,
    "xml": xml_rows,
}
