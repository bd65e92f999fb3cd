/* SPDX-License-Identifier: MIT
 *
 * warpgroup.cpp - barriers, copies and products of compute capability 9.0,
 * from the sections "mbarrier", "cp.async.bulk.tensor" and "wgmma" of the PTX
 * ISA. */
#include "tests/emulate/warpgroup.h"

#include <cstring>
#include <map>
#include <vector>

#include "runtime/cuda/ptx.cuh"

#define WARPS_MAX 32
#define GROUPS_MAX 16 /* numbered barriers */
#define BYTES_MAX ((1 << 20) - 1)
#define MARK 0x2a5au

/* ---- barriers ---------------------------------------------------------- */

/* What the 64 bits of a barrier hold. */
struct barrier_bits {
    uint64_t count : 12, pending : 12;
    int64_t bytes : 24;
    uint64_t phase : 1, mark : 15;
};

static bool barriers_known; /* to copies */

static barrier_bits read_barrier(const emulate_barrier *b)
{
    barrier_bits bits;

    emulate_check_shared(b, sizeof *b, sizeof *b);
    memcpy(&bits, b, sizeof bits);
    if (bits.mark != MARK) {
        emulate_stop("a barrier that was not initialised");
    }
    return bits;
}

/* A phase ends when all have arrived and all bytes are there: then returns
 * true. */
static bool write_barrier(emulate_barrier *b, barrier_bits bits)
{
    bool ends = bits.pending == 0 && bits.bytes == 0;

    if (ends) {
        bits.phase ^= 1;
        bits.pending = bits.count;
    }
    memcpy(b, &bits, sizeof bits);
    return ends;
}

void emulate_barrier_init(emulate_barrier *b, uint32_t count)
{
    barrier_bits bits = {};

    emulate_check_shared(b, sizeof *b, sizeof *b);
    bits.count = bits.pending = count;
    bits.mark = MARK;
    memcpy(b, &bits, sizeof bits);
    barriers_known = false;
}

void emulate_barrier_init_done()
{
    barriers_known = true;
}

void emulate_barrier_arrive(emulate_barrier *b)
{
    barrier_bits bits = read_barrier(b);

    if (bits.pending == 0) {
        emulate_stop("arrives at a barrier where all have arrived");
    }
    bits.pending--;
    if (write_barrier(b, bits)) {
        emulate_pause(); /* who waited may be faster than who arrived */
    }
}

void emulate_barrier_expect(emulate_barrier *b, uint32_t bytes)
{
    barrier_bits bits = read_barrier(b);

    if (bytes > BYTES_MAX || bits.bytes + bytes > BYTES_MAX) {
        emulate_stop("more bytes than a barrier counts");
    }
    bits.bytes += bytes;
    memcpy(b, &bits, sizeof bits);
    emulate_barrier_arrive(b);
}

struct phase_end {
    const emulate_barrier *b;
    uint32_t parity;
};

void emulate_barrier_wait(emulate_barrier *b, uint32_t parity)
{
    phase_end end = {b, parity};

    emulate_wait(
        [](const void *arg) {
            const phase_end *e = static_cast<const phase_end *>(arg);

            return read_barrier(e->b).phase != e->parity;
        },
        &end);
}

struct group_barrier {
    unsigned arrived, threads, turn;
};

struct turn_end {
    const group_barrier *barrier;
    unsigned turn;
};

static group_barrier groups[GROUPS_MAX];

void emulate_group_barrier(unsigned number, unsigned threads)
{
    group_barrier *g = &groups[number];
    turn_end end = {g, g->turn};

    if (g->arrived != 0 && g->threads != threads) {
        emulate_stop("another number of threads at the same barrier");
    }
    g->threads = threads;
    if (++g->arrived == threads) {
        g->arrived = 0;
        g->turn++;
        return;
    }
    emulate_wait(
        [](const void *arg) {
            const turn_end *e = static_cast<const turn_end *>(arg);

            return e->barrier->turn != e->turn;
        },
        &end);
}

/* ---- registers --------------------------------------------------------- */

static unsigned registers_asked;

void emulate_registers(unsigned registers)
{
    if (registers < 24 || registers > 256 || registers % 8 != 0) {
        emulate_stop("a number of registers that there is not");
    }
    registers_asked += registers;
}

/* ---- copies ------------------------------------------------------------ */

struct box_copy {
    unsigned char *to;
    emulate_tensor tensor;
    emulate_barrier *barrier;
    int at[4];
    size_t rows;
};

#define BOX_ROW 64u

static std::vector<box_copy> boxes;
/* What boxes held when they landed, or at the last fence. */
static std::map<unsigned char *, std::vector<unsigned char>> seen;

void emulate_copy_box(void *to, const emulate_tensor *tensor,
                      emulate_barrier *b, const int at[4])
{
    box_copy copy = {static_cast<unsigned char *>(to),
                     *tensor,
                     b,
                     {at[0], at[1], at[2], at[3]},
                     (size_t)tensor->box[1] * tensor->box[2] *
                         tensor->box[3]};
    auto before = seen.find(copy.to);

    if (tensor->data == nullptr) {
        emulate_stop("a copy from a tensor that was not encoded");
    }
    if (!barriers_known) {
        emulate_stop("a copy for a barrier that it does not know of");
    }
    if (cedm_shared_at(to) % (8 * BOX_ROW) != 0) {
        emulate_stop("a box that does not begin where a swizzle does");
    }
    emulate_check_shared(to, copy.rows * BOX_ROW, 128);
    if (before != seen.end() &&
        memcmp(copy.to, before->second.data(), before->second.size()) != 0) {
        emulate_stop("a copy over what threads wrote, without a fence");
    }
    seen.erase(copy.to);
    memset(to, EMULATE_POISON, copy.rows * BOX_ROW);
    boxes.push_back(copy);
    emulate_counted.boxes++;
}

static void see(unsigned char *at, size_t bytes)
{
    seen[at].assign(at, at + bytes);
}

void emulate_fence_copies()
{
    for (auto &s : seen) {
        see(s.first, s.second.size());
    }
}

/* Row r of a box; zeros where the tensor has nothing. */
static void land_row(const box_copy &copy, size_t r)
{
    const emulate_tensor *t = &copy.tensor;
    const int64_t where[3] = {
        copy.at[1] + (int64_t)(r % t->box[1]),
        copy.at[2] + (int64_t)(r / t->box[1] % t->box[2]),
        copy.at[3] + (int64_t)(r / t->box[1] / t->box[2])};
    bool inside = true;
    int64_t row = 0;

    for (int i = 2; i >= 0; i--) {
        inside =
            inside && where[i] >= 0 && where[i] < (int64_t)t->size[i + 1];
        row = row * (int64_t)t->size[i + 1] + where[i];
    }
    for (unsigned e = 0; e < BOX_ROW / 2; e++) {
        int64_t c = copy.at[0] + (int64_t)e;
        size_t offset = cedm_shared_at(copy.to) + r * BOX_ROW + 2 * e;
        size_t to =
            emulate_swizzle(offset, BOX_ROW) - cedm_shared_at(copy.to);

        memset(copy.to + to, 0, 2);
        if (inside && c >= 0 && c < (int64_t)t->size[0]) {
            memcpy(copy.to + to,
                   t->data + 2 * (row * (int64_t)t->size[0] + c), 2);
        }
    }
}

bool warpgroup_land()
{
    size_t which = emulate_backwards ? boxes.size() - 1 : 0;
    box_copy copy;
    barrier_bits bits;

    if (boxes.empty()) {
        return false;
    }
    copy = boxes[which];
    boxes.erase(boxes.begin() + (std::ptrdiff_t)which);
    for (size_t r = 0; r < copy.rows; r++) {
        land_row(copy, r);
    }
    see(copy.to, copy.rows * BOX_ROW);
    bits = read_barrier(copy.barrier);
    bits.bytes -= (int64_t)(copy.rows * BOX_ROW);
    write_barrier(copy.barrier, bits);
    return true;
}

/* ---- products ---------------------------------------------------------- */

struct warp_products {
    std::vector<emulate_warp_product> queue;
    unsigned commits;
    bool fenced;
    size_t issued; /* of its warpgroup's list */
};

static warp_products warps[WARPS_MAX];
/* What the warps of a warpgroup must agree on. */
static std::vector<uint64_t> issued[WARPS_MAX / 4];

static warp_products *own_warp()
{
    return &warps[emulate_thread() / EMULATE_LANES];
}

void emulate_registers_written()
{
    own_warp()->fenced = false;
}

void emulate_products_begin()
{
    emulate_warp([](void *[EMULATE_LANES]) { own_warp()->fenced = true; },
                 nullptr);
}

void emulate_product_queue(const emulate_warp_product &p)
{
    warp_products *w = own_warp();
    std::vector<uint64_t> *list = &issued[(w - warps) / 4];
    uint64_t what = p.b ^ (uint64_t)p.add << 63;

    if (!w->fenced) {
        emulate_stop("a product of registers without a fence");
    }
    if (w->issued == list->size()) {
        list->push_back(what);
    }
    if ((*list)[w->issued++] != what) {
        emulate_stop("another product than the other warps of its group");
    }
    w->queue.push_back(p);
    w->queue.back().group = w->commits;
    emulate_counted.products++;
}

void emulate_products_commit()
{
    emulate_warp([](void *[EMULATE_LANES]) { own_warp()->commits++; },
                 nullptr);
}

static void make_products(void *lanes[EMULATE_LANES])
{
    unsigned pending = *static_cast<unsigned *>(lanes[0]);
    warp_products *w = own_warp();
    size_t made = 0;

    while (made < w->queue.size() &&
           w->queue[made].group + pending < w->commits) {
        w->queue[made].make(w->queue[made]);
        made++;
    }
    w->queue.erase(w->queue.begin(), w->queue.begin() + (std::ptrdiff_t)made);
}

void emulate_products_wait(unsigned pending)
{
    emulate_warp(make_products, &pending);
}

/* Fields: start and stride of eight rows in units of 16, offset of the
 * swizzle's pattern, kind of swizzle (1: rows of 128 bytes, 2: 64, 3: 32). */
const uint16_t *emulate_matrix_chunk(uint64_t descriptor, unsigned n,
                                     unsigned chunk)
{
    size_t start = (descriptor & 0x3fff) << 4;
    size_t group = (descriptor >> 32 & 0x3fff) << 4;
    unsigned kind = static_cast<unsigned>(descriptor >> 62);
    size_t row = 256u >> kind, address;
    const unsigned char *at;

    if (kind == 0 || (descriptor >> 49 & 7) != 0) {
        emulate_stop("a matrix of a kind that is not emulated");
    }
    address = emulate_swizzle(
        start + n / 8 * group + n % 8 * row + chunk * 16, row);
    at = emulate_shared() + address - cedm_shared_at(emulate_shared());
    emulate_check_shared(at);
    return reinterpret_cast<const uint16_t *>(at);
}

/* ---- blocks ------------------------------------------------------------ */

void warpgroup_start()
{
    memset(groups, 0, sizeof groups);
    registers_asked = 0;
    boxes.clear();
    seen.clear();
    for (warp_products &w : warps) {
        w.queue.clear();
        w.commits = 0;
        w.issued = 0;
        w.fenced = false;
    }
    for (std::vector<uint64_t> &list : issued) {
        list.clear();
    }
}

void warpgroup_end(unsigned threads)
{
    /* Given at the start: as many as all threads can have. */
    unsigned given = 65536u / threads / 8 * 8 * threads;

    for (unsigned i = 0; i < threads / EMULATE_LANES; i++) {
        if (!warps[i].queue.empty() ||
            warps[i].issued != issued[i / 4].size()) {
            emulate_stop("ends while products are under way");
        }
    }
    if (registers_asked > given) {
        emulate_stop("more registers than the block was given");
    }
}
