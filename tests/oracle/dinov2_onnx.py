# SPDX-License-Identifier: MIT
#
# dinov2_onnx.py - the DINOv2 ViT-S/14 inside an ONNX file, as a checkpoint
# with the official names, and what ONNX Runtime makes of some images.
#
# Its exporter kept the names of vectors; matrices became transposed constants
# without a name, which the node that multiplies by them tells apart.
"""Usage: dinov2_onnx.py MODEL.onnx CHECKPOINT GOLDEN (both .safetensors)"""

import json
import sys

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper

DEPTH, SIZE, IMAGES = 12, 224, 3
EMBEDDED = "/backbone/embeddings/"
BLOCK_OUT = "/backbone/encoder/layer.{}/Add_1_output_0"
FEATURES = "/backbone/layernorm/Add_1_output_0"


class Graph:
    """Constants of an ONNX graph, by their name or by who uses them."""

    def __init__(self, model):
        self.constants = {tensor.name: tensor
                          for tensor in model.graph.initializer}
        self.nodes = {node.name: node for node in model.graph.node}

    def named(self, name):
        return numpy_helper.to_array(self.constants["backbone." + name])

    def used(self, node):
        names = [name for name in self.nodes[node].input
                 if name in self.constants]
        if len(names) != 1:
            raise ValueError(f"{node}: {len(names)} constants")
        return numpy_helper.to_array(self.constants[names[0]])

    def linear(self, layer, name):
        """Weight [out][in] and bias."""
        node = f"/backbone/{layer}/{name}".replace(".", "/")
        node = node.replace("/layer/", "/layer.") + "/MatMul"
        return self.used(node).T, self.named(f"{layer}.{name}.bias")


def block(graph, index):
    layer, out = f"encoder.layer.{index}", f"blocks.{index}."
    qkv = [graph.linear(layer, "attention.attention." + name)
           for name in ("query", "key", "value")]
    tensors = {"attn.qkv": tuple(map(numpy.concatenate, zip(*qkv)))}
    for theirs, ours in (("attention.output.dense", "attn.proj"),
                         ("mlp.fc1", "mlp.fc1"), ("mlp.fc2", "mlp.fc2")):
        tensors[ours] = graph.linear(layer, theirs)
    for name in ("norm1", "norm2"):
        tensors[name] = (graph.named(f"{layer}.{name}.weight"),
                         graph.named(f"{layer}.{name}.bias"))
    result = {f"{out}{name}.{part}": value
              for name, pair in tensors.items()
              for part, value in zip(("weight", "bias"), pair)}
    for i in (1, 2):
        result[f"{out}ls{i}.gamma"] = graph.named(
            f"{layer}.layer_scale{i}.lambda1")
    return result


def checkpoint(graph):
    patch = "embeddings.patch_embeddings.projection."
    tensors = {
        "cls_token": graph.named("embeddings.cls_token"),
        "pos_embed": numpy.concatenate(
            (graph.used(EMBEDDED + "Concat_6"),
             graph.used(EMBEDDED + "Reshape_1")), axis=1),
        "patch_embed.proj.weight": graph.named(patch + "weight"),
        "patch_embed.proj.bias": graph.named(patch + "bias"),
        "norm.weight": graph.named("layernorm.weight"),
        "norm.bias": graph.named("layernorm.bias")}
    for index in range(DEPTH):
        tensors.update(block(graph, index))
    return tensors


def golden(model):
    """Normalised images, and what the blocks and the last norm give."""
    names = {f"x0.block{i}": BLOCK_OUT.format(i) for i in range(DEPTH)}
    names["x0.features"] = FEATURES
    for name in names.values():
        model.graph.output.append(onnx.ValueInfoProto(name=name))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
    images = numpy.random.default_rng(1).standard_normal(
        (IMAGES, 3, SIZE, SIZE), numpy.float32)
    results = session.run(list(names.values()), {"input_image": images})
    tensors = dict(zip(names, results))
    features = tensors.pop("x0.features")
    return {"x0": images, "x0.cls": features[:, 0],
            "x0.patch": features[:, 1:], **tensors}


def write(path, tensors):
    """A safetensors file of float32."""
    tensors = {name: numpy.ascontiguousarray(value, "<f4")
               for name, value in tensors.items()}
    header, end = {}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": value.shape,
                        "data_offsets": [end, end + value.nbytes]}
        end += value.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for value in tensors.values():
            file.write(value.tobytes())


def main(path, checkpoint_path, golden_path):
    model = onnx.load(path)
    write(checkpoint_path, checkpoint(Graph(model)))
    write(golden_path, golden(model))


main(*sys.argv[1:])
