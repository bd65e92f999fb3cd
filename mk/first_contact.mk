# SPDX-License-Identifier: MIT
#
# first_contact.mk - what a GPU is first met with: first-contact/.

PROBE = $(if $(EMULATES_NET),$(patsubst %,$(BUILD)/test/%_probe,gpu emulated))
PROBE_OBJ = $(call plain,$(patsubst %,tests/gpu/%.c,probe device plain/cmocka))
$(BUILD)/test/gpu_probe: $(PROBE_OBJ) $(OBJ)/tests/gpu/probe_kernels.o $(BUILD)/lib/libcedm_cuda.a \
  $(LIBCEDM) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(inputs) $(subst _static,,$(CUDA_LIBS)) -lm -o $@
$(BUILD)/test/emulated_probe: $(PROBE_OBJ) $(OBJ)/emulated/tests/gpu/probe_kernels.o \
  $(EMULATED_LIB) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(inputs) -lstdc++ -lm -o $@

# Experiments; hopper_conv multiplies with cuBLAS, too.
LAB = $(if $(NVCC),$(patsubst %,$(BUILD)/bench/%,hopper_conv hopper_shift l2_rate))
LAB_ARCHS = $(GENCODE)
$(BUILD)/bench/hopper_%: LAB_ARCHS = -gencode arch=compute_90a,code=sm_90a
$(LAB): $(BUILD)/bench/%: bench/lab/%.cu bench/lab/hopper.cuh $(CHOICES)/nvcc
	$(call say,NVCC)
	$(Q)$(NVCC) -O3 -std=c++17 -I. $(LAB_ARCHS) -cudart shared $< -o $@ -lcublas

# What large cases give, by the portable backend: a minute.  Small ones take it
# part of a second, and are compared in full.
SUMS = $(BUILD)/first-contact-sums
SMALL = 20000000
$(SUMS): $(BUILD)/test/gpu_ops
	$(call say,SUMS)
	$(Q)$< -l $(SMALL) -m 18446744073709551615 -w $@.tmp && mv $@.tmp $@

.PHONY: first-contact
first-contact: lib tools $(SYNTH) $(GPU) $(filter %_ops,$(filter %/gpu_%,$(GPU_OPS))) \
  $(GPU_BENCHES) $(GPU_TRAIN) $(LEARNER) $(filter %/gpu_probe,$(PROBE)) $(LAB) $(if $(NVCC),$(SUMS))
first-contact: ## an archive whose run.sh tests and times all of it on a GPU in 9 minutes
	@$(if $(NVCC),first-contact/pack.sh $(BUILD) $(BUILD)/first-contact,echo 'skipped: no nvcc')
