# SPDX-License-Identifier: MIT
#
# emulate.mk - tests of the CUDA backend: its kernels as C++ on an emulated
# device, the whole library there, and the same on a GPU.

# Once is enough: not with clang, nor with sanitizers, which lose stacks.
EMULATES = $(if $(SAN)$(findstring clang,$(CC)),,yes)
# The library's host side is compiled with CUDA's headers.
EMULATES_NET = $(and $(NVCC),$(EMULATES))

EMULATE = -std=c++17 -O2 -g -fPIC $(filter -Werror,$(WARN)) -Wall -Wextra -Wshadow \
  -Wno-unknown-pragmas -ffp-contract=off -MMD -MP -Itests/emulate/include $(INCLUDE)
CHOICE_emulate = $(CXX) $(EMULATE)
$(OBJ)/emulated/%.o: %.cu $(CHOICES)/emulate
	$(call say,CXX)
	$(Q)$(CXX) $(EMULATE) -x c++ -c $< -o $@
$(OBJ)/tests/emulate/%.o: tests/emulate/%.cpp $(CHOICES)/emulate
	$(call say,CXX)
	$(Q)$(CXX) $(EMULATE) -c $< -o $@
emulated = $(patsubst %.cu,$(OBJ)/emulated/%.o,$(1))
DEVICE = $(call obj,$(wildcard tests/emulate/*.cpp))

# ---- kernels, with cmocka ---------------------------------------------------

EMULATED = $(if $(EMULATES),$(patsubst %,$(BUILD)/test/cuda_%_test,facts ops train train_net))
OP_CASES = $(call obj,$(patsubst %,tests/ops/%.c,cases op_stage place twin))
$(BUILD)/test/cuda_ops_test: $(call obj,$(wildcard tests/cuda/*.c)) $(OP_CASES)
$(BUILD)/test/cuda_facts_test: $(call emulated,tests/cuda/facts/cuda_facts_test.cu)
$(BUILD)/test/cuda_train_test: $(call obj,$(patsubst %,tests/cuda/train/%.c,\
  cuda_train_test train_update fixture)) $(call emulated,$(CUDATRAIN_KERNELS))
$(BUILD)/test/cuda_train_net_test: $(call obj,$(patsubst %,tests/cuda/train/%.c,\
  cuda_train_net_test fixture) trainer/cuda/places.c) \
  $(call emulated,$(CUDATRAIN_KERNELS))
$(EMULATED): $(DEVICE) $(OBJ)/tests/emulate/device.o $(call emulated,$(CUDA_KERNELS)) \
  $(DEMO_OBJ) $(ALONE) $(LIBCUDAHOST) $(LIBS) $(CHOICES)/link
	$(link-test) -lstdc++

# ---- the whole library ------------------------------------------------------

# Small models: on an emulated device of 8.0, and on one of 9.0 with channels
# enough for what that has kernels for.
EMULATED_NET = $(if $(EMULATES_NET),$(patsubst %,$(BUILD)/test/emulated_%,ncsnpp_tiny wide))
EMULATED_LIB = $(DEVICE) $(call obj,$(wildcard tests/emulate/api/*.c) $(CUDA_SRC)) \
  $(call emulated,$(CUDA_KERNELS)) $(LIBCEDM)
$(call obj,$(wildcard tests/emulate/api/*.c) tests/emulate/device.c): EXTRA = $(CUDA_INC)
$(call obj,tests/emulate/api/emulated_api.c tests/emulate/nccl/nccl.c): EXTRA += \
  -fvisibility=default
$(OBJ)/emulated/check_%.o: tests/gpu/gpu_check.c $(BUILD)/gen/%.c $(CHOICES)/compile
	$(call say,CC)
	$(Q)$(CC) $(HOST_FLAGS) $(CUDA_INC) -DEMULATED_ARCH=$(if $(filter wide,$*),90,80) \
	  -DEMULATED_MODEL=cedm_$*_model \
	  -DEMULATED_BLOB='"$(BUILD)/gen/$*.cedm"' $(CFLAGS) -c $< -o $@
# Its allocations are counted.
WRAPPED = $(patsubst %,-Wl$(comma)--wrap=%,cudaMalloc cudaMallocHost \
  cudaMallocAsync cudaHostAlloc)
BOTH = $(call obj,tests/gpu/both.c tests/gpu/gpu_conditions.c)
$(EMULATED_NET): $(BUILD)/test/emulated_%: $(OBJ)/emulated/check_%.o $(BOTH) $(OBJ)/gen/%.o \
  $(EMULATED_LIB) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(LIBCEDM) $(WRAPPED) -lstdc++ -lm -o $@

# ---- stand-ins of libraries -------------------------------------------------

# For the CUDA library and the driver; the library that trains is the whole of
# it on the emulator, with a clock for who waits for NCCL.
FAKE = $(patsubst %,$(BUILD)/test/fake/%,$(notdir $(LIBCUDA_SO)) libcuda.so.1 \
  $(if $(EMULATES_NET),libcedm_cuda_train.so libnccl.so.2))
$(BUILD)/test/fake/$(notdir $(LIBCUDA_SO)): $(OBJ)/tests/gpu/fake.o $(LIBCEDM) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) -shared $(filter %.o,$^) $(LIBCEDM) -o $@
$(BUILD)/test/fake/libcuda.so.1: $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) -shared -x c /dev/null -o $@
$(OBJ)/emulated/%.o: %.c $(CHOICES)/compile
	$(call say,CC)
	$(Q)$(CC) $(HOST_FLAGS) $(CUDA_INC) -Itests/emulate/nccl -Dtime=emulated_time \
	  $(CFLAGS) -c $< -o $@
$(BUILD)/test/fake/libcedm_cuda_train.so: $(call obj,$(CUDATRAIN_SRC)) \
  $(OBJ)/emulated/trainer/cuda/ranks_nccl.o $(call emulated,$(CUDATRAIN_KERNELS)) \
  $(EMULATED_LIB) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) -shared -Wl,-soname,$(@F) $(filter %.o,$^) $(LIBCEDM) -lstdc++ -lm -o $@
$(BUILD)/test/fake/libnccl.so.2: $(OBJ)/tests/emulate/nccl/nccl.o \
  $(BUILD)/test/fake/libcedm_cuda_train.so $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) -shared -Wl,-soname,$(@F) $(filter %.o %.so,$^) -o $@

# ---- on a GPU ----------------------------------------------------------------

GPU = $(if $(NVCC),$(BUILD)/test/gpu_check)
$(call obj,$(wildcard tests/gpu/*.c)): EXTRA = $(CUDA_INC)
$(GPU): $(call obj,tests/gpu/gpu_check.c) $(BOTH) $(DEMO_OBJ) \
  $(BUILD)/lib/libcedm_cuda.a $(LIBCEDM) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(inputs) $(WRAPPED) $(subst _static,,$(CUDA_LIBS)) -lm -o $@

# The test of kernels without cmocka, for machines with a GPU, and on the
# emulator, where tests/e2e/gpu_ops.sh runs it.
GPU_OPS = $(foreach d,$(if $(GPU),gpu) $(if $(EMULATES_NET),emulated),\
  $(patsubst %,$(BUILD)/test/$(d)_%,ops train_ops encode))
$(OBJ)/plain/%.o: %.c $(CHOICES)/compile
	$(call say,CC)
	$(Q)$(CC) -Itests/gpu/plain $(HOST_FLAGS) $(CUDA_INC) $(CFLAGS) -c $< -o $@
plain = $(patsubst %.c,$(OBJ)/plain/%.o,$(1))
PLAIN = $(call plain,$(wildcard tests/cuda/*.c) tests/gpu/device.c \
  tests/gpu/plain/cmocka.c $(patsubst %,tests/ops/%.c,cases place op_stage twin)) $(DEMO_OBJ)
# Networks of training have a program of their own, which needs more.
PLAIN_TRAIN = $(call plain,$(filter-out %_net_test.c,$(wildcard tests/cuda/train/*.c)) \
  tests/gpu/device.c tests/gpu/plain/cmocka.c) \
  $(call obj,trainer/adam.c host/random/random.c $(wildcard trainer/ops/*.c))
$(BUILD)/test/gpu_ops: $(PLAIN)
$(BUILD)/test/gpu_train_ops: $(PLAIN_TRAIN) $(call obj,$(CUDATRAIN_KERNELS))
$(BUILD)/test/gpu_ops $(BUILD)/test/gpu_train_ops: $(BUILD)/lib/libcedm_cuda.a \
  $(LIBCEDM) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(inputs) $(subst _static,,$(CUDA_LIBS)) -lm -o $@
$(BUILD)/test/emulated_ops: $(PLAIN)
$(BUILD)/test/emulated_train_ops: $(PLAIN_TRAIN) $(call emulated,$(CUDATRAIN_KERNELS))
$(BUILD)/test/emulated_ops $(BUILD)/test/emulated_train_ops: $(EMULATED_LIB) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(inputs) -lstdc++ -lm -o $@

# Encoders, which it opens; tests/gpu/encode.sh freezes them.
ENCODE = $(call obj,tests/gpu/gpu_encode.c tests/gpu/both.c)
$(BUILD)/test/gpu_encode: $(ENCODE) $(BUILD)/lib/libcedm_cuda.a $(LIBCEDM) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(inputs) $(subst _static,,$(CUDA_LIBS)) -lm -o $@
$(BUILD)/test/emulated_encode: $(ENCODE) $(EMULATED_LIB) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(LIBCEDM) -lstdc++ -ldl -lm -o $@

# A net that learns there; it opens the library that trains.
LEARNER = $(BUILD)/test/learner_cuda_test
