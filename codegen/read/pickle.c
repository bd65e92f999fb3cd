/* SPDX-License-Identifier: MIT
 *
 * pickle.c - the stack machine: one function per kind of opcode.
 *
 * Known are the opcodes that snapshots and torch files are written with, of
 * protocols 2 to 5 [PICKLE].  The rules are stricter than Python's: PROTO
 * comes first and once, nothing is left on the stack, an opcode never reaches
 * below the last mark. */
#include "codegen/read/pickle.h"

#include <string.h>

/* ---- scalars ----------------------------------------------------------- */

static bool op_integer(cg_pickle *p, cg_kind kind, int64_t value)
{
    cg_ref ref = cg_pickle_node(p, kind);
    if (ref == CG_NO_REF) {
        return false;
    }
    p->nodes[ref].u.integer = value;
    return cg_pickle_push(p, ref);
}

static bool op_binint(cg_pickle *p, unsigned width)
{
    uint64_t bits = 0;
    if (!cg_pickle_take_number(p, width, &bits)) {
        return false;
    }
    return op_integer(p, CG_KIND_INTEGER,
                      width == 4 ? (int32_t)(uint32_t)bits : (int64_t)bits);
}

/* Bytes that stay where they are in the file. */
static bool op_bytes(cg_pickle *p, cg_kind kind, unsigned width)
{
    uint64_t size = 0;
    if (!cg_pickle_take_number(p, width, &size)) {
        return false;
    }
    const unsigned char *bytes = cg_pickle_take(p, size);
    cg_ref ref = bytes == NULL ? CG_NO_REF : cg_pickle_node(p, kind);
    if (ref == CG_NO_REF) {
        return false;
    }
    p->nodes[ref].u.bytes.at = bytes;
    p->nodes[ref].u.bytes.size = (size_t)size;
    return cg_pickle_push(p, ref);
}

/* LONG1: two's complement of any length. */
static bool op_long(cg_pickle *p)
{
    if (!op_bytes(p, CG_KIND_LONG, 1)) {
        return false;
    }
    cg_node *node = &p->nodes[p->node_count - 1];
    size_t size = node->u.bytes.size;
    const unsigned char *bytes = node->u.bytes.at;
    if (size <= 8) {
        bool negative = size > 0 && (bytes[size - 1] & 0x80u) != 0;
        uint64_t bits = negative ? UINT64_MAX : 0;
        for (size_t i = size; i-- > 0;) {
            bits = bits << 8 | bytes[i];
        }
        node->kind = CG_KIND_INTEGER;
        node->u.integer = (int64_t)bits;
    }
    return true;
}

static bool op_float(cg_pickle *p)
{
    uint64_t bits = 0;
    const unsigned char *bytes = cg_pickle_take(p, 8);
    if (bytes == NULL) {
        return false;
    }
    for (int i = 0; i < 8; i++) { /* the one big-endian number */
        bits = bits << 8 | bytes[i];
    }
    cg_ref ref = cg_pickle_node(p, CG_KIND_REAL);
    if (ref == CG_NO_REF) {
        return false;
    }
    memcpy(&p->nodes[ref].u.real, &bits, sizeof bits);
    return cg_pickle_push(p, ref);
}

/* ---- containers -------------------------------------------------------- */

static bool fill(cg_pickle *p, cg_ref container, uint32_t count,
                 const cg_ref *values)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!cg_pickle_add(p, container, values[i])) {
            return false;
        }
    }
    p->nodes[container].count += count;
    return true;
}

static bool op_tuple(cg_pickle *p, uint32_t count, const cg_ref *values)
{
    cg_ref ref = cg_pickle_node(p, CG_KIND_TUPLE);
    return ref != CG_NO_REF && fill(p, ref, count, values) &&
           cg_pickle_push(p, ref);
}

static bool op_tuple_of(cg_pickle *p, uint32_t count)
{
    const cg_ref *values = cg_pickle_pop(p, count);
    return values != NULL && op_tuple(p, count, values);
}

static bool op_tuple_to_mark(cg_pickle *p)
{
    uint32_t count = 0;
    const cg_ref *values = cg_pickle_pop_mark(p, &count);
    return values != NULL && op_tuple(p, count, values);
}

/* APPEND, SETITEM and the like: the container is below the values. */
static bool op_fill(cg_pickle *p, cg_kind kind, uint32_t count,
                    const cg_ref *values, const char *opcode)
{
    cg_ref ref = cg_pickle_top(p);
    if (ref == CG_NO_REF) {
        return false;
    }
    cg_node *node = &p->nodes[ref];
    if (node->kind != kind) {
        cg_node wanted = {.kind = (uint8_t)kind};
        return cg_pickle_fail(p, cg_pickle_offset(p),
                              "%s on a value of another type; wanted %s, got "
                              "%s; " CG_GET_AGAIN,
                              opcode, cg_kind_words(&wanted),
                              cg_kind_words(node));
    }
    if (kind != CG_KIND_DICT) {
        return fill(p, ref, count, values);
    }
    if (count % 2 != 0) {
        return cg_pickle_fail(p, cg_pickle_offset(p),
                              "%s with a key without a value; wanted pairs, "
                              "got %u values; " CG_GET_AGAIN,
                              opcode, count);
    }
    uint32_t pairs = node->count + count / 2;
    bool ok = fill(p, ref, count, values);
    p->nodes[ref].count = pairs;
    return ok;
}

static bool op_fill_of(cg_pickle *p, cg_kind kind, uint32_t count,
                       const char *opcode)
{
    const cg_ref *values = cg_pickle_pop(p, count);
    return values != NULL && op_fill(p, kind, count, values, opcode);
}

static bool op_fill_to_mark(cg_pickle *p, cg_kind kind, const char *opcode)
{
    uint32_t count = 0;
    const cg_ref *values = cg_pickle_pop_mark(p, &count);
    return values != NULL && op_fill(p, kind, count, values, opcode);
}

/* ---- memo -------------------------------------------------------------- */

static bool op_put(cg_pickle *p, unsigned width)
{
    uint64_t index = 0;
    return cg_pickle_take_number(p, width, &index) && cg_pickle_put(p, index);
}

static bool op_get(cg_pickle *p, unsigned width)
{
    uint64_t index = 0;
    if (!cg_pickle_take_number(p, width, &index)) {
        return false;
    }
    if (index >= p->memo_size || p->memo[index] == CG_NO_REF) {
        return cg_pickle_fail(p, cg_pickle_offset(p),
                              "nothing at that place of the memo; wanted one "
                              "of %u, got %ju; " CG_GET_AGAIN,
                              p->memo_count, (uintmax_t)index);
    }
    return cg_pickle_push(p, p->memo[index]);
}

/* ---- names, calls, identifiers ----------------------------------------- */

/* GLOBAL: module and name, a line each. */
static bool op_global(cg_pickle *p)
{
    cg_node lines[2];
    for (int i = 0; i < 2; i++) {
        const unsigned char *line = p->at;
        size_t left = (size_t)(p->end - p->at);
        const unsigned char *stop = memchr(line, '\n', left);
        if (stop == NULL) {
            return cg_pickle_fail(p, cg_pickle_offset(p),
                                  "the pickle is cut "
                                  "short; wanted the end of a name, got the "
                                  "end of the pickle; " CG_GET_AGAIN);
        }
        lines[i] = (cg_node){.kind = CG_KIND_TEXT};
        lines[i].u.bytes.at = line;
        lines[i].u.bytes.size = (size_t)(stop - line);
        p->at = stop + 1;
    }
    return cg_pickle_push(p, cg_pickle_name(p, &lines[0], &lines[1]));
}

static bool op_stack_global(cg_pickle *p)
{
    const cg_ref *values = cg_pickle_pop(p, 2);
    if (values == NULL) {
        return false;
    }
    cg_node module = p->nodes[values[0]], name = p->nodes[values[1]];
    if (module.kind != CG_KIND_TEXT || name.kind != CG_KIND_TEXT) {
        return cg_pickle_fail(p, cg_pickle_offset(p),
                              "STACK_GLOBAL without names; wanted two "
                              "strings, got %s and %s; " CG_GET_AGAIN,
                              cg_kind_words(&module), cg_kind_words(&name));
    }
    return cg_pickle_push(p, cg_pickle_name(p, &module, &name));
}

static bool op_call(cg_pickle *p, bool new_object)
{
    const cg_ref *values = cg_pickle_pop(p, 2);
    return values != NULL &&
           cg_pickle_push(
               p, cg_pickle_call(p, values[0], values[1], new_object));
}

static bool op_build(cg_pickle *p)
{
    const cg_ref *state = cg_pickle_pop(p, 1);
    cg_ref object = state == NULL ? CG_NO_REF : cg_pickle_top(p);
    return object != CG_NO_REF && cg_pickle_build(p, object, *state);
}

static bool op_persistent(cg_pickle *p)
{
    const cg_ref *identifier = cg_pickle_pop(p, 1);
    cg_ref ref = identifier == NULL ? CG_NO_REF
                                    : cg_pickle_node(p, CG_KIND_PERSISTENT);
    if (ref == CG_NO_REF) {
        return false;
    }
    p->nodes[ref].u.call.arguments = *identifier;
    p->nodes[ref].u.call.state = CG_NO_REF;
    return cg_pickle_push(p, ref);
}

/* Frames tell a reader how much to read ahead; here all is in memory. */
static bool op_frame(cg_pickle *p)
{
    uint64_t length = 0;
    if (!cg_pickle_take_number(p, 8, &length)) {
        return false;
    }
    if (length > (uint64_t)(p->end - p->at)) {
        return cg_pickle_fail(p, cg_pickle_offset(p),
                              "the frame ends outside the pickle; wanted at "
                              "most %ju bytes, got %ju; " CG_GET_AGAIN,
                              (uintmax_t)(p->end - p->at), (uintmax_t)length);
    }
    return true;
}

/* ---- the machine ------------------------------------------------------- */

static bool step(cg_pickle *p, unsigned opcode)
{
    switch (opcode) {
    case 0x95: return op_frame(p);
    case '(': return cg_pickle_mark(p);
    case 'N': return op_integer(p, CG_KIND_NONE, 0);
    case 0x88: return op_integer(p, CG_KIND_TRUTH, 1);
    case 0x89: return op_integer(p, CG_KIND_TRUTH, 0);
    case 'K': return op_binint(p, 1);
    case 'M': return op_binint(p, 2);
    case 'J': return op_binint(p, 4);
    case 0x8a: return op_long(p);
    case 'G': return op_float(p);
    case 0x8c: return op_bytes(p, CG_KIND_TEXT, 1);
    case 'X': return op_bytes(p, CG_KIND_TEXT, 4);
    case 0x8d: return op_bytes(p, CG_KIND_TEXT, 8);
    case 'C': return op_bytes(p, CG_KIND_BYTES, 1);
    case 'B': return op_bytes(p, CG_KIND_BYTES, 4);
    case 0x8e: return op_bytes(p, CG_KIND_BYTES, 8);
    case '}': return cg_pickle_push(p, cg_pickle_node(p, CG_KIND_DICT));
    case ']': return cg_pickle_push(p, cg_pickle_node(p, CG_KIND_LIST));
    case 0x8f: return cg_pickle_push(p, cg_pickle_node(p, CG_KIND_SET));
    case ')': return op_tuple_of(p, 0);
    case 0x85: return op_tuple_of(p, 1);
    case 0x86: return op_tuple_of(p, 2);
    case 0x87: return op_tuple_of(p, 3);
    case 't': return op_tuple_to_mark(p);
    case 'a': return op_fill_of(p, CG_KIND_LIST, 1, "APPEND");
    case 'e': return op_fill_to_mark(p, CG_KIND_LIST, "APPENDS");
    case 's': return op_fill_of(p, CG_KIND_DICT, 2, "SETITEM");
    case 'u': return op_fill_to_mark(p, CG_KIND_DICT, "SETITEMS");
    case 0x90: return op_fill_to_mark(p, CG_KIND_SET, "ADDITEMS");
    case 'q': return op_put(p, 1);
    case 'r': return op_put(p, 4);
    case 0x94: return cg_pickle_put(p, p->memo_count);
    case 'h': return op_get(p, 1);
    case 'j': return op_get(p, 4);
    case 'c': return op_global(p);
    case 0x93: return op_stack_global(p);
    case 'R': return op_call(p, false);
    case 0x81: return op_call(p, true);
    case 'b': return op_build(p);
    case 'Q': return op_persistent(p);
    default:
        return cg_pickle_fail(p, cg_pickle_offset(p),
                              "an opcode that checkpoints do without; wanted "
                              "one of those they are written with, got "
                              "0x%02x; check what file this is",
                              opcode);
    }
}

static bool finish(cg_pickle *p, cg_ref *root)
{
    const cg_ref *value = cg_pickle_pop(p, 1);
    if (value == NULL) {
        return false;
    }
    if (p->stack_count != 0 || p->mark_count != 0) {
        return cg_pickle_fail(
            p, cg_pickle_offset(p),
            "values are left on the stack; wanted none, got "
            "%u and %u marks; " CG_GET_AGAIN,
            p->stack_count, p->mark_count);
    }
    *root = *value;
    return true;
}

bool cg_pickle_load(cg_pickle *p, const unsigned char **at,
                    const unsigned char *end, cg_ref *root)
{
    p->at = p->opcode = *at;
    p->end = end;
    if (end - p->at < 2 || p->at[0] != 0x80 || p->at[1] < 2 || p->at[1] > 5) {
        return cg_pickle_fail(
            p, cg_pickle_offset(p),
            "not a pickle; wanted PROTO and a protocol of 2 "
            "to 5, got something else; check what file this "
            "is");
    }
    p->at += 2;
    if (!cg_pickle_start(p)) {
        return false;
    }
    while (p->at < p->end) {
        p->opcode = p->at++;
        if (*p->opcode == '.') {
            *at = p->at;
            return finish(p, root);
        }
        if (!step(p, *p->opcode)) {
            return false;
        }
    }
    return cg_pickle_fail(p, (size_t)(p->end - p->base),
                          "the pickle is cut "
                          "short; wanted STOP, got the end; " CG_GET_AGAIN);
}
