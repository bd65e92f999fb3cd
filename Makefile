# cedm - one Makefile, out of tree, no configure.  `make help` lists targets.
#
# Overridable: CC CFLAGS BUILD SAN (address,undefined or thread) WERROR=1

CC      ?= gcc
AR      ?= ar
BUILD   ?= build
SAN     ?=
OPT     ?= -O2 -g

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
  -Wdouble-promotion -Wcast-qual -Wcast-align -Wwrite-strings \
  -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
  -Wmissing-declarations -Wold-style-definition -Wredundant-decls -Wundef \
  -Wvla -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum -Wnull-dereference \
  -Wframe-larger-than=4095
ifdef WERROR
WARN += -Werror
endif
ifneq ($(SAN),)
SANFLAGS = -fsanitize=$(SAN) -fno-omit-frame-pointer
endif

BASE = -std=c11 $(OPT) $(WARN) $(SANFLAGS) -ffp-contract=off \
  -fno-math-errno -fno-trapping-math -fno-common -fvisibility=hidden -fPIC -MMD -MP -Iinclude
# The runtime is freestanding: it may call mem* and nothing else.
RT_FLAGS   = $(BASE) -ffreestanding -fno-builtin-printf -fno-stack-protector
HOST_FLAGS = $(BASE) -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64
ARCH := $(shell $(CC) -dumpmachine | cut -d- -f1)
ISA_avx2 = -mavx2 -mfma

RT_SRC  = $(wildcard runtime/*.c runtime/ops/*.c)
CPU_SRC = $(wildcard runtime/cpu/*.c)
# In runtime/cpu, isa.c and prepare.c are plain C; the rest is compiled once
# per instruction set with CEDM_ISA naming it.
CPU_PLAIN = $(filter %/isa.c %/prepare.c,$(CPU_SRC))
CPU_ISA   = $(filter-out $(CPU_PLAIN),$(CPU_SRC))
ISAS = $(if $(filter x86_64,$(ARCH)),avx2)

RT_OBJ = $(RT_SRC:%.c=$(BUILD)/obj/%.o) $(CPU_PLAIN:%.c=$(BUILD)/obj/%.o) \
  $(foreach i,$(ISAS),$(CPU_ISA:%.c=$(BUILD)/obj/%.$(i).o))
GEN_SRC = $(wildcard codegen/*.c codegen/*/*.c)
GEN_OBJ = $(GEN_SRC:%.c=$(BUILD)/obj/%.o)
GEN_LIBS = -lcjson -lmd -lm

LIBCEDM = $(BUILD)/lib/libcedm.a
LIBGEN  = $(BUILD)/lib/libcedmgen.a

.PHONY: all lib clean
all: lib
lib: $(LIBCEDM) $(LIBGEN)

$(LIBCEDM): $(RT_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcsD $@ $^
$(LIBGEN): $(GEN_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcsD $@ $^

$(BUILD)/obj/runtime/%.o: runtime/%.c
	@mkdir -p $(@D)
	$(CC) $(RT_FLAGS) -Iruntime $(CFLAGS) -c $< -o $@
$(BUILD)/obj/runtime/%.avx2.o: runtime/%.c
	@mkdir -p $(@D)
	$(CC) $(RT_FLAGS) -Iruntime -DCEDM_ISA=avx2 $(ISA_avx2) $(CFLAGS) -c $< -o $@
$(BUILD)/obj/codegen/%.o: codegen/%.c
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) -Icodegen $(CFLAGS) -c $< -o $@

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
