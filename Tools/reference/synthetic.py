"""The small UNets of the fixtures, and the numbers that they are made of.

Nothing is stored: element i of the tensor called NAME is, from -1 to 1, the top 24 bits of the i-th number of SplitMix64
begun with the FNV-1a hash of NAME; matrices and kernels are scaled by 1.7 / √(inputs), gains are 1 + x / 5, biases x / 5.
"""
import math

import numpy
import torch

UNETS = {
    # The pocket model's shape.
    "pocket": dict(layers_per_block=1, block_out_channels=(64, 128, 160), cross_attention_dim=192, attention_head_dim=4,
                   down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
                   up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"), norm_num_groups=8),
    # Stable Diffusion's, with a tenth of its channels.
    "narrow": dict(layers_per_block=2, block_out_channels=(32, 64, 96, 96), cross_attention_dim=48, attention_head_dim=8,
                   norm_num_groups=32),
    # For inpainting; attention in the coarser level only, another number of heads in each.
    "odd": dict(in_channels=9, layers_per_block=1, block_out_channels=(48, 80), cross_attention_dim=40,
                attention_head_dim=(3, 5), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), norm_num_groups=16),
}


def numbers(name, shape):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 & (1 << 64) - 1
    with numpy.errstate(over="ignore"):
        state = numpy.uint64(seed) + numpy.arange(1, math.prod(shape) + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        state = (state ^ state >> numpy.uint64(30)) * numpy.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ state >> numpy.uint64(27)) * numpy.uint64(0x94D049BB133111EB)
        state ^= state >> numpy.uint64(31)
    return ((state >> numpy.uint64(40)).astype(numpy.float32) / numpy.float32(1 << 23) - numpy.float32(1)).reshape(shape)


def weights(name, shape):
    values = numbers(name, shape)
    if len(shape) > 1:
        return values * numpy.float32(1.7 / math.sqrt(math.prod(shape[1:])))
    return values * numpy.float32(0.2) + numpy.float32(1 if name.endswith("weight") else 0)


def filled(model, prefix):
    state = {name: torch.from_numpy(weights(prefix + name, tuple(value.shape))) for name, value in model.state_dict().items()}
    model.load_state_dict(state)
    return model.eval()


def random(name, *shape):
    """Roughly normal: the sum of twelve even numbers."""
    return torch.from_numpy(sum(numbers(f"{name}.{part}", shape) for part in range(12)) / numpy.float32(2))


def plain(config):
    return {key: list(value) if isinstance(value, tuple) else value for key, value in config.items() if not key.startswith("_") or key == "_class_name"}
