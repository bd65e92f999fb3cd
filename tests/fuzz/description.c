/* SPDX-License-Identifier: MIT
 *
 * description.c - fuzz target of the JSON at the end of a blob.
 *
 * An input is a byte, how many clusters the model has (its lower half; 15: it
 * encodes), and the JSON.  cedm-info describes it or says why not; a model with
 * it is refused, or has counts that can be drawn by and a sampler that the
 * library takes, and knows the ids that it names. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/execution/modules.h"
#include "tools/gen/gen_ids.h"
#include "tools/info/info_describe.h"
#include "tests/fuzz/want.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define TABLE 96u /* the header's bytes */
#define DATA 128u
#define TRAILER 192u
#define ENCODES 15u

static const cedm_tensor tensors[] = {{0, 4, 0}};
static const cedm_port inputs[] = {{"image", CEDM_REF_F32, 4, 4, 1},
                                   {"features", CEDM_REF_F32 | 32, 1, 1, 2}};

static void eval_nothing(const cedm_ops *ops, void *ctx)
{
    (void)ops;
    (void)ctx;
}

/* ---- a model with that description ------------------------------------- */

static cedm_model model_of(const cedm_denoiser *denoiser,
                           const cedm_encoder *encoder, unsigned clusters)
{
    return (cedm_model){.abi = CEDM_MODEL_ABI,
                        .size = sizeof(cedm_model),
                        .name = "fuzz",
                        .denoiser = clusters == ENCODES ? NULL : denoiser,
                        .encoder = clusters == ENCODES ? encoder : NULL,
                        .graph = {.input_count = clusters == ENCODES ? 1 : 2,
                                  .output_count = 1,
                                  .inputs = inputs,
                                  .outputs = inputs,
                                  .data_elements = 4,
                                  .layout_hash = 1,
                                  .tensor_count = 1,
                                  .tensors = tensors,
                                  .eval = eval_nothing}};
}

/* A sound blob with the text at its end. */
static unsigned char *blob_of(const uint8_t *text, size_t size)
{
    void *memory = NULL;
    want(posix_memalign(&memory, CEDM_ALIGN, TRAILER + size) == 0);
    unsigned char *blob = memory;
    memset(blob, 0, TRAILER);
    memcpy(blob + TRAILER, text, size);
    uint32_t sum = cedm_crc32c(0, blob + DATA, 4 * sizeof(float));
    memcpy(blob + TABLE, &sum, sizeof sum);
    cedm_blob_header h = {.magic = CEDM_BLOB_MAGIC,
                          .version = CEDM_BLOB_VERSION,
                          .layout_hash = 1,
                          .total_bytes = TRAILER + size,
                          .data_offset = DATA,
                          .data_bytes = 4 * sizeof(float),
                          .trailer_offset = TRAILER,
                          .trailer_bytes = size,
                          .tensor_count = 1,
                          .trailer_crc = cedm_crc32c(0, text, size),
                          .table_crc = cedm_crc32c(0, &sum, sizeof sum)};
    h.header_crc = cedm_crc32c(0, &h, offsetof(cedm_blob_header, header_crc));
    memcpy(blob, &h, sizeof h);
    return blob;
}

/* ---- what must hold ---------------------------------------------------- */

static void check_freq(const double *freq, uint32_t count)
{
    double sum = 0;
    for (uint32_t i = 0; freq != NULL && i < count; i++) {
        want(isfinite(freq[i]) && freq[i] >= 0);
        sum += freq[i];
    }
    want(freq == NULL || (sum > 0 && isfinite(sum)));
}

static void check_ids(const host_model *m)
{
    host_failure f = HOST_FAILURE_UNSAID;
    gen_ids_hint(m, &f);
    want(strpbrk(f.text, "\n\r\033") == NULL);
    f = (host_failure)HOST_FAILURE_UNSAID;
    char *clusters = gen_ids_to_clusters(m, "id", "0,7-9", &f);
    if (clusters == NULL) {
        want_line(f.text);
    }
    free(clusters);
}

static void check_model(const host_model *m)
{
    char module[HOST_MODULE_BYTES];
    uint32_t id = 0;
    check_freq(m->freq,
               m->code->denoiser != NULL ? m->code->denoiser->label_dim : 0);
    want(m->data_sha256 != NULL);
    if (host_module_after_bottleneck(m, module)) {
        want(strlen(module) < sizeof module);
        (void)host_module_last_op(m, module, &id);
    }
    (void)host_model_op_kind(m, 0);
    if (m->code->denoiser != NULL) {
        check_ids(m);
    }
}

static void load(const uint8_t *text, size_t size, unsigned clusters)
{
    const cedm_denoiser denoiser = {
        .resolution = 4,
        .channels = 1,
        .label_dim = clusters,
        .sigma_data = 0.5,
        .sigma_max = 1e308,
        .features = {.channels = 2, .freqs = CEDM_NONE}};
    const cedm_encoder encoder = {4, 4, 1, 1};
    const cedm_model code = model_of(&denoiser, &encoder, clusters);
    unsigned char *blob = blob_of(text, size);
    host_failure f = HOST_FAILURE_UNSAID;
    host_model m;
    if (host_model_adopt(&m, &code, blob, TRAILER + size, &f)) {
        check_model(&m);
    } else {
        want_failure(&f);
    }
    host_model_close(&m);
    free(blob);
}

static void describe(const uint8_t *text, size_t size)
{
    host_failure f = HOST_FAILURE_UNSAID;
    cJSON *root = cJSON_ParseWithLength((const char *)text, size);
    info_file i = {.kind = "blob"};
    if (root == NULL) {
        return;
    }
    if (info_describe_json(&i, root, "fuzz", &f)) {
        check_freq(i.freq, i.clusters);
        want(memchr(i.name, 0, sizeof i.name) != NULL);
        want(memchr(i.network, 0, sizeof i.network) != NULL);
    } else {
        want_failure(&f);
    }
    info_free(&i);
    cJSON_Delete(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > 0) {
        describe(bytes + 1, size - 1);
        load(bytes + 1, size - 1, bytes[0] % (ENCODES + 1));
    }
    return 0;
}
