/* SPDX-License-Identifier: MIT
 *
 * torch_config.c - the configuration of a network from its modules'
 * attributes and constructor arguments, as the JSON of cedm.config.
 *
 * What is not known to have no effect is passed on, so that an argument that
 * means another network is refused where configurations are judged. */
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "codegen/read/torch.h"

#define ARGUMENTS_MAX 64u
#define TEXT_MAX 256u

typedef struct writer {
    cg_torch *t;
    cJSON *json;
    const cg_node *attributes, *arguments; /* dicts of the network */
} writer;

static bool bad(const writer *w, const cg_node *node, const char *what,
                const char *wanted)
{
    return cg_pickle_fail(&w->t->pickle, node->offset,
                          "%s is unusable; "
                          "wanted %s, got %s; check what file this is",
                          what, wanted, cg_kind_words(node));
}

static bool out_of_memory(const writer *w)
{
    return cg_pickle_fail(&w->t->pickle, 0,
                          "out of memory; wanted room for "
                          "the configuration, got none; free some memory");
}

/* ---- values ------------------------------------------------------------ */

static cJSON *text_value(const cg_node *node)
{
    char text[TEXT_MAX + 1];
    size_t size = node->u.bytes.size;
    if (size > TEXT_MAX || memchr(node->u.bytes.at, 0, size) != NULL) {
        return NULL;
    }
    memcpy(text, node->u.bytes.at, size);
    text[size] = '\0';
    return cJSON_CreateString(text);
}

/* A value as JSON, NULL if it has no such form; a list's own items are not
 * lists. */
static cJSON *json_value(const cg_pickle *p, const cg_node *node, bool item)
{
    double number = 0.0;
    if (cg_torch_number(p, node, &number)) {
        return isfinite(number) ? cJSON_CreateNumber(number) : NULL;
    }
    if (node->kind == CG_KIND_TRUTH) {
        return cJSON_CreateBool((int)node->u.integer);
    }
    if (node->kind == CG_KIND_TEXT) {
        return text_value(node);
    }
    if (item || node->count > ARGUMENTS_MAX ||
        (node->kind != CG_KIND_LIST && node->kind != CG_KIND_TUPLE)) {
        return NULL;
    }
    cJSON *list = cJSON_CreateArray();
    for (uint32_t i = node->u.items.first; i != CG_NO_REF;
         i = p->items[i].next) {
        cJSON *value = json_value(p, &p->nodes[p->items[i].value], true);
        if (value == NULL || !cJSON_AddItemToArray(list, value)) {
            cJSON_Delete(value);
            cJSON_Delete(list);
            return NULL;
        }
    }
    return list;
}

static bool add(writer *w, const char *key, const cg_node *node)
{
    cJSON *value = json_value(&w->t->pickle, node, false);
    if (value == NULL) {
        return bad(w, node, key,
                   "a number, a truth value, a string or a "
                   "short list of them");
    }
    return cJSON_AddItemToObject(w->json, key, value) || out_of_memory(w);
}

/* ---- the network's arguments ------------------------------------------- */

/* An attribute, or the constructor's argument of that name. */
static const cg_node *look_up(const writer *w, const char *key)
{
    const cg_pickle *p = &w->t->pickle;
    cg_ref ref = cg_pickle_find(p, w->attributes, key);
    if (ref == CG_NO_REF && w->arguments != NULL) {
        ref = cg_pickle_find(p, w->arguments, key);
    }
    return ref == CG_NO_REF ? NULL : &p->nodes[ref];
}

static bool add_sizes(writer *w)
{
    static const char *const keys[] = {"img_resolution", "img_channels",
                                       "label_dim"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const cg_node *node = look_up(w, keys[i]);
        if (node == NULL) {
            return bad(w, w->attributes, "the network", keys[i]);
        }
        if (!add(w, keys[i], node)) {
            return false;
        }
    }
    return true;
}

/* The constants of a preconditioning [EDM] (table 1), where they are not the
 * usual ones; those of EDMPrecond always, but for an upper limit that is
 * none. */
static bool add_constants(writer *w, const cg_node *class_name)
{
    static const struct {
        const char *class_name, *key;
        double usual; /* left out if it is this */
    } constants[] = {
        {"EDMPrecond", "sigma_min", -1.0},
        {"EDMPrecond", "sigma_max", (double)INFINITY},
        {"EDMPrecond", "sigma_data", -1.0},
        {"VPPrecond", "beta_d", 19.9},
        {"VPPrecond", "beta_min", 0.1},
        {"VPPrecond", "M", 1000.0},
        {"VPPrecond", "epsilon_t", 1e-5},
        {"VEPrecond", "sigma_min", 0.02},
        {"VEPrecond", "sigma_max", 100.0},
        {"iDDPMPrecond", "C_1", 0.001},
        {"iDDPMPrecond", "C_2", 0.008},
        {"iDDPMPrecond", "M", 1000.0},
    };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        double value = 0.0;
        if (!cg_pickle_is_text(class_name, constants[i].class_name)) {
            continue;
        }
        const cg_node *node = look_up(w, constants[i].key);
        if (node != NULL && cg_torch_number(&w->t->pickle, node, &value) &&
            value == constants[i].usual) {
            continue;
        }
        if (node != NULL && !add(w, constants[i].key, node)) {
            return false;
        }
    }
    return true;
}

/* ---- the model's arguments --------------------------------------------- */

static bool is_dropped(const cg_node *key)
{
    static const char *const dropped[] = {
        /* added with the network's sizes; the tensors' shapes check them */
        "img_resolution", "label_dim", "in_channels", "out_channels",
        /* of no effect on sampling */
        "use_fp16", "pseudo_n", "pseudo_beta"};
    for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++) {
        if (cg_pickle_is_text(key, dropped[i])) {
            return true;
        }
    }
    return false;
}

static bool add_arguments(writer *w, const cg_node *arguments)
{
    const cg_pickle *p = &w->t->pickle;
    if (arguments->kind != CG_KIND_DICT || arguments->count > ARGUMENTS_MAX) {
        return bad(w, arguments, "_init_kwargs", "a short dict");
    }
    for (uint32_t i = arguments->u.items.first; i != CG_NO_REF;) {
        uint32_t value = p->items[i].next;
        const cg_node *key = &p->nodes[p->items[i].value];
        cJSON *name = key->kind == CG_KIND_TEXT ? text_value(key) : NULL;
        if (name == NULL) {
            return bad(w, key, "the name of an argument", "a short string");
        }
        bool ok = is_dropped(key) ||
                  add(w, name->valuestring, &p->nodes[p->items[value].value]);
        cJSON_Delete(name);
        if (!ok) {
            return false;
        }
        i = p->items[value].next;
    }
    return true;
}

/* Defaults of the constructors that training scripts rely on [EDM]. */
static bool add_defaults(writer *w, const cg_node *class_name)
{
    static const int song[] = {16}, attention[] = {32, 16, 8};
    static const int mult[] = {1, 2, 3, 4};
    cJSON *list = NULL;
    bool ok = true;
    bool dhariwal = cg_pickle_is_text(class_name, "DhariwalUNet");
    if (!cJSON_HasObjectItem(w->json, "attn_resolutions")) {
        list = dhariwal ? cJSON_CreateIntArray(attention, 3)
                        : cJSON_CreateIntArray(song, 1);
        ok = cJSON_AddItemToObject(w->json, "attn_resolutions", list);
    }
    if (ok && dhariwal && !cJSON_HasObjectItem(w->json, "channel_mult")) {
        list = cJSON_CreateIntArray(mult, 4);
        ok = cJSON_AddItemToObject(w->json, "channel_mult", list);
    }
    return ok || out_of_memory(w);
}

/* The module that a network calls its model. */
static bool find_model(const writer *w, const cg_node **state,
                       const cg_node **class_name)
{
    const cg_pickle *p = &w->t->pickle;
    cg_ref modules = cg_pickle_find(p, w->attributes, "_modules");
    cg_ref model =
        modules == CG_NO_REF || p->nodes[modules].kind != CG_KIND_DICT
            ? CG_NO_REF
            : cg_pickle_find(p, &p->nodes[modules], "model");
    if (model == CG_NO_REF) {
        return bad(w, w->attributes, "the network", "a module 'model'");
    }
    if (!cg_torch_module(w->t, model, state, class_name)) {
        return false;
    }
    return *class_name != NULL ||
           bad(w, *state, "the model", "a class with a name");
}

static bool write_all(writer *w, const cg_node *network_class)
{
    const cg_pickle *p = &w->t->pickle;
    const cg_node *model = NULL, *model_class = NULL;
    if (!find_model(w, &model, &model_class)) {
        return false;
    }
    cg_ref ref = cg_pickle_find(p, model, "_init_kwargs");
    if (ref == CG_NO_REF) {
        return bad(w, model, "the model", "_init_kwargs");
    }
    return add(w, "model_type", model_class) &&
           add(w, "precond", network_class) && add_sizes(w) &&
           add_constants(w, network_class) &&
           add_arguments(w, &p->nodes[ref]) && add_defaults(w, model_class);
}

static bool keep_json(const writer *w)
{
    char *text = cJSON_PrintUnformatted(w->json);
    if (text == NULL) {
        return out_of_memory(w);
    }
    size_t size = strlen(text) + 1;
    char *kept = cg_keep(w->t->opened, size, w->t->error);
    bool ok = kept != NULL &&
              cg_add_metadata(w->t->opened, "cedm.config",
                              memcpy(kept, text, size), w->t->error);
    cJSON_free(text);
    return ok;
}

bool cg_torch_config(cg_torch *t, cg_ref network)
{
    const cg_pickle *p = &t->pickle;
    const cg_node *class_name = NULL;
    writer w = {.t = t};
    if (!cg_torch_module(t, network, &w.attributes, &class_name)) {
        return false;
    }
    if (class_name == NULL) {
        return bad(&w, w.attributes, "the network", "a class with a name");
    }
    cg_ref arguments = cg_pickle_find(p, w.attributes, "_init_kwargs");
    if (arguments != CG_NO_REF && p->nodes[arguments].kind == CG_KIND_DICT) {
        w.arguments = &p->nodes[arguments];
    }
    w.json = cJSON_CreateObject();
    bool ok = w.json == NULL ? out_of_memory(&w)
                             : write_all(&w, class_name) && keep_json(&w);
    cJSON_Delete(w.json);
    return ok;
}
