# One venv, pinned by ops/requirements.lock, made anew when that file or pyproject.toml changes.

PYTHON ?= python3
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
MADE := $(VENV)/.made
GATED := channel smpp ledger archive reports actions engine probe campaign audience cap

ALONE = $(shell grep -rl --include '*.py' 'mark\.alone' tests)

# COVER=1 make test also asks for 90 % of each gated package's lines, as CI does: a minute more
TRACED := $(if $(COVER),--cov --cov-append --cov-report=)

RUNS ?= 100000

# where a shell forbids it, each of the hundreds of processes here would compile every module for itself
unexport PYTHONDONTWRITEBYTECODE

# tests at a time: two for each core of a small machine, for many of them wait; with more, too many were late
PROCESSES ?= 4

# of make chaos; each run has MESSAGES messages, PARALLEL of them at a time, the first one's seed is SEED
CHAOS_RUNS ?= 100
MESSAGES ?= 10000
PARALLEL ?= 2
SEED ?= 1

.PHONY: help demo test unit check lint layers types collected bench fuzz fuzz-cap chaos rehearsal words dashboards docs venv clean

help:
	@echo 'make demo    one alert to 200,000 simulated subscribers, from the import to the report'
	@echo 'make test    lint, types, import layers and all tests; with COVER=1 their coverage too'
	@echo 'make lint    the first three of these'
	@echo 'make unit    the unit tests'
	@echo 'make check   of one file, FILE=broadcast/simulator/outbox.py say: lint, types, import layers and its unit tests'
	@echo 'make bench   how fast this machine sends'
	@echo 'make fuzz    the readers against RUNS=100000 inputs a target (tests/fuzz; TARGETS="stream receipt", KEEP=1)'
	@echo 'make fuzz-cap   RUNS=1000000 changed CAP files in one process without a network: its time and memory'
	@echo 'make chaos   CHAOS_RUNS=100 runs that break everything and count afterwards (tests/chaos; SEED, PARALLEL, HOSTS=1 or LEDGERS=1, TIMED=1)'
	@echo 'make rehearsal   alarms with simulated carriers and a Prometheus, at full length: some minutes'
	@echo 'make words   what people read, brought from the code into the catalogues of other languages'
	@echo 'make dashboards  Grafana'"'"'s, from ops/grafana/*.py'
	@echo 'make docs    the documentation as a site, in site/, every link checked'
	@echo 'make venv    only the environment: .venv, with the command .venv/bin/broadcast'
	@echo 'make clean   remove what these made here'

demo: $(MADE)
	@$(BIN)/broadcast demo

bench: $(MADE)
	@$(BIN)/broadcast bench

# atheris is brought by its first use: `make test` replays the corpus without it
fuzz: $(MADE)
	@$(BIN)/python -c 'import atheris' 2>/dev/null || \
	    $(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation -e '.[fuzz]'
	@PYTHONPATH=tests $(BIN)/python -m fuzz --runs $(RUNS) $(if $(KEEP),--keep) $(TARGETS)

# a network namespace of its own: nothing that a file says can reach anything
fuzz-cap: $(MADE)
	@PYTHONPATH=.:tests unshare --net --map-root-user $(BIN)/python -m fuzz.cap_million --runs $(RUNS)

chaos: $(MADE)
	@PYTHONPATH=tests $(BIN)/python -m chaos --runs $(CHAOS_RUNS) --seed $(SEED) --parallel $(PARALLEL) \
	    --messages $(MESSAGES) $(if $(HOSTS),--hosts) $(if $(LEDGERS),--ledgers) $(if $(TIMED),--timed)

# as `make test` does it with a twentieth of all times; side by side, since it mostly waits
rehearsal: $(MADE)
	@BROADCAST_REHEARSAL=1 $(BIN)/pytest tests/integration/test_alarms.py -n 3 -o faulthandler_timeout=1800 -rA --durations 3

words: $(MADE)
	@$(BIN)/python ops/messages.py

dashboards: $(MADE)
	@$(BIN)/python ops/grafana/make.py

# mkdocs is brought by its first use: `make test` skips the site without it
docs: $(MADE)
	@$(BIN)/python -c 'import material' 2>/dev/null || \
	    $(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation \
	        --constraint ops/requirements.lock -e '.[docs]'
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

lint: $(MADE)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(MAKE) --no-print-directory --jobs 2 --output-sync types layers $(BESIDE)

types:
	$(BIN)/mypy

layers:
	$(BIN)/lint-imports

# once by itself: the many would each rewrite every assertion, at the same time
collected:
	@$(BIN)/pytest --collect-only >/dev/null || true

# What failed beside the others, one test in a thousand at most, is tried once more by itself, and named: a machine that stood still
# for a second is no fault of the code, and whoever reads the run sees which test to mend (ops/decisions/031-*).
FAILED := .pytest_cache/v/cache/lastfailed
FEW = import json, sys; failed = json.load(open("$(FAILED)")); print("failed beside the others:", *failed, sep="\n  "); \
    sys.exit(len(failed) > 8)
AGAIN = { [ $$? = 1 ] && $(BIN)/python -c '$(FEW)' && \
    echo 'once more, by themselves:' && $(BIN)/pytest --last-failed --last-failed-no-failures none $(TRACED); }

test: BESIDE := collected
test: lint
	$(if $(COVER),$(BIN)/coverage erase)
	$(BIN)/pytest --cache-clear -m 'not alone' -n $(PROCESSES) --maxschedchunk 1 --durations 10 $(TRACED) || $(AGAIN)
	$(BIN)/pytest -m alone --durations 10 $(TRACED) $(ALONE)
ifdef COVER
	@for package in $(GATED); do \
	    echo "$$package: lines covered, 90 % needed"; \
	    $(BIN)/coverage report --include="broadcast/$$package/*" --fail-under=90 --skip-covered || exit 1; \
	done
endif

# as many processes as cores, for unit tests wait for nothing; properties with a fifth of their examples
unit: $(MADE)
	@$(BIN)/pytest tests/unit -n auto --hypothesis-profile quick

# the unit tests of a file: those of its own name, or else its room's, or the room's above
ROOM = $(patsubst broadcast/%,tests/unit/%,$(dir $(FILE)))
MIRROR = $(wildcard $(ROOM)test_$(notdir $(FILE))) $(wildcard $(ROOM)) $(wildcard $(dir $(ROOM:/=)))
TESTS = $(if $(filter tests/%,$(FILE)),$(FILE),$(firstword $(MIRROR)))

check: $(MADE)
	@test -f '$(FILE)' || \
	    { echo 'say which file: make check FILE=broadcast/simulator/outbox.py' >&2; exit 2; }
	$(BIN)/ruff format --check $(FILE)
	$(BIN)/ruff check $(FILE)
	$(if $(filter broadcast/%,$(FILE)),$(BIN)/mypy $(FILE) && $(BIN)/lint-imports)
	$(BIN)/pytest $(TESTS)

venv: $(MADE)

# The lock is the Makefile itself, so that two runs at once make one venv.
$(MADE): pyproject.toml ops/requirements.lock
	@exec 9<Makefile; flock 9; \
	if [ $@ -nt pyproject.toml ] && [ $@ -nt ops/requirements.lock ]; then exit 0; fi; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'broadcast needs Python 3.11 or newer: make PYTHON=/path/to/python3' >&2; exit 1; }; \
	echo 'making .venv: the packages of ops/requirements.lock (once)'; \
	rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) || \
	    { echo 'no venv could be made: on Debian, apt-get install python3-venv' >&2; exit 1; }; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps -r ops/requirements.lock && \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e . && \
	{ found=$$($(BIN)/python -m pip check --disable-pip-version-check) || { echo "$$found" >&2; exit 1; }; } && \
	touch $@

clean:
	rm -rf $(VENV) demo-out chaos-out site htmlcov .coverage .coverage.* *.egg-info .pytest_cache .mypy_cache .ruff_cache \
	    .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
