# End to end: the template deployed into a stand-in for AWS, with the release binaries. What is shown stands in tests/e2e/README.md.
E2E_PYTHON := target/e2e-python
E2E_ARCH := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)
# Functions run as processes of this machine, and are tested as they were packed.
PACKED := $(abspath target/lambda)
DEV_BINARIES := $(abspath $(or $(CARGO_TARGET_DIR),target))/debug
RUN_TESTS := $(CARGO) $(if $(HAS_NEXTEST),nextest run --config-file tests/nextest.toml,test) --workspace

.PHONY: e2e

e2e: $(E2E_PYTHON)/.ready $(AWS)/target/.ready ## build for release, deploy into a stand-in for AWS, let records cross; needs Node; ARGS="-k webhook"
	@$(MAKE) --no-print-directory lambda ARCH=$(E2E_ARCH)
	$(CARGO) build --workspace --bin syncline --test mains --test failures --test contracts
	SYNCLINE_BINARIES='$(PACKED)' $(RUN_TESTS) --test mains --test failures
	SYNCLINE_COMMAND='$(DEV_BINARIES)/syncline' SYNCLINE_FUNCTIONS='$(PACKED)' CONTRACTS_COMMAND='$(RUN_TESTS) --test contracts' \
		PYTHONDONTWRITEBYTECODE=1 $(E2E_PYTHON)/bin/python -m pytest --config-file tests/e2e/pytest.ini tests/e2e $(ARGS)

$(E2E_PYTHON)/.ready: tests/e2e/requirements.txt
	$(PYTHON) -m venv --clear $(E2E_PYTHON)
	$(E2E_PYTHON)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/e2e/requirements.txt
	@touch $@
