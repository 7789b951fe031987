"""Which set score tells what: six corruptions of real images, five strengths, three kinds of image.

benchmarks/evaluator.py --real FOLDER     FOLDER: with monuseg_breast, cytology_smears and wbc_cytology

Writes evaluator.md and evaluator.png; about 25 minutes on two cores. Scores stay in build/evaluator, so that a second
run only draws. Weights lie in the folder that `--weights` names and are fetched where they are absent.
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import argparse
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from evaluator_images import CORRUPTIONS, MODE_DROPPING, STRENGTHS, ImageSet, corrupted, dropped, image_sets, modes
from evaluator_report import write_report
from evaluator_scores import EMBEDDED, ENCODERS, OTHERS, Encoder, Scored, nuclei_of, stains_of
from numpy.typing import NDArray

from pathgan.config.loading import load_weights_table
from pathgan.datasets.adapters.monuseg import MonusegDataset
from pathgan.datasets.fetched_weights import fetch_weights
from pathgan.metrics.morphometry import measure_all
from pathgan.networks.package_weights import convert

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / "build" / "evaluator"
N_TILES = 200  # of a set
SIZES = (20, 80, 0)  # images on either side; 0 for the largest half
N_SPLITS = 400  # of real images: half of them set the threshold, the other half try it
N_DRAWS = 10  # of each corruption and strength
Rows = NDArray[np.int64]


# --- splits -----------------------------------------------------------------------------------------------


def splits(origins: Rows, n: int, how_many: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """n tiles of half of the source images, and n of the other half; 0 for as many as the smaller half has."""
    random, sources = np.random.default_rng((seed, n)), np.unique(origins)
    for _ in range(how_many):
        half = random.permutation(sources)[: len(sources) // 2]
        first = np.flatnonzero(np.isin(origins, half))
        second = np.flatnonzero(~np.isin(origins, half))
        size = min(n or len(origins), len(first), len(second))
        yield random.permutation(first)[:size], random.permutation(second)[:size]


# --- one kind of feature on one set -----------------------------------------------------------------------


def evaluate(images: ImageSet, features: str, weights: dict[str, Path]) -> dict[str, Any]:
    """Values of every score of these features: `real` of N_SPLITS splits, `cells` of each corruption and strength."""
    file = CACHE / f"{images.name}-{features}.json".replace(" ", "-").replace("&", "")
    if file.exists():
        found: dict[str, Any] = json.loads(file.read_text())
        return found
    extract, scores, cost = _features(features, weights)
    clean = extract(images.images)
    groups = modes(images.images)
    spoiled = {
        (name, strength): extract(corrupted(images.images, name, strength))
        for name in CORRUPTIONS
        for strength in STRENGTHS
    }
    found = {"set": images.name, "features": features, "ms": 1e3 * cost(), "scores": {}}
    for name, scored in scores.items():
        started = time.process_time()
        found["scores"][name] = [_at_size(n, images.origins, groups, clean, spoiled, scored) for n in SIZES]
        print(f"{images.name}, {features}, {name}: {time.process_time() - started:.0f} s", flush=True)
    file.write_text(json.dumps(found))
    return found


def _features(
    name: str, weights: dict[str, Path]
) -> tuple[Callable[[Any], Any], dict[str, Scored], Callable[[], float]]:
    """What makes the features of images, the scores of them, and what an image cost in seconds of one core."""
    torch.set_num_threads(1)
    if name in ENCODERS:
        encoder = Encoder(name, weights)
        return encoder, EMBEDDED, lambda: float(np.median(encoder.seconds))
    plain, seconds = {"stain": stains_of, "nuclei": nuclei_of}[name], []

    def extract(images: NDArray[np.uint8]) -> Any:
        started = time.process_time()
        found = plain(images)
        seconds.append((time.process_time() - started) / len(images))
        return found

    score = {"stain": "stain histograms", "nuclei": "morphometry"}[name]
    return extract, {score: OTHERS[score]}, lambda: float(np.median(seconds))


def _at_size(
    n: int, origins: Rows, groups: Rows, clean: Any, spoiled: dict[Any, Any], scored: Scored
) -> dict[str, Any]:
    def value(known: Rows, others: Any, rows: Rows) -> float:
        return float(scored.of(_taken(clean, known), _taken(others, rows)))

    real = [value(known, clean, other) for known, other in splits(origins, n, N_SPLITS, seed=0)]
    drawn = list(splits(origins, n, N_DRAWS, seed=1))
    cells = {
        f"{name} {strength}": [value(known, spoiled[name, strength], other) for known, other in drawn]
        for name, strength in spoiled
    }
    for strength in STRENGTHS:
        cells[f"{MODE_DROPPING} {strength}"] = [
            value(known, clean, dropped(groups, other, strength, seed)) for seed, (known, other) in enumerate(drawn)
        ]
    untouched = [value(known, clean, other) for known, other in drawn]
    return {"n": len(drawn[0][0]), "rises": scored.rises, "real": real, "clean": untouched, "cells": cells}


def _taken(items: Any, rows: Rows) -> Any:
    return items[rows] if isinstance(items, np.ndarray) else [items[row] for row in rows]


# --- all of them ------------------------------------------------------------------------------------------


def weight_files(folder: Path) -> dict[str, Path]:
    """Network -> file, fetched where it is absent."""
    table = load_weights_table(HERE.parent / "config" / "weights.yaml")
    found = {}
    for network in ("lite0", "squeezenet", "vgg16"):
        found[network] = folder / table[network].file
        if not found[network].exists():
            folder.mkdir(parents=True, exist_ok=True)
            fetch_weights(table[network], found[network], partial(convert, network))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, required=True, help="folder of the real images")
    parser.add_argument("--weights", type=Path, default=HERE.parent / "data" / "weights")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    weights, sets = weight_files(options.weights), image_sets(options.real, N_TILES)
    with ProcessPoolExecutor(options.workers) as pool:
        tasks = [
            pool.submit(evaluate, images, features, weights)
            for features in (*reversed(ENCODERS), "nuclei", "stain")
            for images in sets
        ]
        found = [task.result() for task in tasks]
        seconds = morphometry_of(breast_nuclei(options.real), pool)
    notes = {"Morphometry of 1,000 images of 256 px, nuclei known, on two cores (wanted: 60 s)": f"{seconds:.0f} s"}
    write_report(found, HERE / "evaluator.md", HERE / "evaluator.png", notes)


def breast_nuclei(root: Path) -> list[tuple[NDArray[np.uint8], NDArray[np.int32]]]:
    """Tiles of 256 px of H&E with their true nuclei."""
    items = MonusegDataset(adapter="monuseg", folder="monuseg_breast").items(root)
    corners = [(y, x) for y in range(0, 768, 256) for x in range(0, 768, 256)]
    return [
        (item.image[y : y + 256, x : x + 256], item.instances[y : y + 256, x : x + 256])
        for item in items
        for y, x in corners
    ]


def morphometry_of(pairs: list[tuple[NDArray[np.uint8], NDArray[np.int32]]], pool: ProcessPoolExecutor) -> float:
    """Seconds on the clock for 1,000 of them."""
    thousand = [pairs[k % len(pairs)] for k in range(1000)]
    parts = [tuple(zip(*thousand[start : start + 50], strict=True)) for start in range(0, 1000, 50)]
    started = time.perf_counter()
    list(pool.map(measure_all, *zip(*parts, strict=True)))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
