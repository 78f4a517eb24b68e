"""Trains one part of the pocket model, going on from its last checkpoint.

python pocket_train.py all --work DIR       # every stage that is not done yet, in order

python pocket_train.py text --work DIR      # CLIP's caption tower
python pocket_train.py vision --work DIR    # CLIP's picture tower; nothing else waits for it
python pocket_train.py vae --work DIR
python pocket_train.py captions --work DIR  # their hidden states, once, before the UNet
python pocket_train.py latents --work DIR   # of the pictures, once, before the UNet
python pocket_train.py unet --work DIR
python pocket_train.py decoder --work DIR   # sharpens the decoder; can wait until after the UNet
"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import subprocess
import sys

import paths


STAGES = {
    "text": ("train_clip", "run_text"),
    "vision": ("train_clip", "run_vision"),
    "vae": ("train_vae", "run"),
    "decoder": ("train_vae", "run_decoder"),
    "captions": ("encode", "run_captions"),
    "latents": ("encode", "run_pictures"),
    "unet": ("train_unet", "run"),
    "classifier": ("classifier", "run"),
}


# in the order of need, and what each leaves behind: a stage whose product exists, or whose training has ended, is passed over
ORDER = [
    ("text", None),
    ("vision", None),
    ("captions", "data/states.npy"),
    ("vae", "checkpoints/vae_final.pt"),
    ("latents", "data/latents.npy"),
    ("unet", None),
    ("decoder", "checkpoints/decoder_final.pt"),
    ("classifier", "checkpoints/classifier.pt"),
]
RESUMABLE = ("text", "vision", "vae", "decoder", "unet")


def run_stage(stage: str, work: pathlib.Path, workers: int, steps: int | None) -> None:
    module, function = STAGES[stage]
    arguments: dict[str, int] = {} if steps is None else {"steps": steps}
    if stage in RESUMABLE:
        arguments["workers"] = workers
    getattr(importlib.import_module(module), function)(work, **arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=[*STAGES, "all"])
    parser.add_argument("--steps", type=int, help="where the training ends, and the learning rate with it")
    parser.add_argument("--workers", type=int, default=2, help="threads that train side by side")
    paths.add_work_option(parser)
    options = parser.parse_args()
    if options.stage != "all":
        run_stage(options.stage, options.work, options.workers, options.steps)
        return
    for stage, product in ORDER:
        if product is not None and (options.work / product).exists():
            continue
        # each in its own process: memory is given back in between, and a stop reaches whatever is running
        command = [sys.executable, __file__, stage, "--work", str(options.work), "--workers", str(options.workers)]
        if subprocess.run(command).returncode != 0:
            sys.exit(f"{stage} failed")
        if product is not None and not (options.work / product).exists():
            sys.exit(f"{stage} was stopped before its end")


if __name__ == "__main__":
    main()
