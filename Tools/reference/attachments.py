"""Makes the files of other programs that change a model, and what their own libraries compute with them.
usage: python attachments.py CLIP_FIXTURES DIFFUSION_FIXTURES

CLIP_FIXTURES/attachments: LoRAs of PEFT, diffusers, LyCORIS and in kohya's names for the text encoder of clip-quick, and
textual inversions. DIFFUSION_FIXTURES/attachments: LoRAs for the UNet called "narrow" in synthetic.py, and hypernetworks.
Each folder's expected.safetensors holds what comes out, computed in double precision; README.md lists the rest.
"""
import sys
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from lycoris import LycorisNetwork, create_lycoris
from peft import LoraConfig, get_peft_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel
from transformers.utils import logging

from synthetic import UNETS, filled, random

logging.set_verbosity_error()
clip_folder, diffusion_folder = Path(sys.argv[1]), Path(sys.argv[2])
text_folder, image_folder = clip_folder / "attachments", diffusion_folder / "attachments"
for folder in (text_folder, image_folder):
    folder.mkdir(exist_ok=True)
LINEAR = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
# Of every kind of module that trainers change, one or two: the files stay small.
IMAGE = [
    "down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_q", "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k",
    "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_v", "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0",
    "mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj", "up_blocks.1.attentions.2.transformer_blocks.0.ff.net.2",
    "up_blocks.2.attentions.0.proj_in", "up_blocks.3.attentions.1.proj_out",
]
CONVOLUTIONS = ["down_blocks.1.resnets.0.conv1", "up_blocks.0.resnets.1.conv_shortcut", "down_blocks.0.downsamplers.0.conv"]
VECTORS = {}


def text_encoder():
    return CLIPTextModel.from_pretrained(clip_folder / "clip-quick", dtype=torch.float32).eval().requires_grad_(False)


def unet():
    return filled(UNet2DConditionModel(sample_size=16, **UNETS["narrow"]), "unet.").requires_grad_(False)


ids = torch.randint(0, 600, (2, 77), generator=torch.Generator().manual_seed(1))
ids[:, 0], ids[:, 60:] = 662, 663
x, context = random("x", 1, 4, 16, 24), random("context", 1, 11, 48)
text_expected, image_expected = dict(input_ids=ids.int()), dict(x=x, context=context)


def conditioning(model):
    return model.double()(ids).last_hidden_state


def prediction(model):
    return model.double()(x.double(), torch.tensor(981.0, dtype=torch.float64), context.double()).sample


text_expected["plain"], image_expected["plain"] = conditioning(text_encoder()), prediction(unet())


def factors(module, seed, rank):
    """Random factors for a linear map or a convolution, as kohya's trainer shapes them."""
    weight = module.weight
    down = random(seed + ".down", rank, *weight.shape[1:]) / weight[0].numel() ** 0.5
    up = random(seed + ".up", weight.shape[0], rank, *[1] * (weight.dim() - 2)) / 3
    return down, up


# kohya's names: alphas of their own, one that is left out, one that is nought.
def kohya(model, names, prefix):
    tensors = {}
    for number, (name, module) in enumerate((n, m) for n, m in model.named_modules() if n in names):
        key = prefix + name.replace(".", "_")
        tensors[key + ".lora_down.weight"], tensors[key + ".lora_up.weight"] = factors(module, key, 1 + number % 2)
        if number != 1:
            tensors[key + ".alpha"] = torch.tensor(0.0 if number == 2 else 0.5 + number / 8)
    return tensors


text_names = [n for n, _ in text_encoder().named_modules() if n.endswith(tuple(LINEAR)) and "layers.2" not in n]
text_kohya = {k.replace("lora_te_", "lora_te_text_model_"): v for k, v in kohya(text_encoder(), text_names, "lora_te_").items()}
image_kohya = kohya(unet(), IMAGE + CONVOLUTIONS, "lora_unet_")
save_file(text_kohya, text_folder / "kohya.safetensors")
save_file(image_kohya, image_folder / "kohya.safetensors")


def merged(model, tensors, key, weight):
    """W + weight · alpha / rank · up · down, as kohya's scripts merge."""
    for name, module in model.named_modules():
        down = tensors.get(key(name) + ".lora_down.weight")
        if down is None:
            continue
        up, rank = tensors[key(name) + ".lora_up.weight"], down.shape[0]
        alpha = tensors.get(key(name) + ".alpha", torch.tensor(0.0)).item() or rank
        module.weight += (weight * alpha / rank * (up.flatten(1) @ down.flatten(1))).reshape(module.weight.shape)
    return model


def text_key(name):
    return "lora_te_text_model_" + name.replace(".", "_")


def image_key(name):
    return "lora_unet_" + name.replace(".", "_")


text_expected["kohya"] = conditioning(merged(text_encoder(), text_kohya, text_key, 0.8))
image_expected["kohya"] = prediction(merged(unet(), image_kohya, image_key, 0.8))
# diffusers itself agrees where all alphas are equal: it has no default for those that are left out, and PEFT does not find
# the modules again whose alphas differ.
pipeline = StableDiffusionPipeline


def alike(tensors):
    """The modules of rank 2, with equal alphas."""
    kept = {}
    for key, value in tensors.items():
        if key.endswith(".alpha"):
            down = tensors[key.replace(".alpha", ".lora_down.weight")]
            if len(down) == 2:
                kept |= {k: v for k, v in tensors.items() if k.startswith(key.removesuffix("alpha"))}
                kept[key] = torch.tensor(1.5)
    return kept


some_text = alike(text_kohya)
state, alphas = pipeline.lora_state_dict(dict(some_text))
model = text_encoder()
pipeline.load_lora_into_text_encoder(state, network_alphas=alphas, text_encoder=model, lora_scale=0.8)
difference = conditioning(model) - conditioning(merged(text_encoder(), some_text, text_key, 0.8))
assert difference.abs().max() < 1e-6, difference.abs().max()
some_image = alike(image_kohya)
state, alphas = pipeline.lora_state_dict(dict(some_image))
model = unet()
pipeline.load_lora_into_unet(state, network_alphas=alphas, unet=model)
model.set_adapters(model.active_adapters(), weights=0.8)
difference = prediction(model) - prediction(merged(unet(), some_image, image_key, 0.8))
assert difference.abs().max() < 1e-5, difference.abs().max()

# PEFT and diffusers.
for name, options in {"peft": {}, "peft-rslora": dict(use_rslora=True, alpha_pattern={"fc1": 7})}.items():
    torch.manual_seed(2)
    config = LoraConfig(r=2, lora_alpha=3, target_modules=["q_proj", "v_proj", "fc1"], init_lora_weights=False, **options)
    model = get_peft_model(text_encoder(), config)
    model.save_pretrained(text_folder / name)
    (text_folder / name / "README.md").unlink()
    text_expected[name] = conditioning(model)
torch.manual_seed(3)
text_model, image_model = text_encoder(), unet()
text_config = LoraConfig(r=2, lora_alpha=5, target_modules=["k_proj", "fc2"], init_lora_weights=False)
image_config = LoraConfig(r=1, lora_alpha=3, target_modules=IMAGE[:5], init_lora_weights=False)
text_model.add_adapter(text_config)
image_model.add_adapter(image_config)
text_state, image_state = get_peft_model_state_dict(text_model, adapter_name="default"), get_peft_model_state_dict(image_model, adapter_name="default")
arguments = dict(safe_serialization=True)
pipeline.save_lora_weights(
    text_folder, text_encoder_lora_layers=text_state, weight_name="diffusers.safetensors",
    text_encoder_lora_adapter_metadata=text_config.to_dict(), **arguments)
pipeline.save_lora_weights(
    image_folder, unet_lora_layers=image_state, weight_name="diffusers.safetensors",
    unet_lora_adapter_metadata=image_config.to_dict(), **arguments)
text_expected["diffusers"], image_expected["diffusers"] = conditioning(text_model), prediction(image_model)

# What diffusers wrote before 0.19 and before 0.22: the same factors without alphas, under older names.
old_text = {
    ("text_encoder.text_model." + k.removesuffix(".weight")).replace(".lora_A", ".lora_linear_layer.down").replace(".lora_B", ".lora_linear_layer.up") + ".weight": v
    for k, v in text_state.items()}
old_image = {}
for key, value in image_state.items():
    if ".attn" in key:
        head, tail = key.split(".to_", 1)
        key = f"{head}.processor.to_{tail}".replace(".0.lora_", ".lora_")
        key = key.replace(".lora_A.", "_lora.down.").replace(".lora_B.", "_lora.up.")
    else:
        key = key.replace(".lora_A.", ".lora.down.").replace(".lora_B.", ".lora.up.")
    old_image["unet." + key] = value
save_file(old_text, text_folder / "diffusers-old.safetensors")
save_file(old_image, image_folder / "diffusers-old.safetensors")
for name, expected, value, model, config in [
    ("diffusers-old", text_expected, conditioning, text_encoder(), text_config), ("diffusers-old", image_expected, prediction, unet(), image_config)]:
    key = dict(text_state if expected is text_expected else image_state)
    for module_name, module in model.named_modules():
        if module_name + ".lora_A.weight" in key:
            up, down = key[module_name + ".lora_B.weight"], key[module_name + ".lora_A.weight"]
            module.weight += (up.flatten(1) @ down.flatten(1)).reshape(module.weight.shape)
    expected[name] = value(model)

# LyCORIS: whole differences, of norms and biases too.
for folder, make, value, expected, key, targets in [
    (text_folder, text_encoder, conditioning, text_expected, "lora_te_text_model", dict(target_name=["*layers.1.*"])),
    (image_folder, unet, prediction, image_expected, "lora_unet", dict(target_name=["*up_blocks.3.attentions.0.transformer_blocks.0.attn2.to_*", "*down_blocks.0.resnets.0.norm1", "*down_blocks.0.resnets.0.time_emb_proj"])),
]:
    model = make()
    LycorisNetwork.apply_preset(dict(enable_conv=True, use_fnmatch=True, target_module=[], unet_target_module=[], lora_prefix=key, **targets))
    torch.manual_seed(4)
    network = create_lycoris(model, 1.0, algo="full", linear_dim=1, linear_alpha=1, train_norm=True)
    network.apply_to()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += torch.randn_like(parameter) / 30
    state = {k: v.contiguous().float() for k, v in network.state_dict().items()}
    print(folder.parent.parent.name, "LyCORIS", len(state), sorted({k.split(".", 1)[1] for k in state}))
    save_file(state, folder / "lycoris.safetensors")
    network.double()
    expected["lycoris"] = value(model)

# Textual inversions: a word of three vectors and one of one. What they stand for replaces the tokens 5 and 6 of the ids.
model = text_encoder()
width = model.config.hidden_size
three, one = random("three", 3, width) / 4, random("one", 1, width) / 4
torch.save(
    {"string_to_token": {"*": 265}, "string_to_param": {"*": torch.nn.Parameter(three)}, "name": "moss", "step": 400,
     "sd_checkpoint": None, "sd_checkpoint_name": None}, text_folder / "inversion-webui.pt")
save_file({"emb_params": three}, text_folder / "inversion-kohya.safetensors")
save_file({"<moss>": one[0]}, text_folder / "inversion-diffusers.safetensors", metadata={"format": "pt"})
torch.save({"<moss>": three}, text_folder / "inversion-diffusers.bin")
for name, vectors in {"inversion-3": three, "inversion-1": one}.items():
    model = text_encoder()
    model.resize_token_embeddings(664 + len(vectors), mean_resizing=False)
    model.get_input_embeddings().weight[664:] = vectors
    changed = ids.clone()
    changed[:, 5:5 + len(vectors)] = torch.arange(664, 664 + len(vectors))
    text_expected[name + ".ids"] = changed.int()
    text_expected[name] = model.double()(changed).last_hidden_state


# Hypernetworks, as AUTOMATIC1111's web interface defines them: k = to_k(c + strength · f(c)), v likewise, for the
# attention layers whose c has one of the widths.
ACTIVATIONS = {"relu": torch.nn.ReLU, "leakyrelu": torch.nn.LeakyReLU, "elu": torch.nn.ELU, "swish": torch.nn.Hardswish,
               "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid, "mish": torch.nn.Mish, "prelu": torch.nn.PReLU, "gelu": torch.nn.GELU}


def perceptron(width, structure, activation, norm, dropout, activate_output, last_dropout, seed):
    layers, last = [], len(structure) - 2
    for i in range(last + 1):
        layers.append(torch.nn.Linear(int(width * structure[i]), int(width * structure[i + 1])))
        if activation in ACTIVATIONS and (i < last or activate_output):
            layers.append(ACTIVATIONS[activation]())
        if norm:
            layers.append(torch.nn.LayerNorm(int(width * structure[i + 1])))
        if dropout and (i < last - 1 or last_dropout and i < last):
            layers.append(torch.nn.Dropout(0.3))
    module = torch.nn.Sequential(*layers).eval().requires_grad_(False)
    for name, parameter in module.named_parameters():
        scale = 1 if parameter.dim() < 2 else 1 / parameter.shape[1] ** 0.5
        parameter.copy_(random(f"{seed}.{name}", *parameter.shape) * scale * 0.7)
    return module


HYPERNETWORKS = {
    # Nothing is said: AUTOMATIC1111's defaults. The oldest names.
    "hypernetwork-old": (dict(), [48]),
    "hypernetwork-deep": (dict(layer_structure=[1, 1.25, 0.5, 1], activation_func="mish", is_layer_norm=True, use_dropout=True,
                               activate_output=False, last_layer_dropout=True), [48]),
    "hypernetwork-self": (dict(layer_structure=[1, 1], activation_func="prelu", is_layer_norm=False, use_dropout=False,
                               activate_output=True, last_layer_dropout=False), [32, 64]),
    "hypernetwork-dropout": (dict(layer_structure=[1, 0.5, 0.5, 1], activation_func="swish", is_layer_norm=False, use_dropout=True,
                                  activate_output=True, last_layer_dropout=False), [48]),
}


class Hyper(AttnProcessor):
    def __init__(self, modules, strength):
        super().__init__()
        self.modules, self.strength = modules, strength

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, **rest):
        seen = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        modules = self.modules.get(seen.shape[-1])
        keys = seen if modules is None else seen + self.strength * modules[0](seen)
        values = seen if modules is None else seen + self.strength * modules[1](seen)
        queries, keys, values = (attn.head_to_batch_dim(y) for y in (attn.to_q(hidden_states), attn.to_k(keys), attn.to_v(values)))
        y = torch.bmm(attn.get_attention_scores(queries, keys), values)
        return attn.to_out[0](attn.batch_to_head_dim(y))


def states(modules, old):
    state = modules.state_dict()
    if old:
        return {f"linear{1 if k[0] == '0' else 2}.{k.split('.')[1]}": v for k, v in state.items()}
    return {"linear." + k: v for k, v in state.items()}


for name, (settings, widths) in HYPERNETWORKS.items():
    shape = (settings.get("layer_structure", [1, 2, 1]), settings.get("activation_func"), settings.get("is_layer_norm", False),
             settings.get("use_dropout", False), settings.get("activate_output", True), settings.get("last_layer_dropout", False))
    modules = {w: tuple(perceptron(w, *shape, f"{name}.{w}.{i}") for i in (0, 1)) for w in widths}
    saved = {w: tuple(states(m, not settings) for m in pair) for w, pair in modules.items()}
    if settings:
        saved |= dict(step=1000, name="moss", weight_initialization="Normal", sd_checkpoint=None, sd_checkpoint_name=None, **settings)
    torch.save(saved, image_folder / f"{name}.pt")
    model = unet()
    model.set_attn_processor(Hyper({w: tuple(m.double() for m in pair) for w, pair in modules.items()}, 0.6))
    image_expected[name] = prediction(model)
activations = torch.linspace(-8, 8, 65)
names = {"relu": "ReLU", "relu6": "ReLU6", "leakyrelu": "LeakyReLU", "rrelu": "RReLU", "prelu": "PReLU", "elu": "ELU", "celu": "CELU",
         "selu": "SELU", "gelu": "GELU", "silu": "SiLU", "mish": "Mish", "swish": "Hardswish", "hardswish": "Hardswish", "tanh": "Tanh",
         "hardtanh": "Hardtanh", "sigmoid": "Sigmoid", "hardsigmoid": "Hardsigmoid", "logsigmoid": "LogSigmoid", "softplus": "Softplus",
         "softsign": "Softsign", "softshrink": "Softshrink", "hardshrink": "Hardshrink", "tanhshrink": "Tanhshrink"}
image_expected["activations.x"] = activations
for name, kind in names.items():
    image_expected["activation." + name] = getattr(torch.nn, kind)().double().eval().requires_grad_(False)(activations.double())

for folder, expected in [(text_folder, text_expected), (image_folder, image_expected)]:
    plain = expected["plain"]
    save_file({k: v.contiguous() if v.dtype == torch.int32 else v.float().contiguous() for k, v in expected.items()}, folder / "expected.safetensors")
    for key, value in expected.items():
        if value.shape == plain.shape and value.dtype == torch.float64:
            print(folder.parent.parent.name, key, "moves", (value - plain).abs().max().item())
