/* SPDX-License-Identifier: MIT
 *
 * safetensors_header.c - the head of a safetensors file. */
#include "host/files/safetensors_header.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char metadata[] = "__metadata__";

cJSON *host_safetensors_new(void)
{
    errno = 0; /* ENOMEM, from here on, is cJSON's */
    cJSON *header = cJSON_CreateObject();
    cJSON_AddObjectToObject(header, metadata);
    return header;
}

cJSON *host_safetensors_metadata(cJSON *header)
{
    return cJSON_GetObjectItemCaseSensitive(header, metadata);
}

void host_safetensors_add(cJSON *header, const char *name, const char *dtype,
                          const uint64_t *shape, int rank, uint64_t bytes,
                          uint64_t *at)
{
    cJSON *tensor = cJSON_AddObjectToObject(header, name);
    cJSON_AddStringToObject(tensor, "dtype", dtype);
    cJSON *sizes = cJSON_AddArrayToObject(tensor, "shape");
    cJSON *offsets = cJSON_AddArrayToObject(tensor, "data_offsets");
    for (int i = 0; i < rank; i++) {
        cJSON_AddItemToArray(sizes, cJSON_CreateNumber((double)shape[i]));
    }
    cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)*at));
    *at += bytes;
    cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)*at));
}

char *host_safetensors_text(cJSON *header)
{
    char *text = cJSON_PrintUnformatted(header), *padded = NULL;
    cJSON_Delete(header);
    /* cJSON leaves out what it has no memory for. */
    if (text != NULL && errno != ENOMEM) {
        size_t length = strlen(text);
        padded = malloc(length + 8);
        if (padded != NULL) {
            (void)snprintf(padded, length + 8, "%s%*s", text,
                           (int)((8 - length % 8) % 8), "");
        }
    }
    cJSON_free(text);
    return padded;
}

bool host_safetensors_write(host_output *out, const char *text,
                            host_failure *f)
{
    const uint64_t length = strlen(text);
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(length >> (8 * i));
    }
    return host_output_write(out, bytes, sizeof bytes, f) &&
           host_output_write(out, text, length, f);
}
