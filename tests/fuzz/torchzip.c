/* SPDX-License-Identifier: MIT
 *
 * torchzip.c - fuzz target of the reader of torch files.
 *
 * An input is an archive whose checksums are made right, so that mutations
 * get past them; a first byte of 'r' leaves them as they are. */
#include <zlib.h>

#include "tests/fuzz/opened.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define LOCAL 30u   /* bytes of a local record before the name */
#define CENTRAL 46u /* of a central one */

static uint32_t number_at(const uint8_t *p, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint32_t)p[i] << (8 * i);
    }
    return value;
}

/* Of the entry that a central record speaks of. */
static void repair(uint8_t *bytes, size_t size, uint8_t *central)
{
    size_t local = number_at(central + 42, 4);
    size_t length = number_at(central + 20, 4);
    if (local > size || size - local < LOCAL) {
        return;
    }
    size_t data = local + LOCAL + number_at(bytes + local + 26, 2) +
                  number_at(bytes + local + 28, 2);
    if (data > size || length > size - data) {
        return;
    }
    uint32_t crc = (uint32_t)crc32(0, bytes + data, (uInt)length);
    for (unsigned i = 0; i < 4; i++) {
        central[16 + i] = (uint8_t)(crc >> (8 * i));
        bytes[local + 14 + i] = (uint8_t)(crc >> (8 * i));
    }
}

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
    for (size_t i = 0; i + CENTRAL <= size && bytes[0] != 'r'; i++) {
        if (memcmp(copy + i, "PK\1\2", 4) == 0) {
            repair(copy, size, copy + i);
        }
    }
    check_open(copy, 0, copy, size);
    free(copy);
    return 0;
}
