# SPDX-License-Identifier: MIT
#
# flags.mk - the compiler, its options, and how one source becomes an object.

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
  -Wdouble-promotion -Wcast-qual -Wcast-align -Wwrite-strings \
  -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
  -Wmissing-declarations -Wold-style-definition -Wredundant-decls -Wundef \
  -Wvla -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum -Wnull-dereference
ifneq ($(WERROR),)
WARN += -Werror
endif
ifeq ($(SAN),)
# Of the runtime; red zones make frames larger.
FRAME = -Wframe-larger-than=4095
else
SANFLAGS = -fsanitize=$(SAN) -fno-sanitize-recover=all \
  -fno-omit-frame-pointer
endif

MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
ARCH = $(firstword $(subst -, ,$(MACHINE)))
# The x87 of 32-bit x86 rounds to 80 bits; runtime/ieee.h refuses it.
SSE = $(if $(filter i386 i486 i586 i686,$(ARCH)),-msse2 -mfpmath=sse)

# Headers are named by their path from here, public ones by their own name.
INCLUDE = -I. -Iinclude
BASE = -std=c11 $(SSE) $(OPT) $(WARN) $(SANFLAGS) -ffp-contract=off \
  -fno-math-errno -fno-trapping-math -fno-common -fvisibility=hidden -fPIC \
  -MMD -MP $(INCLUDE)
# The runtime is freestanding: it may call mem* and nothing else.
# Nobody replaces a function of its shared library.
RT_FLAGS   = $(BASE) $(FRAME) -ffreestanding -fno-builtin-printf -fno-stack-protector \
  $(if $(findstring wasm,$(CC)),,-fno-semantic-interposition)
HOST_FLAGS = $(BASE) -D_XOPEN_SOURCE=700 -D_FILE_OFFSET_BITS=64

# Programs name only the libraries that they use themselves.
LINK = $(CC) $(SANFLAGS) $(CFLAGS) -Wl,--as-needed $(LDFLAGS)

ISAS_x86_64  = avx2 avx512 avx512bf16
ISAS_aarch64 = neon
# As the compilers of macOS and of BSD call them.
ISAS_arm64   = $(ISAS_aarch64)
ISAS_amd64   = $(ISAS_x86_64)
ISAS_wasm32 = simd128
ISAS = $(ISAS_$(ARCH))
ISA_avx2   = -mavx2 -mfma
ISA_avx512 = -mavx512f -mavx512vl -mavx512bw -mavx512dq -mfma
# With the sanitizers of fuzz targets clang 14 takes more than five minutes over
# tile.c; gcc's see this set.
ISA_avx512bf16 = $(ISA_avx512) -mavx512bf16 \
  $(if $(findstring fuzzer,$(SAN)),-fno-sanitize=all)
ISA_simd128 = -msimd128
# gcc moves loads up before it has registers for them, and spills.
ISA_neon   = $(if $(findstring clang,$(CC)),,-fno-schedule-insns)

# What Windows lacks of POSIX is host/windows/posix.c, whose header comes before
# every file of the programs; files of others than cedm-gen are left out.
WINDOWS = $(findstring mingw,$(MACHINE))
WINDOWS_LIBS ?= $(BUILD)/windows-libraries
ifeq ($(WINDOWS),)
LEFT_OUT = host/windows/posix.c
else
LEFT_OUT = cluster/bound_svg.c codegen/emit/compile.c codegen/emit/files.c \
  host/files/growing.c host/files/lock.c
# Warnings about its own widths of types and conversions of printf are not ours.
HOST_FLAGS += -std=gnu11 -D__USE_MINGW_ANSI_STDIO=1 -include host/windows/posix.h \
  -isystem host/windows/include -isystem $(WINDOWS_LIBS)/include \
  -Wno-conversion -Wno-float-conversion -Wno-format -Wno-format-extra-args
# The stack is aligned to 16 bytes, and gcc moves whole vectors to it as if it
# were to their size (gcc's bug 54412); the assembler can help.
$(foreach i,$(ISAS),$(eval ISA_$(i) += -Wa,-muse-unaligned-vector-move))
endif

OBJ = $(BUILD)/obj
obj = $(patsubst %,$(OBJ)/%.o,$(basename $(1)))

Q = $(if $(V),,@)
comma = ,
# Before a recipe: its folder, and one short line instead of the command.
say = @mkdir -p $(@D)$(if $(V),,; echo "  $(1) $@")

# What a program is linked of; archives come after who needs them.
inputs = $(filter %.o,$^) $(filter %.a,$^)

# ---- what was chosen ------------------------------------------------------

# $(BUILD)/choices/NAME holds the value that CHOICE_NAME had when something
# was last built; whatever depends on the file is made again when the value
# changes: another compiler, another flag, MPI found or not.
CHOICE_compile = $(shell $(CC) --version | head -n 1) $(filter-out -Werror,$(BASE)) $(CC) $(CFLAGS)
CHOICE_link = $(LINK)
CHOICES = $(BUILD)/choices
quoted = '$(subst ','\'',$(1))'

.PHONY: FORCE
.PRECIOUS: $(CHOICES)/%
$(CHOICES)/%: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(call quoted,$(CHOICE_$*)) | cmp -s - $@ || \
	  printf '%s\n' $(call quoted,$(CHOICE_$*)) >$@

# ---- compiling ------------------------------------------------------------

# What one file needs beside the flags of its folder is in EXTRA.
FREESTANDING = runtime/% weights/% browser/% $(BUILD)/gen/%
flags = $(if $(filter $(FREESTANDING),$(1)),$(RT_FLAGS),$(HOST_FLAGS)) $(EXTRA)

$(OBJ)/%.o: %.c $(CHOICES)/compile
	$(call say,CC)
	$(Q)$(CC) $(call flags,$<) $(CFLAGS) -c $< -o $@
$(OBJ)/%.o: $(BUILD)/%.c $(CHOICES)/compile
	$(call say,CC)
	$(Q)$(CC) $(call flags,$<) $(CFLAGS) -c $< -o $@
$(OBJ)/%_blob.o: %_blob.S %.cedm $(CHOICES)/compile
	$(call say,CC)
	$(Q)$(CC) -I$(<D) -Wa,-I$(<D) $(CFLAGS) -c $< -o $@

# One source, once for each instruction set, with CEDM_ISA naming it.
define isa-rule
$(OBJ)/%.$(1).o: %.c $(CHOICES)/compile
	$$(call say,CC)
	$$(Q)$$(CC) $$(call flags,$$<) -DCEDM_ISA=$(1) $$(ISA_$(1)) $$(CFLAGS) -c $$< -o $$@
endef
$(foreach i,$(ISAS),$(eval $(call isa-rule,$(i))))
