"""Says what diffusers and transformers make of files that `aesgrad export` has written.
usage: python check_export.py MODEL_FOLDER FORM EXPORTED EXPECTED

MODEL_FOLDER is a diffusers folder, or that of a CLIPTextModel; FORM is lora, text-encoder, embedding-pt or conditioning.
EXPECTED holds "conditioning" [t, width], and for lora "plain" too: what `aesgrad encode` gives with the profile and without.
`ids` [1, t] are the tokens. Prints the largest difference, for lora as a share of the largest shift.
"""
import sys
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file
from transformers import CLIPTextModel
from transformers.utils import logging

logging.set_verbosity_error()
folder, form, exported, expected = Path(sys.argv[1]), sys.argv[2], sys.argv[3], load_file(sys.argv[4])
torch.set_grad_enabled(False)
if form == "embedding-pt":
    tensor = torch.load(exported, weights_only=True)
    print(tensor.dtype, tuple(tensor.shape), "largest difference", (tensor.flatten() - expected["mean"]).abs().max().item())
    sys.exit()
if form == "conditioning":
    found = load_file(exported)["prompt_embeds"][0]
else:
    place = exported if form == "text-encoder" else folder / "text_encoder" if (folder / "text_encoder").is_dir() else folder
    model = CLIPTextModel.from_pretrained(place, dtype=torch.float32).eval()
    if form == "lora":
        state, alphas = StableDiffusionPipeline.lora_state_dict(exported)
        StableDiffusionPipeline.load_lora_into_text_encoder(state, network_alphas=alphas, text_encoder=model)
    found = model(expected["ids"].long()).last_hidden_state[0]
difference = (found - expected["conditioning"]).abs().max().item()
shift = (expected["conditioning"] - expected["plain"]).abs().max().item()
print(f"largest difference {difference:.3g}, largest shift {shift:.3g}, share {difference / shift:.3g}")
