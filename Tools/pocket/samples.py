"""Makes a contact sheet from the last checkpoint, to look at while the training goes on.

python samples.py sheet.png --work DIR [--guidance 6] [--steps 20]
"""

from __future__ import annotations

import argparse
import pathlib

import numpy
import torch
from diffusers import DDIMScheduler
from PIL import Image

import models
import paths
from render import contact_sheet
from tokenizer import encode
from train_unet import SCHEDULE
from train_vae import SCALING, load_final

PROMPTS = [
    "a sailboat",
    "a lighthouse at night",
    "a cat in neon colours",
    "a castle, watercolour",
    "pixel art of a mushroom",
    "a cactus in sepia tones",
    "a rocket, a paper cut-out, in vivid colours",
    "stained glass of a butterfly",
    "a whale at dawn",
    "an ink drawing of a palm tree",
    "a sunflower, painted in dots, in warm colours",
    "a fish in cool colours",
    "a windmill in black and white",
    "a house by a tree in pastel colours",
    "a mountain in forest greens, flat design",
    "a hatched drawing of a hot air balloon",
]


def scheduler() -> DDIMScheduler:
    return DDIMScheduler(**SCHEDULE, clip_sample=False, set_alpha_to_one=False, steps_offset=1)


@torch.no_grad()
def generate(
    unet, vae, text_encoder, tokenizer, prompts: list[str], seeds: list[int], guidance: float = 6.0, steps: int = 20
) -> numpy.ndarray:
    """Pictures [n, 128, 128, 3] u8."""
    wanted = text_encoder(encode(tokenizer, prompts)).last_hidden_state
    empty = text_encoder(encode(tokenizer, [""])).last_hidden_state.expand_as(wanted)
    latents = torch.stack([torch.randn(4, 16, 16, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
    plan = scheduler()
    plan.set_timesteps(steps)
    for time in plan.timesteps:
        plain, guided = unet(torch.cat([latents, latents]), time, torch.cat([empty, wanted])).sample.chunk(2)
        latents = plan.step(plain + guidance * (guided - plain), time, latents).prev_sample
    pictures = vae.decode(latents / SCALING).sample
    return ((pictures / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()


def load_parts(work: pathlib.Path):
    clip = models.load_clip(work)
    unet = models.load_average(models.make_unet(), work, "unet")
    return unet, load_final(work), models.text_encoder_of(clip), models.load_tokenizer(work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--guidance", type=float, default=6.0)
    parser.add_argument("--steps", type=int, default=20)
    paths.add_work_option(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    pictures = generate(*load_parts(options.work), PROMPTS, list(range(len(PROMPTS))), options.guidance, options.steps)
    contact_sheet([Image.fromarray(picture) for picture in pictures], 4, 2).save(options.out)


if __name__ == "__main__":
    main()
