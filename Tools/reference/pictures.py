"""Makes Tests/TensorKitTests/Fixtures/pictures.safetensors: what PyTorch computes, forward only, for the operations on
pictures, which TensorKit keeps as [n, height, width, channels]. usage: python pictures.py FIXTURES_FOLDER

Inputs are random Float32 numbers, values are computed from them in Float64 and rounded to Float32.
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

torch.manual_seed(20211220)
functional = torch.nn.functional
tensors = {}


def record(name, function, **inputs):
    tensors.update({f"{name}.{key}": value for key, value in inputs.items()})
    tensors[f"{name}.y"] = function(**{key: value.double() for key, value in inputs.items()})


def last(x):
    return x.permute(0, 2, 3, 1)


def convolution(x, weight, bias, stride=1, padding=(1, 1, 1, 1)):
    return last(functional.conv2d(functional.pad(x.permute(0, 3, 1, 2), padding), weight, bias, stride))


for name, inputs, outputs, height, width in [("wide", 16, 64, 7, 10), ("narrow", 16, 48, 3, 2), ("odd", 5, 3, 8, 11)]:
    record(f"convolution.{name}", convolution, x=torch.randn(2, height, width, inputs),
           weight=torch.randn(outputs, inputs, 3, 3), bias=torch.randn(outputs))
record("convolution.halving", lambda **i: convolution(**i, stride=2), x=torch.randn(2, 9, 12, 24),
       weight=torch.randn(8, 24, 3, 3), bias=torch.randn(8))
record("convolution.below", lambda **i: convolution(**i, stride=2, padding=(0, 1, 0, 1)), x=torch.randn(1, 10, 8, 16),
       weight=torch.randn(16, 16, 3, 3), bias=torch.randn(16))
for name, shift, groups, count in [("plain", 0, 6, 2), ("level", 300, 2, 1)]:
    record(f"group_norm.{name}", lambda x, scale, bias: last(functional.group_norm(x.permute(0, 3, 1, 2), groups, scale, bias, 1e-5)),
           x=torch.randn(count, 27, 19, 12) + shift, scale=torch.randn(12), bias=torch.randn(12))
    tensors[f"group_norm.{name}.silu"] = functional.silu(tensors[f"group_norm.{name}.y"])
extremes = torch.tensor([-1e4, -88, -20, -1, -1e-3, 0, 1e-3, 1, 20, 88, 1e4])
record("silu", lambda x: functional.silu(x), x=extremes)
record("geglu", lambda x: x.chunk(2, -1)[0] * functional.gelu(x.chunk(2, -1)[1]), x=3 * torch.randn(7, 2 * 21))
for name, queries, keys, heads, width, scale in [("self", 35, 35, 2, 40, 1), ("cross", 13, 77, 2, 16, 1), ("one", 9, 195, 1, 56, 1),
                                                 ("sharp", 9, 210, 1, 16, 30)]:
    def attend(q, k, v):
        split = [t.reshape(2, -1, heads, width).transpose(1, 2) for t in (q, k, v)]
        return functional.scaled_dot_product_attention(*split).transpose(1, 2).reshape(-1, heads * width)
    record(f"attention.{name}", attend, q=scale * torch.randn(2 * queries, heads * width), k=torch.randn(2 * keys, heads * width),
           v=torch.randn(2 * keys, heads * width))
record("enlarged", lambda x: last(functional.interpolate(x.permute(0, 3, 1, 2), (9, 8), mode="nearest")), x=torch.randn(2, 5, 4, 3))

save_file({key: value.float().contiguous().clone() for key, value in sorted(tensors.items())}, Path(sys.argv[1]) / "pictures.safetensors")
