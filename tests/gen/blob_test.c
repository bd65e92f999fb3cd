/* SPDX-License-Identifier: MIT
 *
 * blob_test.c - every byte of an emitted blob, against docs/FORMAT.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "tests/gen/gen_test.h"

static uint32_t get_u32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static uint64_t get_u64(const unsigned char *p)
{
    return get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}

/* CRC-32C one bit at a time, from its definition. */
static uint32_t crc32c(const unsigned char *p, size_t size)
{
    uint32_t crc = 0xffffffffu;

    for (size_t i = 0; i < size; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1u) != 0 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
        }
    }
    return ~crc;
}

static size_t up(size_t n)
{
    return (n + 63u) / 64u * 64u;
}

static void header_has_the_bytes_of_the_format(void **state)
{
    static tiny t;
    size_t size, data = up(96 + 4 * TINY_PARAMS), trailer;
    unsigned char *b;

    (void)state;
    tiny_make(&t);
    gen_emit(&t, gen_directory(), "tiny");
    b = gen_read(gen_path(), "tiny.cedm", &size);
    trailer = up(data + 4 * TINY_DATA);
    assert_memory_equal(b, "CEDMBLOB", 8);
    assert_int_equal(get_u32(b + 8), 1);
    assert_int_equal(get_u32(b + 12), 0);
    assert_int_equal(get_u64(b + 16), 0x0123456789abcdefu);
    assert_int_equal(get_u64(b + 24), size);
    assert_int_equal(get_u64(b + 32), data);
    assert_int_equal(get_u64(b + 40), 4 * TINY_DATA);
    assert_int_equal(get_u64(b + 48), trailer);
    assert_int_equal(get_u64(b + 56), size - trailer);
    assert_int_equal(get_u32(b + 64), TINY_PARAMS);
    assert_int_equal(get_u32(b + 68), crc32c(b + trailer, size - trailer));
    assert_int_equal(get_u32(b + 72), crc32c(b + 96, 4 * TINY_PARAMS));
    for (size_t i = 76; i < 92; i++) {
        assert_int_equal(b[i], 0);
    }
    assert_int_equal(get_u32(b + 92), crc32c(b, 92));
    for (size_t k = 0; k < TINY_PARAMS; k++) {
        const cg_param *p = &t.params[k];
        uint32_t crc =
            crc32c(b + data + 4 * (size_t)p->offset, 4 * (size_t)p->elements);

        if (get_u32(b + 96 + 4 * k) != crc) {
            fail_msg("tensor %zu: CRC %08x, wanted %08x", k,
                     (unsigned)get_u32(b + 96 + 4 * k), (unsigned)crc);
        }
    }
    free(b);
    gen_remove();
}

/* Where element i of tensor k of the blob comes from; -1 for the values.
 * Written from the descriptions of the layouts in codegen.h. */
static double wanted(const tiny *t, int k, uint32_t i)
{
    switch (k) {
    case 0: /* [8][2] -> [2][8] */ return tiny_value(k, i % 8 * 2 + i / 8);
    case 3: { /* [4][5][3][3] -> [4][3][3][5] */
        uint32_t c = i % 5, x = i / 5 % 3, y = i / 15 % 3, o = i / 45;

        return tiny_value(k, ((o * 5 + c) * 3 + y) * 3 + x);
    }
    case 4: /* rows c * 3 + j -> j * 4 + c */
        return tiny_value(k, i % 4 * 3 + i / 4);
    case TINY_FILTER: return (double)t->values[i];
    case TINY_TWO_PARTS: {
        uint32_t first = t->params[k].parts[0].elements;

        return i < first ? tiny_value(k, i) : (double)t->values[i - first];
    }
    default: return tiny_value(k, i);
    }
}

/* Emits t; every element of its blob's data is as wanted. */
static void check_data(const tiny *t)
{
    size_t size, data = up(96 + 4 * TINY_PARAMS);
    unsigned char *b;
    bool covered[TINY_DATA] = {false};

    gen_emit(t, gen_directory(), "tiny");
    b = gen_read(gen_path(), "tiny.cedm", &size);
    for (int k = 0; k < TINY_PARAMS; k++) {
        for (uint32_t i = 0; i < t->params[k].elements; i++) {
            uint32_t at = t->params[k].offset + i;
            uint32_t bits = get_u32(b + data + 4 * (size_t)at);
            float value;

            memcpy(&value, &bits, sizeof value);
            covered[at] = true;
            if ((double)value != wanted(t, k, i)) {
                fail_msg("%s[%u]: %g, wanted %g", t->params[k].name,
                         (unsigned)i, (double)value, wanted(t, k, i));
            }
        }
    }
    for (uint32_t i = 0; i < TINY_DATA; i++) {
        if (!covered[i] && get_u32(b + data + 4 * (size_t)i) != 0) {
            fail_msg("padding element %u is not zero", (unsigned)i);
        }
    }
    for (size_t i = 96 + 4 * TINY_PARAMS; i < data; i++) {
        assert_int_equal(b[i], 0);
    }
    free(b);
    gen_remove();
}

static void data_is_permuted_and_padded_with_zeros(void **state)
{
    static tiny t;

    (void)state;
    tiny_make(&t);
    check_data(&t);
}

/* A network that uses half of its last convolution's outputs. */
static void a_part_may_be_the_first_rows(void **state)
{
    static tiny t;

    (void)state;
    for (uint32_t rows = 1; rows < 4; rows++) {
        tiny_make(&t);
        t.params[3].parts->elements = t.params[3].elements = rows * 45;
        t.params[TINY_TWO_PARTS].parts->elements = rows * 8;
        t.params[TINY_TWO_PARTS].elements = rows * 8 + 4;
        t.params[5].parts->elements = t.params[5].elements = rows;
        check_data(&t);
    }
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsNumber(item)) {
        fail_msg("the trailer has no number %s", name);
    }
    return item->valuedouble;
}

static const char *string(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsString(item)) {
        fail_msg("the trailer has no string %s", name);
    }
    return item->valuestring;
}

static const cJSON *member(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (item == NULL) {
        fail_msg("the trailer has no member %s", name);
    }
    return item;
}

static void trailer_describes_the_model(void **state)
{
    static tiny t;
    size_t size, data = up(96 + 4 * TINY_PARAMS);
    unsigned char *b;
    cJSON *root;
    const cJSON *item;
    char hex[65];

    (void)state;
    tiny_make(&t);
    gen_emit(&t, gen_directory(), "tiny");
    b = gen_read(gen_path(), "tiny.cedm", &size);
    root = cJSON_Parse((const char *)b + get_u64(b + 48));
    assert_non_null(root);
    assert_string_equal(string(root, "format"), "cedm");
    assert_string_equal(string(root, "name"), "tiny");
    assert_true(number(root, "parameters") == 248);
    assert_true(number(root, "macs") == 9184);
    assert_string_equal(string(member(root, "network"), "model_type"),
                        "SongUNet");
    item = member(root, "clusters");
    assert_true(number(item, "count") == 2);
    assert_true(cJSON_GetArrayItem(member(item, "freq"), 1)->valuedouble ==
                34);
    assert_true(cJSON_GetArrayItem(member(item, "ids"), 1)->valuedouble == 5);
    item = member(root, "sampler");
    assert_true(number(item, "steps") == 18);
    assert_true(number(item, "sigma_min") == 0.002);
    assert_true(number(item, "sigma_max") == 80);
    assert_true(number(item, "rho") == 7);
    assert_true(number(item, "S_noise") == 1);
    assert_true(cJSON_IsNull(member(item, "S_max")));
    item = member(root, "source");
    assert_string_equal(string(item, "file"), "tiny-1.safetensors");
    cg_sha256(t.file.bytes, t.file.size, hex);
    assert_string_equal(string(item, "sha256"), hex);
    cg_sha256(b + data, 4 * TINY_DATA, hex);
    assert_string_equal(string(root, "data_sha256"), hex);
    item = cJSON_GetArrayItem(member(root, "ops"), 2);
    assert_int_equal(cJSON_GetArraySize(member(root, "ops")), TINY_OPS);
    assert_string_equal(string(item, "kind"), "conv");
    assert_string_equal(string(item, "module"), "enc.4x4_conv");
    assert_true(number(item, "macs") == 576);
    item = member(root, "memory");
    assert_true(number(item, "act_elements") == 384);
    assert_true(number(item, "f32_bound") == 128);
    cJSON_Delete(root);
    free(b);
    gen_remove();
}

int gen_test_blob(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_has_the_bytes_of_the_format),
        cmocka_unit_test(data_is_permuted_and_padded_with_zeros),
        cmocka_unit_test(a_part_may_be_the_first_rows),
        cmocka_unit_test(trailer_describes_the_model)};

    return cmocka_run_group_tests_name("blob", tests, NULL, NULL);
}
