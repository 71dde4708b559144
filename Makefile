# carbon-tokens: `make demo` needs Python >= 3.11 only; everything else also Node >= 20 with npm, `make browser` Chromium, and
# `make spark` Java.
# Environments: .venv (package, test tools), .venv-brownie (eth-brownie from source, web3 7), .venv-web3-7 (oldest web3),
# .venv-security (halmos, slither), .venv-spark (Apache Spark), node_modules (solc, ganache, anvil, forge, OpenZeppelin).
# Each is made once and again when its lock file changes.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV := build/uv/bin/uv
PIP = $(UV) pip install -q --python
HASHED := --require-hashes -r requirements
EDITABLE := --no-deps --no-build-isolation -e .
BIN := .venv/bin

# Chains and compilers keep their files in the repository's build folder, never in the user's home.
CHAIN_HOME := $(CURDIR)/build/home
CHAIN_TMP := $(CURDIR)/build/tmp
CHAIN_ENV = HOME=$(CHAIN_HOME) TMPDIR=$(CHAIN_TMP) SOLCX_BINARY_PATH=$(CURDIR)/tools/solc
BROWNIE = $(CHAIN_ENV) .venv-brownie/bin/brownie
# forge itself, not npm's launcher of it, which exits 0 whatever happened
FORGE_BIN = $$(echo $(CURDIR)/node_modules/@foundry-rs/forge-*/bin/forge)
FORGE = HOME=$(CHAIN_HOME) FOUNDRY_OFFLINE=true $(FORGE_BIN)
CLEAN_CHAINS = rm -rf $(CHAIN_TMP)/* $(CHAIN_HOME)/.foundry/anvil
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# In CI the long runs are bounded; `make test-long` alone runs the full ones.
LONG := $(if $(CI),bounded,long)

TESTS := unit properties contracts-compile contracts-anvil contracts-ganache-some forge integration doc-tests artifacts-check \
	gas-check slither lint types
LONG_TESTS := contracts-ganache integration-ganache properties-long forge-long halmos coverage mutation browser spark integration-long

.PHONY: help setup demo test test-long fmt lint types gas gas-check docs doc-tests clean distclean lock artifacts \
	artifacts-check unit properties integration integration-ganache contracts contracts-compile contracts-anvil contracts-ganache contracts-ganache-some forge \
	forge-long print-tests print-long-tests properties-long web3-7 wheel halmos slither coverage mutation spark browser integration-long

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

# ---------------------------------------------------------------- environments
$(UV): requirements/uv.txt
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 or newer is needed (set PYTHON=...)"; exit 1; }
	@echo "setup: uv, the installer ($(PYTHON))"
	@$(PYTHON) -m venv build/uv || { echo "setup: the venv module is missing (Debian: python3-venv)"; exit 1; }
	@build/uv/bin/python -m pip install -q --disable-pip-version-check $(HASHED)/uv.txt
	@touch $@

.venv/bin/python .venv-brownie/bin/python .venv-web3-7/bin/python .venv-security/bin/python .venv-spark/bin/python: | $(UV)
	@$(UV) venv -q --allow-existing --python $(PYTHON) $(@:/bin/python=)

.venv/stamp-run: requirements/run.txt pyproject.toml | .venv/bin/python
	@echo "setup: .venv with the package"
	@$(PIP) .venv/bin/python $(HASHED)/run.txt
	@$(PIP) .venv/bin/python $(EDITABLE)
	@touch $@

.venv/stamp-dev: requirements/dev.txt .venv/stamp-run
	@echo "setup: test tools into .venv"
	@$(PIP) .venv/bin/python $(HASHED)/dev.txt
	@touch $@

.venv-brownie/stamp: requirements/brownie.txt requirements/eth-brownie.txt pyproject.toml | .venv-brownie/bin/python
	@echo "setup: .venv-brownie with eth-brownie from source"
	@$(PIP) .venv-brownie/bin/python $(HASHED)/brownie.txt
	@BROWNIE_NOCOMPILE=1 BROWNIE_LIB=1 $(PIP) .venv-brownie/bin/python --no-deps --no-build-isolation --no-cache \
		--no-binary eth-brownie $(HASHED)/eth-brownie.txt
	@$(PIP) .venv-brownie/bin/python $(EDITABLE)
	@touch $@

.venv-web3-7/stamp: requirements/web3-7.txt pyproject.toml | .venv-web3-7/bin/python
	@echo "setup: .venv-web3-7 with the oldest supported web3"
	@$(PIP) .venv-web3-7/bin/python $(HASHED)/web3-7.txt
	@$(PIP) .venv-web3-7/bin/python $(EDITABLE)
	@touch $@

.venv-spark/stamp: requirements/spark.txt pyproject.toml | .venv-spark/bin/python
	@echo "setup: .venv-spark with Apache Spark"
	@$(PIP) .venv-spark/bin/python $(HASHED)/spark.txt
	@$(PIP) .venv-spark/bin/python $(EDITABLE)
	@touch $@

.venv-security/stamp: requirements/security.txt | .venv-security/bin/python
	@echo "setup: .venv-security with halmos and slither"
	@$(PIP) .venv-security/bin/python $(HASHED)/security.txt
	@touch $@

node_modules/.stamp: package.json package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || \
		{ echo "setup: Node 20 or newer is needed"; exit 1; }
	@echo "setup: node_modules (solc, ganache, anvil, forge, OpenZeppelin)"
	@npm ci --silent --no-progress || npm ci
	@touch $@

# Brownie copies its network list into HOME once; Anvil must not write every historical state to disk.
build/home/stamp: brownie-config.yaml | .venv-brownie/stamp
	@rm -rf build/home/.brownie && mkdir -p build/home build/tmp
	@$(BROWNIE) networks modify anvil cmd="anvil --prune-history" > build/home/networks.log
	@$(BROWNIE) networks modify development cmd="anvil --prune-history" >> build/home/networks.log
	@touch $@

BROWNIE_READY := .venv-brownie/stamp node_modules/.stamp build/home/stamp

setup: .venv/stamp-dev $(BROWNIE_READY) ## every environment that the tests need
	@echo "setup: ready"

# ---------------------------------------------------------------- use
demo: .venv/stamp-run ## a data-center month proven neutral, end to end; ARGS=... are passed on
	@$(BIN)/carbon-tokens demo $(ARGS)

# ---------------------------------------------------------------- tests
test: ## everything; each part is a target of its own
	@for part in $(TESTS); do $(MAKE) $$part || { echo "FAILED: make $$part"; exit 1; }; done
	@echo "all parts passed: $(TESTS)"

print-tests: # the parts, for .ci/run
	@echo "$(TESTS)"

print-long-tests:
	@echo "$(LONG_TESTS)"

test-long: ## campaigns: more examples, proofs, coverage, mutants (bounded when CI is set)
	@for part in $(LONG_TESTS); do $(MAKE) $$part || { echo "FAILED: make $$part"; exit 1; }; done

unit: .venv/stamp-dev node_modules/.stamp ## unit tests: no chain, seconds
	@echo "== unit"
	@$(BIN)/pytest -q -n auto tests/unit

properties: .venv/stamp-dev node_modules/.stamp ## hypothesis
	@echo "== properties"
	@$(BIN)/pytest -q -n auto tests/properties

properties-long: .venv/stamp-dev node_modules/.stamp
	@echo "== properties, profile $(LONG)"
	@$(BIN)/pytest -q -n auto tests/properties --hypothesis-profile=$(LONG)

INTEGRATION = @mkdir -p $(CHAIN_TMP) $(CHAIN_HOME); trap '$(CLEAN_CHAINS)' EXIT; \
	HOME=$(CHAIN_HOME) TMPDIR=$(CHAIN_TMP) $(BIN)/pytest -q tests/integration
BESIDE = -n auto --maxprocesses 4 --dist loadfile# a file's tests share their chain
integration: .venv/stamp-dev node_modules/.stamp ## the journey on the embedded chain and Anvil
	@echo "== integration"
	$(INTEGRATION) $(BESIDE) -m "not ganache and not postgresql and not slow"

integration-ganache: .venv/stamp-dev node_modules/.stamp ## the same on Ganache
	@echo "== integration on Ganache"
	$(INTEGRATION) $(BESIDE) -m ganache

# What ran on SQLite, and takes minutes again on PostgreSQL: in CI not twice.
NOT_IN_CI = -k "not (whatever_is_asked or test_service_facilities or test_service_shares)"
integration-long: .venv/stamp-dev node_modules/.stamp ## what takes minutes, and the index in a PostgreSQL of its own
	@echo "== integration, the long ones and PostgreSQL"
	@ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql > /dev/null; } || \
		{ echo "integration-long: PostgreSQL's server is needed (Debian: postgresql)"; exit 1; }
	$(INTEGRATION) $(BESIDE) $(if $(CI),$(NOT_IN_CI)) -m "postgresql or slow"

doc-tests: .venv/stamp-dev node_modules/.stamp ## the commands of README.md are executed
	@echo "== docs"
	@$(BIN)/pytest -q $(BESIDE) tests/docs

docs: doc-tests ## same as doc-tests

web3-7: .venv-web3-7/stamp node_modules/.stamp ## what uses web3, with the oldest supported one
	@echo "== what uses web3, with web3 7.16"
	@mkdir -p $(CHAIN_TMP) $(CHAIN_HOME)
	@trap '$(CLEAN_CHAINS)' EXIT; HOME=$(CHAIN_HOME) TMPDIR=$(CHAIN_TMP) .venv-web3-7/bin/python -m pytest -q $(BESIDE) \
		$(wildcard tests/unit/test_ledger_*.py tests/unit/test_claims_*.py tests/unit/test_cli_*.py) \
		$(wildcard tests/integration/test_*journey*.py tests/integration/test_ledger_*.py tests/integration/test_claims_*.py) \
		-m "not ganache"

contracts: contracts-compile contracts-anvil contracts-ganache ## tests/contracts by Brownie on both chains

contracts-compile: $(BROWNIE_READY) # --all: Brownie does not see that evm_version changed
	@echo "== contracts: compile"
	@$(BROWNIE) compile --all

contracts-anvil: $(BROWNIE_READY)
	@echo "== contracts on Anvil"
	@trap '$(CLEAN_CHAINS)' EXIT; $(BROWNIE) test tests/contracts --network anvil

# Ganache is twice as slow as Anvil: `make test` takes what touches every contract, `make test-long` all; CI, which runs
# both, takes the others then.
GANACHE_SOME := $(addprefix tests/contracts/test_,conformity.py lessons.py scripts.py state_machine.py supersede.py)
GANACHE_OTHERS := $(filter-out $(GANACHE_SOME),$(wildcard tests/contracts/test_*.py)) \
	$(sort $(dir $(wildcard tests/contracts/*/test_*.py)))
contracts-ganache: $(BROWNIE_READY)
	@echo "== contracts on Ganache"
	@trap '$(CLEAN_CHAINS)' EXIT; $(BROWNIE) test $(if $(CI),$(GANACHE_OTHERS),tests/contracts) --network ganache-cli

contracts-ganache-some: $(BROWNIE_READY)
	@echo "== some contract tests on Ganache"
	@trap '$(CLEAN_CHAINS)' EXIT; $(BROWNIE) test $(GANACHE_SOME) --network ganache-cli

# A run without tests is a failure: forge itself exits 0 then. Symbolic tests are for halmos.
FORGE_TEST = $(FORGE) test | tee build/forge.log && grep -qE '[1-9][0-9]* tests? passed' build/forge.log || \
	{ echo "forge: a test failed, or none ran"; exit 1; }

forge: node_modules/.stamp ## fuzz and invariant tests of contracts/test
	@echo "== forge"
	@mkdir -p $(CHAIN_HOME)
	@$(FORGE_TEST)

forge-long: node_modules/.stamp
	@echo "== forge, profile $(LONG)"
	@mkdir -p $(CHAIN_HOME)
	@export FOUNDRY_PROFILE=$(LONG); $(FORGE_TEST)

# Every tool compiles into a folder of its own: slither begins with `forge clean`, coverage changes the settings.
FORGE_IN = HOME=$(CHAIN_HOME) FOUNDRY_OFFLINE=true FOUNDRY_SOLC=$(CURDIR)/tools/solc/solc-v0.8.30 \
	FOUNDRY_OUT=build/$(1)/out FOUNDRY_CACHE_PATH=build/$(1)/cache
SECURITY = PATH=$(CURDIR)/.venv-security/bin:$$PATH
SECURITY_READY := .venv-security/stamp node_modules/.stamp

# Arrays of one element, and bytes of none: the checks make longer batches themselves. In a copy without the other tests:
# with all of them compiled beside it, halmos takes many times as long for a check.
HALMOS_TREE := build/halmos/tree
halmos: $(SECURITY_READY) ## prove the checks of contracts/test/Symbolic*.t.sol for all arguments
	@echo "== halmos"
	@mkdir -p $(CHAIN_HOME) && rm -rf build/halmos && mkdir -p $(HALMOS_TREE)/contracts/test
	@cp -r foundry.toml contracts/*.sol contracts/interfaces contracts/libraries $(HALMOS_TREE)/contracts
	@mv $(HALMOS_TREE)/contracts/foundry.toml $(HALMOS_TREE)
	@cp contracts/test/Symbolic*.t.sol contracts/test/{Vm,World,Messages}.sol $(HALMOS_TREE)/contracts/test
	@ln -s $(CURDIR)/node_modules $(CURDIR)/tools $(HALMOS_TREE)
	@cd $(HALMOS_TREE) && $(call FORGE_IN,halmos) $(SECURITY) halmos --forge-build-out build/halmos/out --function check \
		--loop 6 --default-array-lengths 1 --default-bytes-lengths 0 --solver-timeout-assertion 60s --no-status \
		--json-output $(CURDIR)/build/halmos/report.json < /dev/null 2>&1 | tee $(CURDIR)/build/halmos/log || true
	@.venv-security/bin/python scripts/halmos_report.py build/halmos

slither: $(SECURITY_READY) ## static analysis; findings are explained in docs/slither.md
	@echo "== slither"
	@mkdir -p $(CHAIN_HOME)
	@$(call FORGE_IN,slither) $(SECURITY) .venv-security/bin/python scripts/slither_check.py

# Few runs, and none of the long ones: what is not optimized is slow. Without --ir-minimum, which ends in "stack too deep"
# where the plain build of coverage does not.
coverage: $(SECURITY_READY) ## lines and branches of contracts/ that the forge tests reach
	@echo "== coverage"
	@mkdir -p $(CHAIN_HOME) build/coverage && rm -f build/coverage/lcov.info build/coverage.txt
	@$(call FORGE_IN,coverage) FOUNDRY_FUZZ_RUNS=32 $(FORGE_BIN) coverage --no-match-contract '(Invariant|Handler)' \
		--report lcov --report-file build/coverage/lcov.info --no-match-coverage '^(contracts/test|node_modules)/' > build/coverage/log 2>&1 || \
		{ tail -n 40 build/coverage/log; echo "coverage: a test failed, or the build"; exit 1; }
	@.venv-security/bin/python scripts/coverage_report.py build/coverage/lcov.info --lines 98 --branches 95 \
		> build/coverage.txt || { cat build/coverage.txt; echo "coverage: below a goal"; exit 1; }
	@cat build/coverage.txt

mutation: SAMPLE := $(or $(SAMPLE),$(if $(MUTANT),0,$(if $(CI),4,200)))
mutation: BUDGET := $(or $(BUDGET),$(if $(CI),80))
mutation: $(SECURITY_READY) ## mutation testing of contracts/; SAMPLE=n (0: all mutants), CONTRACT=name, JOBS=n
	@echo "== mutation"
	@mkdir -p $(CHAIN_HOME)
	@HOME=$(CHAIN_HOME) .venv-security/bin/python scripts/mutation.py $(if $(SAMPLE),--sample $(SAMPLE)) \
		$(if $(CONTRACT),--contract $(CONTRACT)) $(if $(MUTANT),--mutant $(MUTANT)) $(if $(JOBS),--jobs $(JOBS)) \
		$(if $(BUDGET),--budget $(BUDGET))

spark: .venv-spark/stamp ## Apache Spark as the runner of allocations; needs Java 17 or newer
	@echo "== spark"
	@command -v java > /dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && \
		apt-get install -qq -y --no-install-recommends default-jre-headless > /dev/null; } || \
		{ echo "spark: Java 17 or newer is needed (Debian: default-jre-headless)"; exit 1; }
	@mkdir -p build/spark
	@HOME=$(CURDIR)/build/spark TMPDIR=$(CURDIR)/build/spark .venv-spark/bin/python -m pytest -q -s --disable-warnings tests/spark 2> build/spark.log || \
		{ tail -n 40 build/spark.log; exit 1; }

# Debian's browser, driven by Playwright; its own download is not used.
browser: .venv/stamp-dev node_modules/.stamp ## the report's page in a browser: pictures, totals, phone width, accessibility
	@echo "== browser"
	@command -v chromium chromium-browser google-chrome > /dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core > /dev/null; } || \
		{ echo "browser: Chromium is needed (Debian: chromium)"; exit 1; }
	@$(BIN)/pytest -q $(BESIDE) tests/browser

wheel: $(UV) ## the wheel, installed in a clean environment without the repository
	@echo "== wheel"
	@rm -rf build/wheel && $(UV) build -q --wheel --out-dir build/wheel .
	@$(UV) venv -q --python $(PYTHON) build/wheel/venv
	@$(PIP) build/wheel/venv/bin/python -c requirements/run.txt build/wheel/*.whl
	@cd build/wheel && venv/bin/carbon-tokens --help > /dev/null && venv/bin/python -I -c "$$WHEEL_CHECK"

define WHEEL_CHECK
from importlib import resources
from carbon_tokens import data_files
names = sorted(f.name for f in resources.files("carbon_tokens.artifacts").iterdir() if f.name.endswith(".json"))
assert {"CarbonTokens.json", "EmissionFactors.json", "NetEmissions.json"} <= set(names), names
assert "site-packages" in str(data_files.path("SOURCES.csv")), data_files.path("SOURCES.csv")
print("the wheel holds", ", ".join(names), "and the data")
endef
export WHEEL_CHECK

# ---------------------------------------------------------------- checks and generated files
artifacts: .venv/stamp-dev node_modules/.stamp ## compile contracts/ into carbon_tokens/artifacts/
	@$(BIN)/python scripts/compile.py

artifacts-check: .venv/stamp-dev node_modules/.stamp
	@echo "== artifacts"
	@$(BIN)/python scripts/compile.py --check

gas: .venv/stamp-dev node_modules/.stamp ## measure gas and write gas.json
	@mkdir -p $(CHAIN_HOME) && HOME=$(CHAIN_HOME) $(BIN)/python benchmarks/gas.py --write

gas-check: .venv/stamp-dev node_modules/.stamp
	@echo "== gas"
	@mkdir -p $(CHAIN_HOME) && HOME=$(CHAIN_HOME) $(BIN)/python benchmarks/gas.py --check

fmt: .venv/stamp-dev node_modules/.stamp ## format Python and Solidity
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix . && $(FORGE) fmt

lint: .venv/stamp-dev node_modules/.stamp ## formatting, lint, direction of imports
	@echo "== lint"
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports && $(FORGE) fmt --check

types: .venv/stamp-dev ## mypy --strict
	@echo "== types"
	@$(BIN)/mypy

COMPILE = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock"
lock: $(UV) ## compile requirements/*.txt again; UPGRADE=1 moves to the newest versions
	@$(COMPILE) $(if $(UPGRADE),-U) requirements/uv.in -o requirements/uv.txt
	@$(COMPILE) $(if $(UPGRADE),-U) pyproject.toml --extra fleet requirements/run.in -o requirements/run.txt
	@$(COMPILE) $(if $(UPGRADE),-U) pyproject.toml --extra solc --extra fast --extra fleet --extra twin --extra node requirements/run.in \
		requirements/dev.in -c requirements/run.txt -o requirements/dev.txt
	@$(COMPILE) $(if $(UPGRADE),-U) pyproject.toml --extra solc requirements/run.in requirements/brownie.in \
		-o requirements/brownie.txt
	@$(COMPILE) $(if $(UPGRADE),-U) pyproject.toml --extra fleet requirements/run.in requirements/web3-7.in \
		-o requirements/web3-7.txt
	@$(COMPILE) $(if $(UPGRADE),-U) pyproject.toml --extra fleet --extra twin --extra spark requirements/run.in requirements/dev.in \
		-c requirements/dev.txt -o requirements/spark.txt
	@$(COMPILE) $(if $(UPGRADE),-U) requirements/security.in -o requirements/security.txt

clean: ## everything built, but not the environments
	@mkdir -p build && find build -mindepth 1 -maxdepth 1 ! -name uv -exec rm -rf {} +
	@rm -rf dist reports .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

distclean: clean ## the environments as well
	@rm -rf build .venv .venv-brownie .venv-web3-7 .venv-security node_modules
