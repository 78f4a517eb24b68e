"""Writes the ids that transformers' CLIPTokenizer gives for hostile prompts.

    python tokenizer.py ../../Tests/CLIPKitTests/Fixtures [FOLDER-WITH-OPENAI-VOCABULARY]

prompts.json holds the prompts and their ids with the tiny vocabulary; prompts-openai.json the ids with OpenAI's, in the
same order. `[start, …, end]`, neither cut nor filled up. special-tokens.json holds folders of other special tokens.
"""

import json
import pathlib
import shutil
import sys
import tempfile

from transformers import CLIPTokenizer

ORDINARY = [
    "", " ", "a", "a photo of an astronaut riding a horse on mars", "a castle, 4k, trending on artstation",
    "wow!!! so pretty...", "it's 1984", "masterpiece, best quality, (detailed:1.2), [blurry], {sharp}", "photo, photo; photo: photo",
    "a b  c   d    e", "  leading and trailing  ", "well-known state-of-the-art", "e-mail me@example.com, http://x.org/?q=1&r=%20",
    "50% off $3.99 #1 a*b+c=d <tag> </tag> \\back\\slash /slash/ ~tilde~ `tick` ^caret^ _under_score_",
    "snake_case camelCase SCREAMING kebab-case", "\"quoted\" 'single' “curly” ‘curly’ «angle» „low“", "1girl, 2boys, 3d",
    "x" * 1, "oil on canvas by Ivan Aivazovsky, 1850", "portrait of the queen in red, highly detailed, sharp focus, soft light",
]  # fmt: skip

CONTRACTIONS = [
    "'re", "they're we've I'm you'll he'd can't dog's", "THEY'RE WE'VE I'M YOU'LL HE'D CAN'T DOG'S", "'s't're've'm'll'd", "'sss 'ttt 'red",
    "''s", "' s", "don''t", "o'clock", "rock 'n' roll", "it’s (curly apostrophe)", "'", "''''", "'1", "'é", "x'sy's", "’re", "'ſ", "'ſ'S",
]  # fmt: skip

PUNCTUATION = [
    "...", "....", "…", "!!!!!!!!!!", "?!?!", "--- — – ―", "((((masterpiece))))", "a,b.c;d:e!f?g", ",,,,", ".a.b.c.", ":-) :( ^_^ o_O", "(a)(b)",
    "<|endoftext|>", "a <|endoftext|> b", "a<|endoftext|>b", "<|startoftext|>", "<|startoftext|><|endoftext|>", "<|ENDOFTEXT|>",
    "A<|StartOfText|>B", "<|endoftext|", "|endoftext|>", "<|endoftext|>>", "<<|endoftext|>", "'<|ENDOFTEXT|>", "<|endoftext|><|endoftext|>!",
    "<| endoftext |>", "</w>", "a</w>b", "Ġ Ċ ĉ", "  <|endoftext|>  x", "<|ENDOFTEXT|>!!", "x<|ENDOFTEXT|>'s",
]  # fmt: skip

DIGITS = [
    "0", "1234567890", "3.14159", "1,000,000", "4K 8k 16:9", "H2O CO2", "x² y³ ½ ¾", "Ⅳ ⅷ ↀ", "١٢٣", "१२३", "①②③ ⑴", "𝟎𝟏𝟐", "〇一二", "༳", "v1.5.2-rc1",
    "二〇二四年", "²³", "1st 2nd 3rd", "𐄇 𐅀", "௰௱௲",
]  # fmt: skip

ACCENTS = [
    "café in montréal", "cafe\u0301 in montre\u0301al", "naïve façade", "Ångström Ａ Å Å", "ñandú", "e\u0301\u0323 e\u0323\u0301", "ệ e\u0302\u0323",
    "q\u0307\u0323 q\u0323\u0307", "ﬁ ﬂ ﬀ ﬃ", "ΑΣ ΟΔΥΣΣΕΥΣ ς σ Σ", "İstanbul ISPARTA ıiIİ", "Straße STRASSE ẞ ß", "ŒUVRE æther ÆTHER", "Ǆ ǅ ǆ Ǳ",
    "ÀÉÎÕÜ", "\u0130\u0307", "i\u0307", "Ω Ω K K", "\u0344 \u0308\u0301", "\u0301", "\u0301a", "a" + "\u0301" * 20,
    "Z̷̡͎a̵̙͐l̶̰̐g̴͓̈o̷̧͠", "ä̈̈ a\u0345\u0300 \u1fb3", "\u1e9b\u0323 \u1e0b\u0323", "\u212b\u0327", "\u0958 \u0915\u093c", "ÿ Ÿ ŸŸ",
    "\u2126 \u1fef \u2000 \u2001", "ДОМ дом ЇЖАК Й и\u0306", "Ⅷ ⓐ Ⓐ", "ꙀꙁᲀᏸᎠ", "𐐀𐐨 𞤀𞤢",
]  # fmt: skip

SCRIPTS = [
    "海の写真", "猫の絵、犬の絵。", "ｶﾀｶﾅ ＡＢＣ １２３", "한국어 그림", "\u1112\u1161\u11ab\u1100\u116e\u11a8", "가각\u11a8", "中文，逗號。「引號」", "日本語english混在123",
    "が か\u3099 ガ カ\u3099", "привет мир, картина моря", "שלום עולם", "שָׁלוֹם \ufb2a \u05e9\u05c1", "مرحبا بالعالم", "لوحة ١٩٨٤", "हिन्दी चित्र", "ภาษาไทย",
    "ਪੰਜਾਬੀ தமிழ் తెలుగు", "ခင်ဗျား", "ខ្មែរ", "ᠮᠣᠩᠭᠣᠯ", "አማርኛ", "ᏣᎳᎩ", "𠮷野家 𩸽", "漢\ufa0a 見 \u2f00", "𝓯𝓪𝓷𝓬𝔂 𝕥𝕖𝕩𝕥 ｆｕｌｌ", "ʰʲˠ ˈfoʊtoʊ", "tiếng Việt",
    "Ⲁⲁ ⴀ Ა ა", "नि\u200dष्क \u200c", "\u0f71\u0f72\u0f74 \u0f73\u0f75 \u0f77",
]  # fmt: skip

EMOJI = [
    "😀", "😀😀😀", "👩‍🚀 in space", "👨‍👩‍👧‍👦", "🇩🇪 🇫🇷 🇺🇦", "🇩🇪🇫🇷", "👍🏽 👍🏿", "❤️ ❤ ♥️", "1️⃣ #️⃣ *️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☃︎ ☃️", "🫠🪿🫨", "a😀b😀c", "♀ ♂ ⚧", "🐻‍❄️", "🧑🏻‍❤️‍💋‍🧑🏿",
]  # fmt: skip

SPACES = [
    "a\u00a0b", "a\u3000b", "a\u2028b\u2029c", "a\tb\nc\r\nd\x0be\x0cf", "a\x85b", "a\u1680b\u2000c\u200ad", "a\u202fb\u205fc", "a\u200bb", "a\ufeffb",
    "a\u180eb", "a\u2060b", "\n\n\n", "\t", "a\x1cb\x1dc\x1ed\x1ff", "\u3000\u3000photo\u3000\u3000", "\u200b", "photo\u00adgraph",
]  # fmt: skip

HOSTILE = [
    "a\x00b", "\x00", "\x00\x00\x00", "\x01\x02\x03\x7f", "\x80\x9f", "\x1b[31mred\x1b[0m", "a\u202eb\u202cc", "\u2066rtl\u2069", "\ue000\ue001", "\U000f0000",
    "\U0010ffff", "\uffff\ufffe", "\ufffd", "\u0378\u0379", "\u30000", "\U000e0001", "a\u034fb", "\U0001f9ff\u200d", "\u0600\u06dd", "\u061c",
    "A\U00016ea0\U00016ebb", "\U000323b0", "\u1acf a\u1acf\u0323", "a\u0897\u0323", "\U000105d2\u0307", "\U00011935\U00011930", "\u088f \u0c5c",
    "\u0898\u0323 \u08d3\u0323", "\U00010efd\u0334", "\u1c89 \ua7da \ua7cb", "\ua7d2", "\u0c5d \ua7d3",
]  # fmt: skip

LONG = [
    "masterpiece, " * 30, "a " * 100, "ab" * 200, "é" * 100, "海" * 90, "😀" * 40, "photo of " * 45, "x" * 1000, "!" * 500, "9" * 90,
    "the castle on the hill " * 20, "a" * 76, "abcdefghij" * 30, " ".join("word%d" % n for n in range(60)), "<|endoftext|> " * 80,
    "a " * 73 + "b", "a " * 74 + "b", "a " * 75 + "b", "aaaaaaab" * 64, "'s" * 80,
]  # fmt: skip

PROMPTS = ORDINARY + CONTRACTIONS + PUNCTUATION + DIGITS + ACCENTS + SCRIPTS + EMOJI + SPACES + HOSTILE + LONG


def token(content, **flags):
    """An added token as files spell it."""
    return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False} | flags


def special_folders():
    """Files beside vocab.json and merges.txt, and texts that tell whether they were understood."""
    start, end = token("<|startoftext|>"), token("<|endoftext|>")
    typed = {"bos_token": {"__type": "AddedToken", **start}, "eos_token": {"__type": "AddedToken", **end},
             "unk_token": {"__type": "AddedToken", **end}}  # fmt: skip
    texts = ["a <|endoftext|> b", "A<|ENDOFTEXT|>B", "<|StartOfText|>x", "hi! wow!!!", "!", "a <sks> dog", "A <SKS> dog", "a<sks>dog",
             "x [MASK] y", "x[MASK]y", "X  [mask]  Y", "ein caf\u00c9 hier", "caf\u00c9s", "cafe\u0301!",
             "Two \t\u3000words", "two words"]  # fmt: skip
    yield "stable-diffusion-1", texts, {
        "special_tokens_map.json": {"bos_token": start, "eos_token": end, "pad_token": "<|endoftext|>", "unk_token": end},
        "tokenizer_config.json": {"tokenizer_class": "CLIPTokenizer", "pad_token": "<|endoftext|>", **typed},
    }
    yield "padded-with-exclamation-mark", texts, {
        "special_tokens_map.json": {"bos_token": start, "eos_token": end, "pad_token": "!", "unk_token": end},
        "tokenizer_config.json": {"tokenizer_class": "CLIPTokenizer", "pad_token": "<|endoftext|>", **typed},
    }
    yield "placeholder", texts, {
        "added_tokens.json": {"<sks>": 664, "[MASK]": 665},
        "special_tokens_map.json": {"bos_token": start, "eos_token": end, "pad_token": "<|endoftext|>", "unk_token": end},
        "tokenizer_config.json": {"tokenizer_class": "CLIPTokenizer"},
    }
    yield "added-tokens-decoder", texts, {
        "special_tokens_map.json": {"pad_token": "!"},
        "tokenizer_config.json": {
            "tokenizer_class": "CLIPTokenizer", "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>",
            "pad_token": "<|endoftext|>",
            "added_tokens_decoder": {
                "662": token("<|startoftext|>", special=True), "663": token("<|endoftext|>", normalized=False, special=True),
                "664": token("<sks>", special=False, single_word=True),
                "665": token("[MASK]", special=True, lstrip=True, rstrip=True, normalized=False),
                "666": token("CAFÉ", special=False), "667": token("two  words", special=False),
            },
        },
    }  # fmt: skip


def special_cases(vocabulary):
    """What transformers makes of these folders, read from vocab.json and, saved again, from tokenizer.json alone."""
    cases = []
    for name, texts, files in special_folders():
        with tempfile.TemporaryDirectory() as path:
            folder = pathlib.Path(path)
            for file in ["vocab.json", "merges.txt"]:
                shutil.copy(vocabulary / file, folder / file)
            for file, content in files.items():
                (folder / file).write_text(json.dumps(content))
            tokenizer = CLIPTokenizer.from_pretrained(folder)
            tokenizer.save_pretrained(folder / "saved")
            saved = CLIPTokenizer.from_pretrained(folder / "saved")
            ids = tokenizer(texts).input_ids
            assert saved(texts).input_ids == ids
            added = json.loads((folder / "saved" / "tokenizer.json").read_text())["added_tokens"]
            spelt = {file: json.dumps(content) for file, content in files.items()}
            cases.append({"name": name, "padding": tokenizer.pad_token_id, "files": spelt, "texts": texts, "ids": ids,
                          "added_tokens": json.dumps(added)})  # fmt: skip
    return cases


def main():
    root = pathlib.Path(sys.argv[1])
    assert len(set(PROMPTS)) >= 200
    prompts = list(dict.fromkeys(PROMPTS))
    tiny = CLIPTokenizer.from_pretrained(root / "tokenizer")
    document = [{"text": text, "ids": ids} for text, ids in zip(prompts, tiny(prompts).input_ids)]
    write(root / "prompts.json", {"prompts": document})
    write(root / "special-tokens.json", {"cases": special_cases(root / "tokenizer")})
    if len(sys.argv) > 2:
        openai = CLIPTokenizer.from_pretrained(sys.argv[2])
        write(root / "prompts-openai.json", {"ids": openai(prompts).input_ids})
    print(len(prompts), "prompts")


def write(path, document):
    """JSON with the elements of the one list it holds a line each, so that a change is seen in a diff."""
    [(name, elements)] = document.items()
    lines = ",\n".join(json.dumps(element, separators=(",", ":")) for element in elements)
    path.write_text(f'{{"{name}":[\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
