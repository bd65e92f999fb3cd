# SPDX-License-Identifier: MIT
#
# cuda.mk - the CUDA libraries, where there is nvcc.
#
# Builds with sanitizers or clang look at C alone.  NVCC= leaves CUDA out.

ifeq ($(origin NVCC),undefined)
NVCC := $(if $(SAN)$(findstring clang,$(CC)),,$(firstword \
  $(shell command -v nvcc) $(wildcard /usr/local/cuda/bin/nvcc)))
endif
CUDA_ARCHS ?=
CUDA_HOME = $(patsubst %/bin/,%,$(dir $(realpath $(NVCC))))
CUDA_LIB  = $(firstword $(wildcard $(CUDA_HOME)/lib64 $(CUDA_HOME)/lib))
CUDA_INC  = -isystem $(CUDA_HOME)/include
CUDA_LIBS = -L$(CUDA_LIB) -Wl,-rpath,$(CUDA_LIB) -lcublasLt -lcudart_static \
  -lpthread -ldl -lrt
# What ptxas says of registers and spills lies beside each object, for
# tests/check/ptxas.sh; what else the compiler says is shown.
# KERNELS=90a compiles them once, for who looks at messages alone.
KERNELS ?= 80 90a
GENCODE = $(foreach a,$(KERNELS) $(CUDA_ARCHS),\
  -gencode arch=compute_$(a),code=sm_$(a)) \
  $(if $(filter 80,$(KERNELS)),-gencode arch=compute_80$(comma)code=compute_80)
NVCC_FLAGS = -O3 -std=c++17 --fmad=false $(GENCODE) -lineinfo $(INCLUDE) \
  -Xcompiler -fPIC,-fvisibility=hidden,-Wall,-Wextra,-ffp-contract=off \
  -Xcompiler -fno-exceptions,-fno-rtti,-fno-threadsafe-statics,-fno-math-errno \
  $(if $(WERROR),-Werror all-warnings) -Xptxas -v -MMD -MP
CHOICE_nvcc = $(NVCC) $(NVCC_FLAGS)
CHOICE_nccl = $(NCCL_HOME)

# Ranks add up by NCCL where this has include/nccl.h; NCCL_HOME= leaves it out.
NCCL_HOME ?= $(patsubst %/include/nccl.h,%,$(firstword \
  $(wildcard $(CUDA_HOME)/include/nccl.h /usr/include/nccl.h)))

# These of the host side need no CUDA and are tested without.
CUDA_PLAIN    = $(patsubst %,runtime/cuda/%.c,pack regions tables)
LIBCUDAHOST   = $(OBJ)/libcudahost.a
CUDA_SRC      = $(wildcard runtime/cuda/*.c)
CUDA_KERNELS  = $(wildcard runtime/cuda/*.cu)
CUDATRAIN_SRC = $(filter-out trainer/cuda/ranks_%,$(wildcard trainer/cuda/*.c))
CUDATRAIN_KERNELS = $(wildcard trainer/cuda/*.cu)
CUDA_OBJ      = $(call obj,$(CUDA_SRC) $(CUDA_KERNELS))
CUDATRAIN_OBJ = $(call obj,$(CUDATRAIN_SRC) $(CUDATRAIN_KERNELS) \
  trainer/cuda/ranks_$(if $(NCCL_HOME),nccl,none).c)
CUDA_MAJOR := $(shell sed -n 's/^\#define CEDM_CUDA_ABI //p' include/cedm_cuda.h)
CUDA_MAP   = $(OBJ)/libcedm_cuda.map
LIBCUDA_SO = $(BUILD)/lib/libcedm_cuda.so.$(CUDA_MAJOR)
LIBCUDA = $(if $(NVCC),$(BUILD)/lib/libcedm_cuda.a $(LIBCUDA_SO))
# With training, which cedm-train opens.
LIBCUDATRAIN = $(if $(NVCC),$(BUILD)/lib/libcedm_cuda_train.so)

$(call obj,$(CUDA_SRC) $(CUDATRAIN_SRC) trainer/cuda/ranks_nccl.c \
  trainer/cuda/ranks_none.c): EXTRA = $(CUDA_INC)
$(OBJ)/trainer/cuda/ranks_nccl.o: EXTRA += -isystem $(NCCL_HOME)/include
$(OBJ)/trainer/cuda/ranks_nccl.o: $(CHOICES)/nccl
$(OBJ)/%.o: %.cu $(CHOICES)/nvcc
	$(call say,NVCC)
	$(Q)$(NVCC) $(NVCC_FLAGS) -MF $(@:.o=.d) -c $< -o $@ 2>$(@:.o=.ptxas); \
	  status=$$?; grep -v '^ptxas info \|stack frame' $(@:.o=.ptxas) >&2; exit $$status

$(LIBCUDAHOST): $(call obj,$(CUDA_PLAIN))
$(BUILD)/lib/libcedm_cuda.a: $(CUDA_OBJ)
$(CUDA_MAP): packaging/libcedm_cuda.map.in include/cedm_cuda.h
	@mkdir -p $(@D)
	@sed 's/@CUDA_MAJOR@/$(CUDA_MAJOR)/' $< >$@
$(LIBCUDA_SO): $(CUDA_OBJ) $(CUDA_MAP)
$(BUILD)/lib/libcedm_cuda_train.so: $(CUDA_OBJ) $(CUDATRAIN_OBJ) $(CHOICES)/nccl
$(BUILD)/lib/libcedm_cuda_train.so: CUDA_LIBS += \
  $(patsubst %,-Wl$(comma)-rpath$(comma)%/lib,$(filter-out /usr,$(NCCL_HOME)))
$(LIBCUDA_SO) $(LIBCUDATRAIN): $(LIBCEDM) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) -shared -Wl,-soname,$(@F),-z,defs,--exclude-libs,ALL \
	  $(patsubst %,-Wl$(comma)--version-script=%,$(filter %.map,$^)) $(filter %.o,$^) $(LIBCEDM) \
	  $(CUDA_LIBS) -o $@
	$(Q)[ $@ != $(LIBCUDA_SO) ] || ln -sf $(@F) $(BUILD)/lib/libcedm_cuda.so
