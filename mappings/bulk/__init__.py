"""Bulk translation without I/O: an input cut into chunks, and a chunk made into lines of FHIR NDJSON.

    job = Job(source="new-orleans-cad", now=now)
    for chunk in chunks(job, file):            # in one process: reads, makes nothing
        done = translate_chunk(job, chunk)     # in another: needs the job and the chunk only, and both can be pickled

Where chunks are worked on (a process pool, Dask, Spark) and what is written is `hub.bulk`'s. The result does not depend
on it: the same input gives the same chunks, and a chunk the same bytes.
"""

from mappings.bulk.chunks import CHUNK, Chunk, chunks
from mappings.bulk.job import Job, job_for
from mappings.bulk.tally import Tally
from mappings.bulk.work import Done, translate_chunk

__all__ = ["CHUNK", "Chunk", "Done", "Job", "Tally", "chunks", "job_for", "translate_chunk"]
