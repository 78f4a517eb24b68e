"""Trains the CLIP: picture and caption towers, contrastive.

Many captions in a batch fit many pictures ("a cat" fits every cat). Since the renderer knows what is in each picture, the
targets say so: a caption counts as right for every picture that has all it names, not only for the one it was made for.
"""

from __future__ import annotations

import dataclasses
import pathlib
import random

import numpy
import torch
import torch.nn.functional as F
from transformers import CLIPModel

import dataset
import models
import palettes
import training
from captions import caption
from scenes import SUBJECT_NAMES, WAYS, Scene
from tokenizer import encode

PARTS, PARTS_WEIGHTS = ["s", "sp", "sw", "spw", "p", "w", "pw"], [16, 18, 18, 30, 6, 6, 6]
NAMED = {"subject": SUBJECT_NAMES, "palette": palettes.NAMES, "way": WAYS}
FIELDS = [field.name for field in dataclasses.fields(Scene)]


class Taught(torch.nn.Module):
    """The CLIP with helper heads that name the attributes from the picture feature. They speed up the picture tower's first
    lessons several times over, and are thrown away."""

    def __init__(self, clip: CLIPModel) -> None:
        super().__init__()
        self.clip = clip
        self.heads = torch.nn.ModuleDict({name: torch.nn.Linear(models.WIDTH, len(values)) for name, values in NAMED.items()})

    def helper_loss(self, features: torch.Tensor, scenes: list[Scene]) -> torch.Tensor:
        return sum(F.cross_entropy(head(8 * features), torch.tensor([NAMED[name].index(getattr(scene, name)) for scene in scenes]))
                   for name, head in self.heads.items())


def normalised(pictures: torch.Tensor) -> torch.Tensor:
    """[n, 3, 128, 128] in 0...1 to CLIP's scale."""
    mean, deviation = torch.tensor(models.MEAN).view(3, 1, 1), torch.tensor(models.DEVIATION).view(3, 1, 1)
    return (pictures - mean) / deviation


def roughened(pictures: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
    """Shifts, slight blur and slight noise, so that the tower also reads pictures that a model made."""
    down, right = (int(torch.randint(0, 9, (), generator=chance)) for _ in range(2))
    pictures = F.pad(pictures, (4, 4, 4, 4), mode="replicate")[:, :, down : down + models.SIDE, right : right + models.SIDE]
    blurred = F.avg_pool2d(pictures, 3, 1, 1, count_include_pad=False)
    share = (torch.rand(len(pictures), 1, 1, 1, generator=chance) - 0.4).clamp(min=0)
    pictures = pictures + (blurred - pictures) * share
    noise = torch.randn(pictures.shape, generator=chance)
    return pictures + noise * torch.rand(len(pictures), 1, 1, 1, generator=chance) * 0.03


def matches(scenes: list[Scene], parts: list[str]) -> torch.Tensor:
    """[pictures, captions]: 1 where the picture has all that the caption names."""
    table = torch.zeros(len(scenes), len(scenes))
    for column, (named, of) in enumerate(zip(parts, scenes)):
        for row, scene in enumerate(scenes):
            right = (("s" not in named or (scene.subject == of.subject and scene.count == of.count))
                     and ("p" not in named or scene.palette == of.palette) and ("w" not in named or scene.way == of.way))
            table[row, column] = float(right)
    return table


def soft_cross_entropy(logits: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Against an even share among the right answers; 0 when all of them got exactly that share."""
    target = table / table.sum(1, keepdim=True)
    floor = -(target * target.clamp(min=1e-9).log()).sum(1).mean()
    return -(target * logits.log_softmax(1)).sum(1).mean() - floor


def run(work: pathlib.Path, steps: int = 1200, workers: int = 2, batch: int = 64) -> None:
    torch.manual_seed(1)
    pictures, records = dataset.load(work)
    tokenizer = models.load_tokenizer(work)
    clip = models.make_clip()
    clip.set_attn_implementation("eager")  # on this size plain products beat the fused kernel's backward
    run = training.Training("clip", work, Taught(clip), rate=8e-4, steps=steps, warm_up=100, decay=0.05, average=0.995, workers=workers)

    def loss_of_step(taught: Taught, step: int, noise: torch.Generator):
        chance = random.Random(f"clip {step}")
        rows = sorted(chance.sample(range(len(records)), batch))
        scenes = [Scene(**{name: records[row][name] for name in FIELDS}) for row in rows]
        parts = chance.choices(PARTS, PARTS_WEIGHTS, k=batch)
        ids = encode(tokenizer, [caption(scene, chance, named) for scene, named in zip(scenes, parts)])
        longest = int((ids == tokenizer.eos_token_id).int().argmax(1).max()) + 1  # attention is causal: nothing after it counts
        pixels = torch.from_numpy(numpy.ascontiguousarray(pictures[rows])).permute(0, 3, 1, 2).float() / 255
        with training.half_precision():
            out = taught.clip(input_ids=ids[:, :longest], pixel_values=normalised(roughened(pixels, noise)))
        scale = taught.clip.logit_scale.exp().clamp(max=60)
        logits = scale * out.image_embeds.float() @ out.text_embeds.float().T
        table = matches(scenes, parts)
        loss = (soft_cross_entropy(logits, table) + soft_cross_entropy(logits.T, table.T)) / 2
        with torch.no_grad():
            hit = table.gather(1, logits.argmax(1, keepdim=True)).mean().item()
        helper = taught.helper_loss(out.image_embeds.float(), scenes)
        return loss + 0.5 * helper, {"contrast": loss.item(), "helper": helper.item(), "right": hit, "scale": scale.item()}

    run.run(loss_of_step)
