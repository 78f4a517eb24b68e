"""Makes Tests/DiffusionTests/Fixtures/pipeline.*: what diffusers' pipelines make of texts, pictures and masks.
usage: python generation.py FIXTURES_FOLDER

The model is small: UNet and VAE computed from their names (synthetic.py), a second UNet for inpainting, text encoder and
tokenizer those of CLIPKitTests. pipeline.json and inpainting.json hold configurations, names and shapes; pipeline.safetensors
conditionings, final latents after 10 steps with a guidance scale of 7.5 and the seed 42, and a picture's pixels.
"""
import json
import sys
from pathlib import Path

import numpy
import torch
from diffusers import (
    AutoencoderKL, DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler,
    PNDMScheduler, StableDiffusionImg2ImgPipeline, StableDiffusionInpaintPipeline, StableDiffusionPipeline, UNet2DConditionModel,
)
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTokenizer

from synthetic import filled, plain

folder = Path(sys.argv[1])
clip = folder.parents[1] / "CLIPKitTests/Fixtures"
torch.set_grad_enabled(False)
SIDE, STEPS, SCALE, SEED = 64, 10, 7.5, 42
PROMPT, NEGATIVE = "a photo of a horse on mars", "blurry"

shape = dict(sample_size=8, layers_per_block=1, block_out_channels=(32, 48), cross_attention_dim=32, attention_head_dim=4,
             down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
             norm_num_groups=8)
unets = {"pipeline": filled(UNet2DConditionModel(**shape), "unet."),
         "inpainting": filled(UNet2DConditionModel(in_channels=9, **shape), "unet.")}
vae = filled(AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
                           block_out_channels=(16, 24, 32, 32), norm_num_groups=4), "vae.")
text = CLIPTextModel.from_pretrained(clip / "clip-quick").eval()
tokenizer = CLIPTokenizer.from_pretrained(clip / "tokenizer")

base = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1)
SCHEDULERS = {
    "ddim": DDIMScheduler(clip_sample=False, set_alpha_to_one=False, **base),
    "plms": PNDMScheduler(skip_prk_steps=True, set_alpha_to_one=False, **base),
    "euler": EulerDiscreteScheduler(timestep_spacing="linspace", **base),
    "euler-a": EulerAncestralDiscreteScheduler(timestep_spacing="linspace", **base),
    "dpm++2m": DPMSolverMultistepScheduler(timestep_spacing="linspace", **base),
}
y, x = numpy.mgrid[0:SIDE, 0:SIDE]
picture = Image.fromarray(numpy.stack([4 * x, 4 * y, x * y % 256], axis=2).astype(numpy.uint8))
# White, which is made anew, from the middle of the left half on; not on the grid of the latents.
mask = Image.fromarray(numpy.where((x >= 19) & (y < 45), 255, 0).astype(numpy.uint8))


def run(kind, unet, scheduler, output="latent", **extra):
    pipe = kind(vae=vae, text_encoder=text, tokenizer=tokenizer, unet=unets[unet], scheduler=scheduler, safety_checker=None,
                feature_extractor=None, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    sizes = {} if kind is StableDiffusionImg2ImgPipeline else dict(height=SIDE, width=SIDE)
    return pipe(PROMPT, negative_prompt=NEGATIVE, num_inference_steps=STEPS, guidance_scale=SCALE, output_type=output,
                generator=torch.Generator("cpu").manual_seed(SEED), **sizes, **extra).images


def encoded(prompt):
    ids = tokenizer(prompt, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    return text(ids).last_hidden_state[0]


tensors = dict(positive=encoded(PROMPT), negative=encoded(NEGATIVE))
for name, scheduler in SCHEDULERS.items():
    tensors[name] = run(StableDiffusionPipeline, "pipeline", scheduler)
    tensors[name + ".picture"] = run(StableDiffusionImg2ImgPipeline, "pipeline", scheduler, image=picture, strength=0.6)
    for unet in unets:
        for strength in (1.0, 0.6):
            tensors[f"{name}.{unet}.{strength}"] = run(
                StableDiffusionInpaintPipeline, unet, scheduler, image=picture, mask_image=mask, strength=strength)
tensors["pixels"] = torch.from_numpy(numpy.array(run(StableDiffusionPipeline, "pipeline", SCHEDULERS["ddim"], "pil")[0]))
print({name: (tuple(value.shape), round(float(value.float().abs().max()), 2)) for name, value in tensors.items()})
print("pixels at the ends of the range:", float(((tensors["pixels"] == 0) | (tensors["pixels"] == 255)).float().mean()))
save_file({key: value.contiguous() if key == "pixels" else value.float().contiguous() for key, value in tensors.items()}, folder / "pipeline.safetensors")
for name, unet in unets.items():
    description = dict(
        unet=plain(dict(unet.config, _class_name="UNet2DConditionModel")), vae=plain(dict(vae.config, _class_name="AutoencoderKL")),
        tensors={part: {n: dict(shape=list(v.shape)) for n, v in model.state_dict().items()} for part, model in [("unet", unet), ("vae", vae)]})
    (folder / f"{name}.json").write_text(json.dumps(description, separators=(",", ":")) + "\n")
