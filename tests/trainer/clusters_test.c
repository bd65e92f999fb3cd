/* SPDX-License-Identifier: MIT
 *
 * clusters_test.c - cluster ids in every format, and lists that are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/files/clusters.h"
#include "tests/unit/torch_files.h"
#include "tests/unit/folder.h"

static void check_clusters(const char *path)
{
    static const int32_t wanted[5] = {1, 0, 2, 1, 1};
    host_failure f = HOST_FAILURE_UNSAID;
    host_clusters c;
    char *ids, *images;

    if (!host_clusters_open(&c, path, 5, &f)) {
        fail_msg("%s", f.text);
    }
    assert_int_equal(c.used, 3);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(c.of_image[i], wanted[i]);
    }
    ids = host_clusters_ids_json(&c);
    images = host_clusters_images_json(&c);
    assert_string_equal(ids, "[3,7,300]");
    assert_string_equal(images, "[1,3,1]");
    free(ids);
    free(images);
    host_clusters_close(&c);
}

static void write_tensor(const char *name, cg_dtype dtype, const void *values,
                         uint64_t count)
{
    cg_array array = {.name = "ids",
                      .dtype = dtype,
                      .rank = 1,
                      .shape = {count},
                      .elements = count,
                      .data = values};
    pickler *p = begin_pickle(false);
    out pickle, file;

    put_tensor(p, &array, true);
    pickle = end_pickle(p);
    file = archive(&pickle, &array, 1);
    write_file(name, file.at, file.size);
    free(pickle.at);
    free(file.at);
}

/* Five ids of which one is no cluster's. */
static void refuse_reals(int at, double value, const char *what)
{
    double ids[5] = {0};
    host_failure f = HOST_FAILURE_UNSAID;
    host_clusters c;

    ids[at] = value;
    write_tensor("ids.pt", CG_F64, ids, 5);
    assert_false(host_clusters_open(&c, in_folder("ids.pt"), 5, &f));
    if (strstr(f.text, what) == NULL) {
        fail_msg("wanted \"%s\", got \"%s\"", what, f.text);
    }
}

static void test_clusters(void **state)
{
    static const int64_t ids[5] = {7, 3, 300, 7, 7};
    static const char text[] = "7\n3, 300\n7 7\n";
    static const char header[] = "{'descr': '<i8', 'fortran_order': False, "
                                 "'shape': (5,), }";
    unsigned char npy[128 + 40] = "\x93NUMPY\x01";
    host_failure f = HOST_FAILURE_UNSAID;
    host_clusters c;

    (void)state;
    write_file("ids.txt", text, sizeof text - 1);
    check_clusters(in_folder("ids.txt"));
    npy[8] = 118;
    memset(npy + 10, ' ', 118);
    npy[127] = '\n';
    memcpy(npy + 10, header, sizeof header - 1);
    memcpy(npy + 128, ids, sizeof ids);
    write_file("ids.npy", npy, sizeof npy);
    check_clusters(in_folder("ids.npy"));
    write_tensor("ids.pt", CG_I64, ids, 5);
    check_clusters(in_folder("ids.pt"));
    write_tensor("ids.pt", CG_I64, ids, 4);
    assert_false(host_clusters_open(&c, in_folder("ids.pt"), 5, &f));
    assert_non_null(strstr(f.text, "wanted 5 numbers, one per image, got 4"));
    refuse_reals(1, (double)NAN, "cluster id 1 is nan");
    refuse_reals(4, -3, "cluster id 4 is -3");
    refuse_reals(0, 1e300, "cluster id 0 is 1e+300");
    write_file("ids.npy", npy, sizeof npy - 8);
    assert_false(host_clusters_open(&c, in_folder("ids.npy"), 5, &f));
    assert_non_null(strstr(f.text, "wanted 5 numbers of 8 bytes"));
    write_file("ids.txt", "7 3 300 7", 9);
    assert_false(host_clusters_open(&c, in_folder("ids.txt"), 5, &f));
    write_file("ids.txt", "7 3 -1 7 7", 10);
    assert_false(host_clusters_open(&c, in_folder("ids.txt"), 5, &f));
    assert_non_null(strstr(f.text, "-1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clusters),
    };
    return folder_end(cmocka_run_group_tests(tests, folder_begin, NULL));
}
