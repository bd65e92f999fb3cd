/* SPDX-License-Identifier: MIT
 *
 * safetensors_test.c - what the reader of safetensors files reads: every
 * type, shape, order and string of the format, a million tensors, and the
 * reference files. */
#include <dirent.h>
#include <math.h>
#include <time.h>

#include "tests/unit/safetensors.h"

#define GOLDEN "tests/golden"

static cg_file *open_parts(const char *header, const void *data,
                           size_t data_size)
{
    size_t size;
    cg_error error = {{0}};
    unsigned char *bytes =
        make_file(header, strlen(header), data, data_size, &size);
    write_bytes(bytes, size);
    free(bytes);
    cg_file *file = cg_open(path, &error);
    if (file == NULL) {
        fail_msg("%s", error.text);
    }
    return file;
}

/* ---- good files -------------------------------------------------------- */

static void reads_every_dtype_unaligned(void **state)
{
    (void)state;
    static const unsigned char data[] = {
        1,                                              /* bool */
        0x18, 0x2d, 0x44, 0x54, 0xfb, 0x21, 0x09, 0xc0, /* f64 -pi */
        0x00, 0x00, 0xc0, 0xbf,                         /* f32 -1.5 */
        0x01, 0x00, 0xff, 0x83, 0x00, 0x3c, 0xff, 0x7b, /* f16 */
        0x00, 0xfc, 0x01, 0x7c, 0x00, 0x80,             /* f16 */
        0x80, 0xbf, 0x80, 0x7f,                         /* bf16 -1, inf */
        0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* i64 -2 */
        0xfe, 0xff, 0xff, 0xff,                         /* i32 -2 */
        0xfe, 0xff,                                     /* i16 -2 */
        0xfe,                                           /* i8 -2 */
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, /* u64 2^63 */
        0xfe, 0xff, 0xff, 0xff,                         /* u32 */
        0xfe, 0xff,                                     /* u16 */
        0xfe,                                           /* u8 */
    };
    /* clang-format off */
    static const char header[] =
        "{" TENSOR("bool", "BOOL", "[]", 0, 1) ","
        TENSOR("f64", "F64", "[1]", 1, 9) ","
        TENSOR("f32", "F32", "[1,1]", 9, 13) ","
        TENSOR("f16", "F16", "[7]", 13, 27) ","
        TENSOR("bf16", "BF16", "[2]", 27, 31) ","
        TENSOR("i64", "I64", "[1]", 31, 39) ","
        TENSOR("i32", "I32", "[1]", 39, 43) ","
        TENSOR("i16", "I16", "[1]", 43, 45) ","
        TENSOR("i8", "I8", "[1]", 45, 46) ","
        TENSOR("u64", "U64", "[1]", 46, 54) ","
        TENSOR("u32", "U32", "[1]", 54, 58) ","
        TENSOR("u16", "U16", "[1]", 58, 60) ","
        TENSOR("u8", "U8", "[1]", 60, 61) "}";
    /* clang-format on */
    static const struct {
        const char *name;
        cg_dtype dtype;
        uint64_t index;
        double value;
    } rows[] = {
        {"bool", CG_BOOL, 0, 1.0},
        {"f64", CG_F64, 0, -0x1.921fb54442d18p+1},
        {"f32", CG_F32, 0, -1.5},
        {"f16", CG_F16, 0, 0x1p-24},
        {"f16", CG_F16, 1, -1023.0 * 0x1p-24},
        {"f16", CG_F16, 2, 1.0},
        {"f16", CG_F16, 3, 65504.0},
        {"f16", CG_F16, 4, -(double)INFINITY},
        {"f16", CG_F16, 6, -0.0},
        {"bf16", CG_BF16, 0, -1.0},
        {"bf16", CG_BF16, 1, (double)INFINITY},
        {"i64", CG_I64, 0, -2.0},
        {"i32", CG_I32, 0, -2.0},
        {"i16", CG_I16, 0, -2.0},
        {"i8", CG_I8, 0, -2.0},
        {"u64", CG_U64, 0, 0x1p63},
        {"u32", CG_U32, 0, 4294967294.0},
        {"u16", CG_U16, 0, 65534.0},
        {"u8", CG_U8, 0, 254.0},
    };
    cg_file *file = open_parts(header, data, sizeof data);
    assert_int_equal(file->array_count, CG_DTYPE_COUNT);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const cg_array *array = cg_find(file, rows[i].name);
        assert_non_null(array);
        assert_int_equal(array->dtype, rows[i].dtype);
        double got = cg_element(array, rows[i].index);
        if (memcmp(&got, &rows[i].value, sizeof got) != 0) {
            fail_msg("%s[%d]: wanted %a, got %a", rows[i].name,
                     (int)rows[i].index, rows[i].value, got);
        }
    }
    assert_true(isnan(cg_element(cg_find(file, "f16"), 5)));
    cg_close(file);
}

static void reads_shapes_and_order(void **state)
{
    (void)state;
    /* out of order both by place and by name, empty tensors at both ends,
     * white space wherever JSON allows it */
    static const char header[] =
        "{\r\"b\" :{ \"data_offsets\" : [ 4 , 6 ] ,\n\t\"shape\":[2], "
        "\"dtype\":\"U8\"} , " TENSOR(
            "ab", "U8", "[1,1,2,1,1,2,1,1]", 0,
            4) "," TENSOR("a", "F64", "[0]", 0,
                          0) "," TENSOR("abc", "F32",
                                        "[9007199254740991,0,2]", 4,
                                        4) "," TENSOR("b.c", "U8", "[3,0]", 6,
                                                      6) "}   ";
    static const char *const names[] = {"a", "ab", "abc", "b", "b.c"};
    cg_file *file = open_parts(header, "\1\2\3\4\5\6", 6);
    assert_int_equal(file->array_count, 5);
    for (size_t i = 0; i < file->array_count; i++) {
        assert_string_equal(file->arrays[i].name, names[i]);
        assert_ptr_equal(cg_find(file, names[i]), &file->arrays[i]);
    }
    assert_int_equal(cg_find(file, "ab")->rank, 8);
    assert_int_equal(cg_find(file, "ab")->shape[5], 2);
    assert_int_equal(cg_find(file, "ab")->elements, 4);
    assert_int_equal(cg_find(file, "a")->elements, 0);
    assert_int_equal(cg_find(file, "abc")->elements, 0);
    assert_int_equal((int)cg_element(cg_find(file, "b"), 1), 6);
    assert_null(cg_find(file, "aa"));
    assert_null(cg_find(file, ""));
    assert_null(cg_find(file, "c"));
    assert_null(cg_find_metadata(file, "a"));
    assert_string_equal(file->path, path);
    assert_int_equal(file->size, 8 + sizeof header - 1 + 6);
    cg_close(file);
}

static void reads_strings(void **state)
{
    (void)state;
    static const char header[] =
        "{\"__metadata__\":{\"z\":\"\",\"\":\"nameless\","
        "\"json\":\"{\\\"a\\\": [1]}\","
        "\"all\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC"
        "\\ud83d\\ude00\xc3\xa9\xf0\x9f\x98\x80\"}," TENSOR(
            "\\u0061\\u00e9\xe2\x82\xac \\\"", "U8", "[1]", 0, 1) "}";
    cg_file *file = open_parts(header, "x", 1);
    assert_int_equal(file->metadata_count, 4);
    assert_string_equal(cg_find_metadata(file, "z"), "");
    assert_string_equal(cg_find_metadata(file, ""), "nameless");
    assert_string_equal(cg_find_metadata(file, "json"), "{\"a\": [1]}");
    assert_string_equal(cg_find_metadata(file, "all"),
                        "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac"
                        "\xf0\x9f\x98\x80\xc3\xa9\xf0\x9f\x98\x80");
    assert_null(cg_find_metadata(file, "y"));
    assert_non_null(cg_find(file, "a\xc3\xa9\xe2\x82\xac \""));
    cg_close(file);
}

static void reads_files_without_tensors(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{}", "{ }", "{\"__metadata__\":{}}",
        "{\"__metadata__\":{\"a\":\"b\"}}     "};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        cg_file *file = open_parts(headers[i], NULL, 0);
        assert_int_equal(file->array_count, 0);
        assert_null(cg_find(file, "a"));
        cg_close(file);
    }
    cg_close(NULL);
}

static void names_may_have_512_bytes(void **state)
{
    (void)state;
    char header[700], name[514];
    for (size_t length = 512; length <= 513; length++) {
        size_t size;
        memset(name, 'n', length);
        name[length] = '\0';
        (void)snprintf(header, sizeof header,
                       "{\"%s\":{\"dtype\":\"U8\","
                       "\"shape\":[1],\"data_offsets\":[0,1]}}",
                       name);
        if (length == 512) {
            cg_file *file = open_parts(header, "x", 1);
            assert_non_null(cg_find(file, name));
            cg_close(file);
        } else {
            unsigned char *bytes =
                make_file(header, strlen(header), "x", 1, &size);
            refuse_bytes("name of 513 bytes", bytes, size, ":", "name");
            free(bytes);
        }
    }
}

/* Known answers of FIPS 180-4. */
static void hashes(void **state)
{
    (void)state;
    char hex[65];
    cg_sha256("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb924"
                             "27ae41e4649b934ca495991b7852b855");
    cg_sha256("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223"
                             "b00361a396177a9cb410ff61f20015ad");
}

/* Last first, by name and by place: the worst orders.  Anything quadratic
 * would take hours, so the bound may be generous. */
static void reads_a_million_tensors(void **state)
{
    (void)state;
    enum { COUNT = 1000000, ROW = 88 };
    char *header = malloc((size_t)COUNT * ROW);
    unsigned char *data = calloc(COUNT, 1);
    assert_non_null(header);
    assert_non_null(data);
    size_t length = 0;
    header[length++] = '{';
    for (int i = COUNT - 1; i >= 0; i--) {
        length += (size_t)snprintf(header + length, ROW,
                                   "\"t%06d\":{"
                                   "\"dtype\":\"U8\",\"shape\":[1],"
                                   "\"data_offsets\":[%d,%d]}%c",
                                   i, i, i + 1, i > 0 ? ',' : '}');
    }
    header[length] = '\0';
    data[123456] = 7;
    clock_t start = clock();
    cg_file *file = open_parts(header, data, COUNT);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    assert_int_equal(file->array_count, COUNT);
    assert_int_equal((int)cg_element(cg_find(file, "t123456"), 0), 7);
    cg_close(file);
    free(header);
    free(data);
    if (seconds > 30.0) {
        fail_msg("wanted at most 30 s, got %g", seconds);
    }
}

/* ---- the reference files ----------------------------------------------- */

/* The hash that PROVENANCE.md gives for a file: `| name | hash | ...`. */
static bool provenance(const char *name, char hex[65])
{
    char line[512], row[512];
    bool found = false;
    FILE *file = fopen(GOLDEN "/PROVENANCE.md", "r");
    assert_non_null(file);
    (void)snprintf(row, sizeof row, "| `%s` | `", name);
    while (!found && fgets(line, sizeof line, file) != NULL) {
        found = strncmp(line, row, strlen(row)) == 0 &&
                sscanf(line + strlen(row), "%64[0-9a-f]", hex) == 1;
    }
    assert_int_equal(fclose(file), 0);
    return found;
}

static void check_images(const cg_file *file)
{
    const cg_array *images = cg_find(file, "images_u8");
    const cg_array *samples = cg_find(file, "samples");
    if (images == NULL) {
        return;
    }
    assert_non_null(samples);
    assert_int_equal(images->elements, samples->elements);
    for (uint64_t i = 0; i < images->elements; i++) {
        double x = cg_element(samples, i) * 127.5 + 128.0;
        double want = floor(fmin(fmax(x, 0.0), 255.0));
        double got = cg_element(images, i);
        /* samples within a rounding of a step may fall to either side */
        if (fabs(got - want) > 0.0 && fabs(x - nearbyint(x)) > 1e-3) {
            fail_msg("%s: image byte %ju: wanted %g, got %g", file->path,
                     (uintmax_t)i, want, got);
        }
    }
}

static void reads_the_reference_files(void **state)
{
    (void)state;
    int count = 0;
    DIR *directory = opendir(GOLDEN);
    assert_non_null(directory);
    for (struct dirent *d; (d = readdir(directory)) != NULL;) {
        char name[512], want[65] = "", got[65];
        cg_error error = {{0}};
        if (strstr(d->d_name, ".safetensors") == NULL) {
            continue;
        }
        (void)snprintf(name, sizeof name, GOLDEN "/%s", d->d_name);
        cg_file *file = cg_open(name, &error);
        if (file == NULL) {
            fail_msg("%s", error.text);
        }
        if (!isfinite(touch(file))) {
            fail_msg("%s: an element is not finite", name);
        }
        if (!provenance(d->d_name, want)) {
            fail_msg("%s: not in PROVENANCE.md", name);
        }
        cg_sha256(file->bytes, file->size, got);
        assert_string_equal(got, want);
        check_images(file);
        cg_close(file);
        count++;
    }
    assert_int_equal(closedir(directory), 0);
    assert_true(count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_dtype_unaligned),
        cmocka_unit_test(reads_shapes_and_order),
        cmocka_unit_test(reads_strings),
        cmocka_unit_test(reads_files_without_tensors),
        cmocka_unit_test(names_may_have_512_bytes),
        cmocka_unit_test(hashes),
        cmocka_unit_test(reads_a_million_tensors),
        cmocka_unit_test(reads_the_reference_files),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
