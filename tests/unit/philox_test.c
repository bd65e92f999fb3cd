/* SPDX-License-Identifier: MIT
 *
 * philox_test.c - the random numbers of an image: known answers of the block
 * function, the stream against its formula in MPFR, and the latents of the
 * reference. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <mpfr.h>

#include "codegen/codegen.h"
#include "runtime/philox.h"

#define BITS 200

/* From the known-answer tests of Random123: philox4x32, 10 rounds. */
static void known_answers(void **state)
{
    static const struct {
        uint32_t counter[4], key[2], want[4];
    } vectors[] = {
        {{0, 0, 0, 0},
         {0, 0},
         {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}},
        {{0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu},
         {0xffffffffu, 0xffffffffu},
         {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}},
        {{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u},
         {0xa4093822u, 0x299f31d0u},
         {0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}},
    };
    (void)state;
    for (size_t v = 0; v < sizeof vectors / sizeof vectors[0]; v++) {
        uint32_t got[4];
        cedm_philox(vectors[v].counter, vectors[v].key, got);
        for (int i = 0; i < 4; i++) {
            if (got[i] != vectors[v].want[i]) {
                fail_msg("vector %zu, word %d: got %08x, want %08x", v, i,
                         got[i], vectors[v].want[i]);
            }
        }
    }
}

/* Seed, element and draw of number i of a test: small ones, then large. */
static void place_of(uint64_t i, uint64_t *seed, uint64_t *element,
                     uint64_t *draw)
{
    *seed = i < 1000 ? i / 100 : i * 0x9e3779b97f4a7c15u;
    *element = i < 1000 ? i % 100 : i * 40503 % 12288;
    *draw = i < 1000 ? 0 : i % 21;
    if (i % 1009 == 5) {
        *element += (uint64_t)1 << 33;
        *draw += (uint64_t)1 << 34;
    }
}

/* The words behind it, spelled out: draw and element make the counter. */
static void words_of(uint64_t seed, uint64_t element, uint64_t draw,
                     uint32_t words[4])
{
    const uint32_t counter[4] = {
        (uint32_t)(draw & 0xffffffffu), (uint32_t)(draw >> 32),
        (uint32_t)(element & 0xffffffffu), (uint32_t)(element >> 32)};
    const uint32_t key[2] = {(uint32_t)(seed % 4294967296u), 0};
    cedm_philox(counter, key, words);
}

/* sqrt(-2 ln u) sin(pi v) */
static void box_muller(mpfr_t r, const mpfr_t u, const mpfr_t v)
{
    mpfr_t s;
    mpfr_init2(s, BITS);
    mpfr_const_pi(s, MPFR_RNDN);
    mpfr_mul(s, s, v, MPFR_RNDN);
    mpfr_sin(s, s, MPFR_RNDN);
    mpfr_log(r, u, MPFR_RNDN);
    mpfr_mul_si(r, r, -2, MPFR_RNDN);
    mpfr_sqrt(r, r, MPFR_RNDN);
    mpfr_mul(r, r, s, MPFR_RNDN);
    mpfr_clear(s);
}

/* Both uniforms are the middles of 2^32 steps: exact in double. */
static float exact_f32(const uint32_t w[4])
{
    mpfr_t r, u, v;
    mpfr_inits2(BITS, r, u, v, (mpfr_ptr)0);
    mpfr_set_d(u, ldexp((double)w[0] + 0.5, -32), MPFR_RNDN);
    mpfr_set_d(v, ldexp((double)w[1] + 0.5, -31), MPFR_RNDN);
    box_muller(r, u, v);
    float value = mpfr_get_flt(r, MPFR_RNDN);
    mpfr_clears(r, u, v, (mpfr_ptr)0);
    return value;
}

/* The two uniforms have 53 bits and are themselves rounded to double. */
static double exact_f64(const uint32_t w[4])
{
    uint64_t x = (uint64_t)w[1] << 21, y = (uint64_t)w[3] << 21;
    x ^= w[0];
    y ^= w[2];
    mpfr_t r, u, v;
    mpfr_init2(r, BITS);
    mpfr_init2(u, 53);
    mpfr_init2(v, 53);
    mpfr_set_ui(u, x, MPFR_RNDN);
    mpfr_add_d(u, u, 0.5, MPFR_RNDN);
    mpfr_div_2ui(u, u, 53, MPFR_RNDN);
    mpfr_set_ui(v, y, MPFR_RNDN);
    mpfr_add_d(v, v, 0.5, MPFR_RNDN);
    mpfr_div_2ui(v, v, 52, MPFR_RNDN);
    box_muller(r, u, v);
    double value = mpfr_get_d(r, MPFR_RNDN);
    mpfr_clears(r, u, v, (mpfr_ptr)0);
    return value;
}

static void float32_stream(void **state)
{
    (void)state;
    int different = 0;
    const int count = 60000;
    for (int i = 0; i < count; i++) {
        uint64_t seed, element, draw;
        uint32_t words[4], got_words[4];
        place_of((uint64_t)i, &seed, &element, &draw);
        words_of(seed, element, draw, words);
        cedm_philox_words(seed, element, draw, got_words);
        assert_memory_equal(got_words, words, sizeof words);
        float want = exact_f32(words);
        float got = cedm_normal_f32(seed, element, draw);
        if (!(fabsf(got - want) <= fabsf(want) * FLT_EPSILON)) {
            fail_msg("number %d: got %a, want %a", i, (double)got,
                     (double)want);
        }
        different += got != want;
    }
    /* A wrong last bit needs a value within 2^-27 ulp of a tie. */
    print_message("float32: %d of %d not correctly rounded\n", different,
                  count);
    assert_true(different <= 1);
}

static void float64_stream(void **state)
{
    (void)state;
    double worst = 0;
    for (int i = 0; i < 60000; i++) {
        uint64_t seed, element, draw;
        uint32_t words[4];
        place_of((uint64_t)i, &seed, &element, &draw);
        words_of(seed, element, draw, words);
        double want = exact_f64(words);
        double got = cedm_normal_f64(seed, element, draw);
        double error = fabs(got - want) / (fabs(want) * DBL_EPSILON);
        if (!(error <= 4)) {
            fail_msg("number %d: got %a, want %a", i, got, want);
        }
        worst = error > worst ? error : worst;
    }
    print_message("float64: at most %.2f epsilon\n", worst);
}

static void seeds_count_modulo_2_32(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        uint64_t far = seed + ((uint64_t)0xabcdef << 32);
        float a = cedm_normal_f32(seed, 7, 0), b = cedm_normal_f32(far, 7, 0);
        assert_true(a == b);
        assert_true(cedm_normal_f32(seed, 7, 0) !=
                    cedm_normal_f32(seed + 1, 7, 0));
    }
}

/* Every latent of the reference, which made them by the same formula in
 * float64. */
static void golden_latents(const char *path)
{
    cg_error error;
    cg_file *file = cg_open(path, &error);
    if (file == NULL) {
        fail_msg("%s", error.text);
        return;
    }
    const cg_array *latents = cg_find(file, "latents");
    const cg_array *seeds = cg_find(file, "seeds");
    assert_non_null(latents);
    assert_non_null(seeds);
    uint64_t each = latents->elements / seeds->elements;
    assert_true(each > 0);
    for (uint64_t i = 0; i < latents->elements; i++) {
        uint64_t seed = (uint64_t)cg_element(seeds, i / each);
        double got = (double)cedm_normal_f32(seed, i % each, 0);
        double want = cg_element(latents, i);
        if (got != want) {
            fail_msg("%s: latent %llu: got %a, want %a", path,
                     (unsigned long long)i, got, want);
        }
    }
    cg_close(file);
}

static void latents_of_the_reference(void **state)
{
    (void)state;
    golden_latents("tests/golden/fashion.golden.safetensors");
    golden_latents("tests/golden/ddpmpp-tiny.golden.safetensors");
    golden_latents("tests/golden/ncsnpp-tiny.golden.safetensors");
    golden_latents("tests/golden/uncond-tiny.golden.safetensors");
}

/* ---- clusters ---------------------------------------------------------- */

static void uniform_clusters(void **state)
{
    (void)state;
    for (uint32_t label_dim = 1; label_dim < 2000; label_dim += 37) {
        const cedm_denoiser denoiser = {.label_dim = label_dim};
        const cedm_model model = {.denoiser = &denoiser};
        for (uint64_t seed = 0; seed < 50; seed++) {
            uint32_t words[4];
            words_of(seed, 0, 1, words);
            assert_int_equal(cedm_draw_cluster(&model, seed, NULL),
                             words[0] % label_dim);
        }
    }
}

static void weighted_clusters(void **state)
{
    (void)state;
    const cedm_denoiser denoiser = {.label_dim = 5};
    const cedm_model model = {.denoiser = &denoiser};
    const double freq[5] = {0, 100, 0, 300, 0};
    for (uint64_t seed = 0; seed < 5000; seed++) {
        uint32_t words[4];
        words_of(seed, 0, 1, words);
        float u = (float)words[0] * 0x1p-32f + 0x1p-33f;
        int32_t want = u < 0.25f ? 1 : 3;
        assert_int_equal(cedm_draw_cluster(&model, seed, freq), want);
    }
}

/* Word 0 of draw 1 of this seed rounds to a uniform number of 1. */
static void a_uniform_of_one_counts_as_zero(void **state)
{
    (void)state;
    const uint64_t seed = 2472697;
    uint32_t words[4];
    words_of(seed, 0, 1, words);
    assert_true((float)words[0] * 0x1p-32f + 0x1p-33f == 1);
    assert_true(cedm_uniform_f32(seed, 0, 1) == 0);
    const cedm_denoiser denoiser = {.label_dim = 3};
    const cedm_model model = {.denoiser = &denoiser};
    const double freq[3] = {1, 1, 1};
    assert_int_equal(cedm_draw_cluster(&model, seed, freq), 0);
}

static void no_cluster_to_draw(void **state)
{
    (void)state;
    const cedm_denoiser no_labels = {.label_dim = 0},
                        labels = {.label_dim = 3};
    const cedm_model none = {.denoiser = &no_labels},
                     three = {.denoiser = &labels}, other = {0};
    const double freq[3] = {0, -1, (double)NAN};
    assert_int_equal(cedm_draw_cluster(&none, 1, NULL), -1);
    assert_int_equal(cedm_draw_cluster(&three, 1, freq), -1);
    assert_int_equal(cedm_draw_cluster(&other, 1, NULL), -1);
    assert_int_equal(cedm_draw_cluster(NULL, 1, NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(float32_stream),
        cmocka_unit_test(float64_stream),
        cmocka_unit_test(seeds_count_modulo_2_32),
        cmocka_unit_test(latents_of_the_reference),
        cmocka_unit_test(uniform_clusters),
        cmocka_unit_test(weighted_clusters),
        cmocka_unit_test(a_uniform_of_one_counts_as_zero),
        cmocka_unit_test(no_cluster_to_draw),
    };
    return cmocka_run_group_tests_name("philox", tests, NULL, NULL);
}
