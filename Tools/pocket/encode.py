"""Encodes the data set once: latents of the pictures, hidden states of the captions, so that the UNet's training needs
neither the autoencoder nor the text tower."""

from __future__ import annotations

import pathlib

import numpy
import torch

import dataset
import models
import training
from tokenizer import CONTEXT, encode
from train_vae import SCALING, load_final


@torch.no_grad()
def run_captions(work: pathlib.Path) -> None:
    torch.set_num_threads(1)
    _, records = dataset.load(work)
    folder = work / "data"
    clip = models.load_average(models.make_clip(), work, "text", "clip.")
    text_encoder, tokenizer = models.text_encoder_of(clip), models.load_tokenizer(work)
    # the empty caption comes last: it stands for "no caption" in the training and in guidance
    texts = [text for record in records for text in record["captions"]] + [""]
    beside = folder / ".states.npy"
    states = numpy.lib.format.open_memmap(beside, "w+", numpy.float16, (len(texts), CONTEXT, models.WIDTH))
    for start in range(0, len(texts), 256):
        with training.half_precision():
            hidden = text_encoder(encode(tokenizer, texts[start : start + 256])).last_hidden_state
        states[start : start + len(hidden)] = hidden.float().numpy().astype(numpy.float16)
        if start % 8192 == 0:
            print(f"caption {start} of {len(texts)}", flush=True)
    states.flush()
    beside.rename(folder / "states.npy")


@torch.no_grad()
def run_pictures(work: pathlib.Path) -> None:
    torch.set_num_threads(1)
    pictures, _ = dataset.load(work)
    folder = work / "data"
    vae = load_final(work)
    latents = numpy.empty((len(pictures), 4, 16, 16), numpy.float16)
    for start in range(0, len(pictures), 64):
        batch = torch.from_numpy(numpy.array(pictures[start : start + 64])).permute(0, 3, 1, 2).float() / 127.5 - 1
        with training.half_precision():
            mean = vae.encode(batch).latent_dist.mean
        latents[start : start + len(mean)] = (mean.float() * SCALING).numpy().astype(numpy.float16)
        if start % 4096 == 0:
            print(f"picture {start} of {len(pictures)}", flush=True)
    numpy.save(folder / ".latents.npy", latents)
    (folder / ".latents.npy").rename(folder / "latents.npy")
    print(f"latents: mean {latents.astype(numpy.float32).mean():.3f}, spread {latents.astype(numpy.float32).std():.3f}", flush=True)
