/* SPDX-License-Identifier: MIT
 *
 * tensor_hostile_test.c - tensors of snapshots whose shapes, strides,
 * storages or names lie. */
#include "tests/unit/refused_files.h"

static const float numbers[] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f};

static cg_array floats(const char *name, uint64_t count)
{
    return (cg_array){.name = name,
                      .dtype = CG_F32,
                      .rank = 1,
                      .shape = {count},
                      .elements = count,
                      .data = (const unsigned char *)numbers};
}

/* ---- tensors ----------------------------------------------------------- */

typedef struct view {
    const char *rule;
    int64_t offset;
    int rank, strides_rank;
    int64_t shape[9], strides[9];
    const char *what; /* NULL: accepted */
} view;

#define BIG INT64_C(4294967296)

/* Of a storage of six floats. */
static const view views[] = {
    {"all", 0, 1, 1, {6}, {1}, NULL},
    {"a matrix", 0, 2, 2, {2, 3}, {3, 1}, NULL},
    {"the end of the storage", 5, 1, 1, {1}, {1}, NULL},
    {"nothing at its end", 6, 1, 1, {0}, {1}, NULL},
    {"a scalar", 3, 0, 0, {0}, {0}, NULL},
    {"strides of axes of length 1", 0, 3, 3, {1, 6, 1}, {77, 1, 0}, NULL},
    {"strides of nothing", 0, 2, 2, {0, 3}, {77, 99}, NULL},
    {"rank 8",
     0,
     8,
     8,
     {1, 1, 1, 1, 1, 1, 1, 6},
     {6, 6, 6, 6, 6, 6, 6, 1},
     NULL},
    {"one element too many", 0, 1, 1, {7}, {1}, "storage is too short"},
    {"one too far", 1, 1, 1, {6}, {1}, "storage is too short"},
    {"behind the storage", 7, 1, 1, {0}, {1}, "storage is too short"},
    {"offset 2^63 - 1", INT64_MAX, 1, 1, {6}, {1}, "storage is too short"},
    {"offset -1", -1, 1, 1, {6}, {1}, "unusable offset"},
    {"dimension -1", 0, 1, 1, {-1}, {1}, "unusable dimension"},
    {"two negative dimensions",
     0,
     2,
     2,
     {-2, -3},
     {3, 1},
     "unusable dimension"},
    {"dimension 2^63 - 1", 0, 1, 1, {INT64_MAX}, {1}, "overflows"},
    {"product wraps to 0", 0, 2, 2, {BIG, BIG}, {BIG, 1}, "overflows"},
    {"product wraps to 4",
     0,
     2,
     2,
     {4, BIG *(BIG / 4) + 1},
     {BIG * (BIG / 4) + 1, 1},
     "overflows"},
    {"bytes wrap to 0", 0, 2, 2, {BIG, BIG / 4}, {BIG / 4, 1}, "overflows"},
    {"wraps, but for a zero", 0, 3, 3, {BIG, BIG, 0}, {1, 1, 1}, "overflows"},
    {"rank 9",
     0,
     9,
     9,
     {1, 1, 1, 1, 1, 1, 1, 1, 6},
     {6, 6, 6, 6, 6, 6, 6, 6, 1},
     "unusable shape"},
    {"transposed", 0, 2, 2, {2, 3}, {1, 2}, NULL},
    {"expanded", 0, 2, 2, {6, 6}, {0, 1}, "more elements than"},
    {"every second", 0, 1, 1, {3}, {2}, NULL},
    {"stride 2^62",
     0,
     1,
     1,
     {2},
     {INT64_MAX / 2 + 1},
     "storage is too short"},
    {"stride -1", 5, 1, 1, {6}, {-1}, "unusable stride"},
    {"too few strides", 0, 2, 1, {2, 3}, {1}, "unusable strides"},
    {"too many strides", 0, 1, 2, {6}, {1, 1}, "unusable strides"},
};

static void put_integers(pickler *p, const int64_t *values, int count)
{
    PUT(&p->frame, "(");
    for (int i = 0; i < count; i++) {
        put_integer(p, values[i]);
    }
    put_tuple(p, 4);
}

/* A view of the storage that comes next, or of the one in the memo. */
static void put_view(pickler *p, const view *v, uint32_t *memo)
{
    cg_array array = floats("a", 6);
    put_name(p, "torch._utils", "_rebuild_tensor_v2");
    PUT(&p->frame, "(");
    if (*memo == 0) {
        put_storage(p, &array, false);
        *memo = p->memo - 1;
    } else {
        put_get(p, *memo);
    }
    put_integer(p, v->offset);
    put_integers(p, v->shape, v->rank);
    put_integers(p, v->strides, v->strides_rank);
    PUT(&p->frame, "\x89");
    put_ordered_dict(p);
    put_tuple(p, 4);
    put_call(p);
}

static out view_file(const view *v)
{
    uint32_t memo = 0;
    pickler *p = begin_pickle(true);
    put_view(p, v, &memo);
    return end_pickle(p);
}

/* Element k of a view in row-major order. */
static double element_of(const view *v, uint64_t k)
{
    int64_t at = v->offset;
    for (int i = v->rank; i-- > 0;) {
        at += (int64_t)(k % (uint64_t)v->shape[i]) * v->strides[i];
        k /= (uint64_t)v->shape[i];
    }
    return (double)numbers[at];
}

static void checks_views(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        const view *v = &views[i];
        out o = view_file(v);
        if (v->what != NULL) {
            refuse_bytes(v->rule, o.at, o.size, ":0x", v->what);
            free(o.at);
            continue;
        }
        cg_file *file = open_out(o);
        const cg_array *array = cg_find(file, "tensor");
        assert_non_null(array);
        assert_int_equal(array->rank, v->rank);
        for (uint64_t k = 0; k < array->elements; k++) {
            double wanted = element_of(v, k);
            if (cg_element(array, k) != wanted) {
                fail_msg("%s: wanted %g at %ju, got %g", v->rule, wanted,
                         (uintmax_t)k, cg_element(array, k));
            }
        }
        cg_close(file);
    }
}

/* Several tensors may be parts of one storage, if they share no element. */
static void checks_views_of_one_storage(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        int64_t begin[3], count[3];
        const char *what;
    } rows[] = {
        {"side by side", {0, 2, 4}, {2, 2, 2}, NULL},
        {"in another order", {4, 0, 2}, {2, 2, 2}, NULL},
        {"with a gap", {0, 5, 3}, {1, 1, 1}, NULL},
        {"nothing inside another", {0, 3, 6}, {6, 0, 0}, NULL},
        {"the same", {1, 1, 0}, {2, 2, 0}, "share bytes"},
        {"one inside another", {0, 2, 0}, {6, 1, 0}, "share bytes"},
        {"by one element", {0, 3, 0}, {4, 3, 0}, "got 4 shared"},
        {"nothing between", {0, 1, 2}, {6, 0, 2}, "share bytes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static const char *const names[] = {"a", "b", "c"};
        uint32_t memo = 0;
        pickler *p = begin_pickle(true);
        put_dict(p);
        for (int k = 0; k < 3; k++) {
            view v = {.offset = rows[i].begin[k],
                      .rank = 1,
                      .strides_rank = 1,
                      .shape = {rows[i].count[k]},
                      .strides = {1}};
            put_text(p, names[k]);
            put_view(p, &v, &memo);
            PUT(&p->frame, "s");
        }
        if (rows[i].what != NULL) {
            refuse_pickle(rows[i].rule, p, rows[i].what);
            continue;
        }
        cg_file *file = open_out(end_pickle(p));
        for (size_t k = 0; k < 3; k++) {
            const cg_array *array = cg_find(file, names[k]);
            assert_non_null(array);
            assert_int_equal(array->elements, rows[i].count[k]);
            if (array->elements > 0) {
                assert_true(cg_element(array, 0) ==
                            (double)numbers[rows[i].begin[k]]);
            }
        }
        cg_close(file);
    }
}

/* ---- storages ---------------------------------------------------------- */

static void refuse_stream(const char *rule, const out *stream,
                          const char *what)
{
    static const uint64_t six[] = {6}, one[] = {1};
    pickler *p = begin_pickle(true);
    put_name(p, "torch._utils", "_rebuild_tensor_v2");
    PUT(&p->frame, "(");
    put_name(p, "torch.storage", "_load_from_bytes");
    put_bytes(p, stream);
    put_tuple(p, 1);
    put_call(p);
    put_integer(p, 0);
    put_sizes(p, six, 1);
    put_sizes(p, one, 1);
    PUT(&p->frame, "\x89");
    put_ordered_dict(p);
    put_tuple(p, 4);
    put_call(p);
    refuse_pickle(rule, p, what);
}

static void refuses_wrong_storages(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *from, *to, *what;
        size_t size;
    } rows[] = {
        {"another magic number", "\x6c\xfc", "\x6c\xfd", "magic", 2},
        {"another version", "M\xe9\x03.", "M\xea\x03.", "version", 4},
        {"version 1001 as text", "M\xe9\x03.", "X\0\0\0", "", 4},
        {"another version inside", "M\xe9\x03X", "M\xe8\x03X", "version", 4},
        {"big-endian", "\x88X", "\x89X", "byte order", 2},
        {"not a storage", "storage", "storagf", "type", 7},
        {"another type of storage", "FloatStorage", "FlowtStorage",
         "FlowtStorage", 12},
        {"os.system instead", "torch\nFloatStorage", "os\nsystem\n000000000",
         "os.system", 18},
        {"a key of its own", "]q", "]a", "missing", 2},
        {"another number in the identifier", "K\x06N", "K\x05N",
         "sizes disagree", 3},
        {"a negative number", "K\x06N", "K\x06Q", "", 3},
        {"another number before the data", "\x06\0\0\0\0\0\0\0",
         "\x05\0\0\0\0\0\0\0", "sizes disagree", 8},
        {"2^62 + 6 elements", "\x06\0\0\0\0\0\0\0", "\x06\0\0\0\0\0\0\x40",
         "sizes disagree", 8},
    };
    cg_array array = floats("a", 6);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        out stream = legacy_stream(&array);
        memcpy(find_bytes(&stream, rows[i].from, rows[i].size), rows[i].to,
               rows[i].size);
        refuse_stream(rows[i].rule, &stream, rows[i].what);
        free(stream.at);
    }
}

static void refuses_storages_of_other_lengths(void **state)
{
    (void)state;
    cg_array array = floats("a", 6);
    out stream = legacy_stream(&array);
    size_t whole = stream.size;
    for (stream.size = 0; stream.size < whole; stream.size++) {
        refuse_stream("cut short", &stream, "");
    }
    stream.size = whole;
    PUT(&stream, "\0");
    refuse_stream("one byte too many", &stream, "sizes disagree");
    PUT(&stream, "\0\0\0");
    refuse_stream("one element too many", &stream, "sizes disagree");
    free(stream.at);
}

/* The pickles in front of a storage may not be a place to hide work in. */
static void refuses_long_headers(void **state)
{
    (void)state;
    out stream = {0};
    PUT(&stream, "\x80\x02");
    for (int i = 0; i < 200; i++) {
        PUT(&stream, "N");
    }
    refuse_stream("many values", &stream, "too many objects");
    /* a good stream, but for frames in its first pickle */
    cg_array array = floats("a", 6);
    out good = legacy_stream(&array);
    stream.size = 2;
    for (int i = 0; i < 500; i++) {
        PUT(&stream, "\x95\0\0\0\0\0\0\0\0");
    }
    put(&stream, good.at + 2, good.size - 2);
    refuse_stream("many frames", &stream, "cut short");
    free(good.at);
    free(stream.at);
}

/* ---- names and numbers of tensors -------------------------------------- */

static out named(const char *name, size_t size)
{
    cg_array array = floats(name, 6);
    pickler *p = begin_pickle(true);
    put_dict(p);
    PUT(&p->frame, "X");
    put_number(&p->frame, size, 4);
    put(&p->frame, name, size);
    put_tensor(p, &array, false);
    PUT(&p->frame, "s");
    return end_pickle(p);
}

static void checks_names(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         " ",    "a b",         "a\nb", "\x1b[2J",     "a\x7f",
        "\xc3\xa9", "\xff", "\xc2\x9b[2J", "a\t",  "*/ int x; /*"};
    static const char *const odd[] = {
        "../../etc/passwd", "*/int(x);/*", "\\", "\"", "%s%n", "${HOME}"};
    char longest[514];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        out o = named(bad[i], strlen(bad[i]));
        refuse_bytes(bad[i], o.at, o.size, ":0x", "name of a tensor");
        free(o.at);
    }
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        cg_file *file = open_out(named(odd[i], strlen(odd[i])));
        assert_string_equal(file->arrays[0].name, odd[i]);
        cg_close(file);
    }
    memset(longest, 'x', sizeof longest);
    longest[512] = '\0';
    cg_close(open_out(named(longest, 512)));
    longest[512] = 'x';
    longest[513] = '\0';
    out o = named(longest, 513);
    refuse_bytes("513 bytes", o.at, o.size, ":0x", "too long");
    free(o.at);
    o = named("a\0b", 3);
    refuse_bytes("a zero", o.at, o.size, ":0x", "byte 0x00");
    free(o.at);
}

static void refuses_shared_and_repeated_tensors(void **state)
{
    (void)state;
    cg_array array = floats("a", 6);
    for (int same = 0; same < 2; same++) {
        pickler *p = begin_pickle(true);
        put_dict(p);
        put_text(p, "a");
        put_tensor(p, &array, false);
        uint32_t tensor = p->memo - 1;
        PUT(&p->frame, "s");
        put_text(p, same ? "a" : "b");
        if (same) {
            put_tensor(p, &array, false);
        } else {
            put_get(p, tensor);
        }
        PUT(&p->frame, "s");
        out o = end_pickle(p);
        refuse_bytes(same ? "a name twice" : "two names", o.at, o.size, ":",
                     same ? "comes twice" : "share bytes");
        free(o.at);
    }
}

/* A million names of one empty tensor. */
static void refuses_a_million_tensors(void **state)
{
    (void)state;
    static const uint32_t counts[] = {70000, 300000, 1000000};
    cg_array array = floats("a", 0);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        pickler *p = begin_pickle(true);
        put_dict(p);
        put_text(p, "a");
        put_tensor(p, &array, false);
        uint32_t tensor = p->memo - 1;
        PUT(&p->frame, "s");
        for (uint32_t k = 0; k < counts[i]; k++) {
            char name[16];
            int length = snprintf(name, sizeof name, "%u", k);
            PUT(&p->frame, "\x8c");
            put_number(&p->frame, (uint64_t)length, 1);
            put(&p->frame, name, (size_t)length);
            put_get(p, tensor);
            PUT(&p->frame, "s");
        }
        refuse_pickle("a million tensors", p, "too many ");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_views),
        cmocka_unit_test(checks_views_of_one_storage),
        cmocka_unit_test(refuses_wrong_storages),
        cmocka_unit_test(refuses_storages_of_other_lengths),
        cmocka_unit_test(refuses_long_headers),
        cmocka_unit_test(checks_names),
        cmocka_unit_test(refuses_shared_and_repeated_tensors),
        cmocka_unit_test(refuses_a_million_tensors),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
