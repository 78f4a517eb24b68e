"""Makes Tests/TensorKitTests/Fixtures/adam.safetensors: what torch.optim.Adam does to a linear map, to a vector and to the
rows of a table, step by step, and products of few rows. usage: python adam.py FIXTURES_FOLDER

Inputs are random float32 numbers; everything is computed from them in float64 and rounded to float32.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

RATE = 1e-2
STEPS = 3
# rows, inputs, outputs: widths that are no multiple of 16 lanes, outputs that are no multiple of 8 rows of a band; the
# larger ones are cut into several pieces. One is even throughout.
MAPS = [(1, 37, 13), (2, 5, 3), (2, 16, 8), (14, 37, 70), (33, 50, 45), (80, 19, 105)]
# inputs, outputs
PRODUCTS = [(1, 1), (5, 3), (16, 4), (37, 75), (129, 43)]

torch.manual_seed(14126980)
tensors = {}


def parameter(*shape):
    value = 0.3 * torch.randn(*shape)
    return value, value.double().requires_grad_()


def adam(parameters, gradients):
    """Takes the steps; gives the parameters before the first and after every one."""
    optimizer = torch.optim.Adam(parameters, lr=RATE)
    states = [[value.detach().clone() for value in parameters]]
    for step in gradients:
        for value, gradient in zip(parameters, step):
            value.grad = gradient
        optimizer.step()
        states.append([value.detach().clone() for value in parameters])
    return [torch.stack(values) for values in zip(*states)]


for rows, inputs, outputs in MAPS:
    (weight, wide_weight), (bias, wide_bias) = parameter(outputs, inputs), parameter(outputs)
    x, dy = torch.randn(STEPS, rows, inputs), torch.randn(STEPS, rows, outputs)
    gradients = [(b.T @ a, b.sum(0)) for a, b in zip(x.double(), dy.double())]
    weights, biases = adam([wide_weight, wide_bias], gradients)
    tensors |= {f"linear.{rows}.{inputs}.{outputs}.{name}": value for name, value in dict(
        x=x, dy=dy, weight=weights, bias=biases, dx=dy.double() @ weights[:-1]).items()}  # fmt: skip

# Gradients of all sizes, always zero, and zero from the second step on.
vector, wide = parameter(21)
sizes = torch.cat([torch.tensor([0.0]), 10.0 ** torch.arange(-30, 16, 3)])
gradients = torch.randn(STEPS, 21)
gradients[:, : len(sizes)] *= sizes
gradients[1:, -1] = 0
(vectors,) = adam([wide], [(gradient,) for gradient in gradients.double()])
tensors |= {"vector.gradients": gradients, "vector.parameters": vectors}

numbers = torch.tensor([3, 0, 3, 8, 8, 8, 1])
table, wide = parameter(11, 13)
dy = torch.randn(STEPS, len(numbers), 13)
gradients = [(torch.zeros(11, 13, dtype=torch.float64).index_add(0, numbers, step),) for step in dy.double()]
(tables,) = adam([wide], gradients)
tensors |= {"table.numbers": numbers.int(), "table.dy": dy, "table.parameters": tables}

for inputs, outputs in PRODUCTS:
    x, weight = torch.randn(49, inputs), torch.randn(outputs, inputs)
    tensors |= {f"product.{inputs}.{outputs}.{name}": value for name, value in dict(
        x=x, weight=weight, y=x.double() @ weight.double().T).items()}  # fmt: skip

tensors = {key: (value.float() if value.is_floating_point() else value).contiguous().clone()
           for key, value in sorted(tensors.items())}  # fmt: skip
path = Path(sys.argv[1]) / "adam.safetensors"
save_file(tensors, path)
path.chmod(0o644)
