"""Writes the pocket model: a diffusers `StableDiffusionPipeline` folder and, beside its parts, `clip/`. All in fp16.

    python export.py --work DIR [--out DIR]

Then loads it back with diffusers and transformers, and draws one picture with it.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil

import numpy
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

import models
import paths
import samples
from train_clip import normalised
from train_vae import SCALING, load_final

LIMIT = 32_000_000  # bytes
PICTURES = 2000  # of the training set: so many say what all pictures share


def _classic_names(path: pathlib.Path) -> None:
    """Gives a text encoder's tensors the prefix that every release of transformers reads and most tools expect."""
    weights = load_file(path)
    renamed = {
        name if name.startswith("text_model.") else f"text_model.{name}": value.contiguous() for name, value in weights.items()
    }
    save_file(renamed, path, metadata={"format": "pt"})


@torch.no_grad()
def picture_mean(clip: CLIPModel, work: pathlib.Path) -> torch.Tensor:
    """The mean of pictures' features: what sets an aesthetic apart is seen from there."""
    pictures = numpy.load(work / "data" / "pictures.npy", mmap_mode="r")
    total = torch.zeros(clip.config.projection_dim, dtype=torch.float64)
    for start in range(0, PICTURES, 100):
        pixels = torch.from_numpy(pictures[start : start + 100]).permute(0, 3, 1, 2).float() / 255
        total += clip.visual_projection(clip.vision_model(normalised(pixels)).pooler_output).sum(0)
    return total / PICTURES


def write(work: pathlib.Path, out: pathlib.Path) -> None:
    clip = models.load_clip(work)
    mean = picture_mean(clip, work)
    vae, unet = load_final(work), models.load_average(models.make_unet(), work, "unet")
    vae.register_to_config(scaling_factor=SCALING)
    tokenizer = models.load_tokenizer(work)
    processor = CLIPImageProcessor(size={"shortest_edge": models.SIDE}, crop_size={"height": models.SIDE, "width": models.SIDE})
    pipeline = StableDiffusionPipeline(
        vae=vae.half(),
        text_encoder=models.text_encoder_of(clip).half(),
        tokenizer=tokenizer,
        unet=unet.half(),
        scheduler=samples.scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    shutil.rmtree(out, ignore_errors=True)
    pipeline.save_pretrained(out)
    _classic_names(out / "text_encoder" / "model.safetensors")
    (out / "clip").mkdir()
    save_file({"mean": mean.half()}, out / "clip" / "picture_mean.safetensors")
    clip.half().save_pretrained(out / "clip")
    processor.save_pretrained(out / "clip")
    for folder in (out / "tokenizer", out / "clip"):
        for file in (work / "tokenizer").iterdir():
            shutil.copyfile(file, folder / file.name)
    # a saved pipeline carries the place it was loaded from; nothing of this machine belongs into the model
    for file in out.rglob("*.json"):
        if file.parent.name in ("tokenizer",) or file.name in ("vocab.json", "tokenizer.json"):
            continue
        content = json.loads(file.read_text())
        if isinstance(content, dict) and content.pop("_name_or_path", None) is not None:
            file.write_text(json.dumps(content, indent=2) + "\n")


@torch.no_grad()
def check(out: pathlib.Path, picture: pathlib.Path) -> None:
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    for file in sorted(out.rglob("*")):
        if file.is_file():
            print(f"{file.stat().st_size:>10,}  {file.relative_to(out)}")
    print(f"{size:>10,}  in all")
    assert size < LIMIT, "the pocket model outgrew its limit"
    for file in out.rglob("*.safetensors"):
        for name, value in load_file(file).items():
            assert value.dtype == torch.float16 and bool(value.isfinite().all()), f"{file}: {name}"
    pipeline = StableDiffusionPipeline.from_pretrained(out, torch_dtype=torch.float32)
    assert isinstance(pipeline.scheduler, DDIMScheduler)
    made = pipeline(
        "a sailboat at dawn",
        num_inference_steps=20,
        guidance_scale=6.0,
        height=models.SIDE,
        width=models.SIDE,
        generator=torch.Generator().manual_seed(1),
    ).images[0]
    made.resize((256, 256), Image.Resampling.NEAREST).save(picture)
    clip, tokenizer = (
        CLIPModel.from_pretrained(out / "clip", torch_dtype=torch.float32),
        CLIPTokenizer.from_pretrained(out / "clip"),
    )
    processor = CLIPImageProcessor.from_pretrained(out / "clip")
    words = ["a sailboat at dawn", "a cat in neon colours", "a castle in black and white"]
    scores = clip(
        **tokenizer(words, padding=True, return_tensors="pt"), **processor(made, return_tensors="pt")
    ).logits_per_image.softmax(-1)[0]
    print("the model's own CLIP on its picture:", dict(zip(words, [round(score, 3) for score in scores.tolist()])))
    inner = pipeline.text_encoder.state_dict()
    same = all(
        torch.equal(clip.state_dict()[f"text_model.{name.removeprefix('text_model.')}"], value) for name, value in inner.items()
    )
    print("text encoder and CLIP share their weights:", same)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path)
    paths.add_work_option(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    out = options.out or options.work / "pocket"
    write(options.work, out)
    check(out, options.work / "export-check.png")


if __name__ == "__main__":
    main()
