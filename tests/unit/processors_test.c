/* SPDX-License-Identifier: MIT
 *
 * processors_test.c - how many processors are ours, on copies of the parts of
 * a system that say so. */
#define _GNU_SOURCE /* sched_setaffinity */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "host/execution/processors.h"

static char root[] = "/tmp/processors_test.XXXXXX";

static void write_file(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            (void)mkdir(path, 0777);
            *p = '/';
        }
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

typedef struct system_case {
    const char *what, *group;
    const char *files[4][2]; /* below sys/fs/cgroup: name, text */
    double quota;
} system_case;

static const system_case cases[] = {
    {"nothing known", "", {{NULL}}, 0},
    {"version 2, no limit", "0::/\n", {{"cpu.max", "max 100000\n"}}, 0},
    {"version 2, a container's own root",
     "0::/\n",
     {{"cpu.max", "200000 100000\n"}},
     2},
    {"version 2, the group above has less",
     "0::/user/me\n",
     {{"cpu.max", "max 100000\n"},
      {"user/cpu.max", "150000 100000\n"},
      {"user/me/cpu.max", "400000 100000\n"}},
     1.5},
    {"version 2, the path is another mount's",
     "0::/docker/1234\n",
     {{"cpu.max", "50000 100000\n"}},
     0.5},
    {"version 1",
     "9:memory:/\n2:cpu,cpuacct:/box\n",
     {{"cpu/box/cpu.cfs_quota_us", "300000\n"},
      {"cpu/box/cpu.cfs_period_us", "100000\n"}},
     3},
    {"version 1, no limit",
     "3:cpuset:/box\n2:cpuacct,cpu:/box\n0::/\n",
     {{"cpu/box/cpu.cfs_quota_us", "-1\n"},
      {"cpu/box/cpu.cfs_period_us", "100000\n"}},
     0},
    {"not a number", "0::/\n", {{"cpu.max", "\n"}}, 0},
    {"a period of 0", "0::/\n", {{"cpu.max", "100 0\n"}}, 0},
    {"no group", "cpu\n:\n", {{"cpu.max", "100000 100000\n"}}, 0},
};

static void run(const char *command)
{
    assert_int_equal(system(command), 0);
}

static void quotas(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const system_case *c = &cases[i];
        char text[300];
        write_file("proc/self/cgroup", c->group);
        for (size_t k = 0; k < 4 && c->files[k][0] != NULL; k++) {
            (void)snprintf(text, sizeof text, "sys/fs/cgroup/%s",
                           c->files[k][0]);
            write_file(text, c->files[k][1]);
        }
        double quota = host_processors_quota(root);
        if (!(quota >= c->quota && quota <= c->quota)) {
            fail_msg("%s: wanted %g, got %g", c->what, c->quota, quota);
        }
        (void)snprintf(text, sizeof text, "rm -rf %s/sys %s/proc", root,
                       root);
        run(text);
    }
}

/* Not those of the machine: one, after this process was tied to one. */
static void affinity_counts(void **state)
{
    (void)state;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    assert_true(host_processors() <= (uint32_t)CPU_COUNT(&all));
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
        }
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(host_processors(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) != NULL ? 0 : -1;
}

static int remove_root(void **state)
{
    char text[64];
    (void)state;
    (void)snprintf(text, sizeof text, "rm -rf %s", root);
    return system(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotas),
        cmocka_unit_test(affinity_counts),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
