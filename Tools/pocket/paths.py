"""Where the work lies. Everything heavy goes under one folder that git ignores."""

from __future__ import annotations

import argparse
import os
import pathlib
import typing

DEFAULT_WORK = pathlib.Path(".pocket-work")


def add_work_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--work", type=pathlib.Path, default=DEFAULT_WORK, help="folder for data, checkpoints and exports")


def write_whole(path: pathlib.Path, write: typing.Callable[[pathlib.Path], None]) -> None:
    """Writes beside the file and renames, so that an interruption never leaves half a file under its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    write(beside)
    os.replace(beside, path)
