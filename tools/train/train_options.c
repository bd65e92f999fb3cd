/* SPDX-License-Identifier: MIT
 *
 * train_options.c - the command line of cedm-train, and its presets. */
#include "trainer/train_options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cedm.h"
#include "host/execution/processors.h"
#include "tools/train/train_eval.h"
#include "tools/train/train_option_list.h"
#include "tools/train/train_presets.h"
#include "tools/train/train_saved.h"
#include "trainer/profile.h"

enum option {
#define OPTION_ID(id, name, value, help) OPT_##id,
    OPTION_LIST(OPTION_ID)
#undef OPTION_ID
        OPT_COUNT
};

static const host_args_option table[OPT_COUNT] = {
#define OPTION_ROW(id, name, value, help) {name, value, help},
    OPTION_LIST(OPTION_ROW)
#undef OPTION_ROW
};

/* ---- values ------------------------------------------------------------- */

static bool read_u32(const host_args *a, uint32_t low, uint32_t high,
                     uint32_t *out, host_failure *f)
{
    uint64_t value;

    if (!host_args_u64(a, low, high, &value, f)) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

/* 2,2,2: unlike host_args_list, numbers may repeat and there are few. */
static bool read_list(const host_args *a, train_list *out, host_failure *f)
{
    const char *text = a->value;

    out->count = 0;
    while (*text != '\0' && out->count < TRAIN_LIST_MAX) {
        char *end;
        unsigned long value = strtoul(text, &end, 10);

        if (!isdigit((unsigned char)*text) || value < 1 || value > 4096 ||
            (*end != ',' && *end != '\0') ||
            (*end == ',' && end[1] == '\0')) {
            break;
        }
        out->values[out->count++] = (uint32_t)value;
        text = *end == ',' ? end + 1 : end;
    }
    if (*text != '\0') {
        return host_bad_usage(f,
                              "--%s: wanted at most %u whole numbers like "
                              "2,2,2, got \"%s\"",
                              a->name, TRAIN_LIST_MAX, a->value);
    }
    return true;
}

static bool read_arch(train_options *o, const host_args *a, host_failure *f)
{
    static const char *const words[] = {"ddpmpp", "ncsnpp", "adm", NULL};
    int word;

    if (!host_args_word(a, words, &word, f)) {
        return false;
    }
    train_arch_apply(o, words[word]);
    return true;
}

static bool read_network(train_options *o, int option, const host_args *a,
                         host_failure *f)
{
    switch (option) {
    case OPT_RESOLUTION: return read_u32(a, 4, 1024, &o->resolution, f);
    case OPT_CBASE: return read_u32(a, 4, 4096, &o->cbase, f);
    case OPT_CRES:
        return read_list(a, &o->cres, f) &&
               (o->cres.count > 0 || host_bad_usage(f, "--cres: no levels"));
    case OPT_NUM_BLOCKS: return read_u32(a, 1, 32, &o->num_blocks, f);
    default: return read_list(a, &o->attn, f);
    }
}

static bool read_recipe(train_options *o, int option, const host_args *a,
                        host_failure *f)
{
    switch (option) {
    case OPT_BATCH: return read_u32(a, 1, 65536, &o->batch, f);
    case OPT_MICRO_BATCH: return read_u32(a, 1, 65536, &o->micro_batch, f);
    case OPT_DURATION: return host_args_double(a, 0.0, 1e6, &o->duration, f);
    case OPT_LR: return host_args_double(a, 0.0, 1.0, &o->lr, f);
    case OPT_LR_RAMPUP:
        return host_args_double(a, 0.0, 1e6, &o->lr_rampup, f);
    case OPT_EMA: return host_args_double(a, 0.0, 1e6, &o->ema, f);
    case OPT_DROPOUT: return host_args_double(a, 0.0, 0.99, &o->dropout, f);
    case OPT_AUGMENT: return host_args_double(a, 0.0, 1.0, &o->augment, f);
    case OPT_P_UNCOND: return host_args_double(a, 0.0, 1.0, &o->p_uncond, f);
    case OPT_SEED: return read_u32(a, 0, UINT32_MAX, &o->seed, f);
    default: o->xflip = true; return true;
    }
}

/* A file of that name is ./none. */
static bool read_clusters(train_options *o, const host_args *a)
{
    o->clusters = strcmp(a->value, "none") == 0 ? NULL : a->value;
    return true;
}

static bool check_eval(const host_args *a, host_failure *f)
{
    train_eval eval;

    return train_eval_parse(a->value, &eval, f);
}

static bool read_run(train_options *o, int option, const host_args *a,
                     host_failure *f)
{
    switch (option) {
    case OPT_DATA: o->data = a->value; return true;
    case OPT_CLUSTERS: return read_clusters(o, a);
    case OPT_OUT: o->out = a->value; return true;
    case OPT_TRANSFER: o->transfer = a->value; return true;
    case OPT_THREADS: return read_u32(a, 1, HOST_MAX_THREADS, &o->threads, f);
    case OPT_TICK: return host_args_double(a, 0.001, 1e9, &o->tick, f);
    case OPT_SNAP: return read_u32(a, 1, 1000000, &o->snap, f);
    case OPT_KEEP: return read_u32(a, 0, 1000000, &o->keep, f);
    case OPT_SAVE: return host_args_double(a, 0.0, 1e6, &o->save, f);
    case OPT_PRECISION: return host_precision_parse(a, &o->precision, f);
    case OPT_DEVICE: return host_device_parse_one(a, &o->device, f);
    case OPT_EVAL: o->eval = a->value; return check_eval(a, f);
    case OPT_EARLY_STOP: return read_u32(a, 0, 1000000, &o->early_stop, f);
    case OPT_POSTHOC_EMA: o->posthoc_ema = true; return true;
    case OPT_SIGMA_REL:
        return host_args_double(a, TRAIN_PROFILE_NARROWEST,
                                TRAIN_PROFILE_WIDEST, &o->sigma_rel, f);
    case OPT_RESUME: o->resume = true; return true;
    case OPT_NEW_DATA: o->new_data = true; return true;
    case OPT_TRANSFER_ANY: o->transfer_any = true; return true;
    default: o->dry_run = true; return true;
    }
}

/* train.py's --resume and --xflip take values. */
static bool refuse_operand(const host_args *a, host_failure *f)
{
    const char *last = a->name != NULL ? a->name : "";

    if (strcmp(last, "resume") == 0) {
        return host_bad_usage(f,
                              "--resume goes on in the folder of --out; "
                              "wanted --transfer %s for a training state of "
                              "EDM",
                              a->value);
    }
    if (strcmp(last, "xflip") == 0) {
        return host_bad_usage(f, "--xflip takes no value; got '%s'",
                              a->value);
    }
    return host_bad_usage(f, "\"%s\" belongs to no option; see --help",
                          a->value);
}

static bool read_option(train_options *o, int option, const host_args *a,
                        host_failure *f)
{
    if (option == HOST_ARGS_OPERAND) {
        return refuse_operand(a, f);
    }
    if (option > OPT_ARCH && option <= OPT_ATTN) {
        return read_network(o, option, a, f);
    }
    if ((option >= OPT_BATCH && option <= OPT_XFLIP) || option == OPT_SEED) {
        return read_recipe(o, option, a, f);
    }
    return read_run(o, option, a, f);
}

/* ---- the whole line ----------------------------------------------------- */

/* The best of them is kept, however few are. */
static bool check_early_stop(const train_options *o, host_failure *f)
{
    if (o->early_stop > 0 && o->eval == NULL) {
        return host_bad_usage(f, "--early-stop belongs to --eval");
    }
    return o->early_stop == 0 || o->keep == 0 || o->keep > o->early_stop ||
           host_bad_usage(
               f,
               "--keep: wanted more than --early-stop, %u, so that "
               "the best snapshot stays, or 0, got %u",
               o->early_stop, o->keep);
}

static bool check(const train_options *o, host_failure *f)
{
    if (o->out == NULL && (o->resume || !o->dry_run)) {
        return host_bad_usage(f, "--out: in which folder? see --help");
    }
    if (o->sigma_rel > 0.0) {
        return true; /* all else is in the folder */
    }
    if (o->data == NULL) {
        return host_bad_usage(f, "--data: which images? see --help");
    }
    if (o->micro_batch != 0 && o->batch % o->micro_batch != 0) {
        return host_bad_usage(f,
                              "--micro-batch: wanted a divisor of the batch, "
                              "%u, got %u",
                              o->batch, o->micro_batch);
    }
    if (o->resume && o->transfer != NULL) {
        return host_bad_usage(
            f, "--transfer begins a run, --resume goes on with "
               "one: give one of them");
    }
    if (o->new_data && !o->resume) {
        return host_bad_usage(f, "--new-data belongs to --resume");
    }
    if (!check_early_stop(o, f)) {
        return false;
    }
    if (o->posthoc_ema && o->device.kind != HOST_DEVICE_CPU) {
        return host_bad_usage(f, "--posthoc-ema: wanted --device cpu; on a "
                                 "GPU a run keeps one average");
    }
    if (o->transfer_any && o->transfer == NULL) {
        return host_bad_usage(f, "--transfer-any belongs to --transfer");
    }
    return true;
}

/* What a pass over the arguments looks at: sizes that come with a name are
 * set before those that are given by themselves. */
enum pass { PASS_FIRST, PASS_PRESET, PASS_ARCH, PASS_REST };

static bool read_first(train_options *o, int option, const host_args *a)
{
    if (option == OPT_OUT) {
        o->out = a->value;
    }
    o->resume = o->resume || option == OPT_RESUME;
    return true;
}

static bool read_in_pass(train_options *o, enum pass pass, int option,
                         const host_args *a, host_failure *f)
{
    switch (pass) {
    case PASS_FIRST: return read_first(o, option, a);
    case PASS_PRESET:
        return option != OPT_PRESET || train_preset_apply(o, a, f);
    case PASS_ARCH: return option != OPT_ARCH || read_arch(o, a, f);
    case PASS_REST:
    default:
        return option == OPT_PRESET || option == OPT_ARCH ||
               read_option(o, option, a, f);
    }
}

static train_parsed walk(train_options *o, const train_saved *l,
                         enum pass pass, cJSON *kept, host_failure *f)
{
    char seen[HOST_ARGS_MAX_OPTIONS];
    host_args a = host_args_begin(l->argc, l->argv, table, OPT_COUNT, seen);
    int option;

    while ((option = host_args_next(&a, f)) >= 0) {
        if (option == OPT_HELP) {
            host_args_help("cedm-train --data D --clusters IDS --out RUN "
                           "[options]: trains a cluster-conditioned EDM",
                           table, OPT_COUNT);
            return TRAIN_DONE;
        }
        if (option == OPT_VERSION) {
            puts("cedm-train " CEDM_VERSION);
            return TRAIN_DONE;
        }
        if (!read_in_pass(o, pass, option, &a, f) ||
            (pass == PASS_REST && !train_saved_note(kept, &a, f))) {
            return TRAIN_BAD;
        }
    }
    return option == HOST_ARGS_BAD ? TRAIN_BAD : TRAIN_RUN;
}

/* Of a run that goes on: what it began with, then what is given now. */
static train_parsed walk_all(train_options *o, const train_saved *given,
                             cJSON *kept, host_failure *f)
{
    train_parsed parsed = walk(o, given, PASS_FIRST, kept, f);

    if (parsed == TRAIN_RUN && o->resume && o->out != NULL &&
        !train_saved_read(&o->saved, o->out, f)) {
        return TRAIN_BAD;
    }
    for (int pass = PASS_PRESET; pass <= PASS_REST; pass++) {
        if (parsed == TRAIN_RUN) {
            parsed = walk(o, &o->saved, (enum pass)pass, kept, f);
        }
        if (parsed == TRAIN_RUN) {
            parsed = walk(o, given, (enum pass)pass, kept, f);
        }
    }
    return parsed;
}

train_parsed train_options_parse(train_options *o, int argc, char **argv,
                                 host_failure *f)
{
    cJSON *kept = cJSON_CreateObject();
    train_parsed parsed;

    *o = (train_options){.arch = "ddpmpp",
                         .cbase = 128,
                         .num_blocks = 4,
                         .cres = {{2, 2, 2}, 3},
                         .attn = {{16}, 1},
                         .batch = 512,
                         .duration = 200,
                         .lr_rampup = 10,
                         .ema = 0.5,
                         .lr = 1e-3,
                         .dropout = 0.13,
                         .augment = 0.12,
                         .tick = 50,
                         .snap = 50,
                         .save = 15,
                         .device = {.kind = HOST_DEVICE_CPU},
                         .precision = CEDM_CUDA_FP32};
    parsed = walk_all(o, &(train_saved){argc, argv}, kept, f);
    o->arguments = cJSON_PrintUnformatted(kept);
    cJSON_Delete(kept);
    if (parsed == TRAIN_RUN && o->arguments == NULL) {
        (void)host_fail(f, "out of memory");
        return TRAIN_BAD;
    }
    return parsed != TRAIN_RUN || check(o, f) ? parsed : TRAIN_BAD;
}

void train_options_free(train_options *o)
{
    cJSON_free(o->arguments);
    train_saved_free(&o->saved);
}
