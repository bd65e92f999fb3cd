/* SPDX-License-Identifier: MIT
 *
 * graph.c - growing arrays of nodes and parameters. */
#include "codegen/ir/graph.h"

#include <string.h>

/* Makes room for one more of `size` bytes; the old array stays in memory
 * until all is released. */
static void *grow(cg_graph *graph, void *old, size_t count, size_t size)
{
    void *bigger = cg_take(graph->memory, count * 2 + 64, size);
    if (bigger == NULL) {
        graph->failed = true;
        return NULL;
    }
    if (count > 0) {
        memcpy(bigger, old, count * size);
    }
    return bigger;
}

int cg_node_add(cg_graph *graph, const cg_node *node)
{
    if (graph->count == graph->capacity) {
        cg_node *nodes =
            grow(graph, graph->nodes, (size_t)graph->count, sizeof(cg_node));
        if (nodes == NULL) {
            graph->nodes = graph->count > 0 ? graph->nodes : &graph->no_node;
            return 0;
        }
        graph->nodes = nodes;
        graph->capacity = graph->count * 2 + 64;
    }
    graph->nodes[graph->count] = *node;
    return graph->count++;
}

cg_node cg_node_after(const cg_graph *graph, int x, cg_node_kind kind,
                      const char *module)
{
    const cg_node *source = &graph->nodes[x];

    return (cg_node){.kind = kind,
                     .in = {x, CG_NO_NODE},
                     .height = source->height,
                     .width = source->width,
                     .channels = source->channels,
                     .module = module,
                     .weight = -1,
                     .bias = -1};
}

int cg_input_add(cg_graph *graph, uint32_t port, const char *name,
                 const cg_node *node)
{
    cg_node input = *node;

    input.kind = CG_INPUT;
    input.port = port;
    graph->input_names[port] = name;
    if (port >= graph->input_count) {
        graph->input_count = port + 1;
    }
    return cg_node_add(graph, &input);
}

void cg_output_add(cg_graph *graph, const char *name, int node)
{
    graph->output_names[graph->output_count] = name;
    graph->outputs[graph->output_count++] = node;
}

int cg_param_add(cg_graph *graph, const char *name, const cg_part *parts,
                 uint32_t count)
{
    if (graph->param_count == graph->param_capacity) {
        cg_param *params =
            grow(graph, graph->params, graph->param_count, sizeof(cg_param));
        if (params == NULL) {
            return 0;
        }
        graph->params = params;
        graph->param_capacity = graph->param_count * 2 + 64;
    }
    cg_param *p = &graph->params[graph->param_count];
    memset(p, 0, sizeof *p);
    p->name = name;
    p->parts = cg_take(graph->memory, count, sizeof(cg_part));
    if (p->parts == NULL) {
        graph->failed = true;
        return 0;
    }
    memcpy(p->parts, parts, count * sizeof(cg_part));
    p->part_count = count;
    for (uint32_t i = 0; i < count; i++) {
        p->elements += parts[i].elements;
    }
    return (int)graph->param_count++;
}

int cg_uses(const cg_graph *graph, int i)
{
    int uses = 0;
    for (int n = i + 1; n < graph->count; n++) {
        uses += graph->nodes[n].in[0] == i;
        uses += graph->nodes[n].in[1] == i;
    }
    for (uint32_t o = 0; o < graph->output_count; o++) {
        uses += graph->outputs[o] == i;
    }
    return uses;
}
