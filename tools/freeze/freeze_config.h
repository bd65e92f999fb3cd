/* SPDX-License-Identifier: MIT
 *
 * freeze_config.h - what a folder of transformers says beside the weights of a
 * vision transformer. */
#ifndef CEDM_TOOLS_FREEZE_FREEZE_CONFIG_H
#define CEDM_TOOLS_FREEZE_FREEZE_CONFIG_H

#include "codegen/codegen.h"
#include "host/cli/failure.h"

/* Takes heads and epsilon from the config.json in the checkpoint's folder, if
 * that describes a ViTModel or a Dinov2Model; what was chosen before stays.
 * False, with a line, if the file is there and cannot be used. */
bool freeze_config_read(cg_encoder_choice *choice, const char *checkpoint,
                        host_failure *f);

#endif
