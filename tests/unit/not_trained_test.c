/* SPDX-License-Identifier: MIT
 *
 * not_trained_test.c - a network with an op or an option that has no adjoint
 * is refused by name, and the same one without it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/pass/pass.h"

/* A 3x3 convolution of a map, which is the network. */
static const cedm_conv plain = {
    .height = 8,
    .width = 8,
    .in_height = 8,
    .in_width = 8,
    .cin = {16, 0},
    .cout = 16,
    .kernel = {3, 3},
    .stride = 1,
    .pad = {1, 1},
    .stat_rows = 8,
    .scale = 1.0f,
    .src = {0, CEDM_NONE},
    .coeff = CEDM_NONE,
    .skip_src = {CEDM_NONE, CEDM_NONE},
    .emb_src = CEDM_NONE,
    .residual = CEDM_NONE,
    .dst = 1,
    .stats = CEDM_NONE,
    .weight = 0,
    .bias = CEDM_NONE,
    .skip_weight = CEDM_NONE,
    .skip_bias = CEDM_NONE,
};

/* Whether the pass takes a network of one op; its words, if not. */
static bool differentiates(cg_op op, cg_error *error)
{
    static cg_array array = {.dtype = CG_F32, .elements = 16 * 16 * 9};
    cg_part part = {.array = &array, .elements = 16 * 16 * 9};
    cg_param param = {.name = "weight",
                      .parts = &part,
                      .part_count = 1,
                      .elements = 16 * 16 * 9};
    cg_tensor tensors[2];
    cg_memory *memory = cg_memory_new();
    cg_graph graph = {
        .memory = memory, .params = &param, .param_count = 1, .augment = -1};
    cg_training training = {0};
    bool good;

    for (int i = 0; i < 2; i++) {
        tensors[i] = (cg_tensor){.name = "map",
                                 .height = 8,
                                 .width = 8,
                                 .channels = 16,
                                 .elements = 8 * 8 * 16,
                                 .buffer = -1};
    }
    cg_program program = {.ops = &op,
                          .op_count = 1,
                          .tensors = tensors,
                          .tensor_count = 2,
                          .params = &param,
                          .param_count = 1,
                          .inputs = {{.ref = 0}, {.ref = 0}},
                          .outputs = {{.ref = 1}},
                          .input_count = 2,
                          .output_count = 1,
                          .memory = memory};
    good = cg_differentiate(&graph, &program, false, &training, error);
    cg_memory_free(memory);
    return good;
}

static void refused(cg_op op, const char *name)
{
    cg_error error = {""};

    if (differentiates(op, &error)) {
        fail_msg("%s: differentiated", name);
    }
    if (strstr(error.text, name) == NULL) {
        fail_msg("wanted '%s', got: %s", name, error.text);
    }
}

static void convolutions(void **unused)
{
    cg_op op = {.kind = CG_OP_conv, .module = "conv", .u.conv = plain};
    cg_error error = {""};

    (void)unused;
    if (!differentiates(op, &error)) {
        fail_msg("a plain one: %s", error.text);
    }
    op.u.conv.post = CEDM_POST_RELU;
    refused(op, "conv with something done last");
    op.u.conv = plain;
    op.u.conv.kernel[0] = 1;
    op.u.conv.pad[0] = 0;
    refused(op, "conv whose kernel is no square");
    op.u.conv = plain;
    op.u.conv.stride = 4;
    refused(op, "conv with steps of more than two pixels");
    op.u.conv = plain;
    op.u.conv.dst_stride = 32;
    refused(op, "conv into a part of a map");
}

static void other_ops(void **unused)
{
    cg_op op = {.kind = CG_OP_layer_norm,
                .module = "norm",
                .u.layer_norm = {.tokens = 64,
                                 .channels = 16,
                                 .src = 0,
                                 .dst = 1,
                                 .gamma = 0,
                                 .beta = CEDM_NONE}};

    (void)unused;
    refused(op, "layer_norm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions),
        cmocka_unit_test(other_ops),
    };

    return cmocka_run_group_tests_name("not trained", tests, NULL, NULL);
}
