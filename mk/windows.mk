# SPDX-License-Identifier: MIT
#
# windows.mk - cedm-gen for Windows, by MinGW-w64 in a make of its own, as for
# any other machine; mk/flags.mk has its flags.

# ---- in the make for Windows -------------------------------------------------

ifneq ($(WINDOWS),)
$(BUILD)/bin/cedm-gen.exe: $(call obj,$(wildcard tools/gen/*.c)) $(DEMO_OBJ) $(ALONE) \
  $(LIBCLUSTER) $(LIBHOST) $(LIBGEN) $(LIBCEDM) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(LINK) -static -Wl,--wrap=main $(inputs) -L$(WINDOWS_LIBS)/lib \
	  -lcjson -lmd -lzip -lgif -ljpeg -lpng -lwebp -lz -lpthread -o $@
# As text of C: the other form is for ELF.
$(OBJ)/weights/fashion_blob.o: packaging/cmake/blob.c weights/fashion.cedm $(CHOICES)/compile
	$(call say,CC)
	$(Q)sed 's|@CEDM_NAME@|fashion|g; s|@CEDM_BLOB@|weights/fashion.cedm|' $< | \
	  $(CC) $(RT_FLAGS) $(CFLAGS) -MF $(@:.o=.d) -MT $@ -x c -c - -o $@
endif

# ---- in the usual one --------------------------------------------------------

MINGW = x86_64-w64-mingw32
.PHONY: windows check-gen-exe
$(WINDOWS_LIBS)/complete: scripts/windows_libraries.sh
	$< $(@D)
windows: ## cedm-gen.exe in build/windows/bin
	@scripts/deps.sh demo windows
	+@$(SUBMAKE) $(WINDOWS_LIBS)/complete
	+@$(SUBMAKE) $(JOBS) CC=$(MINGW)-gcc AR=$(MINGW)-ar SAN= MPI= NVCC= BUILD=$(BUILD)/windows \
	  WINDOWS_LIBS=$(WINDOWS_LIBS) $(BUILD)/windows/bin/cedm-gen.exe
check-gen-exe: windows tools ## cedm-gen.exe under wine: images, recipes, errors
	@tests/portable/gen_exe.sh || [ $$? -eq 77 ]
