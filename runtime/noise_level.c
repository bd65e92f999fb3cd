/* SPDX-License-Identifier: MIT
 *
 * noise_level.c - preconditioning and noise-level features, in float64. */
#include "runtime/noise_level.h"

#include "runtime/fmath.h"

#define LOG_10000 0x1.26bb1bbb55516p+3
#define TWO_PI 0x1.921fb54442d18p+2

/* sqrt(a^2 + b^2) without overflow, a and b above 0 */
static double hypotenuse(double a, double b)
{
    double large = a > b ? a : b, small = a > b ? b : a;
    double ratio = small / large;

    return large * __builtin_sqrt(1 + ratio * ratio);
}

/* ---- the VP schedule --------------------------------------------------- */

/* ln(u) x / (u - 1) with u = 1 + x rounded: the quotient takes back what the
 * sum lost (Kahan). */
double cedm_log_1_square(double x)
{
    double square = x * x, u = 1 + square;

    if (x > 0x1p27) {
        return 2 * cedm_log(x); /* 1 / x^2 is below half an ulp */
    }
    return u == 1 ? square : cedm_log(u) * (square / (u - 1));
}

double cedm_vp_sigma(double beta_d, double beta_min, double t)
{
    double x = t * (beta_d * t / 2 + beta_min);
    double u = cedm_exp(x);

    if (x > 40) {
        return cedm_exp(x / 2); /* 1 is below half an ulp of u */
    }
    return __builtin_sqrt(u == 1 ? x : (u - 1) * (x / cedm_log(u)));
}

/* The root of a quadratic, in the form that does not cancel. */
double cedm_vp_time(double beta_d, double beta_min, double sigma)
{
    double q = 2 * cedm_log_1_square(sigma);
    double root = __builtin_sqrt(beta_min * beta_min + beta_d * q);

    return beta_min > 0 ? q / (root + beta_min) : (root - beta_min) / beta_d;
}

/* ---- iDDPM's table ----------------------------------------------------- */

/* The index of the level nearest to sigma; of two the larger level. */
static uint32_t nearest(const float *levels, uint32_t last, double sigma)
{
    uint32_t low = 0, high = last;

    while (high - low > 1) { /* levels fall: [low] > sigma >= [high] */
        uint32_t middle = low + (high - low) / 2;

        if ((double)levels[middle] > sigma) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (double)levels[low] - sigma <= sigma - (double)levels[high] ? low
                                                                       : high;
}

double cedm_round_sigma(const cedm_denoiser *denoiser, const float *data,
                        double sigma)
{
    if (denoiser->precond != CEDM_PRECOND_IDDPM) {
        return sigma;
    }
    const float *levels = data + denoiser->noise_levels;
    return (double)levels[nearest(levels, denoiser->noise_steps, sigma)];
}

/* ---- preconditioning --------------------------------------------------- */

static cedm_scalings edm(double sigma_data, double sigma)
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

cedm_scalings cedm_precondition(const cedm_denoiser *denoiser,
                                const float *data, double sigma)
{
    cedm_scalings s = {
        .c_skip = 1,
        .c_out = -sigma,
        .c_in = 1 / hypotenuse(1, sigma),
    };
    double last = (double)denoiser->noise_steps - 1;

    switch (denoiser->precond) {
    case CEDM_PRECOND_VP:
        s.c_noise =
            last * cedm_vp_time(denoiser->beta_d, denoiser->beta_min, sigma);
        return s;
    case CEDM_PRECOND_VE:
        s.c_out = sigma;
        s.c_in = 1;
        s.c_noise = cedm_log(sigma / 2);
        return s;
    case CEDM_PRECOND_IDDPM:
        s.c_noise = last - nearest(data + denoiser->noise_levels,
                                   denoiser->noise_steps, sigma);
        return s;
    default: return edm(denoiser->sigma_data, sigma);
    }
}

/* ---- features ---------------------------------------------------------- */

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
