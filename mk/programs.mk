# SPDX-License-Identifier: MIT
#
# programs.mk - the folder tools/NAME is the program cedm-NAME.

NAMES = $(patsubst tools/%/,%,$(wildcard tools/*/))
TOOLS = $(NAMES:%=$(BUILD)/bin/cedm-%)
# All but their main functions, for tests.
TOOL_OBJ = $(call obj,$(filter-out $(foreach n,$(NAMES),tools/$(n)/cedm-$(n).c),\
  $(wildcard tools/*/*.c)))
LIBTOOLS = $(OBJ)/libtools.a
$(LIBTOOLS): $(TOOL_OBJ)

# Ranks by MPI where pkg-config knows it; MPI= leaves it out.
MPI     ?= $(shell pkg-config --exists ompi-c 2>/dev/null && echo ompi-c)
MPI_INC  = $(if $(MPI),$(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(MPI))))
MPI_LIBS = $(if $(MPI),$(shell pkg-config --libs $(MPI)))
LIBRANKS = $(OBJ)/libranks.a
CHOICE_mpi = $(MPI)
$(OBJ)/host/execution/ranks_mpi.o: EXTRA = $(MPI_INC)
$(OBJ)/host/execution/ranks_mpi.o: $(CHOICES)/mpi
$(LIBRANKS): $(OBJ)/host/execution/ranks_$(if $(MPI),mpi,alone).o $(CHOICES)/mpi

define program
$(BUILD)/bin/cedm-$(1): $(call obj,$(wildcard tools/$(1)/*.c))
endef
$(foreach n,$(NAMES),$(eval $(call program,$(n))))
$(BUILD)/bin/cedm-gen: $(DEMO_OBJ)
# Processes of the others share nothing that needs messages.
BY_MPI = $(patsubst %,$(BUILD)/bin/cedm-%,cluster train)
$(BY_MPI): $(LIBRANKS)
$(filter-out $(BY_MPI),$(TOOLS)): $(ALONE)
$(TOOLS): $(LIBS) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) $(filter %.o,$^) $(LIBCLUSTER) $(LIBTRAIN) $(LIBEVALUATE) $(LIBHOST) \
	  $(filter %/libranks.a,$^) $(LIBGEN) $(LIBCEDM) $(SYS_LIBS) \
	  $(if $(filter %/libranks.a,$^),$(MPI_LIBS)) -o $@

# Without these headers nothing of the programs compiles: said first, and with
# the remedy.
FOREIGN = cblas.h cjson/cJSON.h gif_lib.h jpeglib.h lapacke.h png.h \
  stb/stb_image_write.h webp/decode.h webp/demux.h zip.h zlib.h
HEADERS_FOUND = $(OBJ)/headers
$(HEADERS_FOUND): $(CHOICES)/compile
	@mkdir -p $(@D)
	@found() { printf '#include <%s>\n' "$$@" | \
	  $(CC) $(CFLAGS) -E -MD -MP -MF $@.d -MT $@ -x c - >/dev/null 2>&1; }; \
	found $(FOREIGN) || { missing=; \
	  for header in $(FOREIGN); do found $$header || missing="$$missing $$header"; done; \
	  echo "missing headers:$$missing; scripts/deps.sh demo installs them" >&2; exit 1; }
	@touch $@
# Those for Windows are made first: see windows.mk.
ifeq ($(WINDOWS),)
$(GEN_OBJ) $(HOST_OBJ) $(TRAIN_OBJ) $(CLUSTER_OBJ) $(EVALUATE_OBJ) $(TOOL_OBJ): | $(HEADERS_FOUND)
endif
