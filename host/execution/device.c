/* SPDX-License-Identifier: MIT
 *
 * device.c - what computes, and the CUDA library.
 *
 * The driver is looked for first: where there is none, the library, which
 * brings cuBLAS along, need not be opened to find that out. */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/execution/device.h"

/* ---- options ----------------------------------------------------------- */

static bool parse_list(const host_args *a, const char *text,
                       host_device_choice *out, host_failure *f)
{
    host_args_list list;
    host_failure unused;
    if (!host_args_list_parse(a->name, text, &list, &unused)) {
        return host_bad_usage(
            f,
            "--%s: wanted auto, cpu, cuda, cuda:all or a list "
            "such as cuda:0,1, got '%s'",
            a->name, a->value);
    }
    bool good = list.count <= HOST_DEVICE_MAX &&
                host_args_list_max(&list) <= UINT16_MAX;
    for (uint64_t i = 0; good && i < list.count; i++) {
        out->index[out->count++] = (uint32_t)host_args_list_at(&list, i);
    }
    host_args_list_free(&list);
    return good ||
           host_bad_usage(f, "--%s: wanted at most %u devices, got '%s'",
                          a->name, HOST_DEVICE_MAX, a->value);
}

bool host_device_parse(const host_args *a, host_device_choice *out,
                       host_failure *f)
{
    static const char *const words[] = {"auto", "cpu", "cuda", "cuda:all"};
    static const host_device_choice choices[] = {
        {.kind = HOST_DEVICE_AUTO},
        {.kind = HOST_DEVICE_CPU},
        {.kind = HOST_DEVICE_CUDA},
        {.kind = HOST_DEVICE_CUDA, .all = true},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(a->value, words[i]) == 0) {
            *out = choices[i];
            return true;
        }
    }
    *out = choices[2];
    const char *list = strncmp(a->value, "cuda:", 5) == 0 ? a->value + 5 : "";
    return parse_list(a, list, out, f);
}

bool host_device_parse_one(const host_args *a, host_device_choice *out,
                           host_failure *f)
{
    return host_device_parse(a, out, f) &&
           ((out->count <= 1 && !out->all) ||
            host_bad_usage(f, "--%s: wanted one, got '%s'", a->name,
                           a->value));
}

static const char *const precisions[] = {"fp16", "bf16", "fp32", "auto",
                                         NULL};
_Static_assert(CEDM_CUDA_FP16 == 0 && CEDM_CUDA_BF16 == 1 &&
                   CEDM_CUDA_FP32 == 2 && CEDM_CUDA_PRECISIONS == 3,
               "the words stand in the order of the enumeration");

bool host_precision_parse(const host_args *a, int *out, host_failure *f)
{
    if (!host_args_word(a, precisions, out, f)) {
        return false;
    }
    *out = *out == CEDM_CUDA_PRECISIONS ? HOST_PRECISION_AUTO : *out;
    return true;
}

const char *host_precision_name(enum cedm_cuda_precision precision)
{
    return precisions[precision];
}

/* ---- the library ------------------------------------------------------- */

#define FILE_OF(number) "libcedm_cuda.so." #number
#define FILE_OF_ABI(abi) FILE_OF(abi) /* with the macro's value */
#define CUDA_FILE FILE_OF_ABI(CEDM_CUDA_ABI)

static const char *file_of(const host_cuda_library *l)
{
    return l->file != NULL ? l->file : CUDA_FILE;
}

/* PREFIX/bin/cedm-gen has PREFIX/lib/CUDA_FILE. */
static void *open_beside(const char *file)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path);
    char *slash = NULL;
    for (int up = 0; up < 2; up++) {
        if (length <= 0 || length >= (ssize_t)sizeof path) {
            return NULL;
        }
        path[length] = '\0';
        slash = strrchr(path, '/');
        length = slash != NULL ? slash - path : 0;
    }
    size_t room = sizeof path - (size_t)length;
    if (slash == NULL ||
        (size_t)snprintf(slash, room, "/lib/%s", file) >= room) {
        return NULL;
    }
    /* A library that is there and does not open is not passed over. */
    return access(path, F_OK) == 0 ? dlopen(path, RTLD_NOW | RTLD_LOCAL)
                                   : NULL;
}

static bool find_driver(const char *asked, host_failure *f)
{
    void *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (driver == NULL) {
        return host_fail(f, "%s: there is no NVIDIA driver here: %s", asked,
                         dlerror());
    }
    dlclose(driver);
    return true;
}

static bool find_devices(host_cuda_library *l, const char *asked,
                         host_failure *f)
{
    cedm_status status = l->api->devices(&l->devices);
    switch ((int)status) {
    case CEDM_OK: return true;
    case CEDM_E_DEVICE:
        return host_fail(f, "%s: there is no GPU here", asked);
    case CEDM_E_DRIVER:
        return host_fail(
            f,
            "%s: the NVIDIA driver is older than %s; wanted a newer "
            "driver, or a build with its CUDA",
            asked, file_of(l));
    default:
        return host_fail(f, "%s: devices cannot be counted: %s", asked,
                         cedm_status_text(status));
    }
}

bool host_cuda_library_take(host_cuda_library *l, const char *asked,
                            host_failure *f)
{
    void *symbol = dlsym(l->handle, "cedm_cuda_entry");
    cedm_cuda_entry_fn *entry;
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no such conversion */
    const cedm_cuda_api *api = symbol != NULL ? entry() : NULL;
    if (api == NULL || api->abi != CEDM_CUDA_ABI ||
        api->size != sizeof *api || strcmp(api->version, CEDM_VERSION) != 0) {
        return host_fail(f,
                         "%s: %s is of another version; wanted " CEDM_VERSION
                         " with ABI %d",
                         asked, file_of(l), CEDM_CUDA_ABI);
    }
    l->api = api;
    return true;
}

static bool load(host_cuda_library *l, const char *asked, host_failure *f)
{
    l->handle = open_beside(file_of(l));
    if (l->handle == NULL) {
        l->handle = dlopen(file_of(l), RTLD_NOW | RTLD_LOCAL);
    }
    if (l->handle == NULL) {
        return host_fail(
            f, "%s: %s; `make` builds the library where it finds nvcc", asked,
            dlerror());
    }
    return host_cuda_library_take(l, asked, f) && find_devices(l, asked, f);
}

bool host_cuda_library_open(host_cuda_library *l, const char *asked,
                            host_failure *f)
{
    *l = (host_cuda_library){.file = l->file};
    if (find_driver(asked, f) && load(l, asked, f)) {
        return true;
    }
    host_cuda_library_close(l);
    return false;
}

void host_cuda_library_close(host_cuda_library *l)
{
    if (l->handle != NULL) {
        dlclose(l->handle);
    }
    *l = (host_cuda_library){.file = l->file};
}

/* ---- choosing ---------------------------------------------------------- */

static bool check_list(const host_device_choice *choice,
                       const host_cuda_library *l, host_failure *f)
{
    for (uint32_t i = 0; i < choice->count; i++) {
        if (choice->index[i] >= l->devices) {
            return host_fail(f, "--device cuda:%u: wanted 0 to %u, got %u",
                             choice->index[i], l->devices - 1,
                             choice->index[i]);
        }
    }
    return true;
}

static bool choose_cuda(host_device_choice *choice, uint32_t rank,
                        host_cuda_library *l, host_failure *f)
{
    if (!host_cuda_library_open(l, "--device cuda", f)) {
        return false;
    }
    if (choice->all) {
        choice->count =
            l->devices < HOST_DEVICE_MAX ? l->devices : HOST_DEVICE_MAX;
        for (uint32_t i = 0; i < choice->count; i++) {
            choice->index[i] = i;
        }
    } else if (choice->count == 0) {
        choice->count = 1;
        choice->index[0] = rank % l->devices;
    }
    return check_list(choice, l, f);
}

bool host_device_choose(host_device_choice *choice, int precision,
                        uint32_t rank, host_cuda_library *l, host_failure *f)
{
    bool half = precision == CEDM_CUDA_FP16 || precision == CEDM_CUDA_BF16;
    cedm_cuda_device device;
    if (choice->kind == HOST_DEVICE_CUDA) {
        return choose_cuda(choice, rank, l, f);
    }
    if (choice->kind == HOST_DEVICE_CPU) {
        return !half ||
               host_bad_usage(f,
                              "--precision %s: a CPU computes in fp32; "
                              "wanted auto or fp32",
                              precisions[precision]);
    }
    host_failure none;
    if (host_cuda_library_open(l, "no GPU", &none)) {
        uint32_t index = rank % l->devices;
        if (half || l->api->describe(index, &device) == CEDM_OK) {
            *choice = (host_device_choice){
                .kind = HOST_DEVICE_CUDA, .count = 1, .index = {index}};
            return true;
        }
        host_cuda_library_close(l);
    }
    choice->kind = HOST_DEVICE_CPU;
    return !half || host_fail(f,
                              "--precision %s: a CPU computes in fp32; "
                              "wanted auto or fp32 (%s)",
                              precisions[precision], none.text);
}

/* ---- a device ---------------------------------------------------------- */

bool host_device_failed(uint32_t index, const char *what, cedm_status status,
                        const cedm_cuda_fault *fault, host_failure *f)
{
    if (status == CEDM_E_CUDA && fault->call != NULL) {
        return host_fail(f, "cuda:%u: %s: %s", index, fault->call,
                         fault->text);
    }
    return host_fail(f, "cuda:%u: %s: %s", index, what,
                     cedm_status_text(status));
}

bool host_device_describe(const host_cuda_library *l, uint32_t index,
                          cedm_cuda_device *out, host_failure *f)
{
    static const cedm_cuda_fault none;
    cedm_status status = l->api->describe(index, out);
    if (status == CEDM_E_DEVICE && out->arch > 0) {
        return host_fail(
            f,
            "cuda:%u: %s has compute capability %u.%u; wanted 8.0 "
            "or later",
            index, out->name, out->arch / 10, out->arch % 10);
    }
    return status == CEDM_OK ||
           host_device_failed(index, "device", status, &none, f);
}

bool host_device_is_full(uint32_t index, const cedm_cuda_device *device,
                         uint64_t wanted, const char *option, host_failure *f)
{
    return host_fail(f,
                     "cuda:%u: %s has %" PRIu64 " of %" PRIu64
                     " bytes free; wanted %" PRIu64 "; use a smaller --%s",
                     index, device->name, device->free_bytes,
                     device->total_bytes, wanted, option);
}
