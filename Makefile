# One feature set, one target folder, the dev profile for everything but the benchmark: the AWS SDK is compiled once.
CARGO ?= cargo
PYTHON ?= python3
HAS_NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)
# Whether a doc comment opens a block of Rust: without one, running the doc tests builds much and tests nothing.
OPENS_RUST := FNR == 1 { inside = 0 } /^ *\/\/[\/!] *```/ { inside = !inside; if (inside && /```(rust)?$$/) { print "yes"; exit } }
DOC_TESTS := $(firstword $(shell find functions infra shared -name '*.rs' -exec awk '$(OPENS_RUST)' {} +))
REQUIREMENTS := $(wildcard tests/python/requirements.txt)
# Clients that ask for a newer Python than they use.
ANY_PYTHON := $(wildcard tests/python/any-python.txt)

.DEFAULT_GOAL := help
.PHONY: help build check test simulate mutants run bench fmt fix gen record python tidy clean

help: ## show these lines
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build everything, tests left out
	$(CARGO) build --workspace

check: ## formatting, lints, and the rules of the repository
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	@$(MAKE) --no-print-directory tidy

tidy: ## the rules of the repository alone: arrows, licences, generated files, documents
ifeq ($(HAS_NEXTEST),yes)
	$(CARGO) nextest run --config-file tests/nextest.toml --package syncline-tidy --no-fail-fast
else
	$(CARGO) test --package syncline-tidy --no-fail-fast
endif

test: python ## every test
ifeq ($(DOC_TESTS),yes)
	$(CARGO) test --workspace --doc --quiet
endif
ifeq ($(HAS_NEXTEST),yes)
	$(CARGO) nextest run --config-file tests/nextest.toml --workspace --no-fail-fast
	$(CARGO) nextest run --config-file tests/nextest.toml --package syncline-simulation --features mutants --test mutants
else
	$(CARGO) test --workspace --lib --bins --tests --no-fail-fast
	$(CARGO) test --package syncline-simulation --features mutants --test mutants
endif

mutants: ## plant defects one at a time, and tell in how many worlds each is noticed; ARGS="--counted 200 --record"
	$(CARGO) run --package syncline-simulation --features mutants -- --mutants $(ARGS)

# Replaying needs no fast build, and `make test` has made the other one.
simulate: ## try everything in worlds that a seed decides; RECIPE=, SEEDS=, FROM=; SEED= replays one, TRACE=1 tells its story; ARGS=--json
	$(CARGO) run --quiet --profile $(if $(SEED),dev,simulation) --package syncline-simulation -- \
		$(if $(RECIPE),--recipe $(RECIPE)) $(if $(SEED),--seed $(SEED) $(if $(TRACE),--trace),$(if $(SEEDS),--seeds $(SEEDS)) $(if $(FROM),--from $(FROM))) $(ARGS)

run: ## start Syncline on this machine; CONFIG=path/syncline.yaml for your own accounts, without it a demo, RECIPE=name of that recipe
	$(CARGO) run --package syncline -- local $(if $(CONFIG),--config $(CONFIG),--demo $(RECIPE))

# One build for all, so that the AWS SDK has one set of features; the functions lie beside the program that starts them.
bench: ## measure calls, store units, cold start, size, time and memory; builds for release, which takes minutes; ARGS=--small, --json, --recipe NAME
	$(CARGO) build --release $(patsubst %,--package syncline-%,bench $(notdir $(wildcard functions/*)))
	$(or $(CARGO_TARGET_DIR),target)/release/syncline-bench $(ARGS)

fmt: ## format the code
	$(CARGO) fmt --all

fix: ## format, and let clippy change what it can
	$(CARGO) clippy --workspace --all-targets --fix --allow-dirty --allow-staged
	$(CARGO) fmt --all

gen: ## write the generated files anew: the lists of vendors and their limits, the config's schema, the page on metrics and events
	$(CARGO) run --package syncline-tidy

record: build ## record what this version stores and queues, for the upgrade tests of later ones; once a release
	$(CARGO) build --workspace --examples
	SYNCLINE_BINARIES="$${CARGO_TARGET_DIR:-target}/debug" "$${CARGO_TARGET_DIR:-target}/debug/examples/record_stored"

python: $(if $(REQUIREMENTS),target/python/.ready) ## the Python clients that the tests point at the simulators

target/python/.ready: $(REQUIREMENTS) $(ANY_PYTHON)
	$(PYTHON) -m venv --clear target/python
	target/python/bin/python -m pip install --quiet --disable-pip-version-check --requirement $(REQUIREMENTS)
	target/python/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --ignore-requires-python --requirement $(ANY_PYTHON)
	touch $@

clean: ## remove what was built
	$(CARGO) clean

include infra/aws/deploy.mk
include tests/e2e/e2e.mk
