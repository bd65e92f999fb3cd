#!/usr/bin/python3
# SPDX-License-Identifier: MIT
#
# torch_cpu.py - the same sampling work in PyTorch on the CPU, as a yardstick.
#
# A SongUNet [EDM] written from the published description for inference, fed
# from the checkpoint that cedm-freeze takes.  Two checks come before a
# number: --golden compares D(x; sigma, cluster) with stored float64 results.
"""Usage: torch_cpu.py CHECKPOINT [--golden FILE] [--n 64] [--cluster 5]
[--steps 18] [--threads T] [--runs R] [--layout nchw|nhwc|both] [--json]"""

import argparse
import json
import math
import mmap
import statistics
import sys
import time

import torch
import torch.nn.functional as F

DTYPES = {"F64": torch.float64, "F32": torch.float32, "I64": torch.int64,
          "U8": torch.uint8}


def read_safetensors(path):
    """Tensors by name and the metadata of a safetensors file."""
    with open(path, "rb") as file:
        data = bytearray(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    length = int.from_bytes(data[:8], "little")
    header = json.loads(bytes(data[8:8 + length]))
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = DTYPES[entry["dtype"]]
        if begin == end:
            tensors[name] = torch.empty(entry["shape"], dtype=dtype)
            continue
        count = math.prod(entry["shape"])
        tensors[name] = torch.frombuffer(
            data, dtype=dtype, count=count,
            offset=8 + length + begin).reshape(entry["shape"]).clone()
    return tensors, metadata


class Block:
    """GroupNorm, SiLU, convolution twice, with skip, embedding, attention."""

    def __init__(self, net, path, resample=None, attention=False):
        self.net, self.path = net, path
        self.resample, self.attention = resample, attention
        self.in_channels = net.weight(path + ".norm0").shape[0]

    def __call__(self, x, emb):
        net, path = self.net, self.path
        h = F.silu(net.norm(path + ".norm0", x))
        h = net.conv(path + ".conv0", net.resize(h, self.resample))
        h = h + net.linear(path + ".affine", emb)[:, :, None, None]
        h = net.conv(path + ".conv1", F.silu(net.norm(path + ".norm1", h)))
        skip = net.resize(x, self.resample)
        if net.has(path + ".skip"):
            skip = net.conv(path + ".skip", skip)
        x = (h + skip) * math.sqrt(0.5)
        if self.attention:
            x = (self.attend(x) + x) * math.sqrt(0.5)
        return x

    def attend(self, x):
        net, path = self.net, self.path
        n, c, height, width = x.shape
        qkv = net.conv(path + ".qkv", net.norm(path + ".norm2", x))
        # Rows of the weight go q, k, v, q, k, v, ...: one head.
        q, k, v = qkv.reshape(n, c, 3, height * width).unbind(2)
        weights = torch.softmax(q.transpose(1, 2) @ k / math.sqrt(c), dim=2)
        y = (v @ weights.transpose(1, 2)).reshape(n, c, height, width)
        return net.conv(path + ".proj", y)


class SongUNet:
    """F(c_in x, c_noise, cluster) of a checkpoint and its configuration."""

    def __init__(self, tensors, config, dtype, layout):
        self.config = config
        self.layout = layout
        self.p = {}
        for name, value in tensors.items():
            value = value.to(dtype)
            if value.dim() == 4:
                value = value.contiguous(memory_format=layout)
            self.p[name[len("model."):]] = value
        self.dtype = dtype
        filter_ = torch.tensor(config.get("resample_filter", [1, 1]),
                               dtype=dtype)
        self.taps = len(filter_)
        self.filter = torch.outer(filter_, filter_) / filter_.sum() ** 2
        self.pad = (self.taps - 1) // 2
        self.build()

    # -- layers ------------------------------------------------------------

    def has(self, path):
        return path + ".weight" in self.p

    def weight(self, path):
        return self.p[path + ".weight"]

    def linear(self, path, x):
        return F.linear(x, self.weight(path), self.p.get(path + ".bias"))

    def conv(self, path, x):
        weight = self.weight(path)
        return F.conv2d(x, weight, self.p[path + ".bias"],
                        padding=weight.shape[2] // 2)

    def norm(self, path, x):
        groups = min(32, x.shape[1] // 4)
        return F.group_norm(x, groups, self.weight(path),
                            self.p[path + ".bias"], eps=1e-6)

    def resize(self, x, how):
        if how is None:
            return x
        if self.taps == 2:  # the two cases PyTorch has a kernel for
            if how == "down":
                return F.avg_pool2d(x, 2)
            return F.interpolate(x, scale_factor=2, mode="nearest")
        c = x.shape[1]
        kernel = self.filter.expand(c, 1, -1, -1)
        if how == "down":
            return F.conv2d(x, kernel, stride=2, padding=self.pad, groups=c)
        return F.conv_transpose2d(x, 4 * kernel, stride=2, padding=self.pad,
                                  groups=c)

    def aux_residual(self, path, aux):
        # The fused form: convolve on a grid one larger, then filter.
        weight = self.weight(path)
        y = F.conv2d(aux, weight, padding=weight.shape[2] // 2 + self.pad)
        kernel = self.filter.expand(y.shape[1], 1, -1, -1)
        y = F.conv2d(y, kernel, stride=2, groups=y.shape[1])
        return y + self.p[path + ".bias"][None, :, None, None]

    # -- network -----------------------------------------------------------

    def build(self):
        c = self.config
        sizes = [c["img_resolution"] >> level
                 for level in range(len(c["channel_mult"]))]
        attend = set(c["attn_resolutions"])
        self.enc, self.dec = [], []
        for level, size in enumerate(sizes):
            at = f"enc.{size}x{size}_"
            if level == 0:
                self.enc.append(("conv", at + "conv"))
            else:
                self.enc.append(("block", Block(self, at + "down", "down")))
                if c["encoder_type"] == "skip":
                    self.enc.append(("aux_skip", at + "aux_skip"))
                if c["encoder_type"] == "residual":
                    self.enc.append(("aux_residual", at + "aux_residual"))
            for i in range(c["num_blocks"]):
                self.enc.append(("block", Block(
                    self, at + f"block{i}", attention=size in attend)))
        for level in reversed(range(len(sizes))):
            size = sizes[level]
            at = f"dec.{size}x{size}_"
            if level == len(sizes) - 1:
                self.dec.append(("block", Block(self, at + "in0",
                                                attention=True)))
                self.dec.append(("block", Block(self, at + "in1")))
            else:
                self.dec.append(("block", Block(self, at + "up", "up")))
            for i in range(c["num_blocks"] + 1):
                last = i == c["num_blocks"]
                self.dec.append(("block", Block(
                    self, at + f"block{i}",
                    attention=last and size in attend)))
            if c["decoder_type"] == "skip" or level == 0:
                self.dec.append(("output", (at, level < len(sizes) - 1)))

    def embedding(self, c_noise, cluster):
        c = self.config
        channels = c["model_channels"] * c["channel_mult_noise"]
        half = channels // 2
        if c["embedding_type"] == "fourier":
            freqs = 2 * math.pi * self.p["map_noise.freqs"]
        else:
            i = torch.arange(half, dtype=torch.float64)
            freqs = (1e-4 ** (i / (half - 1))).to(self.dtype)
        angle = torch.outer(c_noise, freqs)
        emb = torch.cat([angle.sin(), angle.cos()], dim=1)
        if c["label_dim"]:
            labels = torch.zeros(len(cluster), c["label_dim"],
                                 dtype=self.dtype)
            rows = torch.nonzero(cluster >= 0).flatten()
            labels[rows, cluster[rows]] = 1
            emb = emb + self.linear("map_label",
                                    labels * math.sqrt(c["label_dim"]))
        emb = F.silu(self.linear("map_layer0", emb))
        return F.silu(self.linear("map_layer1", emb))

    def __call__(self, x, c_noise, cluster):
        emb = self.embedding(c_noise, cluster)
        x = x.contiguous(memory_format=self.layout)
        aux = x
        skips = []
        for kind, what in self.enc:
            if kind == "conv":
                x = self.conv(what, x)
                skips.append(x)
            elif kind == "block":
                x = what(x, emb)
                skips.append(x)
            elif kind == "aux_skip":
                aux = self.resize(aux, "down")
                x = skips[-1] = x + self.conv(what, aux)
            else:
                x = aux = (x + self.aux_residual(what, aux)) * math.sqrt(0.5)
                skips[-1] = x
        out = None
        for kind, what in self.dec:
            if kind == "block":
                if x.shape[1] != what.in_channels:
                    x = torch.cat([x, skips.pop()], dim=1)
                x = what(x, emb)
            else:
                at, grows = what
                if out is not None and grows:
                    out = self.resize(out, "up")
                y = self.conv(at + "aux_conv",
                              F.silu(self.norm(at + "aux_norm", x)))
                out = y if out is None else out + y
        return out


class Denoiser:
    """D(x; sigma, cluster) with the preconditioning of [EDM], table 1."""

    def __init__(self, tensors, config, dtype=torch.float32,
                 layout=torch.contiguous_format):
        self.net = SongUNet(tensors, config, dtype, layout)
        self.dtype = dtype

    def __call__(self, x, sigma, cluster):
        x = x.to(self.dtype)
        s = sigma.to(self.dtype)
        root = (s * s + 0.25).sqrt()
        c_in, c_skip, c_out = 1 / root, 0.25 / (root * root), 0.5 * s / root

        def wide(v):
            return v[:, None, None, None]
        y = self.net(wide(c_in) * x, s.log() / 4, cluster)
        return wide(c_skip) * x + wide(c_out) * y


def sample(denoise, x, cluster, steps):
    """Heun's method, Algorithm 2 of [EDM] without churn, float64 state."""
    low, high, rho = 0.002, 80.0, 7.0
    i = torch.arange(steps, dtype=torch.float64)
    t = (high ** (1 / rho) + i / (steps - 1)
         * (low ** (1 / rho) - high ** (1 / rho))) ** rho
    t = torch.cat([t, torch.zeros(1, dtype=torch.float64)])
    x = x.to(torch.float64) * t[0]
    n = len(x)
    for i in range(steps):
        h = t[i + 1] - t[i]
        d = (x - denoise(x, t[i].expand(n), cluster)) / t[i]
        y = x + h * d
        if i < steps - 1:
            e = (y - denoise(y, t[i + 1].expand(n), cluster)) / t[i + 1]
            y = x + h * (d + e) / 2
        x = y
    return x


def check_golden(tensors, config, path):
    """Largest relative RMS error against stored results, two precisions."""
    golden, metadata = read_safetensors(path)
    errors = {}
    for dtype in (torch.float64, torch.float32):
        denoise = Denoiser(tensors, config, dtype)
        d = denoise(golden["x"].to(dtype), golden["sigma"].to(dtype),
                    golden["cluster"]).double()
        want = golden["denoised"]
        error = ((d - want) ** 2).mean((1, 2, 3)).sqrt()
        norm = (want ** 2).mean((1, 2, 3)).sqrt()
        errors["denoised " + str(dtype)] = float((error / norm).max())
    if "samples" in golden:
        x = sample(Denoiser(tensors, config), golden["latents"],
                   golden["sample_cluster"], int(metadata["cedm.steps"]))
        errors["samples (largest difference)"] = float(
            (x - golden["samples"]).abs().max())
    return errors


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint")
    parser.add_argument("--golden")
    parser.add_argument("--n", type=int, default=64)
    parser.add_argument("--cluster", type=int, default=5)
    parser.add_argument("--steps", type=int, default=18)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--layout", default="both",
                        choices=["nchw", "nhwc", "both"])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()

    if args.threads:
        torch.set_num_threads(args.threads)
    torch.set_grad_enabled(False)
    tensors, metadata = read_safetensors(args.checkpoint)
    config = json.loads(metadata["cedm.config"])
    if args.golden:
        errors = check_golden(tensors, config, args.golden)
        for name, value in errors.items():
            print(f"{name}: {value:.3g}", file=sys.stderr)
        if not all(value < 1e-3 for value in errors.values()):
            sys.exit("torch_cpu.py: not the network of the golden file")

    shape = (args.n, config["img_channels"], config["img_resolution"],
             config["img_resolution"])
    latents = torch.stack([
        torch.randn(shape[1:], generator=torch.Generator().manual_seed(seed))
        for seed in range(args.n)])
    cluster = torch.full((args.n,), args.cluster)
    layouts = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}
    rows = []
    for name, layout in layouts.items():
        if args.layout not in (name, "both"):
            continue
        denoise = Denoiser(tensors, config, layout=layout)
        sample(denoise, latents, cluster, 2)  # warm-up
        seconds = []
        for _ in range(args.runs):
            start = time.perf_counter()
            sample(denoise, latents, cluster, args.steps)
            seconds.append(time.perf_counter() - start)
        rows.append({"layout": name, "threads": torch.get_num_threads(),
                     "n": args.n, "steps": args.steps,
                     "best": min(seconds),
                     "median": statistics.median(seconds)})
    if args.json:
        print(json.dumps({"torch": torch.__version__, "runs": rows}))
        return
    for row in rows:
        print("torch {} {layout}: {threads} threads, {n} images, {steps} "
              "steps: best {best:.3f} s, median {median:.3f} s".format(
                  torch.__version__, **row))


main()
