/* SPDX-License-Identifier: MIT
 *
 * freeze_config.c - config.json of transformers. */
#include "tools/freeze/freeze_config.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/files/output.h"

#define MOST_BYTES 65536

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool is_vision_transformer(const cJSON *root)
{
    const char *type = cJSON_GetStringValue(member(root, "model_type"));
    return type != NULL &&
           (strcmp(type, "vit") == 0 || strcmp(type, "dinov2") == 0 ||
            strcmp(type, "dinov2_with_registers") == 0);
}

static bool take(cg_encoder_choice *choice, const cJSON *root,
                 const char *path, host_failure *f)
{
    const cJSON *heads = member(root, "num_attention_heads");
    const cJSON *eps = member(root, "layer_norm_eps");
    if (!is_vision_transformer(root)) {
        return true; /* of something else */
    }
    if (choice->heads == 0 && cJSON_IsNumber(heads) &&
        heads->valuedouble >= 1 && heads->valuedouble <= 1024) {
        choice->heads = (uint32_t)heads->valuedouble;
    }
    if (eps == NULL) {
        return true;
    }
    choice->eps = cJSON_IsNumber(eps) ? eps->valuedouble : 0.0;
    return (choice->eps > 0.0 && choice->eps < 1.0) ||
           host_fail(f,
                     "%s:layer_norm_eps: unusable; wanted a number between "
                     "0 and 1; take the file that was published",
                     path);
}

bool freeze_config_read(cg_encoder_choice *choice, const char *checkpoint,
                        host_failure *f)
{
    const char *slash = strrchr(checkpoint, '/');
    int length = slash != NULL ? (int)(slash - checkpoint + 1) : 0;
    char path[1100];
    int n =
        snprintf(path, sizeof path, "%.*sconfig.json", length, checkpoint);
    if (n < 0 || (size_t)n >= sizeof path || access(path, F_OK) != 0) {
        return true;
    }
    size_t size;
    unsigned char *bytes = host_input_file(path, MOST_BYTES, &size, f);
    cJSON *root = bytes != NULL
                      ? cJSON_ParseWithLength((const char *)bytes, size)
                      : NULL;
    bool good =
        bytes != NULL && (root == NULL || take(choice, root, path, f));
    cJSON_Delete(root);
    free(bytes);
    return good;
}
