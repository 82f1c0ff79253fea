# Every task, used alike by hand and by CI. `make help` lists them.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready
DEMO_HOME ?= .trimtab-demo
# A library that would wait for a network must not find one to wait for.
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help demo up test check drill stack bench scoreboard lock clean

help: ## list the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: $(READY) ## run the whole loop on a simulated stream (about two minutes)
	@$(BIN)/trimtab --home $(DEMO_HOME) demo

up: $(READY) ## start everything on the home that `make demo` made: schedules, servers, status page
	@$(BIN)/trimtab --home $(DEMO_HOME) up

test: $(READY) ## run every test
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

check: $(READY) ## lint, types, import order
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy trimtab models monitoring flows simulator feature_repo infra
	@$(BIN)/lint-imports

drill: $(READY) ## promote and roll back twenty times under load: does serving follow, how soon, does anybody notice
	@$(BIN)/python -m benchmarks.drill

stack: $(READY) ## start, kill and stop everything: how soon healthy, how much memory, what is left
	@$(BIN)/python -m benchmarks.stack

bench: $(READY) ## measure speed and quality against the peers; DATA=folder of the public data sets
	@$(BIN)/python -m benchmarks $(DATA)

scoreboard: $(READY) ## every figure on decisions, with seeds (25 minutes); DATA=folder adds public data (20)
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.incidents
	@$(BIN)/python -m benchmarks.decision_speed --full
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.equal_challenger $(DATA)
	@test -z "$(DATA)" || $(BIN)/python -m benchmarks.policies_real $(DATA)

lock: $(READY) ## resolve requirements.lock anew from pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade --quiet -o requirements.lock

clean: ## remove the environment, caches and the demo's stores
	rm -rf .venv $(DEMO_HOME) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The lock names every package, so pip resolves nothing (--no-deps) and checks each by its hash.
$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is wanted and was not found; install it or pass PYTHON=..."; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version); this happens once and takes a minute or two."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
