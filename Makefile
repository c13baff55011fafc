# Each target does its own set-up: nothing but Python 3.11 or later, make and git has to be there.
# `make` alone lists the targets.

SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq --no-input
LOCKED := $(VENV)/.locked
INSTALLED := $(VENV)/.installed
PACKAGES := store adapters finsync_tui tests benchmarks docs
COUNTS ?= $(or $(FINSYNC_TEST_COUNTS),reduced)
TESTS ?= tests/finsync_tui/cli tests/journeys/test_tour.py
# Three on two cores: a third of the time a journey or a screen waits for something.
WORKERS ?= 3

# The first of these that starts and is new enough; `make PYTHON=/path/to/python3 ...` overrides it.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$name; break; fi; done)

# Kept byte code spares each of pytest's workers ten seconds of preparing the same test modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test lint verify bench peers contracts lock format docs clean

help:  ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

install: $(INSTALLED)  ## set up .venv with the pinned versions of requirements.lock
	@echo "ready: $(BIN)/finsync"

demo: $(INSTALLED)  ## watch a seeded company at work: simulators, engine and workbench
	@$(BIN)/finsync demo

test: $(INSTALLED)  ## all tests, with reduced counts of the long checks
	@FINSYNC_TEST_COUNTS=$(COUNTS) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

verify: $(INSTALLED)  ## all tests, with the full counts
	@FINSYNC_TEST_COUNTS=full $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(INSTALLED)  ## formatting, linting, strict typing, import directions
	@$(BIN)/ruff format --check --quiet . || { echo 'formatting differs: run make format' >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(INSTALLED)  ## format the code and apply safe fixes
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

peers:  ## public matchers of suppliers, in an environment of their own, for `make bench`
	@python3 -m venv build/peers
	@build/peers/bin/pip install --quiet splink pyarrow recordlinkage rapidfuzz

bench: $(INSTALLED)  ## timed scenarios; see benchmarks/
	@$(BIN)/python -m benchmarks

docs: $(INSTALLED)  ## write the generated pages again: docs/cli.md, docs/images
	@$(BIN)/python -m docs.make_cli
	@$(BIN)/python -m docs.make_views
	@$(BIN)/python -m docs.make_dictionary
	@$(BIN)/python -m docs.make_privacy
	@$(BIN)/python -m docs.make_images

contracts: $(INSTALLED)  ## write the next versions of contracts that only added; TESTS=... for a few tests only
	@mkdir -p build/faces && rm -f build/faces/*.json
	@FINSYNC_LEARN=$(CURDIR)/build/faces $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)
	@$(BIN)/python -m docs.make_contracts $(MAJOR) build/faces
	@$(BIN)/python -m docs.make_dictionary
	@$(BIN)/python -m docs.make_cli

lock: $(INSTALLED)  ## pin all dependencies again, with hashes (needs uv)
	@command -v uv >/dev/null || { echo 'make lock needs uv: https://docs.astral.sh/uv/' >&2; exit 1; }
	@uv pip compile --quiet pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header -o requirements.lock

clean:  ## remove everything that was made, .venv too
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache snapshot_report.html
	@find store adapters finsync_tui tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp says which lock file and which pyproject.toml the environment was made for.
$(LOCKED): requirements.lock
	@test -n "$(PYTHON)" || { echo 'finsync needs Python 3.11 or later, and found none: install one, or name it with make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || { echo 'setting up $(VENV) with $(PYTHON) ...' >&2; rm -rf $(VENV); \
	  $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo 'python could not make a virtual environment (Debian and Ubuntu: install python3-venv)' >&2; exit 1; }; }
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

# An editable install makes no byte code: without it the first start of each screen would take the time and memory to make it.
$(INSTALLED): $(LOCKED) pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q store adapters finsync_tui
	@touch $@
