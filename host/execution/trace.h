/* SPDX-License-Identifier: MIT
 *
 * trace.h - looks over a network's shoulder: a table of ops that calls the
 * backend's and a hook before and after each op of the graph. */
#ifndef CEDM_TOOLS_TRACE_H
#define CEDM_TOOLS_TRACE_H

#include "cedm.h"

typedef enum trace_kind {
#define TRACE_KIND(name) TRACE_##name,
    CEDM_GRAPH_OPS(TRACE_KIND)
#undef TRACE_KIND
    TRACE_KIND_COUNT
} trace_kind;

/* The word of a kind, as in the description of a model: "conv". */
const char *trace_kind_name(trace_kind kind);

/* op is the descriptor, a cedm_<kind>. */
typedef void trace_hook(void *arg, trace_kind kind, const void *op);

typedef struct trace {
    const cedm_ops *ops; /* private: the backend's */
    void *ctx;
    trace_hook *before, *after;
    void *arg;
} trace;

/* Puts the trace into a net; it must outlive the net's use. */
void trace_install(trace *t, cedm_net *net, trace_hook *before,
                   trace_hook *after, void *arg);

#endif
