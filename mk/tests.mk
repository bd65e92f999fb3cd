# SPDX-License-Identifier: MIT
#
# tests.mk - building the tests: a file tests/FOLDER/NAME_test.c is a program.

TEST_LIBS = -lcmocka -lmpfr -lgmp $(SYS_LIBS)
define link-test
$(call say,LINK)
$(Q)$(LINK) $(inputs) $(TEST_LIBS) -o $@
endef
# Programs that machines without the tests' libraries build, too.
define link-tool
$(call say,LINK)
$(Q)$(LINK) $(inputs) $(SYS_LIBS) -o $@
endef

# ---- programs of one file -------------------------------------------------

UNIT_SRC = $(foreach d,unit trainer evaluate cluster,$(wildcard tests/$(d)/*_test.c))
UNIT = $(patsubst %.c,$(BUILD)/test/%,$(notdir $(UNIT_SRC)))
define unit-test
$(BUILD)/test/$(basename $(notdir $(1))): $(call obj,$(1))
endef
$(foreach s,$(UNIT_SRC),$(eval $(call unit-test,$(s))))
# What tests of clustering share.
$(patsubst %.c,$(BUILD)/test/%,$(notdir $(wildcard tests/cluster/*_test.c))): \
  $(call obj,$(filter-out %_test.c,$(wildcard tests/cluster/*.c)))
# The list of Inception's tensors.
$(BUILD)/test/inception_test $(BUILD)/test/inception_files_test: \
  $(call obj,tests/inception/inception_tensors.c)
$(UNIT): $(ALONE) $(LIBTOOLS) $(LIBCUDAHOST) $(LIBS) $(DEMO_OBJ) $(CHOICES)/link
	$(link-test)

# Fuzz targets are tests/fuzz/NAME.c; fuzz_test replays the inputs of each,
# whose entry point has its own name there.
FUZZ_SRC = $(wildcard tests/fuzz/*.c)
$(call obj,$(FUZZ_SRC)): EXTRA = \
  $(if $(findstring fuzzer,$(SAN)),,-DLLVMFuzzerTestOneInput=fuzz_$(*F))
$(OBJ)/tests/unit/fuzz_test.o: $(FUZZ_SRC)
$(OBJ)/tests/unit/fuzz_test.o: EXTRA = \
  -D'FUZZ_TARGETS(X)=$(patsubst tests/fuzz/%.c,X(%),$(FUZZ_SRC))'
$(BUILD)/test/fuzz_test: $(call obj,$(FUZZ_SRC))
# Mutants of their inputs.
$(BUILD)/test/mutation_test: $(call obj,tests/fuzz/image.c tests/fuzz/dataset.c)
FUZZERS = $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
$(FUZZERS): $(BUILD)/fuzz/%: $(OBJ)/tests/fuzz/%.o $(LIBTOOLS) $(LIBS) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) -fsanitize=fuzzer $(inputs) \
	  $(SYS_LIBS) -o $@

# A second model to link beside the demo, and one with wide layers.
TINY = $(BUILD)/gen/ncsnpp_tiny
$(TINY).c: tests/golden/ncsnpp-tiny.safetensors $(BUILD)/bin/cedm-freeze
	@mkdir -p $(@D)
	$(Q)$(BUILD)/bin/cedm-freeze $< -o $(@D) --name $(basename $(@F))
SYNTH = $(BUILD)/bin/synth
WIDE = $(BUILD)/gen/wide
$(WIDE).c: tests/gpu/wide.json $(SYNTH) $(BUILD)/bin/cedm-freeze
	@mkdir -p $(@D)
	$(Q)$(SYNTH) $< $(WIDE).safetensors
	$(Q)$(BUILD)/bin/cedm-freeze $(WIDE).safetensors -o $(@D) --name wide
$(BUILD)/test/model_threads_test: $(OBJ)/gen/ncsnpp_tiny.o
$(OBJ)/tests/unit/model_threads_test.o: $(TINY).c
$(OBJ)/tests/unit/model_threads_test.o: EXTRA = -I$(BUILD)/gen \
  -DNCSNPP_TINY_BLOB_PATH='"$(TINY).cedm"'

# ---- programs of several files --------------------------------------------

OPS = $(BUILD)/test/ops_test
$(OPS): $(call obj,$(wildcard tests/ops/*.c)) $(LIBS)
GEN = $(BUILD)/test/gen_test
$(GEN): $(call obj,$(wildcard tests/gen/*.c)) $(LIBS)
$(OPS) $(GEN): $(CHOICES)/link
	$(link-test)

# The programs as functions, whose calls of the system go through wrap.c.
FAULT = $(BUILD)/test/fault_test
MAINS = $(NAMES:%=$(OBJ)/tests/fault/main_%.o)
define main-function
$(OBJ)/tests/fault/main_$(1).o: $(OBJ)/tools/$(1)/cedm-$(1).o
endef
$(foreach n,$(NAMES),$(eval $(call main-function,$(n))))
$(MAINS): $(OBJ)/tests/fault/main_%.o:
	$(call say,RENAME)
	$(Q)objcopy --redefine-sym main=$*_main $< $@
$(FAULT): $(call obj,$(wildcard tests/fault/*.c)) $(MAINS) $(ALONE) $(LIBTOOLS) \
  $(LIBS) $(DEMO_OBJ) $(CHOICES)/link
	$(link-test) -Wl,@tests/fault/wrapped

INCEPTION = $(BUILD)/bin/inception-weights
$(SYNTH): $(call obj,$(wildcard tests/synth/*.c)) $(LIBS) $(CHOICES)/link
	$(link-tool)
$(INCEPTION): $(call obj,$(wildcard tests/inception/*.c)) $(LIBS) $(CHOICES)/link
	$(link-tool)

# As an application links it: the model and libcedm.a, no other library.
EMBED = $(BUILD)/examples/embed
$(OBJ)/examples/embed.o: EXTRA = -Iweights
$(EMBED): $(OBJ)/examples/embed.o $(DEMO_OBJ) $(LIBCEDM) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(LIBCEDM) -o $@
# The same program with a malloc that aborts until the image is made.
NOMALLOC = $(if $(SAN),,$(BUILD)/test/embed_nomalloc)
$(BUILD)/test/embed_nomalloc: $(OBJ)/examples/embed.o \
  $(OBJ)/tests/check/nomalloc.o $(DEMO_OBJ) $(LIBCEDM) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) -Wl,--wrap=cedm_sample_images $(filter %.o,$^) $(LIBCEDM) -o $@

include mk/emulate.mk

TESTS = $(UNIT) $(OPS) $(GEN) $(FAULT) $(EMULATED) $(EMULATED_NET) $(GPU)
