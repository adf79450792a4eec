# Syncline on AWS. What each variable says stands in shared/docs/deploying.md.
AWS := infra/aws
NPM ?= npm
CDK := cd $(AWS) && npx --no-install cdk
# As the functions were built, unless somebody says otherwise.
ARCH ?= $(shell cat target/lambda/ARCHITECTURE 2>/dev/null)
given = $(if $(strip $($(1))),-c '$(2)=$(strip $($(1)))')
CONTEXT = $(if $(CONFIG),-c 'config=$(abspath $(CONFIG))') $(call given,ARCH,arch) $(call given,STACK,stack) $(call given,PAUSED,paused) \
	$(call given,PANEL,panel) $(call given,PANEL_FRAMES,panel_frames) $(call given,ALARM_EMAIL,alarm_email) $(call given,QUIET_HOURS,quiet_hours) \
	$(call given,TABLE,table) $(call given,SECRETS,secrets)
# Two configs, so that a template that only the recipe makes right does not pass.
INFRA_CONFIGS := shared/recipes/freshdesk-salesforce.yaml $(AWS)/tests/configs/two-syncs.yaml
INFRA_PYTHON := target/infra-python

.PHONY: lambda synth diff deploy destroy test-infra needs-config

lambda: ## build the functions for Lambda, into target/lambda; ARCH=arm64 or x86_64
	CARGO='$(CARGO)' PYTHON='$(PYTHON)' ARCH='$(if $(filter command% environment%,$(origin ARCH)),$(ARCH))' $(AWS)/build-lambda

synth: $(AWS)/target/.ready ## write the CloudFormation template, without any account; CONFIG=path/syncline.yaml
	@$(CDK) synth --quiet $(CONTEXT) -c placeholders=yes
	@echo "the template is in $(AWS)/cdk.out"

diff: needs-config $(AWS)/target/.ready ## what a deployment would change
	@$(CDK) diff $(CONTEXT)

deploy: needs-config $(AWS)/target/.ready ## deploy to the AWS account of your credentials; PAUSED=yes the first time
	$(CARGO) run --quiet --package syncline -- validate --config '$(CONFIG)'
	@$(CDK) deploy $(CONTEXT)

# Table and secrets are told first that they may go, and only then is the stack deleted.
destroy: needs-config $(AWS)/target/.ready ## delete the stack, but not table and secrets; DATA=delete deletes these too
	$(if $(filter delete,$(DATA)),@$(CDK) deploy $(CONTEXT) -c placeholders=yes -c paused=yes -c data=delete)
	@$(CDK) destroy $(CONTEXT) -c placeholders=yes

needs-config:
	@test -n '$(CONFIG)' || { echo "error: which config? hint: say CONFIG=path/syncline.yaml" >&2; exit 1; }

test-infra: $(AWS)/target/.ready $(INFRA_PYTHON)/.ready ## the AWS template: its tests, cdk-nag, cfn-lint and checkov
	cd $(AWS) && $(NPM) test --silent
# Whatever has been built, and for whichever processor.
	@for config in $(INFRA_CONFIGS); do \
		(cd $(AWS) && npx --no-install cdk synth --quiet -c config=$(CURDIR)/$$config -c placeholders=yes \
			-c built=$(CURDIR)/$(AWS)/target/nothing) || exit 1; \
		$(INFRA_PYTHON)/bin/cfn-lint --template $(AWS)/cdk.out/*.template.json || exit 1; \
		$(INFRA_PYTHON)/bin/checkov --file $(AWS)/cdk.out/Syncline.template.json --framework cloudformation --compact --quiet \
			--skip-download 2>/dev/null || exit 1; \
		echo "$$config: cdk-nag, cfn-lint and checkov have nothing to say"; \
	done

$(AWS)/target/.ready: $(AWS)/package-lock.json $(wildcard $(AWS)/*.json $(AWS)/src/*.ts $(AWS)/src/*/*.ts $(AWS)/tests/*.ts)
	cd $(AWS) && { test node_modules/.package-lock.json -nt package-lock.json || $(NPM) ci --silent --no-audit --no-fund; }
	cd $(AWS) && npx --no-install tsc
	@touch $@

$(INFRA_PYTHON)/.ready: $(AWS)/requirements.txt
	$(PYTHON) -m venv --clear $(INFRA_PYTHON)
	$(INFRA_PYTHON)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $(AWS)/requirements.txt
	@touch $@
