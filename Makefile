# SPDX-License-Identifier: MIT
#
# One Makefile, out of tree, no configure.  `make help` lists the targets.
# Overridable: CC AR CFLAGS OPT BUILD WERROR=1 SAN=address,undefined|thread
# V=1 (show whole commands) NVCC= (no CUDA) CUDA_ARCHS="89 120" (more of it)
# MPI=NAME (of pkg-config, none for none) NCCL_HOME=DIR (none for none)

ifeq ($(origin CC),default)
CC = gcc
endif
AR      ?= ar
BUILD   ?= build
OPT     ?= -O2 -g
SAN     ?=
WERROR  ?=
V       ?=

# ---- flags ---------------------------------------------------------------

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

BASE = -std=c11 $(OPT) $(WARN) $(SANFLAGS) -ffp-contract=off \
  -fno-math-errno -fno-trapping-math -fno-common -fvisibility=hidden -fPIC \
  -MMD -MP -I. -Iinclude
# The runtime is freestanding: it may call mem* and nothing else.
RT_FLAGS   = $(BASE) $(FRAME) -ffreestanding -fno-builtin-printf -fno-stack-protector
HOST_FLAGS = $(BASE) -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64
TEST_FLAGS = $(HOST_FLAGS) -Icodegen -Iruntime -Itools -Itests -Iweights

GEN_LIBS  = -lcjson -lmd -lzip -lm
TOOL_LIBS = $(GEN_LIBS) -lgif -ljpeg -lpng -lwebp -lwebpdemux -lz -lpthread -ldl
TEST_LIBS = -lcmocka -lpng -lmpfr -lgmp $(TOOL_LIBS)
# Programs name only the libraries that they use themselves.
LINK      = $(CC) $(SANFLAGS) $(CFLAGS) -Wl,--as-needed $(LDFLAGS)

# ---- files ---------------------------------------------------------------

ARCH := $(shell $(CC) -dumpmachine 2>/dev/null | cut -d- -f1)
ISAS_x86_64  = avx2 avx512 avx512bf16
ISAS_aarch64 = neon
ISAS = $(ISAS_$(ARCH))
ISA_avx2   = -mavx2 -mfma
ISA_avx512 = -mavx512f -mavx512vl -mavx512bw -mavx512dq -mfma
ISA_avx512bf16 = $(ISA_avx512) -mavx512bf16
# gcc moves loads up before it has registers for them, and spills.
ISA_neon   = $(if $(findstring clang,$(CC)),,-fno-schedule-insns)

OBJ = $(BUILD)/obj
obj = $(patsubst %,$(OBJ)/%.o,$(basename $(1)))

# In runtime/cpu, isa.c and prepare*.c are plain C; the rest is compiled once
# per instruction set with CEDM_ISA naming it.
RT_SRC    = $(wildcard runtime/*.c runtime/ops/*.c)
CPU_SRC   = $(wildcard runtime/cpu/*.c)
CPU_PLAIN = $(wildcard runtime/cpu/isa.c runtime/cpu/prepare*.c)
CPU_ISA   = $(filter-out $(CPU_PLAIN),$(CPU_SRC))
RT_OBJ    = $(call obj,$(RT_SRC) $(CPU_PLAIN)) \
  $(foreach i,$(ISAS),$(CPU_ISA:%.c=$(OBJ)/%.$(i).o))
GEN_OBJ   = $(call obj,$(wildcard codegen/*.c codegen/*/*.c))
DEMO_OBJ  = $(call obj,$(wildcard weights/*.c weights/*.S))

# In runtime/cuda, these need no CUDA and are tested without; the others are
# made into a library of their own where there is nvcc.  Builds with sanitizers
# or clang look at C alone.
CUDA_PLAIN = $(patsubst %,runtime/cuda/%.c,pack regions tables)
ifeq ($(origin NVCC),undefined)
NVCC := $(if $(SAN)$(findstring clang,$(CC)),,$(firstword \
  $(shell command -v nvcc) $(wildcard /usr/local/cuda/bin/nvcc)))
endif
CUDA_SRC  = $(wildcard runtime/cuda/*.c runtime/cuda/*.cu)
CUDA_OBJ  = $(call obj,$(CUDA_SRC))
CUDA_HOME = $(patsubst %/bin/,%,$(dir $(realpath $(NVCC))))
CUDA_LIB  = $(firstword $(wildcard $(CUDA_HOME)/lib64 $(CUDA_HOME)/lib))
CUDA_LIBS = -L$(CUDA_LIB) -Wl,-rpath,$(CUDA_LIB) -lcublasLt -lcudart_static \
  -lpthread -ldl -lrt
CUDA_ARCHS ?=
GENCODE = $(foreach a,80 90a $(CUDA_ARCHS),\
  -gencode arch=compute_$(a),code=sm_$(a)) \
  -gencode arch=compute_80,code=compute_80
NVCC_FLAGS = -O3 -std=c++17 --fmad=false $(GENCODE) -lineinfo -Iinclude -Iruntime \
  -Xcompiler -fPIC,-fvisibility=hidden,-Wall,-Wextra,-ffp-contract=off \
  -Xcompiler -fno-exceptions,-fno-rtti,-fno-threadsafe-statics,-fno-math-errno \
  $(if $(WERROR),-Werror all-warnings) -MMD -MP

# tools/cedm-NAME.c is a program, the other files are shared by them.
TOOL_SRC    = $(wildcard tools/cedm-*.c)
TOOLS       = $(TOOL_SRC:tools/%.c=$(BUILD)/bin/%)
TOOL_OBJ    = $(call obj,$(filter-out $(TOOL_SRC),$(wildcard tools/*.c host/*/*.c)))

DATA = $(BUILD)/bin/cedm-data

# trainer/cedm-train.c is a program; trainer/cpu, but its table, is compiled
# per instruction set like runtime/cpu.
TRAIN_CPU    = $(filter-out %/table.c,$(wildcard trainer/cpu/*.c))
TRAIN_PLAIN  = $(filter-out trainer/cedm-train.c trainer/ranks_mpi.c \
  trainer/cuda/% $(TRAIN_CPU),$(wildcard trainer/*.c trainer/*/*.c))
TRAIN_SHARED = $(call obj,$(TRAIN_PLAIN)) \
  $(foreach i,$(filter-out avx512bf16,$(ISAS)),$(TRAIN_CPU:%.c=$(OBJ)/%.$(i).o))
TRAINER      = $(patsubst trainer/%.c,$(BUILD)/bin/%,\
  $(wildcard trainer/cedm-train.c))
# Ranks by MPI where pkg-config knows it; MPI= leaves it out.
MPI     ?= $(shell pkg-config --exists ompi-c 2>/dev/null && echo ompi-c)
MPI_INC  = $(if $(MPI),$(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(MPI))))
MPI_LIBS = $(if $(MPI),$(shell pkg-config --libs $(MPI)))
RANKS    = $(OBJ)/trainer/ranks_$(if $(MPI),mpi,alone).o

LIBCEDM = $(BUILD)/lib/libcedm.a
LIBGEN  = $(BUILD)/lib/libcedmgen.a
LIBS    = $(LIBGEN) $(LIBCEDM)
LIBCUDA = $(if $(and $(NVCC),$(wildcard runtime/cuda/*.cu)),\
  $(patsubst %,$(BUILD)/lib/libcedm_cuda.%,a so))
# With training, which cedm-train opens.
LIBCUDATRAIN = $(if $(LIBCUDA),$(BUILD)/lib/libcedm_cuda_train.so)
CUDATRAIN_SRC = $(filter-out trainer/cuda/ranks_%,$(wildcard trainer/cuda/*.c))
CUDATRAIN_OBJ = $(call obj,$(CUDATRAIN_SRC) $(wildcard trainer/cuda/*.cu) \
  trainer/cuda/ranks_$(if $(NCCL_HOME),nccl,none).c)
# Ranks add up by NCCL where this has include/nccl.h; NCCL_HOME= leaves it out.
NCCL_HOME ?= $(patsubst %/include/nccl.h,%,$(firstword \
  $(wildcard $(CUDA_HOME)/include/nccl.h /usr/include/nccl.h)))
# Its host side, for tests.
LIBCUDAHOST = $(OBJ)/libcudahost.a
# As an archive, so that a tool gets what it uses: cedm-gen converts nothing.
LIBTOOLS = $(OBJ)/libtools.a

UNIT  = $(patsubst tests/unit/%.c,$(BUILD)/test/%,$(wildcard tests/unit/*_test.c))
OPS   = $(if $(wildcard tests/ops/*.c),$(BUILD)/test/ops_test)
# Once is enough: not with clang, nor with sanitizers, which lose stacks.
EMULATED = $(if $(SAN)$(findstring clang,$(CC)),,$(BUILD)/test/cuda_ops_test)
EMULATED_TRAIN = $(foreach t,train train_net,$(EMULATED:cuda_ops_test=cuda_$(t)_test))
EMULATE  = -std=c++17 -O2 -g -fPIC $(filter -Werror,$(WARN)) -Wall -Wextra -Wshadow \
  -Wno-unknown-pragmas -ffp-contract=off -MMD -MP -Itests/cuda/emulate \
  -Iinclude -Iruntime -Icodegen -Itrainer
GEN   = $(if $(wildcard tests/gen/*.c),$(BUILD)/test/gen_test)
FAULT = $(if $(wildcard tests/fault/*.c),$(BUILD)/test/fault_test)
SYNTH = $(if $(wildcard tests/synth/*.c),$(BUILD)/bin/synth)
EMBED = $(BUILD)/examples/embed
TRAIN = $(patsubst tests/trainer/%.c,$(BUILD)/test/%,\
  $(wildcard tests/trainer/*_test.c))
# Stand-ins for the CUDA library and the driver; the library that trains is
# the whole of it, on the emulator.
FAKE  = $(BUILD)/test/fake/libcedm_cuda.so $(BUILD)/test/fake/libcuda.so.1 \
  $(if $(EMULATED_NET),$(patsubst %,$(BUILD)/test/fake/%,\
    libcedm_cuda_train.so libnccl.so.2))
# With real devices; skips itself where there is none.
GPU   = $(if $(LIBCUDA),$(BUILD)/test/gpu_check)
# Kernels, on a GPU and on the emulator, where tests/e2e/gpu_ops.sh runs them.
GPU_OPS = $(foreach d,$(if $(GPU),gpu) $(if $(EMULATED_NET),emulated),\
  $(patsubst %,$(BUILD)/test/$(d)_%,ops train_ops))
# A net that learns there, and how fast; they open the library that trains.
LEARNER = $(BUILD)/test/learner_cuda_test
GPU_TRAIN = $(BUILD)/bench/gpu_train
# The same with small models: the whole library on an emulated device of 8.0,
# and on one of 9.0, with channels enough for what that has kernels for.
EMULATED_NET = $(if $(and $(LIBCUDA),$(EMULATED)),\
  $(patsubst %,$(BUILD)/test/emulated_%,ncsnpp_tiny wide))
TESTS = $(UNIT) $(OPS) $(EMULATED) $(GEN) $(FAULT) $(TRAIN) $(GPU) $(EMULATED_NET) \
  $(EMULATED_TRAIN)
BENCHES = $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))
GPU_BENCHES = $(if $(GPU),$(patsubst %,$(BUILD)/bench/gpu_%,net turn))

# The demo model is frozen from this checkpoint, which train-demo makes.
CHECKPOINT = weights/fashion.safetensors
IMAGES     = /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz
DEMO_RUN   = $(BUILD)/demo

# ---- building ------------------------------------------------------------

Q = $(if $(V),,@)
comma = ,
# Before a recipe: its folder, and one short line instead of the command.
say = @mkdir -p $(@D)$(if $(V),,; echo "  $(1) $@")

.SECONDARY: # keep objects that only implicit rules name
.PHONY: all lib tools programs
all: lib tools ## build the libraries and the tools
lib: $(LIBS) $(LIBCUDA) $(LIBCUDATRAIN)
tools: $(TOOLS) $(TRAINER) $(DATA)
programs: all $(TESTS) $(SYNTH) $(EMBED) $(FAKE) $(GPU_OPS) $(GPU_TRAIN) $(GPU_BENCHES) \
  $(if $(EMULATED_NET),$(GPU_BENCHES:$(BUILD)/bench/gpu%=$(BUILD)/test/emulated_gpu%)) \
  $(if $(SAN),,$(BUILD)/test/embed_nomalloc)

$(LIBCEDM): $(RT_OBJ)
$(LIBGEN): $(GEN_OBJ)
$(LIBTOOLS): $(TOOL_OBJ)
$(LIBCUDAHOST): $(call obj,$(CUDA_PLAIN))
$(BUILD)/lib/libcedm_cuda.a: $(CUDA_OBJ)
$(LIBS) $(LIBTOOLS) $(LIBCUDAHOST) $(BUILD)/lib/libcedm_cuda.a:
	$(call say,AR)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(BUILD)/lib/libcedm_cuda.so: $(CUDA_OBJ) $(LIBCEDM)
$(BUILD)/lib/libcedm_cuda_train.so: $(CUDA_OBJ) $(CUDATRAIN_OBJ) $(LIBCEDM)
$(BUILD)/lib/libcedm_cuda_train.so: CUDA_LIBS += \
  $(patsubst %,-Wl$(comma)-rpath$(comma)%/lib,$(filter-out /usr,$(NCCL_HOME)))
$(BUILD)/lib/libcedm_cuda.so $(BUILD)/lib/libcedm_cuda_train.so:
	$(call say,LINK)
	$(Q)$(LINK) -shared -Wl,-soname,$(@F),-z,defs $^ $(CUDA_LIBS) -o $@

$(BUILD)/bin/cedm-gen: $(DEMO_OBJ)
$(TRAINER): $(OBJ)/trainer/cedm-train.o $(RANKS) \
  $(filter-out %/ranks_alone.o,$(TRAIN_SHARED)) $(LIBTOOLS) $(LIBS)
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(filter %.a,$^) $(TOOL_LIBS) $(MPI_LIBS) -o $@
# For machines without MPI.
$(BUILD)/alone/cedm-train: $(OBJ)/trainer/cedm-train.o $(TRAIN_SHARED) \
  $(LIBTOOLS) $(LIBS)
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(filter %.a,$^) $(TOOL_LIBS) -o $@
$(DATA): $(OBJ)/tools/data/cedm-data.o $(call obj,$(filter-out %/cedm-data.c,\
  $(wildcard tools/data/*.c))) $(LIBTOOLS) $(LIBS)
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(filter %.a,$^) $(TOOL_LIBS) -o $@
$(BUILD)/bin/cedm-%: $(OBJ)/tools/cedm-%.o $(LIBTOOLS) $(LIBS)
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(filter %.a,$^) $(TOOL_LIBS) -o $@

$(OBJ)/runtime/%.o: runtime/%.c
	$(call say,CC)
	$(Q)$(CC) $(RT_FLAGS) -Iruntime $(CFLAGS) -c $< -o $@
$(OBJ)/runtime/cuda/%.o: runtime/cuda/%.c
	$(call say,CC)
	$(Q)$(CC) $(RT_FLAGS) -Iruntime -isystem $(CUDA_HOME)/include $(CFLAGS) -c $< -o $@
$(OBJ)/runtime/cuda/%.o: runtime/cuda/%.cu
	$(call say,NVCC)
	$(Q)$(NVCC) $(NVCC_FLAGS) -MF $(@:.o=.d) -c $< -o $@
$(OBJ)/trainer/cuda/%.o: trainer/cuda/%.cu
	$(call say,NVCC)
	$(Q)$(NVCC) $(NVCC_FLAGS) -Icodegen -Itrainer -MF $(@:.o=.d) -c $< -o $@
TRAIN_FLAGS = $(HOST_FLAGS) -Icodegen -Iruntime -Itools -Itrainer
define isa-rule
$(OBJ)/runtime/%.$(1).o: runtime/%.c
	$$(call say,CC)
	$$(Q)$$(CC) $$(RT_FLAGS) -Iruntime -DCEDM_ISA=$(1) $$(ISA_$(1)) $$(CFLAGS) -c $$< -o $$@
$(OBJ)/trainer/%.$(1).o: trainer/%.c
	$$(call say,CC)
	$$(Q)$$(CC) $$(TRAIN_FLAGS) -DCEDM_ISA=$(1) $$(ISA_$(1)) $$(CFLAGS) -c $$< -o $$@
endef
$(foreach i,$(ISAS),$(eval $(call isa-rule,$(i))))
$(OBJ)/codegen/%.o: codegen/%.c
	$(call say,CC)
	$(Q)$(CC) $(HOST_FLAGS) -Icodegen $(CFLAGS) -c $< -o $@
$(OBJ)/host/%.o: host/%.c
	$(call say,CC)
	$(Q)$(CC) $(HOST_FLAGS) $(CFLAGS) -c $< -o $@
$(OBJ)/tools/%.o: tools/%.c
	$(call say,CC)
	$(Q)$(CC) $(HOST_FLAGS) -Icodegen -Itools -Iweights $(CFLAGS) -c $< -o $@
$(OBJ)/trainer/ranks_mpi.o: TRAIN_FLAGS += $(MPI_INC)
$(OBJ)/trainer/cuda/%.o: TRAIN_FLAGS += -isystem $(CUDA_HOME)/include
$(OBJ)/trainer/cuda/ranks_nccl.o: TRAIN_FLAGS += -isystem $(NCCL_HOME)/include
$(OBJ)/trainer/%.o: trainer/%.c
	$(call say,CC)
	$(Q)$(CC) $(TRAIN_FLAGS) $(CFLAGS) -c $< -o $@
$(OBJ)/weights/%.o: weights/%.c
	$(call say,CC)
	$(Q)$(CC) $(RT_FLAGS) $(CFLAGS) -c $< -o $@
$(OBJ)/weights/%_blob.o: weights/%_blob.S weights/%.cedm
	$(call say,CC)
	$(Q)$(CC) -Iweights -Wa,-Iweights $(CFLAGS) -c $< -o $@
$(OBJ)/tests/%.o: tests/%.c
	$(call say,CC)
	$(Q)$(CC) $(TEST_FLAGS) $(CFLAGS) -c $< -o $@
$(OBJ)/bench/%.o: bench/%.c
	$(call say,CC)
	$(Q)$(CC) $(TEST_FLAGS) $(CFLAGS) -c $< -o $@
$(OBJ)/examples/%.o: examples/%.c
	$(call say,CC)
	$(Q)$(CC) $(BASE) -Iweights $(CFLAGS) -c $< -o $@

define link-test
$(call say,LINK)
$(Q)$(LINK) $(filter %.o,$^) $(filter %.a,$^) $(TEST_LIBS) -o $@
endef
# Programs that machines without the tests' libraries build, too.
define link-tool
$(call say,LINK)
$(Q)$(LINK) $(filter %.o,$^) $(filter %.a,$^) $(TOOL_LIBS) -o $@
endef
$(UNIT): $(BUILD)/test/%: $(OBJ)/tests/unit/%.o $(LIBTOOLS) $(LIBCUDAHOST) $(DEMO_OBJ) $(LIBS)
	$(link-test)
# Fuzz targets are tests/fuzz/NAME.c; fuzz_test replays the inputs of each,
# whose entry point has its own name there.
FUZZ_SRC = $(wildcard tests/fuzz/*.c)
$(call obj,$(FUZZ_SRC)): TEST_FLAGS += \
  $(if $(findstring fuzzer,$(SAN)),,-DLLVMFuzzerTestOneInput=fuzz_$(*F))
$(OBJ)/tests/unit/fuzz_test.o: $(FUZZ_SRC)
$(OBJ)/tests/unit/fuzz_test.o: TEST_FLAGS += \
  -D'FUZZ_TARGETS(X)=$(patsubst tests/fuzz/%.c,X(%),$(FUZZ_SRC))'
$(BUILD)/test/fuzz_test: $(call obj,$(FUZZ_SRC))
$(BUILD)/test/mutation_test: $(call obj,tests/fuzz/image.c tests/fuzz/dataset.c)
$(BUILD)/fuzz/%: $(OBJ)/tests/fuzz/%.o $(LIBTOOLS) $(LIBS)
	$(call say,LINK)
	$(Q)$(LINK) -fsanitize=fuzzer $(filter %.o,$^) $(filter %.a,$^) \
	  $(TOOL_LIBS) -o $@
# A second model to link beside the demo.
TINY = $(BUILD)/gen/ncsnpp_tiny
$(TINY).c: tests/golden/ncsnpp-tiny.safetensors $(BUILD)/bin/cedm-freeze
	@mkdir -p $(@D)
	$(Q)$(BUILD)/bin/cedm-freeze $< -o $(@D) --name $(basename $(@F))
WIDE = $(BUILD)/gen/wide
$(WIDE).c: tests/gpu/wide.json $(SYNTH) $(BUILD)/bin/cedm-freeze
	@mkdir -p $(@D)
	$(Q)$(SYNTH) $< $(WIDE).safetensors
	$(Q)$(BUILD)/bin/cedm-freeze $(WIDE).safetensors -o $(@D) --name wide
$(OBJ)/ncsnpp_tiny.o $(OBJ)/wide.o: $(OBJ)/%.o: $(BUILD)/gen/%.c
	$(call say,CC)
	$(Q)$(CC) $(RT_FLAGS) $(CFLAGS) -c $< -o $@
$(BUILD)/test/model_threads_test: $(OBJ)/ncsnpp_tiny.o
$(OBJ)/tests/unit/model_threads_test.o: $(TINY).c
$(OBJ)/tests/unit/model_threads_test.o: TEST_FLAGS += -I$(BUILD)/gen \
  -DNCSNPP_TINY_BLOB_PATH='"$(TINY).cedm"'

$(BUILD)/test/fake/libcedm_cuda.so: $(OBJ)/tests/gpu/fake.o $(LIBCEDM)
	$(call say,LINK)
	$(Q)$(LINK) -shared $^ -o $@
$(BUILD)/test/fake/libcuda.so.1:
	$(call say,LINK)
	$(Q)$(LINK) -shared -x c /dev/null -o $@

WRAPPED = $(patsubst %,-Wl$(comma)--wrap=%,cudaMalloc cudaMallocHost \
  cudaMallocAsync cudaHostAlloc)
# Its allocations are counted, its cudart is shared: nothing else is needed.
$(OBJ)/tests/gpu/%.o: TEST_FLAGS += -isystem $(CUDA_HOME)/include
$(GPU): $(call obj,tests/gpu/gpu_check.c tests/gpu/both.c) $(DEMO_OBJ) \
  $(BUILD)/lib/libcedm_cuda.a $(LIBCEDM)
	$(call say,LINK)
	$(Q)$(LINK) $^ $(WRAPPED) $(subst _static,,$(CUDA_LIBS)) -lm -o $@

# The test of kernels without cmocka, for machines with a GPU.
$(OBJ)/plain/%.o: %.c
	$(call say,CC)
	$(Q)$(CC) -Itests/gpu/plain $(TEST_FLAGS) -isystem $(CUDA_HOME)/include \
	  $(CFLAGS) -c $< -o $@
PLAIN = $(patsubst %.c,$(OBJ)/plain/%.o,$(wildcard tests/cuda/*.c) \
  $(patsubst %,tests/ops/%.c,cases place stage twin) tests/gpu/device.c \
  tests/gpu/plain/cmocka.c)
# Those of training have networks in a program of its own, which needs more.
$(OBJ)/plain/tests/cuda/train/%.o: TEST_FLAGS += -Itrainer
PLAIN_TRAIN = $(patsubst %.c,$(OBJ)/plain/%.o,\
  $(filter-out %_net_test.c,$(wildcard tests/cuda/train/*.c)) \
  tests/gpu/device.c tests/gpu/plain/cmocka.c) \
  $(call obj,trainer/adam.c trainer/random.c $(wildcard trainer/ops/*.c))
$(BUILD)/test/gpu_train_ops: $(PLAIN_TRAIN) \
  $(call obj,$(wildcard trainer/cuda/*.cu))
$(BUILD)/test/gpu_ops: $(PLAIN) $(DEMO_OBJ)
$(BUILD)/test/gpu_ops $(BUILD)/test/gpu_train_ops: \
  $(BUILD)/lib/libcedm_cuda.a $(LIBCEDM)
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(filter %.a,$^) $(subst _static,,$(CUDA_LIBS)) \
	  -lm -o $@

$(OBJ)/emulated/check_%.o: tests/gpu/gpu_check.c $(BUILD)/gen/%.c
	$(call say,CC)
	$(Q)$(CC) $(TEST_FLAGS) -isystem $(CUDA_HOME)/include \
	  -DEMULATED_ARCH=$(if $(filter wide,$*),90,80) \
	  -DEMULATED_MODEL=cedm_$*_model \
	  -DEMULATED_BLOB='"$(BUILD)/gen/$*.cedm"' $(CFLAGS) -c $< -o $@
EMULATED_LIB = $(call obj,$(wildcard tests/gpu/emulated_*.c)) \
  $(call obj,$(wildcard runtime/cuda/*.c)) \
  $(patsubst runtime/cuda/%.cu,$(OBJ)/emulated/%.o,$(wildcard runtime/cuda/*.cu)) \
  $(call obj,$(wildcard tests/cuda/emulate/*.cpp)) $(LIBCEDM)
$(EMULATED_NET): $(BUILD)/test/emulated_%: $(OBJ)/emulated/check_%.o \
  $(call obj,tests/gpu/both.c) $(OBJ)/%.o $(EMULATED_LIB)
	$(call say,LINK)
	$(Q)$(LINK) $^ $(WRAPPED) -lstdc++ -lm -o $@
$(BUILD)/test/fake/libcedm_cuda_train.so: \
  $(call obj,$(CUDATRAIN_SRC)) $(OBJ)/emulated/trainer/ranks_nccl.o \
  $(patsubst trainer/cuda/%.cu,$(OBJ)/emulated/trainer/%.o,\
  $(wildcard trainer/cuda/*.cu)) $(EMULATED_LIB)
	$(call say,LINK)
	$(Q)$(LINK) -shared -Wl,-soname,$(@F) $^ -lstdc++ -lm -o $@
# Its NCCL, and a clock for who waits for it.
$(OBJ)/emulated/trainer/ranks_nccl.o: trainer/cuda/ranks_nccl.c
	$(call say,CC)
	$(Q)$(CC) $(TRAIN_FLAGS) -isystem $(CUDA_HOME)/include -Itests/gpu/nccl \
	  -Dtime=emulated_time $(CFLAGS) -c $< -o $@
$(call obj,tests/gpu/emulated_api.c tests/gpu/nccl/nccl.c): TEST_FLAGS += \
  -fvisibility=default
$(BUILD)/test/fake/libnccl.so.2: $(OBJ)/tests/gpu/nccl/nccl.o \
  $(BUILD)/test/fake/libcedm_cuda_train.so
	$(call say,LINK)
	$(Q)$(LINK) -shared -Wl,-soname,$(@F) $^ -o $@
$(BUILD)/test/emulated_train_ops: $(PLAIN_TRAIN) $(patsubst trainer/cuda/%.cu,\
  $(OBJ)/emulated/trainer/%.o,$(wildcard trainer/cuda/*.cu))
$(BUILD)/test/emulated_ops: $(PLAIN) $(DEMO_OBJ)
$(BUILD)/test/emulated_ops $(BUILD)/test/emulated_train_ops: $(EMULATED_LIB)
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(filter %.a,$^) -lstdc++ -lm -o $@

$(OPS): $(call obj,$(wildcard tests/ops/*.c)) $(LIBS)
	$(link-test)
# The kernels of the CUDA backend as C++, on an emulated device.
$(OBJ)/emulated/%.o: runtime/cuda/%.cu
	$(call say,CXX)
	$(Q)$(CXX) $(EMULATE) -x c++ -c $< -o $@
$(OBJ)/tests/cuda/emulate/%.o: tests/cuda/emulate/%.cpp
	$(call say,CXX)
	$(Q)$(CXX) $(EMULATE) -c $< -o $@
$(EMULATED): $(call obj,$(wildcard tests/cuda/*.c tests/cuda/emulate/*.c*) \
  $(filter-out %_test.c %/sampler_ops.c,$(wildcard tests/ops/*.c))) \
  $(patsubst runtime/cuda/%.cu,$(OBJ)/emulated/%.o,$(wildcard runtime/cuda/*.cu)) \
  $(LIBCUDAHOST) $(DEMO_OBJ) $(LIBS)
	$(link-test) -lstdc++
$(OBJ)/emulated/trainer/%.o: trainer/cuda/%.cu
	$(call say,CXX)
	$(Q)$(CXX) $(EMULATE) -x c++ -c $< -o $@
$(OBJ)/tests/cuda/train/%.o: TEST_FLAGS += -Itrainer
$(BUILD)/test/cuda_train_test: $(OBJ)/tests/cuda/train/train_update.o
$(BUILD)/test/cuda_train_net_test: $(OBJ)/trainer/cuda/places.o
$(EMULATED_TRAIN): $(BUILD)/test/%: $(OBJ)/tests/cuda/train/%.o $(call obj,\
  tests/cuda/train/fixture.c $(wildcard tests/cuda/emulate/*.c*)) $(patsubst trainer/cuda/%.cu,\
  $(OBJ)/emulated/trainer/%.o,$(wildcard trainer/cuda/*.cu)) \
  $(patsubst runtime/cuda/%.cu,$(OBJ)/emulated/%.o,$(wildcard runtime/cuda/*.cu)) \
  $(TRAIN_SHARED) $(LIBCUDAHOST) $(LIBTOOLS) $(LIBS)
	$(link-test) -lstdc++
# Calls of the system go through tests/fault/wrap.c.
$(OBJ)/tests/fault/%.o: TEST_FLAGS += -Itrainer
$(FAULT): $(call obj,$(wildcard tests/fault/*.c) \
  $(filter-out %/cedm-data.c,$(wildcard tools/data/*.c))) $(TRAIN_SHARED) \
  $(LIBTOOLS) $(DEMO_OBJ) $(LIBS)
	$(link-test) -Wl,@tests/fault/wrapped
$(GEN): $(call obj,$(wildcard tests/gen/*.c)) $(LIBS)
	$(link-test)
$(SYNTH): $(call obj,$(wildcard tests/synth/*.c)) $(LIBS)
	$(link-tool)
$(OBJ)/tests/trainer/%.o: TEST_FLAGS += -Itrainer
$(TRAIN): $(BUILD)/test/%: $(OBJ)/tests/trainer/%.o $(TRAIN_SHARED) \
  $(LIBTOOLS) $(LIBS)
	$(link-test)
$(BENCHES): $(BUILD)/bench/%: $(OBJ)/bench/%.o $(LIBTOOLS) $(DEMO_OBJ) $(LIBS)
	$(link-tool)

# They link the library, to look inside; without a GPU, on the emulator.
$(OBJ)/bench/gpu/%.o: TEST_FLAGS += -Ibench -isystem $(CUDA_HOME)/include
$(OBJ)/bench/gpu/train.o: TEST_FLAGS += -Itrainer
$(GPU_TRAIN): $(OBJ)/bench/gpu/train.o $(TRAIN_SHARED) $(LIBTOOLS) $(LIBS)
	$(link-tool)
GPU_SHARED = $(call obj,$(patsubst %,bench/gpu/%.c,cublas open))
$(GPU_BENCHES): $(BUILD)/bench/gpu_%: $(OBJ)/bench/gpu/%.o $(GPU_SHARED) \
  $(BUILD)/lib/libcedm_cuda.a $(LIBCEDM)
	$(call say,LINK)
	$(Q)$(LINK) $^ $(subst _static,,$(CUDA_LIBS)) -lm -o $@
$(BUILD)/test/emulated_gpu_%: $(OBJ)/bench/gpu/%.o $(GPU_SHARED) $(EMULATED_LIB)
	$(call say,LINK)
	$(Q)$(LINK) $^ -lstdc++ -lm -ldl -o $@

# As an application links it: the model and libcedm.a, no other library.
$(EMBED): $(OBJ)/examples/embed.o $(DEMO_OBJ) $(LIBCEDM)
	$(call say,LINK)
	$(Q)$(LINK) $^ -o $@
# The same program with a malloc that aborts until the image is made.
$(BUILD)/test/embed_nomalloc: $(OBJ)/examples/embed.o \
  $(OBJ)/tests/check/nomalloc.o $(DEMO_OBJ) $(LIBCEDM)
	$(call say,LINK)
	$(Q)$(LINK) -Wl,--wrap=cedm_sample_images $^ -o $@

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)

# ---- running -------------------------------------------------------------

# Jobs for a recursive make, unless the caller gave a number already.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: demo
demo: ## install what is missing, build, and draw demo.png
	@scripts/deps.sh demo
	+@$(MAKE) --no-print-directory $(JOBS) tools
	$(BUILD)/bin/cedm-gen --cluster 5 --n 64 --out demo.png
	@echo "demo.png: 64 images of cluster 5, seeds 0 to 63"

# Every result is one line in TALLY; the last command adds them up.  Tests run
# side by side, each in a folder of its own.
TALLY   = $(BUILD)/check/tally
RUN     = tests/run.sh $(TALLY)
SCRIPTS = $(wildcard tests/check/*.sh)
E2E     = $(wildcard tests/e2e/*.sh)
# Sanitizers cannot place their shadow memory under some address layouts.
SETARCH = $(shell setarch -R true 2>/dev/null && echo setarch -R)

export CC BUILD
export BIN = $(BUILD)/bin
export UBSAN_OPTIONS = print_stacktrace=1

SUBMAKE = $(MAKE) --no-print-directory
# Lines suffice there: where variables live takes a large function as long as
# the rest of its compilation.
CLANG = CC=clang OPT='-O2 -g1' BUILD=$(BUILD)/clang WERROR=1
ASAN  = SAN=address,undefined OPT='-O1 -g1' BUILD=$(BUILD)/asan
TSAN  = SAN=thread OPT='-O1 -g1' BUILD=$(BUILD)/tsan
# Networks of full size take the sanitizers minutes and show them no new code.
SMALL_E2E = $(filter-out %/full_size.sh,$(E2E))
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
$(eval $(call variant,gcc,WERROR=1,programs lint-objects,\
  $$$$(TESTS) $$$$(SCRIPTS) $$$$(E2E)))
$(eval $(call variant,clang,$$(CLANG),programs,$$$$(TESTS)))
$(eval $(call variant,asan,$$(ASAN),programs,$$$$(TESTS) $$$$(SMALL_E2E)))
$(eval $(call variant,tsan,$$(TSAN),threaded,$$$$(THREAD_TESTS)))
$(eval $(call variant,fast,,programs lint-objects,$$$$(TESTS) $$$$(SCRIPTS)))

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

# $(call count,TARGETS): makes them and says how many tests passed.
define count
@scripts/deps.sh check
@mkdir -p $(BUILD)/check && rm -f $(TALLY)
+@$(SUBMAKE) $(JOBS) -k -O $(1) || echo 0 1 0 >>$(TALLY)
@$(RUN) -s
endef

.PHONY: test check
test: ## the fast tests: unit, ops, generated code, checks of the sources
	$(call count,run-fast)
check: ## every test, also with clang and sanitizers; ends with the count
	$(call count,run-asan run-gcc run-clang run-tsan same-emit frozen-demo \
	  bare-m7 bare-neon)

.PHONY: gpu-check
gpu-check: tools lib $(GPU) $(GPU_OPS) $(LEARNER) ## kernels, nets and goldens on a GPU
	@$(if $(GPU),tests/gpu/run.sh $(BUILD) $(BIN) || [ $$? -eq 77 ],echo 'skipped: no nvcc')

.PHONY: device-kit
device-kit: $(BUILD)/alone/cedm-train $(LEARNER) $(GPU_TRAIN)
device-kit: tools $(SYNTH) ## a folder that builds and checks it all on a GPU elsewhere
	@scripts/device_kit.sh $(BUILD) $(BUILD)/device-kit

.PHONY: check-bare check-neon
check-bare: tools ## the runtime on an emulated Cortex-M7: image, flash, RAM, stack
	@tests/bare/m7.sh || [ $$? -eq 77 ]
check-neon: tools ## the runtime on an emulated 64-bit Arm: the host's bits
	@tests/bare/neon.sh || [ $$? -eq 77 ]

FUZZ = CC=clang SAN=fuzzer-no-link,address,undefined OPT='-O1 -g' \
  BUILD=$(BUILD)/clang-fuzz
T ?= safetensors
S ?= 60
.PHONY: fuzz
fuzz: ## run the fuzz target T=NAME of tests/fuzz for S=SECONDS
	+@$(MAKE) --no-print-directory $(JOBS) $(FUZZ) $(BUILD)/clang-fuzz/fuzz/$(T)
	@$(SETARCH) tests/fuzz/run.sh $(BUILD)/clang-fuzz/fuzz/$(T) $(S)

# Networks of full size with random weights: only their speed is of interest.
MODELS = $(patsubst tests/synth/%.json,$(BUILD)/models/%/frozen,\
  $(wildcard tests/synth/*.json))
$(BUILD)/models/%/frozen: tests/synth/%.json $(SYNTH) $(BUILD)/bin/cedm-freeze
	@mkdir -p $(@D)
	$(BUILD)/bin/synth $< $(@D)/checkpoint.safetensors
	$(BUILD)/bin/cedm-freeze $(@D)/checkpoint.safetensors -o $(@D) \
	  --name $(subst -,_,$*) --build
	@rm $(@D)/checkpoint.safetensors
	@touch $@

.PHONY: bench
bench: ## time every op and every network
	@scripts/deps.sh check
	+@$(MAKE) --no-print-directory $(JOBS) $(BENCHES) $(MODELS) tools
	$(BUILD)/bench/ops
	$(BUILD)/bench/net
	@for model in $(BUILD)/models/*/*.so; do \
	  $(BUILD)/bench/net $$model 1 $$(nproc) || exit 1; done

.PHONY: bench-gpu
bench-gpu: lib $(GPU_OPS) $(GPU_BENCHES) $(GPU_TRAIN)
bench-gpu: tools $(SYNTH) ## networks and training on a GPU beside cuBLAS and PyTorch
	@$(if $(GPU),bench/gpu/run.sh $(BUILD) $(BIN) || [ $$? -eq 77 ],echo 'skipped: no nvcc')

.PHONY: bench-peers
bench-peers: ## compare with other runtimes on the same work
	@scripts/deps.sh bench
	+@$(MAKE) --no-print-directory $(JOBS) tools $(BUILD)/bench/turn $(SYNTH) \
	  $(BUILD)/models/cifar10-c100/frozen
	bench/peers/run.sh

# ---- generated files -----------------------------------------------------

GENERATED = h c cedm map svg csv

.PHONY: weights
weights: $(BUILD)/bin/cedm-freeze ## freeze the demo model again
	$< $(CHECKPOINT) -o weights --name fashion

.PHONY: gen gen-diff
gen: weights ## write all generated files that are committed
gen-diff: $(BUILD)/bin/cedm-freeze ## compare them with what would be written
	$< $(CHECKPOINT) -o $(BUILD)/gen --name fashion
	@for x in $(GENERATED); do \
	  cmp $(BUILD)/gen/fashion.$$x weights/fashion.$$x || exit 1; done
	@echo "weights/fashion.*: as generated"

# 30 to 80 minutes of processor time; interrupted, it goes on where it was.
.PHONY: train-demo
train-demo: ## train the demo model from its images, and freeze it
	@scripts/deps.sh demo images
	+@$(MAKE) --no-print-directory $(JOBS) tools
	$(BUILD)/bin/cedm-train --preset fashion --data $(IMAGES) \
	  --clusters weights/fashion.clusters.npy --out $(DEMO_RUN) \
	  --tick 10 --snap 10 $(if $(wildcard $(DEMO_RUN)/state-*),--resume)
	cp "$$(ls $(DEMO_RUN)/snapshot-*.safetensors | tail -n 1)" $(CHECKPOINT)
	+@$(MAKE) --no-print-directory weights

# ---- installing ----------------------------------------------------------

PREFIX ?= /usr/local
DESTDIR ?=
TO       = $(DESTDIR)$(abspath $(PREFIX))
PROGRAMS = $(notdir $(TOOLS) $(TRAINER) $(DATA))
HEADERS  = $(notdir $(wildcard include/*.h))
MAN      = share/man/man1
COMPLETE = share/bash-completion/completions
DOC      = share/doc/cedm
VERSION  = $(shell sed -n 's/^\#define CEDM_VERSION "\(.*\)"/\1/p' include/cedm.h)
PC_EDIT  = -e 's|@PREFIX@|$(abspath $(PREFIX))|' -e 's|@VERSION@|$(VERSION)|'

.PHONY: install uninstall
install: all ## into PREFIX [/usr/local], below DESTDIR
	install -d $(addprefix $(TO)/,bin include lib/pkgconfig $(MAN) $(COMPLETE) $(DOC))
	install -m 755 $(addprefix $(BUILD)/bin/,$(PROGRAMS)) $(TO)/bin
	install -m 644 $(addprefix include/,$(HEADERS)) $(TO)/include
	install -m 644 $(LIBCEDM) $(LIBCUDA) $(LIBCUDATRAIN) $(TO)/lib
	sed $(PC_EDIT) packaging/cedm.pc.in >$(TO)/lib/pkgconfig/cedm.pc
	chmod 644 $(TO)/lib/pkgconfig/cedm.pc
	install -m 644 $(PROGRAMS:%=man/%.1) $(TO)/$(MAN)
	for program in $(PROGRAMS); do \
	  install -m 644 packaging/cedm.bash $(TO)/$(COMPLETE)/$$program || exit 1; done
	install -m 644 LICENSE $(TO)/$(DOC)

uninstall: ## remove what install wrote
	rm -f $(PROGRAMS:%=$(TO)/bin/%) $(HEADERS:%=$(TO)/include/%) \
	  $(TO)/lib/libcedm.a \
	  $(patsubst $(BUILD)/%,$(TO)/%,$(LIBCUDA) $(LIBCUDATRAIN)) \
	  $(TO)/lib/pkgconfig/cedm.pc \
	  $(PROGRAMS:%=$(TO)/$(MAN)/%.1) $(PROGRAMS:%=$(TO)/$(COMPLETE)/%) \
	  $(TO)/$(DOC)/LICENSE
	[ ! -d $(TO)/$(DOC) ] || rmdir $(TO)/$(DOC)

# ---- reports -------------------------------------------------------------

.PHONY: size
size: lib ## code and data of the runtime, per object
	@size -t $(LIBCEDM)

# One build serves the checks of symbols, stack frames and recursion.
.PHONY: lint-objects
lint-objects:
	+@$(MAKE) --no-print-directory $(JOBS) CC=gcc OPT=-O2 BUILD=$(BUILD)/lint \
	  CFLAGS='-fno-pic -fstack-usage -fcallgraph-info' \
	  $(BUILD)/lint/lib/libcedm.a \
	  $(patsubst $(BUILD)/%,$(BUILD)/lint/%,$(call obj,$(wildcard weights/*.c)))

.PHONY: stack
stack: lint-objects ## the largest stack frames of the runtime
	@find $(BUILD)/lint -name '*.su' -exec cat {} + | sort -t'	' -k2,2nr | head -n 20

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD) demo.png

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' \
	  $(MAKEFILE_LIST) | sort
