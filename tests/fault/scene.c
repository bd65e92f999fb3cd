/* SPDX-License-Identifier: MIT
 *
 * scene.c - the files that fault tests work on. */
#include "tests/fault/scene.h"

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
#include <zip.h>

#include "codegen/codegen.h"
#include "host/files/png_file.h"

static char folder[] = "/tmp/fault_test.XXXXXX";
static char home[1024];

#define SAVED "saved"
#define FILE_MAX (1u << 20)

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

static const unsigned char quarter[4] = {0, 0, 0x80, 0x3e};

static void put_length(FILE *file, size_t length)
{
    for (unsigned i = 0; i < 8; i++) {
        (void)fputc((int)((uint64_t)length >> (8 * i) & 255u), file);
    }
}

/* All weights 1/4: so is the filter of an average over 2 x 2. */
static void write_checkpoint(const char *path, const char *config)
{
    cg_error error = {{0}};
    size_t count = 0, length = 0;
    cg_spec *specs = cg_expected(config, &count, &error);
    if (specs == NULL) {
        fail_msg("%s", error.text);
    }
    char *header = make_header(config, specs, count, &length);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    put_length(file, length);
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

/* ---- what a network is compared with ----------------------------------- */

/* Every value is 1/4, the cluster 0: the comparison fails by any limit. */
static void write_golden(void)
{
    static const char header[] =
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1,1,4,4],"
        "\"data_offsets\":[0,64]},"
        "\"denoised\":{\"dtype\":\"F32\",\"shape\":[1,1,4,4],"
        "\"data_offsets\":[64,128]},"
        "\"sigma\":{\"dtype\":\"F32\",\"shape\":[1],"
        "\"data_offsets\":[128,132]},"
        "\"reference_f32_rel_rms\":{\"dtype\":\"F32\",\"shape\":[1],"
        "\"data_offsets\":[132,136]},"
        "\"cluster\":{\"dtype\":\"I32\",\"shape\":[1],"
        "\"data_offsets\":[136,140]}}";
    FILE *file = fopen(SCENE_GOLDEN, "wb");
    assert_non_null(file);
    put_length(file, sizeof header - 1);
    (void)fputs(header, file);
    for (int i = 0; i < 34; i++) {
        (void)fwrite(quarter, 1, sizeof quarter, file);
    }
    (void)fwrite("\0\0\0\0", 1, 4, file);
    assert_int_equal(fclose(file), 0);
}

/* Takes -o and what follows it from the arguments of a C compiler. */
static void write_compiler(void)
{
    FILE *file = fopen(SCENE_COMPILER, "w");
    assert_non_null(file);
    (void)fputs("#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done\n"
                "exec cp " SCENE_MODEL " \"$2\"\n",
                file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(SCENE_COMPILER, 0755), 0);
}

/* ---- images ------------------------------------------------------------ */

#define IMAGES 8

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_images(void)
{
    static unsigned char idx[16 + IMAGES * 16] = {0, 0, 8, 3, 0, 0, 0, IMAGES,
                                                  0, 0, 0, 4, 0, 0, 0, 4};
    unsigned char *files[IMAGES];
    host_failure f = HOST_FAILURE_UNSAID;
    zip_t *zip = zip_open(SCENE_ZIP, ZIP_CREATE | ZIP_EXCL, NULL);
    assert_non_null(zip);
    assert_int_equal(mkdir(SCENE_FOLDER, 0777), 0);
    for (size_t i = 0; i < IMAGES; i++) {
        unsigned char *pixels = idx + 16 + i * 16;
        char name[32];
        size_t size = 0;
        for (size_t k = 0; k < 16; k++) {
            pixels[k] = (unsigned char)(40 * i + 16 * (k % 4 + k / 4 * i));
        }
        files[i] = host_png_file_encode(pixels, 4, 4, 1, "{}", &size, &f);
        assert_non_null(files[i]);
        (void)snprintf(name, sizeof name, SCENE_FOLDER "/%zu.png", i);
        write_file(name, files[i], size);
        zip_source_t *source = zip_source_buffer(zip, files[i], size, 0);
        assert_true(zip_file_add(zip, name, source, 0) >= 0);
    }
    assert_int_equal(zip_close(zip), 0);
    for (size_t i = 0; i < IMAGES; i++) {
        free(files[i]);
    }
    write_file(SCENE_IDX, idx, sizeof idx);
}

/* As torch.save writes a list. */
static void write_list(const char *path, const char *pickle, size_t size)
{
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_EXCL, NULL);
    assert_non_null(zip);
    zip_source_t *source = zip_source_buffer(zip, pickle, size, 0);
    zip_int64_t index = zip_file_add(zip, "list/data.pkl", source, 0);
    assert_true(index >= 0);
    assert_int_equal(
        zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0),
        0);
    assert_int_equal(zip_close(zip), 0);
}

static void write_clusters(void)
{
    static const char text[] = "0 1 2 0 1 2 0 1\n";
    static const char ids[] = "\x80\x02](K\x00K\x01K\x02K\x00K\x01K\x02"
                              "K\x00K\x01"
                              "e.";
    static const char counts[] = "\x80\x02](K\x03K\x03K\x02"
                                 "e.";
    write_file(SCENE_CLUSTERS_TEXT, text, sizeof text - 1);
    write_list(SCENE_CLUSTERS, ids, sizeof ids - 1);
    write_list(SCENE_COUNTS, counts, sizeof counts - 1);
}

/* ---- the folder -------------------------------------------------------- */

void scene_make(void)
{
    assert_non_null(getcwd(home, sizeof home));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    write_checkpoint(SCENE_CHECKPOINT, CONFIG(3));
    write_checkpoint(SCENE_OTHER_CHECKPOINT, CONFIG(2));
    write_golden();
    write_compiler();
    write_images();
    write_clusters();
}

void scene_remove(void)
{
    char command[64];
    assert_int_equal(chdir(home), 0);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Paths of all entries of a folder, sorted; each is to be freed. */
static size_t entries(const char *name, char *paths[64])
{
    size_t count = 0;
    DIR *dir = opendir(name);
    assert_non_null(dir);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0) {
            assert_in_range(count, 0, 63);
            paths[count] = malloc(sizeof d->d_name + strlen(name) + 2);
            assert_non_null(paths[count]);
            (void)sprintf(paths[count++], "%s/%s", name, d->d_name);
        }
    }
    assert_int_equal(closedir(dir), 0);
    qsort(paths, count, sizeof *paths, by_name);
    return count;
}

static void clear(const char *name)
{
    char *paths[64];
    (void)mkdir(name, 0777);
    size_t count = entries(name, paths);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(unlink(paths[i]), 0);
        free(paths[i]);
    }
}

void scene_clear(void)
{
    clear(SCENE_OUTPUT);
}

static size_t read_file(const char *path, char bytes[FILE_MAX])
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, FILE_MAX - 1, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(size, 0, FILE_MAX - 2);
    bytes[size] = '\0';
    return size;
}

static void copy(const char *from, const char *to)
{
    static char bytes[FILE_MAX];
    char *paths[64], path[320];
    size_t count = entries(from, paths);
    clear(to);
    for (size_t i = 0; i < count; i++) {
        size_t size = read_file(paths[i], bytes);
        (void)snprintf(path, sizeof path, "%s%s", to, strrchr(paths[i], '/'));
        write_file(path, bytes, size);
        free(paths[i]);
    }
}

void scene_save(void)
{
    copy(SCENE_OUTPUT, SAVED);
}

void scene_restore(void)
{
    copy(SAVED, SCENE_OUTPUT);
}

/* Times and speeds differ from run to run. */
static size_t without_times(char *text)
{
    char *to = text;
    for (char *at = text; *at != '\0';) {
        char *end = strchr(at, '\n');
        char *time = strstr(at, ",\"images_per_second\"");
        if (end == NULL || time == NULL || time > end) {
            end = at + strlen(at); /* half a line */
            time = end;
        }
        memmove(to, at, (size_t)(time - at));
        to += time - at;
        at = *end == '\n' ? end + 1 : end;
    }
    return (size_t)(to - text);
}

static void hash_file(const char *path, char hex[65])
{
    static char bytes[FILE_MAX];
    size_t size = read_file(path, bytes);
    if (strstr(path, ".jsonl") != NULL) {
        size = without_times(bytes);
    }
    cg_sha256(bytes, size, hex);
}

const char *scene_listing(void)
{
    static char text[SCENE_LISTING_MAX];
    char *paths[64], hex[65];
    size_t used = 0, count = entries(SCENE_OUTPUT, paths);
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
