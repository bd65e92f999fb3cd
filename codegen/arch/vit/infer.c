/* SPDX-License-Identifier: MIT
 *
 * infer.c - what vision transformer a file holds, from the names and shapes
 * of its tensors: width and patch from the first convolution, depth from the
 * highest block, everything else from what is there. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "codegen/arch/vit/vit_config.h"
#include "codegen/error.h"

/* What tells the naming schemes apart. */
typedef struct scheme {
    const char *word;  /* of the description */
    const char *patch; /* the first convolution's weight */
    const char *table, *registers, *block; /* before a block's number */
    const char *mark; /* a tensor of block 0 that no other scheme has */
} scheme;

static const scheme schemes[] = {
    {"official", "patch_embed.proj.weight", "pos_embed", "register_tokens",
     "blocks.", NULL},
    {"hf-vit", "embeddings.patch_embeddings.projection.weight",
     "embeddings.position_embeddings", "embeddings.register_tokens",
     "encoder.layer.", "layernorm_before.weight"},
    {"hf-dinov2", "embeddings.patch_embeddings.projection.weight",
     "embeddings.position_embeddings", "embeddings.register_tokens",
     "encoder.layer.", "norm1.weight"},
};

static const char *const prefixes[] = {
    "", "module.", "backbone.", "module.backbone.", "vit.", "dinov2."};

typedef struct inference {
    const cg_file *file;
    cg_memory *memory;
    const char *prefix;
    const scheme *scheme;
    const cg_array *patch, *table, *registers;
    uint32_t blocks; /* the highest number and one */
    bool chunked, class_row;
} inference;

static const cg_array *find(const inference *in, const char *name)
{
    char *full = cg_format(in->memory, "%s%s", in->prefix, name);

    return full == NULL ? NULL : cg_find(in->file, full);
}

/* A tensor of block 0, in whose chunk a chunked file has the lowest number. */
static const cg_array *of_block(const inference *in, const char *leaf)
{
    char *name = cg_format(in->memory, "%s%s%s", in->scheme->block,
                           in->chunked ? "0.0." : "0.", leaf);

    return name == NULL ? NULL : find(in, name);
}

static bool finds_scheme(inference *in)
{
    for (size_t p = 0; p < sizeof prefixes / sizeof *prefixes; p++) {
        for (size_t s = 0; s < sizeof schemes / sizeof *schemes; s++) {
            in->prefix = prefixes[p];
            in->scheme = &schemes[s];
            in->patch = find(in, in->scheme->patch);
            if (in->patch != NULL &&
                (in->scheme->mark == NULL ||
                 of_block(in, in->scheme->mark) != NULL)) {
                return true;
            }
        }
    }
    return false;
}

/* One number, or two of a chunked file, behind "blocks." in a name. */
static void count_block(inference *in, const char *name)
{
    size_t begin = strlen(in->prefix), length = strlen(in->scheme->block);
    unsigned first, second;
    char dot, end;

    if (strncmp(name, in->prefix, begin) != 0 ||
        strncmp(name + begin, in->scheme->block, length) != 0) {
        return;
    }
    name += begin + length;
    if (sscanf(name, "%4u%c%4u%c", &first, &dot, &second, &end) == 4 &&
        dot == '.' && end == '.') {
        in->chunked = true;
        first = second;
    }
    if (first + 1 > in->blocks) {
        in->blocks = first + 1;
    }
}

static void look_around(inference *in)
{
    for (size_t i = 0; i < in->file->array_count; i++) {
        count_block(in, in->file->arrays[i].name);
    }
    in->table = find(in, in->scheme->table);
    in->registers = find(in, in->scheme->registers);
    in->class_row = true;
    if (in->registers == NULL) {
        /* timm adds the class token's position to it */
        in->registers = find(in, "reg_token");
        in->class_row = in->registers == NULL;
    }
}

/* The side of a square of so many rows, or 0. */
static uint32_t square(uint64_t rows)
{
    uint32_t side = (uint32_t)lround(sqrt((double)rows));

    return (uint64_t)side * side == rows ? side : 0;
}

/* array: what is there instead, or NULL. */
static bool bad(const inference *in, const char *what, const char *wanted,
                const cg_array *array, cg_error *error)
{
    char got[96] = "none";

    if (array != NULL) {
        cg_shape_text(got, sizeof got, array->shape, array->rank);
    }
    return cg_fail(error,
                   "%s:%s: a vision transformer with an unusable tensor; "
                   "wanted %s, got %s; take a published checkpoint",
                   in->file->path, what, wanted, got);
}

static bool check_shapes(const inference *in, cg_error *error)
{
    const cg_array *p = in->patch, *t = in->table;

    if (p->rank != 4 || p->shape[1] != 3 || p->shape[2] != p->shape[3] ||
        p->shape[2] < 1 || p->shape[2] > 64 || p->shape[0] < 1 ||
        p->shape[0] > 16384) {
        return bad(in, in->scheme->patch, "[width][3][patch][patch]", p,
                   error);
    }
    if (t == NULL || t->rank != 3 || t->shape[1] < 1 ||
        square(t->shape[1] - (in->class_row ? 1 : 0)) == 0) {
        return bad(in, in->scheme->table,
                   "the positions of a square of patches", t, error);
    }
    if (in->registers != NULL &&
        (in->registers->rank != 3 || in->registers->shape[1] > 64)) {
        return bad(in, in->scheme->registers, "[1][registers][width]",
                   in->registers, error);
    }
    return in->blocks > 0 ||
           bad(in, in->scheme->block, "at least one block", NULL, error);
}

/* Rows of the first feed-forward layer, and its kind. */
static bool feed_forward(const inference *in, bool *gated, bool *fc_gate,
                         uint64_t *hidden)
{
    const cg_array *w12 = of_block(in, "mlp.w12.weight");
    const cg_array *first = of_block(in, "mlp.fc1.weight");
    const cg_array *second = of_block(in, "mlp.fc2.weight");

    w12 = w12 != NULL ? w12 : of_block(in, "mlp.weights_in.weight");
    first = first != NULL ? first : of_block(in, "intermediate.dense.weight");
    second = second != NULL ? second : of_block(in, "output.dense.weight");
    *fc_gate = w12 == NULL && first != NULL && second != NULL &&
               first->rank == 2 && second->rank == 2 &&
               first->shape[0] == 2 * second->shape[1];
    *gated = w12 != NULL || *fc_gate;
    first = w12 != NULL ? w12 : first;
    if (first == NULL || first->rank != 2) {
        return false;
    }
    *hidden = *gated ? first->shape[0] / 2 : first->shape[0];
    return true;
}

static const char *rule_of(const inference *in,
                           const cg_encoder_choice *choice)
{
    if (choice->positions != NULL) {
        return choice->positions;
    }
    return in->registers != NULL ? "antialias" : "offset";
}

/* An input that is no multiple of the patch is resized to the size of the
 * network's training, unless a size is given. */
static void sizes(const inference *in, const cg_encoder_choice *choice,
                  uint32_t trained, uint32_t image[2], uint32_t *resize)
{
    uint32_t patch = (uint32_t)in->patch->shape[2];

    image[0] = choice->image[0] > 0 ? choice->image[0] : trained;
    image[1] = choice->image[1] > 0 ? choice->image[1] : trained;
    *resize = choice->resize;
    if (*resize == 0 && (image[0] % patch != 0 || image[1] % patch != 0)) {
        *resize = trained;
    }
}

/* layer_norm_eps of a config.json, or the norm's own default. */
static double eps_of(const cg_encoder_choice *choice)
{
    return choice->eps > 0.0 ? choice->eps : 1e-6;
}

static const char *describe(const inference *in,
                            const cg_encoder_choice *choice, cg_error *error)
{
    bool gated = false, fc_gate = false;
    uint64_t hidden = 0, rows = in->table->shape[1];
    uint64_t width = in->patch->shape[0], patch = in->patch->shape[2];
    uint32_t grid = square(in->class_row ? rows - 1 : rows);
    uint32_t image[2], resize;
    uint32_t heads = choice->heads;

    if (!feed_forward(in, &gated, &fc_gate, &hidden)) {
        (void)bad(in, in->scheme->block, "a feed-forward layer", NULL, error);
        return NULL;
    }
    if (heads == 0 && width % 64 != 0) {
        (void)cg_fail(error,
                      "%s: heads of attention are not 64 wide; wanted their "
                      "number, got a width of %llu; give --heads",
                      in->file->path, (unsigned long long)width);
        return NULL;
    }
    heads = heads > 0 ? heads : (uint32_t)(width / 64);
    sizes(in, choice, (uint32_t)(grid * patch), image, &resize);
    return cg_format(
        in->memory,
        "{\"model_type\": \"VisionTransformer\", \"prefix\": \"%s\", "
        "\"names\": \"%s\", \"chunked\": %d, \"fc_gate\": %d, "
        "\"width\": %llu, \"depth\": %u, \"heads\": %u, \"patch\": %llu, "
        "\"grid\": %u, \"class_row\": %d, \"registers\": %llu, "
        "\"layer_scale\": %d, \"gated\": %d, \"hidden\": %llu, "
        "\"eps\": %.17g, \"positions\": \"%s\", \"image\": [%u, %u], "
        "\"resize\": %u, \"window\": %u, \"filter\": \"%s\"}",
        in->prefix, in->scheme->word, in->chunked, fc_gate,
        (unsigned long long)width, in->blocks, heads,
        (unsigned long long)patch, grid, in->class_row,
        (unsigned long long)(in->registers != NULL ? in->registers->shape[1]
                                                   : 0),
        of_block(in, "ls1.gamma") != NULL ||
            of_block(in, "layer_scale1.lambda1") != NULL,
        gated, (unsigned long long)hidden, eps_of(choice),
        rule_of(in, choice), image[0], image[1], resize, choice->window,
        choice->filter != NULL ? choice->filter : "bicubic");
}

const char *cg_vit_infer(const cg_file *file, const cg_encoder_choice *choice,
                         cg_memory *memory, bool *failed, cg_error *error)
{
    inference in = {.file = file, .memory = memory};
    const char *text = NULL;

    *failed = false;
    if (!finds_scheme(&in)) {
        return NULL;
    }
    look_around(&in);
    if (check_shapes(&in, error)) {
        text = describe(&in, choice, error);
    }
    *failed = text == NULL;
    return text;
}
