/* SPDX-License-Identifier: MIT
 *
 * fake.c - a libcedm_cuda.so whose devices are the CPU, so that what programs
 * do with devices is tested without one: the images are those of the CPU.
 *
 *     FAKE_DEVICES   how many there are [1]; "old": the driver is too old
 *     FAKE_ARCH      compute capability [90]
 *     FAKE_BYTES     memory of each device [2^40]
 *     FAKE_OVERFLOW  seed whose image, or first pixel of an image whose
 *                    features do not fit fp16 [none]
 *     FAKE_LOG       a line for each net that is opened goes there [none] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cedm_cuda.h"

struct cedm_cuda_net {
    cedm_cuda_config config;
    cedm_net net;
    cedm_sampler sampler;
    uint8_t *known; /* images and masks of a run, which a device copies */
    int overflows;
};

static unsigned long setting(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

/* ---- devices ----------------------------------------------------------- */

static cedm_status devices(uint32_t *count)
{
    const char *text = getenv("FAKE_DEVICES");
    *count = 0;
    if (text != NULL && strcmp(text, "old") == 0) {
        return CEDM_E_DRIVER;
    }
    *count = (uint32_t)setting("FAKE_DEVICES", 1);
    return *count > 0 ? CEDM_OK : CEDM_E_DEVICE;
}

static cedm_status describe(uint32_t device, cedm_cuda_device *out)
{
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "Fake %u", device);
    out->arch = (uint32_t)setting("FAKE_ARCH", 90);
    out->multiprocessors = 3;
    out->total_bytes = setting("FAKE_BYTES", 1ul << 40);
    out->free_bytes = out->total_bytes;
    return out->arch >= 80 ? CEDM_OK : CEDM_E_DEVICE;
}

static cedm_status measure(const cedm_model *model,
                           const cedm_cuda_config *config,
                           cedm_cuda_sizes *sizes)
{
    const cedm_backend *backend = cedm_backend_cpu(CEDM_ISA_ALL);
    sizes->context = sizeof(cedm_cuda_net);
    sizes->staging = CEDM_ALIGN;
    sizes->weights = CEDM_ALIGN + cedm_weights_bytes(model, backend);
    sizes->arena = cedm_arena_bytes(model, config->batch, 1);
    return CEDM_OK;
}

static cedm_status allocate_pinned(uint64_t bytes, void **memory)
{
    *memory = aligned_alloc(CEDM_ALIGN, (size_t)CEDM_ALIGN_UP(bytes));
    return *memory != NULL ? CEDM_OK : CEDM_E_DEVICE_MEMORY;
}

static cedm_status allocate(uint32_t device, uint64_t bytes, void **memory)
{
    (void)device;
    *memory = NULL;
    return bytes > setting("FAKE_BYTES", 1ul << 40)
               ? CEDM_E_DEVICE_MEMORY
               : allocate_pinned(bytes, memory);
}

static cedm_status release_pinned(void *memory)
{
    free(memory);
    return CEDM_OK;
}

static cedm_status release(uint32_t device, void *memory)
{
    (void)device;
    return release_pinned(memory);
}

/* ---- a net ------------------------------------------------------------- */

static void record(const cedm_cuda_config *config)
{
    const char *path = getenv("FAKE_LOG");
    FILE *log = path != NULL ? fopen(path, "a") : NULL;
    if (log != NULL) {
        fprintf(log, "device %u precision %d batch %u\n", config->device,
                (int)config->precision, config->batch);
        fclose(log);
    }
}

static cedm_status open_net(cedm_cuda_net **net, const cedm_blob *blob,
                            const cedm_cuda_config *config)
{
    cedm_cuda_net *n = config->context;
    memset(n, 0, sizeof *n);
    *net = n;
    n->config = *config;
    record(config);
    cedm_net_config c = cedm_net_config_default();
    c.backend = cedm_backend_cpu(CEDM_ISA_ALL);
    c.weights = config->weights;
    c.weights_bytes = (size_t)config->sizes.weights;
    c.arena = config->arena;
    c.arena_bytes = (size_t)config->sizes.arena;
    c.batch = config->batch;
    cedm_status status = cedm_prepare(blob, &c, config->weights,
                                      (size_t)config->sizes.weights);
    return status == CEDM_OK ? cedm_net_init(&n->net, blob, &c) : status;
}

static cedm_status close_net(cedm_cuda_net *net)
{
    if (net != NULL) {
        free(net->known);
        net->known = NULL;
    }
    return CEDM_OK;
}

static cedm_status denoise(cedm_cuda_net *net, const double *x,
                           const double *sigma, const int32_t *cluster,
                           uint32_t n, double *out)
{
    return cedm_denoise(&net->net, x, sigma, cluster, n, out);
}

static cedm_status begin(cedm_cuda_net *net, const uint64_t *seeds,
                         const int32_t *clusters, uint32_t n)
{
    net->overflows = 0;
    for (uint32_t i = 0; i < n; i++) {
        net->overflows |= net->config.precision == CEDM_CUDA_FP16 &&
                          seeds[i] == setting("FAKE_OVERFLOW", ~0ul);
    }
    cedm_status status = cedm_sample_begin(
        &net->sampler, &net->net, &net->config.params, seeds, clusters, n);
    return status == CEDM_OK && net->config.guide != NULL
               ? cedm_sample_guide(&net->sampler, &net->config.guide->net)
               : status;
}

static cedm_status mix(cedm_cuda_net *net, const uint64_t *seeds,
                       const int32_t *clusters, const double *shares)
{
    return cedm_sample_mix(&net->sampler, seeds, clusters, shares);
}

static cedm_status from(cedm_cuda_net *net, const uint8_t *pictures)
{
    return cedm_sample_from(&net->sampler, pictures);
}

static cedm_status mask(cedm_cuda_net *net, const uint8_t *pictures,
                        const uint8_t *masks, uint32_t rounds)
{
    const cedm_denoiser *d = net->net.model->denoiser;
    size_t area = (size_t)net->sampler.n * d->resolution * d->resolution;
    free(net->known);
    net->known = malloc(area * (d->channels + 1));
    if (net->known == NULL) {
        return CEDM_E_DEVICE_MEMORY;
    }
    memcpy(net->known, pictures, area * d->channels);
    memcpy(net->known + area * d->channels, masks, area);
    return cedm_sample_mask(&net->sampler, net->known,
                            net->known + area * d->channels, rounds);
}

static cedm_status step(cedm_cuda_net *net)
{
    return cedm_sample_step(&net->sampler);
}

static cedm_status images(cedm_cuda_net *net, uint8_t *out)
{
    return net->overflows ? CEDM_E_OVERFLOW
                          : cedm_sample_images(&net->sampler, out);
}

static cedm_status preview(cedm_cuda_net *net, uint8_t *out)
{
    return cedm_sample_preview(&net->sampler, out);
}

static cedm_status state(cedm_cuda_net *net, double *out)
{
    const cedm_model *model = net->net.model;
    size_t elements = (size_t)model->denoiser->resolution *
                      model->denoiser->resolution * model->denoiser->channels;
    memcpy(out, cedm_sample_state(&net->sampler),
           net->sampler.n * elements * sizeof *out);
    return CEDM_OK;
}

static cedm_status encode(cedm_cuda_net *net, const uint8_t *pixels,
                          uint32_t n, float *out)
{
    const cedm_encoder *encoder = net->net.model->encoder;
    size_t image =
        (size_t)encoder->height * encoder->width * encoder->channels;
    for (uint32_t i = 0; i < n; i++) {
        if (net->config.precision == CEDM_CUDA_FP16 &&
            pixels[i * image] == setting("FAKE_OVERFLOW", ~0ul)) {
            return CEDM_E_OVERFLOW;
        }
    }
    return cedm_encode(&net->net, pixels, n, out);
}

static const cedm_cuda_api api = {
    .abi = CEDM_CUDA_ABI,
    .size = sizeof(cedm_cuda_api),
    .version = CEDM_VERSION,
    .devices = devices,
    .describe = describe,
    .measure = measure,
    .allocate = allocate,
    .allocate_pinned = allocate_pinned,
    .release = release,
    .release_pinned = release_pinned,
    .open = open_net,
    .close = close_net,
    .denoise = denoise,
    .begin = begin,
    .mix = mix,
    .from = from,
    .mask = mask,
    .step = step,
    .images = images,
    .preview = preview,
    .state = state,
    .encode = encode,
};

const cedm_cuda_api *cedm_cuda_entry(void)
{
    return &api;
}
