"""Trains the autoencoder on crops, then gives its latents unit spread.

The encoder has to be settled before the UNet's training begins. The decoder has not: `run_decoder` goes on with it alone,
on the same latents, for as long as it still gets sharper.

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
    """Absolute error with colour weighed up, and the absolute error of differences between neighbours at two scales, where
    blur costs most. Without the colour's weight a saturated yellow stays beige for a thousand steps: absolute error alone
    is content with the luma right and the rest in the middle."""
    error = made - wanted
    plain = error.abs().mean()
    broad = F.avg_pool2d(error, 4)
    tint = broad - broad.mean(1, keepdim=True)
    plain = plain + 2 * broad.square().mean() + 2 * tint.abs().mean()
    sharp = torch.zeros(())
    for scale in range(2):
        if scale:
            made, wanted = F.avg_pool2d(made, 2), F.avg_pool2d(wanted, 2)
        for ours, theirs in zip(edges(made), edges(wanted)):
            sharp = sharp + (ours - theirs).abs().mean()
    return plain, sharp


def _crops(pictures: numpy.ndarray, batch: int, chance: random.Random) -> torch.Tensor:
    places, crops = (models.SIDE - CROP) // 8, []
    for _ in range(batch):
        row, top, left = chance.randrange(len(pictures)), 8 * chance.randint(0, places), 8 * chance.randint(0, places)
        crops.append(pictures[row, top : top + CROP, left : left + CROP])
    return torch.from_numpy(numpy.stack(crops)).permute(0, 3, 1, 2).float() / 127.5 - 1


def run(work: pathlib.Path, steps: int = 5000, workers: int = 2, batch: int = 8) -> None:
    torch.manual_seed(2)
    pictures, _ = dataset.load(work)
    vae = models.make_vae()
    with torch.no_grad():  # begin with little noise on the latents: at a spread of 1 nothing gets through for hundreds of steps
        vae.quant_conv.weight[4:] *= 0.1
        vae.quant_conv.bias[4:] = -6.0
    run = training.Training(
        "vae", work, vae, rate=2.5e-3, steps=steps, warm_up=100, decay=0.01, average=0.995, level_until=0.25, workers=workers
    )

    def loss_of_step(vae: AutoencoderKL, step: int, noise: torch.Generator):
        wanted = _crops(pictures, batch, random.Random(f"vae {step}"))
        with training.half_precision():
            code = vae.encode(wanted).latent_dist
            made = vae.decode(code.sample(noise)).sample
        plain, sharp = picture_loss(made.float(), wanted)
        mean, spread = code.mean.float(), code.logvar.float()
        kl = 0.5 * (mean.square() + spread.exp() - 1 - spread).mean()
        return plain + 0.5 * sharp + KL_WEIGHT * kl, {"l1": plain.item(), "edge": sharp.item(), "kl": kl.item()}

    run.run(loss_of_step)
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


def run_decoder(work: pathlib.Path, steps: int = 3000, workers: int = 2, batch: int = 8) -> None:
    """Sharpens the decoder on settled latents, with a little noise on them: the UNet's latents are not exact either."""
    pictures, _ = dataset.load(work)
    vae = load_final(work).train()
    for part in (vae.encoder, vae.quant_conv):
        part.requires_grad_(False)
    run = training.Training("decoder", work, vae, rate=2e-3, steps=steps, warm_up=100, decay=0.01, average=0.998, workers=workers)

    def loss_of_step(vae: AutoencoderKL, step: int, noise: torch.Generator):
        wanted = _crops(pictures, batch, random.Random(f"decoder {step}"))
        with training.half_precision():
            with torch.no_grad():
                latents = vae.encode(wanted).latent_dist.mean.float()
            rough = torch.randn(latents.shape, generator=noise) * torch.rand(batch, 1, 1, 1, generator=noise) * 0.1 / SCALING
            made = vae.decode(latents + rough).sample
        plain, sharp = picture_loss(made.float(), wanted)
        return plain + 0.5 * sharp, {"l1": plain.item(), "edge": sharp.item()}

    run.run(loss_of_step)
    paths.write_whole(work / "checkpoints" / "decoder_final.pt", lambda path: torch.save(run.average, path))


def load_final(work: pathlib.Path):
    """With the sharpened decoder where there is one; the encoder and so the latents are the same in both."""
    vae, folder = models.make_vae(), work / "checkpoints"
    sharpened = folder / "decoder_final.pt"
    vae.load_state_dict(torch.load(sharpened if sharpened.exists() else folder / "vae_final.pt", weights_only=True))
    return vae.eval()
