"""Eight ways of drawing the same polygons.

Textures (hatching, dots, pixels, panes) sit on a lattice whose period divides 8, the factor of the autoencoder: a
texture that repeats with the latent cells costs the latents nothing, so that a small decoder can keep it sharp.
"""

from __future__ import annotations

import numpy
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from drawing import Drawing, Shape
from palettes import Colour, Palette, luminance, mix

SIDE = 128
FINE = 3  # pictures are drawn this many times larger and averaged down
WIDE = SIDE * FINE


def _points(shape: Shape, side: int) -> list[tuple[float, float]]:
    return [(x * side, y * side) for x, y in shape.points]


def _extent(shape: Shape) -> float:
    return max(max(values) - min(values) for values in zip(*shape.points))


def _fill(shapes: list[Shape], side: int = WIDE, picture: Image.Image | None = None) -> Image.Image:
    picture = picture or Image.new("RGB", (side, side))
    brush = ImageDraw.Draw(picture)
    for shape in shapes:
        brush.polygon(_points(shape, side), fill=shape.colour)
    return picture


def _outline(brush: ImageDraw.ImageDraw, shape: Shape, side: int, width: int, colour: Colour) -> None:
    points = _points(shape, side)
    brush.line([*points, points[0], points[1]], fill=colour, width=width, joint="curve")


def _from_array(values: numpy.ndarray) -> Image.Image:
    return Image.fromarray(numpy.clip(values + 0.5, 0, 255).astype(numpy.uint8))


def _smooth_noise(side: int, cells: int, seed: int, channels: int = 1) -> numpy.ndarray:
    """Soft noise in -1...1, [side, side, channels]."""
    values = numpy.random.default_rng(seed).uniform(-1, 1, (channels, cells + 3, cells + 3)).astype(numpy.float32)
    planes = [Image.fromarray(plane, "F").resize((side, side), Image.Resampling.BICUBIC) for plane in values]
    return numpy.stack([numpy.asarray(plane) for plane in planes], -1)


def flat(drawing: Drawing, palette: Palette, seed: int) -> Image.Image:
    """Clean areas of one colour."""
    return _fill(drawing.shapes).reduce(FINE)


def ink(drawing: Drawing, palette: Palette, seed: int) -> Image.Image:
    """Bold outlines on paper with only a breath of colour."""
    picture = Image.new("RGB", (WIDE, WIDE), palette.paper)
    brush = ImageDraw.Draw(picture)
    for shape in drawing.shapes:
        share = {"sky": 0.10, "scenery": 0.16, "subject": 0.34}[shape.part]
        if luminance(shape.colour) < 0.2 and shape.part == "subject" and not palette.is_dark:
            share = 0.8
        brush.polygon(_points(shape, WIDE), fill=mix(palette.paper, shape.colour, share))
        if shape.part != "sky":
            _outline(brush, shape, WIDE, 7 if shape.part == "subject" else 4, palette.ink)
    return picture.reduce(FINE)


def hatched(drawing: Drawing, palette: Palette, seed: int) -> Image.Image:
    """Slanted pen strokes, thicker where it is darker (on dark paper: where it is brighter), crossed in the deepest parts."""
    base = numpy.asarray(_fill(drawing.shapes), numpy.float32)
    tone = (base @ numpy.array([0.299, 0.587, 0.114], numpy.float32)) / 255
    paper = numpy.array(palette.paper, numpy.float32)
    strength = tone if palette.is_dark else 1 - tone
    strength = numpy.clip(0.12 + 0.95 * strength, 0.14, 0.85)
    across, down = numpy.meshgrid(numpy.arange(WIDE), numpy.arange(WIDE))
    period = 8 * FINE
    rising = numpy.abs((across + down) % period / period - 0.5) * 2  # 0 in the middle of a stroke, 1 between strokes
    falling = numpy.abs((across - down) % period / period - 0.5) * 2
    lines = (rising < strength) | (falling < (strength - 0.5) * 1.6)
    if palette.is_dark:
        pen = numpy.clip(base * 1.25 + 25, 0, 255)
    else:
        pen = base * 0.55 + numpy.array(palette.ink, numpy.float32) * 0.25
    picture = _from_array(numpy.where(lines[..., None], pen, paper))
    brush = ImageDraw.Draw(picture)
    for shape in drawing.shapes:
        if shape.part == "subject":
            _outline(brush, shape, WIDE, 4, palette.ink)
    return picture.reduce(FINE)


def pointillist(drawing: Drawing, palette: Palette, seed: int) -> Image.Image:
    """Round dots of pure colour, neighbours pulled towards warm and cool in turn."""
    small = _fill(drawing.shapes).resize((SIDE, SIDE), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(0.7))
    base = numpy.asarray(small, numpy.float32)
    ground = mix(palette.dark if palette.is_dark else palette.paper, palette.sky[1], 0.25)
    picture = Image.new("RGB", (WIDE, WIDE), ground)
    brush = ImageDraw.Draw(picture)
    shifts = [(16, 4, -14), (-12, 0, 14), (10, 12, 10), (-18, -16, -12)]
    grey = palette.name == "monochrome"
    for row in range(SIDE // 4 + 1):
        for column in range(SIDE // 4 + 1):
            x, y = column * 4 + (2 if row % 2 else 0), row * 4 + 1
            colour = base[min(y, SIDE - 1), min(x, SIDE - 1)]
            shift = shifts[(column % 2) + 2 * (row % 2)]
            if grey:
                shift = (sum(shift),) * 3
            dot = tuple(int(min(255, max(0, c + s))) for c, s in zip(colour, shift))
            brush.ellipse([(x - 2.05) * FINE, (y - 2.05) * FINE, (x + 2.05) * FINE, (y + 2.05) * FINE], fill=dot)
    return picture.reduce(FINE)


def watercolour(drawing: Drawing, palette: Palette, seed: int) -> Image.Image:
    """Thin soft washes that pool at their edges, on paper with an unpainted border."""
    side = SIDE * 2
    base = numpy.asarray(_fill(drawing.shapes, side), numpy.float32)
    wobble = _smooth_noise(side, 9, seed, 2) * 5.0
    across, down = numpy.meshgrid(numpy.arange(side), numpy.arange(side))
    columns = numpy.clip(across + wobble[..., 0], 0, side - 1).astype(int)
    rows = numpy.clip(down + wobble[..., 1], 0, side - 1).astype(int)
    base = base[rows, columns]
    soft = numpy.asarray(_from_array(base).filter(ImageFilter.GaussianBlur(2.2)), numpy.float32)
    wide = numpy.asarray(_from_array(base).filter(ImageFilter.GaussianBlur(6)), numpy.float32)
    pooled = soft + 0.45 * (soft - wide)
    paper = numpy.array(mix(palette.paper, palette.light, 0.5), numpy.float32)
    if palette.is_dark:
        paper = paper + 18
    cover = 0.74 + 0.16 * _smooth_noise(side, 7, seed + 1)
    painted = pooled * cover + paper * (1 - cover)
    edge = numpy.minimum(numpy.minimum(across, down), numpy.minimum(side - 1 - across, side - 1 - down))
    border = numpy.clip((edge - 13 + 5 * _smooth_noise(side, 11, seed + 2)[..., 0]) / 3, 0, 1)[..., None]
    rim = (border > 0.05) * (border < 0.999) * -10.0
    bare = paper if palette.is_dark else paper * 0.4 + 255 * 0.6
    return _from_array(painted * border + bare * (1 - border) + rim).reduce(2)


def pixel(drawing: Drawing, palette: Palette, seed: int) -> Image.Image:
    """Thirty-two by thirty-two hard squares."""
    side, cells = SIDE, SIDE // 4
    base = numpy.asarray(_fill(drawing.shapes, side).resize((cells, cells), Image.Resampling.BOX), numpy.float32)
    colours = numpy.array(sorted({shape.colour for shape in drawing.shapes}), numpy.float32)
    nearest = numpy.argmin(((base[:, :, None] - colours) ** 2).sum(-1), -1)
    picture = colours[nearest]
    mask = Image.new("L", (side, side))
    brush = ImageDraw.Draw(mask)
    for shape in drawing.shapes:
        brush.polygon(_points(shape, side), fill=255 if shape.part == "subject" else 0)
    inside = numpy.asarray(mask.resize((cells, cells), Image.Resampling.BOX)) > 127
    padded = numpy.pad(inside, 1)
    near = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    picture[near & ~inside] = palette.ink if palette.is_dark else palette.dark
    return _from_array(picture).resize((SIDE, SIDE), Image.Resampling.NEAREST)


def paper(drawing: Drawing, palette: Palette, seed: int) -> Image.Image:
    """Sheets of cut paper, each with a light upper edge and a shadow on the sheet below."""
    side = SIDE * 2
    picture = Image.new("RGB", (side, side))
    shadow_ink = Image.new("RGB", (side, side), mix(palette.dark, (0, 0, 0), 0.5))
    for layer in sorted({shape.layer for shape in drawing.shapes}):
        shapes = [shape for shape in drawing.shapes if shape.layer == layer]
        mask = Image.new("L", (side, side))
        brush = ImageDraw.Draw(mask)
        for shape in shapes:
            brush.polygon(_points(shape, side), fill=255)
        shadow = ImageChops.offset(mask, 5, 8).filter(ImageFilter.BoxBlur(5)).point(lambda value: value * 0.62)
        ImageDraw.Draw(shadow).rectangle([0, 0, side, 13], fill=0)  # the offset wraps around
        picture.paste(shadow_ink, mask=shadow)
        _fill(shapes, side, picture)
        lit = ImageChops.subtract(mask, ImageChops.offset(mask, 2, 3))
        rim = Image.new("RGB", (side, side), mix(palette.light, palette.sky[2], 0.2))
        picture.paste(rim, mask=lit.point(lambda value: value * 0.6))
    return picture.reduce(2)


def glass(drawing: Drawing, palette: Palette, seed: int) -> Image.Image:
    """Stained glass: panes in lead, a lattice of diamonds behind the subject, brighter towards the middle."""
    picture = Image.new("RGB", (WIDE, WIDE))
    brush = ImageDraw.Draw(picture)
    lead = mix(palette.dark, (0, 0, 0), 0.6)
    glow = 0.22 if palette.is_dark else 0.0  # or a dark palette's panes would drown in the lead
    moonlight = (62, 86, 165) if palette.name == "night" else palette.sky[2]
    lattice_drawn = False
    across, down = numpy.meshgrid(numpy.arange(WIDE), numpy.arange(WIDE))
    period = 32 * FINE
    for shape in drawing.shapes:
        if shape.part == "subject" and not lattice_drawn:
            lattice_drawn = True
            checks = (((across + down) // period + (across - down) // period) % 2).astype(numpy.float32)
            panes = numpy.asarray(picture, numpy.float32) * (0.86 + 0.26 * checks[..., None])
            rising = numpy.abs((across + down) % period - period / 2)
            falling = numpy.abs((across - down) % period - period / 2)
            lines = numpy.maximum(rising, falling) > period / 2 - 1.1 * FINE
            panes[lines] = lead
            picture.paste(_from_array(panes))
        brush.polygon(_points(shape, WIDE), fill=mix(shape.colour, moonlight, glow))
        if shape.part != "sky" and _extent(shape) > 0.05:  # lead around a star would swallow it
            _outline(brush, shape, WIDE, 8, lead)
    distance = numpy.hypot(across / WIDE - 0.5, down / WIDE - 0.5)[..., None]
    lit = numpy.asarray(picture, numpy.float32) * (1.16 - 0.5 * distance) + (18 - 30 * distance) * (numpy.asarray(picture) > 60)
    picture = _from_array(lit)
    ImageDraw.Draw(picture).rectangle([0, 0, WIDE - 1, WIDE - 1], outline=lead, width=3 * FINE)
    return picture.reduce(FINE)


WAYS = {"flat": flat, "ink": ink, "hatched": hatched, "pointillist": pointillist, "watercolour": watercolour, "pixel": pixel,
        "paper": paper, "glass": glass}
