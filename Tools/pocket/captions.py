"""Captions in natural variety: synonyms, several word orders, and often only part of what is known.

A caption that names only the subject must go with every palette and way of drawing, so that a prompt which says nothing
about taste leaves taste open: that room is what an aesthetic later fills.
"""

from __future__ import annotations

import random

from scenes import Scene

# (one, many) per subject; the first is the canonical one used for zero-shot reading
SUBJECT_WORDS: dict[str, list[tuple[str, str]]] = {
    "sailboat": [
        ("sailboat", "sailboats"),
        ("sailing boat", "sailing boats"),
        ("boat with white sails", "boats with white sails"),
        ("yacht", "yachts"),
    ],
    "lighthouse": [
        ("lighthouse", "lighthouses"),
        ("lighthouse on a rock", "lighthouses"),
        ("striped lighthouse by the sea", "lighthouses"),
    ],
    "house": [
        ("house by a tree", "houses"),
        ("house", "houses"),
        ("cottage", "cottages"),
        ("little house with a tree", "houses"),
        ("cosy home", "homes"),
    ],
    "mountain": [
        ("mountain", "mountains"),
        ("mountain by a lake", "mountains"),
        ("snowy peak", "peaks"),
        ("mountain with snow on top", "mountains"),
    ],
    "castle": [
        ("castle", "castles"),
        ("castle with towers", "castles"),
        ("fortress", "fortresses"),
        ("fairy-tale castle", "castles"),
    ],
    "cactus": [
        ("cactus", "cacti"),
        ("cactus in the desert", "cacti in the desert"),
        ("saguaro", "saguaros"),
        ("flowering cactus", "flowering cacti"),
    ],
    "rocket": [
        ("rocket", "rockets"),
        ("space rocket", "space rockets"),
        ("rocket ship", "rocket ships"),
        ("spaceship", "spaceships"),
    ],
    "fish": [
        ("fish", "fish"),
        ("striped fish", "striped fish"),
        ("fish under water", "fish under water"),
        ("tropical fish", "tropical fish"),
    ],
    "balloon": [
        ("hot air balloon", "hot air balloons"),
        ("hot-air balloon", "hot-air balloons"),
        ("balloon in the sky", "balloons in the sky"),
        ("balloon", "balloons"),
    ],
    "mushroom": [
        ("mushroom", "mushrooms"),
        ("toadstool", "toadstools"),
        ("spotted mushroom", "spotted mushrooms"),
        ("mushroom with dots", "mushrooms with dots"),
    ],
    "palm": [
        ("palm tree", "palm trees"),
        ("palm", "palms"),
        ("palm tree on an island", "palm trees"),
        ("coconut palm", "coconut palms"),
    ],
    "cat": [("cat", "cats"), ("sitting cat", "sitting cats"), ("kitten", "kittens"), ("house cat", "house cats")],
    "windmill": [
        ("windmill", "windmills"),
        ("old windmill", "windmills"),
        ("mill with four sails", "mills"),
        ("windmill on a hill", "windmills"),
    ],
    "sunflower": [
        ("sunflower", "sunflowers"),
        ("flower", "flowers"),
        ("big flower", "big flowers"),
        ("blooming sunflower", "blooming sunflowers"),
    ],
    "whale": [
        ("whale", "whales"),
        ("whale in the sea", "whales in the sea"),
        ("spouting whale", "spouting whales"),
        ("big whale", "big whales"),
    ],
    "butterfly": [
        ("butterfly", "butterflies"),
        ("butterfly with open wings", "butterflies with open wings"),
        ("fluttering butterfly", "fluttering butterflies"),
    ],
}
PALETTE_WORDS: dict[str, list[str]] = {
    "pastel": ["in pastel colours", "in soft pastel tones", "pastel", "in pale candy colours", "in light powdery colours"],
    "neon": ["in neon colours", "with neon lights", "neon", "glowing in neon", "in electric neon tones"],
    "sepia": ["in sepia", "in sepia tones", "sepia", "in old brown tones", "like an old sepia photograph"],
    "monochrome": ["in black and white", "monochrome", "in shades of grey", "greyscale", "without colour, black and white"],
    "warm": ["in warm colours", "in warm reds and oranges", "in fiery tones", "warm", "in orange and red"],
    "cool": ["in cool colours", "in cool blues", "in blue and teal", "cool", "in icy blue tones"],
    "night": ["at night", "by moonlight", "under the stars at night", "night", "in the dark of night"],
    "dawn": ["at dawn", "at daybreak", "in the pink light of dawn", "dawn", "in violet morning light"],
    "vivid": ["in vivid colours", "in bright bold colours", "vivid", "in strong saturated colours", "in brilliant colours"],
    "forest": ["in forest greens", "in green tones", "all in green", "forest green", "in mossy greens"],
}
WAY_WORDS: dict[str, list[str]] = {
    "flat": ["flat design", "a flat illustration", "flat vector art", "in clean flat shapes"],
    "ink": ["an ink drawing", "line art", "drawn with ink outlines", "a pen outline drawing"],
    "hatched": ["a hatched drawing", "cross-hatched", "an engraving with hatching", "drawn with slanted hatching"],
    "pointillist": ["a pointillist painting", "pointillism", "painted in dots", "made of many dots"],
    "watercolour": ["a watercolour", "a watercolor painting", "painted in watercolour", "a soft watercolour wash"],
    "pixel": ["pixel art", "in pixel art style", "8-bit pixel art", "made of square pixels"],
    "paper": ["a paper cut-out", "papercut art", "cut from layered paper", "a paper collage"],
    "glass": ["stained glass", "a stained glass window", "made of stained glass", "leaded glass"],
}
COUNT_WORDS = {2: ["two", "a pair of", "2"], 3: ["three", "3", "a group of three"]}
ARTICLE_VOWELS = "aeiou"


def _noun(scene: Scene, chance: random.Random, plain: bool) -> str:
    forms = SUBJECT_WORDS[scene.subject]
    one, many = forms[0] if plain or chance.random() < 0.45 else chance.choice(forms)
    if scene.count > 1:
        return f"{chance.choice(COUNT_WORDS[scene.count])} {many}"
    adjective = ""
    if not plain and chance.random() < 0.12:
        adjective = {"small": "small ", "large": "large "}[scene.size]
    phrase = adjective + one
    return ("an " if phrase[0] in ARTICLE_VOWELS else "a ") + phrase


def caption(scene: Scene, chance: random.Random, parts: str | None = None) -> str:
    """One caption. `parts` says what is named ("s" subject, "p" palette, "w" way of drawing); by default chance does."""
    if parts is None:
        parts = chance.choices(["s", "sp", "sw", "spw", "p", "w", "pw"], [20, 18, 18, 36, 3, 3, 2])[0]
    noun = _noun(scene, chance, plain=chance.random() < 0.4)
    palette = chance.choice(PALETTE_WORDS[scene.palette]) if "p" in parts else ""
    way = chance.choice(WAY_WORDS[scene.way]) if "w" in parts else ""
    if "s" not in parts:
        return ", ".join(part for part in (way, palette) if part)
    if scene.place != "middle" and chance.random() < 0.12:
        noun += f" on the {scene.place}"
    lead = (
        chance.choice(["", "", "", "", "a picture of ", "an image of ", "a little scene with ", "a drawing of "]) if not way else ""
    )
    text = lead + noun
    if way:
        makes = way.startswith(("a ", "an "))
        if makes and chance.random() < 0.6:
            text = f"{way} of {noun}"
        elif chance.random() < 0.3:
            text = f"{way}, {noun}"
        else:
            text = f"{noun}, {way}"
    if palette:
        joins = palette.startswith(("in ", "at ", "by ", "under ", "with ", "like "))
        text = f"{text} {palette}" if joins and chance.random() < 0.6 else f"{text}, {palette}"
    return text


def prompts_for(attribute: str) -> dict[str, list[str]]:
    """Plain prompts that name one value of one attribute, for zero-shot reading."""
    if attribute == "subject":
        return {
            name: [f"a {forms[0][0]}", f"a picture of a {forms[0][0]}", *(f"a {one}" for one, _ in forms[1:])]
            for name, forms in SUBJECT_WORDS.items()
        }
    words = PALETTE_WORDS if attribute == "palette" else WAY_WORDS
    return {name: list(texts) for name, texts in words.items()}
