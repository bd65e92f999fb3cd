/* SPDX-License-Identifier: MIT
 *
 * pickle.c - fuzz target of the reader of snapshots.
 *
 * An input is a pickle without its PROTO. */
#include "tests/fuzz/opened.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint8_t head[] = {0x80, 0x04};
    check_open(head, sizeof head, bytes, size);
    return 0;
}
