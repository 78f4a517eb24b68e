"""A small convolutional network that reads subject, palette and way of drawing from a picture.

It is trained on renders only and never sees CLIP, so it is an independent judge of what the pocket model draws.

    python pocket_train.py classifier --work DIR
"""

from __future__ import annotations

import pathlib
import random

import numpy
import torch
import torch.nn.functional as F
from torch import nn

import dataset
import models
import palettes
import scenes
import training

VALUES: dict[str, list[str]] = {"subject": scenes.SUBJECT_NAMES, "palette": palettes.NAMES, "way": scenes.WAYS}


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1, groups=outputs, bias=False),
        nn.Conv2d(outputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class Classifier(nn.Module):
    """[n, 3, 128, 128] in -1...1 to scores for each value of each attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(_block(3, 24), _block(24, 48), _block(48, 96), _block(96, 128), _block(128, 160))
        self.heads = nn.ModuleDict({name: nn.Linear(320, len(values)) for name, values in VALUES.items()})

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        features = self.body(pictures)
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1)
        return {name: head(pooled) for name, head in self.heads.items()}


def as_input(pictures: numpy.ndarray) -> torch.Tensor:
    return torch.from_numpy(numpy.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def run(work: pathlib.Path, steps: int = 700, batch: int = 64) -> None:
    """One worker and no resuming: it takes two minutes, and batch normalisation wants one order of steps."""
    torch.manual_seed(5)
    torch.set_num_threads(1)
    pictures, records = dataset.load(work)
    labels = {name: torch.tensor([values.index(record[name]) for record in records]) for name, values in VALUES.items()}
    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, steps)
    for step in range(steps):
        rows = sorted(random.Random(f"classifier {step}").sample(range(len(records)), batch))
        inputs = as_input(pictures[rows])
        down, right = (int(torch.randint(0, 13, ())) for _ in range(2))
        inputs = F.pad(inputs, (6, 6, 6, 6), mode="replicate")[:, :, down : down + models.SIDE, right : right + models.SIDE]
        # a model's pictures are softer and noisier than renders; that alone must not change the reading
        share = (torch.rand(batch, 1, 1, 1) - 0.5).clamp(min=0) * 1.4
        inputs = inputs + (F.avg_pool2d(inputs, 3, 1, 1, count_include_pad=False) - inputs) * share
        inputs = inputs + torch.randn_like(inputs) * torch.rand(batch, 1, 1, 1) * 0.08
        with training.half_precision():
            scores = model(inputs)
        loss = sum(F.cross_entropy(scores[name].float(), labels[name][rows]) for name in VALUES)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 50 == 49:
            right = {name: (scores[name].argmax(1) == labels[name][rows]).float().mean().item() for name in VALUES}
            print(f"classifier step {step + 1}/{steps}  loss {loss.item():.3f}  {right}", flush=True)
    (work / "checkpoints").mkdir(exist_ok=True)
    torch.save(model.state_dict(), work / "checkpoints" / "classifier.pt")


@torch.no_grad()
def read(work: pathlib.Path, pictures: numpy.ndarray) -> list[dict[str, str]]:
    """What the classifier sees in pictures [n, 128, 128, 3] u8."""
    model = Classifier()
    model.load_state_dict(torch.load(work / "checkpoints" / "classifier.pt", weights_only=True))
    model.eval()
    seen = []
    for start in range(0, len(pictures), 64):
        scores = model(as_input(pictures[start : start + 64]))
        best = {name: scores[name].argmax(1) for name in VALUES}
        seen += [{name: VALUES[name][best[name][row]] for name in VALUES} for row in range(len(best["subject"]))]
    return seen
