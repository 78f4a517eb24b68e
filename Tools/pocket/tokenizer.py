"""Makes the tokenizer: byte-level BPE in CLIP's format, about 2,000 entries, context of 77.

    python tokenizer.py --work DIR

The merges are learnt from the captions, and from a list of common English words so that other text, too, gets by with
few tokens. Every byte is in the vocabulary, so any text encodes. The end token has the largest id, as CLIP's has.
"""

from __future__ import annotations

import argparse
import collections
import json
import pathlib
import random
import re

import paths
from captions import caption
from scenes import random_scene

START, END = "<|startoftext|>", "<|endoftext|>"
CONTEXT = 77
ENTRIES = 2000
# CLIP's split; [^\W\d_] stands for \p{L}, which Python's re lacks (the corpus is plain English)
SPLIT = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+|_+")


def byte_alphabet() -> list[str]:
    """One printable character for each byte, in CLIP's order."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    rest = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(rest))]


def word_counts() -> collections.Counter[str]:
    counts: collections.Counter[str] = collections.Counter()
    for seed in range(6000):
        counts.update(SPLIT.findall(caption(random_scene(seed), random.Random(seed)).lower()))
    english = pathlib.Path(__file__).with_name("english.txt").read_text().lower()
    for word in SPLIT.findall(english):
        counts[word] += 3
    return counts


def learn_merges(counts: collections.Counter[str], wanted: int) -> list[tuple[str, str]]:
    """The commonest neighbouring pair becomes one symbol, again and again; ties go to the alphabetically first."""
    words = {word: (*word[:-1], word[-1] + "</w>") for word in counts}
    merges: list[tuple[str, str]] = []
    while len(merges) < wanted:
        pairs: collections.Counter[tuple[str, str]] = collections.Counter()
        for word, symbols in words.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += counts[word]
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word, symbols in words.items():
            merged, index = [], 0
            while index < len(symbols):
                if symbols[index : index + 2] == best:
                    merged.append(best[0] + best[1])
                    index += 2
                else:
                    merged.append(symbols[index])
                    index += 1
            words[word] = tuple(merged)
    return merges


def write(folder: pathlib.Path) -> None:
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    alphabet = byte_alphabet()
    symbols = alphabet + [symbol + "</w>" for symbol in alphabet]
    merges = learn_merges(word_counts(), ENTRIES - len(symbols) - 2)
    symbols += [first + second for first, second in merges] + [START, END]
    vocabulary = {symbol: index for index, symbol in enumerate(symbols)}
    assert len(vocabulary) == len(symbols)
    tokenizer = CLIPTokenizer(
        vocab=vocabulary, merges=merges, unk_token=END, bos_token=START, eos_token=END, pad_token=END, model_max_length=CONTEXT
    )
    tokenizer.save_pretrained(folder)  # tokenizer.json and tokenizer_config.json
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{first} {second}\n" for first, second in merges))
    special = {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END}
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")


def encode(tokenizer, texts: list[str]):
    """Ids [n, 77], padded with the end token as Stable Diffusion's pipeline pads."""
    return tokenizer(texts, padding="max_length", max_length=CONTEXT, truncation=True, return_tensors="pt").input_ids


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    paths.add_work_option(parser)
    options = parser.parse_args()
    write(options.work / "tokenizer")


if __name__ == "__main__":
    main()
