/* SPDX-License-Identifier: MIT
 *
 * torch_stream.c - how a stream of torch.save before PyTorch 1.6 begins: a
 * file, or each storage of a snapshot. */
#include <string.h>

#include "codegen/read/torch.h"

#define VERSION 1001

/* ---- the head ----------------------------------------------------------- */

static bool check_magic(const cg_pickle *p, cg_ref ref)
{
    static const unsigned char magic[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9,
                                            0x20, 0x6a, 0xa8, 0x50, 0x19};
    const cg_node *node = &p->nodes[ref];
    return (node->kind == CG_KIND_LONG &&
            node->u.bytes.size == sizeof magic &&
            memcmp(node->u.bytes.at, magic, sizeof magic) == 0) ||
           cg_torch_bad(p, node, "magic number of the file",
                        "that of torch.save");
}

static bool is_version(const cg_pickle *p, cg_ref ref)
{
    return ref != CG_NO_REF && p->nodes[ref].kind == CG_KIND_INTEGER &&
           p->nodes[ref].u.integer == VERSION;
}

static bool check_machine(const cg_pickle *p, cg_ref ref)
{
    const cg_node *node = &p->nodes[ref];
    if (node->kind != CG_KIND_DICT ||
        !is_version(p, cg_pickle_find(p, node, "protocol_version"))) {
        return cg_torch_bad(p, node, "description of the file",
                            "version 1001");
    }
    cg_ref little = cg_pickle_find(p, node, "little_endian");
    return (little != CG_NO_REF && p->nodes[little].kind == CG_KIND_TRUTH &&
            p->nodes[little].u.integer == 1) ||
           cg_torch_bad(p, node, "byte order of the file",
                        "that of a little-endian machine");
}

bool cg_legacy_load(cg_pickle *p, const unsigned char **at,
                    const unsigned char *end, cg_ref *root)
{
    p->memo_count = p->memo_size = 0;
    return cg_pickle_load(p, at, end, root);
}

bool cg_legacy_head(cg_pickle *p, const unsigned char **at,
                    const unsigned char *end)
{
    cg_ref roots[3] = {CG_NO_REF, CG_NO_REF, CG_NO_REF};
    for (int i = 0; i < 3; i++) {
        if (!cg_legacy_load(p, at, end, &roots[i])) {
            return false;
        }
    }
    return check_magic(p, roots[0]) &&
           (is_version(p, roots[1]) ||
            cg_torch_bad(p, &p->nodes[roots[1]], "version of the file",
                         "1001")) &&
           check_machine(p, roots[2]);
}
