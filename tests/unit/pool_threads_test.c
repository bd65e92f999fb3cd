/* SPDX-License-Identifier: MIT
 *
 * pool_threads_test.c - the thread pool: every index once, never two tasks
 * at a time with one worker.  Links with the shared objects of tools. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "host/execution/pool.h"

#define MAX_INDICES 5000u
#define MAX_THREADS 8u

typedef struct tally {
    _Atomic uint32_t times[MAX_INDICES];
    _Atomic int inside[MAX_THREADS];
    _Atomic uint32_t collisions, bad_workers;
    uint32_t workers;
    uint32_t plain[MAX_INDICES]; /* written by tasks, read by the caller */
} tally;

static tally shared;

static void count_task(void *arg, uint32_t index, uint32_t worker)
{
    tally *t = arg;
    if (worker >= t->workers) {
        atomic_fetch_add(&t->bad_workers, 1);
        return;
    }
    if (atomic_exchange(&t->inside[worker], 1) != 0) {
        atomic_fetch_add(&t->collisions, 1);
    }
    atomic_fetch_add(&t->times[index], 1);
    t->plain[index] = index + 1;
    for (volatile int i = 0; i < 50; i++) {
    }
    atomic_store(&t->inside[worker], 0);
}

static void run_once(host_pool *p, uint32_t workers, uint32_t count)
{
    shared.workers = workers;
    for (uint32_t i = 0; i < count; i++) {
        atomic_store(&shared.times[i], 0);
        shared.plain[i] = 0;
    }
    host_pool_for(p, count_task, &shared, count);
    assert_int_equal(atomic_load(&shared.bad_workers), 0);
    assert_int_equal(atomic_load(&shared.collisions), 0);
    for (uint32_t i = 0; i < count; i++) {
        if (atomic_load(&shared.times[i]) != 1 || shared.plain[i] != i + 1) {
            fail_msg("%u threads, %u indices: index %u done %u times, left "
                     "%u",
                     workers, count, i, atomic_load(&shared.times[i]),
                     shared.plain[i]);
        }
    }
}

static void every_index_once(void **state)
{
    (void)state;
    static const uint32_t counts[] = {0, 1, 2, 3, 7, 8, 64, MAX_INDICES};
    for (uint32_t threads = 1; threads <= MAX_THREADS; threads++) {
        host_failure f;
        host_pool *p = host_pool_open(threads, 2, &f);
        assert_non_null(p);
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            run_once(p, threads, counts[i]);
        }
        host_pool_close(p);
    }
}

/* Many short jobs, one after the other: a late worker must not take an index
 * of the next job with the task of the last one. */
static void reuse(void **state)
{
    (void)state;
    static const uint32_t processors[] = {1, MAX_THREADS};
    for (size_t k = 0; k < 2; k++) { /* sleeping workers, spinning workers */
        host_failure f;
        host_pool *p = host_pool_open(4, processors[k], &f);
        assert_non_null(p);
        for (uint32_t i = 0; i < 2000; i++) {
            run_once(p, 4, 1 + i % 9);
        }
        host_pool_close(p);
    }
}

typedef struct held {
    _Atomic uint32_t done;
    uint32_t others;
    bool in_time;
} held;

/* The first index, of the caller's range, ends after all the others. */
static void hold_task(void *arg, uint32_t index, uint32_t worker)
{
    held *h = arg;
    (void)worker;
    if (index != 0) {
        atomic_fetch_add(&h->done, 1);
        return;
    }
    for (uint32_t ms = 0; ms < 60000; ms++) {
        if (atomic_load(&h->done) == h->others) {
            h->in_time = true;
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

/* Who is done with its own range helps with another's. */
static void idle_workers_help(void **state)
{
    (void)state;
    for (uint32_t threads = 2; threads <= MAX_THREADS; threads++) {
        held h = {.others = 63};
        host_failure f;
        host_pool *p = host_pool_open(threads, 2, &f);
        assert_non_null(p);
        host_pool_for(p, hold_task, &h, 64);
        assert_true(h.in_time);
        host_pool_close(p);
    }
}

static void owner_task(void *arg, uint32_t index, uint32_t worker)
{
    uint32_t *owner = arg;
    owner[index] = worker;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Tasks that wait take as long for everyone: few are done by helpers. */
static void ranges_are_kept(void **state)
{
    (void)state;
    uint32_t owner[64], own = 0, jobs = 20;
    host_failure f;
    host_pool *p = host_pool_open(4, 4, &f);
    assert_non_null(p);
    for (uint32_t k = 0; k < jobs; k++) {
        host_pool_for(p, owner_task, owner, 64);
        for (uint32_t i = 0; i < 64; i++) {
            own += owner[i] == i / 16;
        }
    }
    assert_true(own > jobs * 64 / 2);
    host_pool_close(p);
}

static void open_and_close(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        host_failure f;
        host_pool *p = host_pool_open(1 + i % MAX_THREADS, 2, &f);
        assert_non_null(p);
        host_pool_close(p);
    }
    host_pool_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_once),
        cmocka_unit_test(reuse),
        cmocka_unit_test(idle_workers_help),
        cmocka_unit_test(ranges_are_kept),
        cmocka_unit_test(open_and_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
