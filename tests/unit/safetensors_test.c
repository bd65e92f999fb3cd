/* SPDX-License-Identifier: MIT
 *
 * safetensors_test.c - what the reader of safetensors files accepts and
 * what it refuses: one small file per rule, built here, then every single
 * mutilation of a good file, then the reference files. */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "codegen.h"

#define GOLDEN "tests/golden"

/* One entry of a header. */
#define TENSOR(name, dtype, shape, begin, end)                               \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape                 \
    ",\"data_offsets\":[" #begin "," #end "]}"
#define A_U8 TENSOR("a", "U8", "[4]", 0, 4)

static char path[64];

static int make_path(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/safetensors_test.XXXXXX");
    int descriptor = mkstemp(path);
    return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_bytes(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

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

static cg_file *open_parts(const char *header, const void *data,
                           size_t data_size)
{
    size_t size;
    cg_error error = {{0}};
    unsigned char *bytes = make_file(header, strlen(header), data, data_size,
                                     &size);
    write_bytes(bytes, size);
    free(bytes);
    cg_file *file = cg_open(path, &error);
    if (file == NULL) {
        fail_msg("%s", error.text);
    }
    return file;
}

/* The message is `path:where: what; wanted X, got Y; what to do`. */
static void check_message(const char *rule, const char *file_name,
                          const char *where, const char *what,
                          const char *message)
{
    size_t length = strlen(file_name);
    const char *wanted = strstr(message, "; wanted ");
    const char *got = wanted == NULL ? NULL : strstr(wanted, ", got ");
    const char *advice = got == NULL ? NULL : strstr(got, "; ");
    if (strncmp(message, file_name, length) != 0 ||
        strncmp(message + length, where, strlen(where)) != 0) {
        fail_msg("%s: wanted \"%s%s\" first, got \"%s\"", rule, file_name,
                 where, message);
    }
    if (strstr(message, what) == NULL || advice == NULL) {
        fail_msg("%s: wanted \"%s; wanted ..., got ...; ...\", got \"%s\"",
                 rule, what, message);
    }
}

static void refuse_bytes(const char *rule, const void *bytes, size_t size,
                         const char *where, const char *what)
{
    cg_error error = {{0}};
    write_bytes(bytes, size);
    cg_file *file = cg_open(path, &error);
    if (file != NULL) {
        cg_close(file);
        fail_msg("%s: wanted a refusal, got a file", rule);
    }
    check_message(rule, path, where, what, error.text);
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
        "\"dtype\":\"U8\"} , "
        TENSOR("ab", "U8", "[1,1,2,1,1,2,1,1]", 0, 4) ","
        TENSOR("a", "F64", "[0]", 0, 0) ","
        TENSOR("abc", "F32", "[9007199254740991,0,2]", 4, 4) ","
        TENSOR("b.c", "U8", "[3,0]", 6, 6) "}   ";
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
        "\\ud83d\\ude00\xc3\xa9\xf0\x9f\x98\x80\"},"
        TENSOR("\\u0061\\u00e9\xe2\x82\xac \\\"", "U8", "[1]", 0, 1) "}";
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
        "{\"__metadata__\":{\"a\":\"b\"}}     "
    };
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
        (void)snprintf(header, sizeof header, "{\"%s\":{\"dtype\":\"U8\","
                       "\"shape\":[1],\"data_offsets\":[0,1]}}", name);
        if (length == 512) {
            cg_file *file = open_parts(header, "x", 1);
            assert_non_null(cg_find(file, name));
            cg_close(file);
        } else {
            unsigned char *bytes = make_file(header, strlen(header), "x", 1,
                                             &size);
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

/* ---- hostile files ----------------------------------------------------- */

typedef struct hostile {
    const char *rule;
    const char *header;
    size_t length;
    size_t data_size;
    const char *where, *what;
} hostile;

#define HEADER(text) text, sizeof(text) - 1
#define INTEGER "a whole number from 0 to 2^53 - 1"

static const hostile tensors[] = {
    {"unknown dtype", HEADER("{" TENSOR("a", "F8_E4M3", "[4]", 0, 4) "}"),
     4, ":a: ", "unknown dtype"},
    {"dtype in small letters", HEADER("{" TENSOR("a", "u8", "[4]", 0, 4) "}"),
     4, ":a: ", "unknown dtype"},
    {"dtype not a string", HEADER("{\"a\":{\"dtype\":8,\"shape\":[4],"
     "\"data_offsets\":[0,4]}}"), 4, ":a: ", "a string"},
    {"rank 9", HEADER("{" TENSOR("a", "U8", "[1,1,1,1,1,1,1,1,4]", 0, 4) "}"),
     4, ":a: ", "dimensions"},
    {"negative dimension", HEADER("{" TENSOR("a", "U8", "[-4]", 0, 4) "}"),
     4, ":a: ", INTEGER},
    {"fractional dimension", HEADER("{" TENSOR("a", "U8", "[4.0]", 0, 4) "}"),
     4, ":a: ", INTEGER},
    {"exponent", HEADER("{" TENSOR("a", "U8", "[4e0]", 0, 4) "}"),
     4, ":a: ", INTEGER},
    {"leading zero", HEADER("{" TENSOR("a", "U8", "[04]", 0, 4) "}"),
     4, ":a: ", INTEGER},
    {"dimension null", HEADER("{" TENSOR("a", "U8", "[null]", 0, 4) "}"),
     4, ":a: ", INTEGER},
    {"2^53", HEADER("{" TENSOR("a", "U8", "[9007199254740992,0]", 0, 0) "}"),
     0, ":a: ", INTEGER},
    {"2^64 + 4", HEADER("{" TENSOR("a", "U8", "[18446744073709551620]", 0, 4)
     "}"), 4, ":a: ", INTEGER},
    {"shape not a list", HEADER("{" TENSOR("a", "U8", "4", 0, 4) "}"),
     4, ":a: ", "'['"},
    {"shape in lists", HEADER("{" TENSOR("a", "U8", "[[4]]", 0, 4) "}"),
     4, ":a: ", INTEGER},
    {"comma after the shape", HEADER("{" TENSOR("a", "U8", "[4,]", 0, 4) "}"),
     4, ":a: ", INTEGER},
    {"product wraps to 4", HEADER("{" TENSOR("a", "U8",
     "[4294967297,4294967300]", 0, 4) "}"), 4, ":a: ", "overflows"},
    {"bytes wrap to 0", HEADER("{" TENSOR("a", "F64",
     "[2147483648,1073741824]", 0, 0) "}"), 0, ":a: ", "overflows"},
    {"wraps, but for a zero", HEADER("{" TENSOR("a", "U8",
     "[0,4503599627370496,4503599627370496]", 0, 0) "}"), 0, ":a: ",
     "overflows"},
    {"begin > end", HEADER("{" TENSOR("a", "U8", "[4]", 4, 0) "}"),
     4, ":a: ", "outside the data"},
    {"end outside", HEADER("{" TENSOR("a", "U8", "[5]", 0, 5) "}"),
     4, ":a: ", "outside the data"},
    {"begin outside", HEADER("{" TENSOR("a", "U8", "[0]", 5, 5) "}"),
     4, ":a: ", "outside the data"},
    {"offset 2^53 - 1", HEADER("{" TENSOR("a", "U8", "[4]",
     9007199254740987, 9007199254740991) "}"), 4, ":a: ", "outside the data"},
    {"offset negative", HEADER("{" TENSOR("a", "U8", "[4]", -4, 0) "}"),
     4, ":a: ", INTEGER},
    {"offset fractional", HEADER("{" TENSOR("a", "U8", "[4]", 0, 4.5) "}"),
     4, ":a: ", INTEGER},
    {"one offset", HEADER("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],"
     "\"data_offsets\":[0]}}"), 4, ":a: ", "','"},
    {"three offsets", HEADER("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],"
     "\"data_offsets\":[0,4,4]}}"), 4, ":a: ", "']'"},
    {"too few bytes", HEADER("{" TENSOR("a", "F32", "[2]", 0, 4) "}"),
     4, ":a: ", "shape and data_offsets disagree; wanted 8 bytes, got 4"},
    {"too many bytes", HEADER("{" TENSOR("a", "U8", "[3]", 0, 4) "}"),
     4, ":a: ", "shape and data_offsets disagree; wanted 3 bytes, got 4"},
    {"no dtype", HEADER("{\"a\":{\"shape\":[4],\"data_offsets\":[0,4]}}"),
     4, ":a: ", "got no dtype"},
    {"no shape", HEADER("{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}}"),
     4, ":a: ", "got no shape"},
    {"no offsets", HEADER("{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}"),
     4, ":a: ", "got no data_offsets"},
    {"empty entry", HEADER("{\"a\":{}}"), 0, ":a: ", "a string"},
    {"entry not an object", HEADER("{\"a\":[]}"), 0, ":a: ", "'{'"},
    {"unknown key", HEADER("{\"a\":{\"strides\":[1]}}"), 0, ":a: ",
     "unknown key"},
    {"key twice", HEADER("{\"a\":{\"shape\":[1],\"shape\":[2]}}"), 0, ":a: ",
     "comes twice"},
    {"overlap by one byte", HEADER("{" A_U8 "," TENSOR("b", "U8", "[2]", 3, 5)
     "}"), 5, ":b: ", "overlaps the one before it; wanted it to begin at 4"},
    {"two names of the same bytes", HEADER("{" A_U8 ","
     TENSOR("b", "U8", "[4]", 0, 4) "}"), 4, ":b: ", "overlaps"},
    {"empty tensor inside another", HEADER("{" A_U8 ","
     TENSOR("b", "U8", "[0]", 2, 2) "}"), 4, ":b: ", "overlaps"},
    {"gap", HEADER("{" A_U8 "," TENSOR("b", "U8", "[1]", 5, 6) "}"), 6,
     ":b: ", "gap before the tensor; wanted it to begin at 4, got 5"},
    {"gap before the first", HEADER("{" TENSOR("a", "U8", "[1]", 1, 2) "}"),
     2, ":a: ", "gap before the tensor"},
    {"trailing byte", HEADER("{" A_U8 "}"), 5, ":65: ",
     "bytes after the last tensor; wanted 4 bytes of data, got 5"},
    {"data without tensors", HEADER("{}"), 1, ":10: ",
     "bytes after the last tensor"},
    {"name twice", HEADER("{" A_U8 "," TENSOR("a", "U8", "[1]", 4, 5) "}"),
     5, ":a: ", "comes twice"},
    {"name twice, empty, escaped", HEADER("{" TENSOR("a", "U8", "[0]", 0, 0)
     "," TENSOR("\\u0061", "F32", "[0]", 0, 0) "}"), 0, ":a: ",
     "comes twice"},
};

static const hostile headers[] = {
    {"empty name", HEADER("{" TENSOR("", "U8", "[4]", 0, 4) "}"), 4, ":",
     "bad tensor name"},
    {"newline in a name", HEADER("{" TENSOR("a\\nb", "U8", "[4]", 0, 4) "}"),
     4, ":", "bad tensor name"},
    {"DEL in a name", HEADER("{" TENSOR("a\x7f", "U8", "[4]", 0, 4) "}"),
     4, ":", "bad tensor name"},
    {"CSI in a name", HEADER("{" TENSOR("a\\u009b", "U8", "[4]", 0, 4) "}"),
     4, ":", "bad tensor name"},
    {"zero in a name", HEADER("{" TENSOR("a\\u0000b", "U8", "[4]", 0, 4) "}"),
     4, ":11: ", "no zero character"},
    {"raw zero", HEADER("{\"a\0b\":{}}"), 0, ":11: ", "got byte 0x00"},
    {"raw newline", HEADER("{\"a\nb\":{}}"), 0, ":11: ", "got byte 0x0a"},
    {"lone continuation", HEADER("{\"\x80\":{}}"), 0, ":10: ", "UTF-8"},
    {"overlong", HEADER("{\"\xc1\xa1\":{}}"), 0, ":10: ", "UTF-8"},
    {"overlong of three", HEADER("{\"\xe0\x9f\xbf\":{}}"), 0, ":10: ",
     "UTF-8"},
    {"surrogate", HEADER("{\"\xed\xa0\x80\":{}}"), 0, ":10: ", "UTF-8"},
    {"overlong of four", HEADER("{\"\xf0\x8f\xbf\xbf\":{}}"), 0, ":10: ",
     "UTF-8"},
    {"past U+10FFFF", HEADER("{\"\xf4\x90\x80\x80\":{}}"), 0, ":10: ",
     "UTF-8"},
    {"cut UTF-8", HEADER("{\"\xe2\x82\":{}}"), 0, ":10: ", "UTF-8"},
    {"UTF-8 past the end", HEADER("{\"\xf0\x9f\x98"), 0, ":10: ", "UTF-8"},
    {"lone high surrogate", HEADER("{\"\\ud83d.\":{}}"), 0, ":16: ",
     "low surrogate"},
    {"lone low surrogate", HEADER("{\"\\ude00\":{}}"), 0, ":10: ",
     "high surrogate"},
    {"bad hexadecimal", HEADER("{\"\\u00zz\":{}}"), 0, ":10: ",
     "hexadecimal"},
    {"bad escape", HEADER("{\"\\x41\":{}}"), 0, ":11: ", "after '\\'"},
    {"escape at the end", HEADER("{\"\\"), 0, ":11: ", "got its end"},
    {"string without end", HEADER("{\"a"), 0, ":11: ", "got its end"},
    {"object without end", HEADER("{" A_U8), 4, ":60: ", "got its end"},
    {"no colon", HEADER("{\"a\"{}}"), 0, ":12: ", "':'"},
    {"comma at the end", HEADER("{" A_U8 ",}"), 4, ":61: ", "a string"},
    {"list", HEADER("[]"), 0, ":8: ", "begin with '{'"},
    {"space first", HEADER(" {}"), 0, ":8: ", "begin with '{'"},
    {"byte order mark", HEADER("\xef\xbb\xbf{}"), 0, ":8: ",
     "begin with '{'"},
    {"zeros for padding", HEADER("{}\0\0"), 0, ":10: ", "got byte 0x00"},
    {"newline for padding", HEADER("{}\n"), 0, ":10: ", "got byte 0x0a"},
    {"second object", HEADER("{}{}"), 0, ":10: ", "spaces"},
    {"metadata not an object", HEADER("{\"__metadata__\":[]}"), 0,
     ":__metadata__: ", "'{'"},
    {"metadata number", HEADER("{\"__metadata__\":{\"a\":1}}"), 0,
     ":__metadata__: ", "wanted a string, got '1'"},
    {"metadata tree", HEADER("{\"__metadata__\":{\"a\":{}}}"), 0,
     ":__metadata__: ", "wanted a string, got '{'"},
    {"metadata zero", HEADER("{\"__metadata__\":{\"a\":\"\\u0000\"}}"), 0,
     ":__metadata__: ", "no zero character"},
    {"metadata key twice", HEADER("{\"__metadata__\":{\"a\":\"1\",\"b\":\"\","
     "\"a\":\"2\"}}"), 0, ":__metadata__: ", "comes twice"},
    {"metadata twice", HEADER("{\"__metadata__\":{},\"__metadata__\":{}}"),
     0, ":", "a second __metadata__"},
};

static void refuse_rows(const hostile *rows, size_t count)
{
    static const unsigned char zeros[8];
    for (size_t i = 0; i < count; i++) {
        size_t size;
        unsigned char *bytes = make_file(rows[i].header, rows[i].length,
                                         zeros, rows[i].data_size, &size);
        refuse_bytes(rows[i].rule, bytes, size, rows[i].where, rows[i].what);
        free(bytes);
    }
}

static void refuses_bad_tensors(void **state)
{
    (void)state;
    refuse_rows(tensors, sizeof tensors / sizeof *tensors);
}

static void refuses_bad_headers(void **state)
{
    (void)state;
    refuse_rows(headers, sizeof headers / sizeof *headers);
}

/* A tree of these brackets would be as deep as they are many. */
static void refuses_depth(void **state)
{
    (void)state;
    enum { DEPTH = 1000000 };
    size_t size;
    char *header = malloc(DEPTH + 5);
    assert_non_null(header);
    memcpy(header, "{\"a\":", 5);
    for (int open = 0; open < 2; open++) {
        memset(header + 5, open == 0 ? '[' : '{', DEPTH);
        unsigned char *bytes = make_file(header, DEPTH + 5, NULL, 0, &size);
        refuse_bytes("deep JSON", bytes, size, ":a: ", "bad header");
        free(bytes);
    }
    free(header);
}

static void refuses_bad_lengths(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {
        0, 1, 3, 100000001, UINT64_C(1) << 63, UINT64_MAX - 7, UINT64_MAX
    };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        unsigned char bytes[10] = {[8] = '{', [9] = '}'};
        for (unsigned k = 0; k < 8; k++) {
            bytes[k] = (unsigned char)(lengths[i] >> (8 * k));
        }
        refuse_bytes("header length", bytes, sizeof bytes, ":0: ", "header");
    }
}

/* The limit holds for a file that is long enough, too (sparse here). */
static void refuses_long_headers(void **state)
{
    (void)state;
    cg_error error = {{0}};
    static const unsigned char head[] = {
        0x01, 0xe1, 0xf5, 0x05, 0, 0, 0, 0, '{', '}' /* 100 000 001 */
    };
    write_bytes(head, sizeof head);
    assert_int_equal(truncate(path, 100000009), 0);
    assert_null(cg_open(path, &error));
    check_message("long header", path, ":0: ", "got 100000001", error.text);
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    cg_error error = {{0}};
    refuse_bytes("empty file", "", 0, ": ", "the file is empty");
    refuse_bytes("short file", "123456789", 9, ":0: ", "too short");
    assert_null(cg_open("/tmp", &error));
    check_message("directory", "/tmp", ": ", "got a directory", error.text);
    assert_null(cg_open("/dev/null", &error));
    check_message("device", "/dev/null", ": ", "regular file", error.text);

    assert_int_equal(unlink(path), 0);
    assert_null(cg_open(path, &error));
    check_message("missing file", path, ": ", "cannot be opened", error.text);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(cg_open(path, &error)); /* and does not wait for a writer */
    check_message("pipe", path, ": ", "got a pipe", error.text);

    assert_int_equal(unlink(path), 0);
    write_bytes("", 0);
    assert_int_equal(chmod(path, 0), 0);
    assert_null(cg_open(path, &error)); /* root meets an empty file instead */
    check_message("unreadable file", path, ": ", geteuid() == 0 ?
                  "empty" : "cannot be opened", error.text);
    assert_int_equal(chmod(path, 0600), 0);
}

/* ---- mutilation -------------------------------------------------------- */

/* Reads all that a file claims to hold: under a sanitizer, out of bounds
 * reads show. */
static double touch(const cg_file *file)
{
    double sum = 0.0;
    for (size_t i = 0; i < file->array_count; i++) {
        const cg_array *array = &file->arrays[i];
        assert_ptr_equal(cg_find(file, array->name), array);
        for (uint64_t k = 0; k < array->elements; k++) {
            sum += cg_element(array, k);
        }
    }
    for (size_t i = 0; i < file->metadata_count; i++) {
        sum += (double)strlen(file->metadata[i].key) +
               (double)strlen(file->metadata[i].value);
    }
    return sum;
}

static unsigned char *small_file(size_t *size)
{
    static const char header[] =
        "{\"__metadata__\":{\"k\":\"v\\u00e9\"},"
        TENSOR("b", "F32", "[2,1]", 4, 12) ","
        TENSOR("c", "I64", "[0]", 12, 12) "," A_U8 "}  ";
    return make_file(header, sizeof header - 1, "\1\2\3\4\0\0\0\1\0\0\0\2",
                     12, size);
}

static void survives_every_change_of_a_byte(void **state)
{
    (void)state;
    static const unsigned char values[] = "\"\\{}[],: 0192eu-";
    size_t size, opened = 0;
    unsigned char *bytes = small_file(&size);
    for (size_t i = 0; i < size; i++) {
        unsigned char before = bytes[i];
        for (size_t k = 0; k < 8 + sizeof values; k++) {
            cg_error error = {{0}};
            bytes[i] = (unsigned char)(k < 8 ? before ^ (1u << k) :
                                               values[k - 8]);
            write_bytes(bytes, size);
            cg_file *file = cg_open(path, &error);
            if (file != NULL) {
                opened++;
                (void)touch(file);
                cg_close(file);
            } else {
                check_message("changed byte", path, ":", "", error.text);
            }
        }
        bytes[i] = before;
    }
    /* data, names and metadata may change; that much must be left */
    assert_in_range(opened, 12 * 24, size * 24 / 2);
    free(bytes);
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = small_file(&size);
    for (size_t length = 0; length < size; length++) {
        refuse_bytes("cut file", bytes, length, ":", "");
    }
    free(bytes);
}

/* Every byte of the header taken out, its length corrected. */
static void survives_every_lost_byte(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = small_file(&size);
    unsigned char *cut = malloc(size);
    assert_non_null(cut);
    for (size_t i = 8; i < size - 12; i++) {
        cg_error error = {{0}};
        memcpy(cut, bytes, i);
        memcpy(cut + i, bytes + i + 1, size - i - 1);
        cut[0]--;
        write_bytes(cut, size - 1);
        cg_file *file = cg_open(path, &error);
        if (file != NULL) {
            (void)touch(file);
            cg_close(file);
        } else {
            check_message("lost byte", path, ":", "", error.text);
        }
    }
    free(cut);
    free(bytes);
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
        length += (size_t)snprintf(header + length, ROW, "\"t%06d\":{"
                                   "\"dtype\":\"U8\",\"shape\":[1],"
                                   "\"data_offsets\":[%d,%d]}%c", i, i, i + 1,
                                   i > 0 ? ',' : '}');
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
        cmocka_unit_test(refuses_bad_tensors),
        cmocka_unit_test(refuses_bad_headers),
        cmocka_unit_test(refuses_depth),
        cmocka_unit_test(refuses_bad_lengths),
        cmocka_unit_test(refuses_long_headers),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(survives_every_change_of_a_byte),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(survives_every_lost_byte),
        cmocka_unit_test(reads_a_million_tensors),
        cmocka_unit_test(reads_the_reference_files),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
