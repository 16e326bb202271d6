# Set-up and every check. `make demo` and `make test` need only Python 3.11 or newer and make.
# The system's own Python where it can make environments: it gets the system's security updates, and one linked as a whole
# runs a fifth faster than one whose core is a shared library. Another one: make PYTHON=python3.13 …
USABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(or $(shell /usr/bin/python3 -c '$(USABLE)' 2>/dev/null && echo /usr/bin/python3),python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test test-cluster servers check lint content docs bench bench-elasticsearch fuzz clean

demo: $(STAMP)  ## the main job, on the embedded store
	$(BIN)/soc demo

test: $(STAMP)  ## the test suite
	$(BIN)/python -m pytest -n 2

test-cluster: $(STAMP)  ## what needs three Elasticsearch nodes, or much time
	$(BIN)/python -m pytest -m cluster

servers: $(STAMP)  ## fetches the servers that tests start, so that no test waits for it
	$(BIN)/python -m tests.servers

check: lint content test  ## what CI runs

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

content: $(STAMP)  ## samples, rules, playbooks of this content root
	$(BIN)/soc check

docs: $(STAMP)  ## docs/reference, from what the code declares
	$(BIN)/python -m tools.make_docs

bench: $(STAMP)  ## figures as ratios; see bench/README.md
	$(BIN)/python -m bench

bench-elasticsearch: $(STAMP)  ## the store on a real Elasticsearch beside the bulk helper and the segments
	$(BIN)/python -m bench elasticsearch

fuzz: $(STAMP)  ## parsers and query language on mutated input, five minutes
	$(BIN)/python -m tests.fuzz

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -e '.[dev]'
	$(BIN)/python -m compileall -q soc parsers
	touch $(STAMP)

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
