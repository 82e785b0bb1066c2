"""What a bulk translation says of its rows beside the resources: places, rules and counts, and nobody's data."""

from __future__ import annotations

from pathlib import Path

from hub.bulk.progress import Silent
from hub.bulk.run import Bulk, run
from mappings import read
from mappings.bulk import job_for
from tests.proofs.conftest import Case, Sensitive


def test_the_account_of_a_sample_names_nobody(case: Case, sensitive: Sensitive, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    # Cut in the middle, as a transfer that failed leaves it: rejected in most formats.
    broken.write_bytes(case.data[: len(case.data) // 2])
    what = Bulk(
        job=job_for(case.source, agency=case.agency, now=case.now),
        inputs=(str(case.file), str(broken)),
        folder=tmp_path / "out",
    )
    counts = run(what, Silent())
    assert counts.rows == counts.translated + counts.rejected
    whole = list(read(case.data, case.source, case.agency))
    assert counts.rows >= len(whole)
    for name in ("manifest.json", "account.json", "journal.ndjson", "rejected.ndjson", "errors.ndjson"):
        path = tmp_path / "out" / name
        if path.exists():
            assert sensitive.found_in(path.read_text()) == set(), name
