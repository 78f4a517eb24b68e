"""Makes Tests/RasterTests/Fixtures/statistics.json: the pixel statistics of one picture of each gallery, by numpy.

    python Tools/reference/picture_statistics.py

The formulas are those of Tools/pocket/statistics_of_pictures.py. Two more pictures are odd on purpose: one grey, one that is
wider than high.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pocket"))
from statistics_of_pictures import STATISTICS  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SUBJECTS = ["balloon", "butterfly", "cactus", "castle", "cat", "fish", "house", "lighthouse"]
ODD = ["Tests/RasterTests/Fixtures/clip/224x224-l.png", "Tests/RasterTests/Fixtures/clip/31x97-rgb.png"]


def main():
    galleries = sorted(path.name for path in (ROOT / "galleries").iterdir() if path.is_dir())
    paths = [f"galleries/{gallery}/{subject}.png" for gallery, subject in zip(galleries, SUBJECTS, strict=True)]
    values = {}
    for path in paths + ODD:
        picture = np.asarray(Image.open(ROOT / path).convert("RGB"))
        values[path] = {name: measure(picture) for name, measure in STATISTICS.items()}
    text = json.dumps(values, indent=1)
    (ROOT / "Tests/RasterTests/Fixtures/statistics.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
