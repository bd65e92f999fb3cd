/* SPDX-License-Identifier: MIT
 *
 * collection_test.c - the files of folders and zip archives: which, in what
 * order, and whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include <cmocka.h>

#include "host/files/collection.h"
#include "host/files/image.h"
#include "tests/unit/folder.h"

/* Contents are the names. */
static void write_named(const char *name, const char *content)
{
    write_file(name, content, strlen(content));
}

static host_collection open_good(const char *name)
{
    host_failure f = HOST_FAILURE_UNSAID;
    host_collection c;

    if (!host_collection_open(&c, in_folder(name), host_image_is_name, &f)) {
        fail_msg("%s", f.text);
    }
    return c;
}

/* The entries are NAMES, up to NULL, and hold `contents`. */
static void check_entries(const char *path, const char *const *names,
                          const char *const *contents)
{
    host_collection c = open_good(path);
    host_failure f = HOST_FAILURE_UNSAID;

    for (size_t i = 0; names[i] != NULL; i++) {
        size_t size;
        unsigned char *bytes;

        assert_true(i < c.count);
        assert_string_equal(c.entries[i].name, names[i]);
        assert_int_equal(host_collection_find(&c, names[i]), i);
        bytes = host_collection_read(&c, i, &size, &f);
        if (bytes == NULL) {
            fail_msg("%s", f.text);
        }
        assert_int_equal(size, strlen(contents[i]));
        assert_memory_equal(bytes, contents[i], size);
        free(bytes);
        assert_true(names[i + 1] != NULL || c.count == i + 1);
    }
    assert_int_equal(host_collection_find(&c, "b/none.png"), c.count);
    host_collection_close(&c);
}

/* '-' comes before '/', which comes before '0' and all letters. */
static const char *const ordered[] = {
    "B.png", "a-b/1.PNG", "a/0.png", "a/b/c/d/2.webp", "a0/3.jpeg", NULL};

static zip_t *begin_zip(const char *name)
{
    zip_t *zip = zip_open(in_folder(name), ZIP_CREATE | ZIP_TRUNCATE, NULL);

    assert_non_null(zip);
    return zip;
}

static zip_uint64_t add(zip_t *zip, const char *name, const char *content)
{
    zip_source_t *source =
        zip_source_buffer(zip, content, strlen(content), 0);
    zip_int64_t index = zip_file_add(zip, name, source, 0);

    assert_true(index >= 0);
    return (zip_uint64_t)index;
}

static void folder_and_archive_are_alike(void **state)
{
    static const char *const folders[] = {
        "tree",         "tree/a-b", "tree/a",    "tree/a/b",     "tree/a/b/c",
        "tree/a/b/c/d", "tree/a0",  "tree/.git", "tree/__MACOSX"};
    zip_t *zip = begin_zip("tree.zip");

    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        assert_int_equal(mkdir(in_folder(folders[i]), 0700), 0);
    }
    for (size_t i = 5; i-- > 0;) {
        char name[64];

        (void)snprintf(name, sizeof name, "tree/%s", ordered[i]);
        write_named(name, ordered[i]);
        (void)add(zip, ordered[i], ordered[i]);
    }
    write_named("tree/.git/x.png", "hidden");
    write_named("tree/.y.png", "hidden");
    write_named("tree/__MACOSX/z.png", "hidden");
    write_named("tree/a/notes.txt", "");
    (void)add(zip, ".git/x.png", "hidden");
    (void)add(zip, ".y.png", "hidden");
    (void)add(zip, "__MACOSX/z.png", "hidden");
    (void)add(zip, "a/notes.txt", "");
    assert_true(zip_dir_add(zip, "empty", 0) >= 0);
    assert_int_equal(zip_close(zip), 0);
    check_entries("tree", ordered, ordered);
    check_entries("tree/", ordered, ordered);
    check_entries("tree.zip", ordered, ordered);
}

static void what_is_left_out_is_counted(void **state)
{
    static const char *const paths[] = {"tree", "tree.zip"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        host_collection c = open_good(paths[i]);
        char text[256];

        assert_int_equal(c.left_out.hidden, 3);
        assert_int_equal(c.left_out.unwanted, 1);
        assert_true(host_collection_left_out(&c, text, sizeof text));
        assert_string_equal(text, "3 hidden, 1 of other kinds, the first is "
                                  "a/notes.txt");
        host_collection_close(&c);
    }
}

/* A folder that holds a link to itself, a link to a folder beside it that is
 * met under its own name, and links that lead nowhere. */
static void links_count_once(void **state)
{
    static const char *const names[] = {"0.png", "b/1.png", "c.png", NULL};
    static const char *const contents[] = {"0.png", "b/1.png", "0.png"};
    host_collection c;

    (void)state;
    assert_int_equal(mkdir(in_folder("links"), 0700), 0);
    assert_int_equal(mkdir(in_folder("links/b"), 0700), 0);
    write_named("links/0.png", "0.png");
    write_named("links/b/1.png", "b/1.png");
    assert_int_equal(symlink(".", in_folder("links/self")), 0);
    assert_int_equal(symlink("b", in_folder("links/a")), 0);
    assert_int_equal(symlink("0.png", in_folder("links/c.png")), 0);
    assert_int_equal(symlink("nowhere", in_folder("links/d.png")), 0);
    check_entries("links", names, contents);
    c = open_good("links");
    assert_int_equal(c.left_out.broken, 1);
    host_collection_close(&c);
}

/* What a link leads to outside counts under the link's name. */
static void links_lead_outside(void **state)
{
    static const char *const names[] = {"far/1.png", NULL};
    static const char *const contents[] = {"b/1.png"};

    (void)state;
    assert_int_equal(mkdir(in_folder("outside"), 0700), 0);
    assert_int_equal(symlink("../links/b", in_folder("outside/far")), 0);
    check_entries("outside", names, contents);
}

/* An alarm ends the test if a pipe is opened. */
static void pipes_do_not_block(void **state)
{
    static const char *const names[] = {"1.png", NULL};
    host_failure f = HOST_FAILURE_UNSAID;
    host_collection c;

    (void)state;
    assert_int_equal(mkdir(in_folder("pipes"), 0700), 0);
    assert_int_equal(mkfifo(in_folder("pipes/0.png"), 0600), 0);
    write_named("pipes/1.png", "1.png");
    (void)alarm(10);
    check_entries("pipes", names, names);
    assert_false(host_collection_open(&c, in_folder("pipes/0.png"),
                                      host_image_is_name, &f));
    (void)alarm(0);
    assert_non_null(strstr(f.text, "wanted a folder or a zip archive"));
}

/* ---- archives ---------------------------------------------------------- */

/* libzip adds no second entry of a name, so another name is overwritten. */
static void rename_bytes(const char *archive, const char *from,
                         const char *to)
{
    static char bytes[4096];
    FILE *file = fopen(in_folder(archive), "rb");
    size_t size, n = strlen(from), found = 0;

    assert_non_null(file);
    size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i + n <= size; i++) {
        if (memcmp(bytes + i, from, n) == 0) {
            memcpy(bytes + i, to, n);
            found++;
        }
    }
    assert_true(found > 0);
    write_file(archive, bytes, size);
}

static void the_last_of_a_name_wins(void **state)
{
    static const char *const names[] = {"a.png", "b.png", NULL};
    static const char *const contents[] = {"new", "only"};
    zip_t *zip = begin_zip("twice.zip");
    host_collection c;

    (void)state;
    (void)add(zip, "a.png", "old");
    (void)add(zip, "b.png", "only");
    (void)add(zip, "c.png", "new");
    assert_int_equal(zip_close(zip), 0);
    rename_bytes("twice.zip", "c.png", "a.png");
    check_entries("twice.zip", names, contents);
    c = open_good("twice.zip");
    assert_int_equal(c.left_out.replaced, 1);
    host_collection_close(&c);
}

static void check_refused(const char *archive, const char *const words[3])
{
    host_collection c = open_good(archive);
    host_failure f = HOST_FAILURE_UNSAID;
    size_t size;

    assert_null(host_collection_read(&c, 0, &size, &f));
    for (int i = 0; i < 3; i++) {
        if (strstr(f.text, words[i]) == NULL) {
            fail_msg("no '%s' in: %s", words[i], f.text);
        }
    }
    host_collection_close(&c);
}

#define LONG_TEXT                                                            \
    "a text that repeats itself, a text that repeats itself, "               \
    "a text that repeats itself, a text that repeats itself"

static void write_one(const char *archive, zip_int32_t method)
{
    zip_t *zip = begin_zip(archive);
    zip_uint64_t index = add(zip, "a.png", LONG_TEXT);

    assert_int_equal(zip_set_file_compression(zip, index, method, 0), 0);
    assert_int_equal(zip_close(zip), 0);
}

static void checksums_are_compared(void **state)
{
    static const char *const words[] = {".zip:a.png: ", "CRC",
                                        "get the file again"};

    (void)state;
    write_one("stored.zip", ZIP_CM_STORE);
    rename_bytes("stored.zip", "text", "tExt");
    check_refused("stored.zip", words);
}

static void encryption_is_named(void **state)
{
    static const char *const words[] = {"a.png: ", "encrypted", "unpack"};
    zip_t *zip = begin_zip("secret.zip");
    zip_uint64_t index = add(zip, "a.png", "secret");

    (void)state;
    assert_int_equal(
        zip_file_set_encryption(zip, index, ZIP_EM_AES_256, "word"), 0);
    assert_int_equal(zip_close(zip), 0);
    check_refused("secret.zip", words);
}

/* Method 97 (WavPack) in both headers, which hold it 8 and 10 bytes after
 * "PK" and a mark each. */
static void unknown_packing_is_named(void **state)
{
    static const char *const words[] = {
        "a.png: ", "wanted stored or deflated", "unpack"};
    static unsigned char bytes[4096];
    size_t size;
    FILE *file;

    (void)state;
    write_one("method.zip", ZIP_CM_DEFLATE);
    file = fopen(in_folder("method.zip"), "rb");
    assert_non_null(file);
    size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i + 12 < size; i++) {
        if (memcmp(bytes + i, "PK\3\4", 4) == 0) {
            bytes[i + 8] = 97;
        } else if (memcmp(bytes + i, "PK\1\2", 4) == 0) {
            bytes[i + 10] = 97;
        }
    }
    write_file("method.zip", bytes, size);
    check_refused("method.zip", words);
}

static void truncated_archives_are_refused(void **state)
{
    static unsigned char bytes[4096];
    host_collection c;
    size_t size;
    FILE *file = fopen(in_folder("tree.zip"), "rb");

    (void)state;
    assert_non_null(file);
    size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    for (size_t n = 0; n < size; n++) {
        host_failure f = HOST_FAILURE_UNSAID;

        write_file("cut.zip", bytes, n);
        assert_false(host_collection_open(&c, in_folder("cut.zip"),
                                          host_image_is_name, &f));
        assert_non_null(strstr(f.text, "cut.zip: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_and_archive_are_alike),
        cmocka_unit_test(what_is_left_out_is_counted),
        cmocka_unit_test(links_count_once),
        cmocka_unit_test(links_lead_outside),
        cmocka_unit_test(pipes_do_not_block),
        cmocka_unit_test(the_last_of_a_name_wins),
        cmocka_unit_test(checksums_are_compared),
        cmocka_unit_test(encryption_is_named),
        cmocka_unit_test(unknown_packing_is_named),
        cmocka_unit_test(truncated_archives_are_refused),
    };
    return folder_end(cmocka_run_group_tests(tests, folder_begin, NULL));
}
