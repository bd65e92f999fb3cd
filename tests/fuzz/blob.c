/* SPDX-License-Identifier: MIT
 *
 * blob.c - fuzz target of cedm_bind: bytes against a model's layout.
 *
 * An input is a byte that says which checksums are made right before the
 * call (bits 0 to 3: tensors, table, trailer, header), so that mutations get
 * past them, and whether weights have 16 bits (bit 4); two bytes that choose
 * a bit; then the blob.  What is bound has the model's size and layout and
 * no bit to spare: with one bit changed, one byte less or one more it is
 * refused.  Weights of any bits can be prepared. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cedm.h"
#include "tests/fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum {
    TENSOR_CRCS = 1,
    TABLE_CRC = 2,
    TRAILER_CRC = 4,
    HEADER_CRC = 8,
    HALF = 16
};

/* Gaps between the tensors and behind the last one. */
static const cedm_tensor tensors[] = {{0, 5, 0}, {16, 33, 0}, {64, 16, 0}};
#define TENSORS 3u
#define ELEMENTS 84u
#define TABLE 96u
#define DATA 128u /* 96 + 3 x 4, aligned */

static void eval_nothing(const cedm_ops *ops, void *ctx)
{
    (void)ops;
    (void)ctx;
}

static const cedm_denoiser denoiser = {
    .resolution = 4,
    .channels = 1,
    .sigma_data = 0.5,
    .sigma_max = 1e308,
    .features = {.channels = 2, .freqs = CEDM_NONE}};
static const cedm_port inputs[] = {{"image", CEDM_REF_F32, 4, 4, 1},
                                   {"features", CEDM_REF_F32 | 32, 1, 1, 2}};

#define MODEL(type)                                                          \
    {                                                                        \
        .abi = CEDM_MODEL_ABI, .size = sizeof(cedm_model), .name = "fuzz",   \
        .denoiser = &denoiser, .graph = {                                    \
            .input_count = 2,                                                \
            .output_count = 1,                                               \
            .inputs = inputs,                                                \
            .outputs = inputs,                                               \
            .dtype = type,                                                   \
            .data_elements = ELEMENTS,                                       \
            .layout_hash = 0x0123456789abcdefu,                              \
            .tensor_count = TENSORS,                                         \
            .tensors = tensors,                                              \
            .eval = eval_nothing                                             \
        }                                                                    \
    }

static const cedm_model models[] = {MODEL(CEDM_DTYPE_F32),
                                    MODEL(CEDM_DTYPE_F16)};

static size_t width_of(const cedm_model *model)
{
    return model->graph.dtype == CEDM_DTYPE_F16 ? 2 : 4;
}

static size_t trailer_of(const cedm_model *model)
{
    return (size_t)CEDM_ALIGN_UP(DATA + width_of(model) * ELEMENTS);
}

/* ---- a blob to be bound ------------------------------------------------ */

static void put_crc(unsigned char *blob, size_t at, size_t from, size_t to)
{
    uint32_t crc = cedm_crc32c(0, blob + from, to - from);
    memcpy(blob + at, &crc, sizeof crc);
}

static void repair(const cedm_model *model, unsigned char *blob, size_t size,
                   unsigned which)
{
    size_t width = width_of(model), trailer = trailer_of(model);
    for (size_t t = 0; (which & TENSOR_CRCS) != 0 && t < TENSORS; t++) {
        size_t from = DATA + width * tensors[t].offset;
        size_t to = from + width * tensors[t].elements;
        if (to <= size) {
            put_crc(blob, TABLE + 4 * t, from, to);
        }
    }
    if ((which & TABLE_CRC) != 0 && size >= TABLE + 4 * TENSORS) {
        put_crc(blob, offsetof(cedm_blob_header, table_crc), TABLE,
                TABLE + 4 * TENSORS);
    }
    if ((which & TRAILER_CRC) != 0 && size >= trailer) {
        put_crc(blob, offsetof(cedm_blob_header, trailer_crc), trailer, size);
    }
    if ((which & HEADER_CRC) != 0 && size >= sizeof(cedm_blob_header)) {
        size_t at = offsetof(cedm_blob_header, header_crc);
        put_crc(blob, at, 0, at);
    }
}

/* An aligned copy, and `more` zeros, that end where their memory ends. */
static unsigned char *copy_of(const uint8_t *bytes, size_t size, size_t more)
{
    void *copy = NULL;
    want(posix_memalign(&copy, CEDM_ALIGN, size + more) == 0);
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    memset((unsigned char *)copy + size, 0, more);
    return copy;
}

/* ---- what must hold ---------------------------------------------------- */

static void check_refused(const cedm_model *model, const unsigned char *blob,
                          size_t size)
{
    static const cedm_blob zero;
    cedm_blob bound;
    memset(&bound, 0xff, sizeof bound);
    want(cedm_bind(&bound, model, blob, size) < CEDM_OK);
    want(memcmp(&bound, &zero, sizeof zero) == 0);
}

static void check_bound(const cedm_blob *bound, unsigned char *blob,
                        size_t size, unsigned bit)
{
    const cedm_model *model = bound->model;
    want((const unsigned char *)bound->data == blob + DATA);
    want((const unsigned char *)bound->trailer == blob + trailer_of(model));
    want(bound->trailer_bytes == size - trailer_of(model));
    unsigned char *longer = copy_of(blob, size, 1);
    check_refused(model, longer, size - 1);
    check_refused(model, longer, size + 1);
    free(longer);
    bit %= (unsigned)size * 8u;
    blob[bit / 8] ^= (unsigned char)(1u << bit % 8);
    check_refused(model, blob, size);
}

static void check_prepared(const cedm_blob *bound)
{
    cedm_net_config config = cedm_net_config_default();
    size_t size = (size_t)cedm_weights_bytes(bound->model, config.backend);
    unsigned char *weights = copy_of(NULL, 0, size);
    want(cedm_prepare(bound, &config, weights, size) == CEDM_OK);
    free(weights);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 3 || size > 65536) {
        return 0;
    }
    const cedm_model *model = &models[(bytes[0] & HALF) != 0];
    unsigned which = bytes[0], bit = bytes[1] | (unsigned)bytes[2] << 8;
    size -= 3;
    unsigned char *blob = copy_of(bytes + 3, size, 0);
    repair(model, blob, size, which);
    unsigned char *before = copy_of(blob, size, 0);
    cedm_blob bound;
    if (cedm_bind(&bound, model, blob, size) == CEDM_OK) {
        want(bound.model == model);
        want(memcmp(blob, before, size) == 0);
        check_prepared(&bound);
        check_bound(&bound, blob, size, bit);
    } else {
        check_refused(model, blob, size);
    }
    free(before);
    free(blob);
    return 0;
}
