"""Makes Tests/AestheticTests/Fixtures/taste.safetensors: what scikit-learn and a plain double-precision maximisation learn.

    python taste.py ../../Tests/AestheticTests/Fixtures

The likelihood is written down here a second time, term by term, and differentiated by torch; the maximum is found by
SciPy. For pairs alone and for likes alone, scikit-learn's LogisticRegression gives the weights. README.md beside this file
lists what is recorded.
"""

import json
import math
import pathlib
import sys

import numpy
import torch
from safetensors.torch import save_file
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

torch.set_default_dtype(torch.float64)
GRID = [4.0**exponent for exponent in range(-3, 9)]
INTENSITY = 1.7549833193248680  # phi(z) / 0.1 where a tenth of a normal distribution lies beyond z
EVEN = [0.0] + [math.log(k / (5 - k)) for k in (1, 2, 3, 4)]


def log_probability(kind, utility, offsets, stars):
    b, lines = offsets[0], offsets[1:]
    if kind == "like":
        return torch.nn.functional.logsigmoid(utility + b)
    if kind == "dislike":
        return torch.nn.functional.logsigmoid(-utility - b)
    upper = torch.sigmoid(lines[stars - 1] - utility) if stars < 5 else torch.ones(())
    lower = torch.sigmoid(lines[stars - 2] - utility) if stars > 1 else torch.zeros(())
    return torch.log(upper - lower)


def log_posterior(parameters, x, judgements, prior):
    """`parameters` are the weights, b and the four lines; the pseudo ratings weigh one half each."""
    width = x.shape[1]
    weights, offsets = parameters[:width], parameters[width:]
    utilities = x @ weights
    total = -(weights @ weights) / (2 * prior)
    for kind, picture, other, weight in judgements:
        if kind == "pair":
            total = total + weight * torch.nn.functional.logsigmoid(utilities[picture] - utilities[other])
        elif kind != "skip":
            share = weight * (0.5 if kind == "dislike" else 1)
            total = total + share * log_probability(kind, utilities[picture], offsets, other)
    zero = torch.zeros(())
    for kind, stars in [("like", 0), ("dislike", 0)] + [("stars", count) for count in range(1, 6)]:
        total = total + 0.5 * log_probability(kind, zero, offsets, stars)
    return total


def fit(x, judgements, prior):
    """The maximum, its value, the covariance of the weights and the logarithm of the evidence."""
    width = x.shape[1]

    def value(parameters):
        parameters = torch.tensor(parameters, requires_grad=True)
        loss = -log_posterior(parameters, x, judgements, prior)
        (gradient,) = torch.autograd.grad(loss, parameters)
        # lines out of order have no probability
        return (loss.item(), gradient.numpy()) if loss.isfinite() else (1e9, numpy.zeros(len(parameters)))

    def curvature(parameters):
        return torch.autograd.functional.hessian(lambda p: -log_posterior(p, x, judgements, prior), torch.tensor(parameters))

    top = minimize(value, numpy.array([0.0] * width + EVEN), jac=True, method="BFGS", options={"gtol": 1e-5}).x
    for _ in range(4):  # what BFGS leaves, by Newton's steps
        top = top - torch.linalg.solve(curvature(top), torch.tensor(value(top)[1])).numpy()
    lowest, gradient = value(top)
    assert numpy.abs(gradient).max() < 1e-9, "not at the maximum"
    h = curvature(top)
    evidence = -lowest - width / 2 * math.log(prior) - torch.logdet(h).item() / 2
    return top, -lowest, torch.linalg.inv(h)[:width, :width], evidence


def by_scikit(x, judgements, prior):
    """The weights of pairs alone, or of likes and dislikes alone."""
    options = dict(C=prior, tol=1e-10, max_iter=100_000)
    if judgements[0][0] == "pair":
        differences = numpy.array([x[picture].numpy() - x[other].numpy() for _, picture, other, _ in judgements])
        shares = numpy.array([weight for *_, weight in judgements])
        model = LogisticRegression(fit_intercept=False, **options)
        # a pair and its mirror image, so that there are two classes; each for half
        model.fit(
            numpy.concatenate([differences, -differences]),
            [1] * len(shares) + [0] * len(shares),
            sample_weight=numpy.concatenate([shares, shares]) / 2,
        )
        return model.coef_[0], 0.0
    rows = [x[picture].numpy() for _, picture, _, _ in judgements] + [numpy.zeros(x.shape[1])] * 2
    liked = [kind == "like" for kind, *_ in judgements] + [True, False]
    shares = [weight * (0.5 if kind == "dislike" else 1) for kind, _, _, weight in judgements] + [0.5, 0.5]
    model = LogisticRegression(**options).fit(rows, liked, sample_weight=shares)
    return model.coef_[0], model.intercept_[0]


def learn(features, judgements):
    """The whole of it in the D dimensions of the features, without any shortcut."""
    shares = torch.zeros(len(features))
    for kind, picture, other, weight in judgements:
        shares[picture] += {"skip": 0, "dislike": 0.5}.get(kind, 1) * weight
        if kind == "pair":
            shares[other] += weight
    shares = shares / shares.sum()
    center = shares @ features
    centred = features - center
    scale = math.sqrt(shares @ (centred**2).sum(1))
    x = centred / scale
    evidences = []
    for prior in GRID:
        unusual = math.log(prior / 4, 4) / 1.5
        evidences.append(fit(x, judgements, prior)[3] - unusual**2 / 2)
    prior = GRID[int(numpy.argmax(evidences))]
    found, _, covariance, _ = fit(x, judgements, prior)
    weights = torch.tensor(found[: x.shape[1]])
    utilities = x @ weights
    deviation = math.sqrt(shares @ (utilities**2 + torch.einsum("nd,de,ne->n", x, covariance, x)))
    mean = center + INTENSITY / deviation * (shares * utilities) @ centred
    return dict(center=center, direction=weights / scale, mean=mean, covariances=x @ covariance @ x.T, prior=torch.tensor([prior]))


def simulated(chance, count, width, kinds, length):
    """Features with a falling spectrum, and what somebody with a linear taste says about them, sometimes in error."""
    features = (chance.standard_normal((count, width)) * numpy.linspace(2, 0.3, width) + 1).astype(numpy.float32)
    x = torch.tensor(features.astype(numpy.float64))
    utilities = ((x - x.mean(0)) @ torch.tensor(chance.standard_normal(width))).numpy()
    utilities = utilities / utilities.std() + 0.3 * chance.standard_normal(count)
    judgements = []
    for index in range(length):
        picture, other = (int(number) for number in chance.choice(count, 2, replace=False))
        weight = float(chance.choice([1.0, 1.0, 0.5, 2.0]))
        kind = kinds[index % len(kinds)]
        if kind == "pair":
            winner, loser = (picture, other) if utilities[picture] > utilities[other] else (other, picture)
            judgements.append(("pair", winner, loser, weight))
        elif kind == "like":
            judgements.append(("like" if utilities[picture] > 0.2 else "dislike", picture, 0, weight))
        elif kind == "stars":
            judgements.append(("stars", picture, int(numpy.clip(round(utilities[picture] * 1.2 + 3), 1, 5)), weight))
        else:
            judgements.append(("skip", picture, 0, weight))
    return features, x, judgements


CASES = {
    # name: kinds of rating, pictures, width, ratings
    "pairs": (["pair"], 14, 6, 20),
    "likes": (["like"], 14, 6, 18),
    "stars": (["stars"], 14, 6, 18),
    "mixed": (["pair", "like", "stars", "skip", "pair"], 16, 6, 40),
    # fewer pictures than features, which the program computes in their span
    "wide": (["pair", "stars", "like"], 9, 24, 18),
    # nobody gave two, three or four stars
    "extremes": (["stars"], 8, 5, 8),
}


def main():
    folder = pathlib.Path(sys.argv[1])
    tensors, reference = {}, {}
    for number, (name, (kinds, count, width, length)) in enumerate(CASES.items()):
        chance = numpy.random.default_rng(100 + number)
        features, x, judgements = simulated(chance, count, width, kinds, length)
        if name == "extremes":
            judgements = [(kind, picture, 1 if stars < 3 else 5, weight) for kind, picture, stars, weight in judgements]
        reference[name] = judgements
        record = {"features": torch.tensor(features)}
        for label, prior in (("weak", 0.25), ("strong", 16.0)):
            found, value, covariance, evidence = fit(x, judgements, prior)
            if name in ("pairs", "likes"):
                weights, offset = by_scikit(x, judgements, prior)
                assert numpy.abs(weights - found[:width]).max() < 1e-5 and abs(offset - found[width]) < 1e-5, name
                found[:width] = weights
            record |= {
                f"{label}.weights": torch.tensor(found[:width]),
                f"{label}.offsets": torch.tensor(found[width:]),
                f"{label}.covariance": covariance,
                f"{label}.values": torch.tensor([prior, value, evidence]),
            }
        record |= {f"learned.{key}": value for key, value in learn(x, judgements).items()}
        tensors |= {f"{name}.{key}": value.to(torch.float32).contiguous() for key, value in record.items()}
    save_file(tensors, folder / "taste.safetensors", metadata={"reference": json.dumps(reference)})


if __name__ == "__main__":
    main()
