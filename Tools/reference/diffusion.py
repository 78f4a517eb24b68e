"""Makes Tests/DiffusionTests/Fixtures: what diffusers computes with three small models, and where its samplers arrive.
usage: python diffusion.py FIXTURES_FOLDER

The weights are not stored, but computed from the tensors' names (synthetic.py). MODEL.json holds the configurations, the
names and shapes, and for each name the one in a single-file checkpoint. Values are computed in double precision and rounded; samplers run in single precision, as diffusers does.
"""
import json
import sys
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL, DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler,
    PNDMScheduler, UNet2DConditionModel,
)
from diffusers.loaders import single_file_utils
from diffusers.schedulers import scheduling_euler_ancestral_discrete
from safetensors.torch import save_file

from synthetic import UNETS, filled, numbers, plain, random

folder = Path(sys.argv[1])
torch.set_grad_enabled(False)
VAES = {
    "pocket": dict(layers_per_block=1, block_out_channels=(32, 64, 64, 96), norm_num_groups=4),
    "narrow": dict(layers_per_block=2, block_out_channels=(32, 64, 64, 64), norm_num_groups=32),
    "odd": dict(layers_per_block=2, block_out_channels=(16, 48), norm_num_groups=8, scaling_factor=0.5),
}
LATENTS = {"pocket": (2, 16, 16), "narrow": (1, 16, 24), "odd": (2, 9, 7)}


def checkpoint_unet_name(name, layers, levels):
    """The inverse of what diffusers does with checkpoints."""
    for new, old in [("time_embedding.linear_1", "time_embed.0"), ("time_embedding.linear_2", "time_embed.2"),
                     ("conv_in", "input_blocks.0.0"), ("conv_norm_out", "out.0"), ("conv_out", "out.2")]:
        if name.startswith(new + "."):
            return old + name[len(new):]
    parts = name.split(".")
    if parts[0] == "mid_block":
        place = {"resnets.0": "0", "attentions.0": "1", "resnets.1": "2"}[".".join(parts[1:3])]
        block, rest, kind = f"middle_block.{place}", parts[3:], parts[1]
    else:
        level, kind, number, rest = int(parts[1]), parts[2], int(parts[3]), parts[4:]
        if parts[0] == "down_blocks":
            if kind == "downsamplers":
                return f"input_blocks.{(level + 1) * (layers + 1)}.0.op.{rest[-1]}"
            block = f"input_blocks.{level * (layers + 1) + number + 1}"
        else:
            if kind == "upsamplers":
                attends = any(n.startswith(f"up_blocks.{level}.attentions") for n in current)
                return f"output_blocks.{level * (layers + 1) + layers}.{2 if attends else 1}.conv.{rest[-1]}"
            block = f"output_blocks.{level * (layers + 1) + number}"
        block += ".0" if kind == "resnets" else ".1"
    if kind == "resnets":
        rest[0] = {"norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
                   "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection"}[rest[0]]
    return ".".join([block] + rest)


def checkpoint_vae_name(name, levels):
    parts = name.split(".")
    if parts[1] == "conv_norm_out":
        return f"{parts[0]}.norm_out.{parts[2]}"
    if parts[1] == "mid_block":
        if parts[2] == "resnets":
            return f"{parts[0]}.mid.block_{int(parts[3]) + 1}." + ".".join(parts[4:])
        part = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out": "proj_out"}[parts[4]]
        return f"{parts[0]}.mid.attn_1.{part}.{parts[-1]}"
    if parts[1] in ("down_blocks", "up_blocks"):
        isdown = parts[1] == "down_blocks"
        level = int(parts[2]) if isdown else levels - 1 - int(parts[2])
        block = f"{parts[0]}.{'down' if isdown else 'up'}.{level}"
        if parts[3] == "resnets":
            return f"{block}.block.{parts[4]}." + ".".join(parts[5:]).replace("conv_shortcut", "nin_shortcut")
        return f"{block}.{'down' if isdown else 'up'}sample.conv.{parts[-1]}"
    return name


def agrees_with_diffusers(names, unet, vae):
    """Asks diffusers' own reader of checkpoints, whose numbers it must give back under the names that it should."""
    stored = {}
    for name, value in unet.state_dict().items():
        stored["model.diffusion_model." + names["unet"][name]] = value
    for name, value in vae.state_dict().items():
        is_attention = ".mid.attn_1." in names["vae"][name] and value.dim() == 2
        stored["first_stage_model." + names["vae"][name]] = value[:, :, None, None] if is_attention else value
    for model, convert in [(unet, single_file_utils.convert_ldm_unet_checkpoint), (vae, single_file_utils.convert_ldm_vae_checkpoint)]:
        found = convert(dict(stored), dict(model.config))
        wanted = model.state_dict()
        assert found.keys() == wanted.keys(), found.keys() ^ wanted.keys()
        assert all(torch.equal(found[name].reshape(wanted[name].shape), wanted[name]) for name in wanted)


for name in UNETS:
    unet = filled(UNet2DConditionModel(sample_size=16, **UNETS[name]), "unet.")
    levels = len(VAES[name]["block_out_channels"])
    vae = filled(AutoencoderKL(down_block_types=("DownEncoderBlock2D",) * levels, up_block_types=("UpDecoderBlock2D",) * levels,
                               latent_channels=4, **VAES[name]), "vae.")
    current = list(unet.state_dict())
    names = dict(
        unet={n: checkpoint_unet_name(n, UNETS[name]["layers_per_block"], len(UNETS[name]["block_out_channels"])) for n in unet.state_dict()},
        vae={n: checkpoint_vae_name(n, levels) for n in vae.state_dict()})
    agrees_with_diffusers(names, unet, vae)
    count, height, width = LATENTS[name]
    x = random("x", count, unet.config.in_channels, height, width)
    context = random("context", count, 77 if name == "pocket" else 11, unet.config.cross_attention_dim)
    latents = random("latents", 1, 4, 6, 5)
    picture = torch.from_numpy(numbers("picture", (2, 3, 24, 40)))
    expected = dict(x=x, context=context, latents=latents, picture=picture)
    unet, vae = unet.double(), vae.double()
    for time in (981, 20.5):
        expected[f"unet.{time}"] = unet(x.double(), torch.tensor(time, dtype=torch.float64), context.double()).sample
    moments = vae.encode(picture.double()).latent_dist
    expected |= dict(mean=moments.mean, log_variance=moments.logvar, decoded=vae.decode(latents.double()).sample)
    if name == "odd":
        # In tiles of 8 latents, 16 pixels, a quarter of which overlap.
        vae.tile_latent_min_size, vae.tile_sample_min_size = 8, 16
        expected["large"] = random("large", 1, 4, 19, 13)
        expected["tiled"] = vae.tiled_decode(expected["large"].double()).sample
    save_file({key: value.float().contiguous() for key, value in expected.items()}, folder / f"{name}.safetensors")
    description = dict(
        unet=plain(dict(unet.config, _class_name="UNet2DConditionModel")), vae=plain(dict(vae.config, _class_name="AutoencoderKL")),
        tensors={part: {n: dict(shape=list(v.shape), checkpoint=names[part][n]) for n, v in model.state_dict().items()}
                 for part, model in [("unet", unet), ("vae", vae)]})
    (folder / f"{name}.json").write_text(json.dumps(description, separators=(",", ":")) + "\n")

# Samplers: ten steps with the pocket model's shape, guidance scale 7.5, the noise given.
base = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000, steps_offset=1)
STEPS, SCALE = 10, 7.5
plms = dict(skip_prk_steps=True, set_alpha_to_one=False)
runs = {
    "ddim": (DDIMScheduler, dict(clip_sample=False, set_alpha_to_one=False), {}),
    "ddim-eta": (DDIMScheduler, dict(clip_sample=False, set_alpha_to_one=False), dict(eta=0.7)),
    "plms": (PNDMScheduler, plms, {}),
}
for spacing, options in dict(linear=dict(timestep_spacing="linspace"), leading=dict(timestep_spacing="leading"),
                             karras=dict(timestep_spacing="linspace", use_karras_sigmas=True)).items():
    runs["euler." + spacing] = (EulerDiscreteScheduler, options, {})
    runs["dpm++2m." + spacing] = (DPMSolverMultistepScheduler, options, {})
    if spacing != "karras":
        runs["euler-a." + spacing] = (EulerAncestralDiscreteScheduler, options, {})
unet = filled(UNet2DConditionModel(sample_size=16, **UNETS["pocket"]), "unet.")
shape = (1, 4, 8, 8)
noise, original = random("noise", *shape), random("original", *shape)
later = random("later", 20, *shape)
mask = (torch.arange(8)[None, :] + torch.arange(8)[:, None] > 7).float()[None, None]
positive, negative = random("positive", 1, 77, 192), random("negative", 1, 77, 192)
tensors = dict(noise=noise, original=original, later=later, mask=mask, positive=positive, negative=negative)


def run(kind, options, extra, prediction="epsilon", strength=None, inpaint=False):
    scheduler = kind(**base, **options, prediction_type=prediction)
    scheduler.set_timesteps(STEPS)
    draws = iter(later)
    scheduling_euler_ancestral_discrete.randn_tensor = lambda *_, **__: next(draws)
    timesteps = scheduler.timesteps
    if strength is None:
        latents = noise * scheduler.init_noise_sigma
    else:
        start = STEPS - min(int(STEPS * strength), STEPS)
        timesteps = timesteps[start:]
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(start)
        latents = scheduler.add_noise(original, noise, timesteps[:1])
    for i, t in enumerate(timesteps):
        model_input = scheduler.scale_model_input(torch.cat([latents] * 2), t)
        output = unet(model_input, t, torch.cat([negative, positive])).sample
        away, towards = output.chunk(2)
        more = dict(extra, variance_noise=next(draws)) if "eta" in extra else extra
        latents = scheduler.step(away + SCALE * (towards - away), t, latents, **more).prev_sample
        if inpaint:
            kept = original
            if i < len(timesteps) - 1:
                kept = scheduler.add_noise(original, noise, torch.tensor([timesteps[i + 1]]))
            latents = (1 - mask) * kept + mask * latents
    return latents


for name, (kind, options, extra) in runs.items():
    tensors[name] = run(kind, options, extra)
    if "." not in name or name.endswith("linear"):
        tensors[name + ".velocity"] = run(kind, options, extra, prediction="v_prediction")
        tensors[name + ".picture"] = run(kind, options, extra, strength=0.55)
        tensors[name + ".inpainted"] = run(kind, options, extra, inpaint=True)
save_file({key: value.float().contiguous() for key, value in tensors.items()}, folder / "samplers.safetensors")
