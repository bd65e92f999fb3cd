# SPDX-License-Identifier: MIT
#
# demo.mk - the model that the project carries: trained, frozen, committed.

CHECKPOINT = weights/fashion.safetensors
IMAGES     = /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz
# Days of work, which `make clean` leaves.
DEMO_RUN   = runs/demo
GENERATED  = h c cedm map svg csv

.PHONY: weights gen gen-diff train-demo
weights: $(BUILD)/bin/cedm-freeze ## freeze the demo model again
	$< $(CHECKPOINT) -o weights --name fashion
gen: weights ## write all generated files that are committed
gen-diff: $(BUILD)/bin/cedm-freeze ## compare them with what would be written
	$< $(CHECKPOINT) -o $(BUILD)/gen --name fashion
	@for x in $(GENERATED); do \
	  cmp $(BUILD)/gen/fashion.$$x weights/fashion.$$x || exit 1; done
	@echo "weights/fashion.*: as generated"

# 30 to 80 minutes of processor time; interrupted, it goes on where it was.
train-demo: ## train the demo model from its images, and freeze it
	@scripts/deps.sh demo images
	+@$(SUBMAKE) $(JOBS) tools
	$(BUILD)/bin/cedm-train --preset fashion --data $(IMAGES) \
	  --clusters weights/fashion.clusters.npy --out $(DEMO_RUN) \
	  --tick 10 --snap 10 $(if $(wildcard $(DEMO_RUN)/state-*),--resume)
	cp "$$(ls $(DEMO_RUN)/snapshot-*.safetensors | tail -n 1)" $(CHECKPOINT)
	+@$(SUBMAKE) weights
