/* SPDX-License-Identifier: MIT
 *
 * train_presets.c - the published settings of C-EDM [CEDM], those of EDM
 * [EDM] and of ADM's network [ADM], and the demo's. */
#include "tools/train/train_presets.h"

#include <string.h>

/* clang-format off */
#define TIMES_222  {{2, 2, 2}, 3}
#define TIMES_1222 {{1, 2, 2, 2}, 4}
#define TIMES_124  {{1, 2, 4}, 3}
#define TIMES_1234 {{1, 2, 3, 4}, 4}
#define AT_16      {{16}, 1}
#define AT_32_16_8 {{32, 16, 8}, 3}

static const struct preset {
    const char *name, *arch;
    uint32_t resolution, cbase, num_blocks;
    train_list cres, attn;
    uint32_t batch;
    double duration, lr, lr_rampup, ema, dropout, augment;
} presets[] = {
    {"cifar10", "ddpmpp", 32, 128, 4, TIMES_222, AT_16, 1024,
     200, 1e-3, 10, 0.5, 0.13, 0.12},
    {"cifar100", "ddpmpp", 32, 128, 4, TIMES_222, AT_16, 1024,
     100, 1e-3, 10, 0.5, 0.13, 0.12},
    {"ffhq64", "ddpmpp", 64, 128, 4, TIMES_1222, AT_16, 512,
     200, 2e-4, 10, 0.5, 0.05, 0.15},
    {"fashion", "ddpmpp", 32, 16, 1, TIMES_124, AT_16, 64,
     0.5024, 2e-3, 0.02, 0.05, 0.0, 0.0},
    {"edm-cifar10", "ddpmpp", 32, 128, 4, TIMES_222, AT_16, 512,
     200, 1e-3, 10, 0.5, 0.13, 0.12},
    {"edm-ffhq64", "ddpmpp", 64, 128, 4, TIMES_1222, AT_16, 256,
     200, 2e-4, 10, 0.5, 0.05, 0.15},
    {"edm-afhqv2", "ddpmpp", 64, 128, 4, TIMES_1222, AT_16, 256,
     200, 2e-4, 10, 0.5, 0.25, 0.15},
    {"edm-imagenet64", "adm", 64, 192, 3, TIMES_1234, AT_32_16_8, 4096,
     2500, 1e-4, 10, 50, 0.10, 0.0},
};
/* clang-format on */

bool train_preset_apply(train_options *o, const host_args *a, host_failure *f)
{
    enum { COUNT = sizeof presets / sizeof presets[0] };
    const char *names[COUNT + 1] = {NULL};
    int chosen;

    for (size_t i = 0; i < COUNT; i++) {
        names[i] = presets[i].name;
    }
    if (!host_args_word(a, names, &chosen, f)) {
        return false;
    }
    const struct preset *p = &presets[chosen];
    o->arch = p->arch;
    o->resolution = p->resolution;
    o->cbase = p->cbase;
    o->num_blocks = p->num_blocks;
    o->cres = p->cres;
    o->attn = p->attn;
    o->batch = p->batch;
    o->duration = p->duration;
    o->lr = p->lr;
    o->lr_rampup = p->lr_rampup;
    o->ema = p->ema;
    o->dropout = p->dropout;
    o->augment = p->augment;
    return true;
}

void train_arch_apply(train_options *o, const char *arch)
{
    bool adm = strcmp(arch, "adm") == 0;

    if (adm == (strcmp(o->arch, "adm") == 0)) {
        o->arch = arch; /* the sizes of a preset stay */
        return;
    }
    o->arch = arch;
    o->cbase = adm ? 192 : 128;
    o->num_blocks = adm ? 3 : 4;
    o->cres = adm ? (train_list)TIMES_1234 : (train_list)TIMES_222;
    o->attn = adm ? (train_list)AT_32_16_8 : (train_list)AT_16;
}
