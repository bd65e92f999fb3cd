# SPDX-License-Identifier: MIT
#
# study.mk - does cluster conditioning pay?  study/README.md has what is done.

STUDY ?= $(BUILD)/study

.PHONY: study
study: ## train, sample and measure the study's networks: hours, says how many
	@scripts/deps.sh demo images
	+@$(SUBMAKE) $(JOBS) tools
	@STUDY=$(STUDY) BIN=$(BUILD)/bin study/run.sh
