"""Normal random numbers: what `torch.randn` draws on the CPU, and what it draws on CUDA, from the papers and cuRAND's header.

python random_numbers.py FOLDER   # writes random.safetensors
"""

import pathlib
import sys

import numpy
import torch
from safetensors.torch import save_file

SEEDS = [0, 1, 2, 42, 123, 1234, 4321, 31337, 65535, 65536, 999_999, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 7**22, 3**39, 2**63 - 1, 5]
SHAPES = [(1,), (3, 5), (4, 4), (17,), (1, 4, 5, 9)]


def philox(seed: int, draw: int, count: int) -> torch.Tensor:
    """Philox 4x32-10 (Salmon et al. 2011) with counter (draw, 0, index, 0), and cuRAND's Box-Muller transform, in Float64."""
    index = numpy.arange(count, dtype=numpy.uint64)
    low32 = numpy.uint64(0xFFFFFFFF)
    counter = [numpy.full(count, draw, numpy.uint64), numpy.zeros(count, numpy.uint64), index & low32, index >> numpy.uint64(32)]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = counter[0] * numpy.uint64(0xD2511F53), counter[2] * numpy.uint64(0xCD9E8D57)
        counter = [
            (b >> numpy.uint64(32)) ^ counter[1] ^ numpy.uint64(key[0]),
            b & low32,
            (a >> numpy.uint64(32)) ^ counter[3] ^ numpy.uint64(key[1]),
            a & low32,
        ]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    level = (counter[0].astype(float) + 0.5) * 2.0**-32
    angle = (counter[1].astype(float) + 0.5) * float(numpy.float32(1.46291807e-09))  # 2 pi / 2^32 as cuRAND has it
    return torch.from_numpy((numpy.sqrt(-2 * numpy.log(level)) * numpy.sin(angle)).astype(numpy.float32))


def main() -> None:
    tensors = {}
    for number, seed in enumerate(SEEDS):
        generator = torch.Generator("cpu").manual_seed(seed)
        # one after another from the same generator, as samplers draw
        for shape in SHAPES:
            tensors[f"cpu.{number}.{'x'.join(map(str, shape))}"] = torch.randn(shape, generator=generator)
        for draw, shape in enumerate(SHAPES):
            tensors[f"cuda.{number}.{'x'.join(map(str, shape))}"] = philox(seed, draw, torch.Size(shape).numel()).reshape(shape)
    large = torch.randn((4, 64, 64), generator=torch.Generator("cpu").manual_seed(42))
    # the whole of it would be large; sums of the bits of each row tell as much
    bits = large.numpy().view(numpy.uint32).astype(numpy.uint64).reshape(256, 64)
    tensors["cpu.large"] = torch.from_numpy((bits.sum(1) % 2**24).astype(numpy.float32))
    tensors["seeds"] = torch.tensor(SEEDS, dtype=torch.int64)
    save_file(tensors, pathlib.Path(sys.argv[1]) / "random.safetensors")


main()
