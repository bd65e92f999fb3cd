/* SPDX-License-Identifier: MIT
 *
 * torchzip.c - fuzz target of the reader of torch files.
 *
 * An input is an archive whose checksums are made right, so that mutations
 * get past them; a first byte of 'r' leaves them as they are. */
#include "tests/fuzz/opened.h"
#include "tests/fuzz/zip_repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    uint8_t *copy = malloc(size);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, bytes + 1, --size);
    if (bytes[0] != 'r') {
        zip_repair(copy, size);
    }
    check_open(copy, 0, copy, size);
    free(copy);
    return 0;
}
