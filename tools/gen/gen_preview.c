/* SPDX-License-Identifier: MIT
 *
 * gen_preview.c - pictures of what images will be, every few steps.
 *
 * A preview is whole when the last batch has passed its step, so all are kept
 * until then and written together. */
#include "tools/gen/gen_preview.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool gen_preview_open(gen_preview *p, const gen_sink_config *config,
                      uint32_t every, host_failure *f)
{
    const cedm_sampler_params *params = &config->job->params;
    const cedm_denoiser *d = config->model->code->denoiser;
    *p = (gen_preview){.config = config,
                       .every = every,
                       .first = params->start,
                       .steps = params->steps};
    uint32_t count = (params->steps - params->start - 1) / every;
    p->grids = calloc(count > 0 ? count : 1, sizeof *p->grids);
    p->images = calloc(config->batch,
                       (size_t)d->resolution * d->resolution * d->channels);
    if (p->grids == NULL || p->images == NULL) {
        return host_fail(f, "out of memory for %u previews", count);
    }
    for (; p->count < count; p->count++) {
        if (!host_png_grid_make(&p->grids[p->count], d->resolution,
                                d->channels, config->columns, config->rows,
                                f)) {
            return false;
        }
    }
    return true;
}

bool gen_preview_due(const gen_preview *p, uint32_t done)
{
    return done > p->first && (done - p->first) % p->every == 0 &&
           done < p->steps;
}

void gen_preview_put(gen_preview *p, uint32_t done, uint64_t first,
                     uint32_t n)
{
    host_png_grid *grid = &p->grids[(done - p->first) / p->every - 1];
    size_t bytes = (size_t)grid->size * grid->size * grid->channels;
    for (uint32_t i = 0; i < n; i++) {
        host_png_grid_set(grid, first + i, p->images + i * bytes);
    }
}

/* A preview has no recipe: it is not drawn again. */
static bool write_one(const gen_preview *p, uint32_t i, host_failure *f)
{
    const host_png_grid *grid = &p->grids[i];
    const char *path = p->config->path;
    size_t stem = strlen(path), length = stem + 32, size;
    if (stem > 4 && strcmp(path + stem - 4, ".png") == 0) {
        stem -= 4;
    }
    char *name = malloc(length);
    if (name == NULL) {
        return host_fail(f, "%s: out of memory", path);
    }
    snprintf(name, length, "%.*s-step%u.png", (int)stem, path,
             p->first + (i + 1) * p->every);
    unsigned char *png = host_png_file_encode(
        grid->pixels, grid->columns * grid->size, grid->rows * grid->size,
        grid->channels, NULL, &size, f);
    bool good = png != NULL && host_output_file(name, png, size, f);
    free(png);
    free(name);
    return good;
}

bool gen_preview_write(const gen_preview *p, host_failure *f)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (!write_one(p, i, f)) {
            return false;
        }
    }
    return true;
}

void gen_preview_close(gen_preview *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        host_png_grid_free(&p->grids[i]);
    }
    free(p->grids);
    free(p->images);
    memset(p, 0, sizeof *p);
}
