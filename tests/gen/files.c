/* SPDX-License-Identifier: MIT
 *
 * files.c - directories, files and programs for the tests of the
 * emitters. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/gen/gen_test.h"

extern char **environ;

static char directory[256];

const char *gen_directory(void)
{
    const char *base = getenv("TMPDIR");

    snprintf(directory, sizeof directory, "%s/cedm-gen.XXXXXX",
             base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(directory));
    return directory;
}

const char *gen_path(void)
{
    return directory;
}

void gen_remove(void)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    char path[600];

    if (dir != NULL) {
        while ((entry = readdir(dir)) != NULL) {
            snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
            if (strcmp(entry->d_name, ".") != 0 &&
                strcmp(entry->d_name, "..") != 0) {
                remove(path);
            }
        }
        closedir(dir);
    }
    rmdir(directory);
}

int gen_count(const char *path)
{
    DIR *dir = opendir(path);
    int count = -2;

    if (dir == NULL) {
        return -1;
    }
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count;
}

unsigned char *gen_read(const char *path, const char *name, size_t *size)
{
    char full[600];
    FILE *file;
    long length;
    unsigned char *bytes;

    snprintf(full, sizeof full, "%s/%s", path, name);
    file = fopen(full, "rb");
    if (file == NULL) {
        fail_msg("%s: %s", full, strerror(errno));
    }
    fseek(file, 0, SEEK_END);
    length = ftell(file);
    assert_true(length >= 0);
    rewind(file);
    bytes = malloc((size_t)length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)length, file), length);
    bytes[length] = 0;
    fclose(file);
    *size = (size_t)length;
    return bytes;
}

void gen_emit(const tiny *t, const char *path, const char *name)
{
    cg_freeze freeze = {path, name, {NULL}};
    cg_error error = {""};

    if (!cg_emit(&t->program, &t->file, &freeze, &error)) {
        fail_msg("cg_emit: %s", error.text);
    }
}

int gen_run(const char *const argv[])
{
    char *copy[64];
    size_t n = 0;
    pid_t pid;
    int status;

    for (; argv[n] != NULL; n++) {
        assert_true(n < 63);
        memcpy(&copy[n], &argv[n], sizeof copy[n]);
    }
    copy[n] = NULL;
    if (posix_spawnp(&pid, argv[0], NULL, NULL, copy, environ) != 0) {
        return -1;
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status)) {
        return WEXITSTATUS(status) == 127 ? -1 : WEXITSTATUS(status);
    }
    return 128;
}
