/* SPDX-License-Identifier: MIT
 *
 * pool.c - tasks for threads that share the memory of this module.
 *
 * A round is one call of parallel_for: whoever is free takes the next
 * index.  Helpers sleep on the number of the round, the caller on the number
 * of those who are not done with it. */
#include <stdatomic.h>
#include <stdint.h>

#include "browser/backend.h"
#include "browser/page_session.h"

/* Looks before a thread sleeps: rounds follow each other within some ten
 * microseconds, which waking takes alone. */
#define LOOKS 4000

static struct {
    cedm_task *task;
    void *arg;
    uint32_t count, helpers;
    _Atomic uint32_t next;
    _Atomic int32_t round, busy;
} pool;

/* Until *word is no longer `value`. */
static void wait_while(_Atomic int32_t *word, int32_t value)
{
    for (int i = 0; i < LOOKS; i++) {
        if (atomic_load(word) != value) {
            return;
        }
    }
    while (atomic_load(word) == value) {
        __builtin_wasm_memory_atomic_wait32((int *)word, value, -1);
    }
}

static void wake(_Atomic int32_t *word)
{
    __builtin_wasm_memory_atomic_notify((int *)word, UINT32_MAX);
}

static void take(uint32_t worker)
{
    uint32_t index;

    while ((index = atomic_fetch_add(&pool.next, 1)) < pool.count) {
        pool.task(pool.arg, index, worker);
    }
}

static void parallel_for(void *unused, cedm_task *task, void *arg,
                         uint32_t count)
{
    int32_t left;

    (void)unused;
    pool.task = task;
    pool.arg = arg;
    pool.count = count;
    atomic_store(&pool.next, 0);
    atomic_store(&pool.busy, (int32_t)pool.helpers);
    atomic_fetch_add(&pool.round, 1);
    wake(&pool.round);
    take(0);
    while ((left = atomic_load(&pool.busy)) != 0) {
        wait_while(&pool.busy, left);
    }
}

cedm_parallel_for *browser_threads(uint32_t helpers)
{
    pool.helpers = helpers;
    return parallel_for;
}

void browser_help(uint32_t worker)
{
    int32_t seen = 0;

    for (;;) {
        wait_while(&pool.round, seen);
        seen++;
        take(worker);
        if (atomic_fetch_sub(&pool.busy, 1) == 1) {
            wake(&pool.busy);
        }
    }
}
