"""How fast nuclei are found by their colours, and how well; writes masks.md. One thread, CPU seconds.

benchmarks/masks.py [--real FOLDER]     FOLDER: with wbc_cytology and monuseg_breast
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import argparse
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from time import process_time

import cv2
import numpy as np
from numpy.typing import NDArray
from timing import machine

from pathgan.config.phantom_looks import Smear
from pathgan.config.runs.mixture_run import ColourMixture
from pathgan.datasets.adapters.class_masks import ClassMaskDataset
from pathgan.datasets.adapters.monuseg import MonusegDataset
from pathgan.masks import colour_nuclei as nuclei
from pathgan.masks.colour_nuclei import segment_nuclei
from pathgan.metrics import aggregated_jaccard_index, dice_coefficient
from pathgan.phantoms.smears import cytology_smear

N_IMAGES, ROUNDS, SIDE = 10, 5, 512
LOOKS = {"benign": (0.05, 0.75), "malignant": (0.6, 0.4)}  # pleomorphism, clustering
ORDERS = {
    "mixture first (ours)": ColourMixture(),
    "threshold first, 2 components": ColourMixture(order="threshold_first", n_components=2),
    "threshold first, 3 components": ColourMixture(order="threshold_first"),
}
Pair = tuple[NDArray[np.uint8], NDArray[np.int32]]


def phantoms(look: str, side: int, n: int, radius_px: float) -> list[Pair]:
    """Smears of the same look, whatever the size of their nuclei."""
    pleomorphism, clustering = LOOKS[look]
    smear = Smear(
        cells_per_mpx=76_800 / radius_px**2, radius_px=radius_px, pleomorphism=pleomorphism, clustering=clustering
    )
    fields = (cytology_smear(smear, side, (909, index)) for index in range(n))
    return [(field.image, field.instances) for field in fields]


def speed(images: list[NDArray[np.uint8]]) -> float:
    """Images a CPU second, the median of ROUNDS."""
    seconds = []
    for _ in range(ROUNDS):
        start = process_time()
        for image in images:
            segment_nuclei(image)
        seconds.append(process_time() - start)
    return len(images) / median(seconds)


def plain_speed(images: list[NDArray[np.uint8]]) -> float:
    """The same with every pixel classified by itself."""
    fast = nuclei.components
    nuclei.components = lambda image, mixture: mixture.predict(image.reshape(-1, 3)).reshape(image.shape[:2])
    try:
        return speed(images)
    finally:
        nuclei.components = fast


def quality(pairs: Iterable[Pair], options: ColourMixture | None = None) -> tuple[float, float, int]:
    """Mean Dice, mean AJI and the number of images."""
    found = [(true, segment_nuclei(image, options)) for image, true in pairs]
    dice = [dice_coefficient((true > 0).astype(np.int32), (one > 0).astype(np.int32)) for true, one in found]
    return float(np.mean(dice)), float(np.mean([aggregated_jaccard_index(*pair) for pair in found])), len(found)


def real_sets(folder: Path) -> dict[str, list[Pair]]:
    wbc = [
        (item.image, item.instances)
        for item in ClassMaskDataset(adapter="class_masks", folder="wbc_cytology").items(folder)
    ]
    breast = [
        (item.image, item.instances)
        for item in MonusegDataset(adapter="monuseg", folder="monuseg_breast").items(folder)
    ]
    return {
        "white blood cells, the first 100 (settings were chosen on them)": wbc[:100],
        "white blood cells, 101 to 300": wbc[100:],
        "MoNuSeg breast, H&E sections": breast,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path)
    real = parser.parse_args().real
    cv2.setNumThreads(1)
    large = [image for look in LOOKS for image, _ in phantoms(look, SIDE, N_IMAGES // 2, 16)]
    fast, plain = speed(large), plain_speed(large)
    sets = {f"phantom smears, {look}": phantoms(look, 256, 12, 8) for look in LOOKS} | (real_sets(real) if real else {})
    lines = [
        "# Nuclei by their colours",
        "",
        f"Written by `benchmarks/masks.py`: one thread, CPU seconds, medians of {ROUNDS} rounds.",
        "",
        f"| {N_IMAGES} phantom smears of {SIDE} px | images a CPU second |",
        "|---|---:|",
        f"| `segment_nuclei` (wanted: 20) | {fast:.1f} |",
        f"| with every pixel classified by itself | {plain:.1f} |",
        "",
        f"| against true nuclei: Dice, AJI | images | {' | '.join(ORDERS)} |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, pairs in sets.items():
        found = [quality(pairs, options) for options in ORDERS.values()]
        cells = " | ".join(f"{dice:.3f}, {aji:.3f}" for dice, aji, _ in found)
        lines.append(f"| {name} | {found[0][2]} | {cells} |")
    lines += ["", machine("opencv-python-headless", "scikit-learn", "scikit-image", "numpy")]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
