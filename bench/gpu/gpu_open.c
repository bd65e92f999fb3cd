/* SPDX-License-Identifier: MIT
 *
 * gpu_open.c - a frozen model on a GPU, in memory that is taken here. */
#include "bench/gpu/gpu_open.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

/* ---- failures ---------------------------------------------------------- */

void gpu_stop(const char *where, const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", gpu_program, where, what);
    exit(1);
}

void gpu_check(const gpu_model *m, const char *call, cedm_status status)
{
    if (status == CEDM_E_CUDA && m->fault.call != NULL) {
        gpu_stop(m->fault.call, m->fault.text);
    }
    if (status < CEDM_OK) {
        gpu_stop(call, cedm_status_text(status));
    }
}

void gpu_cuda(const char *call, cudaError_t code)
{
    if (code != cudaSuccess) {
        gpu_stop(call, cudaGetErrorString(code));
    }
}

void *gpu_array(size_t count, size_t size)
{
    size_t bytes =
        (count * size + CEDM_CUDA_ALIGN) / CEDM_CUDA_ALIGN * CEDM_CUDA_ALIGN;
    void *memory = aligned_alloc(CEDM_CUDA_ALIGN, bytes);

    if (memory == NULL) {
        gpu_stop("memory", "there is not enough");
    }
    return memset(memory, 0, bytes);
}

/* ---- a model ----------------------------------------------------------- */

static unsigned char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes;
    long length;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 ||
        (length = ftell(file)) <= 0) {
        gpu_stop(path, "cannot be read");
    }
    rewind(file);
    *size = (size_t)length;
    bytes = gpu_array(*size, 1);
    if (fread(bytes, 1, *size, file) != *size) {
        gpu_stop(path, "cannot be read");
    }
    fclose(file);
    return bytes;
}

static const cedm_model *code_of(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL), *symbol;
    cedm_model_entry_fn *entry;

    if (library == NULL) {
        gpu_stop(path, dlerror());
    }
    symbol = dlsym(library, "cedm_model_entry");
    if (symbol == NULL) {
        gpu_stop(path, "exports no cedm_model_entry");
    }
    memcpy(&entry, &symbol, sizeof entry);
    return entry();
}

void gpu_load(gpu_model *m, const char *path)
{
    char code[4096], blob[4096];
    size_t length = strlen(path), size;
    unsigned char *bytes;

    memset(m, 0, sizeof *m);
    if (length < 4 || length > sizeof code - 8 ||
        strcmp(path + length - 3, ".so") != 0) {
        gpu_stop(path, "wanted M.so beside M.cedm");
    }
    snprintf(code, sizeof code, "%s%s", strchr(path, '/') ? "" : "./", path);
    snprintf(blob, sizeof blob, "%.*s.cedm", (int)length - 3, path);
    if (cedm_cuda_describe(0, &m->device) != CEDM_OK) {
        puts("skipped: no device");
        exit(GPU_NONE);
    }
    m->code = code_of(code);
    bytes = read_file(blob, &size);
    gpu_check(m, blob, cedm_bind(&m->blob, m->code, bytes, size));
}

void gpu_open(gpu_model *m, enum cedm_cuda_precision precision, uint32_t arch,
              uint32_t batch, uint32_t steps)
{
    cedm_cuda_config *c = &m->config;

    *c = cedm_cuda_config_default();
    c->precision = precision;
    c->arch = arch;
    c->batch = batch;
    c->params.steps = steps;
    c->fault = &m->fault;
    gpu_check(m, "measure", cedm_cuda_measure(m->code, c, &c->sizes));
    gpu_check(m, "weights",
              cedm_cuda_allocate(0, c->sizes.weights, &c->weights));
    gpu_check(m, "arena", cedm_cuda_allocate(0, c->sizes.arena, &c->arena));
    gpu_check(m, "staging",
              cedm_cuda_allocate_pinned(c->sizes.staging, &c->staging));
    c->context = gpu_array(c->sizes.context, 1);
    gpu_check(m, "open", cedm_cuda_open(&m->net, &m->blob, c));
}

void gpu_close(gpu_model *m)
{
    cedm_cuda_close(m->net);
    cedm_cuda_release(0, m->config.weights);
    cedm_cuda_release(0, m->config.arena);
    cedm_cuda_release_pinned(m->config.staging);
    free(m->config.context);
}

enum cedm_cuda_precision gpu_precision(const char *text)
{
    static const char *const names[CEDM_CUDA_PRECISIONS] = {
        [CEDM_CUDA_FP16] = "fp16",
        [CEDM_CUDA_BF16] = "bf16",
        [CEDM_CUDA_FP32] = "fp32",
    };

    for (int p = 0; p < CEDM_CUDA_PRECISIONS; p++) {
        if (strcmp(text, names[p]) == 0) {
            return (enum cedm_cuda_precision)p;
        }
    }
    gpu_stop(text, "wanted fp16, bf16 or fp32");
}

double gpu_sample(gpu_model *m, uint8_t *images)
{
    uint32_t n = m->config.batch, labels = m->code->denoiser->label_dim;
    uint64_t *seeds = gpu_array(n, sizeof *seeds);
    int32_t *clusters = gpu_array(n, sizeof *clusters);
    cedm_status status;
    double start;

    for (uint32_t i = 0; i < n; i++) {
        seeds[i] = i;
        clusters[i] = labels > 0 ? (int32_t)(i % labels) : -1;
    }
    start = bench_now(CLOCK_MONOTONIC);
    status = cedm_cuda_begin(m->net, seeds, clusters, n);
    do {
        gpu_check(m, "begin or step", status);
        status = cedm_cuda_step(m->net);
    } while (status == CEDM_MORE);
    gpu_check(m, "step", status);
    gpu_check(m, "images", cedm_cuda_images(m->net, images));
    start = bench_now(CLOCK_MONOTONIC) - start;
    free(seeds);
    free(clusters);
    return start;
}
