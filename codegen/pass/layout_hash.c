/* SPDX-License-Identifier: MIT
 *
 * layout_hash.c - a number that tells models apart, for their code and their
 * blob: FNV-1a over little-endian words, whatever this machine's order is. */
#include <string.h>

#include "codegen/op/op.h"
#include "codegen/pass/pass.h"

static void add_bytes(uint64_t *hash, const void *bytes, size_t size)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < size; i++) {
        *hash = (*hash ^ b[i]) * 0x100000001b3u;
    }
}

static void add_u32(uint64_t *hash, uint32_t value)
{
    unsigned char b[4] = {(unsigned char)value, (unsigned char)(value >> 8),
                          (unsigned char)(value >> 16),
                          (unsigned char)(value >> 24)};
    add_bytes(hash, b, sizeof b);
}

static void add_double(uint64_t *hash, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_u32(hash, (uint32_t)bits);
    add_u32(hash, (uint32_t)(bits >> 32));
}

static void add_words(uint64_t *hash, const void *words, size_t count)
{
    const unsigned char *at = words;
    for (size_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, at + i * sizeof word, sizeof word);
        add_u32(hash, word);
    }
}

/* How CPUs make a convolution is chosen later, and moves nothing. */
static void add_op(uint64_t *hash, const cg_op *op)
{
    const cg_op_info *info = cg_op_info_of(op->kind);
    const unsigned char *descriptor = (const void *)&op->u;
    add_u32(hash, (uint32_t)op->kind);
    for (size_t i = 0; i < info->field_count; i++) {
        const cg_field *field = &info->fields[i];
        if (field->kind != CG_FIELD_ALGORITHM) {
            add_words(hash, descriptor + field->offset, field->count);
        }
    }
}

static void add_ports(uint64_t *hash, const cedm_port *ports, uint32_t count)
{
    add_u32(hash, count);
    for (uint32_t i = 0; i < count; i++) {
        const cedm_port *port = &ports[i];
        const uint32_t words[] = {port->ref, port->height, port->width,
                                  port->channels};
        add_bytes(hash, port->name, strlen(port->name) + 1);
        add_words(hash, words, sizeof words / sizeof words[0]);
    }
}

static void add_denoiser(uint64_t *hash, const cedm_denoiser *d)
{
    const uint32_t words[] = {d->resolution, d->channels,    d->label_dim,
                              d->precond,    d->noise_steps, d->noise_levels};
    add_words(hash, words, sizeof words / sizeof words[0]);
    add_double(hash, d->sigma_data);
    add_double(hash, d->sigma_min);
    add_double(hash, d->sigma_max);
    add_double(hash, d->beta_d);
    add_double(hash, d->beta_min);
    add_words(hash, &d->features, sizeof d->features / sizeof(uint32_t));
}

uint64_t cg_layout_hash(const cg_program *p)
{
    uint64_t hash = 0xcbf29ce484222325u;
    add_u32(&hash, p->dtype);
    add_u32(&hash, p->act.elements);
    add_u32(&hash, p->f32.elements);
    add_ports(&hash, p->inputs, p->input_count);
    add_ports(&hash, p->outputs, p->output_count);
    add_u32(&hash, p->denoises);
    if (p->denoises) {
        add_denoiser(&hash, &p->denoiser);
    }
    add_u32(&hash, p->encodes);
    if (p->encodes) {
        add_words(&hash, &p->encoder, sizeof p->encoder / sizeof(uint32_t));
    }
    add_u32(&hash, p->op_count);
    for (uint32_t i = 0; i < p->op_count; i++) {
        add_op(&hash, &p->ops[i]);
    }
    add_u32(&hash, p->param_count);
    for (uint32_t i = 0; i < p->param_count; i++) {
        const cg_param *param = &p->params[i];
        add_bytes(&hash, param->name, strlen(param->name) + 1);
        add_u32(&hash, param->offset);
        add_u32(&hash, param->elements);
        add_u32(&hash, param->exact);
    }
    return hash;
}
