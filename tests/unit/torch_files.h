/* SPDX-License-Identifier: MIT
 *
 * torch_files.h - writes what PyTorch and EDM's training write: snapshots,
 * state dicts, tensors, with the opcodes and in the order of the real ones,
 * from any file of named arrays.  The source text that a real snapshot holds
 * is a placeholder here. */
#ifndef CEDM_TESTS_TORCH_FILES_H
#define CEDM_TESTS_TORCH_FILES_H

#include <math.h>

#include "tests/unit/pickler.h"

#include <cjson/cJSON.h>
#include <zlib.h>

#include "codegen/codegen.h"

/* ---- tensors ----------------------------------------------------------- */

static const struct {
    cg_dtype dtype;
    unsigned width;
    const char *storage;
} storage_types[] = {
    {CG_F32, 4, "FloatStorage"},     {CG_F16, 2, "HalfStorage"},
    {CG_BF16, 2, "BFloat16Storage"}, {CG_F64, 8, "DoubleStorage"},
    {CG_I64, 8, "LongStorage"},      {CG_I32, 4, "IntStorage"}};

static unsigned storage_type(const cg_array *array)
{
    unsigned i = 0;
    while (storage_types[i].dtype != array->dtype) {
        i++;
    }
    return i;
}

/* MARK to TUPLE of the identifier of a storage. */
static void put_identifier(pickler *p, const cg_array *array, const char *key,
                           bool view)
{
    PUT(&p->frame, "(");
    put_text(p, "storage");
    put_name(p, "torch", storage_types[storage_type(array)].storage);
    put_text(p, key);
    put_text(p, "cpu");
    put_integer(p, (int64_t)array->elements);
    if (view) {
        PUT(&p->frame, "N");
    }
    put_tuple(p, 4);
}

/* What torch.save writes in its old format for a storage alone. */
static out legacy_stream(const cg_array *array)
{
    static const char key[] = "94129308460448";
    out o = {0};
    PUT(&o, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.");
    PUT(&o, "\x80\x02M\xe9\x03.");
    pickler *p = begin_pickle(false);
    put_dict(p);
    PUT(&p->frame, "(");
    put_text(p, "protocol_version");
    put_integer(p, 1001);
    put_text(p, "little_endian");
    PUT(&p->frame, "\x88");
    put_text(p, "type_sizes");
    put_dict(p);
    PUT(&p->frame, "(");
    put_text(p, "short");
    put_integer(p, 2);
    put_text(p, "int");
    put_integer(p, 4);
    put_text(p, "long");
    put_integer(p, 4);
    PUT(&p->frame, "uu");
    out part = end_pickle(p);
    put(&o, part.at, part.size);
    free(part.at);
    p = begin_pickle(false);
    put_identifier(p, array, key, true);
    PUT(&p->frame, "Q");
    part = end_pickle(p);
    put(&o, part.at, part.size);
    free(part.at);
    p = begin_pickle(false);
    PUT(&p->frame, "]");
    memoize(p);
    put_text(p, key);
    PUT(&p->frame, "a");
    part = end_pickle(p);
    put(&o, part.at, part.size);
    free(part.at);
    put_number(&o, array->elements, 8);
    put(&o, array->data,
        (size_t)array->elements * storage_types[storage_type(array)].width);
    return o;
}

/* The storage is in the pickle, or in the archive under a number. */
static void put_storage(pickler *p, const cg_array *array, bool archived)
{
    if (archived) {
        char key[16];
        (void)snprintf(key, sizeof key, "%u", p->storages++);
        put_identifier(p, array, key, false);
        PUT(&p->frame, "Q");
        return;
    }
    put_name(p, "torch.storage", "_load_from_bytes");
    out stream = legacy_stream(array);
    put_bytes(p, &stream);
    free(stream.at);
    put_tuple(p, 1);
    put_call(p);
}

static void put_sizes(pickler *p, const uint64_t *values, int count)
{
    if (count > 3) {
        PUT(&p->frame, "(");
    }
    for (int i = 0; i < count; i++) {
        put_integer(p, (int64_t)values[i]);
    }
    put_tuple(p, (unsigned)count);
}

static void put_tensor(pickler *p, const cg_array *array, bool archived)
{
    uint64_t strides[CG_MAX_RANK], step = 1;
    for (int i = array->rank; i-- > 0;) {
        strides[i] = step;
        step *= array->shape[i];
    }
    put_name(p, "torch._utils", "_rebuild_tensor_v2");
    PUT(&p->frame, "(");
    put_storage(p, array, archived);
    put_integer(p, 0);
    put_sizes(p, array->shape, array->rank);
    put_sizes(p, strides, array->rank);
    PUT(&p->frame, "\x89");
    put_ordered_dict(p);
    put_tuple(p, 4);
    put_call(p);
}

/* ---- modules ----------------------------------------------------------- */

static void put_attribute(pickler *p, const char *key, const char *opcode)
{
    put_text(p, key);
    put(&p->frame, opcode, 1);
    PUT(&p->frame, "s");
}

static bool is_buffer(const char *key)
{
    return strcmp(key, "resample_filter") == 0 || strcmp(key, "freqs") == 0;
}

/* The tensors of a module itself: those without a further dot. */
static void own_tensors(pickler *p, const cg_array *arrays, size_t count,
                        size_t prefix, bool buffers)
{
    put_text(p, buffers ? "_buffers" : "_parameters");
    put_ordered_dict(p);
    for (size_t i = 0; i < count; i++) {
        const char *key = arrays[i].name + prefix;
        if (strchr(key, '.') != NULL || is_buffer(key) != buffers) {
            continue;
        }
        put_text(p, key);
        if (buffers) {
            put_tensor(p, &arrays[i], false);
        } else {
            assert_true(p->parameter_count < TEXTS);
            p->parameters[p->parameter_count++] = &arrays[i];
            put_name(p, "torch._utils", "_rebuild_parameter");
            put_tensor(p, &arrays[i], false);
            PUT(&p->frame, "\x89");
            put_ordered_dict(p);
            put_tuple(p, 3);
            put_call(p);
        }
        PUT(&p->frame, "s");
    }
    PUT(&p->frame, "s");
}

static void put_json(pickler *p, const cJSON *value)
{
    if (cJSON_IsString(value)) {
        put_text(p, value->valuestring);
    } else if (cJSON_IsArray(value)) {
        const cJSON *item;
        PUT(&p->frame, "]");
        memoize(p);
        bool one = cJSON_GetArraySize(value) == 1;
        put(&p->frame, "(", one ? 0 : 1);
        cJSON_ArrayForEach(item, value)
        {
            put_json(p, item);
        }
        put(&p->frame, one ? "a" : "e", 1);
    } else if (cJSON_IsBool(value)) {
        put(&p->frame, cJSON_IsTrue(value) ? "\x88" : "\x89", 1);
    } else if (value->valuedouble == (double)value->valueint) {
        put_integer(p, value->valueint);
    } else {
        put_real(p, value->valuedouble);
    }
}

/* A numpy float64. */
static void put_scalar(pickler *p, double value)
{
    out raw = {0};
    put(&raw, &value, sizeof value);
    put_name(p, "numpy.core.multiarray", "scalar");
    put_name(p, "numpy", "dtype");
    put_text(p, "f8");
    PUT(&p->frame, "\x89\x88");
    put_tuple(p, 3);
    put_call(p);
    PUT(&p->frame, "(K\x03");
    put_text(p, "<");
    PUT(&p->frame, "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t");
    memoize(p);
    PUT(&p->frame, "b");
    put_bytes(p, &raw);
    free(raw.at);
    put_tuple(p, 2);
    put_call(p);
}

/* The network's attributes, or the model's arguments, from its JSON. */
static void put_arguments(pickler *p, const cJSON *config, bool network)
{
    static const char *const sizes_of[] = {"img_resolution", "img_channels",
                                           "label_dim"};
    if (network) {
        for (size_t i = 0; i < 3; i++) {
            put_text(p, sizes_of[i]);
            put_json(p, cJSON_GetObjectItem(config, sizes_of[i]));
            PUT(&p->frame, "s");
        }
        put_attribute(p, "use_fp16", "\x89");
        put_text(p, "sigma_min");
        put_integer(p, 0);
        PUT(&p->frame, "s");
        put_text(p, "sigma_max");
        put_real(p, (double)INFINITY);
        PUT(&p->frame, "s");
        put_text(p, "sigma_data");
        put_scalar(p, 0.5);
        PUT(&p->frame, "s");
        put_text(p, "pseudo_n");
        put_integer(p, 0);
        PUT(&p->frame, "s");
        return;
    }
    put_text(p, "in_channels");
    put_json(p, cJSON_GetObjectItem(config, "img_channels"));
    PUT(&p->frame, "s");
    for (const cJSON *item = config->child; item != NULL; item = item->next) {
        if (strcmp(item->string, "img_channels") != 0 &&
            strcmp(item->string, "model_type") != 0 &&
            strcmp(item->string, "precond") != 0) {
            put_text(p, item->string);
            put_json(p, item);
            PUT(&p->frame, "s");
        }
    }
}

/* Long, as the real one, which must never be looked at. */
static const char source_text[] =
    "import os\n"
    "# In place of a network's source: what reads a snapshot must not run\n"
    "# this text, nor look at it.  It is long enough to be written like a\n"
    "# long string, and it stands in the file once: every further module\n"
    "# of the network fetches it from the memo.\n"
    "os.abort()\n";

static void put_module(pickler *p, const cg_array *arrays, size_t count,
                       size_t prefix, const char *key, const cJSON *config);

static void inner_modules(pickler *p, const cg_array *arrays, size_t count,
                          size_t prefix, const cJSON *config)
{
    put_text(p, "_modules");
    put_ordered_dict(p);
    for (size_t i = 0, next; i < count; i = next) {
        const char *key = arrays[i].name + prefix;
        const char *dot = strchr(key, '.');
        char child[64];
        next = i + 1;
        if (dot == NULL) {
            continue;
        }
        size_t length = (size_t)(dot - key) + 1;
        while (next < count &&
               strncmp(arrays[next].name + prefix, key, length) == 0) {
            next++;
        }
        (void)snprintf(child, sizeof child, "%.*s", (int)length - 1, key);
        put_text(p, child);
        put_module(p, arrays + i, next - i, prefix + length, child, config);
        PUT(&p->frame, "s");
    }
    PUT(&p->frame, "s");
}

/* A module's __dict__, in the order of PyTorch 1.13. */
static void put_state(pickler *p, const cg_array *arrays, size_t count,
                      size_t prefix, const char *key, const cJSON *config)
{
    static const char *const hooks[] = {
        "_forward_hooks", "_forward_pre_hooks", "_state_dict_hooks",
        "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks"};
    bool network = *key == '\0', model = strcmp(key, "model") == 0;
    put_dict(p);
    put_attribute(p, "training", "\x89");
    own_tensors(p, arrays, count, prefix, false);
    own_tensors(p, arrays, count, prefix, true);
    put_text(p, "_non_persistent_buffers_set");
    PUT(&p->frame, "\x8f");
    memoize(p);
    PUT(&p->frame, "s");
    put_attribute(p, "_is_full_backward_hook", "N");
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
        put_text(p, hooks[i]);
        put_ordered_dict(p);
        PUT(&p->frame, "s");
    }
    inner_modules(p, arrays, count, prefix, config);
    if (network) {
        put_arguments(p, config, true);
    }
    if (strcmp(key, "enc") == 0 || strcmp(key, "dec") == 0) {
        return;
    }
    put_text(p, "skip_scale");
    put_scalar(p, 0.70710678118654757);
    PUT(&p->frame, "s");
    put_attribute(p, "_init_args", ")");
    put_text(p, "_init_kwargs");
    put_dict(p);
    if (model) {
        put_arguments(p, config, false);
    }
    PUT(&p->frame, "s");
}

/* Those of the network and of its model are in the configuration. */
static const char *class_of(const char *key, const cJSON *config)
{
    const char *argument = *key == '\0'                ? "precond"
                           : strcmp(key, "model") == 0 ? "model_type"
                                                       : "";
    const cJSON *value = cJSON_GetObjectItem(config, argument);
    return value == NULL ? "Layer" : value->valuestring;
}

static void put_module(pickler *p, const cg_array *arrays, size_t count,
                       size_t prefix, const char *key, const cJSON *config)
{
    if (strcmp(key, "enc") == 0 || strcmp(key, "dec") == 0) {
        put_name(p, "torch.nn.modules.container", "ModuleDict");
        PUT(&p->frame, ")\x81");
        memoize(p);
        put_state(p, arrays, count, prefix, key, config);
        PUT(&p->frame, "b");
        return;
    }
    put_name(p, "torch_utils.persistence", "_reconstruct_persistent_obj");
    put_dict(p);
    PUT(&p->frame, "(");
    put_text(p, "type");
    put_text(p, "class");
    put_text(p, "version");
    put_integer(p, 6);
    put_text(p, "module_src");
    put_text(p, source_text);
    put_text(p, "class_name");
    put_text(p, class_of(key, config));
    put_text(p, "state");
    put_state(p, arrays, count, prefix, key, config);
    PUT(&p->frame, "u");
    put_tuple(p, 1);
    put_call(p);
}

/* {ema, augment_pipe, dataset_kwargs} as training writes it. */
static inline out snapshot(const cg_array *arrays, size_t count,
                           const char *config_json)
{
    cJSON *config = cJSON_Parse(config_json);
    assert_non_null(config);
    pickler *p = begin_pickle(true);
    put_dict(p);
    PUT(&p->frame, "(");
    put_text(p, "ema");
    put_module(p, arrays, count, 0, "", config);
    put_text(p, "augment_pipe");
    PUT(&p->frame, "N");
    put_text(p, "dataset_kwargs");
    put_dict(p);
    put_attribute(p, "use_labels", "\x88");
    PUT(&p->frame, "u");
    cJSON_Delete(config);
    return end_pickle(p);
}

/* ---- archives ---------------------------------------------------------- */

typedef struct zip_writer {
    out all, directory;
    unsigned count;
} zip_writer;

/* A stored entry whose data begins at a multiple of 64 bytes. */
static void zip_add(zip_writer *z, const char *entry, const void *content,
                    size_t size)
{
    size_t begin = z->all.size, length = strlen(entry);
    size_t pad = (64 - (begin + 30 + length + 4) % 64) % 64;
    uint32_t crc = (uint32_t)crc32(0, content, (uInt)size);
    out head = {0};
    put_number(&head, 0, 2 + 2);       /* flags, method */
    put_number(&head, 0x21u << 16, 4); /* 1980-01-01 */
    put_number(&head, crc, 4);
    put_number(&head, size, 4);
    put_number(&head, size, 4);
    put_number(&head, length, 2);
    PUT(&z->all, "PK\3\4\0\0");
    put(&z->all, head.at, head.size);
    put_number(&z->all, pad + 4, 2);
    put(&z->all, entry, length);
    PUT(&z->all, "FB");
    put_number(&z->all, pad, 2);
    for (size_t i = 0; i < pad; i++) {
        PUT(&z->all, "Z");
    }
    put(&z->all, content, size);
    PUT(&z->directory, "PK\1\2\0\0\0\0");
    put(&z->directory, head.at, head.size);
    put_number(&z->directory, 0, 2 + 2 + 2 + 2); /* extra ... attributes */
    put_number(&z->directory, 0, 4);
    put_number(&z->directory, begin, 4);
    put(&z->directory, entry, length);
    free(head.at);
    z->count++;
}

static out zip_end(zip_writer *z)
{
    size_t begin = z->all.size;
    put(&z->all, z->directory.at, z->directory.size);
    PUT(&z->all, "PK\5\6\0\0\0\0");
    put_number(&z->all, z->count, 2);
    put_number(&z->all, z->count, 2);
    put_number(&z->all, z->directory.size, 4);
    put_number(&z->all, begin, 4);
    PUT(&z->all, "\0\0");
    free(z->directory.at);
    return z->all;
}

/* The archive of a pickle and its storages, in order. */
static out archive(const out *pickle, const cg_array *arrays, size_t count)
{
    zip_writer z = {0};
    zip_add(&z, "archive/data.pkl", pickle->at, pickle->size);
    for (size_t i = 0; i < count; i++) {
        char entry[40];
        (void)snprintf(entry, sizeof entry, "archive/data/%zu", i);
        zip_add(&z, entry, arrays[i].data,
                (size_t)arrays[i].elements *
                    storage_types[storage_type(&arrays[i])].width);
    }
    zip_add(&z, "archive/version", "3\n", 2);
    return zip_end(&z);
}

/* ---- TorchScript ------------------------------------------------------- */

/* An object of a class of the archive; its attributes follow, each a name and
 * a value, and end_object. */
static inline void begin_object(pickler *p, const char *module,
                                const char *class_name)
{
    put_name(p, module, class_name);
    PUT(&p->frame, ")\x81}(");
}

static inline void end_object(pickler *p)
{
    PUT(&p->frame, "ub");
    memoize(p);
}

/* A state dict under a key (or as the root, NULL), with its configuration
 * beside it if there is one. */
static inline out state_dict(const cg_array *arrays, size_t count,
                             const char *key, const char *config_json)
{
    pickler *p = begin_pickle(false);
    if (key != NULL) {
        put_dict(p);
        PUT(&p->frame, "(");
        put_text(p, key);
    }
    put_ordered_dict(p);
    PUT(&p->frame, "(");
    for (size_t i = 0; i < count; i++) {
        put_text(p, arrays[i].name);
        put_tensor(p, &arrays[i], true);
    }
    PUT(&p->frame, "u");
    /* the attributes of a state dict */
    put_dict(p);
    put_text(p, "_metadata");
    put_ordered_dict(p);
    PUT(&p->frame, "sb");
    if (config_json != NULL) {
        put_text(p, "cedm.config");
        put_text(p, config_json);
    }
    if (key != NULL) {
        PUT(&p->frame, "u");
    }
    out pickle = end_pickle(p), all = archive(&pickle, arrays, count);
    free(pickle.at);
    return all;
}

#endif
