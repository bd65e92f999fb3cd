/* SPDX-License-Identifier: MIT
 *
 * spared.h - outputs do not replace what they are made from. */
#ifndef CEDM_HOST_FILES_SPARED_H
#define CEDM_HOST_FILES_SPARED_H

#include <stddef.h>

#include "host/cli/failure.h"

/* False, as bad usage, if what is written to `out` would replace one of
 * `inputs`, each a path or NULL: both are one file or one folder, by whatever
 * links or names, or one is a picture that lies in the folder that the other
 * is.  Devices are nothing to replace. */
bool host_spared(const char *out, const char *const *inputs, size_t count,
                 host_failure *f);

#endif
