/* SPDX-License-Identifier: MIT
 *
 * vit_config.c - the description of a vision transformer, read and checked. */
#include "codegen/arch/vit/vit_config.h"

#include <string.h>

/* Mean and deviation of ImageNet's channels, in units of 255 [DINO]. */
static const double mean[3] = {0.485, 0.456, 0.406};
static const double deviation[3] = {0.229, 0.224, 0.225};

static bool read_flag(const cg_reader *r, const char *key, bool *out)
{
    uint32_t value = 0;
    bool good = cg_read_uint(r, key, 0, 1, 0, &value);

    *out = value == 1;
    return good;
}

static bool read_prefix(const cg_reader *r, cg_vit_config *c)
{
    const cJSON *value = cg_read_item(r, "prefix");

    if (value == NULL) {
        return true;
    }
    if (!cJSON_IsString(value) ||
        strlen(value->valuestring) >= sizeof c->prefix) {
        return cg_read_bad(r, "prefix", "the beginning of tensors' names");
    }
    strcpy(c->prefix, value->valuestring);
    return true;
}

static bool read_preprocess(const cg_reader *r, cg_preprocess *p)
{
    static const char *const filters[] = {"bicubic", "bilinear", NULL};
    uint32_t count = 0, side = 0, window = 0;
    int filter = 0;

    if (!cg_read_list(r, "image", 1, 2, p->image, &count) ||
        !cg_read_uint(r, "resize", 0, 8192, 0, &side) ||
        !cg_read_uint(r, "window", 0, 8192, 0, &window) ||
        !cg_read_word(r, "filter", filters, "\"bicubic\" or \"bilinear\"",
                      &filter)) {
        return false;
    }
    if (count != 2) {
        return cg_read_bad(r, "image", "height and width");
    }
    p->filter = (enum cg_filter)filter;
    for (int c = 0; c < 3; c++) {
        p->scale[c] = 1.0 / (255.0 * deviation[c]);
        p->shift[c] = -mean[c] / deviation[c];
    }
    cg_preprocess_fit(p, side, window);
    return cg_preprocess_fits(p) ||
           cg_read_bad(r, "window", "one inside the resized image");
}

static bool read_words(const cg_reader *r, cg_vit_config *c)
{
    static const char *const names[] = {"official", "hf-vit", "hf-dinov2",
                                        NULL};
    static const char *const rules[] = {
#define RULE_WORD(name, word) word,
        CG_POSITIONS_LIST(RULE_WORD)
#undef RULE_WORD
            NULL};
    int name = 0, rule = 0;

    if (!cg_read_word(r, "names", names,
                      "\"official\", \"hf-vit\" or \"hf-dinov2\"", &name) ||
        !cg_read_word(r, "positions", rules,
                      "\"offset\", \"size\" or \"antialias\"", &rule)) {
        return false;
    }
    c->names = (enum cg_vit_names)name;
    c->positions = (enum cg_vit_positions)rule;
    return true;
}

static bool read_all(const cg_reader *r, cg_vit_config *c)
{
    return read_prefix(r, c) && read_words(r, c) &&
           read_flag(r, "chunked", &c->chunked) &&
           read_flag(r, "fc_gate", &c->fc_gate) &&
           cg_read_uint(r, "width", 1, 16384, 0, &c->width) &&
           cg_read_uint(r, "depth", 1, 256, 0, &c->depth) &&
           cg_read_uint(r, "heads", 1, 1024, 0, &c->heads) &&
           cg_read_uint(r, "patch", 1, 64, 0, &c->patch) &&
           cg_read_uint(r, "grid", 1, 256, 0, &c->grid) &&
           read_flag(r, "class_row", &c->class_row) &&
           cg_read_uint(r, "registers", 0, 64, 0, &c->registers) &&
           read_flag(r, "layer_scale", &c->layer_scale) &&
           read_flag(r, "gated", &c->gated) &&
           cg_read_uint(r, "hidden", 1, 65536, 0, &c->hidden) &&
           cg_read_double(r, "eps", 1e-6, &c->eps) &&
           read_preprocess(r, &c->preprocess);
}

static bool check(const cg_reader *r, const cg_vit_config *c)
{
    const uint32_t *window = c->preprocess.window;
    uint64_t patches =
        (uint64_t)(window[0] / c->patch) * (window[1] / c->patch);

    if (c->width % c->heads != 0) {
        return cg_read_bad(r, "heads", "a divisor of the width");
    }
    if (patches == 0 ||
        patches + 1 + c->registers > (uint64_t)CEDM_MAX_TOKENS) {
        return cg_read_bad(r, "image",
                           "a size with 1 to 4096 tokens of that patch");
    }
    return true;
}

bool cg_vit_config_parse(cg_vit_config *config, const cg_reader *r)
{
    static const char *const keys[] = {
        "model_type", "prefix",    "names", "chunked",     "fc_gate",
        "width",      "depth",     "heads", "patch",       "grid",
        "class_row",  "registers", "gated", "layer_scale", "hidden",
        "eps",        "positions", "image", "resize",      "window",
        "filter",     NULL};
    const char *const *const lists[] = {keys};

    memset(config, 0, sizeof *config);
    return cg_read_known(r, lists, 1) && read_all(r, config) &&
           check(r, config);
}
