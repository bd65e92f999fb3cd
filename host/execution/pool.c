/* SPDX-License-Identifier: MIT
 *
 * pool.c - the threads behind cedm_parallel_for.
 *
 * A network has some hundred ops of a few microseconds each, so waking must
 * be cheap: a worker spins for a while before it sleeps on a condition.
 *
 * One job at a time, its indices split evenly: every worker has a range of
 * its own, the same for every job of so many, so that it often finds in its
 * caches what it made in the last one.  Who is done helps the others, and a
 * busy machine costs speed in proportion: the caller waits for the indices
 * that were taken, never for a thread that has not woken up.
 *
 * A range is one atomic word: the job's generation and how many indices are
 * left.  A worker reads the job, then takes an index by compare-and-swap on
 * that word: it can only succeed while that very job has indices left, so
 * that a worker which was descheduled meanwhile takes nothing. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "host/execution/pool.h"

#if defined(__x86_64__) || defined(__i386__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() atomic_signal_fence(memory_order_seq_cst)
#endif

/* About 0.2 ms: longer than the serial parts between two ops and than most
 * waits for the last task of one, and short enough not to starve other
 * programs. */
#define SPINS 4000

/* On lines of their own: their owner takes from them undisturbed. */
typedef struct worker {
    _Alignas(64) _Atomic uint64_t range; /* generation << 32 | indices left */
    host_pool *owner;
    pthread_t thread;
    uint32_t index;
} worker;

struct host_pool {
    worker *workers; /* [threads]; the first is the caller */
    uint32_t started;
    uint32_t spins; /* 0 when there are more threads than processors */

    _Atomic uint32_t generation; /* of the last job */
    _Atomic(cedm_task *) task;
    _Atomic(void *) arg;
    _Atomic uint32_t count;
    _Atomic uint32_t unfinished; /* indices of the job not yet done */
    _Atomic bool stop;

    pthread_mutex_t lock; /* guards sleeping only */
    pthread_cond_t begin, end;
};

static uint32_t generation_of(uint64_t state)
{
    return (uint32_t)(state >> 32);
}

/* One index is done; wakes the caller after the last. */
static void finish_one(host_pool *p)
{
    if (atomic_fetch_sub(&p->unfinished, 1) == 1) {
        pthread_mutex_lock(&p->lock);
        pthread_cond_signal(&p->end);
        pthread_mutex_unlock(&p->lock);
    }
}

/* Where the range of a worker ends. */
static uint32_t end_of(const host_pool *p, uint32_t worker_index)
{
    uint64_t count = atomic_load_explicit(&p->count, memory_order_relaxed);

    return (uint32_t)(count * (worker_index + 1) / (p->started + 1));
}

/* Takes indices of one job from the range of worker `of` until none are
 * left. */
static void take(host_pool *p, uint32_t generation, uint32_t of,
                 uint32_t worker_index)
{
    _Atomic uint64_t *range = &p->workers[of].range;
    uint64_t state = atomic_load(range);
    while (generation_of(state) == generation && (uint32_t)state > 0) {
        cedm_task *task =
            atomic_load_explicit(&p->task, memory_order_relaxed);
        void *arg = atomic_load_explicit(&p->arg, memory_order_relaxed);
        if (atomic_compare_exchange_weak(range, &state, state - 1)) {
            task(arg, end_of(p, of) - (uint32_t)state, worker_index);
            finish_one(p);
            state = atomic_load(range);
        }
    }
}

/* From its own range first. */
static void work(host_pool *p, uint32_t generation, uint32_t worker_index)
{
    uint32_t workers = p->started + 1;
    for (uint32_t i = 0; i < workers; i++) {
        take(p, generation, (worker_index + i) % workers, worker_index);
    }
}

/* Waits for another job than the one last seen. */
static uint32_t wait_for_job(host_pool *p, uint32_t seen)
{
    for (uint32_t i = 0; i < p->spins; i++) {
        uint32_t now =
            atomic_load_explicit(&p->generation, memory_order_acquire);
        if (now != seen) {
            return now;
        }
        PAUSE();
    }
    pthread_mutex_lock(&p->lock);
    uint32_t now = atomic_load(&p->generation);
    while (now == seen) {
        pthread_cond_wait(&p->begin, &p->lock);
        now = atomic_load(&p->generation);
    }
    pthread_mutex_unlock(&p->lock);
    return now;
}

static void wait_until_done(host_pool *p)
{
    for (uint32_t i = 0; i < p->spins; i++) {
        if (atomic_load_explicit(&p->unfinished, memory_order_acquire) == 0) {
            return;
        }
        PAUSE();
    }
    pthread_mutex_lock(&p->lock);
    while (atomic_load(&p->unfinished) != 0) {
        pthread_cond_wait(&p->end, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
}

static void *worker_main(void *arg)
{
    worker *w = arg;
    host_pool *p = w->owner;
    uint32_t seen = 0;
    for (;;) {
        seen = wait_for_job(p, seen);
        if (atomic_load(&p->stop)) {
            return NULL;
        }
        work(p, seen, w->index);
    }
}

/* Starts the next generation and returns it. */
static uint32_t publish(host_pool *p, uint32_t count)
{
    uint32_t generation = atomic_load(&p->generation) + 1;
    atomic_store_explicit(&p->count, count, memory_order_relaxed);
    pthread_mutex_lock(&p->lock);
    for (uint32_t i = 0, from = 0; i <= p->started; i++) {
        uint32_t end = end_of(p, i);
        atomic_store(&p->workers[i].range,
                     (uint64_t)generation << 32 | (end - from));
        from = end;
    }
    atomic_store(&p->generation, generation);
    pthread_cond_broadcast(&p->begin);
    pthread_mutex_unlock(&p->lock);
    return generation;
}

void host_pool_for(void *context, cedm_task *task, void *arg, uint32_t count)
{
    host_pool *p = context;
    if (p->started == 0 || count < 2) {
        for (uint32_t i = 0; i < count; i++) {
            task(arg, i, 0);
        }
        return;
    }
    atomic_store_explicit(&p->task, task, memory_order_relaxed);
    atomic_store_explicit(&p->arg, arg, memory_order_relaxed);
    atomic_store_explicit(&p->unfinished, count, memory_order_relaxed);
    work(p, publish(p, count), 0);
    wait_until_done(p);
}

static bool start(host_pool *p, uint32_t threads, uint32_t processors,
                  host_failure *f)
{
    p->spins = threads <= processors ? SPINS : 0;
    for (uint32_t i = 1; i < threads; i++) {
        worker *w = &p->workers[i];
        w->owner = p;
        w->index = i;
        int code = pthread_create(&w->thread, NULL, worker_main, w);
        if (code != 0) {
            return host_fail(f,
                             "cannot start %u threads: %s; use a smaller "
                             "--threads",
                             threads, strerror(code));
        }
        p->started++;
    }
    return true;
}

host_pool *host_pool_open(uint32_t threads, uint32_t processors,
                          host_failure *f)
{
    size_t size = threads * sizeof(worker);
    host_pool *p = calloc(1, sizeof *p);
    worker *workers = aligned_alloc(_Alignof(worker), size);
    if (p == NULL || workers == NULL) {
        host_fail(f, "out of memory for %u threads", threads);
        free(p);
        free(workers);
        return NULL;
    }
    p->workers = memset(workers, 0, size);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->begin, NULL);
    pthread_cond_init(&p->end, NULL);
    if (!start(p, threads, processors, f)) {
        host_pool_close(p);
        return NULL;
    }
    return p;
}

void host_pool_close(host_pool *p)
{
    if (p == NULL) {
        return;
    }
    atomic_store(&p->stop, true);
    publish(p, 0);
    for (uint32_t i = 1; i <= p->started; i++) {
        pthread_join(p->workers[i].thread, NULL);
    }
    pthread_cond_destroy(&p->begin);
    pthread_cond_destroy(&p->end);
    pthread_mutex_destroy(&p->lock);
    free(p->workers);
    free(p);
}
