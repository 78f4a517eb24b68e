"""Makes Tests/AestheticTests/Fixtures/low-rank.safetensors: aesthetic gradients on factors of low rank, on the small models.

    python low_rank.py ../../Tests/CLIPKitTests/Fixtures ../../Tests/AestheticTests/Fixtures

Every linear map W of the text model gets a term B A (LoRA). B begins at zero, A with the leading right singular vectors of
the weights' first gradient, of the lengths that LowRankAdam.swift derives; queries, keys and values share their input and
so one A. torch.optim.Adam takes 20 steps on A and B alone: once in float32, once in float64. README.md beside this file
lists what is recorded.
"""

import json
import pathlib
import sys

import torch
from personalize import CASES, RATES, STEPS, relative
from safetensors.torch import save_file
from transformers import CLIPModel, CLIPTokenizer

# By case; every gradient has more directions than that.
RANKS = {"quick": 16, "gelu": 5, "three": 4}
# Whose factors are kept: what the size of the fixture allows.
FACTORS = {"gelu", "three"}
JOINED = ["q_proj", "k_proj", "v_proj"]


def groups(text):
    """The names of the linear maps, those with a common input together."""
    names = [name for name, module in text.named_modules() if isinstance(module, torch.nn.Linear)]
    found = {}
    for name in names:
        scope, last = name.rsplit(".", 1)
        found.setdefault(f"{scope}.qkv" if last in JOINED else name, []).append(name)
    return {key: [f"{key[:-4]}.{last}" for last in JOINED] if key.endswith(".qkv") else value
            for key, value in found.items()}  # fmt: skip


def start(gradient, rank):
    """A, [rank, inputs], with rows of zeros where the gradient has no more directions."""
    _, s, v = torch.linalg.svd(gradient, full_matrices=False)
    s, v = s[:rank], v[:rank]
    there = s > 1e-5 * s[0]
    s = s * there
    rows = s.norm() / s.sum() * gradient.shape[1] ** 0.5 * there[:, None] * v
    return torch.nn.functional.pad(rows, (0, 0, 0, rank - len(s)))


def optimise(folder, dtype, ids, target, rate, rank):
    """Similarities before the first and after every step; A at first, A and B after the last step, by group."""
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval().to(dtype)
    text, target = model.text_model, target.to(dtype)
    for parameter in model.parameters():
        parameter.requires_grad_(False)

    def similarity():
        features = model.get_text_features(ids).pooler_output
        features = features / features.norm(dim=-1, keepdim=True)
        return (features @ target).mean()

    maps = groups(text)
    for name in sum(maps.values(), []):
        text.get_submodule(name).weight.requires_grad_(True)
    (-similarity()).backward()
    a, b = {}, {}
    for key, names in maps.items():
        weights = [text.get_submodule(name).weight for name in names]
        gradient = torch.cat([weight.grad for weight in weights])
        a[key] = start(gradient, rank).requires_grad_(True)
        b[key] = torch.zeros(len(gradient), rank, dtype=dtype, requires_grad=True)
        for place, (name, weight) in enumerate(zip(names, weights)):
            weight.requires_grad_(False)
            outputs = slice(place * len(weight), (place + 1) * len(weight))
            text.get_submodule(name).register_forward_hook(
                lambda _, x, y, key=key, outputs=outputs: y + x[0] @ a[key].T @ b[key][outputs].T)  # fmt: skip
    first = {key: value.detach().clone() for key, value in a.items()}
    optimizer = torch.optim.Adam([*a.values(), *b.values()], lr=rate)
    similarities = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        value = similarity()
        similarities.append(value.item())
        (-value).backward()
        optimizer.step()
    with torch.no_grad():
        similarities.append(similarity().item())
    return similarities, first, *({key: value.detach() for key, value in factor.items()} for factor in (a, b))


def main():
    models, output = map(pathlib.Path, sys.argv[1:])
    torch.set_num_threads(1)
    tokenizer = CLIPTokenizer.from_pretrained(models / "tokenizer")
    tensors, report = {}, {}
    for case, rank in RANKS.items():
        model, prompts, seed = CASES[case]
        ids = tokenizer(prompts, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
        width = CLIPModel.from_pretrained(models / model).projection_dim
        target = torch.randn(width, generator=torch.Generator().manual_seed(seed))
        target /= target.norm()
        for spelling, rate in RATES.items():
            runs = {kind: optimise(models / model, dtype, ids, target, rate, rank)
                    for kind, dtype in [("f32", torch.float32), ("f64", torch.float64)]}  # fmt: skip
            name = f"{case}.{spelling}"
            for kind, run in runs.items():
                tensors[f"{name}.{kind}.similarities"] = torch.tensor(run[0], dtype=torch.float64).float()
            single, double = runs["f32"], runs["f64"]
            products = {key: relative(single[3][key] @ single[2][key], double[3][key] @ double[2][key])
                        for key in single[2]}  # fmt: skip
            worst = max(products, key=products.get)
            report[name] = {
                "similarities": max(abs(a - b) for a, b in zip(single[0], double[0])),
                "products": [worst, products[worst]],
            }
            print(name, f"similarity {double[0][0]:.4f} to {double[0][-1]:.4f}", report[name])
            if spelling == "1e-4" and case in FACTORS:
                for key in double[1]:
                    tensors |= {f"{case}.down.{key}": double[2][key].float(), f"{case}.up.{key}": double[3][key].float()}
    tensors = {name: tensor.contiguous().clone() for name, tensor in sorted(tensors.items())}
    metadata = {"reference": json.dumps({"ranks": RANKS, "float32_error": report})}
    save_file(tensors, output / "low-rank.safetensors", metadata)
    (output / "low-rank.safetensors").chmod(0o644)


if __name__ == "__main__":
    main()
