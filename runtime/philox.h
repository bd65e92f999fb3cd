/* SPDX-License-Identifier: MIT
 *
 * philox.h - the random numbers of one image.
 *
 * Philox4x32-10 [PHILOX] as PyTorch's CUDA generator walks through it for a
 * tensor of one image: the key is the seed modulo 2^32, element i of the
 * tensor is subsequence i (the upper half of the counter), and each tensor
 * drawn moves on by one counter (the lower half).  So every number is a
 * function of (seed, draw, element) and can be made in any order.
 *
 * Draw 0 is the latent, draw 1 the label if the model has labels, and the
 * following draws are the sampler's noise, one per step.
 */
#ifndef CEDM_PHILOX_H
#define CEDM_PHILOX_H

#include <stdint.h>

/* The block function: 4 random words of a counter and a key. */
void cedm_philox(const uint32_t counter[4], const uint32_t key[2],
                 uint32_t out[4]);

/* The 4 words behind one element of one draw. */
void cedm_philox_words(uint64_t seed, uint64_t element, uint64_t draw,
                       uint32_t out[4]);

/* A standard normal number, made as for a float32 tensor. */
float cedm_normal_f32(uint64_t seed, uint64_t element, uint64_t draw);

/* A standard normal number, made as for a float64 tensor. */
double cedm_normal_f64(uint64_t seed, uint64_t element, uint64_t draw);

/* A uniform number in [0, 1), made as for a float32 tensor. */
float cedm_uniform_f32(uint64_t seed, uint64_t element, uint64_t draw);

#endif
