/* SPDX-License-Identifier: MIT
 *
 * codegen.h - from a checkpoint to a program, and from a program to C.
 *
 * This is the one header of libcedmgen.a that tools, trainer and tests
 * include.  It runs on hosts only: unlike the runtime it allocates and reads
 * files.  It never prints and never exits; every failure is `false` (or
 * NULL) and one line in cg_error:
 *
 *     file[:offset|:tensor]: what is wrong; wanted X, got Y; what to do
 *
 * (the tool puts its name in front).
 */
#ifndef CEDM_CODEGEN_H
#define CEDM_CODEGEN_H

#include <stdarg.h>
#include <stdbool.h>

#include "cedm.h"

typedef struct cg_error {
    char text[1024];
} cg_error;

/* Writes the line that a message is.  Names from hostile files may be in it:
 * what terminals obey, control bytes and U+0080 to U+009F, becomes '?'.  Of a
 * line too long for `size`, at least 16, the middle becomes " ... ": a path
 * begins it, the reason ends it. */
void cg_write_line(char *text, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* ---- files as bytes (codegen/read) ------------------------------------- */

typedef struct cg_map {
    const unsigned char *bytes;
    size_t size;  /* not 0 while open */
    void *memory; /* private: what close releases */
} cg_map;

/* What is said of a path, whoever reads it. */
#define CG_FILE_IS_EMPTY                                                     \
    "%s: the file is empty; wanted bytes, got none; get the file again"

/* Maps a regular file that is not empty, read-only.  Pages are read when they
 * are first used.  Another process that shortens the file while it is mapped
 * makes reads fault; nothing can be promised then.  False, and *map zeroed,
 * on error. */
bool cg_map_open(cg_map *map, const char *path, cg_error *error);
void cg_map_close(cg_map *map); /* a zeroed or closed one is allowed */

/* ---- checkpoints and other files of named arrays (codegen/read) -------- */

/* X(name, bytes, safetensors' word) */
/* clang-format off */
#define CG_DTYPE_LIST(X)                                                     \
    X(F64, 8, "F64") X(F32, 4, "F32") X(F16, 2, "F16") X(BF16, 2, "BF16")    \
    X(I64, 8, "I64") X(I32, 4, "I32") X(I16, 2, "I16") X(I8, 1, "I8")        \
    X(U64, 8, "U64") X(U32, 4, "U32") X(U16, 2, "U16") X(U8, 1, "U8")        \
    X(BOOL, 1, "BOOL")
/* clang-format on */

typedef enum cg_dtype {
#define CG_DTYPE_ENUM(name, bytes, word) CG_##name,
    CG_DTYPE_LIST(CG_DTYPE_ENUM)
#undef CG_DTYPE_ENUM
        CG_DTYPE_COUNT
} cg_dtype;

#define CG_MAX_RANK 8

typedef struct cg_array {
    const char *name;
    cg_dtype dtype;
    int rank;
    uint64_t shape[CG_MAX_RANK];
    uint64_t elements;
    const unsigned char *data; /* little-endian, maybe unaligned */
} cg_array;

typedef struct cg_metadata {
    const char *key, *value;
} cg_metadata;

/* A file of named arrays, memory-mapped read-only. */
typedef struct cg_file {
    const char *path;
    cg_array *arrays; /* sorted by name (strcmp) */
    size_t array_count;
    cg_metadata *metadata;
    size_t metadata_count;
    const unsigned char *bytes; /* the whole file */
    size_t size;
    void *memory; /* private: what close releases */
} cg_file;

/* Opens a file of named arrays.  Its first bytes tell the format:
 * - safetensors;
 * - a network snapshot of EDM's training (.pkl): the tensors of its `ema`,
 *   whose arguments become the metadata cedm.config; or a module alone,
 *   written as that is, without them;
 * - what torch.save writes (.pt): a state dict, maybe under "ema",
 *   "state_dict" or "model"; or one tensor or list of numbers, which is then
 *   called "tensor".  A state dict has no configuration, but texts beside it
 *   are metadata:
 *   torch.save({"ema": state_dict, "cedm.config": json}, path);
 * - what torch.jit.save writes (.pt): the tensors of an object and of those in
 *   it, by names of attributes.
 * All of the format's rules are enforced; nothing in the file is executed.
 * NULL on error. */
cg_file *cg_open(const char *path, cg_error *error);

/* The same, and of a training state of EDM (training-state-*.pt) what Adam has
 * of its network: for every trained tensor NAME the arrays exp_avg.NAME and
 * exp_avg_sq.NAME, and the array CG_ADAM_UPDATES, one number. */
#define CG_ADAM_UPDATES "adam.updates"
cg_file *cg_open_training(const char *path, cg_error *error);
void cg_close(cg_file *file); /* NULL is allowed */

/* NULL if there is none. */
const cg_array *cg_find(const cg_file *file, const char *name);
const char *cg_find_metadata(const cg_file *file, const char *key);

/* Element i of an array as a double (I64/U64 beyond 2^53 are rounded). */
double cg_element(const cg_array *array, uint64_t i);

/* SHA-256 of bytes as 64 hex digits and a zero. */
void cg_sha256(const void *bytes, size_t size, char hex[65]);

/* ---- programs ---------------------------------------------------------- */

/* How a checkpoint tensor is permuted on its way into the blob. */
typedef enum cg_layout {
    CG_LAYOUT_PLAIN,    /* as it is, row-major */
    CG_LAYOUT_CONV,     /* [O][I][k][k] -> [O][k][k][I] */
    CG_LAYOUT_QKV,      /* rows (c*3 + j) -> (j*C + c), j = q, k, v */
    CG_LAYOUT_TRANSPOSE /* [A][B] -> [B][A] */
} cg_layout;

typedef struct cg_part {
    const cg_array *array; /* NULL: `values` holds them */
    const float *values;
    const double *row_factors; /* of the array's rows, or NULL */
    uint32_t elements; /* may be the array's first rows, PLAIN and CONV */
    cg_layout layout;
} cg_part;

/* One tensor of the blob: its parts one after the other. */
typedef struct cg_param {
    const char *name; /* e.g. model.enc.32x32_conv.weight */
    cg_part *parts;
    uint32_t part_count;
    uint32_t elements;
    bool exact;         /* floats in data of any type: see cedm_tensor */
    cedm_weight offset; /* given by the planner */
} cg_param;

/* One tensor of the arena. */
typedef struct cg_tensor {
    const char *name;                 /* e.g. enc.32x32_block0.conv0 */
    uint32_t height, width, channels; /* vectors: 1, 1, channels */
    uint32_t elements;                /* per image, unrounded */
    bool f32;                         /* which segment */
    int first, last;                  /* ops that write first, read last */
    int buffer; /* index into buffers: tensors in place share one */
} cg_tensor;

/* What the planner places: a size and a life. */
typedef struct cg_buffer {
    uint32_t elements; /* rounded up to CEDM_REF_ALIGN */
    bool f32;
    int first, last;
    uint32_t offset;
} cg_buffer;

typedef enum cg_op_kind {
#define CG_OP_ENUM(name) CG_OP_##name,
    CEDM_GRAPH_OPS(CG_OP_ENUM)
#undef CG_OP_ENUM
        CG_OP_COUNT
} cg_op_kind;

/* Which part of a network an op belongs to, for pictures of the plan. */
typedef enum cg_section {
    CG_SECTION_OTHER,
    CG_SECTION_ENCODER, /* what it leaves for a decoder is a skip */
    CG_SECTION_DECODER
} cg_section;

/* One call of the generated function.  Until cg_place every cedm_ref in the
 * descriptor is an index into tensors and every cedm_weight an index into
 * params; after it they are what the runtime expects. */
typedef struct cg_op {
    cg_op_kind kind;
    union {
#define CG_OP_MEMBER(name) cedm_##name name;
        CEDM_GRAPH_OPS(CG_OP_MEMBER)
#undef CG_OP_MEMBER
    } u;
    const char *module; /* the checkpoint's path, e.g. enc.16x16_down.conv0 */
    cg_section section; /* of the network */
    bool dropout;       /* of a convolution's activated source, in training */
    uint64_t macs;      /* nominal multiply-adds of the reference network */
} cg_op;

/* The word of a kind: "conv". */
const char *cg_op_name(cg_op_kind kind);

/* Calls the function that a table has for an op. */
static inline void cg_call(const cg_op *op, const cedm_ops *ops, void *ctx)
{
    switch (op->kind) {
#define CG_CALL(name)                                                        \
    case CG_OP_##name: ops->name(ctx, &op->u.name); break;
        CEDM_GRAPH_OPS(CG_CALL)
#undef CG_CALL
    case CG_OP_COUNT: break;
    }
}

/* What the arena needs in one segment. */
typedef struct cg_plan_report {
    uint32_t elements;    /* per image, as placed */
    uint32_t lower_bound; /* largest sum of live buffers */
    uint32_t no_reuse;    /* sum of all buffers */
    const char *method;   /* which order of the portfolio won */
} cg_plan_report;

#define CG_MAX_PORTS 4

/* A network ready to be emitted or run. */
typedef struct cg_program {
    cg_op *ops;
    uint32_t op_count;
    cg_tensor *tensors;
    uint32_t tensor_count;
    cg_buffer *buffers;
    uint32_t buffer_count;
    cg_param *params;
    uint32_t param_count;
    cg_plan_report act, f32; /* of the two segments */

    uint64_t parameter_count; /* trainable ones of the checkpoint */
    uint64_t macs;            /* nominal, one image, one evaluation */
    cedm_port inputs[CG_MAX_PORTS], outputs[CG_MAX_PORTS];
    uint32_t input_count, output_count;
    cedm_denoiser denoiser; /* how the network denoises, if it does */
    bool denoises;
    cedm_encoder encoder; /* how it encodes, if it does */
    bool encodes;
    const char *config;     /* the checkpoint's JSON, verbatim */
    const char *model_type; /* the architecture, e.g. "SongUNet" */
    const double *freq;     /* images per cluster [label_dim], or NULL */
    const int64_t *ids; /* of clusters, in the data [label_dim], or NULL */
    const char *cluster_source; /* JSON of how they were made, or NULL */

    uint32_t dtype; /* of the blob's data: enum cedm_dtype */

    /* after cg_place and cg_measure */
    uint64_t data_elements;
    uint64_t layout_hash;
    uint64_t scratch_bytes, weights_bytes;

    void *memory; /* private: everything above lives here */
} cg_program;

/* One tensor that a checkpoint of some configuration must hold. */
typedef struct cg_spec {
    char *name;
    int rank;
    uint64_t shape[4];
    bool buffer; /* not trained: resample filters, Fourier frequencies */
} cg_spec;

/* The tensors of a configuration (the JSON text of cedm.config), parameters
 * in the order of the reference's modules, then buffers.  NULL on error. */
cg_spec *cg_expected(const char *config_json, size_t *count, cg_error *error);
void cg_expected_free(cg_spec *specs, size_t count);

/* How CPU backends make 3x3 convolutions. */
typedef enum cg_cpu_conv {
    CG_CPU_CONV_AUTO,    /* by Winograd's tiles where that is faster */
    CG_CPU_CONV_DIRECT,  /* smallest errors and memory */
    CG_CPU_CONV_WINOGRAD /* by tiles wherever that is possible */
} cg_cpu_conv;

/* How an encoder's images are resized: X(NAME, word).
 *   bicubic, bilinear  Pillow's, of 8-bit images [PILLOW]
 *   tf1                TensorFlow 1's bilinear: FID [FID] and EDM's measure
 *   pytorch-fid        bilinear with centred pixels [PTFID]
 *   clean-fid          Pillow's bicubic of floats [CLEANFID] */
#define CG_FILTER_LIST(X)                                                    \
    X(BICUBIC, "bicubic")                                                    \
    X(BILINEAR, "bilinear")                                                  \
    X(TF1, "tf1")                                                            \
    X(PYTORCH_FID, "pytorch-fid")                                            \
    X(CLEAN_FID, "clean-fid")

/* How a table of positions becomes one for another grid: X(NAME, word).
 *   offset     bicubic, a = -3/4, of (g + 0.1) / M: DINO and DINOv2 [DINO]
 *   size       the same of g / M: transformers
 *   antialias  a = -1/2 and widened: DINOv2 with registers, timm */
#define CG_POSITIONS_LIST(X)                                                 \
    X(OFFSET, "offset") X(SIZE, "size") X(ANTIALIAS, "antialias")

/* What is chosen for an encoder, whose checkpoint says nothing of images;
 * 0 or NULL for what follows from it. */
typedef struct cg_encoder_choice {
    uint32_t image[2];     /* height and width of the 8-bit images */
    uint32_t resize;       /* their shorter side becomes this, */
    uint32_t window;       /* and a square of this is cut from the middle */
    const char *filter;    /* of resizing: a word of CG_FILTER_LIST */
    uint32_t heads;        /* of attention [width / 64] */
    const char *positions; /* a word of CG_POSITIONS_LIST */
    double eps;            /* of layer norms */
} cg_encoder_choice;

typedef struct cg_options {
    cg_cpu_conv cpu_conv;
    uint64_t conv_memory;    /* bytes of transformed weights, 0: any number */
    enum cedm_dtype weights; /* of the blob */
    cg_encoder_choice encoder;
} cg_options;

/* Builds the fused program of a checkpoint: configuration, names and shapes
 * are checked against the architecture; missing, extra, mis-shaped and
 * non-finite tensors are errors.  The program points into the file.  It is
 * placed and measured.  No options: all zero.  NULL on error. */
cg_program *cg_build(const cg_file *checkpoint, const cg_options *options,
                     cg_error *error);
void cg_program_free(cg_program *program); /* NULL is allowed */

/* Calls the ops of a program in order: what the generated function does. */
void cg_run(const cg_program *program, const cedm_ops *ops, void *ctx);

/* ---- output (codegen/emit) --------------------------------------------- */

/* What a graph is compiled to: NAME.so for programs, NAME.wasm for pages. */
enum cg_binary { CG_SHARED, CG_WASM, CG_BINARIES };

typedef struct cg_freeze {
    const char *directory;             /* created if missing */
    const char *name;                  /* a C identifier, e.g. fashion */
    const char *binaries[CG_BINARIES]; /* NULL, or a file that becomes
                                          DIR/NAME.so, .wasm */
} cg_freeze;

/* Whether a model can be called that; else the error says why not. */
bool cg_check_model_name(const char *name, cg_error *error);

/* Writes DIR/NAME.h .c .cedm .map .svg .csv, each through a temporary file,
 * and renames them and the binaries together: on error all files are what they
 * were.  Same program, same bytes.  No two calls may write the same files at
 * one time.  False on error. */
bool cg_emit(const cg_program *program, const cg_file *checkpoint,
             const cg_freeze *freeze, cg_error *error);

/* Compiles DIR/NAME.c to DIR/NAME.so or .wasm with the C compiler `cc`, a
 * program and maybe arguments that begin its command line, parted by blanks.
 * .wasm takes clang and wasm-ld. */
bool cg_compile(const cg_freeze *freeze, enum cg_binary binary,
                const char *cc, const char *include_dir, cg_error *error);

/* ".so" or ".wasm". */
const char *cg_binary_suffix(enum cg_binary binary);

#endif
