/* SPDX-License-Identifier: MIT
 *
 * freeze.c - cedm-freeze as a function. */
#include "fault.h"

#define main freeze_main
#include "../../tools/cedm-freeze.c"
