# SPDX-License-Identifier: MIT
#
# encoders.py - the encoders of the comparison in PyTorch, as their authors
# describe them: vision transformers [DINO] [DINOV2] with official names, and
# the Inception of FID with torchvision's.  Each is fed from the checkpoint
# that cedm-freeze takes, gets normalised images and returns features.

import torch
import torch.nn.functional as F

from songunet import read_safetensors

EPS = 1e-6            # of layer norms
HEAD = 64             # width of one head
BATCH_NORM_EPS = 1e-3


def linear(tensors, name):
    weight = tensors[name + ".weight"]
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data, layer.bias.data = weight, tensors[name + ".bias"]
    return layer


def norm(tensors, name):
    layer = torch.nn.LayerNorm(tensors[name + ".weight"].shape, EPS)
    layer.weight.data = tensors[name + ".weight"]
    layer.bias.data = tensors[name + ".bias"]
    return layer


# ---- vision transformers ----------------------------------------------------

class Block(torch.nn.Module):
    def __init__(self, tensors, name):
        super().__init__()
        self.norm1, self.norm2 = (norm(tensors, f"{name}.norm{i}")
                                  for i in (1, 2))
        self.qkv, self.proj, self.fc1, self.fc2 = (
            linear(tensors, f"{name}.{part}")
            for part in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"))
        for i in (1, 2):
            self.register_buffer(f"scale{i}",
                                 tensors.get(f"{name}.ls{i}.gamma"))

    def attend(self, x):
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(
            batch, tokens, 3, width // HEAD, HEAD).permute(2, 0, 3, 1, 4)
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(batch, tokens, width))

    def forward(self, x):
        y = self.attend(self.norm1(x))
        x = x + (y if self.scale1 is None else y * self.scale1)
        y = self.fc2(F.gelu(self.fc1(self.norm2(x))))
        return x + (y if self.scale2 is None else y * self.scale2)


def positions(table, side):
    """For side x side patches, by the rule of DINO and DINOv2."""
    grid = int((table.shape[1] - 1) ** 0.5)
    if grid == side:
        return table
    patches = table[:, 1:].reshape(1, grid, grid, -1).permute(0, 3, 1, 2)
    patches = F.interpolate(patches, scale_factor=(side + 0.1) / grid,
                            mode="bicubic")
    patches = patches.permute(0, 2, 3, 1).flatten(1, 2)
    return torch.cat((table[:, :1], patches), 1)


class Transformer(torch.nn.Module):
    def __init__(self, tensors, size):
        super().__init__()
        patch = tensors["patch_embed.proj.weight"]
        self.embed = torch.nn.Conv2d(3, patch.shape[0], patch.shape[2],
                                     patch.shape[2])
        self.embed.weight.data = patch
        self.embed.bias.data = tensors["patch_embed.proj.bias"]
        self.register_buffer("token", tensors["cls_token"])
        self.register_buffer("positions", positions(
            tensors["pos_embed"], size // patch.shape[2]))
        depth = 1 + max(int(name.split(".")[1]) for name in tensors
                        if name.startswith("blocks."))
        self.blocks = torch.nn.Sequential(
            *(Block(tensors, f"blocks.{i}") for i in range(depth)))
        self.norm = norm(tensors, "norm")

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        token = self.token.expand(x.shape[0], -1, -1)
        x = torch.cat((token, x), 1) + self.positions
        return self.norm(self.blocks(x))[:, 0]


# ---- Inception --------------------------------------------------------------

class Conv(torch.nn.Module):
    """A convolution, batch norm, ReLU."""

    def __init__(self, tensors, name, stride=1, same=True):
        super().__init__()
        weight = tensors[name + ".conv.weight"]
        kernel = tuple(weight.shape[2:])
        self.conv = torch.nn.Conv2d(
            weight.shape[1], weight.shape[0], kernel, stride,
            tuple(k // 2 for k in kernel) if same else 0, bias=False)
        self.conv.weight.data = weight
        self.norm = torch.nn.BatchNorm2d(weight.shape[0], BATCH_NORM_EPS)
        self.norm.load_state_dict(
            {part: tensors[f"{name}.bn.{part}"] for part in
             ("weight", "bias", "running_mean", "running_var")}, strict=False)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


def mean_pool(x):
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def max_pool(x):
    return F.max_pool2d(x, 3, 1, 1)


def half_pool(x):
    return F.max_pool2d(x, 3, 2)


# Branches of each kind of block: layers one after the other.  /2 halves, a
# tuple at the end forks; the pool comes first where its name is there.
OF_5X5 = (("branch1x1",), ("branch5x5_1", "branch5x5_2"),
          ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
          ("pool", "branch_pool"))
TO_7X7 = (("branch3x3/2",),
          ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3/2"),
          ("half",))
OF_7X7 = (("branch1x1",), ("branch7x7_1", "branch7x7_2", "branch7x7_3"),
          tuple(f"branch7x7dbl_{i}" for i in range(1, 6)),
          ("pool", "branch_pool"))
TO_3X3 = (("branch3x3_1", "branch3x3_2/2"),
          ("branch7x7x3_1", "branch7x7x3_2", "branch7x7x3_3",
           "branch7x7x3_4/2"), ("half",))
OF_3X3 = (("branch1x1",), ("branch3x3_1", ("branch3x3_2a", "branch3x3_2b")),
          ("branch3x3dbl_1", "branch3x3dbl_2",
           ("branch3x3dbl_3a", "branch3x3dbl_3b")), ("pool", "branch_pool"))
MIXED = {**dict.fromkeys(("5b", "5c", "5d"), OF_5X5), "6a": TO_7X7,
         **dict.fromkeys(("6b", "6c", "6d", "6e"), OF_7X7), "7a": TO_3X3,
         **dict.fromkeys(("7b", "7c"), OF_3X3)}


class Mixed(torch.nn.Module):
    def __init__(self, tensors, name, branches):
        super().__init__()
        self.pool = max_pool if name.endswith("7c") else mean_pool
        self.branches = branches
        self.layers = torch.nn.ModuleDict()
        for branch in branches:
            for layer in branch:
                for part in (layer if isinstance(layer, tuple) else (layer,)):
                    if part not in ("pool", "half"):
                        self.add(tensors, name, part)

    def add(self, tensors, name, part):
        layer, _, halves = part.partition("/")
        self.layers[part] = Conv(tensors, f"{name}.{layer}",
                                 2 if halves else 1, not halves)

    def step(self, layer, x):
        if isinstance(layer, tuple):
            return torch.cat([self.layers[part](x) for part in layer], 1)
        if layer == "pool":
            return self.pool(x)
        return half_pool(x) if layer == "half" else self.layers[layer](x)

    def forward(self, x):
        results = []
        for branch in self.branches:
            y = x
            for layer in branch:
                y = self.step(layer, y)
            results.append(y)
        return torch.cat(results, 1)


class Inception(torch.nn.Module):
    def __init__(self, tensors):
        super().__init__()
        self.first = torch.nn.Sequential(
            Conv(tensors, "Conv2d_1a_3x3", 2, same=False),
            Conv(tensors, "Conv2d_2a_3x3", same=False),
            Conv(tensors, "Conv2d_2b_3x3"))
        self.second = torch.nn.Sequential(
            Conv(tensors, "Conv2d_3b_1x1"),
            Conv(tensors, "Conv2d_4a_3x3", same=False))
        self.mixed = torch.nn.Sequential(
            *(Mixed(tensors, "Mixed_" + name, branches)
              for name, branches in MIXED.items()))

    def forward(self, x):
        x = half_pool(self.second(half_pool(self.first(x))))
        return self.mixed(x).mean((2, 3))


def load_encoder(path, size):
    """The module of a checkpoint, for images of size x size."""
    tensors, _ = read_safetensors(path)
    net = (Transformer(tensors, size) if "cls_token" in tensors
           else Inception(tensors))
    return net.eval().requires_grad_(False)
