/* SPDX-License-Identifier: MIT
 *
 * pickle_nodes.c - the values of a pickle: making, finding, describing. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/error.h"
#include "codegen/read/pickle.h"

bool cg_pickle_fail(const cg_pickle *p, size_t offset, const char *format,
                    ...)
{
    char text[768];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return cg_fail(p->error, "%s:%s0x%zx: %s", p->path, p->part, offset,
                   text);
}

bool cg_pickle_grow(cg_pickle *p, void **array, uint32_t count,
                    uint32_t *capacity, size_t size, const char *what)
{
    size_t offset = (size_t)(p->opcode - p->base);
    if (count < *capacity) {
        return true;
    }
    if (count >= p->limit) {
        return cg_pickle_fail(p, offset,
                              "too many %s; wanted at most %u, "
                              "got more; check what file this is",
                              what, p->limit);
    }
    uint32_t wanted = *capacity < 64 ? 64 : *capacity;
    while (wanted <= count) {
        wanted *= 2;
    }
    wanted = wanted < p->limit ? wanted : p->limit;
    void *grown = realloc(*array, wanted * size);
    if (grown == NULL) {
        return cg_pickle_fail(p, offset,
                              "out of memory; wanted %zu bytes, "
                              "got none; free some memory",
                              wanted * size);
    }
    *array = grown;
    *capacity = wanted;
    return true;
}

cg_ref cg_pickle_node(cg_pickle *p, cg_kind kind)
{
    void *nodes = p->nodes;
    bool ok = cg_pickle_grow(p, &nodes, p->node_count, &p->node_capacity,
                             sizeof *p->nodes, "objects");
    p->nodes = nodes;
    if (!ok) {
        return CG_NO_REF;
    }
    cg_node *node = &p->nodes[p->node_count];
    memset(node, 0, sizeof *node);
    node->kind = (uint8_t)kind;
    node->offset = (size_t)(p->opcode - p->base);
    if (kind >= CG_KIND_TUPLE && kind <= CG_KIND_DICT) {
        node->u.items.first = CG_NO_REF;
        node->u.items.last = CG_NO_REF;
    }
    return p->node_count++;
}

bool cg_pickle_add(cg_pickle *p, cg_ref container, cg_ref value)
{
    void *items = p->items;
    bool ok = cg_pickle_grow(p, &items, p->item_count, &p->item_capacity,
                             sizeof *p->items, "references");
    p->items = items;
    if (!ok) {
        return false;
    }
    uint32_t at = p->item_count++;
    cg_node *node = &p->nodes[container];
    p->items[at] = (cg_item){value, CG_NO_REF};
    if (node->u.items.first == CG_NO_REF) {
        node->u.items.first = at;
    } else {
        p->items[node->u.items.last].next = at;
    }
    node->u.items.last = at;
    return true;
}

void cg_pickle_reset(cg_pickle *p)
{
    p->node_count = p->item_count = 0;
    p->stack_count = p->mark_count = p->memo_count = p->memo_size = 0;
}

void cg_pickle_free(cg_pickle *p)
{
    free(p->nodes);
    free(p->items);
    free(p->stack);
    free(p->memo);
    free(p->marks);
}

bool cg_pickle_is_text(const cg_node *node, const char *text)
{
    size_t size = strlen(text);
    return node->kind == CG_KIND_TEXT && node->u.bytes.size == size &&
           memcmp(node->u.bytes.at, text, size) == 0;
}

bool cg_pickle_is_call(const cg_node *node, cg_callable callable)
{
    return node->kind == CG_KIND_CALL && node->callable == callable;
}

cg_ref cg_pickle_find(const cg_pickle *p, const cg_node *dict,
                      const char *key)
{
    cg_ref found = CG_NO_REF;
    for (uint32_t i = dict->u.items.first; i != CG_NO_REF;) {
        uint32_t value = p->items[i].next;
        if (cg_pickle_is_text(&p->nodes[p->items[i].value], key)) {
            found = p->items[value].value;
        }
        i = p->items[value].next;
    }
    return found;
}

bool cg_pickle_tuple(const cg_pickle *p, cg_ref tuple, uint32_t count,
                     cg_ref *items)
{
    const cg_node *node = &p->nodes[tuple];
    if (node->kind != CG_KIND_TUPLE || node->count < count) {
        return false;
    }
    uint32_t at = node->u.items.first;
    for (uint32_t i = 0; i < count; i++) {
        items[i] = p->items[at].value;
        at = p->items[at].next;
    }
    return true;
}

const char *cg_kind_words(const cg_node *node)
{
    static const char *const words[CG_KIND_COUNT] = {
        "None",       "a truth value",
        "an integer", "a long integer",
        "a float",    "a string",
        "bytes",      "a tuple",
        "a list",     "a set",
        "a dict",     "a name",
        "a call",     "a persistent identifier"};
    return words[node->kind];
}

const char *cg_pickle_quote(char quoted[64], const unsigned char *bytes,
                            size_t size)
{
    size_t used = 0;
    for (; used < size && used < 63; used++) {
        bool printable = bytes[used] >= 0x20 && bytes[used] < 0x7f;
        quoted[used] = printable ? (char)bytes[used] : '?';
    }
    quoted[used] = '\0';
    return quoted;
}
