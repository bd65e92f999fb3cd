/* SPDX-License-Identifier: MIT
 *
 * torch_legacy.h - the old format of torch.save (private to codegen/read). */
#ifndef CEDM_READ_TORCH_LEGACY_H
#define CEDM_READ_TORCH_LEGACY_H

#include "codegen/read/torch.h"

/* Another pickle of the same stream: it has its own memo, but the values
 * before it stay. */
bool cg_legacy_load(cg_pickle *p, const unsigned char **at,
                    const unsigned char *end, cg_ref *root);

/* The three pickles that begin a stream: magic, version, machine. */
bool cg_legacy_head(cg_pickle *p, const unsigned char **at,
                    const unsigned char *end);

#endif
