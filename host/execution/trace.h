/* SPDX-License-Identifier: MIT
 *
 * trace.h - looks over a network's shoulder: a table of ops that calls the
 * backend's and a hook before and after each op of the graph. */
#ifndef CEDM_HOST_EXECUTION_TRACE_H
#define CEDM_HOST_EXECUTION_TRACE_H

#include "cedm.h"

typedef enum host_trace_kind {
#define HOST_TRACE_KIND(name) HOST_TRACE_##name,
    CEDM_GRAPH_OPS(HOST_TRACE_KIND)
#undef HOST_TRACE_KIND
        HOST_TRACE_KIND_COUNT
} host_trace_kind;

/* The word of a kind, as in the description of a model: "conv". */
const char *host_trace_kind_name(host_trace_kind kind);

/* op is the descriptor, a cedm_<kind>. */
typedef void host_trace_hook(void *arg, host_trace_kind kind, const void *op);

typedef struct host_trace {
    const cedm_ops *ops; /* private: the backend's */
    void *ctx;
    host_trace_hook *before, *after;
    void *arg;
} host_trace;

/* Puts the trace into a net; it must outlive the net's use.  `before` may be
 * NULL. */
void host_trace_install(host_trace *t, cedm_net *net, host_trace_hook *before,
                        host_trace_hook *after, void *arg);

#endif
