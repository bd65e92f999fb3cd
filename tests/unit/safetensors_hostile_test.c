/* SPDX-License-Identifier: MIT
 *
 * safetensors_hostile_test.c - what the reader of safetensors files refuses:
 * one small file per rule, then every single mutilation of a good file. */
#include <sys/stat.h>

#include "tests/unit/safetensors.h"

#define A_U8 TENSOR("a", "U8", "[4]", 0, 4)

/* ---- one file per rule ------------------------------------------------- */

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
    {"unknown dtype", HEADER("{" TENSOR("a", "F8_E4M3", "[4]", 0, 4) "}"), 4,
     ":a: ", "unknown dtype"},
    {"dtype in small letters", HEADER("{" TENSOR("a", "u8", "[4]", 0, 4) "}"),
     4, ":a: ", "unknown dtype"},
    {"dtype not a string",
     HEADER("{\"a\":{\"dtype\":8,\"shape\":[4],"
            "\"data_offsets\":[0,4]}}"),
     4, ":a: ", "a string"},
    {"rank 9", HEADER("{" TENSOR("a", "U8", "[1,1,1,1,1,1,1,1,4]", 0, 4) "}"),
     4, ":a: ", "dimensions"},
    {"negative dimension", HEADER("{" TENSOR("a", "U8", "[-4]", 0, 4) "}"), 4,
     ":a: ", INTEGER},
    {"fractional dimension", HEADER("{" TENSOR("a", "U8", "[4.0]", 0, 4) "}"),
     4, ":a: ", INTEGER},
    {"exponent", HEADER("{" TENSOR("a", "U8", "[4e0]", 0, 4) "}"), 4,
     ":a: ", INTEGER},
    {"leading zero", HEADER("{" TENSOR("a", "U8", "[04]", 0, 4) "}"), 4,
     ":a: ", INTEGER},
    {"dimension null", HEADER("{" TENSOR("a", "U8", "[null]", 0, 4) "}"), 4,
     ":a: ", INTEGER},
    {"2^53", HEADER("{" TENSOR("a", "U8", "[9007199254740992,0]", 0, 0) "}"),
     0, ":a: ", INTEGER},
    {"2^64 + 4",
     HEADER("{" TENSOR("a", "U8", "[18446744073709551620]", 0, 4) "}"), 4,
     ":a: ", INTEGER},
    {"shape not a list", HEADER("{" TENSOR("a", "U8", "4", 0, 4) "}"), 4,
     ":a: ", "'['"},
    {"shape in lists", HEADER("{" TENSOR("a", "U8", "[[4]]", 0, 4) "}"), 4,
     ":a: ", INTEGER},
    {"comma after the shape", HEADER("{" TENSOR("a", "U8", "[4,]", 0, 4) "}"),
     4, ":a: ", INTEGER},
    {"product wraps to 4",
     HEADER("{" TENSOR("a", "U8", "[4294967297,4294967300]", 0, 4) "}"), 4,
     ":a: ", "overflows"},
    {"bytes wrap to 0",
     HEADER("{" TENSOR("a", "F64", "[2147483648,1073741824]", 0, 0) "}"), 0,
     ":a: ", "overflows"},
    {"wraps, but for a zero",
     HEADER("{" TENSOR("a", "U8", "[0,4503599627370496,4503599627370496]", 0,
                       0) "}"),
     0, ":a: ", "overflows"},
    {"begin > end", HEADER("{" TENSOR("a", "U8", "[4]", 4, 0) "}"), 4,
     ":a: ", "outside the data"},
    {"end outside", HEADER("{" TENSOR("a", "U8", "[5]", 0, 5) "}"), 4,
     ":a: ", "outside the data"},
    {"begin outside", HEADER("{" TENSOR("a", "U8", "[0]", 5, 5) "}"), 4,
     ":a: ", "outside the data"},
    {"offset 2^53 - 1",
     HEADER("{" TENSOR("a", "U8", "[4]", 9007199254740987,
                       9007199254740991) "}"),
     4, ":a: ", "outside the data"},
    {"offset negative", HEADER("{" TENSOR("a", "U8", "[4]", -4, 0) "}"), 4,
     ":a: ", INTEGER},
    {"offset fractional", HEADER("{" TENSOR("a", "U8", "[4]", 0, 4.5) "}"), 4,
     ":a: ", INTEGER},
    {"one offset",
     HEADER("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],"
            "\"data_offsets\":[0]}}"),
     4, ":a: ", "','"},
    {"three offsets",
     HEADER("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],"
            "\"data_offsets\":[0,4,4]}}"),
     4, ":a: ", "']'"},
    {"too few bytes", HEADER("{" TENSOR("a", "F32", "[2]", 0, 4) "}"), 4,
     ":a: ", "shape and data_offsets disagree; wanted 8 bytes, got 4"},
    {"too many bytes", HEADER("{" TENSOR("a", "U8", "[3]", 0, 4) "}"), 4,
     ":a: ", "shape and data_offsets disagree; wanted 3 bytes, got 4"},
    {"no dtype", HEADER("{\"a\":{\"shape\":[4],\"data_offsets\":[0,4]}}"), 4,
     ":a: ", "got no dtype"},
    {"no shape", HEADER("{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,4]}}"),
     4, ":a: ", "got no shape"},
    {"no offsets", HEADER("{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}"), 4,
     ":a: ", "got no data_offsets"},
    {"empty entry", HEADER("{\"a\":{}}"), 0, ":a: ", "a string"},
    {"entry not an object", HEADER("{\"a\":[]}"), 0, ":a: ", "'{'"},
    {"unknown key", HEADER("{\"a\":{\"strides\":[1]}}"), 0,
     ":a: ", "unknown key"},
    {"key twice", HEADER("{\"a\":{\"shape\":[1],\"shape\":[2]}}"), 0,
     ":a: ", "comes twice"},
    {"overlap by one byte",
     HEADER("{" A_U8 "," TENSOR("b", "U8", "[2]", 3, 5) "}"), 5,
     ":b: ", "overlaps the one before it; wanted it to begin at 4"},
    {"two names of the same bytes",
     HEADER("{" A_U8 "," TENSOR("b", "U8", "[4]", 0, 4) "}"), 4,
     ":b: ", "overlaps"},
    {"empty tensor inside another",
     HEADER("{" A_U8 "," TENSOR("b", "U8", "[0]", 2, 2) "}"), 4,
     ":b: ", "overlaps"},
    {"gap", HEADER("{" A_U8 "," TENSOR("b", "U8", "[1]", 5, 6) "}"), 6,
     ":b: ", "gap before the tensor; wanted it to begin at 4, got 5"},
    {"gap before the first", HEADER("{" TENSOR("a", "U8", "[1]", 1, 2) "}"),
     2, ":a: ", "gap before the tensor"},
    {"trailing byte", HEADER("{" A_U8 "}"), 5,
     ":65: ", "bytes after the last tensor; wanted 4 bytes of data, got 5"},
    {"data without tensors", HEADER("{}"), 1,
     ":10: ", "bytes after the last tensor"},
    {"name twice", HEADER("{" A_U8 "," TENSOR("a", "U8", "[1]", 4, 5) "}"), 5,
     ":a: ", "comes twice"},
    {"name twice, empty, escaped",
     HEADER("{" TENSOR("a", "U8", "[0]", 0, 0) "," TENSOR("\\u0061", "F32",
                                                          "[0]", 0, 0) "}"),
     0, ":a: ", "comes twice"},
};

static const hostile headers[] = {
    {"empty name", HEADER("{" TENSOR("", "U8", "[4]", 0, 4) "}"), 4, ":",
     "bad tensor name"},
    {"newline in a name", HEADER("{" TENSOR("a\\nb", "U8", "[4]", 0, 4) "}"),
     4, ":", "bad tensor name"},
    {"DEL in a name", HEADER("{" TENSOR("a\x7f", "U8", "[4]", 0, 4) "}"), 4,
     ":", "bad tensor name"},
    {"CSI in a name", HEADER("{" TENSOR("a\\u009b", "U8", "[4]", 0, 4) "}"),
     4, ":", "bad tensor name"},
    {"zero in a name", HEADER("{" TENSOR("a\\u0000b", "U8", "[4]", 0, 4) "}"),
     4, ":11: ", "no zero character"},
    {"raw zero", HEADER("{\"a\0b\":{}}"), 0, ":11: ", "got byte 0x00"},
    {"raw newline", HEADER("{\"a\nb\":{}}"), 0, ":11: ", "got byte 0x0a"},
    {"lone continuation", HEADER("{\"\x80\":{}}"), 0, ":10: ", "UTF-8"},
    {"overlong", HEADER("{\"\xc1\xa1\":{}}"), 0, ":10: ", "UTF-8"},
    {"overlong of three", HEADER("{\"\xe0\x9f\xbf\":{}}"), 0,
     ":10: ", "UTF-8"},
    {"surrogate", HEADER("{\"\xed\xa0\x80\":{}}"), 0, ":10: ", "UTF-8"},
    {"overlong of four", HEADER("{\"\xf0\x8f\xbf\xbf\":{}}"), 0,
     ":10: ", "UTF-8"},
    {"past U+10FFFF", HEADER("{\"\xf4\x90\x80\x80\":{}}"), 0,
     ":10: ", "UTF-8"},
    {"cut UTF-8", HEADER("{\"\xe2\x82\":{}}"), 0, ":10: ", "UTF-8"},
    {"UTF-8 past the end", HEADER("{\"\xf0\x9f\x98"), 0, ":10: ", "UTF-8"},
    {"lone high surrogate", HEADER("{\"\\ud83d.\":{}}"), 0,
     ":16: ", "low surrogate"},
    {"high surrogate before a letter", HEADER("{\"\\ud83d\\u0041\":{}}"), 0,
     ":16: ", "low surrogate"},
    {"low surrogate past U+DFFF", HEADER("{\"\\ud83d\\ue000\":{}}"), 0,
     ":16: ", "low surrogate"},
    {"lone low surrogate", HEADER("{\"\\ude00\":{}}"), 0,
     ":10: ", "high surrogate"},
    {"bad hexadecimal", HEADER("{\"\\u00zz\":{}}"), 0,
     ":10: ", "hexadecimal"},
    {"bad escape", HEADER("{\"\\x41\":{}}"), 0, ":11: ", "after '\\'"},
    {"escape at the end", HEADER("{\"\\"), 0, ":11: ", "got its end"},
    {"string without end", HEADER("{\"a"), 0, ":11: ", "got its end"},
    {"object without end", HEADER("{" A_U8), 4, ":60: ", "got its end"},
    {"no colon", HEADER("{\"a\"{}}"), 0, ":12: ", "':'"},
    {"comma at the end", HEADER("{" A_U8 ",}"), 4, ":61: ", "a string"},
    {"list", HEADER("[]"), 0, ":8: ", "begin with '{'"},
    {"space first", HEADER(" {}"), 0, ":8: ", "begin with '{'"},
    {"byte order mark", HEADER("\xef\xbb\xbf{}"), 0,
     ":8: ", "begin with '{'"},
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
    {"metadata key twice",
     HEADER("{\"__metadata__\":{\"a\":\"1\",\"b\":\"\","
            "\"a\":\"2\"}}"),
     0, ":__metadata__: ", "comes twice"},
    {"metadata twice", HEADER("{\"__metadata__\":{},\"__metadata__\":{}}"), 0,
     ":", "a second __metadata__"},
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
        0, 1, 3, 100000001, UINT64_C(1) << 63, UINT64_MAX - 7, UINT64_MAX};
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
    check_message("unreadable file", path, ": ",
                  geteuid() == 0 ? "empty" : "cannot be opened", error.text);
    assert_int_equal(chmod(path, 0600), 0);
}

/* ---- mutilation -------------------------------------------------------- */

static unsigned char *small_file(size_t *size)
{
    static const char header[] =
        "{\"__metadata__\":{\"k\":\"v\\u00e9\"}," TENSOR(
            "b", "F32", "[2,1]", 4, 12) "," TENSOR("c", "I64", "[0]", 12,
                                                   12) "," A_U8 "}  ";
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
            bytes[i] =
                (unsigned char)(k < 8 ? before ^ (1u << k) : values[k - 8]);
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

/* The header ends where its length says, also in the middle of a character
 * or an escape that the data would complete. */
static void reads_no_header_past_its_end(void **state)
{
    (void)state;
    static const char header[] =
        "{\"__metadata__\":{\"\\ud83d\\ude00\":"
        "\"\\u00e9\\n\xf0\x9f\x98\x80\xc3\xa9\"}," A_U8 "}";
    size_t size;
    unsigned char *bytes =
        make_file(header, sizeof header - 1, "1234", 4, &size);
    for (size_t length = 2; length < sizeof header - 1; length++) {
        cg_error error = {{0}};
        unsigned long at;
        bytes[0] = (unsigned char)length;
        write_bytes(bytes, size);
        assert_null(cg_open(path, &error));
        check_message("cut header", path, ":", "bad header", error.text);
        const char *byte = strstr(error.text, " at byte ");
        if (byte != NULL) { /* path:tensor: bad header at byte N */
            at = strtoul(byte + strlen(" at byte "), NULL, 10);
        } else { /* path:N: bad header */
            at = strtoul(error.text + strlen(path) + 1, NULL, 10);
        }
        if (at > 8 + length) {
            fail_msg("wanted nothing read after byte %zu, got \"%s\"",
                     8 + length, error.text);
        }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_tensors),
        cmocka_unit_test(refuses_bad_headers),
        cmocka_unit_test(refuses_depth),
        cmocka_unit_test(refuses_bad_lengths),
        cmocka_unit_test(refuses_long_headers),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(survives_every_change_of_a_byte),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(reads_no_header_past_its_end),
        cmocka_unit_test(survives_every_lost_byte),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
