# SPDX-License-Identifier: MIT
#
# browser.mk - the runtime as WebAssembly, and a page that draws with it.
#
# clang and wasm-ld compile to WebAssembly in a make of its own, as for any
# other machine; cedm-freeze makes the model's part.

WASM_CC  ?= clang
WASM      = $(BUILD)/wasm
PAGE      = $(BUILD)/browser
PAGE_SRC  = $(wildcard browser/*.html browser/*.css browser/*.js)
RUNTIMES  = runtime.wasm portable.wasm

# ---- in the make for WebAssembly ---------------------------------------------

WASM_BOTH = $(call obj,browser/page_session.c browser/mem.c)
$(BUILD)/runtime.wasm: $(WASM_BOTH) $(call obj,browser/vector.c browser/pool.c)
$(BUILD)/portable.wasm: $(WASM_BOTH) $(call obj,browser/portable.c)
$(OBJ)/browser/pool.o: EXTRA = -matomics
# Whoever loads it brings the memory, whose maximum makes one bit enough to
# share it (browser/engine.js).  An overflowing stack traps at address 0.
WASM_LD = --no-entry,--strip-all,--stack-first,-z,stack-size=65536,--import-memory,$\
  --max-memory=4294967296,--export-table,--growable-table,--export=__heap_base,$\
  --export=__stack_pointer
$(patsubst %,$(BUILD)/%,$(RUNTIMES)): $(LIBCEDM) $(CHOICES)/link
	$(call say,LINK)
	$(Q)$(CC) -nostdlib -Wl,$(WASM_LD) $(inputs) -o $@

# ---- in the usual one --------------------------------------------------------

.PHONY: browser wasm
wasm:
	+@$(SUBMAKE) $(JOBS) CC='$(WASM_CC) --target=wasm32' \
	  AR="$$($(WASM_CC) --print-prog-name=llvm-ar)" OPT=-Os SAN= BUILD=$(WASM) \
	  CFLAGS='-isystem browser/include -mbulk-memory' $(patsubst %,$(WASM)/%,$(RUNTIMES))

# The demo with weights of 16 bits; the library is for `cedm-gen --from`.
PAGE_MODEL = $(BUILD)/gen/page/fashion
$(PAGE_MODEL).wasm: $(CHECKPOINT) $(BUILD)/bin/cedm-freeze
	@mkdir -p $(@D)
	$(Q)$(BUILD)/bin/cedm-freeze $< -o $(@D) --weights f16 --build --wasm >/dev/null

browser: ## a page that draws, in build/browser
	@scripts/deps.sh browser
	+@$(SUBMAKE) $(JOBS) page
.PHONY: page
page: wasm $(PAGE_MODEL).wasm
	@mkdir -p $(PAGE)
	@install -m 644 $(PAGE_SRC) $(patsubst %,$(WASM)/%,$(RUNTIMES)) \
	  $(PAGE_MODEL).wasm $(PAGE_MODEL).cedm $(PAGE)
	@echo "$(PAGE)/: serve it, for example by: python3 -m http.server -d $(PAGE)"

.PHONY: check-browser
check-browser: ## the page in a headless Chromium, with screenshots
	@scripts/deps.sh browser page
	+@$(SUBMAKE) $(JOBS) page tools
	@tests/browser/page.sh || [ $$? -eq 77 ]
