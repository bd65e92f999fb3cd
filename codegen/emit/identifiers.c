/* SPDX-License-Identifier: MIT
 *
 * identifiers.c - the only door through which names reach C: the model's is
 * checked, those of ops are made. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "codegen/emit/emit.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool cg_check_model_name(const char *name, cg_error *error)
{
    bool good = is_letter(name[0]);
    size_t n = 0;

    for (; name[n] != '\0'; n++) {
        good = good &&
               (is_letter(name[n]) || is_digit(name[n]) || name[n] == '_');
    }
    if (!good || n > 48) {
        return cg_fail(error,
                       "the model's name \"%.64s\" is not usable; "
                       "wanted a letter, then up to 47 letters, digits and "
                       "underscores; choose another name",
                       name);
    }
    /* FASHION_ARENA_BYTES with the name cedm would be the runtime's own. */
    if ((name[0] == 'c' || name[0] == 'C') &&
        (name[1] == 'e' || name[1] == 'E') &&
        (name[2] == 'd' || name[2] == 'D') &&
        (name[3] == 'm' || name[3] == 'M') &&
        (name[4] == '\0' || name[4] == '_')) {
        return cg_fail(error,
                       "the model's name \"%s\" is the library's own "
                       "prefix; choose another name",
                       name);
    }
    return true;
}

/* An identifier is left as it is only where C and its headers define nothing
 * like it: not a lone word (keywords, built-in functions), not all capitals
 * (macros), not ..._t (types), not the library's own prefix. */
static bool is_free_word(const char *id)
{
    static const char *const keywords[] = {"static_assert", "thread_local",
                                           "typeof_unqual"};
    size_t n = strlen(id);
    bool lower = false;

    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (strcmp(id, keywords[i]) == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        lower = lower || (id[i] >= 'a' && id[i] <= 'z');
    }
    return is_letter(id[0]) && lower && strchr(id, '_') != NULL &&
           strncmp(id, "cedm_", 5) != 0 && strncmp(id, "op_", 3) != 0 &&
           strcmp(id + n - 2, "_t") != 0;
}

static void identifier(cg_name id, const char *module)
{
    cg_name safe;

    cg_safe_name(safe, module);
    safe[CG_NAME_MAX - 16] = '\0'; /* room for op_ and a number */
    for (size_t i = 0; safe[i] != '\0'; i++) {
        if (safe[i] == '.') {
            safe[i] = '_';
        }
    }
    snprintf(id, CG_NAME_MAX, "%s%.80s", is_free_word(safe) ? "" : "op_",
             safe);
}

static bool is_taken(const cg_name *names, uint32_t count, const char *taken,
                     const char *id)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(names[i], id) == 0) {
            return true;
        }
    }
    return strcmp(taken, id) == 0;
}

cg_name *cg_op_names(const cg_program *program, const char *taken)
{
    cg_name *names = calloc((size_t)program->op_count + 1, sizeof names[0]);

    if (names == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < program->op_count; i++) {
        cg_name base, id;

        identifier(base, program->ops[i].module);
        memcpy(id, base, sizeof id);
        for (uint32_t k = 2; is_taken((const cg_name *)names, i, taken, id);
             k++) {
            snprintf(id, sizeof id, "%.84s_%u", base, (unsigned)k);
        }
        memcpy(names[i], id, sizeof id);
    }
    return names;
}
