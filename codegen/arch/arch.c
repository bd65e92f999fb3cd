/* SPDX-License-Identifier: MIT
 *
 * arch.c - the table of architectures, and a configuration's way there. */
#include "codegen/arch/arch.h"

#include <stdio.h>

#include "codegen/arch/inception/inception.h"
#include "codegen/arch/unet/unet.h"
#include "codegen/arch/vit/vit.h"
#include "codegen/error.h"

static const cg_arch *const archs[] = {&cg_arch_song, &cg_arch_dhariwal,
                                       &cg_arch_vit, &cg_arch_inception};
#define COUNT (sizeof archs / sizeof archs[0])

/* The row that the configuration names, or NULL. */
static const cg_arch *find(const cg_reader *r)
{
    const char *words[COUNT + 1] = {NULL};
    char wanted[256] = "";
    size_t used = 0;
    int i = 0;

    for (size_t k = 0; k < COUNT; k++) {
        words[k] = archs[k]->name;
        used += (size_t)snprintf(wanted + used, sizeof wanted - used,
                                 "%s\"%s\"", k > 0 ? " or " : "", words[k]);
    }
    if (cg_read_item(r, "model_type") == NULL) {
        (void)cg_read_bad(r, "model_type", wanted);
        return NULL;
    }
    return cg_read_word(r, "model_type", words, wanted, &i) ? archs[i] : NULL;
}

static const cg_arch *build(const cg_reader *r, cg_state *state,
                            cg_graph *graph)
{
    const cg_arch *arch = find(r);

    if (arch == NULL || !arch->build(r, state, graph)) {
        return NULL;
    }
    if (graph->failed && !state->failed) {
        state->failed = true;
        (void)cg_fail(state->error, "%s: out of memory", state->path);
    }
    return state->failed ? NULL : arch;
}

const char *cg_arch_infer(const cg_file *file,
                          const cg_encoder_choice *choice, cg_memory *memory,
                          bool *failed, cg_error *error)
{
    const char *text = NULL;

    *failed = false;
    for (size_t k = 0; k < COUNT && text == NULL && !*failed; k++) {
        if (archs[k]->infer != NULL) {
            text = archs[k]->infer(file, choice, memory, failed, error);
        }
    }
    return text;
}

const cg_arch *cg_arch_build(const char *json, cg_state *state,
                             cg_graph *graph)
{
    cJSON *root = cg_read_config(state->path, json, state->error);
    const cg_reader r = {root, state->path, state->error};
    const cg_arch *arch = root != NULL ? build(&r, state, graph) : NULL;

    cJSON_Delete(root);
    return arch;
}
