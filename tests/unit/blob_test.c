/* SPDX-License-Identifier: MIT
 *
 * blob_test.c - a small blob, and what becomes of it when it is damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cedm.h"
#include "tests/denoiser_model.h"

/* Three tensors with gaps between them, and a gap behind the last one. */
static const cedm_tensor tensors[] = {{0, 5, 0}, {16, 33, 0}, {64, 16, 0}};
#define TENSORS 3u
#define ELEMENTS 84u
#define DATA 128u                       /* 96 + 3 x 4, aligned */
#define DATA_END (DATA + 4u * ELEMENTS) /* 464 */
#define TRAILER 512u
#define TEXT "{\"model\": \"test\", \"clusters\": 3}"
#define SIZE (TRAILER + sizeof TEXT - 1u)

static _Alignas(CEDM_ALIGN) unsigned char good[SIZE];
static _Alignas(CEDM_ALIGN) unsigned char copy[SIZE + CEDM_ALIGN];

static void eval_nothing(const cedm_ops *ops, void *ctx)
{
    (void)ops;
    (void)ctx;
}

static cedm_model test_model(void)
{
    static denoiser_model parts = {
        .denoiser = {.resolution = 4,
                     .channels = 1,
                     .sigma_data = 0.5,
                     .sigma_max = 1e308,
                     .features = {.channels = 2, .freqs = CEDM_NONE}}};
    denoiser_model_wire(&parts, 32);
    cedm_model model = parts.model;
    model.abi = CEDM_MODEL_ABI;
    model.size = sizeof(cedm_model);
    model.name = "test";
    model.graph.data_elements = ELEMENTS;
    model.graph.layout_hash = 0x0123456789abcdefu;
    model.graph.tensor_count = TENSORS;
    model.graph.tensors = tensors;
    model.graph.eval = eval_nothing;
    return model;
}

/* One bit at a time, as the definition has it. */
static uint32_t slow_crc32c(const unsigned char *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1u ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
        }
    }
    return ~crc;
}

/* Signs the header of a blob again after a change. */
static void sign_header(unsigned char *blob)
{
    uint32_t crc = slow_crc32c(blob, 92);
    memcpy(blob + 92, &crc, sizeof crc);
}

static void put(unsigned char *blob, size_t at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        blob[at + i] = (unsigned char)(value >> (8 * i));
    }
}

static int make_blob(void **state)
{
    (void)state;
    memset(good, 0, sizeof good);
    memcpy(good, "CEDMBLOB", 8);
    put(good, 8, CEDM_BLOB_VERSION, 4);
    put(good, 16, 0x0123456789abcdefu, 8);
    put(good, 24, SIZE, 8);
    put(good, 32, DATA, 8);
    put(good, 40, 4 * ELEMENTS, 8);
    put(good, 48, TRAILER, 8);
    put(good, 56, sizeof TEXT - 1, 8);
    put(good, 64, TENSORS, 4);
    memcpy(good + TRAILER, TEXT, sizeof TEXT - 1);
    put(good, 68, slow_crc32c(good + TRAILER, sizeof TEXT - 1), 4);
    for (uint32_t t = 0; t < TENSORS; t++) {
        unsigned char *at = good + DATA + 4u * tensors[t].offset;
        for (uint32_t i = 0; i < tensors[t].elements; i++) {
            float value = (float)(i + 1) / (float)(t + 3);
            memcpy(at + 4u * i, &value, sizeof value);
        }
        put(good, 96 + 4u * t, slow_crc32c(at, 4u * tensors[t].elements), 4);
    }
    put(good, 72, slow_crc32c(good + 96, 4 * TENSORS), 4);
    sign_header(good);
    return 0;
}

static void expect(cedm_status got, cedm_status want, size_t where)
{
    if (got != want) {
        fail_msg("at %zu: got %d (%s), want %d (%s)", where, (int)got,
                 cedm_status_text(got), (int)want, cedm_status_text(want));
    }
}

/* Binds; a failure must leave the blob zeroed. */
static cedm_status bind(const cedm_model *model, const void *bytes,
                        size_t size)
{
    cedm_blob blob, zero;
    memset(&blob, 0x5a, sizeof blob);
    memset(&zero, 0, sizeof zero);
    cedm_status status = cedm_bind(&blob, model, bytes, size);
    if (status != CEDM_OK) {
        assert_memory_equal(&blob, &zero, sizeof blob);
    }
    return status;
}

static void a_good_blob(void **state)
{
    (void)state;
    cedm_model model = test_model();
    cedm_blob blob;
    expect(cedm_bind(&blob, &model, good, SIZE), CEDM_OK, 0);
    assert_ptr_equal(blob.model, &model);
    assert_ptr_equal(blob.data, good + DATA);
    assert_ptr_equal(blob.trailer, good + TRAILER);
    assert_int_equal(blob.trailer_bytes, sizeof TEXT - 1);
}

/* What a flipped byte at a place must give. */
static cedm_status status_at(size_t at)
{
    if (at < 8) {
        return CEDM_E_BLOB_MAGIC;
    }
    if (at < 12) {
        return CEDM_E_BLOB_VERSION;
    }
    if (at < DATA) {
        return CEDM_E_BLOB_HEADER;
    }
    return at < TRAILER ? CEDM_E_BLOB_DATA : CEDM_E_BLOB_TRAILER;
}

static void every_flipped_bit(void **state)
{
    (void)state;
    cedm_model model = test_model();
    memcpy(copy, good, SIZE);
    for (size_t at = 0; at < SIZE; at++) {
        for (int bit = 0; bit < 8; bit++) {
            copy[at] ^= (unsigned char)(1u << bit);
            expect(bind(&model, copy, SIZE), status_at(at), at);
            copy[at] = good[at];
        }
        copy[at] = (unsigned char)~good[at];
        expect(bind(&model, copy, SIZE), status_at(at), at);
        copy[at] = good[at];
    }
}

/* In a block that ends where the blob was cut, so that the sanitizer sees a
 * byte read beyond it. */
static void every_length(void **state)
{
    (void)state;
    cedm_model model = test_model();
    for (size_t size = 0; size < SIZE; size++) {
        void *memory = NULL;
        assert_int_equal(
            posix_memalign(&memory, CEDM_ALIGN, size > 0 ? size : 1), 0);
        unsigned char *exact = memory;
        memcpy(exact, good, size);
        expect(bind(&model, exact, size), CEDM_E_BLOB_SHORT, size);
        free(memory);
    }
    memcpy(copy, good, SIZE);
    for (size_t more = 1; more <= CEDM_ALIGN; more++) {
        expect(bind(&model, copy, SIZE + more), CEDM_E_BLOB_TRAILER, more);
    }
}

/* Each field set to another value, and the header signed again. */
static void every_header_field(void **state)
{
    static const struct {
        size_t at, bytes;
        uint64_t value;
        cedm_status want;
    } changes[] = {
        {8, 4, 2, CEDM_E_BLOB_VERSION},
        {12, 4, 1, CEDM_E_BLOB_LAYOUT},
        {16, 8, 1, CEDM_E_BLOB_LAYOUT},
        {24, 8, SIZE + 1, CEDM_E_BLOB_HEADER},
        {24, 8, SIZE - 1, CEDM_E_BLOB_HEADER},
        {24, 8, 0, CEDM_E_BLOB_HEADER},
        {24, 8, UINT64_MAX, CEDM_E_BLOB_HEADER},
        {32, 8, DATA + 64, CEDM_E_BLOB_LAYOUT},
        {32, 8, UINT64_MAX - 63, CEDM_E_BLOB_LAYOUT},
        {40, 8, 4 * ELEMENTS + 4, CEDM_E_BLOB_LAYOUT},
        {40, 8, UINT64_MAX, CEDM_E_BLOB_LAYOUT},
        {48, 8, TRAILER + 1, CEDM_E_BLOB_HEADER},
        {48, 8, UINT64_MAX, CEDM_E_BLOB_HEADER},
        {56, 8, sizeof TEXT, CEDM_E_BLOB_HEADER},
        {56, 8, UINT64_MAX - TRAILER + 1, CEDM_E_BLOB_HEADER},
        {64, 4, TENSORS + 1, CEDM_E_BLOB_LAYOUT},
        {64, 4, UINT32_MAX, CEDM_E_BLOB_LAYOUT},
        {68, 4, 1, CEDM_E_BLOB_TRAILER},
        {72, 4, 1, CEDM_E_BLOB_HEADER},
        {76, 4, 1, CEDM_E_BLOB_HEADER},
        {88, 4, 1, CEDM_E_BLOB_HEADER},
    };
    (void)state;
    cedm_model model = test_model();
    for (size_t c = 0; c < sizeof changes / sizeof changes[0]; c++) {
        memcpy(copy, good, SIZE);
        put(copy, changes[c].at, changes[c].value, changes[c].bytes);
        sign_header(copy);
        expect(bind(&model, copy, SIZE), changes[c].want, changes[c].at);
    }
    /* both lengths grown together are a blob cut short */
    memcpy(copy, good, SIZE);
    put(copy, 24, SIZE + 100, 8);
    put(copy, 56, sizeof TEXT - 1 + 100, 8);
    sign_header(copy);
    expect(bind(&model, copy, SIZE), CEDM_E_BLOB_SHORT, 24);
}

static void another_model(void **state)
{
    static const cedm_tensor unordered[] = {
        {16, 33, 0}, {0, 5, 0}, {64, 16, 0}};
    static const cedm_tensor overlapping[] = {
        {0, 17, 0}, {16, 33, 0}, {64, 16, 0}};
    static const cedm_tensor unaligned[] = {
        {0, 5, 0}, {17, 30, 0}, {64, 16, 0}};
    static const cedm_tensor outside[] = {
        {0, 5, 0}, {16, 33, 0}, {64, 21, 0}};
    static const cedm_tensor wrapping[] = {
        {0, 5, 0}, {16, 33, 0}, {0xfffffff0u, 0xffffffffu, 0}};
    static const cedm_tensor shifted[] = {
        {0, 5, 0}, {32, 17, 0}, {64, 16, 0}};
    (void)state;
    cedm_model model = test_model();
#define REFUSE(member, value, status)                                        \
    model = test_model();                                                    \
    model.member = (value);                                                  \
    expect(bind(&model, good, SIZE), status, offsetof(cedm_model, member))
    REFUSE(graph.layout_hash, 1, CEDM_E_BLOB_LAYOUT);
    REFUSE(graph.data_elements, ELEMENTS + 1, CEDM_E_BLOB_LAYOUT);
    REFUSE(graph.data_elements, UINT64_MAX, CEDM_E_BLOB_LAYOUT);
    REFUSE(graph.data_elements, ((uint64_t)1 << 62) + ELEMENTS,
           CEDM_E_BLOB_LAYOUT);
    REFUSE(graph.tensor_count, TENSORS - 1, CEDM_E_BLOB_LAYOUT);
    REFUSE(graph.tensors, unordered, CEDM_E_BLOB_LAYOUT);
    REFUSE(graph.tensors, overlapping, CEDM_E_BLOB_LAYOUT);
    REFUSE(graph.tensors, unaligned, CEDM_E_BLOB_LAYOUT);
    REFUSE(graph.tensors, outside, CEDM_E_BLOB_LAYOUT);
    REFUSE(graph.tensors, wrapping, CEDM_E_BLOB_LAYOUT);
    REFUSE(graph.tensors, shifted, CEDM_E_BLOB_DATA);
    REFUSE(graph.tensors, NULL, CEDM_E_NULL);
    REFUSE(abi, 0, CEDM_E_ABI);
    REFUSE(size, 8, CEDM_E_ABI);
#undef REFUSE
}

/* Without the model: any byte of header or trailer that changes is noticed,
 * and nothing between them is looked at. */
static void inspected_without_a_model(void **state)
{
    (void)state;
    cedm_blob_header h;
    static const cedm_blob_header zero;
    assert_int_equal(cedm_inspect(&h, good, SIZE), CEDM_OK);
    assert_memory_equal(&h, good, sizeof h);
    memcpy(copy + 1, good, SIZE);
    assert_int_equal(cedm_inspect(&h, copy + 1, SIZE), CEDM_OK);
    for (size_t at = 0; at < SIZE; at++) {
        memcpy(copy, good, SIZE);
        copy[at] ^= 4;
        cedm_status status = cedm_inspect(&h, copy, SIZE);
        bool looked_at = at < sizeof h || at >= TRAILER;
        if ((status != CEDM_OK) != looked_at) {
            fail_msg("byte %zu changed: status %d", at, status);
        }
    }
    for (size_t size = 0; size <= SIZE + 1; size++) {
        memcpy(copy, good, SIZE);
        cedm_status status = cedm_inspect(&h, copy, size);
        if (size != SIZE) {
            expect(status,
                   size < SIZE ? CEDM_E_BLOB_SHORT : CEDM_E_BLOB_TRAILER,
                   size);
            assert_memory_equal(&h, &zero, sizeof h);
        }
    }
    assert_int_equal(cedm_inspect(NULL, good, SIZE), CEDM_E_NULL);
    assert_int_equal(cedm_inspect(&h, NULL, SIZE), CEDM_E_NULL);
}

/* A header with a right checksum can still say anything. */
static void trailers_outside_the_blob(void **state)
{
    (void)state;
    static const struct {
        uint64_t offset, bytes;
    } trailers[] = {{SIZE + 1, 0},
                    {UINT64_MAX, 1},
                    {UINT64_MAX, SIZE + 1},
                    {TRAILER, UINT64_MAX},
                    {0, SIZE - 1}};
    cedm_blob_header h;
    for (size_t k = 0; k < sizeof trailers / sizeof *trailers; k++) {
        memcpy(copy, good, SIZE);
        put(copy, offsetof(cedm_blob_header, trailer_offset),
            trailers[k].offset, 8);
        put(copy, offsetof(cedm_blob_header, trailer_bytes),
            trailers[k].bytes, 8);
        sign_header(copy);
        expect(cedm_inspect(&h, copy, SIZE), CEDM_E_BLOB_HEADER, k);
    }
}

static void refused_arguments(void **state)
{
    (void)state;
    cedm_model model = test_model();
    memcpy(copy + 32, good, SIZE);
    expect(cedm_bind(NULL, &model, good, SIZE), CEDM_E_NULL, 0);
    expect(bind(NULL, good, SIZE), CEDM_E_NULL, 0);
    expect(bind(&model, NULL, SIZE), CEDM_E_NULL, 0);
    expect(bind(&model, copy + 32, SIZE), CEDM_E_ALIGN, 0);
}

/* ---- CRC-32C ----------------------------------------------------------- */

/* The check value of the CRC catalogues, and those of RFC 3720, B.4. */
static void crc_known_answers(void **state)
{
    unsigned char bytes[32] = {0};
    (void)state;
    assert_int_equal(cedm_crc32c(0, "123456789", 9), 0xe3069283u);
    assert_int_equal(cedm_crc32c(0, bytes, 32), 0x8a9136aau);
    memset(bytes, 0xff, 32);
    assert_int_equal(cedm_crc32c(0, bytes, 32), 0x62a8ab43u);
    for (unsigned i = 0; i < 32; i++) {
        bytes[i] = (unsigned char)i;
    }
    assert_int_equal(cedm_crc32c(0, bytes, 32), 0x46dd794eu);
    assert_int_equal(cedm_crc32c(0, bytes, 0), 0);
}

/* All lengths and alignments, whole and in two pieces. */
static void crc_equals_its_definition(void **state)
{
    unsigned char bytes[300];
    (void)state;
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i * i * 2654435761u >> 13);
    }
    for (size_t from = 0; from < 16; from++) {
        for (size_t size = 0; size + from <= sizeof bytes; size++) {
            uint32_t want = slow_crc32c(bytes + from, size);
            size_t cut = size * (from + 1) / 17;
            uint32_t half = cedm_crc32c(0, bytes + from, cut);
            assert_int_equal(cedm_crc32c(0, bytes + from, size), want);
            assert_int_equal(
                cedm_crc32c(half, bytes + from + cut, size - cut), want);
        }
    }
    for (unsigned byte = 0; byte < 256; byte++) { /* every table entry */
        for (size_t at = 0; at < 8; at++) {
            unsigned char eight[8] = {0};
            eight[at] = (unsigned char)byte;
            assert_int_equal(cedm_crc32c(0, eight, 8), slow_crc32c(eight, 8));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_blob),
        cmocka_unit_test(every_flipped_bit),
        cmocka_unit_test(every_length),
        cmocka_unit_test(every_header_field),
        cmocka_unit_test(another_model),
        cmocka_unit_test(inspected_without_a_model),
        cmocka_unit_test(trailers_outside_the_blob),
        cmocka_unit_test(refused_arguments),
        cmocka_unit_test(crc_known_answers),
        cmocka_unit_test(crc_equals_its_definition),
    };
    return cmocka_run_group_tests_name("blob", tests, make_blob, NULL);
}
