/* SPDX-License-Identifier: MIT
 *
 * init_test.c - the spread of every tensor of a new network, by the formulas
 * of the reference. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trainer/model_file.h"

#define COMMON                                                               \
    "\"precond\":\"EDMPrecond\",\"img_resolution\":16,\"img_channels\":3,"   \
    "\"label_dim\":40,\"augment_dim\":9,\"model_channels\":64,"              \
    "\"channel_mult\":[1,2],\"num_blocks\":1,\"attn_resolutions\":[8]"

static train_model_file *open_new(const char *config, uint32_t seed)
{
    host_failure f = HOST_FAILURE_UNSAID;
    train_model_file *m = train_model_file_new(config, seed, &f);

    if (m == NULL) {
        fail_msg("%s", f.text);
    }
    return m;
}

static double rms_of(const cg_array *a)
{
    double sum = 0.0;

    for (uint64_t i = 0; i < a->elements; i++) {
        sum += cg_element(a, i) * cg_element(a, i);
    }
    return sqrt(sum / (double)a->elements);
}

/* The RMS within four standard errors; uniform values have a kurtosis of
 * 1.8, normal ones of 3. */
static void spread(const train_model_file *m, const char *name, double wanted)
{
    const cg_array *a = cg_find(train_model_file_get(m), name);
    double got, error;

    if (a == NULL) {
        fail_msg("no %s", name);
    }
    got = rms_of(a);
    error = 4.0 * sqrt(0.5 / (double)a->elements);
    if (!(fabs(got - wanted) <= error * wanted)) {
        fail_msg("%s: RMS %.6g, wanted %.6g +- %.2g %%", name, got, wanted,
                 100.0 * error);
    }
}

static double xavier(double in, double out)
{
    return sqrt(2.0 / (in + out)); /* of a uniform number, sqrt(6/..) U */
}

static void test_song(void **state)
{
    train_model_file *m =
        open_new("{\"model_type\":\"SongUNet\","
                 "\"embedding_type\":\"fourier\","
                 "\"encoder_type\":\"residual\","
                 "\"channel_mult_noise\":2,"
                 "\"resample_filter\":[1,3,3,1]," COMMON "}",
                 3);

    (void)state;
    spread(m, "model.map_label.weight", xavier(40, 128));
    spread(m, "model.map_augment.weight", xavier(9, 128));
    spread(m, "model.map_layer0.weight", xavier(128, 256));
    spread(m, "model.map_layer0.bias", 0.0);
    spread(m, "model.map_noise.freqs", 16.0);
    spread(m, "model.enc.16x16_block0.norm0.weight", 1.0);
    spread(m, "model.enc.16x16_block0.norm0.bias", 0.0);
    spread(m, "model.enc.16x16_block0.conv0.weight", xavier(64 * 9, 64 * 9));
    spread(m, "model.enc.16x16_block0.conv1.weight",
           1e-5 * xavier(64 * 9, 64 * 9));
    spread(m, "model.enc.8x8_block0.qkv.weight",
           sqrt(0.2) * xavier(128, 384));
    spread(m, "model.enc.8x8_block0.proj.weight", 1e-5 * xavier(128, 128));
    spread(m, "model.dec.16x16_aux_conv.weight",
           1e-5 * xavier(64 * 9, 3 * 9));
    spread(m, "model.dec.16x16_aux_norm.weight", 1.0);
    spread(m, "model.enc.8x8_down.conv0.resample_filter", 0.078125);
    train_model_file_free(m);
}

static void test_dhariwal(void **state)
{
    train_model_file *m =
        open_new("{\"model_type\":\"DhariwalUNet\"," COMMON "}", 3);
    /* Biases have the spread of their weights. */
    double conv = sqrt(1.0 / 3.0) * sqrt(1.0 / (64 * 9));

    (void)state;
    spread(m, "model.map_label.weight", 1.0);
    spread(m, "model.map_augment.weight", 0.0);
    spread(m, "model.enc.16x16_block0.conv0.weight", conv);
    spread(m, "model.enc.16x16_block0.conv0.bias", conv);
    spread(m, "model.enc.16x16_block0.conv1.weight", 0.0);
    spread(m, "model.enc.16x16_block0.conv1.bias", 0.0);
    spread(m, "model.enc.8x8_block0.norm1.weight", 1.0);
    spread(m, "model.out_norm.bias", 0.0);
    spread(m, "model.out_conv.weight", 0.0);
    train_model_file_free(m);
}

/* The seed decides, and tensors of one shape differ. */
static void test_seed(void **state)
{
    const char *config = "{\"model_type\":\"SongUNet\"," COMMON "}";
    train_model_file *m[3] = {open_new(config, 1), open_new(config, 1),
                              open_new(config, 2)};
    const cg_array *a[3], *other;

    (void)state;
    for (int i = 0; i < 3; i++) {
        a[i] = cg_find(train_model_file_get(m[i]),
                       "model.enc.16x16_block0.conv0.weight");
    }
    other = cg_find(train_model_file_get(m[0]),
                    "model.dec.16x16_block1.conv1.weight");
    assert_memory_equal(a[0]->data, a[1]->data, a[0]->elements * 4);
    assert_memory_not_equal(a[0]->data, a[2]->data, a[0]->elements * 4);
    assert_true(cg_element(a[0], 0) * 1e-5 != cg_element(other, 0));
    for (int i = 0; i < 3; i++) {
        train_model_file_free(m[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_song),
        cmocka_unit_test(test_dhariwal),
        cmocka_unit_test(test_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
