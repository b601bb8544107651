# Everything runs in .venv, made from the lock (requirements.txt); `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The newest Python that all dependencies have wheels for; PYTHON=/path/to/python chooses another.
PYTHON ?= $(shell for each in python3.13 python3.12 python3.11 python3; do \
    if "$$each" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
    then echo "$$each"; break; fi; done)
BIN := .venv/bin
READY := .venv/.made-from-the-lock
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps

# Two locks, the second a part of the first: for developers, and for the image, which needs no tools.
# What stands in them is kept where it fits, so a newer release elsewhere changes nothing.
LOCK = $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml
LOCKS_INTO = $(LOCK) --extra dev --extra tracing -o $(1)/requirements.txt && \
    $(LOCK) --extra tracing --constraints $(1)/requirements.txt -o $(1)/requirements-image.txt

.PHONY: help setup demo test lint bench faults lock

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-7s %s\n' "$$name" "$$text"; done

setup: $(READY) ## a .venv with the locked dependencies

$(READY): requirements.txt pyproject.toml
	@if ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Tactful needs Python 3.11, 3.12 or 3.13. Install one, or say where it is: make setup PYTHON=/path/to/python3" >&2; \
	    exit 1; fi
	@if ! $(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    "$(PYTHON)" -m venv --clear .venv || \
	    { echo "This Python cannot make a virtual environment. On Debian: apt install python3-venv" >&2; exit 1; }; fi
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --no-build-isolation -e .
	@touch $@

demo: setup ## the stories of the README in quick motion; KAFKA=host:port runs them on a broker
	@$(BIN)/tactful demo $(if $(KAFKA),--on kafka://$(KAFKA))

test: setup ## the tests, quick ones first; TACTFUL_REQUIRE_KAFKA=1 makes a missing broker a failure
	$(BIN)/python -m pytest -q -m "not slow and not kafka" -n auto --maxprocesses 4 --dist worksteal
	$(BIN)/python -m pytest -q -m "slow or kafka" -n 2 --dist loadfile

lint: setup ## format, lint, types, import directions, and whether the locks fit pyproject.toml
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@rm -rf .venv/locks && mkdir .venv/locks && cp requirements.txt requirements-image.txt .venv/locks/
	@$(call LOCKS_INTO,.venv/locks)
	@for each in requirements.txt requirements-image.txt; do cmp -s $$each .venv/locks/$$each || \
	    { echo "$$each does not fit pyproject.toml: run make lock, and commit what it writes" >&2; exit 1; }; done

bench: setup ## the benchmarks, as a table; NAMES="through core" chooses, SCALE=0.1 is a quick try
	@$(BIN)/tactful bench $(NAMES) $(if $(SCALE),--scale $(SCALE))

faults: setup ## every fault on a real Kafka of one node and of three (some 35 minutes); writes app/docs/faults.md
	@mkdir -p app/docs
	@$(BIN)/python -m tests.kafka.faults --report app/docs/faults.md --json app/docs/faults.json

lock: setup ## write both locks from pyproject.toml
	@$(call LOCKS_INTO,.)
