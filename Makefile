# make quickstart   install, train on seeds/, evaluate on held-out reports, predict one long report (about 5 minutes)
# make test         everything that CI runs
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: quickstart test lint types layers tests wheel clean

quickstart: .venv/installed
	$(BIN)/marsad train configs/quickstart.yaml --overwrite
	$(BIN)/marsad evaluate models/quickstart models/quickstart/held-out.jsonl --out models/quickstart/held-out
	$(BIN)/marsad predict seeds/long-report.txt --model models/quickstart --format table

test: lint types layers tests wheel

lint: .venv/developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python scripts/config_reference.py --check

types: .venv/developing
	$(BIN)/mypy

layers: .venv/developing
	$(BIN)/lint-imports

tests: .venv/developing
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

wheel: .venv/developing
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/twine check --strict dist/*
	bash scripts/test_wheel.sh dist

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable .
	touch $@

.venv/developing: .venv/installed
	$(INSTALL) --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv dist
