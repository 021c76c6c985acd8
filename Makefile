# What there is to do; `make` alone lists it.

FUNCTIONS := classifier escalation remediator prober console sweeper
PACKAGES  := $(FUNCTIONS:%=--package=watchkeeper-%)

# Where cargo puts things, as it decides itself.
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
VENV   := .venv

# What the functions are built for: arm64 or x86_64, as Terraform's `architecture`.
ARCHITECTURE ?= arm64

export WATCHKEEPER_ARTIFACTS := $(TARGET)/local
export WATCHKEEPER_CLI := $(TARGET)/debug/watchkeeper

# Terraform's provider is large: it is fetched once for all runs.
export TF_PLUGIN_CACHE_DIR ?= $(CURDIR)/$(VENV)/terraform

# A configuration file of Terraform that is not there would only bring warnings.
ifneq ($(TF_CLI_CONFIG_FILE),)
ifeq ($(wildcard $(TF_CLI_CONFIG_FILE)),)
unexport TF_CLI_CONFIG_FILE
endif
endif

.PHONY: help
help: ## List what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: need tools build-local ## Show all of it on this machine (KEEP=1 leaves the local stack up)
	@cargo build --quiet --package=watchkeeper --package=watchkeeper-tests --bin=watchkeeper --bin=demo
	@$(TARGET)/debug/demo $(if $(KEEP),--keep)

.PHONY: test
test: need tools ## Run every check and test
	@tests/run

.PHONY: build
build: need tools-build ## Build the functions for AWS: target/lambda/NAME/bootstrap.zip
	rustup target add $(if $(filter arm64,$(ARCHITECTURE)),aarch64,x86_64)-unknown-linux-gnu
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" cargo lambda build --release --$(subst _,-,$(ARCHITECTURE)) --output-format=zip --lambda-dir=$(CURDIR)/target/lambda $(PACKAGES)

# What drives the benchmarks is built as the tests are, so that it shares their
# libraries; what is measured are the release binaries.
.PHONY: bench
bench: export WATCHKEEPER_CLI_RELEASE := $(TARGET)/release/watchkeeper
bench: need tools build-local ## Measure cold starts, events, probes, decisions and a replay
	@cargo build --quiet --release --package=watchkeeper --bin=watchkeeper
	@cargo bench --quiet --workspace --profile=dev --bench=cold_start --bench=policy --bench=probes --bench=replay
	@cargo bench --quiet --package=watchkeeper-domain --profile=release --bench=decision

# The functions for the local stack: the same release profile, for this machine.
.PHONY: build-local
build-local:
	@echo "Building the functions (the first time takes some minutes)"
	@cargo build --release $(PACKAGES) --bins
	@tests/zip "$(TARGET)/release" "$(WATCHKEEPER_ARTIFACTS)" $(FUNCTIONS)

.PHONY: tools
tools: $(VENV)/local-stack

.PHONY: tools-build
tools-build: $(VENV)/build

$(VENV)/local-stack: tests/requirements.txt
$(VENV)/build: infra/requirements.txt
$(VENV)/local-stack $(VENV)/build:
	@echo "Installing $(<) into $(VENV)"
	@test -x $(VENV)/bin/python || python3 -m venv $(VENV)
	@mkdir -p $(VENV)/terraform
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement=$<
	@touch $@

# Names a tool that is missing, and how to get it.
.PHONY: need
need:
	@tests/need $(MAKECMDGOALS)

.PHONY: clean
clean: ## Remove what was built and installed here
	rm -rf target $(VENV) .demo
