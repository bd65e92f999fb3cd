/* SPDX-License-Identifier: MIT
 *
 * ids_text.c - ids as text: numbers, lines of a name and a number, CSV.
 *
 * The first line decides.  If all its fields are numbers, so are those of all
 * lines; if some are, a line is an image: its name and its id; if none is, it
 * is a header.  Lines that begin with '#' are comments. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/files/ids.h"

typedef struct table {
    host_ids *ids;
    bool list;    /* all fields are ids */
    int name, id; /* columns; name -1: there is none */
    int columns;  /* of every line */
    unsigned line;
    char **fields; /* of the line, as many as there is room for */
    size_t room;
} table;

/* Digits, maybe as a float that NumPy writes; nothing else: strtod alone would
 * take "0x1p3", "inf" and "nan". */
static bool is_number(const char *field, double *value)
{
    char *end;

    if (field[strspn(field, "+-.0123456789eE")] != '\0' ||
        strpbrk(field, "0123456789") == NULL ||
        isalpha((unsigned char)*field)) {
        return false;
    }
    *value = strtod(field, &end);
    return *end == '\0';
}

/* ---- a line ------------------------------------------------------------- */

/* Cuts a field that is in quotes; what follows it, or NULL. */
static char *cut_quoted(char *at, char **field)
{
    char *to = ++at;

    *field = at;
    while (*at != '\0' && (*at != '"' || at[1] == '"')) {
        at += *at == '"'; /* "" is a quote */
        *to++ = *at++;
    }
    if (*at == '\0') {
        return NULL;
    }
    *to = '\0';
    return at + 1;
}

static void trim(char *field)
{
    size_t n = strlen(field);

    while (n > 0 && isspace((unsigned char)field[n - 1])) {
        field[--n] = '\0';
    }
}

/* Cuts a line at blanks, or at a separator where there is one; the number of
 * fields, or -1.  An empty last field does not count: the line ends in a
 * separator. */
static int cut(char *line, char **fields, size_t room)
{
    const char *by = strchr(line, ',') != NULL    ? ","
                     : strchr(line, ';') != NULL  ? ";"
                     : strchr(line, '\t') != NULL ? "\t"
                                                  : " ";
    int n = 0;

    for (char *at = line + strspn(line, " \t"); *at != '\0';) {
        char *end = at;

        if ((size_t)n == room) {
            return -1;
        }
        if (*at == '"') {
            end = cut_quoted(at, &fields[n]);
            if (end == NULL) {
                return -1;
            }
            end += strspn(end, " ");
        } else {
            fields[n] = at;
            end += strcspn(at, by);
        }
        if (*end != '\0' && strchr(by, *end) == NULL) {
            return -1;
        }
        at = end + (*end != '\0');
        *end = '\0';
        at += strspn(at, by[0] == ' ' ? " \t" : " ");
        trim(fields[n++]);
    }
    return n;
}

/* ---- the first line ----------------------------------------------------- */

static int find_column(char **fields, int n, const char *const *words)
{
    for (; *words != NULL; words++) {
        for (int i = 0; i < n; i++) {
            if (strcasecmp(fields[i], *words) == 0) {
                return i;
            }
        }
    }
    return -1;
}

/* A header; true if it has a column of ids. */
static bool take_header(table *t, char **fields, int n)
{
    static const char *const names[] = {
        "name",  "filename",   "file_name", "file",  "path",
        "image", "image_path", "img",       "fname", NULL};

    t->columns = n;
    t->name = find_column(fields, n, names);
    t->id = n == 1 ? 0 : find_column(fields, n, host_ids_words);
    return t->id >= 0 && t->id != t->name &&
           isalpha((unsigned char)fields[t->id][0]);
}

/* Two columns, of which one is a number. */
static bool take_pair(table *t, char **fields, int n)
{
    double value;

    t->columns = n;
    t->id = is_number(fields[0], &value) ? 0 : 1;
    t->name = 1 - t->id;
    return n == 2;
}

/* Whether the line itself has ids. */
static bool take_first(table *t, char **fields, int n, bool *has_ids)
{
    int numbers = 0;
    double value;

    for (int i = 0; i < n; i++) {
        numbers += is_number(fields[i], &value);
    }
    *has_ids = numbers > 0;
    t->list = numbers == n;
    t->name = -1;
    return t->list || (numbers > 0 ? take_pair(t, fields, n)
                                   : take_header(t, fields, n));
}

/* ---- all lines ---------------------------------------------------------- */

static bool bad(const table *t, const char *got, host_failure *f)
{
    return host_fail(f, "%s:%u: wanted %s, got \"%.40s\"", t->ids->path,
                     t->line,
                     t->list ? "whole numbers, one per image"
                             : "a name and an id in every line, or a header "
                               "with a column cluster_id",
                     got);
}

static bool add_fields(table *t, char **fields, int n, host_failure *f)
{
    double value;

    if (!t->list) {
        return n == t->columns && is_number(fields[t->id], &value)
                   ? host_ids_add(t->ids, value,
                                  t->name < 0 ? NULL : fields[t->name], f)
                   : bad(t, n > t->id ? fields[t->id] : "a short line", f);
    }
    for (int i = 0; i < n; i++) {
        if (!is_number(fields[i], &value)) {
            return bad(t, fields[i], f);
        }
        if (!host_ids_add(t->ids, value, NULL, f)) {
            return false;
        }
    }
    return true;
}

/* Room for as many fields as a line of its length may have. */
static bool make_room(table *t, const char *line, host_failure *f)
{
    size_t wanted = strlen(line) / 2 + 2;
    char **fields;

    if (wanted <= t->room) {
        return true;
    }
    fields = realloc(t->fields, 2 * wanted * sizeof *fields);
    if (fields == NULL) {
        return host_fail(f, "%s: out of memory", t->ids->path);
    }
    t->fields = fields;
    t->room = 2 * wanted;
    return true;
}

/* The first field that is no number. */
static const char *first_word(char **fields, int n)
{
    double value;
    int i = 0;

    while (i + 1 < n && is_number(fields[i], &value)) {
        i++;
    }
    return fields[i];
}

static bool add_line(table *t, char *line, bool first, host_failure *f)
{
    bool has_ids = true;
    int n;

    if (!make_room(t, line, f)) {
        return false;
    }
    n = cut(line, t->fields, t->room);
    if (n < 0) {
        return bad(t, line, f);
    }
    if (first && !take_first(t, t->fields, n, &has_ids)) {
        return bad(t, first_word(t->fields, n), f);
    }
    return !has_ids || add_fields(t, t->fields, n, f);
}

static bool add_lines(table *t, char *text, host_failure *f)
{
    bool first = true;

    while (*text != '\0') {
        char *end = text + strcspn(text, "\r\n");
        char *next =
            end + (*end == '\r' && end[1] == '\n' ? 2 : *end != '\0');

        *end = '\0';
        t->line++;
        text += strspn(text, " \t");
        if (*text != '\0' && *text != '#') {
            if (!add_line(t, text, first, f)) {
                return false;
            }
            first = false;
        }
        text = next;
    }
    return true;
}

bool host_ids_add_text(host_ids *ids, char *text, host_failure *f)
{
    table t = {.ids = ids};
    bool good = add_lines(&t, text, f);

    free(t.fields);
    return good;
}
