/* SPDX-License-Identifier: MIT
 *
 * scene.c - the files that fault tests work on. */
#include "scene.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "codegen.h"

static char folder[] = "/tmp/fault_test.XXXXXX";
static char home[1024];

/* ---- checkpoints ------------------------------------------------------- */

#define CONFIG(labels)                                                       \
    "{\"model_type\":\"SongUNet\",\"precond\":\"EDMPrecond\","               \
    "\"img_resolution\":4,\"img_channels\":1,\"label_dim\":" #labels ","     \
    "\"model_channels\":4,\"channel_mult\":[1,1],\"channel_mult_emb\":1,"    \
    "\"num_blocks\":1,\"attn_resolutions\":[2]}"

static void put_escaped(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        (void)fprintf(file, *text == '"' ? "\\%c" : "%c", *text);
    }
}

static uint64_t bytes_of(const cg_spec *spec)
{
    uint64_t bytes = 4;
    for (int i = 0; i < spec->rank; i++) {
        bytes *= spec->shape[i];
    }
    return bytes;
}

static char *make_header(const char *config, const cg_spec *specs,
                         size_t count, size_t *length)
{
    char *text = NULL;
    uint64_t at = 0;
    FILE *file = open_memstream(&text, length);
    assert_non_null(file);
    (void)fputs("{\"__metadata__\":{\"cedm.config\":\"", file);
    put_escaped(file, config);
    (void)fputs("\"}", file);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(file, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[",
                      specs[i].name);
        for (int k = 0; k < specs[i].rank; k++) {
            (void)fprintf(file, "%s%u", k > 0 ? "," : "",
                          (unsigned)specs[i].shape[k]);
        }
        (void)fprintf(file, "],\"data_offsets\":[%u,%u]}", (unsigned)at,
                      (unsigned)(at + bytes_of(&specs[i])));
        at += bytes_of(&specs[i]);
    }
    (void)fputc('}', file);
    assert_int_equal(fclose(file), 0);
    return text;
}

/* All weights 1/4: so is the filter of an average over 2 x 2. */
static void write_checkpoint(const char *path, const char *config)
{
    static const unsigned char quarter[4] = {0, 0, 0x80, 0x3e};
    cg_error error = {{0}};
    size_t count = 0, length = 0;
    cg_spec *specs = cg_expected(config, &count, &error);
    if (specs == NULL) {
        fail_msg("%s", error.text);
    }
    char *header = make_header(config, specs, count, &length);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (unsigned i = 0; i < 8; i++) {
        (void)fputc((int)((uint64_t)length >> (8 * i) & 255u), file);
    }
    (void)fputs(header, file);
    for (size_t i = 0; i < count; i++) {
        for (uint64_t k = 0; k < bytes_of(&specs[i]); k += 4) {
            (void)fwrite(quarter, 1, sizeof quarter, file);
        }
    }
    assert_int_equal(fclose(file), 0);
    cg_expected_free(specs, count);
    free(header);
}

/* ---- the folder -------------------------------------------------------- */

void scene_make(void)
{
    assert_non_null(getcwd(home, sizeof home));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    write_checkpoint(SCENE_CHECKPOINT, CONFIG(3));
    write_checkpoint(SCENE_OTHER_CHECKPOINT, CONFIG(2));
}

void scene_remove(void)
{
    scene_clear();
    assert_int_equal(rmdir(SCENE_OUTPUT), 0);
    (void)unlink(SCENE_CHECKPOINT);
    (void)unlink(SCENE_OTHER_CHECKPOINT);
    (void)unlink(SCENE_PNG);
    assert_int_equal(chdir(home), 0);
    assert_int_equal(rmdir(folder), 0);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Paths of all entries, sorted; each is to be freed. */
static size_t entries(char *paths[64])
{
    size_t count = 0;
    DIR *dir = opendir(SCENE_OUTPUT);
    assert_non_null(dir);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0) {
            assert_in_range(count, 0, 63);
            paths[count] = malloc(sizeof d->d_name + sizeof SCENE_OUTPUT + 1);
            assert_non_null(paths[count]);
            (void)sprintf(paths[count++], SCENE_OUTPUT "/%s", d->d_name);
        }
    }
    assert_int_equal(closedir(dir), 0);
    qsort(paths, count, sizeof *paths, by_name);
    return count;
}

void scene_clear(void)
{
    char *paths[64];
    (void)mkdir(SCENE_OUTPUT, 0777);
    size_t count = entries(paths);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(unlink(paths[i]), 0);
        free(paths[i]);
    }
}

static void hash_file(const char *path, char hex[65])
{
    static unsigned char bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(size, 0, sizeof bytes - 1);
    cg_sha256(bytes, size, hex);
}

const char *scene_listing(void)
{
    static char text[SCENE_LISTING_MAX];
    char *paths[64], hex[65];
    size_t used = 0, count = entries(paths);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        hash_file(paths[i], hex);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s %s\n",
                                 paths[i], hex);
        assert_in_range(used, 0, sizeof text - 1);
        free(paths[i]);
    }
    return text;
}
