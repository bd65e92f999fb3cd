/* SPDX-License-Identifier: MIT
 *
 * bound_test.c - the bound of the published table, grids, the curve. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/bound.h"
#include "tests/cluster/arrays.h"

#define MOST 32u

static size_t read_table(cluster_bound_point points[MOST])
{
    cg_file *file = arrays_open("metrics/cmax");
    const size_t count = arrays_extent(file, "C", 0);
    int32_t *clusters = arrays_integers(file, "", "C");
    int32_t *used = arrays_integers(file, "", "used");

    assert_in_range(count, 1, MOST);
    memset(points, 0, count * sizeof *points);
    for (size_t i = 0; i < count; i++) {
        points[i].clusters = (uint32_t)clusters[i];
        cluster_bound_add(&points[i], (double)used[i] / clusters[i]);
    }
    free(clusters);
    free(used);
    cg_close(file);
    return count;
}

static void test_published(void **state)
{
    cluster_bound_point points[MOST], swapped;
    const size_t count = read_table(points);

    (void)state;
    assert_int_equal(cluster_bound(points, count, CLUSTER_BOUND_ALPHA), 500);
    swapped = points[0];
    points[0] = points[count - 1];
    points[count - 1] = swapped;
    assert_int_equal(cluster_bound(points, count, CLUSTER_BOUND_ALPHA), 500);
    assert_int_equal(cluster_bound(points, count, 1.0), 0);
}

static void test_runs(void **state)
{
    cluster_bound_point p = {.clusters = 10};

    (void)state;
    cluster_bound_add(&p, 1.0);
    cluster_bound_add(&p, 0.7);
    cluster_bound_add(&p, 0.7);
    assert_int_equal(p.runs, 3);
    assert_true(fabs(p.mean - 0.8) < 1e-15);
    assert_true(p.least == 0.7 && p.most == 1.0);
}

static void test_grid(void **state)
{
    static const uint32_t wanted[] = {10, 15, 20, 30, 40, 50};
    uint32_t grid[CLUSTER_GRID_MAX];
    uint32_t count;

    (void)state;
    assert_int_equal(cluster_bound_grid(1100, grid), 6);
    assert_memory_equal(grid, wanted, sizeof wanted);
    assert_int_equal(cluster_bound_grid(30, grid), 1);
    assert_int_equal(grid[0], 2);
    count = cluster_bound_grid(50000, grid);
    assert_int_equal(grid[count - 1], 2000);
    count = cluster_bound_grid(UINT64_MAX, grid);
    for (uint32_t i = 1; i < count; i++) {
        assert_true(grid[i] > grid[i - 1]);
    }
}

static void test_advice(void **state)
{
    cluster_bound_point points[MOST];
    const size_t count = read_table(points);
    char line[256];

    (void)state;
    cluster_bound_advice(points, count, 0.96, line, sizeof line);
    assert_string_equal(line, "at most 500 clusters; compare FIDs of a few C "
                              "up to it, and refine the grid below 600");
    cluster_bound_advice(points, count, 0.1, line, sizeof line);
    assert_non_null(strstr(line, "up to the end of the grid"));
    cluster_bound_advice(points, count, 1.5, line, sizeof line);
    assert_non_null(strstr(line, "no C of the grid has r_C above 1.5"));
}

static uint32_t occurrences(const char *text, const char *word)
{
    uint32_t count = 0;

    while ((text = strstr(text, word)) != NULL) {
        count++;
        text += strlen(word);
    }
    return count;
}

/* Well-formed, a dot for each C, nothing that is not a number. */
static void test_svg(void **state)
{
    cluster_bound_point points[MOST];
    const size_t table = read_table(points);

    (void)state;
    for (size_t count = 1; count <= table; count += table - 1) {
        char *svg = cluster_bound_svg(points, count, 0.96);

        assert_non_null(svg);
        assert_int_equal(occurrences(svg, "<circle"), count);
        assert_int_equal(occurrences(svg, "<svg"), 1);
        assert_int_equal(occurrences(svg, "</svg>\n"), 1);
        assert_int_equal(occurrences(svg, "<text"),
                         occurrences(svg, "</text>"));
        assert_int_equal(occurrences(svg, "nan"), 0);
        assert_int_equal(occurrences(svg, "inf"), 0);
        assert_int_equal(occurrences(svg, "at most 500 clusters"), count > 1);
        free(svg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published), cmocka_unit_test(test_runs),
        cmocka_unit_test(test_grid),      cmocka_unit_test(test_advice),
        cmocka_unit_test(test_svg),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
