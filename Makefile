# Bulkhead. `make` lists what there is to do.
#
# Every target first sees to it that the pinned tools are there: Python packages in .venv/, Anvil in
# node_modules/ unless there is one on the PATH already. Nothing outside this folder is touched.
#
# Works with GNU make 3.81, the one that macOS ships.

# Not /bin/sh: make 3.81 would start simple commands itself, without the PATH below.
SHELL := /bin/bash

SCENARIO ?= black-thursday
PRICES ?=
ARGS ?=
# How many hundreds of sequences each state machine of the suite plays.
MACHINES ?= 5
# Processes that share the tests, each with an Anvil of its own: as many as there are cores.
JOBS ?= auto
# Mutants to choose, 0 for all; the seed of their choice and of `make fuzz`.
SAMPLE ?= 1000
SEED ?= 1

VENV := .venv
SUPPORTED := 3.11 or 3.12

# Before the PATH is changed: is there an Anvil of the user's own?
OWN_ANVIL := $(shell command -v anvil 2>/dev/null)

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH):$(CURDIR)/node_modules/.bin
export APE_DATA_FOLDER := $(CURDIR)/.ape
export PYTHONDONTWRITEBYTECODE := 1

# pyrevm and numpy 1.x publish no wheels for Python 3.13, so 3.12 is the newest that will do.
IS_SUPPORTED := -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))'
PYTHON ?= $(shell for python in python3.12 python3.11 python3; do \
	if $$python $(IS_SUPPORTED) >/dev/null 2>&1; then command -v $$python; break; fi; done)

# The stamps are younger than the lock files they were made from, or they are made again. A virtual
# environment notes its place in every program, so a moved folder needs a new one.
PYTHON_STAMP := $(VENV)/.requirements.stamp
ANVIL_STAMP := $(VENV)/.anvil.stamp
PROVE_VENV := .venv-prove
PROVE_STAMP := $(PROVE_VENV)/.requirements.stamp
AUDIT_VENV := .venv-audit
AUDIT_STAMP := $(AUDIT_VENV)/.requirements.stamp
VENV_USABLE := $(shell head -n 3 $(VENV)/bin/vyper 2>/dev/null | grep -qF '$(CURDIR)/$(VENV)/bin/' \
	&& $(VENV)/bin/python $(IS_SUPPORTED) >/dev/null 2>&1 && echo yes)
ANVIL_USABLE := $(shell ( test -n '$(OWN_ANVIL)' || test -x node_modules/.bin/anvil ) && echo yes)


.DEFAULT_GOAL := help

.PHONY: help
help:  ## List what there is to do
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: build  ## Replay a crash on a local chain (SCENARIO=waterfall or PRICES=file.csv)
	ape run demo $(if $(PRICES),--prices '$(PRICES)',--scenario '$(SCENARIO)') $(ARGS)

.PHONY: test
test: build  ## Run the test suite (ARGS="-k settle -x" to choose)
	MACHINES=$(MACHINES) python -m tests --numprocesses $(JOBS) --dist worksteal $(ARGS)

# FUZZ="--resume" goes on where a campaign was stopped.
STEPS ?= 1000000
FUZZ ?=
FUZZ_JOBS := $(if $(filter auto,$(JOBS)),,--jobs $(JOBS))

.PHONY: fuzz
fuzz: setup  ## Play hostile transactions on all cores (STEPS=1000000 SEED=1 FUZZ=--resume)
	python -m verification.fuzz --steps $(STEPS) --seed '$(SEED)' $(FUZZ_JOBS) $(FUZZ)

# Random walks of the reference model beside the chain, from seed SEED on.
WALKS ?= 400

.PHONY: model
model: setup  ## Walk chain and reference model side by side (WALKS=400 SEED=1)
	python -m verification.reference --seed $(SEED) --episodes $(WALKS) --steps 300

.PHONY: faults
faults: setup  ## Break the contracts on purpose: each fault must be found in two minutes
	python -m verification.fuzz.faults $(FUZZ_JOBS) $(ARGS)

.PHONY: defences
defences: build  ## Replay attacks of the past with and without the defence (ARGS="mango venus")
	python -m verification.defences $(FUZZ_JOBS) $(ARGS)
	$(if $(ARGS),,python -m verification.attacks --defences --report out/attacks/defences.json)

# Moves of the search for plays that nobody has listed; 0: the listed plays alone.
MOVES ?= 2000000

.PHONY: attacks
attacks: build  ## Play against the rules: what each listed player gains, and a search (MOVES=20000)
	python -m verification.attacks --defences --search $(MOVES) --seed $(SEED) $(FUZZ_JOBS) $(ARGS)

# KEEP=1 adds a part that is run again to the records of before.
KEEP ?=

.PHONY: coverage
coverage: build  ## Run the suite on marked code; report what it never reached
	$(if $(KEEP),,rm -rf out/coverage)
	python -m verification.coverage --numprocesses $(JOBS) --dist worksteal -q $(ARGS)

.PHONY: mutants
mutants: setup  ## Put small faults into the contracts and see that tests notice (SAMPLE=1000)
	python -m verification.mutation --sample $(SAMPLE) --seed $(SEED) $(ARGS)

.PHONY: abi
abi: setup  ## Compile the contracts, write their interfaces to abi/
	python -m scripts.abi

.PHONY: gas
gas: build  ## Measure gas, write benchmarks/gas.json
	ape run gas $(ARGS)

.PHONY: sizes
sizes: build  ## Measure code sizes, write benchmarks/sizes.json
	ape run sizes $(ARGS)

.PHONY: engines
engines: build  ## Compare calls per second in process and on Anvil
	ape run engines $(ARGS)

.PHONY: lint
lint: setup  ## Check formatting, types, layout and lint rules; change nothing
	ruff check .
	ruff format --check .
	mypy
	python scripts/lint_package.py
	python scripts/lint_contracts.py
	python -m scripts.lint_tests

.PHONY: format
format: setup  ## Format Python and Vyper sources, write revert reasons and the graph
	ruff check --fix-only --quiet .
	ruff format .
	python scripts/lint_contracts.py --fix

.PHONY: prove
prove: $(PROVE_STAMP)  ## Prove the maths symbolically (ARGS="charges" to choose)
	$(PROVE_VENV)/bin/python -m verification.proofs $(ARGS)

.PHONY: audit
audit: $(AUDIT_STAMP)  ## Look for advisories against everything that is locked (needs npm)
	$(AUDIT_VENV)/bin/python scripts/audit.py

.PHONY: clean
clean:  ## Remove what was compiled, cached and reported; keep the tools
	rm -rf .ape .build .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache dist out
	find . -name __pycache__ -not -path './.venv*/*' -not -path './node_modules/*' \
		-prune -exec rm -rf {} +


# Internal -----------------------------------------------------------------------------------------

.PHONY: setup
setup: $(PYTHON_STAMP) $(ANVIL_STAMP)
	@:

# Ape notices a changed contract, but not a changed module inside it: then everything is compiled.
SOURCES := $(shell find contracts -name '*.vy' -o -name '*.vyi')
BUILD_STAMP := .build/.stamp

.PHONY: build
build: $(BUILD_STAMP)
	@:

$(BUILD_STAMP): $(SOURCES) ape-config.yaml | setup
	@echo 'Compiling the contracts'
	@ape compile --force >.build.log 2>&1 || { cat .build.log >&2; rm -f .build.log; exit 1; }
	@rm -f .build.log && python -m verification.engine.evm && touch $@

# After a change to requirements.in. `uv` comes in a throw-away environment. Where two tools
# contradict each other, [tool.uv] in pyproject.toml decides, and the lock file is complete: pip takes
# it as it is, with --no-deps.
.PHONY: lock
lock: setup
	rm -rf .cache/uv && $(VENV)/bin/python -m venv .cache/uv
	.cache/uv/bin/pip install --quiet --disable-pip-version-check uv
	.cache/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
		--output-file requirements.lock requirements.in
	.cache/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
		--output-file requirements-prove.lock requirements-prove.in
	.cache/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links \
		--output-file requirements-audit.lock requirements-audit.in

$(PYTHON_STAMP): requirements.lock $(if $(VENV_USABLE),,always)
	@if test -z '$(PYTHON)'; then \
		echo 'Bulkhead needs Python $(SUPPORTED), and found none on the PATH.' >&2; \
		echo '  Debian 12, Ubuntu 24.04   apt install python3 python3-venv' >&2; \
		echo '  macOS                     brew install python@3.12' >&2; \
		echo '  anywhere else             uv or pyenv have it: make PYTHON=/path/to/python3.12' >&2; \
		exit 1; fi
	@echo 'Setting up $(VENV)/ with $(PYTHON) (about a minute, once)'
	@$(if $(VENV_USABLE),,rm -rf $(VENV);) test -d $(VENV) || '$(PYTHON)' -m venv $(VENV) || { \
		rm -rf $(VENV); \
		echo 'Python has no venv module. On Debian or Ubuntu: apt install python3-venv' >&2; \
		exit 1; }
	@$(VENV)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes \
		--no-deps --requirement requirements.lock
	@touch $@

# The virtual environment of `make prove`, made with the interpreter of the other one.
$(PROVE_STAMP): requirements-prove.lock | $(PYTHON_STAMP)
	@echo 'Setting up $(PROVE_VENV)/ (about a minute, once)'
	@rm -rf $(PROVE_VENV) && $(VENV)/bin/python -m venv $(PROVE_VENV)
	@$(PROVE_VENV)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes \
		--requirement requirements-prove.lock
	@touch $@

# The virtual environment of `make audit`, likewise.
$(AUDIT_STAMP): requirements-audit.lock | $(PYTHON_STAMP)
	@echo 'Setting up $(AUDIT_VENV)/'
	@rm -rf $(AUDIT_VENV) && $(VENV)/bin/python -m venv $(AUDIT_VENV)
	@$(AUDIT_VENV)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes \
		--requirement requirements-audit.lock
	@touch $@

$(ANVIL_STAMP): package-lock.json .npmrc $(if $(ANVIL_USABLE),,always) | $(PYTHON_STAMP)
	@if test -z '$(OWN_ANVIL)'; then \
		if ! command -v npm >/dev/null; then \
			echo 'Bulkhead runs on Anvil, a local Ethereum node, and found none on the PATH.' >&2; \
			echo 'Install Foundry, or Node.js 20 or newer with npm: make then gets Anvil itself.' >&2; \
			exit 1; fi; \
		echo 'Setting up Anvil in node_modules/' && npm ci --ignore-scripts --silent; fi
	@anvil --version >/dev/null || { echo 'Anvil does not start: see above.' >&2; exit 1; }
	@touch $@

.PHONY: always
always:
