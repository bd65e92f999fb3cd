/* SPDX-License-Identifier: MIT
 *
 * args_hint.h - which option somebody meant who wrote an unknown one. */
#ifndef CEDM_HOST_CLI_ARGS_HINT_H
#define CEDM_HOST_CLI_ARGS_HINT_H

#include "host/cli/args.h"

/* The option whose name, `length` letters without dashes, differs from an
 * unknown one by underscores for dashes or by dashes in front, or else is the
 * only one that begins so, or that is one or two slips away.  NULL if there is
 * none. */
const host_args_option *host_args_meant(const host_args *a, const char *name,
                                        size_t length);

#endif
