"""Makes Tests/AestheticTests/Fixtures/personalize.safetensors: aesthetic gradients as published, on the small models.

    python personalize.py ../../Tests/CLIPKitTests/Fixtures ../../Tests/AestheticTests/Fixtures

For every case, transformers' CLIPModel is optimised with torch.optim.Adam(text_model.parameters(), lr) for 20 steps on
−cos(text feature, target), its mean where there are several prompts: once in float32 as published, once in float64.
README.md beside this file lists what is recorded.
"""

import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import CLIPModel, CLIPTokenizer

STEPS = 20
ONE = ["a photo of an astronaut riding a horse on mars"]
# From three tokens to all 77: the texts differ in length and together exceed every kernel's threshold of rows.
THREE = ["cat", ONE[0], "masterpiece, highly detailed, " * 30]
CASES = {
    "quick": ("clip-quick", ONE, 11),
    "gelu": ("clip-gelu", ONE, 12),
    "half": ("clip-half", ONE, 13),
    "three": ("clip-quick", THREE, 14),
}
RATES = {"1e-4": 1e-4, "1e-3": 1e-3}
# Whose weight changes are kept: what the size of the fixture allows.
DELTAS = {"quick", "gelu", "three"}


def in_play(name, tensor, rows):
    """Of the tables, only the rows that a prompt uses; everything else as it is."""
    return tensor[rows[name]] if name in rows else tensor


def optimise(folder, dtype, ids, target, rate):
    """Similarities before the first and after every step, gradients of the first, weight changes, conditioning."""
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval().to(dtype)
    text = model.text_model
    target = target.to(dtype)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for parameter in text.parameters():
        parameter.requires_grad_(True)
    optimizer = torch.optim.Adam(text.parameters(), lr=rate)
    before = {name: parameter.detach().clone() for name, parameter in text.named_parameters()}

    def similarity():
        features = model.get_text_features(ids).pooler_output
        features = features / features.norm(dim=-1, keepdim=True)
        return (features @ target).mean()

    def conditioning():
        with torch.no_grad():
            return text(ids).last_hidden_state

    similarities, gradients, plain = [], None, conditioning()
    for _ in range(STEPS):
        optimizer.zero_grad()
        value = similarity()
        similarities.append(value.item())
        (-value).backward()
        if gradients is None:
            gradients = {name: parameter.grad.clone() for name, parameter in text.named_parameters()}
        optimizer.step()
    with torch.no_grad():
        similarities.append(similarity().item())
    # In float64: the change of a float32 number is no float32 number.
    deltas = {name: parameter.detach().double() - before[name].double() for name, parameter in text.named_parameters()}
    return similarities, gradients, deltas, plain, conditioning()


def relative(actual, expected):
    return float((actual.double() - expected.double()).norm() / expected.double().norm().clamp_min(1e-300))


def main():
    models, output = map(pathlib.Path, sys.argv[1:])
    torch.set_num_threads(1)
    tokenizer = CLIPTokenizer.from_pretrained(models / "tokenizer")
    tensors, report = {}, {}
    for case, (model, prompts, seed) in CASES.items():
        ids = tokenizer(prompts, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
        width = CLIPModel.from_pretrained(models / model).projection_dim
        target = torch.randn(width, generator=torch.Generator().manual_seed(seed))
        target /= target.norm()
        lengths = [row.tolist().index(tokenizer.eos_token_id) + 1 for row in ids]
        used = sorted({token for row, length in zip(ids.tolist(), lengths) for token in row[:length]})
        rows = {"embeddings.token_embedding.weight": used,
                "embeddings.position_embedding.weight": list(range(max(lengths)))}  # fmt: skip
        tensors |= {f"{case}.input_ids": ids.int(), f"{case}.target": target,
                    f"{case}.token_rows": torch.tensor(used, dtype=torch.int32)}  # fmt: skip
        for spelling, rate in RATES.items():
            runs = {kind: optimise(models / model, dtype, ids, target, rate)
                    for kind, dtype in [("f32", torch.float32), ("f64", torch.float64)]}  # fmt: skip
            name = f"{case}.{spelling}"
            for kind, (similarities, gradients, deltas, _, _) in runs.items():
                tensors[f"{name}.{kind}.similarities"] = torch.tensor(similarities, dtype=torch.float64).float()
                for parameter, delta in deltas.items():
                    untouched = torch.ones(delta.shape[0], dtype=torch.bool)
                    untouched[rows.get(parameter, slice(None))] = False
                    assert not delta[untouched].any() and not gradients[parameter][untouched].any(), parameter
            single, double = runs["f32"], runs["f64"]
            tensors[f"{name}.conditioning"] = double[4].float()
            if spelling == "1e-4":  # the plain encoder and its first gradients know no rate
                tensors[f"{case}.plain_conditioning"] = double[3].float()
                for parameter, gradient in double[1].items():
                    tensors[f"{case}.gradient.{parameter}"] = in_play(parameter, gradient, rows).float()
                    if case in DELTAS:
                        tensors[f"{case}.delta.{parameter}"] = in_play(parameter, double[2][parameter], rows).float()
            deltas = {parameter: relative(single[2][parameter], double[2][parameter]) for parameter in single[2]
                      if not parameter.endswith("k_proj.bias")}  # fmt: skip
            worst = max(deltas, key=deltas.get)
            report[name] = {
                "similarities": max(abs(a - b) for a, b in zip(single[0], double[0])),
                "deltas": [worst, deltas[worst]],
                "conditioning": float((single[4] - double[4]).norm() / (double[4] - double[3]).norm()),
            }
            print(name, "tokens", lengths, "similarity", f"{double[0][0]:.4f} to {double[0][-1]:.4f}", report[name])
    # One entry: safetensors writes several in no fixed order.
    metadata = {"reference": json.dumps({"prompts": {"one": ONE, "three": THREE}, "float32_error": report})}
    output.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.contiguous().clone() for name, tensor in sorted(tensors.items())}
    save_file(tensors, output / "personalize.safetensors", metadata)
    (output / "personalize.safetensors").chmod(0o644)


if __name__ == "__main__":
    main()
