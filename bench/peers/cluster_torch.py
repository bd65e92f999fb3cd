# SPDX-License-Identifier: MIT
#
# cluster_torch.py - steps of TEMI in PyTorch: heads one after the other or
# as batched products, as written or compiled.
"""Usage: cluster_torch.py FOLDER THREADS each|batched [compiled]"""

import sys
import time

import torch
import torch.nn.functional as F

from cluster_peer import load, serve

HEADS, CLUSTERS, HIDDEN, BOTTLENECK, BATCH = 16, 100, 512, 256, 1024
BETA, TEMPERATURE, RATE, DECAY, MOMENTUM = 0.6, 0.1, 4e-4, 1e-4, 0.996

folder, threads, way = sys.argv[1], int(sys.argv[2]), sys.argv[3]
compiled = "compiled" in sys.argv
torch.set_num_threads(threads)
x = F.normalize(torch.from_numpy(load(folder, "features")))
SHAPES = [(HIDDEN, x.shape[1]), (HIDDEN,), (BOTTLENECK, HIDDEN),
          (BOTTLENECK,), (CLUSTERS, BOTTLENECK), (CLUSTERS, 1)]


def read_heads():
    """[HEADS, ...] of every tensor."""
    flat = torch.from_file(folder + "/heads.f32", size=HEADS * sum(
        torch.Size(s).numel() for s in SHAPES)).view(HEADS, -1)
    sizes = [torch.Size(s).numel() for s in SHAPES]
    return [part.reshape(HEADS, *shape).clone()
            for part, shape in zip(flat.split(sizes, 1), SHAPES)]


def logits_of(heads, views):
    """[HEADS, 2 * BATCH, CLUSTERS]."""
    if way == "each":
        return torch.stack([one_head(*(t[i] for t in heads), views)
                            for i in range(HEADS)])
    w1, b1, w2, b2, v, g = heads
    z = F.gelu(F.linear(views, w1.flatten(0, 1), b1.flatten()))
    z = z.view(len(views), HEADS, HIDDEN).transpose(0, 1)
    z = F.normalize(torch.baddbmm(b2[:, None], z, w2.mT), dim=2)
    return torch.bmm(z, (g * F.normalize(v, dim=2)).mT)


def one_head(w1, b1, w2, b2, v, g, views):
    z = F.linear(F.gelu(F.linear(views, w1, b1)), w2, b2)
    return F.linear(F.normalize(z, dim=1), g * F.normalize(v, dim=1))


def loss_of(student, teacher, marginal, views):
    """TEMI's loss, the mean of all heads; the new marginals."""
    with torch.no_grad():
        q_t = (logits_of(teacher, views) / TEMPERATURE).softmax(2)
        marginal = 0.9 * marginal + 0.1 * q_t.mean(1)
        a, b = q_t.chunk(2, dim=1)
        w = (a * b).sum(2).mean(0)
        other = torch.cat([b, a], dim=1)
    q_s = (logits_of(student, views) / TEMPERATURE).softmax(2)
    ratio = (q_s * other) ** BETA / marginal[:, None]
    return -(torch.cat([w, w]) * ratio.sum(2).log()).mean(), marginal


loss_function = torch.compile(loss_of, dynamic=False) if compiled \
    else loss_of


def temi(steps):
    student = [t.requires_grad_() for t in read_heads()]
    teacher = [t.detach().clone() for t in student]
    marginal = torch.full((HEADS, CLUSTERS), 1 / CLUSTERS)
    adam = torch.optim.AdamW(
        [{"params": [t for i, t in enumerate(student) if i not in (1, 3)],
          "weight_decay": DECAY},
         {"params": [student[1], student[3]], "weight_decay": 0.0}],
        lr=RATE, fused=True)
    start = time.perf_counter()
    for step in range(steps):
        rows = torch.arange(step * BATCH, (step + 1) * BATCH) % len(x)
        views = x[torch.cat([rows, (rows + 1) % len(x)])]
        loss, marginal = loss_function(student, teacher, marginal, views)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        with torch.no_grad():
            torch._foreach_mul_(teacher, MOMENTUM)
            torch._foreach_add_(teacher, student, alpha=1 - MOMENTUM)
    seconds = (time.perf_counter() - start) / steps
    return seconds, torch.cat([t.detach().flatten(1) for t in student],
                              1).numpy()


temi(2)
serve("PyTorch " + torch.__version__, {"temi": temi})
