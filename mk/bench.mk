# SPDX-License-Identifier: MIT
#
# bench.mk - how fast it is, alone and beside others.

BENCHES = $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))
$(BENCHES): $(BUILD)/bench/%: $(OBJ)/bench/%.o $(LIBS) $(DEMO_OBJ) $(CHOICES)/link
	$(link-tool)
$(BUILD)/bench/clusters: $(ALONE)

# They link the library, to look inside; without a GPU, on the emulator.
GPU_BENCHES = $(if $(NVCC),$(patsubst %,$(BUILD)/bench/gpu_%,net turn))
EMULATED_BENCHES = $(if $(EMULATES_NET),$(patsubst %,$(BUILD)/test/emulated_gpu_%,net turn))
$(call obj,$(wildcard bench/gpu/*.c)): EXTRA = $(CUDA_INC)
GPU_SHARED = $(call obj,bench/gpu/cublas.c bench/gpu/gpu_open.c)
$(GPU_BENCHES): $(BUILD)/bench/gpu_%: $(OBJ)/bench/gpu/%.o $(GPU_SHARED) \
  $(BUILD)/lib/libcedm_cuda.a $(LIBCEDM) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(inputs) $(subst _static,,$(CUDA_LIBS)) -lm -o $@
$(EMULATED_BENCHES): $(BUILD)/test/emulated_gpu_%: $(OBJ)/bench/gpu/%.o $(GPU_SHARED) \
  $(EMULATED_LIB) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(inputs) -lstdc++ -lm -ldl -o $@
# What a network should take on a device that is not there: reads machine code.
LAB_PREDICT = $(if $(EMULATES_NET),$(BUILD)/bench/lab_predict)
$(LAB_PREDICT): $(call obj,$(patsubst %,bench/lab/%.c,predict rings sass)) \
  $(call emulated,bench/lab/choice.cu) $(EMULATED_LIB) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(inputs) -lstdc++ -lm -ldl -o $@
# How fast a net learns; it opens the library that trains.
GPU_TRAIN = $(BUILD)/bench/gpu_train
$(GPU_TRAIN): $(OBJ)/bench/gpu/train.o $(ALONE) $(LIBS) $(CHOICES)/link
	$(link-tool)

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

.PHONY: bench bench-clusters bench-encoders bench-gpu bench-peers bench-solvers
bench: ## time every op and every network
	@scripts/deps.sh check
	+@$(SUBMAKE) $(JOBS) $(BENCHES) $(MODELS) tools
	$(BUILD)/bench/ops
	$(BUILD)/bench/net
	@for model in $(BUILD)/models/*/*.so; do \
	  $(BUILD)/bench/net $$model 1 $$(nproc) || exit 1; done
bench-gpu: lib $(GPU_OPS) $(GPU_BENCHES) $(GPU_TRAIN)
bench-gpu: tools $(SYNTH) ## networks and training on a GPU beside cuBLAS and PyTorch
	@$(if $(GPU),bench/gpu/run.sh $(BUILD) $(BIN) || [ $$? -eq 77 ],echo 'skipped: no nvcc')
bench-solvers: ## error of every solver by evaluations, for docs/NUMERICS.md
	+@$(SUBMAKE) $(JOBS) $(BUILD)/bench/solvers $(BUILD)/bin/cedm-gen
	@for n in 5 6 7 8 9 10 11 12; do \
	  $(BUILD)/bin/cedm-gen --fit-sigmas --nfe $$n --cluster all --n 2 --seed 1000 || exit 1; \
	done >$(BUILD)/bench/fitted.txt
	$(BUILD)/bench/solvers 192 $(BUILD)/bench/fitted.txt
	bench/processes.sh $(BUILD)/bin
bench-peers: ## compare with other runtimes on the same work
	@scripts/deps.sh bench
	+@$(SUBMAKE) $(JOBS) tools $(BUILD)/bench/turn $(SYNTH) \
	  $(BUILD)/models/cifar10-c100/frozen
	bench/peers/run.sh
bench-encoders: ## the same for encoders: vision transformers, Inception
	@scripts/deps.sh bench
	+@$(SUBMAKE) $(JOBS) tools $(BUILD)/bench/turn $(SYNTH) $(INCEPTION)
	bench/peers/run_encoders.sh
bench-clusters: ## the same for clustering: k-means, neighbours, TEMI
	@scripts/deps.sh bench
	+@$(SUBMAKE) $(JOBS) tools $(BUILD)/bench/clusters
	bench/peers/run_clusters.sh
