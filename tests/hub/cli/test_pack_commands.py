"""`handoff pack`: exit codes, what is printed, what is written, and that nothing private is in either."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from hub.cli import app
from mappings.packs import compile_pack, shipped_packs

CALLS = """Event No,Call Date,Call Time,Nature,Nature Text,Units,Result,Remarks,Caller Name,RP Phone,NCIC
26-1,01/14/2026,2302,EDP,Emotionally disturbed,"2A14, 3C12",REF,Sat on the porch,Ann Quenbyrow,719-555-0142,
26-2,01/25/2026,0000,E.D.P.,Emotionally disturbed,2A14,GOA,,,,secret
26-3,01/26/2026,0114,SUPP,Supplemental report,2A15,RPT,,,,
"""
SHORT = "26-4,01/26/2026\n"
PRIVATE = ("Quenbyrow", "719-555", "porch", "secret")
BY = ("--by", "C. Coordinator", "--on", "2026-02-03")


@pytest.fixture(autouse=True)
def working(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calls.csv").write_text(CALLS)
    return tmp_path


def run(*words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["pack", *words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output
    assert not any(cell in done.output for cell in PRIVATE) or "--values" in words
    return done


def as_json(*words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code).stdout)


@pytest.fixture
def drafted(working: Path) -> Path:
    run("new", "my-pack", "calls.csv", "--agency", "my-pd", "--zone", "America/Denver", "--posture", "law-enforcement")
    run("infer", "my-pack")
    return working / "my-pack"


# --- new


def test_new_makes_a_folder_that_names_what_is_missing(working: Path) -> None:
    done = run("new", "my-pack", "calls.csv")
    assert "next: handoff pack infer my-pack" in done.output
    folder = working / "my-pack"
    assert (folder / "sample" / "calls.csv").read_text() == CALLS
    assert (folder / "sample" / "calls.csv").stat().st_mode & 0o077 == 0
    assert (folder / ".gitignore").read_text() == "sample/\n"
    assert "Event No" in (folder / "pack.yaml").read_text()
    found = run("lint", "my-pack", code=1)
    assert "pack.yaml:7:pack.agency.tz: expected an IANA zone" in found.output


@pytest.mark.parametrize(
    "words",
    [
        ("new", "My Pack", "calls.csv"),
        ("new", "my-pack", "absent.csv"),
        ("new", "my-pack", "calls.csv", "--zone", "Denver"),
        ("new", "my-pack", "calls.csv", "--posture", "police"),
        ("infer", "absent"),
        ("coverage", "new-orleans-cad", "absent.csv"),
        ("coverage", "absent-pack", "calls.csv"),
        ("lint", "absent-pack"),
        ("test", "absent-pack"),
        ("diff", "new-orleans-cad", "absent-pack", "calls.csv"),
        ("table", "list", "absent-pack"),
        ("table", "show", "new-orleans-cad", "absent"),
        ("table", "export", "new-orleans-cad", "absent"),
        ("table", "set", "new-orleans-cad", "type", "X", "text=Y", "--by", "C"),
        ("table", "review", "new-orleans-cad", "type", "--by", "C", "--accept", "X"),
        ("table", "review", "new-orleans-cad", "type", "--by", "C"),
        ("table", "set", "new-orleans-cad", "type", "X", "text", "--by", "C"),
        ("table", "set", "new-orleans-cad", "type", "X", "text=Y", "--by", " "),
        ("table", "set", "new-orleans-cad", "type", "X", "text=Y", "--by", "C", "--on", "3.2.2026"),
    ],
)  # fmt: skip
def test_usage_errors_exit_2(words: tuple[str, ...]) -> None:
    run(*words, code=2)


def test_new_does_not_write_into_a_folder_that_has_something(working: Path) -> None:
    (working / "my-pack").mkdir()
    (working / "my-pack" / "kept").write_text("")
    run("new", "my-pack", "calls.csv", code=2)
    assert [file.name for file in (working / "my-pack").iterdir()] == ["kept"]


def test_what_is_no_known_form_exits_2_and_writes_nothing(working: Path) -> None:
    (working / "words.txt").write_text("only words\nin lines\n")
    done = run("new", "my-pack", "words.txt", code=2)
    assert "read.unknown-form" in done.output
    assert not (working / "my-pack").exists()


# --- infer


def test_infer_writes_a_draft_that_compiles_and_maps_nothing(drafted: Path) -> None:
    pack = compile_pack(drafted)
    assert pack.agency.posture == "law-enforcement"
    assert pack.agency.zone == "America/Denver"
    assert all(not table.entries for table in pack.tables.values())
    written = "".join(file.read_text() for file in [drafted / "pack.yaml", *(drafted / "tables").glob("*.csv")])
    assert not any(cell in written for cell in PRIVATE)


def test_infer_of_a_file_writes_nothing_unless_told_where(working: Path) -> None:
    done = run("infer", "calls.csv")
    assert "type (type_final): 2, 1 with a suggestion" in done.output
    assert [file.name for file in working.iterdir()] == ["calls.csv"]
    run("infer", "calls.csv", "--out", "out-pack", "--zone", "America/Denver")
    assert compile_pack(working / "out-pack").id == "out-pack"


def test_infer_exits_1_when_rows_were_rejected(working: Path) -> None:
    (working / "calls.csv").write_text(CALLS + SHORT)
    assert "3 rows read, 1 rejected" in run("infer", "calls.csv", code=1).output


def test_infer_does_not_write_over_what_somebody_worked_on(drafted: Path) -> None:
    run("infer", "my-pack")  # a draft may be drafted again
    file = drafted / "pack.yaml"
    file.write_text(file.read_text().split("\n", 1)[1])
    run("infer", "my-pack", code=2)
    run("infer", "my-pack", "--force")


def test_infer_does_not_write_over_reviewed_codes(drafted: Path) -> None:
    run("table", "review", "my-pack", "type", "--accept", "EDP", *BY)
    run("infer", "my-pack", code=2)


def test_columns_of_a_file_without_header_are_named_before_they_are_inferred(working: Path) -> None:
    (working / "calls.csv").write_text(
        "01142026,230211,26-1,EDP\n01152026,000000,26-2,SUPP\n01152026,011500,26-3,EDP\n"
    )
    run("new", "my-pack", "calls.csv", "--zone", "America/Denver")
    file = working / "my-pack" / "pack.yaml"
    named = "[Call Date, Call Time, Event No, Call Type]  # by the vendor's page"
    file.write_text(file.read_text().replace("[column-1, column-2, column-3, column-4]", named))
    run("infer", "my-pack")
    assert named in file.read_text()
    pack = compile_pack(working / "my-pack")
    made = list(pack.read((working / "calls.csv").read_bytes()))
    assert [(one.number, one.type_final.code, one.timeline.received) for one in made] == [  # type: ignore[union-attr]
        ("26-1", "EDP", "2026-01-14T23:02:11-07:00"),
        ("26-2", "SUPP", "2026-01-15"),
        ("26-3", "EDP", "2026-01-15T01:15:00-07:00"),
    ]


def test_a_fixed_width_file_is_inferred_once_its_places_are_given(working: Path) -> None:
    folder = working / "my-pack"
    (folder / "sample").mkdir(parents=True)
    (folder / "sample" / "calls.txt").write_text("26-1 2026-01-14T23:02EDP  \n26-2 2026-01-15T01:15SUPP \n")
    (folder / "pack.yaml").write_text(
        "# A draft, from a sample file. What says CONFIRM needs a person; delete this line when you begin.\n"
        "pack: {id: my-pack, version: 1, agency: {id: my-pd, tz: America/Denver}}\n"
        "source:\n  format: fixed\n  columns:\n    Event No: {start: 1, length: 5}\n"
        "    Call Time: {start: 6, length: 16}\n    Call Type: {start: 22, length: 6}\n"
        "incident: {event_number: {from: Event No}}\n"
    )
    run("infer", "my-pack")
    made = list(compile_pack(folder).read((folder / "sample" / "calls.txt").read_bytes()))
    assert [one.type_final.code for one in made] == ["EDP", "SUPP"]  # type: ignore[union-attr]


def test_infer_as_json_has_codes_and_no_private_cell(working: Path) -> None:
    found = as_json("infer", "calls.csv")["inference"]
    codes = {table["name"]: [code["code"] for code in table["codes"]] for table in found["tables"]}
    assert codes["type"] == ["EDP", "SUPP"]
    assert set(codes) == {"type", "disposition", "unit"}


# --- lint and test


def test_lint_names_file_line_key_and_what_is_expected(drafted: Path) -> None:
    file = drafted / "pack.yaml"
    file.write_text(file.read_text().replace("{from: Event No}", "{from: Event Nr}"))
    done = run("lint", "my-pack", code=1)
    line = next(n for n, text in enumerate(file.read_text().split("\n"), 1) if "Event Nr" in text)
    assert (
        f"error: pack.yaml:{line}:incident.event_number.from: unknown column; expected one of: Event No" in done.output
    )
    outcome = as_json("lint", "my-pack", code=1)
    assert outcome["resourceType"] == "OperationOutcome"


def test_lint_exits_0_on_warnings(drafted: Path) -> None:
    done = run("lint", "my-pack")
    assert "0 errors" in done.output
    assert "lines wait for review" in done.output


@pytest.mark.parametrize("name", shipped_packs())
def test_shipped_packs_pass_their_own_commands(name: str) -> None:
    run("lint", name)
    assert all(not one["differs"] for one in as_json("test", name)["examples"])
    assert as_json("table", "list", name)["tables"] is not None


def test_examples_are_written_and_then_hold(drafted: Path) -> None:
    run("test", "my-pack", code=1)  # it has none
    file = drafted / "pack.yaml"
    file.write_text(file.read_text() + "examples: [{in: examples/calls.csv, incident: examples/calls.incident.json}]\n")
    (drafted / "examples" / "calls.csv").write_text(CALLS.replace("Ann Quenbyrow", "") + SHORT)
    run("test", "my-pack", code=2)  # what is expected is not there
    assert "3 records" not in run("test", "my-pack", "--update").output
    assert "4 records, 1 rejected: as expected" in run("test", "my-pack").output
    run("table", "review", "my-pack", "type", "--accept", "EDP", *BY)
    done = run("test", "my-pack", code=1)
    assert "type_final.mapped[0].code" in done.output
    assert "differs" in done.output


def test_a_shipped_pack_is_not_written_to() -> None:
    run("test", "new-orleans-cad", "--update", code=2)


# --- coverage and diff


def test_coverage_counts_codes_and_rows(drafted: Path) -> None:
    run("table", "review", "my-pack", "type", "--accept", "EDP", "--clear", "SUPP", *BY)
    found = as_json("coverage", "my-pack", "calls.csv")
    tables = {one["name"]: one for one in found["tables"]}
    assert tables["type"]["counts"] == {
        "mapped": {"codes": 1, "rows": 2},
        "known": {"codes": 1, "rows": 1},
        "unmapped": {"codes": 0, "rows": 0},
    }
    done = run("coverage", "my-pack", "calls.csv", "--top", "1")
    assert "not in the table disposition:" in done.output
    assert "and 2 more" in done.output


def test_coverage_exits_1_when_rows_were_rejected(drafted: Path, working: Path) -> None:
    (working / "calls.csv").write_text(CALLS + SHORT)
    assert "rejected: 1 by read.row-short" in run("coverage", "my-pack", "calls.csv", code=1).output


def test_diff_says_paths_and_counts_and_values_only_when_asked(drafted: Path, working: Path) -> None:
    run("infer", "calls.csv", "--out", "old-pack", "--zone", "America/Denver")
    (working / "old-pack" / "pack.yaml").write_text((drafted / "pack.yaml").read_text())
    assert as_json("diff", "old-pack", "my-pack", "calls.csv")["changed"] == 0
    run("table", "review", "my-pack", "type", "--accept", "EDP", *BY)
    done = run("diff", "old-pack", "my-pack", "calls.csv", code=1)
    assert "type_final.mapped[].code" in done.output
    assert "26-1" not in done.output
    assert "EDP" not in done.output
    shown = run("diff", "old-pack", "my-pack", "calls.csv", "--values", code=1)
    assert "row 1, 26-1:" in shown.output
    assert "type_final.mapped[0].code: (nothing) -> EDP" in shown.output


# --- table


def test_a_review_is_written_with_name_and_day_and_becomes_active(drafted: Path) -> None:
    file = drafted / "tables" / "type.csv"
    before = file.read_text()
    run("table", "review", "my-pack", "type", "--accept", "EDP", *BY)
    after = file.read_text()
    assert after.count("C. Coordinator,2026-02-03") == 1
    assert before.splitlines()[2:] == after.splitlines()[2:]
    table: Any = compile_pack(drafted).tables["type"]
    assert [entry.code for entry in table.entries] == ["EDP"]


def test_rest_takes_what_nothing_is_suggested_for_and_no_suggestion(drafted: Path) -> None:
    run("table", "review", "my-pack", "disposition", "--rest", *BY)
    found = as_json("table", "show", "my-pack", "disposition", "--waiting")
    assert [line["code"] for line in found["lines"]] == ["GOA"]


def test_a_code_outside_of_our_lists_is_refused_and_nothing_written(drafted: Path) -> None:
    file = drafted / "tables" / "disposition.csv"
    before = file.read_bytes()
    done = run("table", "set", "my-pack", "disposition", "RPT", "field_disposition=reported", *BY, code=2)
    assert "field_disposition" in done.output
    assert file.read_bytes() == before
    done = run("table", "set", "my-pack", "disposition", "RPT", "refers_to=a-center", *BY, code=2)
    assert "`referred`" in done.output


def test_a_table_is_edited_while_other_parts_of_the_pack_are_wrong(drafted: Path) -> None:
    file = drafted / "pack.yaml"
    file.write_text(file.read_text().replace("America/Denver", "CONFIRM"))
    run("table", "set", "my-pack", "unit", "3C12", "role=clinician", "employer=a-center", *BY)
    assert "3C12,,clinician,a-center,,C. Coordinator,2026-02-03" in (drafted / "tables" / "unit.csv").read_text()


def test_errors_of_edits_as_json_are_an_operation_outcome(drafted: Path) -> None:
    done = run("table", "set", "my-pack", "type", "EDP", "apco=NOCODE", *BY, "--json", code=2)
    assert json.loads(done.stderr)["resourceType"] == "OperationOutcome"


def test_a_table_is_exported_as_concept_map(drafted: Path, working: Path) -> None:
    run("table", "review", "my-pack", "type", "--accept", "EDP", *BY)
    made = json.loads(run("table", "export", "my-pack", "type").stdout)
    assert (made["resourceType"], len(made["group"][0]["element"])) == ("ConceptMap", 1)
    run("table", "export", "my-pack", "type", "--out", "map.json", "--url", "https://example.org/map")
    assert json.loads((working / "map.json").read_text())["url"] == "https://example.org/map"
    done = CliRunner().invoke(app, ["validate", "map.json"])
    assert done.exit_code == 0, done.output


def test_the_commands_load_nothing_of_the_service(drafted: Path) -> None:
    program = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from hub.cli import app\n"
        "assert 'mappings.packs' not in sys.modules\n"
        "done = CliRunner().invoke(app, ['pack', 'coverage', 'my-pack', 'calls.csv'])\n"
        "assert done.exit_code == 0, done.output\n"
        "print(sorted({'fastapi', 'starlette', 'sqlalchemy', 'httpx', 'jinja2', 'fhir'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
