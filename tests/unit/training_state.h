/* SPDX-License-Identifier: MIT
 *
 * training_state.h - writes training states as EDM's program does: a network
 * and Adam's moments of its parameters. */
#ifndef CEDM_TESTS_TRAINING_STATE_H
#define CEDM_TESTS_TRAINING_STATE_H

#include "tests/unit/torch_files.h"

/* The storages of an optimizer's state, in the order of the archive. */
typedef struct moments {
    cg_array arrays[2 * TEXTS + 1];
    size_t count;
} moments;

/* Another array of the same shape: `factor` times its square, or itself. */
static inline void put_moment(pickler *p, moments *o, const cg_array *of,
                              float factor, bool square)
{
    cg_array *to = &o->arrays[o->count++];
    float *values = malloc((size_t)of->elements * sizeof *values);
    assert_non_null(values);
    for (uint64_t e = 0; e < of->elements; e++) {
        float value = (float)cg_element(of, e);
        values[e] = factor * (square ? value * value : value);
    }
    *to = *of;
    to->dtype = CG_F32;
    to->data = (const unsigned char *)values;
    put_tensor(p, to, true);
}

/* A number; since PyTorch 1.12 a tensor. */
static inline void put_step(pickler *p, moments *o, uint32_t updates,
                            bool tensor)
{
    const float number = (float)updates;
    const cg_array one = {.dtype = CG_F32,
                          .elements = 1,
                          .data = (const unsigned char *)&number};
    put_text(p, "step");
    if (tensor) {
        put_moment(p, o, &one, 1.0f, false);
    } else {
        put_integer(p, updates);
    }
}

/* Adam's moments of parameter w: 2 w and 3 w^2. */
static inline void put_adam(pickler *p, moments *o, uint32_t updates)
{
    put_text(p, "state");
    put_dict(p);
    PUT(&p->frame, "(");
    for (unsigned i = 0; i < p->parameter_count; i++) {
        const cg_array *parameter = p->parameters[i];
        put_integer(p, i);
        put_dict(p);
        PUT(&p->frame, "(");
        put_step(p, o, updates, updates % 2 == 0);
        put_text(p, "exp_avg");
        put_moment(p, o, parameter, 2.0f, false);
        put_text(p, "exp_avg_sq");
        put_moment(p, o, parameter, 3.0f, true);
        PUT(&p->frame, "u");
    }
    PUT(&p->frame, "u");
    put_text(p, "param_groups");
    PUT(&p->frame, "]");
    memoize(p);
}

/* {net, optimizer_state} as EDM's training writes it: an archive. */
static inline out training_state(const cg_array *arrays, size_t count,
                                 const char *config_json, uint32_t updates)
{
    cJSON *config = cJSON_Parse(config_json);
    moments *o = calloc(1, sizeof *o);
    assert_non_null(config);
    assert_non_null(o);
    pickler *p = begin_pickle(false);
    put_dict(p);
    PUT(&p->frame, "(");
    put_text(p, "net");
    put_module(p, arrays, count, 0, "", config);
    put_text(p, "optimizer_state");
    put_dict(p);
    PUT(&p->frame, "(");
    put_adam(p, o, updates);
    PUT(&p->frame, "uu");
    cJSON_Delete(config);
    out pickle = end_pickle(p), all = archive(&pickle, o->arrays, o->count);
    free(pickle.at);
    for (size_t i = 0; i < o->count; i++) {
        free((void *)(uintptr_t)o->arrays[i].data);
    }
    free(o);
    return all;
}

#endif
