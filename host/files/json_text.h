/* SPDX-License-Identifier: MIT
 *
 * json_text.h - texts in JSON, whatever bytes they came with. */
#ifndef CEDM_HOST_FILES_JSON_TEXT_H
#define CEDM_HOST_FILES_JSON_TEXT_H

#include <cjson/cJSON.h>

/* A string of the text, which may be a path and so any bytes: those that are
 * no UTF-8 become U+FFFD, since JSON has no others.  NULL without memory. */
cJSON *host_json_text(const char *text);

#endif
