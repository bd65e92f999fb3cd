/* SPDX-License-Identifier: MIT
 *
 * sampler.c - the vector ops of a sampler on the host, for every CPU
 * backend: a few thousand numbers an image, so clarity is all they need. */
#include <string.h>

#include "runtime/ops/ops.h"
#include "runtime/philox.h"

static size_t image_elements(const cedm_exec *exec)
{
    const cedm_port *image = &exec->model->graph.inputs[CEDM_INPUT_IMAGE];

    return (size_t)image->height * image->width * image->channels;
}

/* Element i, in CHW order, of a draw of a seed. */
static cedm_real normal(uint64_t seed, uint64_t i, uint32_t draw)
{
    return draw == 0 ? (cedm_real)cedm_normal_f32(seed, i, 0)
                     : (cedm_real)cedm_normal_f64(seed, i, draw);
}

/* The generator counts elements in CHW order. */
static void noise_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_noise *op = call->op;
    size_t elements = image_elements(call->exec);
    size_t channels =
        call->exec->model->graph.inputs[CEDM_INPUT_IMAGE].channels;
    size_t pixels = elements / channels;
    const cedm_real *base =
        op->base == NULL ? NULL : op->base + index * elements;
    cedm_real *dst = op->dst + index * elements;
    uint64_t seed = op->seed[index];

    (void)worker;
    for (size_t i = 0; i < elements; i++) {
        size_t at = i % pixels * channels + i / pixels;

        dst[at] = (base == NULL ? 0 : op->base_scale * base[at]) +
                  op->scale * normal(seed, i, op->draw);
    }
}

void cedm_op_noise(cedm_exec *exec, const cedm_noise *op)
{
    cedm_run_tasks(exec, noise_task, op, op->n);
}

void cedm_op_load(cedm_exec *exec, const cedm_load *op)
{
    const cedm_port *inputs = exec->model->graph.inputs;
    size_t elements = image_elements(exec);
    size_t features = inputs[CEDM_INPUT_FEATURES].channels;

    for (uint32_t image = 0; image < op->n; image++) {
        const cedm_real *x = op->x + image * elements;
        float *input =
            cedm_at(exec, inputs[CEDM_INPUT_IMAGE].ref, elements, image);

        for (size_t i = 0; i < elements; i++) {
            input[i] = (float)(op->c_in[image] * x[i]);
        }
        memcpy(
            cedm_at(exec, inputs[CEDM_INPUT_FEATURES].ref, features, image),
            op->features + image * features, features * sizeof(float));
    }
    exec->cluster = op->cluster;
    exec->other = op->other;
    exec->share = op->share;
}

void cedm_op_unload(cedm_exec *exec, const cedm_unload *op)
{
    size_t elements = image_elements(exec);

    for (uint32_t image = 0; image < op->n; image++) {
        const float *output =
            cedm_at(exec, exec->model->graph.outputs[0].ref, elements, image);
        const cedm_real *x = op->x + image * elements;
        cedm_real *dst = op->dst + image * elements;

        for (size_t i = 0; i < elements; i++) {
            cedm_real d =
                op->weight * (op->c_skip[image] * x[i] +
                              op->c_out[image] * (cedm_real)output[i]);

            dst[i] = op->first ? d : dst[i] + d;
        }
    }
}

void cedm_op_euler(cedm_exec *exec, const cedm_euler *op)
{
    size_t elements = op->n * image_elements(exec);

    for (size_t i = 0; i < elements; i++) {
        cedm_real d = (op->s * op->x[i] - op->denoised[i]) / op->t;

        op->next[i] = op->x[i] + op->h * d;
        op->d[i] = d;
    }
}

void cedm_op_heun(cedm_exec *exec, const cedm_heun *op)
{
    size_t elements = op->n * image_elements(exec);

    for (size_t i = 0; i < elements; i++) {
        cedm_real d = (op->s * op->next[i] - op->denoised[i]) / op->t;

        op->next[i] = op->x[i] + op->h * (op->d[i] + d) / 2;
    }
}

/* One element of a map afterwards; v has that of every map before. */
static cedm_real combined(const cedm_real *weight, const cedm_real *v)
{
    cedm_real sum = 0;

    for (uint32_t k = 0; k < CEDM_STATE_MAPS; k++) {
        sum += weight[k] != 0 ? weight[k] * v[k] : 0;
    }
    return sum;
}

void cedm_op_combine(cedm_exec *exec, const cedm_combine *op)
{
    size_t elements = op->n * image_elements(exec);

    for (size_t i = 0; i < elements; i++) {
        cedm_real v[CEDM_STATE_MAPS];

        for (uint32_t k = 0; k < CEDM_STATE_MAPS; k++) {
            v[k] = op->map[k][i];
        }
        for (uint32_t j = 0; j < CEDM_STATE_MAPS; j++) {
            op->map[j][i] = combined(op->weight[j], v);
        }
    }
}

static void from_image_task(void *arg, uint32_t index, uint32_t worker)
{
    const cedm_call *call = arg;
    const cedm_from_image *op = call->op;
    size_t elements = image_elements(call->exec);
    size_t channels =
        call->exec->model->graph.inputs[CEDM_INPUT_IMAGE].channels;
    size_t pixels = elements / channels;
    const uint8_t *image = op->image + index * elements;
    const uint8_t *mask = op->mask == NULL ? NULL : op->mask + index * pixels;
    cedm_real *x = op->x + index * elements;

    (void)worker;
    for (size_t i = 0; i < elements; i++) {
        size_t pixel = i % pixels, at = pixel * channels + i / pixels;
        cedm_real a = mask == NULL ? 0 : (cedm_real)mask[pixel] / 255;

        if (a < 1) {
            cedm_real v = (cedm_real)image[at] / (cedm_real)127.5 - 1;

            v = op->scale * v +
                op->noise * normal(op->seed[index], i, op->draw);
            x[at] = a > 0 ? a * x[at] + (1 - a) * v : v;
        }
    }
}

void cedm_op_from_image(cedm_exec *exec, const cedm_from_image *op)
{
    cedm_run_tasks(exec, from_image_task, op, op->n);
}

/* The comparisons are written so that a NaN becomes 0. */
void cedm_op_to_image(cedm_exec *exec, const cedm_to_image *op)
{
    size_t elements = op->n * image_elements(exec);

    for (size_t i = 0; i < elements; i++) {
        cedm_real v = (cedm_real)127.5 * op->x[i] + 128;

        op->dst[i] = !(v > 0) ? 0 : v > 255 ? 255 : (uint8_t)v;
    }
}
