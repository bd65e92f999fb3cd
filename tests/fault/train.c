/* SPDX-License-Identifier: MIT
 *
 * train.c - cedm-train as a function. */
#include "fault.h"

#define main train_main
#include "../../trainer/cedm-train.c"
