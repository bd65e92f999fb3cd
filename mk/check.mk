# SPDX-License-Identifier: MIT
#
# check.mk - running the tests.
#
# Every result is one line in TALLY; the last command adds them up.  Tests run
# side by side, each in a folder of its own.

TALLY   = $(BUILD)/check/tally
RUN     = tests/run.sh $(TALLY)
SCRIPTS = $(wildcard tests/check/*.sh)
E2E     = $(wildcard tests/e2e/*.sh)
# What is installed and handed on; a build with sanitizers is not.
PACKAGE = $(wildcard tests/package/*.sh)
FAULTS  = tests/faults/faults.sh
# Sanitizers cannot place their shadow memory under some address layouts.
SETARCH = $(shell setarch -R true 2>/dev/null && echo setarch -R)

export CC BUILD
export BIN = $(BUILD)/bin
export UBSAN_OPTIONS = print_stacktrace=1

# Jobs for a recursive make, unless the caller gave a number already.
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
SUBMAKE = $(MAKE) --no-print-directory

# Lines suffice there: where variables live takes a large function as long as
# the rest of its compilation.
CLANG = CC=clang OPT='-O2 -g1' BUILD=$(BUILD)/clang WERROR=1
ASAN  = SAN=address,undefined OPT='-O1 -g1' BUILD=$(BUILD)/asan
TSAN  = SAN=thread OPT='-O1 -g1' BUILD=$(BUILD)/tsan
# A test runs where it can find something that no other run of it finds.  What a
# failing call of the system leaves behind does not depend on the compiler.
CLANG_TESTS = $(filter-out $(FAULT),$(TESTS))
# Networks of full size, the whole recipe, modules for browsers, kills, power
# losses and races take the address sanitizer minutes and show it no code that the
# other scripts do not.
ASAN_E2E = $(filter-out $(patsubst %,tests/e2e/%.sh,full_size full_encoders inception \
  label_free browser killed power threads),$(E2E))
THREAD_TESTS = $(filter %threads_test,$(TESTS)) $(filter %/threads.sh,$(E2E))

# $(call variant,NAME,VARIABLES,PROGRAMS,TESTS): a build, which is one test,
# and the tests of what it built.
define variant
.PHONY: build-$(1) run-$(1)
build-$(1):
	+@$$(RUN) 'build $(1)' $$(SUBMAKE) -k $(2) $(3)
run-$(1): build-$(1)
	+@$$(SUBMAKE) $(2) run-tests NAME=$(1) TALLY=$$(TALLY) RUN_TESTS='$(4)'
endef
# Where no GPU will run them, one architecture's kernels are compiled: what is
# for 8.0 alone the emulator compiles and runs.
ONCE = $(if $(wildcard /dev/nvidiactl /dev/dxg),,KERNELS=90a)
$(eval $(call variant,gcc,WERROR=1 $$(ONCE),programs lint-objects,\
  $$$$(TESTS) $$$$(SCRIPTS) $$$$(E2E) $$$$(PACKAGE) $$$$(FAULTS)))
$(eval $(call variant,clang,$$(CLANG),programs,$$$$(CLANG_TESTS)))
$(eval $(call variant,asan,$$(ASAN),programs,$$$$(TESTS) $$$$(ASAN_E2E)))
$(eval $(call variant,tsan,$$(TSAN),threaded,$$$$(THREAD_TESTS)))
$(eval $(call variant,fast,$$(ONCE),programs lint-objects,$$$$(TESTS) $$$$(SCRIPTS)))

.PHONY: threaded
threaded: tools $(filter $(BUILD)/%,$(THREAD_TESTS))

.PHONY: run-tests $(RUN_TESTS:%=run/%)
run-tests: $(RUN_TESTS:%=run/%)
$(RUN_TESTS:%=run/%): run/%:
	@$(if $(SAN),$(SETARCH)) $(RUN) '$(NAME) $(notdir $*)' $*

# What needs the programs of build-gcc: $(call needs-gcc,TARGET,NAME,COMMAND).
.PHONY: same-emit frozen-demo bare-m7 bare-neon
same-emit: build-gcc build-clang
	@$(RUN) 'gcc and clang builds emit the same' tests/check/same-emit
frozen-demo: build-gcc
	@$(RUN) 'weights are what the checkpoint freezes to' $(SUBMAKE) gen-diff
bare-m7: build-gcc
	@$(RUN) "Cortex-M7 draws the host's image" tests/bare/m7.sh
bare-neon: build-gcc
	@$(RUN) "64-bit Arm gives the host's bits" tests/bare/neon.sh

portable-%: build-gcc
	@$(RUN) 'portable: $*' tests/portable/portable.sh $*

# $(call count,TARGETS): makes them and says how many tests passed.  `make -n`
# would run the lines that call make, which are all of it.
DRY = $(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
define count
@scripts/deps.sh check
@mkdir -p $(BUILD)/check && rm -f $(TALLY)
$(if $(DRY),,+)@$(SUBMAKE) $(JOBS) -k -O $(1) || echo 0 1 0 >>$(TALLY)
@$(RUN) -s
endef

# The longest test that nothing divides begins as early as it can.
.PHONY: test check
test: ## the fast tests: unit, ops, generated code, checks of the sources
	$(call count,run-fast)
check: ## every test, also with clang and sanitizers; ends with the count
	$(call count,bare-neon run-asan bare-m7 run-gcc run-tsan run-clang same-emit \
	  frozen-demo portable-i386 portable-big-endian)

.PHONY: check-full-size
check-full-size: tools $(SYNTH) ## the published networks at full size: memory, plans, work
	@tests/e2e/full_size.sh all

.PHONY: check-faults
check-faults: tools ## faults that were found: what, wanted, seen
	@$(FAULTS)

.PHONY: check-inception
check-inception: tools $(INCEPTION) ## Inception: every golden image, way of resizing, backend
	@tests/e2e/inception.sh all

.PHONY: check-label-free
check-label-free: tools ## the whole recipe, of 2,000 photographs, killed 10 times
	@PHOTOS=2000 KILLS=10 tests/e2e/label_free.sh

.PHONY: check-oracle
check-oracle: tools $(INCEPTION) ## trained weights against ONNX Runtime, FID against pytorch-fid
	@tests/oracle/dinov2.sh || [ $$? -eq 77 ]
	@tests/oracle/fid.sh || [ $$? -eq 77 ]

.PHONY: gpu-check
gpu-check: lib $(GPU) $(GPU_OPS) $(LEARNER) $(INCEPTION)
gpu-check: tools ## kernels, nets and goldens on a GPU
	@$(if $(GPU),tests/gpu/run.sh $(BUILD) $(BIN) || [ $$? -eq 77 ],echo 'skipped: no nvcc')

.PHONY: check-bare check-neon
check-bare: tools ## the runtime on an emulated Cortex-M7: image, flash, RAM, stack
	@tests/bare/m7.sh || [ $$? -eq 77 ]
check-neon: tools ## the runtime on an emulated 64-bit Arm: the host's bits
	@tests/bare/neon.sh || [ $$? -eq 77 ]

PORTABLE = $(patsubst %,check-%,i386 armhf musl windows big-endian)
.PHONY: check-portable $(PORTABLE)
check-portable: ## on i386, armhf, musl, Windows, and the refusal of big-endian
	@scripts/deps.sh demo portable
	+@$(SUBMAKE) $(JOBS) tools $(LIBCEDM)
	+@$(SUBMAKE) $(PORTABLE)
$(PORTABLE): check-%: tools $(LIBCEDM)
	@tests/portable/portable.sh $* || [ $$? -eq 77 ]

.PHONY: check-slurm
check-slurm: tools ## packaging/cluster/draw.sbatch under a Slurm of this machine
	@scripts/deps.sh slurm
	@tests/slurm/slurm.sh || [ $$? -eq 77 ]

FUZZ = CC=clang SAN=fuzzer-no-link,address,undefined OPT='-O1 -g' \
  BUILD=$(BUILD)/clang-fuzz
T ?= safetensors
S ?= 60
.PHONY: fuzz
fuzz: ## run the fuzz target T=NAME of tests/fuzz for S=SECONDS
	+@$(MAKE) --no-print-directory $(JOBS) $(FUZZ) $(BUILD)/clang-fuzz/fuzz/$(T)
	@$(SETARCH) tests/fuzz/run.sh $(BUILD)/clang-fuzz/fuzz/$(T) $(S)

# One build serves the checks of symbols, stack frames and recursion.
.PHONY: lint-objects stack
lint-objects:
	+@$(SUBMAKE) $(JOBS) CC=gcc OPT=-O2 BUILD=$(BUILD)/lint \
	  CFLAGS='-fno-pic -fstack-usage -fcallgraph-info' \
	  $(BUILD)/lint/lib/libcedm.a \
	  $(patsubst $(BUILD)/%,$(BUILD)/lint/%,$(call obj,$(wildcard weights/*.c)))
stack: lint-objects ## the largest stack frames of the runtime
	@find $(BUILD)/lint -name '*.su' -exec cat {} + | sort -t'	' -k2,2nr | head -n 20
