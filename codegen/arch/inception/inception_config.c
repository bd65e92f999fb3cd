/* SPDX-License-Identifier: MIT
 *
 * inception_config.c - the description of an Inception network: written for a
 * file that has none, read and checked. */
#include "codegen/arch/inception/inception_config.h"

#include <stddef.h>
#include <string.h>

#include "codegen/error.h"

/* ---- of a file --------------------------------------------------------- */

/* A tensor of each naming scheme that other networks do not have. */
static const struct {
    const char *word, *mark;
} schemes[] = {
    {"torchvision", "Mixed_7c.branch3x3dbl_3b.conv.weight"},
    {"nvidia", "layers.mixed_10.tower_1_mixed_conv_1.weight"},
};

/* An option that has no meaning for this network, or NULL. */
static const char *foreign_option(const cg_encoder_choice *choice)
{
    return choice->resize > 0          ? "--resize"
           : choice->window > 0        ? "--window"
           : choice->heads > 0         ? "--heads"
           : choice->positions != NULL ? "--positions"
                                       : NULL;
}

static uint32_t side_of(uint32_t chosen)
{
    return chosen > 0 ? chosen : CG_INCEPTION_SIDE;
}

const char *cg_inception_infer(const cg_file *file,
                               const cg_encoder_choice *choice,
                               cg_memory *memory, bool *failed,
                               cg_error *error)
{
    const char *foreign = foreign_option(choice), *word = NULL;

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (cg_find(file, schemes[i].mark) != NULL) {
            word = schemes[i].word;
        }
    }
    *failed = false;
    if (word == NULL) {
        return NULL;
    }
    if (foreign != NULL) {
        *failed = !cg_fail(error,
                           "%s: %s is not for Inception; wanted --input and "
                           "--filter alone, whose images are stretched to "
                           "%u x %u, got that; leave it out",
                           file->path, foreign, CG_INCEPTION_SIDE,
                           CG_INCEPTION_SIDE);
        return NULL;
    }
    return cg_format(memory,
                     "{\"model_type\": \"FIDInception\", \"names\": \"%s\", "
                     "\"image\": [%u, %u], \"filter\": \"%s\"}",
                     word, side_of(choice->image[0]),
                     side_of(choice->image[1]),
                     choice->filter != NULL ? choice->filter : "tf1");
}

/* ---- read -------------------------------------------------------------- */

/* pytorch-fid has v / 255 in 0..1 and then 2 v - 1, the others
 * (v - 128) / 128. */
static void normalise(cg_preprocess *p)
{
    bool centred = p->filter == CG_FILTER_PYTORCH_FID;

    for (int c = 0; c < 3; c++) {
        p->scale[c] = centred ? 2.0 / 255.0 : 1.0 / 128.0;
        p->shift[c] = -1.0;
    }
}

static bool read_image(const cg_reader *r, cg_preprocess *p)
{
    uint32_t count = 0;

    if (!cg_read_list(r, "image", 1, 2, p->image, &count)) {
        return false;
    }
    for (int axis = 0; axis < 2; axis++) {
        p->resized[axis] = p->window[axis] = CG_INCEPTION_SIDE;
    }
    return (count == 2 && cg_preprocess_fits(p)) ||
           cg_read_bad(r, "image", "height and width");
}

bool cg_inception_config_parse(cg_inception_config *config,
                               const cg_reader *r)
{
    static const char *const keys[] = {"model_type", "names", "image",
                                       "filter", NULL};
    static const char *const *const lists[] = {keys};
    static const char *const names[] = {"torchvision", "nvidia", NULL};
    static const char *const filters[] = {"tf1", "pytorch-fid", "clean-fid",
                                          NULL};
    static const enum cg_filter filter_of[] = {
        CG_FILTER_TF1, CG_FILTER_PYTORCH_FID, CG_FILTER_CLEAN_FID};
    int name = 0, filter = 0;

    memset(config, 0, sizeof *config);
    if (!cg_read_known(r, lists, 1) ||
        !cg_read_word(r, "names", names, "\"torchvision\" or \"nvidia\"",
                      &name) ||
        !cg_read_word(r, "filter", filters,
                      "\"tf1\", \"pytorch-fid\" or \"clean-fid\"", &filter) ||
        !read_image(r, &config->preprocess)) {
        return false;
    }
    config->names = (enum cg_inception_names)name;
    config->preprocess.filter = filter_of[filter];
    normalise(&config->preprocess);
    return true;
}
