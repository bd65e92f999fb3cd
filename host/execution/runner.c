/* SPDX-License-Identifier: MIT
 *
 * runner.c - the table of what runs a network, and the choice in it. */
#include "host/execution/runner.h"

#include <stdlib.h>
#include <string.h>

static const host_runner_kind *const kinds[] = {
    [HOST_DEVICE_CPU] = &host_runner_cpu,
    [HOST_DEVICE_CUDA] = &host_runner_cuda,
};

static bool choose(host_runners *all, uint32_t rank,
                   const host_runner_config *config, host_failure *f)
{
    if (all->choice.kind == HOST_DEVICE_AUTO && config->isa != NULL) {
        all->choice.kind = HOST_DEVICE_CPU;
    }
    return host_device_choose(&all->choice, config->precision, rank,
                              &all->library, f);
}

static bool open_all(host_runners *all, const host_model *m,
                     const host_runner_config *config, host_failure *f)
{
    const host_runner_kind *kind = kinds[all->choice.kind];
    uint32_t count = kind == &host_runner_cpu ? 1 : all->choice.count;
    host_runner_config each = *config;
    each.images = config->images / count + (config->images % count != 0);
    all->runner = calloc(count, sizeof *all->runner);
    if (all->runner == NULL) {
        return host_fail(f, "out of memory");
    }
    for (; all->count < count; all->count++) {
        host_runner *r = &all->runner[all->count];
        r->model = m;
        r->guide = config->guides != NULL
                       ? &config->guides->runner[all->count]
                       : NULL;
        r->params = config->params;
        r->kind = kind;
        if (!kind->open(r, &all->library, all->choice.index[all->count],
                        &each, f)) {
            return false;
        }
        each.batch = r->batch;
    }
    return true;
}

bool host_runners_open(host_runners *all, const host_model *m,
                       const host_device_choice *choice, uint32_t rank,
                       const host_runner_config *config, host_failure *f)
{
    *all = (host_runners){.choice = *choice};
    if (choose(all, rank, config, f) && open_all(all, m, config, f)) {
        return true;
    }
    host_runners_close(all);
    return false;
}

void host_runners_close(host_runners *all)
{
    for (uint32_t i = 0; i < all->count; i++) {
        all->runner[i].kind->close(&all->runner[i]);
    }
    free(all->runner);
    host_cuda_library_close(&all->library);
    memset(all, 0, sizeof *all);
}
