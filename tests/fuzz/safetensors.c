/* SPDX-License-Identifier: MIT
 *
 * safetensors.c - fuzz target of the safetensors reader.
 *
 * An input that begins with '{' gets the length of its header in front, so
 * that mutations reach the grammar: the header is all but the last DATA
 * bytes. */
#include "tests/fuzz/opened.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define DATA 12u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint8_t head[8];
    uint64_t length = size > DATA ? size - DATA : size;
    for (unsigned i = 0; i < 8; i++) {
        head[i] = (uint8_t)(length >> (8 * i));
    }
    check_open(head, size > 0 && bytes[0] == '{' ? sizeof head : 0, bytes,
               size);
    return 0;
}
