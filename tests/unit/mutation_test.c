/* SPDX-License-Identifier: MIT
 *
 * mutation_test.c - images and data sets that were changed at random: each is
 * read in 256 MiB of memory and 2 s of processor time, with a message or an
 * image at the end.
 *
 * The inputs are those of the fuzz targets image and dataset, which say what
 * must hold; mutant i is the same in every run.  CEDM_MUTANTS=100000 in the
 * environment asks for that many of each target instead of 1000. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

int fuzz_image(const uint8_t *bytes, size_t size);
int fuzz_dataset(const uint8_t *bytes, size_t size);

#define MEMORY ((rlim_t)256 << 20)
#define SECONDS 2
#define MOST_FILES 64
#define MOST_BYTES 8192

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMITED 0 /* their shadow memory alone is more */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIMITED 0
#endif
#endif
#ifndef LIMITED
#define LIMITED 1
#endif

typedef struct corpus {
    uint8_t bytes[MOST_FILES][MOST_BYTES];
    size_t sizes[MOST_FILES];
    uint32_t count;
} corpus;

/* Entries in the order of their names: that of the file system may differ. */
static void read_corpus(corpus *c, const char *folder)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, alphasort);

    c->count = 0;
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        char path[512];
        FILE *file;

        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        file = names[i]->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (file != NULL) {
            assert_true(c->count < MOST_FILES);
            c->sizes[c->count] =
                fread(c->bytes[c->count], 1, MOST_BYTES, file);
            c->count++;
            assert_int_equal(fclose(file), 0);
        }
        free(names[i]);
    }
    free(names);
}

/* xorshift of 64 bits (Marsaglia 2003). */
static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static size_t below(uint64_t *state, size_t n)
{
    return (size_t)(next(state) >> 11) % n;
}

/* Lengths and sizes at the ends of what their fields hold. */
static void set_number(uint64_t *state, uint8_t *bytes, size_t size)
{
    static const uint32_t values[] = {
        0, 1, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x10000};
    uint32_t value = values[below(state, 8)];
    size_t at = below(state, size), width = (size_t)1 << below(state, 3);

    for (size_t i = 0; i < width && at + i < size; i++) {
        bytes[at + i] = (uint8_t)(value >> 8 * i);
    }
}

static size_t mutate_once(uint64_t *state, uint8_t *bytes, size_t size)
{
    size_t at = below(state, size), to = below(state, size), n;

    switch (below(state, 8)) {
    case 0: return at + 1; /* cut */
    case 1:                /* a part again */
        n = below(state, size - (at > to ? at : to)) + 1;
        memmove(bytes + to, bytes + at, n);
        return size;
    case 2:
    case 3: set_number(state, bytes, size); return size;
    case 4: bytes[at] = (uint8_t)next(state); return size;
    default: bytes[at] ^= (uint8_t)(1u << below(state, 8)); return size;
    }
}

static size_t make_mutant(const corpus *c, uint32_t index, uint8_t *bytes)
{
    uint64_t state = (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    size_t which = below(&state, c->count), size = c->sizes[which];

    memcpy(bytes, c->bytes[which], size);
    for (size_t k = below(&state, 6) + 1; k > 0 && size > 0; k--) {
        size = mutate_once(&state, bytes, size);
    }
    return size;
}

static void limit(void)
{
    struct rlimit memory = {MEMORY, MEMORY};

    if (LIMITED && setrlimit(RLIMIT_AS, &memory) != 0) {
        _exit(3);
    }
}

/* The system ends the process with SIGPROF after so much of its time. */
static void begin_time(void)
{
    struct itimerval time = {.it_value = {.tv_sec = SECONDS}};

    if (LIMITED && setitimer(ITIMER_PROF, &time, NULL) != 0) {
        _exit(3);
    }
}

/* In a process of its own; *at says which mutant it reads. */
static void read_mutants(const corpus *c, uint32_t count,
                         volatile uint32_t *at,
                         int (*target)(const uint8_t *, size_t))
{
    limit();
    for (uint32_t i = 0; i < count; i++) {
        uint8_t bytes[MOST_BYTES], *exact;
        size_t size = make_mutant(c, i, bytes);

        *at = i;
        exact = malloc(size > 0 ? size : 1);
        if (exact == NULL) {
            _exit(3);
        }
        memcpy(exact, bytes, size);
        begin_time();
        (void)target(exact, size);
        free(exact);
    }
}

static uint32_t mutants(void)
{
    const char *asked = getenv("CEDM_MUTANTS");

    return asked != NULL ? (uint32_t)strtoul(asked, NULL, 10) : 1000;
}

static void survive(const char *folder,
                    int (*target)(const uint8_t *, size_t))
{
    static corpus c;
    uint32_t *at = mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    pid_t child;

    assert_true(at != MAP_FAILED);
    read_corpus(&c, folder);
    (void)fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        read_mutants(&c, mutants(), at, target);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0) {
        fail_msg("%s: mutant %u: signal %d, exit code %d", folder, *at,
                 WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                 WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    }
    assert_int_equal(munmap(at, sizeof *at), 0);
}

static void mutated_images(void **state)
{
    (void)state;
    survive("tests/fuzz/image", fuzz_image);
}

static void mutated_data_sets(void **state)
{
    (void)state;
    survive("tests/fuzz/dataset", fuzz_dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_images),
        cmocka_unit_test(mutated_data_sets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
