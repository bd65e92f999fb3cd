/* SPDX-License-Identifier: MIT
 *
 * encoder.c - fuzz target of what an encoder is: the names and shapes of a
 * checkpoint's tensors, and what is chosen for it.
 *
 * An input is lines of a name and sizes, a zero byte, and up to six bytes: how
 * many heads, height and width of images, size of resizing, filter, positions.
 * Tensors of that list are made in memory.  They give a message; or a program
 * of the sizes that it says, whose plan is checked pair by pair. */
#include "tests/fuzz/planned.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define MAX_ELEMENTS 200000u
#define MAX_TENSORS 256u

/* All tensors have these values, zeros. */
static const float values[MAX_ELEMENTS];

/* Sizes behind a name, up to the end of the line; false if they are too many
 * elements. */
static bool read_sizes(cg_array *a, const char *text)
{
    a->elements = 1;
    for (a->rank = 0; a->rank < CG_MAX_RANK; a->rank++) {
        char *end;
        unsigned long n = strtoul(text, &end, 10);
        if (end == text) {
            break;
        }
        a->shape[a->rank] = n;
        a->elements = n <= MAX_ELEMENTS ? a->elements * n : MAX_ELEMENTS + 1;
        if (a->elements > MAX_ELEMENTS) {
            return false;
        }
        text = end;
    }
    return true;
}

static bool read_tensors(cg_file *file, char *text)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *blank = strchr(line, ' ');
        if (file->array_count == MAX_TENSORS || blank == NULL) {
            return false;
        }
        *blank = '\0';
        cg_array *a = &file->arrays[file->array_count++];
        *a = (cg_array){.name = line,
                        .dtype = CG_F32,
                        .data = (const unsigned char *)values};
        if (!read_sizes(a, blank + 1)) {
            return false;
        }
    }
    qsort(file->arrays, file->array_count, sizeof *file->arrays, by_name);
    for (size_t i = 1; i < file->array_count; i++) {
        if (by_name(&file->arrays[i - 1], &file->arrays[i]) == 0) {
            return false; /* no file has a name twice */
        }
    }
    return true;
}

/* As the options of cedm-freeze: 0 is what follows from the tensors. */
static cg_options choose(const uint8_t *bytes, size_t size)
{
    static const char *const filters[] = {NULL, "bilinear", "tf1",
                                          "pytorch-fid", "clean-fid"};
    static const char *const positions[] = {NULL, "offset", "size",
                                            "antialias"};
    uint8_t b[6] = {0};
    memcpy(b, bytes, size < sizeof b ? size : sizeof b);
    return (cg_options){.encoder = {.heads = b[0],
                                    .image = {b[1], b[2]},
                                    .resize = b[3],
                                    .filter = filters[b[4] % 5],
                                    .positions = positions[b[5] % 4]}};
}

static void check_program(const cg_program *p, const cg_options *options)
{
    const cg_encoder_choice *c = &options->encoder;
    want(p->encodes);
    want(c->image[0] == 0 || p->encoder.height == c->image[0]);
    want(c->image[1] == 0 || p->encoder.width == c->image[1]);
    want(p->encoder.channels == 3 && p->encoder.features > 0);
    check_plan(p);
}

static void build(const cg_file *file, const cg_options *options)
{
    cg_error error = {{0}};
    cg_program *program = cg_build(file, options, &error);
    if (program == NULL) {
        check_message(&error);
        return;
    }
    check_program(program, options);
    cg_program_free(program);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static cg_array arrays[MAX_TENSORS];
    cg_file file = {.path = "fuzz", .arrays = arrays};
    char *text = calloc(1, size + 1);
    want(text != NULL);
    if (size > 0) {
        memcpy(text, bytes, size);
    }
    size_t length = strlen(text), at = length < size ? length + 1 : size;
    const cg_options options = choose(bytes + at, size - at);
    if (read_tensors(&file, text)) {
        build(&file, &options);
    }
    free(text);
    return 0;
}
