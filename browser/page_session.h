/* SPDX-License-Identifier: MIT
 *
 * page_session.h - what a module of the runtime exports to JavaScript: one
 * model, and images of it, or their features by it, one at a time.
 *
 * The memory is JavaScript's, as large as browser_plan says and no larger: it
 * never grows.  Structures are read there as 4-byte words and doubles in the
 * order given here; addresses and sizes are in bytes.  Functions that can fail
 * return a cedm_status, negative on error.  Calls are in the order of this
 * file, all on one thread. */
#ifndef CEDM_BROWSER_PAGE_SESSION_H
#define CEDM_BROWSER_PAGE_SESSION_H

#include "cedm.h"

#define EXPORT(name) __attribute__((export_name(#name)))

/* ---- memory -------------------------------------------------------------- */

typedef struct browser_memory {
    uint32_t blob, blob_bytes;
    uint32_t weights, weights_bytes; /* prepared */
    uint32_t arena, arena_bytes;
    uint32_t image, image_bytes;
    uint32_t features, features_bytes; /* floats; none of a model that draws */
    uint32_t stacks, stack_bytes; /* of helpers, one after the other */
    uint32_t end;
} browser_memory;

/* Plans for one image at a time.  `start` is the first free byte, `workers`
 * counts the caller's thread, blob_bytes is the size of the .cedm file.
 * Errors: E_ABI, the model is of another version, or workers are 0 or too
 * many; E_ARENA, it is more than 32 bits can address. */
EXPORT(browser_plan)
cedm_status browser_plan(const cedm_model *model, uint32_t start,
                         uint32_t blob_bytes, uint32_t workers);

/* The last plan. */
EXPORT(browser_planned) const browser_memory *browser_planned(void);

/* Checks and prepares the blob, whose bytes are in their place by now; the
 * helpers, if any, have started.
 * Errors: those of cedm_bind, cedm_prepare and cedm_net_init. */
EXPORT(browser_open) cedm_status browser_open(void);

/* ---- threads ------------------------------------------------------------- */

/* A helper's whole life: it ends with its Web Worker.  worker is 1 to the
 * number of helpers; the instance's stack is the worker's own. */
EXPORT(browser_help) void browser_help(uint32_t worker);

/* ---- words --------------------------------------------------------------- */

EXPORT(browser_isa) const char *browser_isa(void);

EXPORT(browser_status_text)
const char *browser_status_text(cedm_status status);

typedef struct browser_choice {
    const char *word;
    uint32_t is_recommended; /* by cedm_sampler_params_nfe */
} browser_choice;

/* Solver i of the library's list; NULL after the last.  Valid until the next
 * call. */
EXPORT(browser_solver) const browser_choice *browser_solver(uint32_t i);

/* ---- images -------------------------------------------------------------- */

/* A sampler as records of cedm-gen have it. */
typedef struct browser_recipe {
    double sigma_min, sigma_max, rho, S_churn, S_min, S_max, S_noise, guidance;
    const char *solver, *discretization, *schedule, *scaling;
    uint32_t steps, order; /* order 0: no choice, or the solver's default */
    uint32_t evaluations;
} browser_recipe;

/* Starts the image of a seed; cluster -1 is no label.  Solvers of Karras et
 * al. 2022 take the noise levels of that paper, the others those that the
 * library recommends.  Errors: E_SOLVER and those of cedm_sample_begin. */
EXPORT(browser_begin)
cedm_status browser_begin(uint32_t seed, int32_t cluster, uint32_t solver,
                          uint32_t steps);

/* Before the first step: the label goes `share` of the way, 0..1, to another
 * cluster's.  Errors: those of cedm_sample_mix. */
EXPORT(browser_mix) cedm_status browser_mix(int32_t cluster, double share);

/* Of the image that was started last. */
EXPORT(browser_told) const browser_recipe *browser_told(void);

/* One step, and in the image's place what is known of it by now, in the end the
 * image; CEDM_MORE, or CEDM_OK after the last.  Errors: those of
 * cedm_sample_step. */
EXPORT(browser_step) cedm_status browser_step(void);

/* ---- features ------------------------------------------------------------ */

/* Of the image in the image's place, into the features'.
 * Errors: those of cedm_encode. */
EXPORT(browser_encode) cedm_status browser_encode(void);

#endif
