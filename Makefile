# Everything runs in .venv, made from the lock file (requirements.txt); `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The newest Python that the dependencies are known to work on; PYTHON=/path/to/python chooses another.
PYTHON ?= $(shell for each in python3.13 python3.12 python3.11 python3; do \
    "$$each" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo "$$each" && break; done)
BIN := .venv/bin
READY := .venv/.made-from-the-lock
LOCK = $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
    --extra dev pyproject.toml

.PHONY: help setup demo test lint bench lock
help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1\t/p' Makefile | column -t -s "$$(printf '\t')"

setup: $(READY) ## a .venv with the locked dependencies

$(READY): requirements.txt pyproject.toml
	@if [ -z "$(PYTHON)" ] || ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Tactful needs Python 3.11, 3.12 or 3.13: install one, or say where it is: make setup PYTHON=/path/to/python3" >&2; \
	    exit 1; fi
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	    "$(PYTHON)" -m venv --clear .venv || { echo "Python's venv module is missing (Debian: apt install python3-venv)" >&2; exit 1; }; fi
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## the stories of the README in quick motion; KAFKA=host:port runs them on a broker
	$(BIN)/tactful demo $(if $(KAFKA),--on kafka://$(KAFKA))

test: setup ## the tests, quick ones first; TACTFUL_REQUIRE_KAFKA=1 makes a missing broker a failure
	$(BIN)/pytest -q -m "not slow and not kafka"
	$(BIN)/pytest -q -m "slow or kafka"

lint: setup ## format, lint, types, import directions, and whether the lock fits pyproject.toml
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@wanted=$$(mktemp) && trap 'rm -f "$$wanted"' EXIT && cp requirements.txt "$$wanted" && \
	$(LOCK) -o "$$wanted" && \
	diff -q requirements.txt "$$wanted" >/dev/null || \
	    { echo "requirements.txt does not fit pyproject.toml: run make lock" >&2; exit 1; }

bench: setup ## the benchmarks, as a table
	$(BIN)/tactful bench

lock: setup ## write requirements.txt from pyproject.toml
	$(LOCK) -o requirements.txt
