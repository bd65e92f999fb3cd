/* SPDX-License-Identifier: MIT
 *
 * trace.c - a table of ops that calls the backend's and hooks around it. */
#include "host/execution/trace.h"

#define TRACE_OP(name)                                                       \
    static void trace_##name(void *ctx, const cedm_##name *op)               \
    {                                                                        \
        const host_trace *t = ctx;                                           \
        if (t->before != NULL) {                                             \
            t->before(t->arg, HOST_TRACE_##name, op);                        \
        }                                                                    \
        t->ops->name(t->ctx, op);                                            \
        t->after(t->arg, HOST_TRACE_##name, op);                             \
    }

CEDM_GRAPH_OPS(TRACE_OP)

static const cedm_ops table = {
#define TRACE_ENTRY(name) .name = trace_##name,
    CEDM_GRAPH_OPS(TRACE_ENTRY)
#undef TRACE_ENTRY
};

const char *host_trace_kind_name(host_trace_kind kind)
{
    static const char *const names[HOST_TRACE_KIND_COUNT] = {
#define TRACE_NAME(name) #name,
        CEDM_GRAPH_OPS(TRACE_NAME)
#undef TRACE_NAME
    };
    return names[kind];
}

void host_trace_install(host_trace *t, cedm_net *net, host_trace_hook *before,
                        host_trace_hook *after, void *arg)
{
    *t = (host_trace){net->ops, net->ctx, before, after, arg};
    net->ops = &table;
    net->ctx = t;
}
