/* SPDX-License-Identifier: MIT
 *
 * array.c - finding named arrays and reading their elements. */
#include <math.h>
#include <string.h>

#include "codegen/read/array.h"

static const unsigned char dtype_bytes[] = {
#define CG_DTYPE_BYTES(name, size, word) size,
    CG_DTYPE_LIST(CG_DTYPE_BYTES)
#undef CG_DTYPE_BYTES
};

unsigned cg_dtype_bytes(cg_dtype dtype)
{
    return dtype_bytes[dtype];
}

uint64_t cg_array_bytes(const cg_array *array)
{
    return array->elements * dtype_bytes[array->dtype];
}

const cg_array *cg_find(const cg_file *file, const char *name)
{
    size_t low = 0, high = file->array_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, file->arrays[middle].name);
        if (order == 0) {
            return &file->arrays[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

const char *cg_find_metadata(const cg_file *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++) {
        if (strcmp(file->metadata[i].key, key) == 0) {
            return file->metadata[i].value;
        }
    }
    return NULL;
}

/* Byte by byte: data may be unaligned, and the host may be big-endian. */
static uint64_t load(const unsigned char *p, unsigned bytes)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < bytes; i++) {
        bits |= (uint64_t)p[i] << (8u * i);
    }
    return bits;
}

static float from_float_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double from_half_bits(unsigned bits)
{
    int exponent = (int)((bits >> 10) & 31u);
    double mantissa = (double)(bits & 1023u), value;
    if (exponent == 0) {
        value = ldexp(mantissa, -24);
    } else if (exponent < 31) {
        value = ldexp(1024.0 + mantissa, exponent - 25);
    } else {
        value = mantissa > 0.0 ? (double)NAN : (double)INFINITY;
    }
    return (bits & 0x8000u) != 0 ? -value : value;
}

double cg_element(const cg_array *array, uint64_t i)
{
    unsigned size = dtype_bytes[array->dtype];
    uint64_t bits = load(array->data + i * size, size);
    double value;
    switch (array->dtype) {
    case CG_F64: memcpy(&value, &bits, sizeof value); return value;
    case CG_F32: return (double)from_float_bits((uint32_t)bits);
    case CG_F16: return from_half_bits((unsigned)bits);
    case CG_BF16: return (double)from_float_bits((uint32_t)bits << 16);
    case CG_I64: return (double)(int64_t)bits;
    case CG_I32: return (double)(int32_t)(uint32_t)bits;
    case CG_I16: return (double)(int16_t)(uint16_t)bits;
    case CG_I8: return (double)(int8_t)(uint8_t)bits;
    case CG_BOOL: return bits != 0 ? 1.0 : 0.0;
    case CG_U64:
    case CG_U32:
    case CG_U16:
    case CG_U8:
    case CG_DTYPE_COUNT: break;
    }
    return (double)bits;
}
