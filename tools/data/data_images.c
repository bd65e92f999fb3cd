/* SPDX-License-Identifier: MIT
 *
 * data_images.c - the images of a source, and memory for their labels. */
#include <stdlib.h>

#include "tools/data/data_labels.h"

size_t data_image_count(const host_collection *source)
{
    size_t json = host_collection_find(source, DATA_LABELS_JSON);

    return source->count - (json < source->count);
}

size_t data_image_entry(const host_collection *source, size_t image)
{
    return image + (image >= host_collection_find(source, DATA_LABELS_JSON));
}

const char *data_image_name(const host_collection *source, size_t image)
{
    return source->entries[data_image_entry(source, image)].name;
}

bool data_labels_allocate(data_labels *l, size_t images, host_failure *f)
{
    l->images = images;
    l->of_image = malloc((images > 0 ? images : 1) * sizeof *l->of_image);
    if (l->of_image == NULL) {
        return host_fail(f, "out of memory for the labels of %zu images",
                         images);
    }
    for (size_t i = 0; i < images; i++) {
        l->of_image[i] = DATA_LABEL_UNSET;
    }
    return true;
}

void data_labels_forget_classes(data_labels *l)
{
    for (size_t i = 0; i < l->class_count; i++) {
        free(l->classes[i]);
    }
    free(l->classes);
    l->classes = NULL;
    l->class_count = 0;
}

void data_labels_close(data_labels *l)
{
    data_labels_forget_classes(l);
    free(l->of_image);
    *l = (data_labels){0};
}
