# One door. `make` alone prints this help; CI calls the same targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
ARGS ?=
# Hashes and no address: it installs from whatever index the machine is set up for.
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links
# Tests at once; each job has servers of its own, and waits for them half of the time.
JOBS ?= 3
SEED ?=
MINUTES ?= 10
STEPS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo up test check bench chaos simulate fmt docs lock \
  check-format check-lint check-types check-imports check-docs

help: ## print this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with everything that is needed (does nothing when it is up to date)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than Python 3.11: name a newer one, make setup PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## the whole stack, a day of events, a Stripe story, kills, and the balance sheet (ARGS="--keep --seed 7")
	$(BIN)/weir demo $(ARGS)

up: setup ## start the stack in .weir and stay; Ctrl-C stops it (ARGS="--detach --workers 2")
	$(BIN)/weir up $(ARGS)

test: setup ## every test that CI runs; starts Kafka and PostgreSQL by itself (ARGS="-k name")
	$(BIN)/python -m pytest -m "not long" --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: check-format check-lint check-types check-imports check-docs ## format, lint, types, import rules, generated docs

check-format: setup
	$(BIN)/ruff format --check
check-lint: setup
	$(BIN)/ruff check
check-types: setup
	$(BIN)/mypy
check-imports: setup
	$(BIN)/lint-imports
check-docs: setup
	$(BIN)/python docs/tables.py --check

bench: setup ## throughput, latency, cost, recovery, loss and duplicates (ARGS="--smoke")
	$(BIN)/weir bench $(ARGS)

chaos: setup ## faults on the real stack (SEED=… MINUTES=…)
	WEIR_CHAOS_SEED=$(SEED) WEIR_CHAOS_MINUTES=$(MINUTES) $(BIN)/python -m pytest -s -m "chaos and long" --timeout 0 -o session_timeout= $(ARGS)

simulate: setup ## crashes, zombies and lost answers in memory, repeatable (SEED=… STEPS=…)
	WEIR_SIMULATION_SEED=$(SEED) WEIR_SIMULATION_STEPS=$(STEPS) $(BIN)/python -m pytest -k new_seed tests/simulation --timeout 0 -o session_timeout= $(ARGS)

fmt: setup ## format, and mend what can be mended
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: setup ## write the tables of docs/ anew from the code
	$(BIN)/python docs/tables.py

lock: setup ## resolve the dependencies anew, for checkouts and for the image
	$(LOCK) --extra local --extra dev --upgrade -o requirements.lock
	$(LOCK) --constraint requirements.lock --upgrade -o deploy/docker/requirements.lock
