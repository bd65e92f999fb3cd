/* SPDX-License-Identifier: MIT
 *
 * emulate.cpp - fibers, barriers and asynchronous copies of the emulator. */
#include "cuda_fp16.h"
#include "tests/emulate/emulated.h"
#include "tests/emulate/switch.h"
#include "tests/emulate/warpgroup.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#define THREADS_MAX 1024u
#define POISON EMULATE_POISON
#define SHARED_DEFAULT (48u << 10) /* bytes, unless a kernel may take more */
#define SHARED_MAX (227u << 10)

dim3 threadIdx, blockIdx, blockDim, gridDim;
bool emulate_backwards;
emulated_counts emulate_counted;

enum fiber_state { READY, AT_WARP, AT_BLOCK, AT_EVENT, PAUSED, DONE };

struct pending_copy {
    void *shared;
    const void *global;
    bool valid;
    unsigned group;
};

struct fiber {
    stack_context context;
    unsigned char *stack;
    fiber_state state;
    void *operand;                 /* of the warp's operation it waits for */
    bool (*test)(const void *arg); /* of the event it waits for */
    const void *arg;
    unsigned turns;  /* of all warps that it lets pass */
    unsigned groups; /* of copies committed */
    std::vector<pending_copy> copies;
};

struct warp {
    emulate_operation *operation;
    unsigned waiting;
};

static fiber fibers[THREADS_MAX];
static warp warps[THREADS_MAX / EMULATE_LANES];
static unsigned thread_count, at_block, current;
static stack_context scheduler;
static emulate_body *kernel_body;
static void *kernel_arg;
static const char *kernel_name;
static unsigned char *shared_memory;
static size_t shared_bytes;
static std::map<const void *, size_t> shared_allowed;

void emulate_stop(const char *what)
{
    fprintf(stderr, "%s: block (%u, %u, %u), thread %u: %s\n", kernel_name,
            blockIdx.x, blockIdx.y, blockIdx.z, current, what);
    abort();
}

float emulate_half_to_float(uint16_t bits)
{
    static float table[1u << 16];

    if (table[1] == 0.0f) {
        for (unsigned i = 0; i < 1u << 16; i++) {
            table[i] = cedm_half_to_float(static_cast<uint16_t>(i));
        }
    }
    return table[bits];
}

/* ---- threads ------------------------------------------------------------ */

static void yield(fiber_state state)
{
    fiber *f = &fibers[current];

    f->state = state;
    stack_switch(&f->context, &scheduler);
}

static void fiber_main()
{
    kernel_body(kernel_arg);
    if (!fibers[current].copies.empty()) {
        emulate_stop("ends while copies are under way");
    }
    yield(DONE);
}

/* ---- waiting ----------------------------------------------------------- */

unsigned emulate_thread()
{
    return current;
}

void emulate_wait(bool (*test)(const void *arg), const void *arg)
{
    fibers[current].test = test;
    fibers[current].arg = arg;
    if (!test(arg)) {
        yield(AT_EVENT);
    }
}

void emulate_pause()
{
    fibers[current].turns = 2; /* one of them has begun */
    yield(PAUSED);
}

void emulate_syncthreads()
{
    at_block++;
    if (at_block < thread_count) {
        yield(AT_BLOCK);
        return;
    }
    at_block = 0;
    for (unsigned i = 0; i < thread_count; i++) {
        fibers[i].state = READY;
    }
}

void emulate_warp(emulate_operation *operation, void *mine)
{
    unsigned first = current / EMULATE_LANES * EMULATE_LANES;
    warp *w = &warps[current / EMULATE_LANES];
    void *lanes[EMULATE_LANES];

    if (w->waiting != 0 && w->operation != operation) {
        emulate_stop("another operation than the other lanes of its warp");
    }
    w->operation = operation;
    w->waiting++;
    fibers[current].operand = mine;
    if (w->waiting < EMULATE_LANES) {
        yield(AT_WARP);
        return;
    }
    for (unsigned i = 0; i < EMULATE_LANES; i++) {
        lanes[i] = fibers[first + i].operand;
        fibers[first + i].state = READY;
    }
    w->waiting = 0;
    operation(lanes);
}

/* ---- shared memory and copies ------------------------------------------ */

unsigned char *emulate_shared()
{
    return shared_memory;
}

void emulate_check_shared(const void *address, size_t bytes, size_t align)
{
    size_t at = static_cast<size_t>(
        static_cast<const unsigned char *>(address) - shared_memory);

    if (shared_bytes < bytes || at > shared_bytes - bytes) {
        emulate_stop("an address outside of shared memory");
    }
    if (reinterpret_cast<uintptr_t>(address) % align != 0) {
        emulate_stop("an address of shared memory that is not aligned");
    }
}

void emulate_check_shared(const void *address)
{
    emulate_check_shared(address, 16, 16);
}

void emulate_copy(void *shared, const void *global, bool valid)
{
    fiber *f = &fibers[current];

    emulate_check_shared(shared);
    if (reinterpret_cast<uintptr_t>(global) % 16 != 0) {
        emulate_stop("a copy from an address that is not aligned");
    }
    memset(shared, POISON, 16);
    f->copies.push_back({shared, global, valid, f->groups});
    emulate_counted.copies++;
}

void emulate_copy_commit()
{
    fibers[current].groups++;
}

void emulate_copy_wait(unsigned pending)
{
    fiber *f = &fibers[current];
    size_t kept = 0;

    for (const pending_copy &c : f->copies) {
        if (c.group + pending >= f->groups) {
            f->copies[kept++] = c;
        } else if (c.valid) {
            memcpy(c.shared, c.global, 16);
        } else {
            memset(c.shared, 0, 16);
        }
    }
    f->copies.resize(kept);
}

/* ---- running ----------------------------------------------------------- */

static void deadlock()
{
    unsigned states[DONE + 1] = {0};

    for (unsigned i = 0; i < thread_count; i++) {
        states[fibers[i].state]++;
    }
    fprintf(stderr,
            "%u threads wait for their warp, %u for their block, "
            "%u for an event, %u are done\n",
            states[AT_WARP], states[AT_BLOCK], states[AT_EVENT],
            states[DONE]);
    emulate_stop("nothing can go on");
}

static void resume(unsigned t)
{
    current = t;
    threadIdx = dim3(t % blockDim.x, t / blockDim.x % blockDim.y,
                     t / blockDim.x / blockDim.y);
    stack_switch(&scheduler, &fibers[t].context);
}

/* Runs a warp until it waits for the block: so far ahead of the others as
 * hardware might, which is what shows a barrier that is missing. */
static bool run_warp(unsigned w)
{
    unsigned first = w * EMULATE_LANES, lanes = thread_count - first;
    bool any = false, more = true;

    lanes = lanes < EMULATE_LANES ? lanes : EMULATE_LANES;
    while (more) {
        more = false;
        for (unsigned i = 0; i < lanes; i++) {
            unsigned t = first + (emulate_backwards ? lanes - 1 - i : i);
            fiber *f = &fibers[t];

            if (f->state == READY ||
                (f->state == AT_EVENT && f->test(f->arg))) {
                f->state = READY;
                resume(t);
                any = more = true;
            }
        }
    }
    return any;
}

static bool run_ready()
{
    unsigned count = (thread_count + EMULATE_LANES - 1) / EMULATE_LANES;
    bool any = false;

    for (unsigned i = 0; i < count; i++) {
        any |= run_warp(emulate_backwards ? count - 1 - i : i);
    }
    for (unsigned i = 0; i < thread_count; i++) {
        if (fibers[i].state == PAUSED) {
            any = true;
            fibers[i].state = --fibers[i].turns == 0 ? READY : PAUSED;
        }
    }
    return any;
}

static void run_block()
{
    memset(shared_memory, POISON, shared_bytes);
    memset(warps, 0, sizeof warps);
    warpgroup_start();
    at_block = 0;
    for (unsigned i = 0; i < thread_count; i++) {
        fibers[i].state = READY;
        fibers[i].groups = 0;
        stack_start(&fibers[i].context, fibers[i].stack, fiber_main);
    }
    while (run_ready() || warpgroup_land()) {
    }
    for (unsigned i = 0; i < thread_count; i++) {
        if (fibers[i].state != DONE) {
            deadlock();
        }
    }
    warpgroup_end(thread_count);
}

int emulate_allow_shared(const void *function, size_t bytes)
{
    shared_allowed[function] = bytes;
    return bytes <= SHARED_MAX ? 0 : 1;
}

static size_t shared_limit(const void *function)
{
    auto found = shared_allowed.find(function);

    return found == shared_allowed.end() ? SHARED_DEFAULT : found->second;
}

int emulate_run(const char *kernel, const void *function, dim3 grid,
                dim3 block, size_t shared, emulate_body *body, void *arg)
{
    unsigned long blocks =
        static_cast<unsigned long>(grid.x) * grid.y * grid.z;
    unsigned long running = emulate_blocks(kernel, blocks);
    unsigned char *window;

    kernel_name = kernel;
    kernel_body = body;
    kernel_arg = arg;
    blockDim = block;
    gridDim = grid;
    thread_count = block.x * block.y * block.z;
    if (thread_count == 0 || thread_count > THREADS_MAX || blocks == 0 ||
        grid.y > 65535 || grid.z > 65535 || shared > shared_limit(function)) {
        emulate_stop("a launch that no device takes");
    }
    shared_bytes = shared;
    window = static_cast<unsigned char *>(
        aligned_alloc(1024, (shared + 128 + 1023) / 1024 * 1024));
    shared_memory = window + 128; /* a device promises no more either */
    for (unsigned i = 0; i < thread_count; i++) {
        if (fibers[i].stack == nullptr) {
            fibers[i].stack =
                static_cast<unsigned char *>(aligned_alloc(64, STACK_BYTES));
        }
    }
    for (unsigned long i = 0; i < running; i++) {
        unsigned long b = emulate_backwards ? blocks - 1 - i : i;

        blockIdx = dim3(static_cast<unsigned>(b % grid.x),
                        static_cast<unsigned>(b / grid.x % grid.y),
                        static_cast<unsigned>(b / grid.x / grid.y));
        run_block();
    }
    free(window);
    emulate_counted.launches++;
    emulate_counted.threads += blocks * thread_count;
    return 0;
}

/* ---- for tests --------------------------------------------------------- */

void emulated_order(bool backwards)
{
    emulate_backwards = backwards;
}

emulated_counts emulated_take()
{
    emulated_counts taken = emulate_counted;

    emulate_counted = emulated_counts();
    return taken;
}
