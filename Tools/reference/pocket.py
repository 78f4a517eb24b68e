"""Makes Tests/PocketModelTests/Fixtures: what transformers and diffusers compute with the model that ships.
usage: python pocket.py FIXTURES_FOLDER

The weights are in half precision; values are computed in double precision from them, and rounded.
"""

import sys
from pathlib import Path

import numpy
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPImageProcessor, CLIPModel, CLIPTextModel, CLIPTokenizer

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "Sources" / "PocketModel" / "pocket"
PROMPTS = ["a castle, watercolour", "two cats at night, pixel art"]
PICTURES = ["neon-night/castle.png", "sepia/cat.png"]
STEPS, GUIDANCE = 10, 7.5

torch.set_grad_enabled(False)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    double = dict(torch_dtype=torch.float64)
    tokenizer = CLIPTokenizer.from_pretrained(MODEL / "tokenizer")
    ids = tokenizer(PROMPTS + [""], padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    text = CLIPTextModel.from_pretrained(MODEL / "text_encoder", **double)
    clip = CLIPModel.from_pretrained(MODEL / "clip", **double)
    unet = UNet2DConditionModel.from_pretrained(MODEL / "unet", **double)
    vae = AutoencoderKL.from_pretrained(MODEL / "vae", **double)
    processor = CLIPImageProcessor.from_pretrained(MODEL / "clip")
    pictures = [Image.open(ROOT / "galleries" / name).convert("RGB") for name in PICTURES]
    pixels = processor(pictures, return_tensors="pt").pixel_values.double()
    states = text(ids).last_hidden_state
    values = {
        "ids": ids.int(),
        "states": states[:2],
        "text_features": clip.text_projection(clip.text_model(ids).pooler_output)[:2],
        "image_features": clip.visual_projection(clip.vision_model(pixels).pooler_output),
    }
    noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    values["noise"] = noise
    values["unet.981"] = unet(noise.double(), 981, states[:1]).sample
    values["unet.21"] = unet(noise.double(), 21, states[1:2]).sample
    plain = torch.from_numpy(numpy.asarray(pictures[0])).permute(2, 0, 1)[None].double() / 127.5 - 1
    code = vae.encode(plain).latent_dist
    values["mean"], values["log_variance"] = code.mean, code.logvar
    values["decoded"] = vae.decode(code.mean).sample[:, :, 32:96, 32:96]
    scheduler = DDIMScheduler.from_pretrained(MODEL / "scheduler")
    scheduler.set_timesteps(STEPS)
    latents = noise.double()
    for time in scheduler.timesteps:
        plain, guided = unet(torch.cat([latents, latents]), time, torch.stack([states[2], states[0]])).sample.chunk(2)
        latents = scheduler.step(plain + GUIDANCE * (guided - plain), time, latents).prev_sample
    values["latents"] = latents
    values = {
        name: (value.float() if value.is_floating_point() else value).contiguous() for name, value in values.items()
    }
    save_file(values, folder / "expected.safetensors")


if __name__ == "__main__":
    main()
