# make demo   ten real market sessions, replayed and reported (sets itself up)
# make test   the whole test suite (sets itself up)
# make test-fast   without the slow tests
# make check  lint, types, import rules
# make bench  what a comparison costs, beside others, as tables (an hour; BENCH=--quick: a minute)
# make lock   resolve the dependencies anew

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Every file is named with its hash, so pip need not resolve; byte code is made at first use.
INSTALL := $(BIN)/python -m pip install --quiet --no-deps --disable-pip-version-check
# Many tests wait for servers and workers more than they compute.
WORKERS ?= 4

.PHONY: demo test test-fast check bench format lock browser clean

demo: $(VENV)/.run
	$(BIN)/parity demo

test: $(VENV)/.dev browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-fast: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow"

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.run
	$(BIN)/python -m benchmarks.diff $(BENCH)
BENCH ?= --peers --all

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.run: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "parity needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --no-compile --require-hashes -r requirements.lock
	$(INSTALL) --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(INSTALL) --no-compile --require-hashes -r requirements-dev.lock
	touch $@

# The browser tests open the reports in Chromium. CI installs it; elsewhere they skip and say so.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null || [ -z "$$CI" ] || \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; }

lock: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra demo --extra build --output-file requirements.lock $(LOCK)
	$(BIN)/uv pip compile pyproject.toml --all-extras --constraints requirements.lock --output-file requirements-dev.lock $(LOCK)
LOCK := --universal --python-version 3.11 --generate-hashes --no-strip-extras --quiet --no-config \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
