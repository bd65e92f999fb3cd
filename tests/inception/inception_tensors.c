/* SPDX-License-Identifier: MIT
 *
 * inception_tensors.c - a line of the list to the tensors of a layer. */
#include "tests/inception/inception_tensors.h"

#include <stdio.h>

#define LIST "tests/inception/layers.txt"

typedef struct leaf {
    const char *name, *nvidia;
} leaf;

static const leaf conv_leaves[] = {{"conv.weight", "weight"},
                                   {"bn.weight", NULL},
                                   {"bn.bias", "beta"},
                                   {"bn.running_mean", "mean"},
                                   {"bn.running_var", "var"}};
static const leaf linear_leaves[] = {{"weight", "weight"}, {"bias", "bias"}};

static void fill(inception_tensor *t, const char *const names[2],
                 const leaf *own, const unsigned shape[4], int rank)
{
    *t = (inception_tensor){.leaf = own->name, .rank = rank, .elements = 1};
    (void)snprintf(t->name, sizeof t->name, "%s.%s", names[0], own->name);
    if (own->nvidia != NULL) {
        (void)snprintf(t->nvidia, sizeof t->nvidia, "%s.%s", names[1],
                       own->nvidia);
    }
    for (int i = 0; i < rank; i++) {
        t->shape[i] = shape[i];
        t->elements *= shape[i];
    }
}

/* "Conv2d_1a_3x3 layers.conv 32x3x3x3": the first tensor has this shape, the
 * others its first number.  How many there are; 0 on error. */
static uint32_t parse(inception_tensor *to, uint32_t room, const char *line)
{
    char name[48], nvidia[48];
    unsigned s[4] = {0};
    int rank = sscanf(line, "%47s %47s %ux%ux%ux%u", name, nvidia, &s[0],
                      &s[1], &s[2], &s[3]) -
               2;
    const leaf *leaves = rank == 4 ? conv_leaves : linear_leaves;
    uint32_t count = rank == 4 ? 5 : 2;
    if ((rank != 4 && rank != 2) || count > room) {
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        fill(&to[i], (const char *const[]){name, nvidia}, &leaves[i], s,
             i == 0 ? rank : 1);
    }
    return count;
}

bool inception_tensors(inception_tensor tensors[INCEPTION_TENSORS])
{
    char line[128];
    uint32_t count = 0;
    FILE *file = fopen(LIST, "r");
    bool good = file != NULL;
    while (good && fgets(line, sizeof line, file) != NULL) {
        uint32_t more =
            line[0] == '#'
                ? 0
                : parse(tensors + count, INCEPTION_TENSORS - count, line);
        good = more > 0 || line[0] == '#';
        count += more;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return good && count == INCEPTION_TENSORS;
}
