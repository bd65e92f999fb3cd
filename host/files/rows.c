/* SPDX-License-Identifier: MIT
 *
 * rows.c - rows of an array as floats or doubles.
 *
 * Floats, which features are, are put together byte by byte; compilers make
 * plain loads of that.  The array may be unaligned, the host big-endian. */
#include "host/files/rows.h"

#include <string.h>

uint64_t host_row_width(const cg_array *array)
{
    uint64_t width = 1;
    for (int i = 1; i < array->rank; i++) {
        width *= array->shape[i];
    }
    return width;
}

static inline float f32_at(const unsigned char *p)
{
    uint32_t bits = (uint32_t)p[0] | (uint32_t)p[1] << 8 |
                    (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void host_rows_f32(const cg_array *array, uint64_t first, uint64_t count,
                   float *out)
{
    uint64_t width = host_row_width(array);
    uint64_t begin = first * width, elements = count * width;
    if (array->dtype == CG_F32) {
        const unsigned char *p = array->data + 4 * begin;
        for (uint64_t i = 0; i < elements; i++) {
            out[i] = f32_at(p + 4 * i);
        }
        return;
    }
    for (uint64_t i = 0; i < elements; i++) {
        out[i] = (float)cg_element(array, begin + i);
    }
}

void host_rows_f64(const cg_array *array, uint64_t first, uint64_t count,
                   double *out)
{
    uint64_t width = host_row_width(array);
    uint64_t begin = first * width, elements = count * width;
    if (array->dtype == CG_F32) {
        const unsigned char *p = array->data + 4 * begin;
        for (uint64_t i = 0; i < elements; i++) {
            out[i] = (double)f32_at(p + 4 * i);
        }
        return;
    }
    for (uint64_t i = 0; i < elements; i++) {
        out[i] = cg_element(array, begin + i);
    }
}
