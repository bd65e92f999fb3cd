/* SPDX-License-Identifier: MIT
 *
 * gen_sink.c - where finished images go: one grid, one array, or files. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/npy.h"
#include "host/files/temporary.h"
#include "tools/gen/gen_name.h"
#include "tools/gen/gen_sink.h"

static const char *const extensions[] = {"png", "npy", "raw"};

static size_t image_bytes(const gen_sink *s)
{
    const cedm_model *code = s->config.model->code;
    return (size_t)code->denoiser->resolution * code->denoiser->resolution *
           code->denoiser->channels;
}

/* The header that goes before the bytes of `images` images, or of one image
 * alone when images is 0. */
static bool write_header(gen_sink *s, host_output *out, uint64_t images,
                         host_failure *f)
{
    if (s->config.format != GEN_SINK_NPY) {
        return true;
    }
    const cedm_model *code = s->config.model->code;
    uint64_t shape[4] = {images, code->denoiser->resolution,
                         code->denoiser->resolution,
                         code->denoiser->channels};
    unsigned char header[HOST_NPY_HEADER_BYTES];
    if (images > 0) {
        host_npy_header(header, "|u1", shape, 4);
    } else {
        host_npy_header(header, "|u1", shape + 1, 3);
    }
    return host_output_write(out, header, sizeof header, f);
}

static bool open_directory(const gen_sink *s, host_failure *f)
{
    const char *path = s->config.path;
    return host_output_directory(path, f) &&
           (access(path, W_OK | X_OK) == 0 ||
            host_fail(f, "%s: the directory cannot be written: %s", path,
                      strerror(errno)));
}

/* One file, and what killed programs left beside it. */
static bool open_file(gen_sink *s, host_failure *f)
{
    if (!host_output_open(&s->out, s->config.path, f)) {
        return false;
    }
    if (s->out.temporary != NULL) {
        char *folder = host_target_folder(s->out.temporary);
        if (folder != NULL) {
            host_temporary_clean(folder);
        }
        free(folder);
    }
    return true;
}

bool gen_sink_open(gen_sink *s, const gen_sink_config *config,
                   host_failure *f)
{
    memset(s, 0, sizeof *s);
    s->config = *config;
    if (config->separate) {
        return open_directory(s, f);
    }
    const cedm_model *code = config->model->code;
    if (config->format == GEN_SINK_PNG &&
        !host_png_grid_make(&s->grid, code->denoiser->resolution,
                            code->denoiser->channels, config->columns,
                            config->rows, f)) {
        return false;
    }
    if (open_file(s, f) && write_header(s, &s->out, config->job->count, f)) {
        return true;
    }
    gen_sink_abort(s);
    return false;
}

static char *record(const gen_sink *s, uint64_t first, uint64_t n)
{
    const gen_sink_config *c = &s->config;
    gen_job_machine machine = {c->isa, c->precision, c->gpu ? c->batch : 0};
    return gen_job_record(c->job, c->model, &machine, first, n,
                          c->separate ? 0 : c->columns,
                          c->separate ? 0 : c->rows);
}

/* Encodes pixels with the record of images first .. first + n - 1. */
static bool write_png(const gen_sink *s, host_output *out,
                      const uint8_t *pixels, uint32_t width, uint32_t height,
                      uint64_t first, uint64_t n, host_failure *f)
{
    char *text = record(s, first, n);
    if (text == NULL) {
        return host_fail(
            f, "out of memory for the record of %" PRIu64 " images", n);
    }
    size_t size;
    unsigned char *png = host_png_file_encode(
        pixels, width, height, s->config.model->code->denoiser->channels,
        text, &size, f);
    free(text);
    bool good = png != NULL && host_output_write(out, png, size, f);
    free(png);
    return good;
}

static bool write_separate(gen_sink *s, uint64_t i, const uint8_t *image,
                           host_failure *f)
{
    char *name = gen_name_image(s->config.job, i, s->config.path,
                                extensions[s->config.format]);
    if (name == NULL) {
        return host_fail(f, "%s: out of memory", s->config.path);
    }
    host_output out;
    bool good = host_output_open(&out, name, f);
    free(name);
    if (!good) {
        return false;
    }
    out.brief = true; /* the next run draws again what a power loss took */
    uint32_t size = s->config.model->code->denoiser->resolution;
    if (s->config.format == GEN_SINK_PNG) {
        good = write_png(s, &out, image, size, size, i, 1, f);
    } else {
        good = write_header(s, &out, 0, f) &&
               host_output_write(&out, image, image_bytes(s), f);
    }
    if (!good) {
        host_output_abort(&out);
        return false;
    }
    return host_output_commit(&out, f);
}

bool gen_sink_put(gen_sink *s, uint64_t first, uint32_t n,
                  const uint8_t *images, host_failure *f)
{
    size_t bytes = image_bytes(s);
    if (!s->config.separate && s->config.format != GEN_SINK_PNG) {
        return host_output_write(&s->out, images, n * bytes, f);
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *image = images + i * bytes;
        if (!s->config.separate) {
            host_png_grid_set(&s->grid, first + i, image);
        } else if (!write_separate(s, first + i, image, f)) {
            return false;
        }
    }
    return true;
}

bool gen_sink_close(gen_sink *s, host_failure *f)
{
    if (s->config.separate) {
        return true;
    }
    bool good =
        s->config.format != GEN_SINK_PNG ||
        write_png(s, &s->out, s->grid.pixels, s->grid.columns * s->grid.size,
                  s->grid.rows * s->grid.size, 0, s->config.job->count, f);
    host_png_grid_free(&s->grid);
    return good && host_output_commit(&s->out, f);
}

void gen_sink_abort(gen_sink *s)
{
    host_png_grid_free(&s->grid);
    host_output_abort(&s->out);
}
