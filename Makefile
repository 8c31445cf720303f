# `make run` serves Porteiro, `make test` tests it; both set up what they need. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# uWSGI is compiled where that can be done, and comes as a ready wheel where it cannot.
CAN_COMPILE := $(shell command -v gcc >/dev/null && $(PYTHON) -c 'import os, sys, sysconfig as s; sys.exit(not os.path.exists(os.path.join(s.get_path("include"), "Python.h")))' && echo yes)
LOCK := $(BIN)/uv pip compile -q -U --universal --python-version 3.11 --generate-hashes --no-header
UWSGI := $(if $(CAN_COMPILE),uwsgi,pyuwsgi)

.PHONY: help run test test-long check format settings bench setup setup-dev setup-train system-packages lock deb clean
.DELETE_ON_ERROR:

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

run: setup  ## serve on http://127.0.0.1:8765/porteiro/ until Ctrl-C
	@$(BIN)/python -m wsgi_app.front.start
	@$(BIN)/python -m wsgi_app.cli prepare
	@exec $(BIN)/uwsgi --ini uwsgi.ini

test: setup-dev system-packages  ## run every test, on all processor cores
	$(BIN)/python -m pytest -n auto $(PYTEST_OPTIONS)

test-long: setup-dev system-packages  ## run the tests that take half a minute or more
	$(BIN)/python -m pytest -m long $(PYTEST_OPTIONS)

check: setup-dev  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy

format: setup-dev  ## let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

settings: setup  ## write deploy/porteiro.env and docs/settings.md from the settings' own table
	$(BIN)/python -m wsgi_app.base.documents

bench: setup-dev system-packages  ## measure speed against the alternatives
	$(BIN)/python -m bench

setup: .venv/server.stamp  ## what serving needs, in .venv

setup-dev: .venv/dev.stamp  ## what developing needs as well

# Not held against hashes: PyTorch is another file for each kind of processor, and brings what that one needs.
setup-train: setup-dev  ## what training networks needs as well: PyTorch, some hundred megabytes or more
	$(PIP) install -r requirements/train.txt

system-packages:
	@tests/system-packages

lock: .venv/bin/python  ## pin the newest releases that fit pyproject.toml
	$(PIP) install uv
	for kind in build uwsgi pyuwsgi; do $(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['$$kind'], sep='\n')" | $(LOCK) - -o requirements/$$kind.txt; done
	$(LOCK) pyproject.toml -o requirements/server.txt
	$(LOCK) pyproject.toml --extra dev -c requirements/server.txt -o requirements/dev.txt
	$(subst --generate-hashes,--no-annotate,$(LOCK)) pyproject.toml --extra train -c requirements/server.txt | grep -vE '^(nvidia|cuda|triton)' > requirements/train.txt

deb:  ## build dist/porteiro-door_VERSION_all.deb, the door device's package
	@deploy/deb/build

clean:  ## remove the virtual environment and caches; var/ with your data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Porteiro needs Python 3.11 or newer; name one with: make PYTHON=python3.12 run" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv module is missing; on Debian: apt install python3-venv" >&2; exit 1; }

.venv/server.stamp: .venv/bin/python requirements/build.txt requirements/server.txt requirements/$(UWSGI).txt pyproject.toml
	@echo "Installing what Porteiro needs into .venv ($(UWSGI)) ..."
	@$(PIP) install --require-hashes -r requirements/build.txt
	@$(PIP) install --require-hashes -r requirements/server.txt
	@$(PIP) install --require-hashes --no-build-isolation --use-pep517 -r requirements/$(UWSGI).txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: .venv/server.stamp requirements/dev.txt
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
