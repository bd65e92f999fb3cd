/* SPDX-License-Identifier: MIT
 *
 * pickle_names.c - the names a pickle may hold, and what their calls mean.
 *
 * This is a list of what is allowed, not of what is dangerous: a list of the
 * latter is never complete.  Meaning is given by the readers of nodes; here
 * is only decided whether a call has a meaning at all. */
#include <string.h>

#include "codegen/read/pickle.h"

typedef struct allowed {
    const char *module, *name;
    uint8_t callable, dtype;
} allowed;

static const allowed names[] = {
    {"torch_utils.persistence", "_reconstruct_persistent_obj",
     CG_CALL_PERSISTENT_OBJECT, 0},
    {"torch.nn.modules.container", "ModuleDict", CG_CALL_MODULE_DICT, 0},
    {"torch._utils", "_rebuild_parameter", CG_CALL_PARAMETER, 0},
    {"torch._utils", "_rebuild_tensor", CG_CALL_TENSOR, 0},
    {"torch._utils", "_rebuild_tensor_v2", CG_CALL_TENSOR, 0},
    {"torch._utils", "_rebuild_tensor_v3", CG_CALL_TENSOR_TYPED, 0},
    {"torch.storage", "_load_from_bytes", CG_CALL_LOAD_STORAGE, 0},
    {"torch", "FloatStorage", CG_CALL_STORAGE, CG_F32},
    {"torch", "HalfStorage", CG_CALL_STORAGE, CG_F16},
    {"torch", "BFloat16Storage", CG_CALL_STORAGE, CG_BF16},
    {"torch", "DoubleStorage", CG_CALL_STORAGE, CG_F64},
    {"torch", "LongStorage", CG_CALL_STORAGE, CG_I64},
    {"torch", "IntStorage", CG_CALL_STORAGE, CG_I32},
    {"torch", "ShortStorage", CG_CALL_STORAGE, CG_I16},
    {"torch", "CharStorage", CG_CALL_STORAGE, CG_I8},
    {"torch", "ByteStorage", CG_CALL_STORAGE, CG_U8},
    {"torch", "BoolStorage", CG_CALL_STORAGE, CG_BOOL},
    {"torch.storage", "UntypedStorage", CG_CALL_STORAGE, CG_U8},
    {"torch", "uint16", CG_CALL_TORCH_DTYPE, CG_U16},
    {"torch", "uint32", CG_CALL_TORCH_DTYPE, CG_U32},
    {"torch", "uint64", CG_CALL_TORCH_DTYPE, CG_U64},
    {"collections", "OrderedDict", CG_CALL_ORDERED_DICT, 0},
    {"__builtin__", "set", CG_CALL_SET, 0},
    {"builtins", "set", CG_CALL_SET, 0},
    {"numpy.core.multiarray", "scalar", CG_CALL_SCALAR, 0},
    {"numpy._core.multiarray", "scalar", CG_CALL_SCALAR, 0},
    {"numpy", "dtype", CG_CALL_DTYPE, 0},
    {"numpy", "ndarray", CG_CALL_NDARRAY, 0},
    {"numpy.core.multiarray", "_reconstruct", CG_CALL_ARRAY, 0},
    {"numpy._core.multiarray", "_reconstruct", CG_CALL_ARRAY, 0},
    {"sklearn.cluster._kmeans", "KMeans", CG_CALL_KMEANS, 0},
    {"sklearn.cluster.k_means_", "KMeans", CG_CALL_KMEANS, 0},
    {"argparse", "Namespace", CG_CALL_NAMESPACE, 0},
    {"torch.jit._pickle", "restore_type_tag", CG_CALL_SCRIPT_LIST, 0},
    {"torch.jit._pickle", "build_intlist", CG_CALL_SCRIPT_LIST, 0},
    {"torch.jit._pickle", "build_doublelist", CG_CALL_SCRIPT_LIST, 0},
    {"torch.jit._pickle", "build_boollist", CG_CALL_SCRIPT_LIST, 0},
    {"torch.jit._pickle", "build_tensorlist", CG_CALL_SCRIPT_LIST, 0},
    {"_codecs", "encode", CG_CALL_ENCODE, 0}};

/* Classes that a TorchScript archive defines have this before their names;
 * they are not looked for anywhere. */
static bool is_script(const cg_node *module)
{
    static const char root[] = "__torch__";
    size_t length = sizeof root - 1, size = module->u.bytes.size;
    return size >= length && memcmp(module->u.bytes.at, root, length) == 0 &&
           (size == length || module->u.bytes.at[length] == '.');
}

/* What the name means; NULL if nothing. */
static const allowed *find(const cg_node *module, const cg_node *name)
{
    static const allowed script = {NULL, NULL, CG_CALL_SCRIPT, 0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (cg_pickle_is_text(module, names[i].module) &&
            cg_pickle_is_text(name, names[i].name)) {
            return &names[i];
        }
    }
    return is_script(module) ? &script : NULL;
}

cg_ref cg_pickle_name(cg_pickle *p, const cg_node *module,
                      const cg_node *name)
{
    char in[64], what[64];
    const allowed *found = find(module, name);
    if (found != NULL) {
        cg_ref ref = cg_pickle_node(p, CG_KIND_NAME);
        if (ref != CG_NO_REF) {
            p->nodes[ref].callable = found->callable;
            p->nodes[ref].dtype = found->dtype;
        }
        return ref;
    }
    (void)cg_pickle_fail(
        p, cg_pickle_offset(p),
        "the pickle names %s.%s, which is not known here and may run code; "
        "wanted only what weights and numbers need, got that; save the "
        "tensors alone, and load this file with Python only if you trust "
        "where it is from",
        cg_pickle_quote(in, module->u.bytes.at, module->u.bytes.size),
        cg_pickle_quote(what, name->u.bytes.at, name->u.bytes.size));
    return CG_NO_REF;
}

/* How a callable may be called: not at all, by REDUCE or by NEWOBJ. */
static bool callable_so(uint8_t callable, bool new_object)
{
    if (callable == CG_CALL_STORAGE || callable == CG_CALL_NDARRAY ||
        callable == CG_CALL_TORCH_DTYPE) {
        return false;
    }
    return new_object ==
           (callable == CG_CALL_MODULE_DICT || callable == CG_CALL_KMEANS ||
            callable == CG_CALL_NAMESPACE || callable == CG_CALL_SCRIPT);
}

cg_ref cg_pickle_call(cg_pickle *p, cg_ref callable, cg_ref arguments,
                      bool new_object)
{
    cg_node name = p->nodes[callable], list = p->nodes[arguments];
    const char *opcode = new_object ? "NEWOBJ" : "REDUCE";
    if (name.kind != CG_KIND_NAME ||
        !callable_so(name.callable, new_object)) {
        (void)cg_pickle_fail(p, cg_pickle_offset(p),
                             "%s of what is not called so; wanted a function "
                             "or class that weights need, got %s; do not "
                             "trust this file",
                             opcode, cg_kind_words(&name));
        return CG_NO_REF;
    }
    bool empty = name.callable == CG_CALL_ORDERED_DICT ||
                 name.callable == CG_CALL_MODULE_DICT ||
                 name.callable == CG_CALL_KMEANS ||
                 name.callable == CG_CALL_NAMESPACE ||
                 name.callable == CG_CALL_SCRIPT;
    if (list.kind != CG_KIND_TUPLE || (empty && list.count > 0)) {
        (void)cg_pickle_fail(p, cg_pickle_offset(p),
                             "%s with unusable arguments; wanted %s, got %s; "
                             "get the file again",
                             opcode, empty ? "an empty tuple" : "a tuple",
                             cg_kind_words(&list));
        return CG_NO_REF;
    }
    if (name.callable == CG_CALL_ORDERED_DICT) {
        cg_ref dict = cg_pickle_node(p, CG_KIND_DICT);
        if (dict != CG_NO_REF) {
            p->nodes[dict].callable = CG_CALL_ORDERED_DICT;
        }
        return dict;
    }
    cg_ref ref = cg_pickle_node(p, CG_KIND_CALL);
    if (ref != CG_NO_REF) {
        cg_node *node = &p->nodes[ref];
        node->callable = name.callable;
        node->u.call.arguments = arguments;
        node->u.call.state = CG_NO_REF;
    }
    return ref;
}

bool cg_pickle_build(cg_pickle *p, cg_ref object, cg_ref state)
{
    cg_node *node = &p->nodes[object];
    /* the attributes of a state dict: versions of its modules */
    if (node->kind == CG_KIND_DICT &&
        node->callable == CG_CALL_ORDERED_DICT) {
        return true;
    }
    if (!(cg_pickle_is_call(node, CG_CALL_MODULE_DICT) ||
          cg_pickle_is_call(node, CG_CALL_DTYPE) ||
          cg_pickle_is_call(node, CG_CALL_ARRAY) ||
          cg_pickle_is_call(node, CG_CALL_NAMESPACE) ||
          cg_pickle_is_call(node, CG_CALL_SCRIPT) ||
          cg_pickle_is_call(node, CG_CALL_KMEANS)) ||
        node->u.call.state != CG_NO_REF) {
        return cg_pickle_fail(p, cg_pickle_offset(p),
                              "BUILD of what has no state to set; wanted a "
                              "new ModuleDict, dtype or array, got %s; get "
                              "the file again",
                              cg_kind_words(node));
    }
    node->u.call.state = state;
    return true;
}
