/* SPDX-License-Identifier: MIT
 *
 * verify.c - cedm-verify as a function. */
#include "fault.h"

#define main verify_main
#include "../../tools/cedm-verify.c"
