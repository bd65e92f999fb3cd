/* SPDX-License-Identifier: MIT
 *
 * safetensors.h - what the tests of the safetensors reader share: making
 * files byte by byte. */
#ifndef CEDM_TESTS_SAFETENSORS_H
#define CEDM_TESTS_SAFETENSORS_H

#include "tests/unit/opened_files.h"

/* One entry of a header. */
#define TENSOR(name, dtype, shape, begin, end)                               \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape                 \
    ",\"data_offsets\":[" #begin "," #end "]}"

/* length, header, data; the caller frees it */
static unsigned char *make_file(const char *header, size_t length,
                                const void *data, size_t data_size,
                                size_t *size)
{
    *size = 8 + length + data_size;
    unsigned char *bytes = malloc(*size);
    assert_non_null(bytes);
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)((uint64_t)length >> (8 * i));
    }
    memcpy(bytes + 8, header, length);
    if (data_size > 0) {
        memcpy(bytes + 8 + length, data, data_size);
    }
    return bytes;
}

#endif
