/* SPDX-License-Identifier: MIT
 *
 * arch.h - architectures: building the graph of a network while asking for
 * its tensors. */
#ifndef CEDM_CODEGEN_ARCH_H
#define CEDM_CODEGEN_ARCH_H

#include "codegen/arch/reader.h"
#include "codegen/ir/graph.h"

/* Asks for tensors by name and shape.  With a file every one is looked up
 * and checked; without one (file NULL) the requests are only recorded. */
typedef struct cg_state {
    const cg_file *file;
    const char *path;
    cg_memory *memory;
    cg_error *error;
    const char *prefix; /* of the names of tensors; "model." if NULL */
    const char *const *ignored; /* how names begin that are no part of the
                                   network; ends with NULL, may be NULL */
    bool failed;                /* sticky: the first error counts */
    cg_spec *specs;
    size_t count, capacity;
    uint64_t parameters; /* elements of those that are trained */
} cg_state;

/* Whether the file has a tensor `prefix` + name; false without one. */
bool cg_has(const cg_state *state, const char *name);

/* Requests `prefix` + name with a shape that ends at the first 0.  NULL when
 * absent or wrong (state->failed is set), or without a file. */
const cg_array *cg_need(cg_state *state, const char *name, bool buffer,
                        const uint64_t shape[4]);

/* The same for a buffer of the preconditioning, beside `model.`: a vector. */
const cg_array *cg_need_top(cg_state *state, const char *name,
                            uint64_t elements);

/* Sizes as a text: [3,3]. */
void cg_shape_text(char *text, size_t size, const uint64_t *shape, int rank);

/* Are all of the file's tensors requested ones?  Call after building. */
bool cg_no_extras(cg_state *state);

/* A row of the table in arch.c. */
typedef struct cg_arch {
    const char *name; /* model_type in a configuration */

    /* Reads and checks the configuration and builds its graph: nodes, ports,
     * and how it denoises.  False when an error was said to the reader or
     * the state, or the graph failed. */
    bool (*build)(const cg_reader *reader, cg_state *state, cg_graph *graph);

    /* Where in the network a module is. */
    cg_section (*section)(const char *module);

    /* The configuration of a file that has none, from its tensors, in
     * `memory`.  NULL, without an error, if they are of another
     * architecture; NULL and *failed if they cannot be used.  The member is
     * NULL where checkpoints always have a configuration. */
    const char *(*infer)(const cg_file *file, const cg_encoder_choice *choice,
                         cg_memory *memory, bool *failed, cg_error *error);
} cg_arch;

/* Builds the graph of a configuration, the JSON text of cedm.config, by the
 * architecture that it names; NULL on error. */
const cg_arch *cg_arch_build(const char *json, cg_state *state,
                             cg_graph *graph);

/* The configuration of a file that has none; see cg_arch. */
const char *cg_arch_infer(const cg_file *file,
                          const cg_encoder_choice *choice, cg_memory *memory,
                          bool *failed, cg_error *error);

#endif
