"""Trains one part of the pocket model, going on from its last checkpoint.

    python pocket_train.py clip --work DIR
    python pocket_train.py vae --work DIR
    python pocket_train.py encode --work DIR    # latents and conditionings, once, before the UNet
    python pocket_train.py unet --work DIR
"""

from __future__ import annotations

import argparse
import importlib

import paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["clip", "vae", "encode", "unet", "classifier"])
    parser.add_argument("--steps", type=int, help="where the training ends, and the learning rate with it")
    parser.add_argument("--workers", type=int, default=2, help="threads that train side by side")
    paths.add_work_option(parser)
    options = parser.parse_args()
    module = {"encode": "encode", "classifier": "classifier"}.get(options.stage, f"train_{options.stage}")
    arguments = {} if options.steps is None else {"steps": options.steps}
    if options.stage in ("clip", "vae", "unet"):
        arguments["workers"] = options.workers
    importlib.import_module(module).run(options.work, **arguments)


if __name__ == "__main__":
    main()
