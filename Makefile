# `make demo` and `make test` set up everything they need. Plain pip equivalents stand in README.md.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test check bench bench-rivals docs clean

setup: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Reallot needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	$(BIN)/reallot demo

test: setup
	@sh tests/system.sh
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	@for file in benchmarks/*.py; do \
	    name=$$(basename $$file .py); echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

# What we compare with: forecasting libraries, which need another pandas than ours, and OR-tools.
bench-rivals: .venv-rivals/.ready
	@echo "Rivals are ready in .venv-rivals. Compare: $(BIN)/python -m benchmarks.rivals.table"
	@echo "and: $(BIN)/python -m benchmarks.optimizer --rivals HiGHS cbc cp-sat"

.venv-rivals/.ready: benchmarks/rivals/requirements.txt benchmarks/rivals/requirements-optimizer.txt
	$(PYTHON) -m venv .venv-rivals
	.venv-rivals/bin/python -m pip install --quiet --disable-pip-version-check $(addprefix -r ,$^)
	@touch $@

docs: setup
	$(BIN)/python -m scenarios.describe docs
	$(BIN)/python -m optimizer.describe > docs/model.md
	$(BIN)/python -m scenarios.library docs

clean:
	rm -rf .venv .venv-rivals demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
