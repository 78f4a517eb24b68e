"""Makes the fixtures of Tests/RasterTests with Pillow 12.0.0 and numpy; transformers is asked to agree.

    python Tools/reference/raster.py

Every run gives the same files with the same versions (pillow==12.0.0, numpy, transformers==5.23). What it writes to
Tests/RasterTests/Fixtures:

- `decoding/`: small pictures of every kind, and `decoding.json`: for each its pixels as R, G, B in base64, with
  transparency over white and with transparency dropped, and without its Exif orientation where it has one.
- `clip/`: pictures of ten sizes in six colour modes, and `clip.json`: for each the SHA-256 of the 224 x 224 pixels
  that Pillow makes of it for CLIP, with OpenAI's crop and with Hugging Face's.
- `resizing.json`: SHA-256 of resized pictures that the tests make themselves.
- `texts.png`: text chunks of all kinds as Pillow writes them; `swelling.png`: small chunks that inflate to 8 MB.
- `alpha-table.png`: every colour value with every alpha, and the SHA-256 of what it looks like over white.
"""

import base64
import hashlib
import io
import json
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps, PngImagePlugin

assert PIL.__version__ == "12.0.0", "the expected bytes are Pillow 12.0.0's"
FIXTURES = Path(__file__).resolve().parents[2] / "Tests" / "RasterTests" / "Fixtures"
DECODING = FIXTURES / "decoding"
CLIP = FIXTURES / "clip"


def noise(*shape, seed=0, top=256):
    """Numbers below `top` from a small generator of our own, the same with every numpy."""
    index = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(seed) * np.uint64(1_000_003)
    with np.errstate(over="ignore"):
        mixed = (index + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return ((mixed >> np.uint64(33)) % np.uint64(top)).reshape(shape).astype(np.int64)


def tiles(width, height, channels, seed=0, size=11):
    """Tiles of random colours with ramps over them: sharp edges, all values, and small files."""
    y, x = np.mgrid[:height, :width]
    colours = noise(height // size + 1, width // size + 1, channels, seed=seed)
    return ((colours[y // size, x // size] + (x + 2 * y)[..., None]) % 256).astype(np.uint8)


def photo(width, height, channels=3, seed=0):
    """Something smooth with a little noise, as photos are."""
    y, x = np.mgrid[:height, :width]
    waves = [128 + 100 * np.sin(x / (5 + c) + seed) * np.cos(y / (7 - c)) for c in range(channels)]
    return np.clip(np.stack(waves, -1) + noise(height, width, channels, seed=seed, top=21) - 10, 0, 255).astype(np.uint8)


# --- PNG, written by hand: Pillow writes neither interlaced nor 16-bit colour nor 2-bit pictures


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed(samples, depth):
    """[h, w, channels] of numbers to rows of bytes."""
    rows = samples.reshape(samples.shape[0], -1)
    if depth == 16:
        return [row.astype(">u2").tobytes() for row in rows]
    bits = (rows[..., None] >> np.arange(depth - 1, -1, -1)) & 1
    return [np.packbits(row.reshape(-1).astype(np.uint8)).tobytes() for row in bits]


def filtered(rows, pixel_bytes):
    """Each row behind the number of its filter; all five filters in turn (PNG specification, 9.2)."""
    result, above = b"", b""
    for index, row in enumerate(rows):
        above = above or bytes(len(row))
        kind, line = index % 5, bytearray()
        for i, value in enumerate(row):
            a = row[i - pixel_bytes] if i >= pixel_bytes else 0
            b = above[i]
            c = above[i - pixel_bytes] if i >= pixel_bytes else 0
            estimate = a + b - c
            nearest = min((a, b, c), key=lambda v: abs(estimate - v))
            line.append((value - (0, a, b, (a + b) // 2, nearest)[kind]) % 256)
        result, above = result + bytes([kind]) + bytes(line), row
    return result


PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(samples, color_type, depth, interlaced=False, extra=b""):
    samples = samples.astype(np.int64)
    height, width, channels = samples.shape
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, int(interlaced))
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in PASSES] if interlaced else [samples]
    pixel_bytes = max(1, channels * depth // 8)
    data = b"".join(filtered(packed(part, depth), pixel_bytes) for part in parts if part.size)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")
    )


# --- expected pixels


def over_white(image):
    """As transformers' convert_to_rgb: Image.alpha_composite on white, then RGB."""
    ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")


def base(image):
    return base64.b64encode(np.asarray(image.convert("RGB")).tobytes()).decode()


expected = {}


def add(name, data, white=None, drop=None, pillow_agrees=True, stored=None):
    """Keeps a file with the pixels expected of it: Pillow's, unless others are given and Pillow is known to differ."""
    (DECODING / name).write_bytes(data)
    image = Image.open(io.BytesIO(data))
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    pillow_white, pillow_drop = over_white(image) if has_alpha else image.convert("RGB"), image.convert("RGB")
    if white is None:
        white, drop = pillow_white, pillow_drop
    else:
        white, drop = Image.fromarray(white), Image.fromarray(drop)
        same = np.array_equal(white, pillow_white) and np.array_equal(drop, pillow_drop)
        assert same == pillow_agrees, f"{name}: Pillow {'agrees' if same else 'differs'}"
    facts = {"width": white.width, "height": white.height, "white": base(white)}
    if base(drop) != base(white):
        facts["drop"] = base(drop)
    if stored is not None:
        facts["stored"] = base(stored)
    expected[name] = facts


def blended(rgb, alpha):
    """RGB with alpha over white, by Pillow."""
    rgba = np.concatenate([rgb, alpha[..., None]], -1).astype(np.uint8)
    return np.asarray(over_white(Image.fromarray(rgba)))


def png_fixtures():
    width, height = 23, 17
    for interlaced in (False, True):
        suffix = "-interlaced" if interlaced else ""
        for depth in (1, 2, 4, 8, 16):
            top = 1 << depth
            values = noise(height, width, 1, seed=depth, top=top)
            # Fewer bits spread over 0...255; more are scaled by 1/257, where Pillow clips at 255.
            grey = (values * 255 + 32895) >> 16 if depth == 16 else values * (255 // (top - 1))
            grey = np.repeat(grey, 3, -1).astype(np.uint8)
            data = png(values, 0, depth, interlaced)
            add(f"grey{depth}{suffix}.png", data, grey, grey, pillow_agrees=depth != 16)
            # One value is transparent. Pillow compares it with values already spread or cut to 8 bits.
            key = {1: 0, 2: 1, 4: 1}.get(depth, int(values[3, 5, 0]))
            alpha = np.where(values[..., 0] == key, 0, 255)
            data = png(values, 0, depth, interlaced, chunk(b"tRNS", struct.pack(">H", key)))
            add(f"grey{depth}-key{suffix}.png", data, blended(grey, alpha), grey, pillow_agrees=depth in (1, 8))
        for depth in (8, 16):
            high = depth - 8
            for color_type, channels, name in ((2, 3, "rgb"), (4, 2, "grey-alpha"), (6, 4, "rgba")):
                values = noise(height, width, channels, seed=10 + depth + channels, top=1 << depth)
                if channels != 3:
                    values[:4, :, -1], values[4:8, :, -1] = 0, (1 << depth) - 1
                eight = (values >> high).astype(np.uint8)
                rgb = eight if channels == 3 else np.repeat(eight[..., :1], 3, -1) if channels == 2 else eight[..., :3]
                white = rgb if channels == 3 else blended(rgb, eight[..., -1])
                add(f"{name}{depth}{suffix}.png", png(values, color_type, depth, interlaced), white, rgb)
            values = noise(height, width, 3, seed=20 + depth, top=1 << depth)
            values[::2, ::3] = values[1, 1]
            if depth == 16:
                # Differs from the transparent colour in the low byte only, so it is opaque.
                values[2, 2] = values[1, 1] ^ 1
            eight = (values >> high).astype(np.uint8)
            alpha = np.where((values == values[1, 1]).all(-1), 0, 255)
            data = png(values, 2, depth, interlaced, chunk(b"tRNS", struct.pack(">HHH", *values[1, 1].tolist())))
            add(f"rgb{depth}-key{suffix}.png", data, blended(eight, alpha), eight, pillow_agrees=depth == 8)
        for depth in (1, 2, 4, 8):
            count = 1 << depth
            palette = noise(count, 3, seed=30 + depth).astype(np.uint8)
            values = noise(height, width, 1, seed=40 + depth, top=count)
            colours = palette[values[..., 0]]
            table = chunk(b"PLTE", palette.tobytes())
            add(f"palette{depth}{suffix}.png", png(values, 3, depth, interlaced, table), colours, colours)
            # Fewer alphas than colours: the others are opaque.
            alphas = noise(max(1, count * 3 // 4), seed=50 + depth).astype(np.uint8)
            alpha = np.concatenate([alphas, np.full(count - len(alphas), 255, np.uint8)])[values[..., 0]]
            data = png(values, 3, depth, interlaced, table + chunk(b"tRNS", alphas.tobytes()))
            add(f"palette{depth}-alpha{suffix}.png", data, blended(colours, alpha), colours)

    # Every value with every alpha.
    y, x = np.mgrid[:256, :256]
    table = np.stack([x, 255 - x, (x * 7) % 256, y], -1).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(table).save(file, "PNG", optimize=True)
    (FIXTURES / "alpha-table.png").write_bytes(file.getvalue())
    digest = hashlib.sha256(np.asarray(over_white(Image.fromarray(table))).tobytes()).hexdigest()
    (FIXTURES / "alpha-table.sha256").write_text(digest + "\n")


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def jpeg_fixtures():
    rgb = Image.fromarray(photo(37, 29))
    for name, options in {
        "444": {"subsampling": 0},
        "422": {"subsampling": 1},
        "420": {"subsampling": 2},
        "progressive": {"progressive": True},
        "progressive-444": {"progressive": True, "subsampling": 0},
        "stored-rgb": {"keep_rgb": True},
        "restarts": {"restart_marker_blocks": 2},
        "coarse": {"quality": 5},
    }.items():
        add(f"{name}.jpg", saved(rgb, "JPEG", **{"quality": 85, **options}))
    grey = Image.fromarray(photo(37, 29)[..., 0])
    add("grey.jpg", saved(grey, "JPEG", quality=85))
    add("grey-progressive.jpg", saved(grey, "JPEG", quality=85, progressive=True))
    cmyk = saved(Image.fromarray(photo(37, 29, 4), "CMYK"), "JPEG", quality=90)
    add("cmyk-adobe.jpg", cmyk)
    # The same data said to be YCCK, and with nothing said by Adobe at all.
    marker = cmyk.index(b"\xff\xee")
    length = 2 + struct.unpack(">H", cmyk[marker + 2 : marker + 4])[0]
    add("ycck-adobe.jpg", cmyk[: marker + length - 1] + b"\x02" + cmyk[marker + length :])
    add("cmyk-plain.jpg", cmyk[:marker] + cmyk[marker + length :])
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = saved(Image.fromarray(photo(24, 16, seed=1)), "JPEG", quality=90, exif=exif.tobytes())
        turned = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        (DECODING / f"exif{orientation}.jpg").write_bytes(data)
        expected[f"exif{orientation}.jpg"] = {
            "width": turned.width,
            "height": turned.height,
            "white": base(turned),
            "stored": base(Image.open(io.BytesIO(data))),
        }


def webp_fixtures():
    rgb, rgba = Image.fromarray(photo(37, 29)), photo(37, 29, 4, seed=3)
    rgba[:5], rgba[5:9, :, 3] = 0, 255
    rgba = Image.fromarray(rgba)
    add("lossy.webp", saved(rgb, "WEBP", quality=80))
    add("lossy-alpha.webp", saved(rgba, "WEBP", quality=80))
    add("lossless.webp", saved(rgb, "WEBP", lossless=True))
    add("lossless-alpha.webp", saved(rgba, "WEBP", lossless=True, exact=True))
    frames = [Image.fromarray(photo(37, 29, seed=s)) for s in range(3)]
    add("animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True))
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, kind, options in (("exif6.webp", "WEBP", {"lossless": True}), ("exif6.png", "PNG", {})):
        data = saved(rgb, kind, exif=exif, **options)
        turned = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        (DECODING / name).write_bytes(data)
        expected[name] = {
            "width": turned.width,
            "height": turned.height,
            "white": base(turned),
            "stored": base(rgb),
        }


# --- CLIP's preprocessing


def prepared(image, crop, side=224):
    """The resize and the crop of CLIP: torchvision's and OpenAI's sizes, Pillow's filter."""
    width, height = image.size
    short, long = min(width, height), max(width, height)
    new_long = int(side * long / short)
    new = (side, new_long) if width <= height else (new_long, side)
    resized = image.resize(new, Image.Resampling.BICUBIC)
    if crop == "openai":
        left, top = (int(round((length - side) / 2.0)) for length in new)
    else:
        left, top = ((length - side) // 2 for length in new)
    return np.asarray(resized.crop((left, top, left + side, top + side)))


SIZES = [(640, 427), (427, 640), (601, 300), (300, 601), (224, 224), (225, 224), (1, 1), (7, 5), (31, 97), (450, 338)]


def clip_fixtures():
    from transformers import CLIPImageProcessorPil

    processor = CLIPImageProcessorPil(do_rescale=False, do_normalize=False)
    facts = {}
    for number, (width, height) in enumerate(SIZES):
        colours = tiles(width, height, 4, seed=number)
        rgb, alpha = colours[..., :3], colours[..., 3:]
        grey = colours[..., :1]
        palette = Image.fromarray(rgb // 64 * 64 + 20).quantize(64, dither=Image.Dither.NONE)
        modes = {
            "rgb.png": saved(Image.fromarray(rgb), "PNG", optimize=True),
            "rgba.png": saved(Image.fromarray(colours), "PNG", optimize=True),
            "l.png": saved(Image.fromarray(grey[..., 0]), "PNG", optimize=True),
            "la.png": saved(Image.fromarray(np.concatenate([grey, alpha], -1)), "PNG", optimize=True),
            "p.png": saved(palette, "PNG", optimize=True),
            "cmyk.jpg": saved(Image.fromarray(tiles(width, height, 4, number, 64), "CMYK"), "JPEG", quality=10),
        }
        for mode, data in modes.items():
            name = f"{width}x{height}-{mode}"
            (CLIP / name).write_bytes(data)
            image = Image.open(io.BytesIO(data))
            image = over_white(image) if "A" in image.getbands() else image.convert("RGB")
            result = {crop: prepared(image, crop) for crop in ("openai", "hf")}
            theirs = processor(Image.open(io.BytesIO(data)))["pixel_values"][0]
            assert np.array_equal(np.moveaxis(np.asarray(theirs), 0, -1), result["hf"]), name
            facts[name] = {crop: hashlib.sha256(pixels.tobytes()).hexdigest() for crop, pixels in result.items()}
    (FIXTURES / "clip.json").write_text(json.dumps(facts, indent=0) + "\n")


def resizing_fixtures():
    """Sizes up and down, one axis alone, and much taller than wide, where Pillow 13 changes the order of the passes."""
    facts = []
    for number, (old, new) in enumerate(
        [
            ((50, 40), (20, 30)), ((50, 40), (50, 17)), ((50, 40), (19, 40)), ((50, 40), (131, 97)), ((50, 40), (50, 40)),
            ((20, 90), (13, 21)), ((90, 20), (7, 3)), ((3, 3), (1, 1)), ((1, 1), (5, 4)), ((513, 2), (2, 513)),
            ((300, 700), (224, 522)), ((1000, 701), (64, 45)),
        ]
    ):
        pixels = noise(old[1], old[0], 3, seed=number).astype(np.uint8)
        resized, lanczos = (
            np.asarray(Image.fromarray(pixels).resize(new, filter))
            for filter in (Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
        )
        facts.append(
            {
                "from": old,
                "to": new,
                "seed": number,
                "source": hashlib.sha256(pixels.tobytes()).hexdigest(),
                "result": hashlib.sha256(resized.tobytes()).hexdigest(),
                "lanczos": hashlib.sha256(lanczos.tobytes()).hexdigest(),
            }
        )
    (FIXTURES / "resizing.json").write_text(json.dumps(facts, indent=0) + "\n")


def text_fixture():
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", "a café in Montréal\nSteps: 20, Seed: 1")
    texts.add_text("Comment", "日本語 and 🦊")
    texts.add_text("packed", "Latin text. " * 50, zip=True)
    texts.add_itxt("packed too", "Ελληνικά. " * 50, lang="el", tkey="κλειδί", zip=True)
    texts.add_text("empty", "")
    (FIXTURES / "texts.png").write_bytes(saved(Image.fromarray(photo(9, 7)), "PNG", pnginfo=texts))

    # Texts and a colour profile that swell from kilobytes to 8 MB.
    swollen = zlib.compress(bytes(8 << 20), 9)
    extra = chunk(b"zTXt", b"bomb\0\0" + swollen) + chunk(b"iTXt", b"bomb\0\1\0\0\0" + swollen)
    extra += chunk(b"iCCP", b"bomb\0\0" + swollen) + chunk(b"tEXt", b"Comment\0harmless")
    (FIXTURES / "swelling.png").write_bytes(png(noise(7, 9, 3), 2, 8, extra=extra))


if __name__ == "__main__":
    for folder in (DECODING, CLIP):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    png_fixtures()
    jpeg_fixtures()
    webp_fixtures()
    (FIXTURES / "decoding.json").write_text(json.dumps(expected, indent=0) + "\n")
    clip_fixtures()
    resizing_fixtures()
    text_fixture()
