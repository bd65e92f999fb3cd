/* SPDX-License-Identifier: MIT
 *
 * training.c - the members of the training ops (training.h). */
#include "codegen/op/op.h"

#define CG_DEFINE_TRAINING(name)                                             \
    CG_DEFINE_FIELDS(cg_, name);                                             \
    static const cg_op_info info_##name = {#name, fields_##name,             \
                                           CG_FIELD_COUNT_OF(name), NULL}

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, channels)                                                    \
    X(T, COUNT, label_dim)                                                   \
    X(T, READ, src)                                                          \
    X(T, READ, labels)                                                       \
    X(T, WRITTEN, dst)                                                       \
    X(T, WEIGHT, weight)
CG_DEFINE_TRAINING(augment);
#undef FIELDS

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, height)                                                      \
    X(T, COUNT, width)                                                       \
    X(T, COUNT, channels)                                                    \
    X(T, ACT, act)                                                           \
    X(T, COUNT, up)                                                          \
    X(T, COUNT, layer)                                                       \
    X(T, READ, src)                                                          \
    X(T, READ, coeff)                                                        \
    X(T, WRITTEN, dst)
CG_DEFINE_TRAINING(activate);
#undef FIELDS

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, height)                                                      \
    X(T, COUNT, width)                                                       \
    X(T, COUNT, channels)                                                    \
    X(T, COUNT, groups)                                                      \
    X(T, COUNT, stat_rows)                                                   \
    X(T, REAL, eps)                                                          \
    X(T, ACT, act)                                                           \
    X(T, COUNT, layer)                                                       \
    X(T, COUNT, accumulate)                                                  \
    X(T, READ, src)                                                          \
    X(T, READ, coeff)                                                        \
    X(T, READ, stats)                                                        \
    X(T, SLICE, adaptive_index)                                              \
    X(T, SLICE, adaptive_stride)                                             \
    X(T, READ, adaptive_src)                                                 \
    X(T, WRITTEN, grad)                                                      \
    X(T, WRITTEN, sums)                                                      \
    X(T, WRITTEN, adaptive_dst)                                              \
    X(T, WRITTEN, dst)                                                       \
    X(T, WEIGHT, gamma)                                                      \
    X(T, WEIGHT, beta)
CG_DEFINE_TRAINING(norm_grad);
#undef FIELDS

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, height)                                                      \
    X(T, COUNT, width)                                                       \
    X(T, COUNT, in_height)                                                   \
    X(T, COUNT, in_width)                                                    \
    X(T, COUNT, cin)                                                         \
    X(T, COUNT, cout)                                                        \
    X(T, COUNT, kernel)                                                      \
    X(T, COUNT, stride)                                                      \
    X(T, COUNT, pad)                                                         \
    X(T, COUNT, row)                                                         \
    X(T, COUNT, first)                                                       \
    X(T, REAL, scale)                                                        \
    X(T, READ, src)                                                          \
    X(T, READ, grad)                                                         \
    X(T, WEIGHT, weight)
CG_DEFINE_TRAINING(conv_weight);
#undef FIELDS

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, pixels)                                                      \
    X(T, COUNT, channels)                                                    \
    X(T, REAL, scale)                                                        \
    X(T, READ, grad)                                                         \
    X(T, WRITTEN, dst)                                                       \
    X(T, SLICE, index)                                                       \
    X(T, SLICE, stride)                                                      \
    X(T, WEIGHT, bias)                                                       \
    X(T, WEIGHT, bias2)
CG_DEFINE_TRAINING(sums);
#undef FIELDS

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, tokens)                                                      \
    X(T, COUNT, channels)                                                    \
    X(T, COUNT, heads)                                                       \
    X(T, READ, src)                                                          \
    X(T, READ, grad)                                                         \
    X(T, WRITTEN, dst)
CG_DEFINE_TRAINING(attention_grad);
#undef FIELDS

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, channels)                                                    \
    X(T, COUNT, label_dim)                                                   \
    X(T, REAL, label_scale)                                                  \
    X(T, READ, grad)                                                         \
    X(T, WEIGHT, weight)                                                     \
    X(T, WEIGHT, bias)
CG_DEFINE_TRAINING(embed_grad);
#undef FIELDS

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, channels)                                                    \
    X(T, READ, src)                                                          \
    X(T, READ, grad)                                                         \
    X(T, WRITTEN, dst)
CG_DEFINE_TRAINING(silu_grad);
#undef FIELDS

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, elements)                                                    \
    X(T, COUNT, accumulate)                                                  \
    X(T, REAL, scale)                                                        \
    X(T, READ, src)                                                          \
    X(T, WRITTEN, dst)
CG_DEFINE_TRAINING(add);
#undef FIELDS

#define FIELDS(X, T)                                                         \
    X(T, ID, id)                                                             \
    X(T, COUNT, height)                                                      \
    X(T, COUNT, width)                                                       \
    X(T, COUNT, channels)                                                    \
    X(T, READ, src)                                                          \
    X(T, WRITTEN, dst)
CG_DEFINE_TRAINING(dilate);
#undef FIELDS

const cg_op_info *cg_training_info_of(cg_training_kind kind)
{
    static const cg_op_info *const infos[CG_TRAINING_COUNT] = {
#define INFO(name) &info_##name,
        CG_TRAINING_OPS(INFO)
#undef INFO
    };

    return infos[kind];
}
