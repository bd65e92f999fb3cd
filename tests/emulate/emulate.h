/* SPDX-License-Identifier: MIT
 *
 * emulate.h - CUDA's execution model on the host: blocks run one after the
 * other, each thread of a block as a fiber of its own.
 *
 * Barriers of blocks and operations of warps are where fibers wait; the last
 * lane of a warp to arrive does an operation for all of them.  Everything
 * that real hardware would leave undefined is made visible: shared memory
 * starts as NaNs, an asynchronous copy lands when it is waited for and not
 * before (until then its target is NaNs), lanes that do not take part in an
 * operation of their warp, threads that miss a barrier and addresses outside
 * of shared memory end the program with a message.  Both orders of threads
 * and blocks can be run: results that differ are races. */
#ifndef CEDM_TESTS_EMULATE_EMULATE_H
#define CEDM_TESTS_EMULATE_EMULATE_H

#include <cstddef>
#include <cstdint>
#include <functional>

#include "tests/emulate/emulated.h"

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c)
    {
    }
};

/* Set for the fiber that runs. */
extern dim3 threadIdx, blockIdx, blockDim, gridDim;

/* Last thread and block first; what launches did so far. */
extern bool emulate_backwards;
extern emulated_counts emulate_counted;

#define EMULATE_LANES 32

typedef void emulate_body(void *arg);
typedef void emulate_operation(void *lanes[EMULATE_LANES]);

/* Runs a kernel; 0, as cudaSuccess is.  `function` is what its limit of
 * shared memory was set for. */
int emulate_run(const char *kernel, const void *function, dim3 grid,
                dim3 block, size_t shared, emulate_body *body, void *arg);
int emulate_allow_shared(const void *function, size_t bytes);

/* How many of its blocks a kernel runs: all, unless it is to fail
 * (fault.cpp). */
unsigned long emulate_blocks(const char *kernel, unsigned long blocks);

/* For kernels: dynamic shared memory, barriers, and an operation of a warp
 * in which this lane's part is `mine`. */
unsigned char *emulate_shared();
void emulate_syncthreads();
void emulate_warp(emulate_operation *operation, void *mine);

/* For what is built on fibers: waits until `test` holds, lets all others go
 * first, ends the program with a message, and the number of this thread. */
void emulate_wait(bool (*test)(const void *arg), const void *arg);
void emulate_pause();
[[noreturn]] void emulate_stop(const char *what);
unsigned emulate_thread();

/* Products of warpgroups need a fence after this, see warpgroup.h. */
void emulate_registers_written();

/* Ends the program unless 16 aligned bytes of shared memory are there, or so
 * many, so aligned. */
void emulate_check_shared(const void *address);
void emulate_check_shared(const void *address, size_t bytes, size_t align);

void emulate_copy(void *shared, const void *global, bool valid);
void emulate_copy_commit();
void emulate_copy_wait(unsigned pending);

/* Now, or when the stream comes to it. */
typedef std::function<void()> emulate_work;
void emulate_queue(emulate_work work);

/* A kernel with the arguments of now. */
template <typename... P, typename... A>
int emulate_launch(const char *name, void (*kernel)(P...), dim3 grid,
                   dim3 block, size_t shared, A... arguments)
{
    emulate_queue([=] {
        auto body = [&] { kernel(arguments...); };

        emulate_run(
            name, reinterpret_cast<const void *>(kernel), grid, block, shared,
            [](void *arg) { (*static_cast<decltype(body) *>(arg))(); },
            &body);
    });
    return 0;
}

#endif
