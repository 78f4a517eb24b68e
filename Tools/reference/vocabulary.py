"""Trains the tiny CLIP vocabulary that the fixtures use: a byte-level BPE in the layout of OpenAI's, a few hundred entries.

    python vocabulary.py ../../Tests/CLIPKitTests/Fixtures/tokenizer

Writes vocab.json and merges.txt, and what transformers saves from them (tokenizer.json, tokenizer_config.json). The
oracle is never this script but transformers' CLIPTokenizer on these files.
"""

import collections
import json
import pathlib
import re
import sys
import zlib

MERGES = 150

# Some of what people type, and some of what breaks tokenizers: joins across bytes of one character, across whole
# characters, marks that stick together, digits (which never merge), endings that differ from middles.
TEXT = """
a photo of an astronaut riding a horse on mars, a painting of a fox in the forest, a portrait of the queen in red,
the castle on the hill trending on artstation, 4k, 8k, highly detailed, sharp focus, soft light, masterpiece, best
quality, oil on canvas by ivan aivazovsky, the sea in a storm, ships on the sea, the moon over the water, photo of the
cat, photo of a dog, painting of the house, the photo, the painting, the portrait, it's the artist's, we're, they've
café crème à montréal, naïve façade, über die straße, größe, ñandú señor, привет мир, картина море, 海の絵, 海の写真, 猫の絵
wow!!! so pretty... ??? --- ... !!! ((masterpiece)) [[best]] :) :) 😀😀 👩‍🚀 👩‍🚀 🇩🇪 🇫🇷
"""


def byte_characters():
    """GPT-2's way of giving each byte a visible character: itself where it is one, else U+0100 and up, in order."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in visible]
    table = {byte: chr(byte) for byte in visible}
    table |= {byte: chr(256 + index) for index, byte in enumerate(hidden)}
    return visible + hidden, table


def train():
    """The vocabulary and the merges, learned from TEXT: the most frequent pair first, ties in an order
    that favours no alphabet."""
    order, table = byte_characters()
    words = collections.Counter()
    for word in re.findall(r"'s|'re|'ve|[^\W\d_]+|\d|[^\s\w]+", TEXT):
        symbols = [table[byte] for byte in word.lower().encode()]
        words[(*symbols[:-1], symbols[-1] + "</w>")] += 1
    merges = []
    while len(merges) < MERGES:
        pairs = collections.Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        best = min(pairs, key=lambda pair: (-pairs[pair], zlib.crc32(" ".join(pair).encode()), pair))
        merges.append(best)
        merged = collections.Counter()
        for word, count in words.items():
            symbols = []
            for symbol in word:
                if symbols and (symbols[-1], symbol) == best:
                    symbols[-1] += symbol
                else:
                    symbols.append(symbol)
            merged[tuple(symbols)] += count
        words = merged
    characters = [table[byte] for byte in order]
    entries = characters + [character + "</w>" for character in characters]
    entries += ["".join(pair) for pair in merges] + ["<|startoftext|>", "<|endoftext|>"]
    return {entry: index for index, entry in enumerate(entries)}, merges


def main():
    from transformers import CLIPTokenizer

    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary, merges = train()
    assert len(vocabulary) == 512 + MERGES + 2, "two merges give the same entry"
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=77)
    tokenizer.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))


if __name__ == "__main__":
    main()
