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
LOOKS = [0.0, 0.25, 0.5, 0.75]
INTENSITY = 1.7549833193248680  # phi(z) / 0.1 where a tenth of a normal distribution lies beyond z
EVEN = [0.0] + [math.log(k / (5 - k)) for k in (1, 2, 3, 4)]


def log_posterior(parameters, x, judgements, prior):
    """`parameters` are the weights, b and the four lines; the pseudo ratings weigh one half each."""
    width = x.shape[1]
    weights, offsets = parameters[:width], parameters[width:]
    # a picture of utility 0 for the pseudo ratings comes last
    utilities = torch.cat([x @ weights, torch.zeros(1)])
    said = judgements + [("like", -1, 0, 0.5), ("dislike", -1, 0, 1.0)] + [("stars", -1, k, 0.5) for k in range(1, 6)]

    def those(*kinds):
        rows = [row for row in said if row[0] in kinds]
        columns = [torch.tensor([row[index] for row in rows], dtype=torch.long) for index in (1, 2)]
        return *columns, torch.tensor([row[3] for row in rows]), [row[0] for row in rows]

    winners, losers, shares, _ = those("pair")
    total = -(weights @ weights) / (2 * prior)
    total = total + shares @ torch.nn.functional.logsigmoid(utilities[winners] - utilities[losers])
    pictures, _, shares, kinds = those("like", "dislike")
    signs = torch.tensor([1.0 if kind == "like" else -1.0 for kind in kinds])
    shares = torch.where(signs > 0, shares, 0.5 * shares)
    total = total + shares @ torch.nn.functional.logsigmoid(signs * (utilities[pictures] + offsets[0]))
    pictures, stars, shares, _ = those("stars")
    # beyond the lines, where a sigmoid is 0 or 1 exactly
    lines = torch.cat([torch.tensor([-1e4]), offsets[1:], torch.tensor([1e4])])
    upper, lower = torch.sigmoid(lines[stars] - utilities[pictures]), torch.sigmoid(lines[stars - 1] - utilities[pictures])
    return total + shares @ torch.log(upper - lower)


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


def learn(features, appearance, judgements):
    """The whole of it in all dimensions of features and appearance, without any shortcut."""
    shares = torch.zeros(len(features))
    for kind, picture, other, weight in judgements:
        shares[picture] += {"skip": 0, "dislike": 0.5}.get(kind, 1) * weight
        if kind == "pair":
            shares[other] += weight
    shares = shares / shares.sum()
    center = shares @ features
    centred, scale = standardised(features, shares)
    looks, looks_scale = standardised(appearance, shares)
    best = None
    for part in LOOKS if appearance.shape[1] else [0.0]:
        x = torch.cat([math.sqrt(1 - part) * centred / scale, math.sqrt(part) * looks / looks_scale], 1)
        for prior in GRID:
            unusual = math.log(prior / 16, 4) / 1.5
            found, _, covariance, evidence = fit(x, judgements, prior)
            support = evidence - unusual**2 / 2 + (math.log(8) if part == 0 else 0)
            if best is None or support > best[0]:
                best = (support, part, prior, x, found, covariance)
    _, part, prior, x, found, covariance = best
    weights = torch.tensor(found[: x.shape[1]])
    utilities = x @ weights
    deviation = math.sqrt(shares @ (utilities**2 + torch.einsum("nd,de,ne->n", x, covariance, x)))
    mean = center + INTENSITY / deviation * (shares * utilities) @ centred
    width = features.shape[1]
    return dict(
        center=center,
        direction=math.sqrt(1 - part) * weights[:width] / scale,
        looks=math.sqrt(part) * weights[width:] / looks_scale,
        mean=mean,
        utilities=utilities,
        covariances=x @ covariance @ x.T,
        prior=torch.tensor([prior, part]),
    )


def standardised(values, shares):
    """Seen from the weighted mean, and the root mean square distance from it."""
    centred = values - shares @ values
    return centred, math.sqrt(shares @ (centred**2).sum(1))


def appearance_of(pixels):
    """The nine statistics of a picture [h, w, 3] with channels from 0 to 255, by numpy."""
    red, green, blue = numpy.moveaxis(pixels / 255, 2, 0)
    lightness = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = [lightness, red - green, (red + green) / 2 - blue]
    planes.append(numpy.hypot(planes[1], planes[2]))
    edges = sum(numpy.abs(numpy.diff(lightness, axis=axis)).sum() for axis in (0, 1)) / lightness.size
    statistics = [value for plane in planes for value in (plane.mean(), plane.std())] + [edges]
    return numpy.array(statistics) / [0.23, 0.08, 0.08, 0.07, 0.11, 0.08, 0.09, 0.07, 0.09]


def simulated(chance, count, width, kinds, length, looks):
    """Features with a falling spectrum, looks, and what somebody with a linear taste for the features, or for both, says
    about them, sometimes in error."""
    features = (chance.standard_normal((count, width)) * numpy.linspace(2, 0.3, width) + 1).astype(numpy.float32)
    x = torch.tensor(features.astype(numpy.float64))
    utilities = ((x - x.mean(0)) @ torch.tensor(chance.standard_normal(width))).numpy()
    utilities = utilities / utilities.std() + 0.3 * chance.standard_normal(count)
    appearance = torch.tensor((chance.standard_normal((count, looks)) * 0.5 + 2).astype(numpy.float32).astype(numpy.float64))
    if looks:
        utilities = 0.5 * utilities + ((appearance - 2) @ torch.tensor(4 * chance.standard_normal(looks))).numpy()
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
    return features, x, appearance, judgements


CASES = {
    # name: kinds of rating, pictures, width, ratings, and statistics of appearance if there are any
    "pairs": (["pair"], 14, 6, 20),
    "likes": (["like"], 14, 6, 18),
    "stars": (["stars"], 14, 6, 18),
    "mixed": (["pair", "like", "stars", "skip", "pair"], 16, 6, 40),
    # fewer pictures than features, which the program computes in their span
    "wide": (["pair", "stars", "like"], 9, 24, 18),
    # nobody gave two, three or four stars
    "extremes": (["stars"], 8, 5, 8),
    # somebody who looks at colours, with more and with fewer pictures than features; and too few ratings to tell
    "looks": (["pair", "like", "pair", "stars"], 16, 6, 40, 3),
    "wide-looks": (["pair"], 12, 20, 24, 3),
    "few-looks": (["pair"], 10, 6, 4, 3),
}


def main():
    folder = pathlib.Path(sys.argv[1])
    tensors, reference = {}, {}
    for number, (name, (kinds, count, width, length, *looks)) in enumerate(CASES.items()):
        chance = numpy.random.default_rng(100 + number)
        features, x, appearance, judgements = simulated(chance, count, width, kinds, length, sum(looks))
        if name == "extremes":
            judgements = [(kind, picture, 1 if stars < 3 else 5, weight) for kind, picture, stars, weight in judgements]
        reference[name] = judgements
        record = {"features": torch.tensor(features), "appearance": appearance}
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
        record |= {f"learned.{key}": value for key, value in learn(x, appearance, judgements).items()}
        tensors |= {f"{name}.{key}": value.to(torch.float32).contiguous() for key, value in record.items()}
    chance = numpy.random.default_rng(7)
    ramps = numpy.add.outer(numpy.linspace(0, 120, 5), numpy.linspace(0, 100, 7))
    pixels = (ramps[..., None] + chance.integers(0, 36, (5, 7, 3))).astype(numpy.uint8)
    tensors["picture.pixels"] = torch.tensor(pixels).to(torch.float32)
    tensors["picture.appearance"] = torch.tensor(appearance_of(pixels.astype(numpy.float64))).to(torch.float32)
    save_file(tensors, folder / "taste.safetensors", metadata={"reference": json.dumps(reference)})


if __name__ == "__main__":
    main()
