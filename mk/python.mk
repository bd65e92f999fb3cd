# SPDX-License-Identifier: MIT
#
# python.mk - the Python package: libcedm.so and the demo model, by ctypes.

PYTHON ?= python3
WHEEL_PARTS = $(addprefix $(BUILD)/wheel/parts/,$(notdir $(LIBCEDM_SO)) fashion.so fashion.cedm)

$(BUILD)/wheel/parts/libcedm.so.%: $(BUILD)/lib/libcedm.so.%
	@mkdir -p $(@D)
	$(Q)strip -o $@ $<
# As cedm-freeze --build compiles it.
$(BUILD)/wheel/parts/fashion.so: weights/fashion.c $(CHOICES)/link
	$(call say,CC)
	$(Q)$(CC) -std=c11 -O1 -fPIC -shared -DCEDM_MODEL_SHARED -Iinclude $< -o $@
$(BUILD)/wheel/parts/fashion.cedm: weights/fashion.cedm
	@mkdir -p $(@D)
	$(Q)cp $< $@

.PHONY: wheel wheel-parts
wheel-parts: $(WHEEL_PARTS)
wheel: wheel-parts ## the Python package, in build/wheel; pip install . does it, too
	@$(PYTHON) python/cedm_wheel.py $(BUILD)/wheel/parts $(BUILD)/wheel

.PHONY: bench-python
bench-python: tools wheel-parts ## what Python costs over cedm-gen
	@rm -rf $(BUILD)/wheel/site
	@$(PYTHON) python/cedm_wheel.py $(BUILD)/wheel/parts $(BUILD)/wheel
	@$(PYTHON) -m zipfile -e $(BUILD)/wheel/*.whl $(BUILD)/wheel/site
	@PYTHONPATH=$(BUILD)/wheel/site $(PYTHON) bench/python_overhead.py $(BUILD)/bin/cedm-gen
