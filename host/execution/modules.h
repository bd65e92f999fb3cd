/* SPDX-License-Identifier: MIT
 *
 * modules.h - the modules of a checkpoint, and which op of the frozen graph
 * leaves the output of one. */
#ifndef CEDM_HOST_EXECUTION_MODULES_H
#define CEDM_HOST_EXECUTION_MODULES_H

#include <stdbool.h>
#include <stddef.h>

#include "host/execution/model.h"

/* Finds the last convolution or linear layer of a module, such as
 * enc.8x8_block0 or enc.8x8_block0.conv1: its result is the module's output.
 * False if the model's description has no such module. */
bool host_module_last_op(const host_model *m, const char *module,
                         uint32_t *id);

/* Longest name of a module, with its zero. */
#define HOST_MODULE_BYTES 128

/* The block after the bottleneck of a U-net, dec.8x8_in1 of a network whose
 * lowest resolution is 8: the second one of those that begin with "dec.", for
 * the first is the bottleneck.  False if there is none. */
bool host_module_after_bottleneck(const host_model *m,
                                  char module[HOST_MODULE_BYTES]);

#endif
