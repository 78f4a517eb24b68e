"""Trains the autoencoder on crops, then gives its latents unit spread.

Crops begin at multiples of 8, so that the renderer's textures keep their place relative to the latent cells.
"""

from __future__ import annotations

import pathlib
import random

import numpy
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

import dataset
import models
import paths
import training

CROP = 64
KL_WEIGHT = 1e-4
SCALING = 0.18215  # Stable Diffusion's own; the latents are made to fit it


def edges(pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return pictures[..., :, 1:] - pictures[..., :, :-1], pictures[..., 1:, :] - pictures[..., :-1, :]


def picture_loss(made: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Absolute error, and the same of differences between neighbours at two scales: blur costs most there."""
    plain = (made - wanted).abs().mean()
    sharp = torch.zeros(())
    for scale in range(2):
        if scale:
            made, wanted = F.avg_pool2d(made, 2), F.avg_pool2d(wanted, 2)
        for ours, theirs in zip(edges(made), edges(wanted)):
            sharp = sharp + (ours - theirs).abs().mean()
    return plain, sharp


def run(work: pathlib.Path, steps: int = 4000, workers: int = 2, batch: int = 8) -> None:
    torch.manual_seed(2)
    pictures, _ = dataset.load(work)
    run = training.Training("vae", work, models.make_vae(), rate=1.2e-3, steps=steps, warm_up=100, decay=0.01, average=0.995, level_until=0.25, workers=workers)
    places = (models.SIDE - CROP) // 8

    def loss_of_step(vae: AutoencoderKL, step: int, noise: torch.Generator):
        chance = random.Random(f"vae {step}")
        crops = []
        for _ in range(batch):
            row, top, left = chance.randrange(len(pictures)), 8 * chance.randint(0, places), 8 * chance.randint(0, places)
            crops.append(pictures[row, top : top + CROP, left : left + CROP])
        wanted = torch.from_numpy(numpy.stack(crops)).permute(0, 3, 1, 2).float() / 127.5 - 1
        with training.half_precision():
            code = vae.encode(wanted).latent_dist
            made = vae.decode(code.sample(noise)).sample
        plain, sharp = picture_loss(made.float(), wanted)
        mean, spread = code.mean.float(), code.logvar.float()
        kl = 0.5 * (mean.square() + spread.exp() - 1 - spread).mean()
        return plain + 0.5 * sharp + KL_WEIGHT * kl, {"l1": plain.item(), "edge": sharp.item(), "kl": kl.item()}

    run.run(loss_of_step)
    if run.finished:
        finish(work)


@torch.no_grad()
def finish(work: pathlib.Path, count: int = 512) -> None:
    """Folds a shift and a scale per channel into the two 1×1 convolutions around the latents: mean 0, spread 1/SCALING."""
    vae = models.load_average(models.make_vae(), work, "vae")
    pictures, _ = dataset.load(work)
    means = []
    for start in range(0, count, 32):
        batch = torch.from_numpy(numpy.array(pictures[start : start + 32])).permute(0, 3, 1, 2).float() / 127.5 - 1
        means.append(vae.encode(batch).latent_dist.mean)
    latents = torch.cat(means)
    middle, gain = latents.mean((0, 2, 3)), 1 / (SCALING * latents.std((0, 2, 3)))
    weight, bias = vae.quant_conv.weight, vae.quant_conv.bias
    weight[:4] *= gain.view(4, 1, 1, 1)
    bias[:4] = (bias[:4] - middle) * gain
    bias[4:] += 2 * gain.log()  # the log-variance follows the scale
    after = vae.post_quant_conv
    after.bias += (after.weight[:, :, 0, 0] * middle).sum(1)
    after.weight /= gain.view(1, 4, 1, 1)
    paths.write_whole(work / "checkpoints" / "vae_final.pt", lambda path: torch.save(vae.state_dict(), path))


def load_final(work: pathlib.Path):
    vae = models.make_vae()
    vae.load_state_dict(torch.load(work / "checkpoints" / "vae_final.pt", weights_only=True))
    return vae.eval()
