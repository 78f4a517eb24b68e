"""Pixel statistics that say what a gallery is about. Each maps a picture [height, width, 3] u8 to one number.

They are plain enough to be written again in any language, and know nothing of how the picture came to be.
"""

from __future__ import annotations

import numpy

WEIGHTS = numpy.array([0.299, 0.587, 0.114])


def _unit(picture: numpy.ndarray) -> numpy.ndarray:
    return picture.astype(numpy.float64) / 255


def brightness(picture: numpy.ndarray) -> float:
    """Mean luma."""
    return float((_unit(picture) @ WEIGHTS).mean())


def saturation(picture: numpy.ndarray) -> float:
    """Mean of HSV saturation."""
    values = _unit(picture)
    high, low = values.max(2), values.min(2)
    return float(((high - low) / numpy.maximum(high, 1e-6)).mean())


def brownness(picture: numpy.ndarray) -> float:
    """Nearness of the colour to sepia: 1 minus twice the mean distance in chroma from the sepia line at the same luma."""
    values = _unit(picture)
    luma = values @ WEIGHTS
    tint = numpy.stack([values[..., 0] - luma, values[..., 2] - luma], -1)
    strength = 4 * luma * (1 - luma)  # black and white have no tint to compare
    sepia = numpy.stack([0.13 * strength, -0.22 * strength], -1)
    return float(1 - 2 * numpy.linalg.norm(tint - sepia, axis=-1).mean())


def greenness(picture: numpy.ndarray) -> float:
    """Mean of green over the mean of red and blue."""
    values = _unit(picture)
    return float((values[..., 1] - (values[..., 0] + values[..., 2]) / 2).mean())


def detail(picture: numpy.ndarray) -> float:
    """Mean absolute difference of luma between neighbours, both ways, relative to the spread of luma."""
    luma = _unit(picture) @ WEIGHTS
    return float((numpy.abs(numpy.diff(luma, axis=0)).mean() + numpy.abs(numpy.diff(luma, axis=1)).mean()) / (luma.std() + 0.02))


def frame(picture: numpy.ndarray) -> float:
    """How even the outer twenty-fifth on each side is, as bare paper around a painting is: 1 minus its spread of colour over
    (that of the rest + 0.02), the spread being the root of the three channels' summed variances.
    """
    values = _unit(picture)
    rim = max(1, round(values.shape[0] / 25))
    inside = numpy.zeros(values.shape[:2], bool)
    inside[rim:-rim, rim:-rim] = True

    def spread(pixels: numpy.ndarray) -> float:
        return float(numpy.sqrt(pixels.var(0).sum()))

    return 1 - spread(values[~inside]) / (spread(values[inside]) + 0.02)


STATISTICS = {"brightness": brightness, "saturation": saturation, "brownness": brownness, "greenness": greenness, "detail": detail,
              "frame": frame}
