"""Makes the fixtures of the command tests, and what transformers and Pillow compute from them.

    python commands.py ../../Tests

Reads CLIPKitTests/Fixtures/clip-quick, which clip.py makes.

| file in CommandTests/Fixtures | what |
|---|---|
| `gallery/` | five pictures: RGB, JPEG, transparent, grey, and one that Exif says is to be turned, in a folder of its own |
| `embed.safetensors` | `openai`, `hf`: the five pictures' features under either way of cropping; `drop`: OpenAI's, alpha dropped |
| `personalize.safetensors` | `similarity` before the first of 20 steps and after each, `conditioning` [77, 32] at the end |
| `slow.png` | 6000 x 6000 pixels in few bytes: work for about a second |
| `system-call.pt` | a file that runs a command where its pickle is executed |
"""

import os
import pathlib
import pickle
import sys

import numpy
import torch
from PIL import Image, ImageOps
from safetensors.torch import save_file
from transformers import CLIPModel, CLIPTokenizer

SIDE = 32
PROMPT = "a photo of an astronaut riding a horse on mars"  # as in clip.py
# The longer side of c.png becomes 47: 15 are cut off, and the ways of cropping differ by a pixel in the halves of that.
SIZES = {"a.png": (75, 60), "b.jpg": (90, 40), "c.png": (47, 70), "d.png": (64, 64), "turned/e.jpg": (81, 54)}
MODES = {"a.png": "RGB", "b.jpg": "RGB", "c.png": "RGBA", "d.png": "L", "turned/e.jpg": "RGB"}


def picture(seed, size, mode):
    """Waves with noise on them: no two pictures alike, none flat."""
    random = numpy.random.default_rng(seed)
    width, height = size
    y, x = numpy.mgrid[0:height, 0:width]
    channels = [
        127 + 90 * numpy.sin((x * random.uniform(0.02, 0.2) + y * random.uniform(0.02, 0.2)) + random.uniform(0, 6))
        + random.normal(0, 12, (height, width))
        for _ in range(len(mode))
    ]
    data = numpy.stack(channels, axis=-1).clip(0, 255).astype(numpy.uint8)
    return Image.fromarray(data[:, :, 0] if mode == "L" else data, mode)


def make_gallery(folder):
    for seed, name in enumerate(sorted(SIZES)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = picture(seed, SIZES[name], MODES[name])
        if name == "turned/e.jpg":
            exif = Image.Exif()
            exif[0x0112] = 6  # to be turned by a quarter clockwise
            image.save(path, quality=90, exif=exif)
        elif name.endswith("jpg"):
            image.save(path, quality=90)
        else:
            image.save(path)


def prepared(path, crop, alpha):
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode == "RGBA" and alpha == "white":
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    image = image.convert("RGB")
    short, long = min(image.size), max(image.size)
    other = int(SIDE * long / short)
    size = (SIDE, other) if image.width <= image.height else (other, SIDE)
    image = image.resize(size, Image.BICUBIC)
    left, top = (
        int(round((n - SIDE) / 2.0)) if crop == "openai" else (n - SIDE) // 2 for n in image.size
    )
    image = image.crop((left, top, left + SIDE, top + SIDE))
    values = torch.tensor(numpy.asarray(image), dtype=torch.float32).permute(2, 0, 1) / 255
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(3, 1, 1)
    deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(3, 1, 1)
    return (values - mean) / deviation


def features(model, folder, crop, alpha):
    with torch.inference_mode():
        pixels = torch.stack([prepared(folder / name, crop, alpha) for name in sorted(SIZES)])
        result = model.get_image_features(pixels)
        return (result if isinstance(result, torch.Tensor) else result.pooler_output).contiguous()


def personalise(model, tokenizer, aesthetic):
    """The paper's loop: Adam on all weights of the text model, learning rate 1e-4."""
    inputs = tokenizer([PROMPT], max_length=77, padding="max_length", truncation=True, return_tensors="pt")
    target = aesthetic / aesthetic.norm()
    optimiser = torch.optim.Adam(model.text_model.parameters(), lr=1e-4)
    similarity = []
    for step in range(21):
        states = model.text_model(input_ids=inputs.input_ids)
        feature = model.text_projection(states.pooler_output)[0]
        cosine = feature @ target / feature.norm()
        similarity.append(cosine.item())
        if step == 20:
            return torch.tensor(similarity), states.last_hidden_state[0].detach().contiguous()
        optimiser.zero_grad()
        (-cosine).backward()
        optimiser.step()


class SystemCall:
    """What a hostile weight file holds: unpickling it would run a command."""

    def __reduce__(self):
        return os.system, ("echo this file has run a command",)


def legacy(value):
    """A file as torch before 1.6 wrote it, without storages."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [0x1950A86A20F9469CFC6C, 1001, system, value, []]
    return b"".join(pickle.dumps(part, protocol=2) for part in parts)


def main():
    tests = pathlib.Path(sys.argv[1])
    fixtures = tests / "CommandTests" / "Fixtures"
    make_gallery(fixtures / "gallery")
    model = CLIPModel.from_pretrained(tests / "CLIPKitTests" / "Fixtures" / "clip-quick").eval()
    gallery = fixtures / "gallery"
    save_file(
        {
            "openai": features(model, gallery, "openai", "white"),
            "hf": features(model, gallery, "hf", "white"),
            "drop": features(model, gallery, "openai", "drop"),
        },
        fixtures / "embed.safetensors",
    )
    tokenizer = CLIPTokenizer.from_pretrained(tests / "CLIPKitTests" / "Fixtures" / "tokenizer")
    aesthetic = features(model, gallery, "openai", "white").mean(0)
    similarity, conditioning = personalise(model, tokenizer, aesthetic)
    save_file({"similarity": similarity, "conditioning": conditioning}, fixtures / "personalize.safetensors")
    Image.new("1", (6000, 6000)).save(fixtures / "slow.png", optimize=True)
    (fixtures / "system-call.pt").write_bytes(legacy({"weights": SystemCall()}))


if __name__ == "__main__":
    main()
