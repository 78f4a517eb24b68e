"""The pocket model's parts and their sizes: the architecture of Stable Diffusion 1.x, about a hundred times smaller.

The whole must stay under 32 MB in half precision, and the text tower counts twice (in `clip/` and in `text_encoder/`).
"""

from __future__ import annotations

import pathlib

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPConfig, CLIPModel, CLIPTextModel, CLIPTokenizer

from tokenizer import CONTEXT, ENTRIES

SIDE = 128
# Stable Diffusion's 32 groups would leave one or two of so few channels in each, and a group of two cannot hold a level: the
# normalisation takes mean and spread away from it. With 16 groups the autoencoder lost most colour.
GROUPS_VAE, GROUPS_UNET = 4, 8
WIDTH = 192  # of the text tower, and so of the conditioning
MEAN = (0.48145466, 0.4578275, 0.40821073)  # CLIP's own
DEVIATION = (0.26862954, 0.26130258, 0.27577711)


def make_clip() -> CLIPModel:
    text = dict(
        vocab_size=ENTRIES,
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=4,
        num_attention_heads=3,
        max_position_embeddings=CONTEXT,
        hidden_act="quick_gelu",
        projection_dim=WIDTH,
        bos_token_id=ENTRIES - 2,
        eos_token_id=ENTRIES - 1,
        pad_token_id=ENTRIES - 1,
    )
    vision = dict(
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=4,
        num_attention_heads=3,
        image_size=SIDE,
        patch_size=16,
        hidden_act="quick_gelu",
        projection_dim=WIDTH,
    )
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=WIDTH))


def text_encoder_of(clip: CLIPModel) -> CLIPTextModel:
    """The text tower by itself, with the same weights."""
    encoder = CLIPTextModel(clip.config.text_config)
    wanted = set(encoder.state_dict())
    weights = {
        name.removeprefix("text_model."): value for name, value in clip.state_dict().items() if name.startswith("text_model.")
    }
    prefix = "text_model." if any(name.startswith("text_model.") for name in wanted) else ""
    encoder.load_state_dict({prefix + name: value for name, value in weights.items() if prefix + name in wanted})
    return encoder.eval()


def make_vae() -> AutoencoderKL:
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        layers_per_block=1,
        block_out_channels=(32, 64, 64, 96),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=GROUPS_VAE,
        sample_size=SIDE,
    )


def make_unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=SIDE // 8,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(64, 128, 160),
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=GROUPS_UNET,
    )


def load_tokenizer(work: pathlib.Path) -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(work / "tokenizer")


def load_average(model: torch.nn.Module, work: pathlib.Path, name: str, prefix: str = "") -> torch.nn.Module:
    """The averaged weights of a training's last checkpoint, in a model made for them."""
    saved = torch.load(work / "checkpoints" / f"{name}.pt", map_location="cpu", weights_only=True, mmap=True)
    model.load_state_dict({key.removeprefix(prefix): value for key, value in saved["average"].items() if key.startswith(prefix)})
    return model.eval()


def load_clip(work: pathlib.Path) -> CLIPModel:
    """With both towers, or, as long as the picture tower has not been trained, with the caption tower alone."""
    stage = "vision" if (work / "checkpoints" / "vision.pt").exists() else "text"
    return load_average(make_clip(), work, stage, "clip.")
