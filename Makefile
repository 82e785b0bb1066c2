# Every target does its own set-up: Python 3.11+ and make are all it needs.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help setup demo test check lint types contracts bench compiled conformance proof clean

help:            ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[hub,dev]'
	@touch $(STAMP)

setup: $(STAMP)  ## the virtual environment with everything in it

demo: setup      ## the whole story on this machine, then the hub keeps running
	$(BIN)/handoff demo

test: setup      ## all tests (under five minutes)
	$(BIN)/python -m pytest -n auto -m 'not proof' tests

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

check: lint types contracts test  ## lint, types, import contract, tests

bench: setup     ## each budget beside its reference; BENCH_JSON=FILE writes the rows
	$(BIN)/python -m benchmarks

compiled: setup  ## dist/: a wheel for this machine with the hot modules compiled; needs a C compiler
	HATCH_BUILD_HOOK_ENABLE_CUSTOM=true $(BIN)/python -m hatchling build -t wheel -d dist

conformance: setup  ## independent validators and servers; what cannot be run says "not run"
	$(BIN)/python -m tests.conformance

proof: setup     ## the long forms; results under benchmarks/results/
	$(BIN)/python -m pytest -m proof tests

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
