/* SPDX-License-Identifier: MIT
 *
 * data_labels.c - a class for every image of a data set. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/data/data_labels.h"
#include "host/files/output.h"

#define LABEL_FILE_MOST ((size_t)1 << 30)
#define CLASS_MOST INT32_MAX

/* ---- a file of labels -------------------------------------------------- */

typedef struct reading {
    data_labels *labels;
    const host_collection *source;
    const char *where;
    host_failure *f;
} reading;

static bool set_label(reading *r, const char *name, uint32_t label)
{
    size_t json = host_collection_find(r->source, DATA_LABELS_JSON);
    size_t entry = host_collection_find(r->source, name);
    size_t image = entry - (entry > json);
    uint32_t *at;

    if (entry == r->source->count || entry == json) {
        r->labels->spare++;
        return true;
    }
    at = &r->labels->of_image[image];
    if (*at != DATA_LABEL_UNSET && *at != label) {
        return host_fail(r->f, "%s: %s has class %u and class %u", r->where,
                         name, *at, label);
    }
    *at = label;
    return true;
}

static bool read_pair(reading *r, const cJSON *pair)
{
    const cJSON *name = cJSON_GetArrayItem(pair, 0);
    const cJSON *label = cJSON_GetArrayItem(pair, 1);
    double value = cJSON_IsNumber(label) ? label->valuedouble : -1.0;

    if (!cJSON_IsString(name) || cJSON_GetArraySize(pair) != 2) {
        return host_fail(r->f,
                         "%s: wanted pairs of a name and a class in "
                         "\"labels\"",
                         r->where);
    }
    if (!(value >= 0.0 && value <= (double)CLASS_MOST) ||
        value != (double)(uint32_t)value) {
        return host_fail(r->f,
                         "%s: the class of %s is no whole number below "
                         "2^31; without classes, give --labels none",
                         r->where, name->valuestring);
    }
    return set_label(r, name->valuestring, (uint32_t)value);
}

/* {"labels": null} is a file that gives none. */
static bool read_json(reading *r, const char *text)
{
    cJSON *root = cJSON_Parse(text);
    const cJSON *labels = cJSON_GetObjectItemCaseSensitive(root, "labels");
    const cJSON *pair;
    bool good = true;

    if (cJSON_IsNull(labels)) {
        free(r->labels->of_image);
        r->labels->of_image = NULL;
    } else if (!cJSON_IsArray(labels)) {
        good = host_fail(r->f,
                         "%s: wanted JSON with a list \"labels\", as EDM's "
                         "dataset.json has it",
                         r->where);
    }
    cJSON_ArrayForEach(pair, labels)
    {
        good = good && read_pair(r, pair);
    }
    cJSON_Delete(root);
    return good;
}

/* Cuts a line into a name and a number; false if its end is none. */
static bool cut_line(char *line, uint32_t *label)
{
    size_t n = strlen(line);
    char *last, *end;
    unsigned long value;

    while (n > 0 && strchr(" \t\r", line[n - 1]) != NULL) {
        line[--n] = '\0';
    }
    last = line + n;
    while (last > line && strchr(" \t,", last[-1]) == NULL) {
        last--;
    }
    errno = 0;
    value = strtoul(last, &end, 10);
    if (last == line || *last < '0' || *last > '9' || *end != '\0' ||
        errno != 0 || value > CLASS_MOST) {
        return false;
    }
    *label = (uint32_t)value;
    while (last > line && strchr(" \t,", last[-1]) != NULL) {
        *--last = '\0';
    }
    return last > line;
}

static bool read_lines(reading *r, char *text)
{
    char *line = text, *next;

    for (size_t number = 1; line != NULL; number++, line = next) {
        uint32_t label;

        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        if (line[strspn(line, " \t\r")] == '\0') {
            continue;
        }
        if (cut_line(line, &label)) {
            if (!set_label(r, line, label)) {
                return false;
            }
        } else if (number > 1) {
            return host_fail(r->f,
                             "%s:%zu: wanted a name and a class below "
                             "2^31, got '%s'",
                             r->where, number, line);
        }
    }
    return true;
}

static bool check_all(const reading *r)
{
    const data_labels *l = r->labels;

    for (size_t i = 0; l->of_image != NULL && i < l->images; i++) {
        if (l->of_image[i] == DATA_LABEL_UNSET) {
            return host_fail(r->f,
                             "%s: %s has no class; wanted one for each of "
                             "%zu images",
                             r->where, data_image_name(r->source, i),
                             l->images);
        }
    }
    return true;
}

/* text[size] is a zero. */
static bool read_text(reading *r, char *text, size_t size)
{
    bool good;

    if (memchr(text, '\0', size) != NULL) {
        return host_fail(r->f,
                         "%s: not a text; wanted lines of a name and a "
                         "class, or JSON",
                         r->where);
    }
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3; /* a byte order mark */
    }
    good = text[strspn(text, " \t\r\n")] == '{' ? read_json(r, text)
                                                : read_lines(r, text);
    return good && check_all(r);
}

static bool read_file(reading *r)
{
    struct stat st;
    size_t size;
    char *text;
    bool good;

    if (stat(r->where, &st) == 0 && !S_ISREG(st.st_mode)) {
        return host_fail(r->f,
                         "%s: wanted a file of labels, 'folders' or "
                         "'none'",
                         r->where);
    }
    text = (char *)host_input_file(r->where, LABEL_FILE_MOST, &size, r->f);
    good = text != NULL && read_text(r, text, size);
    free(text);
    return good;
}

/* dataset.json of the source itself. */
static bool read_own(reading *r, host_collection *source, size_t entry)
{
    char where[1024];
    size_t size;
    unsigned char *bytes = host_collection_read(source, entry, &size, r->f);
    char *text = bytes == NULL ? NULL : realloc(bytes, size + 1);
    bool good;

    if (text == NULL) {
        free(bytes);
        return bytes == NULL
                   ? false
                   : host_fail(r->f, "%s: out of memory", source->path);
    }
    text[size] = '\0';
    host_collection_where(source, entry, where, sizeof where);
    r->where = where;
    good = read_text(r, text, size);
    free(text);
    return good;
}

/* ---- all of it --------------------------------------------------------- */

static bool read_labels(data_labels *l, host_collection *source,
                        const char *from, host_failure *f)
{
    size_t json = host_collection_find(source, DATA_LABELS_JSON);
    reading r = {l, source, from, f};
    bool own = from == NULL && json < source->count;

    if (from != NULL && strcmp(from, DATA_LABELS_NONE) == 0) {
        return true;
    }
    if (from == NULL && !own) {
        return data_labels_by_folder(l, source, false, f);
    }
    if (from != NULL && strcmp(from, DATA_LABELS_FOLDERS) == 0) {
        return data_labels_by_folder(l, source, true, f);
    }
    return data_labels_allocate(l, data_image_count(source), f) &&
           (own ? read_own(&r, source, json) : read_file(&r));
}

bool data_labels_open(data_labels *l, host_collection *source,
                      const char *from, host_failure *f)
{
    *l = (data_labels){0};
    if (read_labels(l, source, from, f)) {
        return true;
    }
    data_labels_close(l);
    return false;
}
