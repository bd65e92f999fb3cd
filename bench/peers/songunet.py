# SPDX-License-Identifier: MIT
#
# songunet.py - the DDPM++ network of [EDM] in PyTorch: what PyTorch is timed
# with, and what the other peers' files are exported from.
#
# Written from the published description and fed from the checkpoint that
# cedm-freeze takes; the same file serves PyTorch 1.13 and current ones.
# check_golden holds it to stored float64 results.

import json
import math
import sys

import torch
import torch.nn.functional as F

DTYPES = {"F64": torch.float64, "F32": torch.float32, "I64": torch.int64,
          "U8": torch.uint8}


def read_safetensors(path):
    """Tensors by name and the metadata of a safetensors file."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
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
        tensors[name] = torch.frombuffer(
            data, dtype=dtype, count=math.prod(entry["shape"]),
            offset=8 + length + begin).reshape(entry["shape"]).clone()
    return tensors, metadata


def read_network(folder):
    """Tensors and configuration of a folder's checkpoint."""
    tensors, metadata = read_safetensors(folder + "/checkpoint.safetensors")
    return tensors, json.loads(metadata["cedm.config"])


def open_device(name="cuda"):
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("PyTorch sees no GPU")
    return device


class SongUNet(torch.nn.Module):
    """F(c_in x, c_noise, labels) of a checkpoint and its configuration.

    c_noise is [N, 1], labels are one-hot [N, label_dim].  In 16 bits the
    embedding stays float32.  sync asks after every block of the decoder
    whether its result is finite, as C-EDM's own network does."""

    def __init__(self, tensors, config, dtype, layout, sync):
        super().__init__()
        wanted = {"embedding_type": "positional", "encoder_type": "standard",
                  "decoder_type": "standard", "resample_filter": [1, 1]}
        for name, value in wanted.items():
            if config.get(name, value) != value:
                raise ValueError(f"{name}: wanted {value}, "
                                 f"got {config[name]}")
        self.label_dim = config["label_dim"]
        self.dtype, self.layout, self.sync = dtype, layout, sync
        wide = dtype if dtype == torch.float64 else torch.float32
        self.rows = {} # of each weight: channels, where it is a norm's
        for name, value in tensors.items():
            name = name[len("model."):]
            if name.endswith("resample_filter") or "map_augment" in name:
                continue
            value = value.to(wide if name.startswith("map_") else dtype)
            if value.dim() == 4:
                value = value.contiguous(memory_format=layout)
            self.rows[name] = int(value.shape[0])
            self.register_parameter(name.replace(".", "__"),
                                    torch.nn.Parameter(value))
        i = torch.arange(config["model_channels"] // 2, dtype=torch.float64)
        self.register_buffer("freqs", (1e-4 ** (i / i[-1])).to(wide))
        self.build(config)

    def build(self, config):
        """Blocks in order: (path, resampling, attention)."""
        sizes = [config["img_resolution"] >> level
                 for level in range(len(config["channel_mult"]))]
        attend = set(config["attn_resolutions"])
        count = config["num_blocks"]
        self.enc, self.dec = [], []
        for size in sizes:
            at = f"enc.{size}x{size}_"
            if size != sizes[0]:
                self.enc.append((at + "down", "down", False))
            self.enc += [(at + f"block{i}", None, size in attend)
                         for i in range(count)]
        for size in reversed(sizes):
            at = f"dec.{size}x{size}_"
            if size == sizes[-1]:
                self.dec += [(at + "in0", None, True),
                             (at + "in1", None, False)]
            else:
                self.dec.append((at + "up", "up", False))
            self.dec += [(at + f"block{i}", None,
                          i == count and size in attend)
                         for i in range(count + 1)]
        self.first = f"enc.{sizes[0]}x{sizes[0]}_conv"
        self.last = f"dec.{sizes[0]}x{sizes[0]}_aux_"

    # -- layers ------------------------------------------------------------

    def p(self, path):
        return getattr(self, path.replace(".", "__"))

    def linear(self, path, x):
        return F.linear(x, self.p(path + ".weight"), self.p(path + ".bias"))

    def conv(self, path, x):
        weight = self.p(path + ".weight")
        return F.conv2d(x, weight, self.p(path + ".bias"),
                        padding=weight.shape[2] // 2)

    def norm(self, path, x):
        weight = self.p(path + ".weight")
        groups = min(32, self.rows[path + ".weight"] // 4)
        return F.group_norm(x, groups, weight, self.p(path + ".bias"),
                            eps=1e-6)

    def attend(self, path, x):
        n, _, height, width = x.shape
        c = self.rows[path + ".norm2.weight"]
        qkv = self.conv(path + ".qkv", self.norm(path + ".norm2", x))
        # Rows of the weight go q, k, v, q, k, v, ...: one head.
        qkv = qkv.reshape(n, c, 3, height * width)
        q, k, v = qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2]
        weights = torch.softmax(q.transpose(1, 2) @ k / math.sqrt(c), dim=2)
        y = (v @ weights.transpose(1, 2)).reshape(n, c, height, width)
        return self.conv(path + ".proj", y)

    def block(self, path, resample, attention, x, emb):
        h = F.silu(self.norm(path + ".norm0", x))
        if resample == "down":
            h, x = F.avg_pool2d(h, 2), F.avg_pool2d(x, 2)
        elif resample == "up":
            h = F.interpolate(h, scale_factor=2.0, mode="nearest")
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        h = self.conv(path + ".conv0", h)
        h = h + self.linear(path + ".affine", emb)[:, :, None, None]
        h = self.conv(path + ".conv1", F.silu(self.norm(path + ".norm1", h)))
        if path + ".skip.weight" in self.rows:
            x = self.conv(path + ".skip", x)
        x = (h + x) * math.sqrt(0.5)
        if attention:
            x = (self.attend(path, x) + x) * math.sqrt(0.5)
        return x

    # -- network -----------------------------------------------------------

    def embedding(self, c_noise, labels):
        angle = c_noise * self.freqs
        emb = torch.cat([angle.sin(), angle.cos()], dim=1)
        if self.label_dim:
            emb = emb + self.linear("map_label",
                                    labels * math.sqrt(self.label_dim))
        emb = F.silu(self.linear("map_layer0", emb))
        return F.silu(self.linear("map_layer1", emb))

    def forward(self, x, c_noise, labels):
        emb = self.embedding(c_noise, labels).to(self.dtype)
        x = self.conv(self.first, x.to(self.dtype).contiguous(
            memory_format=self.layout))
        skips = [x]
        for path, resample, attention in self.enc:
            x = self.block(path, resample, attention, x, emb)
            skips.append(x)
        for path, resample, attention in self.dec:
            if "_block" in path:
                x = torch.cat([x, skips.pop()], dim=1)
            x = self.block(path, resample, attention, x, emb)
            if self.sync and x.isinf().sum() != 0:
                raise ValueError(f"{path}: not finite")
        return self.conv(self.last + "conv",
                         F.silu(self.norm(self.last + "norm", x)))


class Denoiser(torch.nn.Module):
    """D(x; sigma, labels) with the preconditioning of [EDM], table 1.

    sigma is [N, 1]; the network computes in the dtype of the weights."""

    def __init__(self, tensors, config, dtype=torch.float32,
                 layout=torch.contiguous_format, sync=False):
        super().__init__()
        self.net = SongUNet(tensors, config, dtype, layout, sync)

    def forward(self, x, sigma, labels):
        square = sigma * sigma + 0.25
        root = square.sqrt()

        def wide(v):
            return v[:, :, None, None]
        y = self.net(x * wide(1 / root), sigma.log() / 4, labels).to(x.dtype)
        return x * wide(0.25 / square) + y * wide(0.5 * sigma / root)


def one_hot(cluster, label_dim, dtype=torch.float32):
    """Rows for clusters; -1 is the row of zeros."""
    labels = torch.zeros(len(cluster), label_dim, dtype=dtype)
    rows = torch.nonzero(cluster >= 0).flatten()
    labels[rows, cluster[rows]] = 1
    return labels


def edm_loss(denoise, y, labels):
    """[EDM]'s loss of images y, added up, with noise of its distribution."""
    sigma = (torch.randn(len(y), 1, device=y.device) * 1.2 - 1.2).exp()
    weight = (sigma * sigma + 0.25) / (0.5 * sigma) ** 2
    noise = torch.randn_like(y) * sigma[:, :, None, None]
    d = denoise(y + noise, sigma, labels)
    return (weight[:, :, None, None] * (d - y) ** 2).sum()


def sample(denoise, x, labels, steps):
    """Heun's method, Algorithm 2 of [EDM] without churn, float64 state."""
    low, high, rho = 0.002, 80.0, 7.0
    i = torch.arange(steps, dtype=torch.float64)
    t = (high ** (1 / rho) + i / (steps - 1)
         * (low ** (1 / rho) - high ** (1 / rho))) ** rho
    t = torch.cat([t, torch.zeros(1, dtype=torch.float64)]).to(x.device)
    x = x.to(torch.float64) * t[0]

    def d(x, t):
        sigma = t.to(torch.float32).expand(len(x), 1).contiguous()
        return (x - denoise(x.to(torch.float32), sigma, labels)) / t
    for i in range(steps):
        h = t[i + 1] - t[i]
        slope = d(x, t[i])
        y = x + h * slope
        if i < steps - 1:
            y = x + h * (slope + d(y, t[i + 1])) / 2
        x = y
    return x


def check_golden(tensors, config, path):
    """Refuses a network that is not the one of the stored results."""
    golden, metadata = read_safetensors(path)
    for dtype in (torch.float64, torch.float32):
        labels = one_hot(golden["cluster"], config["label_dim"], dtype)
        denoise = Denoiser(tensors, config, dtype)
        d = denoise(golden["x"].to(dtype), golden["sigma"].to(dtype)[:, None],
                    labels).double()
        want = golden["denoised"]
        error = ((d - want) ** 2).mean((1, 2, 3)).sqrt()
        error = float((error / (want ** 2).mean((1, 2, 3)).sqrt()).max())
        if not error < (1e-6 if dtype == torch.float64 else 1e-3):
            raise ValueError(f"{path}: denoised in {dtype}: relative RMS "
                             f"error {error:.3g}")
    labels = one_hot(golden["sample_cluster"], config["label_dim"])
    x = sample(Denoiser(tensors, config), golden["latents"], labels,
               int(metadata["cedm.steps"]))
    error = float((x - golden["samples"]).abs().max())
    if not error < 1e-3:
        raise ValueError(f"{path}: a sample is off by {error:.3g}")
