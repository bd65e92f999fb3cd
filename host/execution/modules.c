/* SPDX-License-Identifier: MIT
 *
 * modules.c - the modules of a checkpoint, and which op of the frozen graph
 * leaves the output of one. */
#include <string.h>

#include "host/execution/modules.h"
#include "host/execution/trace.h"

/* enc.8x8_down owns enc.8x8_down.conv1 and itself. */
static bool owns(const char *module, const char *part)
{
    size_t n = strlen(module);
    return strncmp(module, part, n) == 0 &&
           (part[n] == '\0' || part[n] == '.');
}

static bool is_layer(const char *kind)
{
    return kind != NULL &&
           (strcmp(kind, host_trace_kind_name(HOST_TRACE_conv)) == 0 ||
            strcmp(kind, host_trace_kind_name(HOST_TRACE_linear)) == 0);
}

bool host_module_last_op(const host_model *m, const char *module,
                         uint32_t *id)
{
    bool found = false;
    for (uint32_t i = 0; i < m->code->graph.op_count; i++) {
        const char *part = host_model_op_module(m, i);
        if (part != NULL && owns(module, part) &&
            is_layer(host_model_op_kind(m, i))) {
            *id = i;
            found = true;
        }
    }
    return found;
}

/* dec.8x8_in0 of dec.8x8_in0.conv1: up to the second dot. */
static bool decoder_block(const char *part, char block[HOST_MODULE_BYTES])
{
    static const char decoder[] = "dec.";
    size_t first = sizeof decoder - 1;
    if (part == NULL || strncmp(part, decoder, first) != 0) {
        return false;
    }
    size_t length = first + strcspn(part + first, ".");
    if (length >= HOST_MODULE_BYTES) {
        return false;
    }
    memcpy(block, part, length);
    block[length] = '\0';
    return true;
}

bool host_module_after_bottleneck(const host_model *m,
                                  char module[HOST_MODULE_BYTES])
{
    char bottleneck[HOST_MODULE_BYTES] = "";
    for (uint32_t i = 0; i < m->code->graph.op_count; i++) {
        if (!decoder_block(host_model_op_module(m, i), module) ||
            strcmp(module, bottleneck) == 0) {
            continue;
        }
        if (bottleneck[0] != '\0') {
            return true;
        }
        memcpy(bottleneck, module, sizeof bottleneck);
    }
    return false;
}
