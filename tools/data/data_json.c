/* SPDX-License-Identifier: MIT
 *
 * data_json.c - names and dataset.json of a data set as EDM has them. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/data/data_json.h"

/* A label's line: the name, a number of ten digits, and what is between. */
#define LINE_BYTES (DATA_NAME_BYTES + 24)

void data_name(uint64_t image, char text[DATA_NAME_BYTES])
{
    (void)snprintf(text, DATA_NAME_BYTES,
                   "%05" PRIu64 "/img%08" PRIu64 ".png", image / 1000, image);
}

/* `, "classes": [...]`, to be freed. */
static char *class_names(const data_labels *l)
{
    cJSON *list = cJSON_CreateStringArray((const char *const *)l->classes,
                                          (int)l->class_count);
    char *text = list == NULL ? NULL : cJSON_PrintUnformatted(list);

    cJSON_Delete(list);
    return text;
}

static char *write_labels(char *to, const data_labels *l)
{
    to += sprintf(to, "[");
    for (size_t i = 0; i < l->images; i++) {
        char name[DATA_NAME_BYTES];

        data_name(i, name);
        to += sprintf(to, "%s[\"%s\", %" PRIu32 "]", i > 0 ? ",\n" : "", name,
                      l->of_image[i]);
    }
    return to + sprintf(to, "]");
}

char *data_json(const data_labels *l)
{
    char *classes = l->classes != NULL ? class_names(l) : strdup("");
    size_t room = 64 + (l->of_image != NULL ? l->images * LINE_BYTES : 0);
    char *text = classes == NULL ? NULL : malloc(room + strlen(classes));
    char *to = text;

    if (text != NULL) {
        to += sprintf(to, "{\"labels\": ");
        to = l->of_image != NULL ? write_labels(to, l)
                                 : to + sprintf(to, "null");
        (void)sprintf(to, "%s%s}\n",
                      *classes != '\0' ? ", \"classes\": " : "", classes);
    }
    free(classes);
    return text;
}
