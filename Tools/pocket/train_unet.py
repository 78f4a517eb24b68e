"""Trains the UNet: predicts the noise in a noised latent, given a caption's hidden states.

Stable Diffusion's own schedule. Steps are weighed by their signal-to-noise ratio, capped at 5 (Hang et al. 2023), which
spends a small model's effort on the steps that decide shapes. One caption in ten is dropped, for guidance.
"""

from __future__ import annotations

import pathlib

import numpy
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor

import models
import training
from dataset import CAPTIONS_EACH

SCHEDULE = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
DROPPED = 0.1
CAP = 5.0


def run(work: pathlib.Path, steps: int = 6000, workers: int = 2, batch: int = 24) -> None:
    torch.manual_seed(4)
    latents = torch.from_numpy(numpy.load(work / "data" / "latents.npy"))
    states = numpy.load(work / "data" / "states.npy", mmap_mode="r")
    unet = models.make_unet()
    unet.set_attn_processor(AttnProcessor())  # on this size plain products beat the fused kernel's backward
    run = training.Training(
        "unet", work, unet, rate=2e-3, steps=steps, warm_up=200, decay=0.01, average=0.9985, level_until=0.4, workers=workers
    )
    signal_share = DDPMScheduler(**SCHEDULE).alphas_cumprod

    def loss_of_step(unet: UNet2DConditionModel, step: int, chance: torch.Generator):
        rows = torch.randint(len(latents), (batch,), generator=chance)
        captions = rows * CAPTIONS_EACH + torch.randint(CAPTIONS_EACH, (batch,), generator=chance)
        captions[torch.rand(batch, generator=chance) < DROPPED] = len(states) - 1
        conditioning = torch.from_numpy(numpy.stack([states[index] for index in captions.tolist()])).float()
        clean = latents[rows].float()
        # one step from each of `batch` even slices of the schedule: the same mean, less scatter than free draws
        times = ((torch.arange(batch) + torch.rand(batch, generator=chance)) * 1000 / batch).long().clamp(max=999)
        share = signal_share[times].view(-1, 1, 1, 1)
        noise = torch.randn(clean.shape, generator=chance)
        with training.half_precision():
            guess = unet(share.sqrt() * clean + (1 - share).sqrt() * noise, times, conditioning).sample
        errors = (guess.float() - noise).square().mean((1, 2, 3))
        ratio = (share / (1 - share)).flatten()
        loss = (errors * ratio.clamp(max=CAP) / ratio).mean()
        return loss, {"error": errors.mean().item(), "early": errors[batch * 3 // 4 :].mean().item()}

    run.run(loss_of_step, report_every=50)
