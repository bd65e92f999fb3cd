# SPDX-License-Identifier: MIT
#
# libraries.mk - what programs, tests and applications link.

# In runtime/cpu these are plain C, the rest is compiled once
# for each instruction set; so is trainer/cpu, but for its table and plans.
RT_SRC    = $(wildcard runtime/*.c runtime/diffusion/*.c runtime/encoder/*.c \
  runtime/ops/*.c)
CPU_SRC   = $(wildcard runtime/cpu/*.c)
CPU_PLAIN = $(patsubst %,runtime/cpu/%.c,isa pack plan winograd_plan)
CPU_ISA   = $(filter-out $(CPU_PLAIN),$(CPU_SRC))
RT_OBJ    = $(call obj,$(RT_SRC) $(CPU_PLAIN)) \
  $(foreach i,$(ISAS),$(CPU_ISA:%.c=$(OBJ)/%.$(i).o))
GEN_OBJ   = $(call obj,$(filter-out $(LEFT_OUT),\
  $(wildcard codegen/*.c codegen/*/*.c codegen/*/*/*.c)))
DEMO_OBJ  = $(call obj,$(wildcard weights/*.c weights/*.S))

# Ranks are those of MPI or one alone: whoever links the host library chooses.
RANKS_SRC = $(wildcard host/execution/ranks_*.c)
HOST_OBJ  = $(call obj,$(filter-out $(RANKS_SRC) $(LEFT_OUT),$(wildcard host/*/*.c)))
ALONE     = $(OBJ)/host/execution/ranks_alone.o

TRAIN_CPU = $(filter-out %/table.c %_plan.c,$(wildcard trainer/cpu/*.c))
TRAIN_OBJ = $(call obj,$(filter-out trainer/cuda/% $(TRAIN_CPU),\
  $(wildcard trainer/*.c trainer/*/*.c))) \
  $(foreach i,$(filter-out avx512bf16,$(ISAS)),$(TRAIN_CPU:%.c=$(OBJ)/%.$(i).o))

# cluster/cpu is compiled once for each instruction set, and once for none.
CLUSTER_CPU = $(wildcard cluster/cpu/*.c)
CLUSTER_OBJ = $(call obj,$(filter-out $(LEFT_OUT),$(wildcard cluster/*.c)) $(CLUSTER_CPU)) \
  $(foreach i,$(filter-out avx512bf16,$(ISAS)),$(CLUSTER_CPU:%.c=$(OBJ)/%.$(i).o))
EVALUATE_OBJ = $(call obj,$(wildcard evaluate/*.c))

LIBCEDM  = $(BUILD)/lib/libcedm.a
# What applications share: the functions of cedm.h, with versions.  Those of a
# float32 state have other names, so that no program takes one for the other.
STATE_F32 = $(findstring CEDM_STATE_F32,$(CFLAGS))
SO_LIST  = packaging/libcedm.map
SO_MAP   = $(if $(STATE_F32),$(BUILD)/libcedm_f32.map,$(SO_LIST))
SO_MAJOR := $(shell sed -n 's/^CEDM_\([0-9]*\) {/\1/p' $(SO_LIST))
LIBCEDM_SO = $(if $(SAN),,$(BUILD)/lib/libcedm.so.$(SO_MAJOR))
LIBGEN   = $(BUILD)/lib/libcedmgen.a
LIBHOST  = $(BUILD)/lib/libcedmhost.a
LIBTRAIN = $(BUILD)/lib/libcedmtrain.a
LIBCLUSTER = $(BUILD)/lib/libcedmcluster.a
LIBEVALUATE = $(BUILD)/lib/libcedmevaluate.a
# In the order in which a linker needs them.
LIBS     = $(LIBCLUSTER) $(LIBTRAIN) $(LIBEVALUATE) $(LIBHOST) $(LIBGEN) $(LIBCEDM)
SYS_LIBS = -llapacke -lopenblas -lcjson -lmd -lzip -lgif -ljpeg -lpng -lwebp \
  -lwebpdemux -lz -lm -lpthread -ldl

$(LIBCEDM): $(RT_OBJ)
$(LIBGEN): $(GEN_OBJ)
$(LIBHOST): $(HOST_OBJ)
$(LIBTRAIN): $(TRAIN_OBJ)
$(LIBCLUSTER): $(CLUSTER_OBJ)
$(LIBEVALUATE): $(EVALUATE_OBJ)
%.a:
	$(call say,AR)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $(filter %.o,$^)

$(BUILD)/libcedm_f32.map: $(SO_LIST) include/cedm.h
	$(call say,MAP)
	$(Q)sed -n 's/^#define \(cedm_[a-z_]*\) \(\1_f32\)$$/s|\\<\1;|\2;|/p' include/cedm.h | \
	  sed -e 's/^CEDM_[0-9.]*/&_F32/' -f - $(SO_LIST) >$@
# Nothing but the C library's mem* is left undefined.
$(LIBCEDM_SO): $(RT_OBJ) $(SO_MAP) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) -shared -Wl,-soname,$(@F),-z,defs,--version-script=$(SO_MAP) \
	  -Wl,--no-undefined-version $(filter %.o,$^) -o $@
	$(Q)ln -sf $(@F) $(BUILD)/lib/libcedm.so
