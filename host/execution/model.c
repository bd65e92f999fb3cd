/* SPDX-License-Identifier: MIT
 *
 * model.c - a frozen model in memory: its code, its blob, its description. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/execution/model.h"
#include "host/files/freq.h"

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* The description's counts, if it has them. */
static bool read_freq(host_model *m, host_failure *f)
{
    const cJSON *clusters = member(m->description, "clusters");
    const cJSON *list = member(clusters, "freq");
    uint32_t count =
        m->code->denoiser != NULL ? m->code->denoiser->label_dim : 0;
    if (!cJSON_IsArray(list) || count == 0) {
        return true;
    }
    m->freq = calloc(count, sizeof *m->freq);
    if (m->freq == NULL) {
        return host_fail(f, "%s: out of memory", m->label);
    }
    return host_freq_from_json(list, m->freq, count) ||
           host_fail(f,
                     "%s: the description's freq is no list of %u counts "
                     "with a sum above 0",
                     m->label, count);
}

/* A description without a sampler leaves Algorithm 2. */
static bool read_sampler(host_model *m, host_failure *f)
{
    const cJSON *sampler = member(m->description, "sampler");
    m->sampler = cedm_sampler_params_default();
    return sampler == NULL ||
           host_sampler_from_json(sampler, &m->sampler, m->label, f);
}

static bool bind_blob(host_model *m, const void *bytes, size_t size,
                      host_failure *f)
{
    cedm_status status = cedm_bind(&m->blob, m->code, bytes, size);
    if (status != CEDM_OK) {
        return host_fail(f, "%s: %s; wanted the blob frozen with model %s",
                         m->label, cedm_status_text(status), m->code->name);
    }
    m->blob_bytes = size;
    errno = 0;
    m->description =
        cJSON_ParseWithLength(m->blob.trailer, m->blob.trailer_bytes);
    if (m->description == NULL) {
        return host_fail(f, "%s: %s", m->label,
                         errno == ENOMEM ? "out of memory"
                                         : "the description is not JSON");
    }
    m->data_sha256 =
        cJSON_GetStringValue(member(m->description, "data_sha256"));
    if (m->data_sha256 == NULL) {
        return host_fail(f,
                         "%s: the description lacks data_sha256; freeze the "
                         "model again",
                         m->label);
    }
    return read_freq(m, f) && read_sampler(m, f);
}

static bool check_code(const host_model *m, const char *path, host_failure *f)
{
    const cedm_model *code = m->code;
    if (code->abi != CEDM_MODEL_ABI || code->size != sizeof(cedm_model)) {
        return host_fail(
            f,
            "%s: made for another version; wanted ABI %u, got %u; "
            "freeze it again",
            path, CEDM_MODEL_ABI, code->abi);
    }
    return true;
}

bool host_model_adopt(host_model *m, const cedm_model *code, const void *blob,
                      size_t blob_bytes, host_failure *f)
{
    memset(m, 0, sizeof *m);
    m->code = code;
    m->label = code->name;
    return check_code(m, code->name, f) && bind_blob(m, blob, blob_bytes, f);
}

/* ---- from files ------------------------------------------------------- */

static bool ends_in(const char *path, const char *suffix)
{
    size_t a = strlen(path), b = strlen(suffix);
    return a >= b && strcmp(path + a - b, suffix) == 0;
}

/* What to do with a file that is no M.so, as far as its name tells. */
static const char *advice(const char *path)
{
    static const char *const checkpoints[] = {".safetensors", ".pkl", ".pt",
                                              ".pth"};
    for (size_t i = 0; i < sizeof checkpoints / sizeof checkpoints[0]; i++) {
        if (ends_in(path, checkpoints[i])) {
            return "is a checkpoint; freeze it: cedm-freeze CHECKPOINT -o "
                   "DIR --build makes DIR/M.so";
        }
    }
    return ends_in(path, ".cedm") ? "has no M.so beside it; cedm-freeze "
                                    "CHECKPOINT -o DIR --build makes both"
           : ends_in(path, ".c") || ends_in(path, ".h")
               ? "is the source of a model; cedm-freeze CHECKPOINT -o DIR "
                 "--build compiles it to M.so"
               : "is no loadable model; wanted M.so, see cedm-freeze --build";
}

/* Opening a pipe must not wait for a writer, and dlopen would. */
static bool check_library(const char *path, const char *given,
                          host_failure *f)
{
    char magic[4] = "";
    struct stat info;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return host_fail(f, "%s: %s", given,
                         path != given ? advice(given) : strerror(errno));
    }
    bool known = fstat(fd, &info) == 0;
    int reason = errno;
    bool regular = known && S_ISREG(info.st_mode);
    bool library = regular && read(fd, magic, sizeof magic) == sizeof magic &&
                   (memcmp(magic, "\177ELF", 4) == 0 ||
                    memcmp(magic, "MZ", 2) == 0); /* of Windows */
    close(fd);
    return library ||
           host_fail(f, "%s: %s", given,
                     !known    ? strerror(reason)
                     : regular ? advice(given)
                               : "is no file; wanted a frozen model "
                                 "M.so, see cedm-freeze --build");
}

static bool open_library(host_model *m, const char *path, host_failure *f)
{
    /* Without a slash dlopen would search the system's folders. */
    size_t size = strlen(path) + 3;
    char *with_slash = malloc(size);
    if (with_slash == NULL) {
        return host_fail(f, "%s: out of memory", path);
    }
    snprintf(with_slash, size, "%s%s", strchr(path, '/') ? "" : "./", path);
    m->library = dlopen(with_slash, RTLD_NOW | RTLD_LOCAL);
    free(with_slash);
    if (m->library == NULL) {
        return host_fail(f, "%s: is no loadable model: %s", path, dlerror());
    }
    /* ISO C has no cast from an object pointer to a function pointer. */
    void *symbol = dlsym(m->library, "cedm_model_entry");
    cedm_model_entry_fn *entry = NULL;
    memcpy(&entry, &symbol, sizeof entry);
    if (entry == NULL) {
        return host_fail(f, "%s: exports no cedm_model_entry", path);
    }
    m->code = entry();
    return check_code(m, path, f);
}

/* The path with another suffix in the place of `from`, if it ends in that. */
static char *with_suffix(const char *path, const char *from, const char *to)
{
    size_t length = strlen(path) - (ends_in(path, from) ? strlen(from) : 0);
    size_t size = length + strlen(to) + 1;
    char *text = malloc(size);
    if (text != NULL) {
        snprintf(text, size, "%.*s%s", (int)length, path, to);
    }
    return text;
}

static bool load_both(host_model *m, const char *code, const char *given,
                      host_failure *f)
{
    m->blob_path = with_suffix(code, ".so", ".cedm");
    if (m->blob_path == NULL) {
        return host_fail(f, "%s: out of memory", given);
    }
    m->label = m->blob_path;
    return check_library(code, given, f) && open_library(m, code, f) &&
           host_map_open(&m->map, m->blob_path, f) &&
           bind_blob(m, m->map.bytes, m->map.size, f);
}

bool host_model_load(host_model *m, const char *path, host_failure *f)
{
    memset(m, 0, sizeof *m);
    if (!ends_in(path, ".cedm")) {
        return load_both(m, path, path, f);
    }
    char *code = with_suffix(path, ".cedm", ".so");
    bool good = code != NULL ? load_both(m, code, path, f)
                             : host_fail(f, "%s: out of memory", path);
    free(code);
    return good;
}

bool host_model_is(const host_model *m, bool encoder, host_failure *f)
{
    if (encoder) {
        return m->code->encoder != NULL ||
               host_fail(f,
                         "%s: denoises; wanted a model that encodes, as "
                         "cedm-freeze makes of a vision transformer",
                         m->label);
    }
    return m->code->denoiser != NULL ||
           host_fail(f,
                     "%s: encodes images; wanted a model that denoises, as "
                     "cedm-freeze makes of cedm-train's snapshots",
                     m->label);
}

void host_model_close(host_model *m)
{
    cJSON_Delete(m->description);
    free(m->freq);
    cg_map_close(&m->map);
    free(m->blob_path);
    if (m->library != NULL) {
        dlclose(m->library);
    }
    memset(m, 0, sizeof *m);
}

static const char *op_text(const host_model *m, uint32_t id, const char *name)
{
    const cJSON *op =
        cJSON_GetArrayItem(member(m->description, "ops"), (int)id);
    return cJSON_GetStringValue(member(op, name));
}

const char *host_model_op_module(const host_model *m, uint32_t id)
{
    return op_text(m, id, "module");
}

const char *host_model_op_kind(const host_model *m, uint32_t id)
{
    return op_text(m, id, "kind");
}
