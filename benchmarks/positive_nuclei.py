"""Ki-67-positive and negative nuclei of six real fields against their true ones; writes positive_nuclei.md.

benchmarks/positive_nuclei.py --real FOLDER     FOLDER: with ki67_ihc
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import label, regionprops_table
from timing import machine

from pathgan.datasets.image_files import read_image
from pathgan.masks.positive_nuclei import find_nuclei

RADIUS_PX = 12  # at 40x
STATUS = {"positive": 1, "negative": 2}  # values of the masks


@dataclass(frozen=True)
class Found:
    """n_hit: true nuclei that hold the centre of a found one."""

    field: str
    status: str
    n_true: int
    n_found: int
    n_hit: int


def f1(parts: list[Found]) -> float:
    """Of all fields together: a found nucleus is right where its centre lies in a true one that no other hits."""
    return 2 * sum(part.n_hit for part in parts) / sum(part.n_true + part.n_found for part in parts)


def compared(folder: Path) -> list[Found]:
    """Both kinds of nucleus in each field of ki67_ihc."""
    found = []
    for file in sorted((folder / "images").glob("*.png")):
        mask = cv2.imread(str(folder / "masks" / file.name), cv2.IMREAD_GRAYSCALE)
        instances = find_nuclei(read_image(file)[..., :3], RADIUS_PX)
        for (status, value), one in zip(STATUS.items(), instances, strict=True):
            true = label(mask == value)
            found.append(Found(file.stem, status, int(true.max()), int(one.max()), _hits(one, true)))
    return found


def _hits(instances: NDArray[np.int32], true: NDArray[np.integer]) -> int:
    centres = regionprops_table(instances, properties=("centroid",))
    y, x = (centres[f"centroid-{axis}"].round().astype(int) for axis in (0, 1))
    return len(np.unique(true[y, x][true[y, x] > 0]))


def index(parts: list[Found], count: str) -> float:
    """The labelling index [%] of some fields, by n_true or n_found."""
    positive, every = (
        sum(getattr(part, count) for part in parts if part.status in of) for of in (["positive"], STATUS)
    )
    return 100 * positive / every


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, required=True)
    found = compared(parser.parse_args().real / "ki67_ihc")
    lines = [
        "# Ki-67-positive nuclei",
        "",
        "Written by `benchmarks/positive_nuclei.py`: the six fields of `ki67_ihc` (40x, bladder and lung), found by "
        f"their stains with a radius of {RADIUS_PX} px. A nucleus counts as found where the centre of a found one lies "
        "in it. The thresholds were chosen on these fields, as there are no others; some of their nuclei, at borders "
        "and in stroma, are not marked.",
        "",
        "| field | positive: true | found | hit | negative: true | found | hit | index: true [%] | found [%] |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    fields = {part.field: [one for one in found if one.field == part.field] for part in found}
    for name, parts in {**fields, "all": found}.items():
        cells = [
            f"{sum(getattr(part, count) for part in parts if part.status == status)}"
            for status in STATUS
            for count in ("n_true", "n_found", "n_hit")
        ]
        lines.append(f"| {name} | {' | '.join(cells)} | {index(parts, 'n_true'):.1f} | {index(parts, 'n_found'):.1f} |")
    lines += [
        "",
        "| nuclei | F1 | count error, all fields [%] | mean over fields of its size [%] |",
        "|---|---:|---:|---:|",
    ]
    for status in STATUS:
        parts = [part for part in found if part.status == status]
        true, counted = (sum(getattr(part, count) for part in parts) for count in ("n_true", "n_found"))
        sizes = np.mean([abs(part.n_found - part.n_true) / part.n_true for part in parts])
        lines.append(f"| {status} | {f1(parts):.3f} | {100 * (counted - true) / true:+.1f} | {100 * sizes:.0f} |")
    lines += ["", machine("opencv-python-headless", "scikit-image", "numpy")]
    text = "\n".join(lines) + "\n"
    Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
