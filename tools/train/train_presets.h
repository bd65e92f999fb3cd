/* SPDX-License-Identifier: MIT
 *
 * train_presets.h - recipes under one name. */
#ifndef CEDM_TOOLS_TRAIN_PRESETS_H
#define CEDM_TOOLS_TRAIN_PRESETS_H

#include "host/cli/args.h"
#include "trainer/train_options.h"

/* The names, for help. */
#define TRAIN_PRESETS                                                        \
    "cifar10, cifar100, ffhq64, fashion, edm-cifar10, edm-ffhq64, "          \
    "edm-afhqv2 or edm-imagenet64"

/* Sets network and recipe to those of the preset in a->value. */
bool train_preset_apply(train_options *o, const host_args *a,
                        host_failure *f);

/* The network of an architecture with its published size: ADM's is larger than
 * the others'. */
void train_arch_apply(train_options *o, const char *arch);

#endif
