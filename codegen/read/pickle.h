/* SPDX-License-Identifier: MIT
 *
 * pickle.h - a pickle as inert data (private to codegen/read).
 *
 * A pickle is a program for a stack machine, and Python's own machine calls
 * whatever function the program names.  This one calls nothing [PICKLE]: it
 * knows the opcodes that checkpoints consist of and the names in
 * cg_callable; a call stays a node that holds its arguments.  Everything
 * else is refused with its offset.
 *
 * Values are nodes in one array and refer to each other by index, the memo
 * too: a value that is fetched a thousand times exists once.  An opcode makes
 * at most one node; nodes, references, memo and stack have one limit, so
 * memory and time are bounded whatever the file says. */
#ifndef CEDM_READ_PICKLE_H
#define CEDM_READ_PICKLE_H

#include "codegen/codegen.h"

#define CG_GET_AGAIN "get the file again"

typedef uint32_t cg_ref; /* index of a node */

typedef enum cg_kind {
    CG_KIND_NONE,
    CG_KIND_TRUTH, /* integer 0 or 1 */
    CG_KIND_INTEGER,
    CG_KIND_LONG, /* of more than eight bytes: bytes */
    CG_KIND_REAL,
    CG_KIND_TEXT,       /* bytes */
    CG_KIND_BYTES,      /* bytes */
    CG_KIND_TUPLE,      /* items */
    CG_KIND_LIST,       /* items */
    CG_KIND_SET,        /* items */
    CG_KIND_DICT,       /* items: key, value, key, value ... */
    CG_KIND_NAME,       /* callable */
    CG_KIND_CALL,       /* callable, call */
    CG_KIND_PERSISTENT, /* call.arguments: the identifier */
    CG_KIND_COUNT
} cg_kind;

/* What a pickle may name.  None of it is ever called. */
typedef enum cg_callable {
    CG_CALL_PERSISTENT_OBJECT, /* a module of the network */
    CG_CALL_MODULE_DICT,
    CG_CALL_PARAMETER,
    CG_CALL_TENSOR,
    CG_CALL_TENSOR_TYPED, /* with a type of its own: a dtype of torch */
    CG_CALL_TORCH_DTYPE,  /* torch.uint16 and so on */
    CG_CALL_LOAD_STORAGE,
    CG_CALL_STORAGE,      /* torch.FloatStorage and so on */
    CG_CALL_ORDERED_DICT, /* its call becomes a dict */
    CG_CALL_SET,
    CG_CALL_SCALAR,
    CG_CALL_DTYPE,
    CG_CALL_ARRAY,     /* of numpy; its state says what is in it */
    CG_CALL_NDARRAY,   /* the class of an array */
    CG_CALL_KMEANS,    /* scikit-learn's; its state has the labels */
    CG_CALL_NAMESPACE, /* a training's arguments, which nothing reads */
    CG_CALL_SCRIPT,    /* an object of TorchScript, of a class of the file */
    CG_CALL_SCRIPT_LIST, /* a list or dict of TorchScript with its type */
    CG_CALL_ENCODE
} cg_callable;

typedef struct cg_node {
    uint8_t kind;     /* cg_kind */
    uint8_t callable; /* cg_callable */
    uint8_t dtype;    /* of CG_CALL_STORAGE, CG_CALL_TORCH_DTYPE: cg_dtype */
    bool seen;        /* free for those who walk over nodes */
    uint32_t count;   /* items; pairs of a dict */
    size_t offset;    /* of the opcode that made it, see cg_pickle.base */
    union {
        int64_t integer;
        double real;
        struct {
            const unsigned char *at;
            size_t size;
        } bytes;
        struct {
            uint32_t first, last;
        } items;
        struct {
            cg_ref arguments, state; /* state: CG_NO_REF if there is none */
        } call;
    } u;
} cg_node;

#define CG_NO_REF UINT32_MAX

typedef struct cg_item {
    cg_ref value;
    uint32_t next; /* CG_NO_REF at the end */
} cg_item;

typedef struct cg_pickle {
    const char *path;
    const char *part;          /* "" or the file in the archive and a colon */
    const unsigned char *base; /* where offsets count from */
    cg_error *error;
    uint32_t limit; /* of each of the five below */

    cg_node *nodes;
    cg_item *items;
    cg_ref *stack, *memo;
    uint32_t *marks; /* heights of the stack */
    uint32_t node_count, node_capacity, item_count, item_capacity;
    uint32_t stack_count, stack_capacity, mark_count, mark_capacity;
    uint32_t memo_count, memo_size, memo_capacity;

    const unsigned char *at, *end, *opcode;
} cg_pickle;

/* Reads one pickle, from PROTO to STOP.  `at` ends up behind it. */
bool cg_pickle_load(cg_pickle *p, const unsigned char **at,
                    const unsigned char *end, cg_ref *root);

/* Forgets all values, keeps the memory. */
void cg_pickle_reset(cg_pickle *p);
void cg_pickle_free(cg_pickle *p);

/* "path:part0x1f3: " and the message; returns false. */
bool cg_pickle_fail(const cg_pickle *p, size_t offset, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

/* Of the opcode being read. */
static inline size_t cg_pickle_offset(const cg_pickle *p)
{
    return (size_t)(p->opcode - p->base);
}

/* ---- stream, stack, memo ----------------------------------------------- */

/* The next bytes; NULL if there are not as many. */
const unsigned char *cg_pickle_take(cg_pickle *p, uint64_t size);

/* A little-endian number without sign. */
bool cg_pickle_take_number(cg_pickle *p, unsigned width, uint64_t *value);

/* So that the stack is never NULL. */
bool cg_pickle_start(cg_pickle *p);

bool cg_pickle_push(cg_pickle *p, cg_ref ref);

/* Takes `count` values off the stack and points to the first; NULL if they
 * are not there.  They stay valid until the next push. */
const cg_ref *cg_pickle_pop(cg_pickle *p, uint32_t count);

bool cg_pickle_mark(cg_pickle *p);

/* Takes everything above the last mark, and the mark. */
const cg_ref *cg_pickle_pop_mark(cg_pickle *p, uint32_t *count);

/* The value on top, which stays there; CG_NO_REF if there is none. */
cg_ref cg_pickle_top(cg_pickle *p);

/* Remembers the value on top. */
bool cg_pickle_put(cg_pickle *p, uint64_t index);

/* ---- nodes ------------------------------------------------------------- */

/* Adds a node of the opcode being read; CG_NO_REF and an error if there is no
 * room. */
cg_ref cg_pickle_node(cg_pickle *p, cg_kind kind);

/* Adds an item at the end of a tuple, list, set or dict. */
bool cg_pickle_add(cg_pickle *p, cg_ref container, cg_ref value);

/* Makes *array of elements of this size hold at least `count` + 1. */
bool cg_pickle_grow(cg_pickle *p, void **array, uint32_t count,
                    uint32_t *capacity, size_t size, const char *what);

/* The value of a key of a dict, the last one as in Python, or CG_NO_REF. */
cg_ref cg_pickle_find(const cg_pickle *p, const cg_node *dict,
                      const char *key);

/* Items of a tuple, as many as `count`; false if it is no such tuple. */
bool cg_pickle_tuple(const cg_pickle *p, cg_ref tuple, uint32_t count,
                     cg_ref *items);

bool cg_pickle_is_text(const cg_node *node, const char *text);
bool cg_pickle_is_call(const cg_node *node, cg_callable callable);

/* "a dict", "a tuple" */
const char *cg_kind_words(const cg_node *node);

/* Copies up to 63 bytes of a text of the file for a message. */
const char *cg_pickle_quote(char quoted[64], const unsigned char *bytes,
                            size_t size);

/* ---- names and calls --------------------------------------------------- */

/* Looks a name up; refuses every other. */
cg_ref cg_pickle_name(cg_pickle *p, const cg_node *module,
                      const cg_node *name);

/* A call by REDUCE, or by NEWOBJ if `new_object` is set. */
cg_ref cg_pickle_call(cg_pickle *p, cg_ref callable, cg_ref arguments,
                      bool new_object);

/* BUILD: gives an object its state. */
bool cg_pickle_build(cg_pickle *p, cg_ref object, cg_ref state);

#endif
