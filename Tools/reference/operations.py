"""Makes Tests/TensorKitTests/Fixtures/operations.safetensors: what PyTorch computes, forward and gradients, for every
operation of TensorKit. usage: python operations.py FIXTURES_FOLDER

Inputs are random Float32 numbers, values and gradients are computed from them in Float64 and rounded to Float32. The loss
is the sum of the output times a random cotangent `dy`, so the gradients are exactly what the pullback of `dy` must give.
Some inputs are extreme on purpose (`*.extreme`).
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

torch.manual_seed(20220925)
tensors = {}


def record(name, function, inputs, keep=()):
    """Stores inputs, output, cotangent and the gradient of every floating-point input."""
    inputs = {key: value.detach().float() for key, value in inputs.items()}
    wide = {key: value.double().requires_grad_() for key, value in inputs.items()}
    y = function(**wide)
    dy = torch.randn(y.shape).float()
    (y * dy.double()).sum().backward()
    for key, value in inputs.items():
        tensors[f"{name}.{key}"] = value
        tensors[f"{name}.d{key}"] = wide[key].grad.float()
    tensors[f"{name}.y"] = y.detach().float()
    tensors[f"{name}.dy"] = dy


def attention(qkv, heads, tokens, causal):
    rows, width = qkv.shape[0], qkv.shape[1] // 3
    split = qkv.reshape(rows // tokens, tokens, 3, heads, width // heads)
    q, k, v = (split[:, :, part].transpose(1, 2) for part in range(3))
    y = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return y.transpose(1, 2).reshape(rows, width)


functional = torch.nn.functional
record("linear", lambda x, weight, bias: functional.linear(x, weight, bias),
       dict(x=torch.randn(19, 37), weight=torch.randn(150, 37), bias=torch.randn(150)))
record("product", lambda a, b: a @ b, dict(a=torch.randn(70, 33), b=torch.randn(33, 41)))
record("layer_norm", lambda x, scale, bias: functional.layer_norm(x, (50,), scale, bias, 1e-5),
       dict(x=3 * torch.randn(23, 50) + 2, scale=torch.randn(50), bias=torch.randn(50)))
record("layer_norm.constant", lambda x, scale, bias: functional.layer_norm(x, (50,), scale, bias, 1e-5),
       dict(x=1000 + 0.01 * torch.randn(3, 50), scale=torch.randn(50), bias=torch.randn(50)))
extremes = torch.tensor([-1e4, -300, -88, -60, -20, -5, -1, -1e-3, -1e-20, 0, 1e-20, 1e-3, 1, 5, 20, 60, 88, 300, 1e4])
for name, function in {"quick_gelu": lambda x: x * torch.sigmoid(1.702 * x), "gelu": functional.gelu}.items():
    record(name, function, dict(x=3 * torch.randn(11, 21)))
    record(name + ".extreme", function, dict(x=extremes.reshape(1, -1)))
for name, causal, tokens, scale in [("attention", False, 17, 1), ("attention.causal", True, 14, 1),
                                    ("attention.sharp", True, 9, 8)]:
    record(name, lambda qkv: attention(qkv, 3, tokens, causal), dict(qkv=scale * torch.randn(2 * tokens, 3 * 24)))
numbers = torch.tensor([3, 0, 3, 8, 8, 8, 1])
record("rows", lambda table: table[numbers], dict(table=torch.randn(9, 13)))
target = functional.normalize(torch.randn(31), dim=0)
record("similarity", lambda x: functional.normalize(x, dim=-1) @ target.double(), dict(x=torch.randn(4, 31)))
tensors["similarity.target"] = target
record("patches", lambda pixels, weight: functional.conv2d(pixels, weight, stride=4).flatten(2).transpose(1, 2),
       dict(pixels=torch.randn(2, 3, 13, 10), weight=torch.randn(5, 3, 4, 4)))
singular = torch.randn(20, 8) @ torch.diag(torch.tensor([9.0, 7, 5, 3, 2, 1, 0.5, 0.1])) @ torch.randn(8, 12)
tensors["svd.x"] = singular
tensors["svd.values"] = torch.linalg.svdvals(singular.double()).float()
u, s, vt = torch.linalg.svd(singular.double(), full_matrices=False)
tensors["svd.rank3"] = (u[:, :3] * s[:3] @ vt[:3]).float()

save_file({key: value.contiguous().clone() for key, value in sorted(tensors.items())}, Path(sys.argv[1]) / "operations.safetensors")
