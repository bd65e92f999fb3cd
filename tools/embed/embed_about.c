/* SPDX-License-Identifier: MIT
 *
 * embed_about.c - what is known of a file of features: by whom, of which
 * images. */
#include "host/files/json_text.h"
#include "tools/embed/embed_about.h"

static bool add_names(cJSON *data, const host_image_stream *images)
{
    if (host_image_stream_name(images, 0) == NULL) {
        return true;
    }
    cJSON *names = cJSON_AddArrayToObject(data, "names");
    bool good = names != NULL;
    for (uint64_t i = 0; good && i < images->total; i++) {
        good = cJSON_AddItemToArray(
            names, host_json_text(host_image_stream_name(images, i)));
    }
    return good;
}

char *embed_about(const char *recipe, const embed_options *o,
                  const host_image_stream *images, host_failure *f)
{
    cJSON *root = cJSON_Parse(recipe);
    cJSON *data = cJSON_GetObjectItemCaseSensitive(root, "data");
    bool good =
        cJSON_AddItemToObject(data, "path", host_json_text(o->data)) &&
        add_names(data, images);
    char *text = good ? cJSON_Print(root) : NULL;
    cJSON_Delete(root);
    if (text == NULL) {
        (void)host_fail(f, "out of memory for what is known of the features");
    }
    return text;
}
