"""Makes the small random CLIP models of the tests and what transformers computes with them.

    python clip.py ../../Tests/CLIPKitTests/Fixtures

README.md beside this file lists the folders and the tensors of each expected.safetensors.
"""

import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel, CLIPTextModel, CLIPTokenizer

PROMPTS = [
    "",
    "a photo of an astronaut riding a horse on mars",
    "Café crème à Montréal, 4K!!! <|endoftext|> it's the artist's 猫の絵",
    "masterpiece, highly detailed, " * 30,
]

# name: (text, vision, projection, storage type, old configuration file)
MODELS = {
    "clip-quick": (
        dict(hidden_size=32, intermediate_size=64, num_attention_heads=4, num_hidden_layers=3, hidden_act="quick_gelu"),
        dict(hidden_size=32, intermediate_size=96, num_attention_heads=2, num_hidden_layers=2, hidden_act="quick_gelu",
             image_size=32, patch_size=8),
        24, torch.float32, False,
    ),
    "clip-gelu": (
        dict(hidden_size=40, intermediate_size=80, num_attention_heads=5, num_hidden_layers=4, hidden_act="gelu",
             layer_norm_eps=1e-3, eos_token_id=2, bos_token_id=0),
        dict(hidden_size=24, intermediate_size=48, num_attention_heads=3, num_hidden_layers=3, hidden_act="gelu",
             layer_norm_eps=1e-6, image_size=48, patch_size=16),
        20, torch.float32, True,
    ),
    # One head, so that the width alone decides it (64 a head, at least one), as single-file checkpoints need.
    "clip-half": (
        dict(hidden_size=32, intermediate_size=64, num_attention_heads=1, num_hidden_layers=3, hidden_act="quick_gelu"),
        dict(hidden_size=32, intermediate_size=64, num_attention_heads=1, num_hidden_layers=2, hidden_act="quick_gelu",
             image_size=42, patch_size=14),
        16, torch.float16, False,
    ),
}  # fmt: skip


def randomise(model, generator):
    """Fills every parameter so that no part can be left out unnoticed: gains away from 1, biases away from 0."""
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name or "layrnorm" in name:
            value = (1 + 0.3 * noise) if name.endswith("weight") else 0.2 * noise
        elif name.endswith("bias"):
            value = 0.2 * noise
        elif "embedding" in name and "patch" not in name:
            value = 0.7 * noise
        elif parameter.dim() >= 2:
            value = 1.5 * noise / parameter[0].numel() ** 0.5
        else:
            value = parameter.detach()
        parameter.data.copy_(value)


def values(model, ids, pixels):
    """Everything transformers computes, in the type of the model."""
    with torch.inference_mode():
        text = model.get_text_features(ids, output_hidden_states=True)
        image = model.get_image_features(pixels.to(model.dtype), output_hidden_states=True)
        final = model.text_model.final_layer_norm
        pooled = model.text_model(ids).pooler_output
        visual = model.vision_model(pixels.to(model.dtype))
        torch.testing.assert_close(final(text.hidden_states[-1]), text.last_hidden_state)
        return {
            "text.last_hidden_state": text.last_hidden_state,
            "text.skip_2": final(text.hidden_states[-2]),
            "text.skip_3": final(text.hidden_states[-3]),
            "text.pooled": pooled,
            "text.features": text.pooler_output,
            "text.unit_features": text.pooler_output / text.pooler_output.norm(dim=-1, keepdim=True),
            "image.last_hidden_state": visual.last_hidden_state,
            "image.pooled": visual.pooler_output,
            "image.features": image.pooler_output,
            "image.unit_features": image.pooler_output / image.pooler_output.norm(dim=-1, keepdim=True),
        }


def stored(tensors, dtype):
    """Contiguous tensors of their own, floating point ones in `dtype`."""
    return {name: tensor.to(dtype if tensor.is_floating_point() else tensor.dtype).clone().contiguous()
            for name, tensor in tensors.items()}  # fmt: skip


def old_configuration(config):
    """The spelling of the first CLIP files: the true values in `…_config_dict`, defaults left out, others stale."""
    text, vision = config.text_config, config.vision_config
    shared = ["hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers", "hidden_act",
              "layer_norm_eps"]  # fmt: skip
    text_dict = {key: getattr(text, key) for key in [*shared, "vocab_size", "eos_token_id", "bos_token_id"]}
    vision_dict = {key: getattr(vision, key) for key in [*shared, "image_size", "patch_size"]}
    return {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": config.projection_dim,
        "text_config": {"hidden_size": 512, "eos_token_id": 7, "id2label": {"0": "LABEL_0", "1": "LABEL_1"}},
        "text_config_dict": text_dict,
        "vision_config": {"hidden_size": 768},
        "vision_config_dict": vision_dict,
        "torch_dtype": "float32",
    }


def make_model(root, name, tokenizer, seed):
    """Writes root/name: config.json, preprocessor_config.json, model.safetensors, expected.safetensors, the tokenizer."""
    text, vision, projection, storage, old = MODELS[name]
    text = dict(eos_token_id=tokenizer.eos_token_id, bos_token_id=tokenizer.bos_token_id,
                pad_token_id=tokenizer.pad_token_id) | text  # fmt: skip
    config = CLIPConfig(text_config=dict(vocab_size=len(tokenizer), **text), vision_config=vision,
                        projection_dim=projection)  # fmt: skip
    model = CLIPModel(config).eval()
    generator = torch.Generator().manual_seed(seed)
    randomise(model, generator)
    model = model.to(storage).float()

    folder = root / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if old:
        (folder / "config.json").write_text(json.dumps(old_configuration(config), indent=2) + "\n")
    else:
        config.save_pretrained(folder)
    size = vision["image_size"]
    preprocessor = {"crop_size": size, "size": size} if old else {
        "crop_size": {"height": size, "width": size}, "size": {"shortest_edge": size},
        "do_center_crop": True, "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_processor_type": "CLIPImageProcessor", "resample": 3, "rescale_factor": 1 / 255,
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=2) + "\n")
    save_file(stored(model.state_dict(), storage), folder / "model.safetensors", {"format": "pt"})

    ids = tokenizer(PROMPTS, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    pixels = torch.randn(3, 3, size, size, generator=generator)
    single = values(model, ids, pixels)
    reference = values(model.double(), ids, pixels)
    error = {key: float((single[key].double() - reference[key]).abs().max()) for key in reference}
    expected = {key: value.float().contiguous() for key, value in reference.items()}
    expected |= {"input_ids": ids.int(), "pixel_values": pixels}
    # One entry: safetensors writes several in no fixed order.
    metadata = {"reference": json.dumps({"prompts": PROMPTS, "float32_error": error})}
    save_file(expected, folder / "expected.safetensors", metadata)

    # The folder must mean to transformers what it was made from; this also tests the old spelling of config.json.
    loaded = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval()
    for key, value in values(loaded, ids, pixels).items():
        torch.testing.assert_close(value, single[key])
    print(name, "largest float32 error of transformers:", {key: f"{value:.1e}" for key, value in error.items()})
    return model.float()


def make_variants(root, model, tokenizer):
    """The text encoder of `model` in the spellings and containers that are around; all in half precision."""
    config = model.config.text_config
    encoder = CLIPTextModel(config).eval()
    encoder.load_state_dict(model.text_model.state_dict())
    plain = stored(encoder.state_dict(), torch.float16)
    classic = {f"text_model.{name}": tensor for name, tensor in plain.items()}
    positions = torch.arange(77).unsqueeze(0)

    root = root / "text-encoders"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)

    def folder(name):
        (root / name).mkdir(parents=True)
        config.save_pretrained(root / name)
        document = json.loads((root / name / "config.json").read_text())
        (root / name / "config.json").write_text(
            json.dumps(document | {"architectures": ["CLIPTextModel"]}, indent=2) + "\n")  # fmt: skip
        return root / name

    pipeline = root / "pipeline"
    pipeline.mkdir()
    (pipeline / "model_index.json").write_text(json.dumps({
        "_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.42.1",
        "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"],
        "scheduler": ["diffusers", "PNDMScheduler"],
    }, indent=2) + "\n")  # fmt: skip
    with_positions = classic | {"text_model.embeddings.position_ids": positions}
    save_file(with_positions, folder("pipeline/text_encoder") / "model.fp16.safetensors", {"format": "pt"})
    old_tokenizer(pipeline / "tokenizer", root.parent / "tokenizer")

    save_file(plain, folder("transformers-5") / "model.safetensors", {"format": "pt"})
    shards = folder("sharded")
    names = sorted(classic)
    halves = {"model-00001-of-00002.safetensors": names[: len(names) // 2],
              "model-00002-of-00002.safetensors": names[len(names) // 2 :]}  # fmt: skip
    for file, part in halves.items():
        save_file({name: classic[name] for name in part}, shards / file, {"format": "pt"})
    index = {"metadata": {"total_size": sum(tensor.nbytes for tensor in classic.values())},
             "weight_map": {name: file for file, part in halves.items() for name in part}}  # fmt: skip
    (shards / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
    torch.save(classic, folder("torch") / "pytorch_model.bin")
    torch.save(classic, folder("torch-legacy") / "pytorch_model.bin", _use_new_zipfile_serialization=False)

    # Single files: as Stable Diffusion 1.x was published, as NovelAI's was, and the text encoder alone.
    others = {
        "model.diffusion_model.out.2.bias": torch.zeros(4, dtype=torch.float16),
        "model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_k.weight": torch.zeros(8, 32).half(),
        "first_stage_model.quant_conv.bias": torch.zeros(8, dtype=torch.float16),
        "model_ema.decay": torch.tensor(0.9999),
    }
    prefix = "cond_stage_model.transformer."
    ldm = {prefix + name: tensor for name, tensor in with_positions.items()}
    save_file(others | ldm, root / "ldm.safetensors")
    bare = {prefix + name: tensor for name, tensor in (plain | {"embeddings.position_ids": positions}).items()}
    torch.save({"global_step": 7, "state_dict": others | bare}, root / "novelai.ckpt")
    save_file(classic, root / "clip_l.safetensors")


def old_tokenizer(folder, source):
    """The tokenizer files as Stable Diffusion 1.x has them: vocab.json and merges.txt, padding named apart."""
    folder.mkdir()
    for file in ["vocab.json", "merges.txt"]:
        shutil.copy(source / file, folder / file)

    def token(content):
        return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}

    start, end = token("<|startoftext|>"), token("<|endoftext|>")
    special = {"bos_token": start, "eos_token": end, "pad_token": "<|endoftext|>", "unk_token": end}
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")
    typed = {key: {"__type": "AddedToken", **value} for key, value in
             [("bos_token", start), ("eos_token", end), ("unk_token", end)]}  # fmt: skip
    configuration = {"add_prefix_space": False, "do_lower_case": True, "errors": "replace", "model_max_length": 77,
                     "pad_token": "<|endoftext|>", "tokenizer_class": "CLIPTokenizer", **typed}  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(configuration, indent=2) + "\n")


def main():
    root = pathlib.Path(sys.argv[1])
    torch.set_num_threads(1)
    tokenizer = CLIPTokenizer.from_pretrained(root / "tokenizer")
    models = {name: make_model(root, name, tokenizer, seed) for seed, name in enumerate(MODELS, start=1)}
    make_variants(root, models["clip-half"], tokenizer)


if __name__ == "__main__":
    main()
