/* SPDX-License-Identifier: MIT
 *
 * safetensors_header.h - the head of a safetensors file: the length of its
 * JSON in eight bytes, the JSON, blanks up to a multiple of eight.
 *
 *     cJSON *header = host_safetensors_new();
 *     ... cJSON_AddStringToObject(host_safetensors_metadata(header), ...)
 *     ... host_safetensors_add(header, ...) for each tensor, as bytes follow
 *     char *text = host_safetensors_text(header);
 *     good = text != NULL && host_safetensors_write(&out, text, &f);
 *     free(text); */
#ifndef CEDM_HOST_FILES_SAFETENSORS_HEADER_H
#define CEDM_HOST_FILES_SAFETENSORS_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "host/files/output.h"

/* With empty metadata, which come first.  What lacks memory is said by
 * host_safetensors_text. */
cJSON *host_safetensors_new(void);
cJSON *host_safetensors_metadata(cJSON *header);

/* A tensor whose data begin at *at, which moves behind its bytes; shape[rank]
 * and bytes must agree. */
void host_safetensors_add(cJSON *header, const char *name, const char *dtype,
                          const uint64_t *shape, int rank, uint64_t bytes,
                          uint64_t *at);

/* The padded JSON, to be freed, and the header is; NULL: out of memory. */
char *host_safetensors_text(cJSON *header);

/* The length and the text. */
bool host_safetensors_write(host_output *out, const char *text,
                            host_failure *f);

#endif
