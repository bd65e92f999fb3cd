/* SPDX-License-Identifier: MIT
 *
 * torchzip_hostile_test.c - archives that are not what torch.save writes:
 * one lie at a time, then every single mutilation of a good one. */
#include "tests/unit/refused_files.h"

static const unsigned char numbers[48] = {
    1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
    4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0};

static const cg_array counts = {.name = "tensor",
                                .dtype = CG_I64,
                                .rank = 1,
                                .shape = {6},
                                .elements = 6,
                                .data = numbers};

static out tensor_pickle(void)
{
    pickler *p = begin_pickle(false);
    put_tensor(p, &counts, true);
    return end_pickle(p);
}

static out tensor_file(void)
{
    out pickle = tensor_pickle(), all = archive(&pickle, &counts, 1);
    free(pickle.at);
    return all;
}

static void accept_out(out o)
{
    cg_error error = {{0}};
    write_bytes(o.at, o.size);
    free(o.at);
    cg_file *file = cg_open(path, &error);
    if (file == NULL) {
        fail_msg("%s", error.text);
        return;
    }
    const cg_array *array = cg_find(file, "tensor");
    assert_non_null(array);
    assert_true(cg_element(array, 5) == 6.0);
    cg_close(file);
}

/* The entries of a good file, and more or fewer. */
typedef struct recipe {
    const char *pickle, *storage; /* names of entries, NULL: left out */
    size_t bytes;                 /* of the storage */
    const char *extra, *content;
} recipe;

static out cook(const recipe *r)
{
    zip_writer z = {0};
    out pickle = tensor_pickle();
    zip_add(&z, "archive/version", "3\n", 2);
    if (r->pickle != NULL) {
        zip_add(&z, r->pickle, pickle.at, pickle.size);
    }
    if (r->storage != NULL) {
        zip_add(&z, r->storage, numbers, r->bytes);
    }
    if (r->extra != NULL) {
        zip_add(&z, r->extra, r->content, strlen(r->content));
    }
    free(pickle.at);
    return zip_end(&z);
}

#define PKL "archive/data.pkl"
#define DATA "archive/data/0"

static void checks_entries(void **state)
{
    (void)state;
    static const recipe good[] = {
        {PKL, DATA, 48, NULL, NULL},
        {PKL, DATA, 48, "archive/byteorder", "little"},
        {PKL, DATA, 48, "archive/data/1", "unused"},
        {PKL, DATA, 48, "archive/xdata.pkl", "N."},
        {"data.pkl", "data/0", 48, NULL, NULL},
        {"a/b/../c/data.pkl", "a/b/../c/data/0", 48, NULL, NULL},
    };
    static const struct {
        const char *rule;
        recipe recipe;
        const char *where, *what;
    } bad[] = {
        {"no pickle", {NULL, DATA, 48, NULL, NULL}, ":zip: ", "got none"},
        {"two pickles",
         {PKL, DATA, 48, "b/data.pkl", "N."},
         ":zip: ",
         "got more"},
        {"a pickle of another name",
         {"archive/Data.pkl", DATA, 48, NULL, NULL},
         ":zip: ",
         "got none"},
        {"no storage",
         {PKL, NULL, 0, NULL, NULL},
         ":data.pkl:0x",
         "missing in the archive"},
        {"a storage elsewhere",
         {PKL, "archive/Data/0", 48, NULL, NULL},
         ":data.pkl:0x",
         "data/0"},
        {"a storage of another folder",
         {PKL, "other/data/0", 48, NULL, NULL},
         ":data.pkl:0x",
         "data/0"},
        {"an element too few",
         {PKL, DATA, 40, NULL, NULL},
         ":data.pkl:0x",
         "wanted 6 elements of 8 bytes, got 40"},
        {"a byte too few",
         {PKL, DATA, 47, NULL, NULL},
         ":data.pkl:0x",
         "got 47"},
        {"no bytes", {PKL, DATA, 0, NULL, NULL}, ":data.pkl:0x", "got 0"},
        {"big-endian",
         {PKL, DATA, 48, "archive/byteorder", "big"},
         ":byteorder: ",
         "little-endian"},
        {"no byte order",
         {PKL, DATA, 48, "archive/byteorder", ""},
         ":byteorder: ",
         "little-endian"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        accept_out(cook(&good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refuse_out(bad[i].rule, cook(&bad[i].recipe), bad[i].where,
                   bad[i].what);
    }
}

static void refuses_a_storage_of_two_tensors(void **state)
{
    (void)state;
    pickler *p = begin_pickle(false);
    put_dict(p);
    put_text(p, "a");
    put_tensor(p, &counts, true);
    PUT(&p->frame, "s");
    p->storages = 0;
    put_text(p, "b");
    put_tensor(p, &counts, true);
    PUT(&p->frame, "s");
    out pickle = end_pickle(p), all = archive(&pickle, &counts, 1);
    free(pickle.at);
    refuse_out("a storage of two tensors", all, ":data.pkl:", "share bytes");
}

/* ---- headers of the archive -------------------------------------------- */

/* The nth record with this signature, counted from 0. */
static unsigned char *record(const out *o, const char *signature, int n)
{
    for (size_t i = 0; i + 4 <= o->size; i++) {
        if (memcmp(o->at + i, signature, 4) == 0 && n-- == 0) {
            return o->at + i;
        }
    }
    fail_msg("wanted a record, got none");
    return NULL;
}

#define LOCAL "PK\3\4"
#define CENTRAL "PK\1\2"

/* The storage is the second entry. */
static void refuses_wrong_checksums(void **state)
{
    (void)state;
    for (int entry = 0; entry < 2; entry++) {
        out o = tensor_file();
        unsigned char *local = record(&o, LOCAL, entry);
        size_t names = (size_t)local[26] + local[28];
        local[30 + names] ^= 0x40; /* the first byte of the data */
        refuse_out("a byte of the data", o, ":archive/data", "CRC");

        o = tensor_file();
        record(&o, LOCAL, entry)[14] ^= 1;
        record(&o, CENTRAL, entry)[16] ^= 1;
        refuse_out("the checksum", o, ":archive/data", "CRC");
    }
}

static void refuses_packed_entries(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *what;
        size_t local, central;
        unsigned char value;
    } rows[] = {
        {"deflated", "packed", 8, 10, 8},
        {"bzip2", "packed", 8, 10, 12},
        {"encrypted", "packed", 6, 8, 1},
        {"a method of its own", "packed", 8, 10, 77},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int entry = 0; entry < 2; entry++) {
            out o = tensor_file();
            record(&o, LOCAL, entry)[rows[i].local] = rows[i].value;
            record(&o, CENTRAL, entry)[rows[i].central] = rows[i].value;
            refuse_out(rows[i].rule, o, ":", "");
        }
    }
}

/* Sizes of 4 GiB, offsets outside, names that differ, many entries. */
static void refuses_lies_of_the_directory(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        size_t at, size; /* in the storage's central record */
        unsigned char value;
    } rows[] = {
        {"both sizes", 20, 8, 0xff},
        {"packed size", 20, 4, 0x7f},
        {"size", 24, 4, 0x7f},
        {"both sizes 0", 20, 8, 0},
        {"offset", 42, 4, 0x7f},
        {"offset 2^32 - 1", 42, 4, 0xff},
        {"offset of another entry", 42, 4, 0},
        {"name", 46, 1, 'b'},
        {"length of the name", 28, 2, 0xff},
        {"length of the extra", 30, 2, 0xff},
        {"length of the comment", 32, 2, 0xff},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        out o = tensor_file();
        memset(record(&o, CENTRAL, 1) + rows[i].at, rows[i].value,
               rows[i].size);
        refuse_out(rows[i].rule, o, ":", "");
    }
    out o = tensor_file();
    memset(record(&o, "PK\5\6", 0) + 8, 0xff, 4);
    refuse_out("65535 entries", o, ":zip: ", "");
    o = tensor_file();
    memset(record(&o, "PK\5\6", 0) + 12, 0xff, 8);
    refuse_out("a directory of 4 GiB", o, ":zip: ", "");
    o = tensor_file();
    memset(record(&o, "PK\5\6", 0) + 16, 0, 4);
    refuse_out("a directory at 0", o, ":zip: ", "");
}

/* Entries inside the data of others, each sound by itself: copied, they are
 * many times the file. */
static void refuses_entries_inside_entries(void **state)
{
    (void)state;
    enum { DEPTH = 20, BYTES = 65536 };
    out directories[DEPTH], content = {0};
    size_t heads[DEPTH];
    pickler *p = begin_pickle(false);
    zip_writer z = {0};
    while (content.size < BYTES) {
        PUT(&content, "\0\0\0\0\0\0\0\0");
    }
    put_dict(p);
    for (int i = 0; i < DEPTH; i++) { /* from the innermost outwards */
        char key[40];
        cg_array array = {.dtype = CG_F32,
                          .rank = 1,
                          .shape = {content.size / 4},
                          .elements = content.size / 4};
        (void)snprintf(key, sizeof key, "a/data/%d", i);
        put_text(p, key);
        put_tensor(p, &array, true);
        PUT(&p->frame, "s");
        zip_writer inner = {0};
        zip_add(&inner, key, content.at, content.size);
        directories[i] = inner.directory;
        heads[i] = inner.all.size - content.size;
        free(content.at);
        content = inner.all;
    }
    out pickle = end_pickle(p);
    zip_add(&z, "a/data.pkl", pickle.at, pickle.size);
    free(pickle.at);
    size_t begin = z.all.size;
    put(&z.all, content.at, content.size);
    free(content.at);
    for (int i = DEPTH; i-- > 0; begin += heads[i]) {
        for (unsigned k = 0; k < 4; k++) {
            directories[i].at[42 + k] = (unsigned char)(begin >> (8 * k));
        }
        put(&z.directory, directories[i].at, directories[i].size);
        free(directories[i].at);
        z.count++;
    }
    refuse_out("entries inside entries", zip_end(&z), ":a/data/",
               "entries overlap");
}

/* ---- mutilations ------------------------------------------------------- */

static void survives_every_truncation(void **state)
{
    (void)state;
    out o = tensor_file();
    check_truncations(&o);
    free(o.at);
}

/* Padding, dates and the version change unseen. */
static void survives_every_changed_byte(void **state)
{
    (void)state;
    out o = tensor_file();
    check_changes(&o);
    free(o.at);
}

/* Neither checksum nor size hides a pickle that runs code. */
static void refuses_code(void **state)
{
    (void)state;
    static const char code[] = "\x80\x02"
                               "cos\nsystem\nX\x02\0\0\0ls\x85R.";
    const out pickle = {.at = (unsigned char *)(uintptr_t)code,
                        .size = sizeof code - 1};
    refuse_out("os.system", archive(&pickle, &counts, 1),
               ":data.pkl:0x2: ", "os.system");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_entries),
        cmocka_unit_test(refuses_a_storage_of_two_tensors),
        cmocka_unit_test(refuses_wrong_checksums),
        cmocka_unit_test(refuses_packed_entries),
        cmocka_unit_test(refuses_lies_of_the_directory),
        cmocka_unit_test(refuses_entries_inside_entries),
        cmocka_unit_test(survives_every_truncation),
        cmocka_unit_test(survives_every_changed_byte),
        cmocka_unit_test(refuses_code),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
