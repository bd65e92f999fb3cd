# SPDX-License-Identifier: MIT
#
# package.mk - what is handed on: Debian packages and the sources.

.PHONY: deb dist check-dist
deb: ## Debian packages libcedm1, libcedm-dev, cedm-tools, in build/deb
	@scripts/deps.sh demo deb
	+@$(SUBMAKE) $(JOBS) NVCC= all
	@scripts/deb.sh $(BUILD)
dist: ## the sources as a tar file, in build/dist, which builds without git
	@scripts/dist.sh $(BUILD)/dist
check-dist: ## build it from the tar file, without git
	@tests/package/dist.sh build
