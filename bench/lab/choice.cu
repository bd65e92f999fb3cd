/* SPDX-License-Identifier: MIT
 *
 * choice.cu - asks the host side of the convolutions. */
#include "bench/lab/choice.h"

#include <stdlib.h>

#include "runtime/cuda/conv_host.h"
#include "runtime/cuda/conv_plain.cuh"
#include "runtime/cuda/conv_rings.cuh"

static uint32_t slices_of(const uint32_t channels[2])
{
    return cedm_blocks(channels[0], CEDM_CUDA_K) +
           cedm_blocks(channels[1], CEDM_CUDA_K);
}

static void choose_plain(lab_choice *c, const cedm_conv_args *v)
{
    const plain_tile t = plain_cut(v, 64, c->columns);
    double reached = (double)t.rows * t.columns;
    uint32_t skip = v->channels[2] + v->channels[3];

    c->pixels = t.width * t.height;
    c->tiles *= t.across * t.down;
    c->activated = reached * v->cin + (double)c->pixels * skip;
    c->multiplied = (double)c->pixels * c->columns *
                    ((double)c->taps * v->cin + skip);
    c->shared = (uint32_t)plain_shared(&t, 64, c->columns,
                                       c->columns == 4 ? 8 : 1);
}

extern "C" lab_choice lab_choose(const cedm_model *model, const cedm_conv *op,
                                 uint32_t batch)
{
    static const uint32_t index[4096] = {};
    cedm_cuda_exec exec = {};
    cedm_conv_args v;
    conv_tiles tiles;
    conv_run *by;
    lab_choice c = {};

    exec.model = model;
    exec.batch = batch;
    exec.arch = 90;
    exec.multiprocessors = LAB_MULTIPROCESSORS;
    exec.index = index;
    exec.encode_tensor = &exec;
    by = cedm_cuda_conv_choose(&tiles, &v, &exec, op);
    c.kind = cedm_cuda_gemm_suits_conv(op)        ? LAB_PRODUCT
             : by == cedm_cuda_conv_run_warpgroup ? LAB_WARPGROUP
             : by == cedm_cuda_conv_run_matrix    ? LAB_MATRIX
                                                  : LAB_PLAIN;
    c.pixels = tiles.pixels;
    c.columns = tiles.columns;
    c.rows = tiles.at.rows;
    c.with_stats = tiles.at.with_stats != 0;
    c.slices = slices_of(v.channels);
    c.skip_slices = slices_of(v.channels + 2);
    c.taps = v.taps;
    c.tiles = batch * (v.up ? 4 : 1) *
              cedm_blocks(c.kind == LAB_PLAIN ? v.cout : v.cout_padded,
                          tiles.columns);
    if (c.kind == LAB_PLAIN) {
        choose_plain(&c, &v);
    } else {
        c.tiles *= tiles.at.across * tiles.at.down;
        c.shared = c.kind == LAB_WARPGROUP
                       ? warpgroup_shared(c.pixels, c.columns, &tiles.at)
                       : (uint32_t)matrix_shared(c.columns, c.rows);
    }
    return c;
}
