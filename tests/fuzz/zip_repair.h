/* SPDX-License-Identifier: MIT
 *
 * zip_repair.h - makes the checksums of a zip archive right, so that mutations
 * get past them. */
#ifndef CEDM_FUZZ_ZIP_REPAIR_H
#define CEDM_FUZZ_ZIP_REPAIR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#define ZIP_LOCAL 30u   /* bytes of a local record before the name */
#define ZIP_CENTRAL 46u /* of a central one */

static inline uint32_t zip_number_at(const uint8_t *p, unsigned width)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < width; i++) {
        value |= (uint32_t)p[i] << (8 * i);
    }
    return value;
}

/* Of the stored entry that a central record speaks of. */
static inline void zip_repair_entry(uint8_t *bytes, size_t size,
                                    uint8_t *central)
{
    size_t local = zip_number_at(central + 42, 4);
    size_t length = zip_number_at(central + 20, 4), data;
    uint32_t crc;

    if (local > size || size - local < ZIP_LOCAL) {
        return;
    }
    data = local + ZIP_LOCAL + zip_number_at(bytes + local + 26, 2) +
           zip_number_at(bytes + local + 28, 2);
    if (data > size || length > size - data) {
        return;
    }
    crc = (uint32_t)crc32(0, bytes + data, (uInt)length);
    for (unsigned i = 0; i < 4; i++) {
        central[16 + i] = (uint8_t)(crc >> (8 * i));
        bytes[local + 14 + i] = (uint8_t)(crc >> (8 * i));
    }
}

static inline void zip_repair(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i + ZIP_CENTRAL <= size; i++) {
        if (memcmp(bytes + i, "PK\1\2", 4) == 0) {
            zip_repair_entry(bytes, size, bytes + i);
        }
    }
}

#endif
