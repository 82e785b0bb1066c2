"""Bulk translation: files in, FHIR NDJSON by resource type out, in the layout of FHIR Bulk Data; resumable.

`run` reads and writes; a worker of an engine (`engines`) makes lines of what was read; `output` is the folder with its
journal; `asked` applies a release request. What is pure of it is `mappings.bulk`.
"""
