# Everything starts from a fresh clone: python3 with venv, git and make are enough.
# Another Python: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
PACKAGES := inbox_router triage routing crm
COMPILE := $(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-python test-browser crash-sweep fault-matrix torture bench bench-admin lint format messages lock
.DELETE_ON_ERROR:

help: ## List what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(RUNTIME) ## Install what is needed to run it, into .venv

demo: $(RUNTIME) ## Fill a demo inbox, run the real pipeline over it and serve the admin on 127.0.0.1
	@$(PY) manage.py demo

test: test-python ## Run all tests, the browser tests last
	@$(MAKE) --no-print-directory test-browser

test-python: $(DEV) ## Run all tests but those in the browser
	$(PY) -m pytest -n auto --maxprocesses 4 --dist worksteal

# In a process of their own: Playwright keeps an event loop running that other tests do not expect.
test-browser: $(DEV) ## Run the browser tests alone (needs Chromium)
	@if ! ls tests/browser/test_*.py > /dev/null 2>&1; then true; \
	elif command -v chromium > /dev/null; then \
		echo "$(PY) -m pytest tests/browser"; $(PY) -m pytest tests/browser; \
	else \
		echo "SKIPPED: the browser tests, because Chromium is not installed (apt-get install chromium)"; \
		test -z "$$REQUIRE_SERVERS"; \
	fi

crash-sweep: $(DEV) ## Kill it at every call and commit, and see that nothing is lost or doubled (needs Dovecot; 20 minutes)
	$(PY) -m tests.crash.sweep

fault-matrix: $(DEV) ## Break every request in every way, and see the same (needs Dovecot; 20 minutes)
	$(PY) -m tests.crash.matrix

torture: $(DEV) ## Show what mail that hurts costs; FOLDER=... adds the files of a folder (needs Dovecot)
	$(PY) -m tests.bench.torture $(FOLDER)

bench: $(DEV) ## Measure speed, bytes and memory beside other ways to read a mailbox (needs Dovecot)
	$(PY) -m tests.bench

bench-admin: $(DEV) ## Time each page of the admin with a year of mail in it (needs PostgreSQL; some minutes)
	$(PY) -m tests.bench.admin

lint: $(DEV) ## Check style, types, migrations and settings
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy $(PACKAGES)
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py check

format: $(DEV) ## Put the code into the common format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

messages: $(DEV) ## Bring the catalogues of translations up to date with the code, and compile them (needs gettext)
	$(PY) manage.py makemessages --locale de --locale fr --no-wrap --add-location file \
		--ignore tests --ignore var --ignore .venv --ignore node_modules
	$(PY) manage.py compilemessages --ignore .venv

lock: $(DEV) ## Take up new versions of the libraries (after an edit of pyproject.toml)
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock
	echo uv | $(COMPILE) - -o requirements-uv.lock

# --- the virtual environment ------------------------------------------------------------------------------

# Not .venv/bin/python: that one is there even when `python3 -m venv` failed half-way for want of ensurepip.
$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Inbox Router needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "The venv module of $(PYTHON) is missing (on Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; }

# uv installs in a third of pip's time. Where it cannot (a platform without it, an index that only pip knows), pip does.
define install
	@echo "Installing $(1) into $(VENV) (once; about a minute)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock && \
		$(PY) -m uv pip install --quiet --python $(PY) --require-hashes -r $(1) || { \
		echo "uv did not succeed; installing with pip (some minutes)"; \
		$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1); }
endef

$(RUNTIME): requirements.lock | $(VENV)/bin/pip
	$(call install,requirements.lock)
	@touch $@

$(DEV): requirements-dev.lock | $(VENV)/bin/pip
	$(call install,requirements-dev.lock)
	@touch $(RUNTIME) $@
