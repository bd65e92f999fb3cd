# SPDX-License-Identifier: MIT
#
# Out of tree, no configure.  `make help` lists the targets and variables:
## CC AR CFLAGS LDFLAGS OPT [gcc ar - - -O2 -g]   compiler and options
## BUILD [build]                  folder of what is built
## WERROR=1 V=1                   warnings are errors; show whole commands
## SAN=address,undefined|thread   with sanitizers
## NVCC= CUDA_ARCHS="89 120"      without CUDA; for more devices
## MPI= NCCL_HOME=DIR             without MPI; where NCCL is, or none
## PREFIX [/usr/local] DESTDIR BINDIR LIBDIR MANDIR   where to install
## T S                            target and seconds of `make fuzz`
#
# What a variable is changed to is rebuilt: see CHOICES in mk/flags.mk.

ifeq ($(origin CC),default)
CC = gcc
endif
AR      ?= ar
BUILD   ?= build
OPT     ?= -O2 -g
SAN     ?=
WERROR  ?=
V       ?=

# One name for a folder: what was built under another would not be rebuilt.  A
# goal may still have its whole path.
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))
$(CURDIR)/%: % ;

# Make itself parts names at blanks.
$(foreach v,BUILD PREFIX DESTDIR BINDIR LIBDIR MANDIR,$(if $(word 2,$($v)),\
  $(error $v: wanted a path without blanks, got '$($v)')))

.PHONY: all lib tools programs demo size abi format clean help
all: lib tools ## build the libraries and the tools

include mk/flags.mk
include mk/libraries.mk
include mk/cuda.mk
include mk/programs.mk
include mk/tests.mk
include mk/bench.mk
include mk/first_contact.mk
include mk/check.mk
include mk/demo.mk
include mk/study.mk
include mk/browser.mk
include mk/windows.mk
include mk/install.mk
include mk/python.mk
include mk/package.mk

lib: $(LIBS) $(LIBCEDM_SO) $(LIBCUDA) $(LIBCUDATRAIN)
tools: $(TOOLS)
programs: all $(TESTS) $(SYNTH) $(INCEPTION) $(EMBED) $(NOMALLOC) $(FAKE) $(GPU_OPS) $(GPU_TRAIN) \
  $(GPU_BENCHES) $(EMULATED_BENCHES) $(LAB_PREDICT) $(PROBE)

demo: ## install what is missing, build, and draw demo.png
	@scripts/deps.sh demo
	+@$(SUBMAKE) $(JOBS) tools
	$(BUILD)/bin/cedm-gen --cluster 5 --n 64 --out demo.png
	@echo "demo.png: 64 images of cluster 5, seeds 0 to 63"

size: lib ## code and data of the runtime, per object
	@size -t $(LIBCEDM)

abi: lib ## note in packaging/libcedm.abi what was added for programs to rely on
	@tests/check/abi.sh write
	@awk -f scripts/rust_raw.awk packaging/libcedm.abi >examples/rust/src/raw.rs

format: ## write C sources as .clang-format says
	@tests/check/format.sh write

clean: ## remove what was built
	rm -rf $(BUILD) demo.png

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' \
	  $(MAKEFILE_LIST) | sort
	@echo && sed -n 's/^## //p' Makefile

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
