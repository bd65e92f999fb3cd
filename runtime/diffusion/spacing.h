/* SPDX-License-Identifier: MIT
 *
 * spacing.h - the noise levels that a sampler stops at; cedm_sigma of cedm.h
 * tells them. */
#ifndef CEDM_SPACING_H
#define CEDM_SPACING_H

#include <stdbool.h>

#include "cedm.h"

/* Whether there is such a discretization, and whether it needs a VP curve. */
bool cedm_spacing_known(const cedm_sampler_params *params);
bool cedm_spacing_is_on_vp(const cedm_sampler_params *params);

/* The number of the lowest level above 0, for at least one step. */
uint32_t cedm_last_level(const cedm_sampler_params *params);

#endif
