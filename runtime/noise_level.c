/* SPDX-License-Identifier: MIT
 *
 * noise_level.c - preconditioning and noise-level features, in float64. */
#include "noise_level.h"

#include "fmath.h"

#define LOG_10000 0x1.26bb1bbb55516p+3
#define TWO_PI 0x1.921fb54442d18p+2

/* sqrt(a^2 + b^2) without overflow, a and b above 0 */
static double hypotenuse(double a, double b)
{
    double large = a > b ? a : b, small = a > b ? b : a;
    double ratio = small / large;

    return large * __builtin_sqrt(1 + ratio * ratio);
}

cedm_scalings cedm_precondition(double sigma_data, double sigma)
{
    double h = hypotenuse(sigma_data, sigma);
    double share = sigma_data / h;
    cedm_scalings s = {
        .c_skip = share * share,
        .c_out = sigma * share,
        .c_in = 1 / h,
        .c_noise = cedm_log(sigma) / 4,
    };

    return s;
}

static double frequency(const cedm_features *features, const float *data,
                        uint32_t i)
{
    if (features->kind == CEDM_FEATURES_FOURIER) {
        return TWO_PI * (double)data[features->freqs + i];
    }
    if (i == 0) {
        return 1; /* also where the divisor below is 0 */
    }
    return cedm_exp(-LOG_10000 * i /
                    (features->channels / 2 - features->endpoint));
}

void cedm_noise_features(const cedm_features *features, const float *data,
                         double c_noise, float *dst)
{
    uint32_t half = features->channels / 2;
    float *sine = dst + (features->swap ? 0 : half);
    float *cosine = dst + (features->swap ? half : 0);

    for (uint32_t i = 0; i < half; i++) {
        double phase = c_noise * frequency(features, data, i);

        sine[i] = (float)cedm_sin(phase);
        cosine[i] = (float)cedm_cos(phase);
    }
}
