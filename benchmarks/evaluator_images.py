"""Real images, and six ways to spoil them: what benchmarks/evaluator.py asks its scores about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.datasets.image_files import read_image
from pathgan.stains import STAIN_VECTORS, optical_density, unmix

STRENGTHS = (1, 2, 3, 4, 5)
N_MODES = 10
Images = NDArray[np.uint8]


@dataclass(frozen=True)
class ImageSet:
    """Tiles of one kind of image. origins (n,): the image that each was cut from."""

    name: str
    images: Images
    origins: NDArray[np.int64]


def image_sets(root: Path, n: int) -> list[ImageSet]:
    """Three sets of n tiles or fewer, drawn evenly from their images."""
    folders = {
        "H&E, breast": (root / "monuseg_breast" / "tissue_images", "*.tif", 128),
        "smears": (root / "cytology_smears", "*/*.tif", 128),
        "white blood cells": (root / "wbc_cytology", "*.bmp", 112),  # one of each image
    }
    return [_tiled(name, sorted(folder.glob(pattern)), n, px) for name, (folder, pattern, px) in folders.items()]


def _tiled(name: str, files: list[Path], n: int, side: int) -> ImageSet:
    random, tiles, origins = np.random.default_rng(0), [], []
    for origin, file in enumerate(files):
        image = read_image(file)
        corners = [
            (y, x) for y in range(0, image.shape[0] - side + 1, side) for x in range(0, image.shape[1] - side + 1, side)
        ]
        for k in random.permutation(len(corners))[: -(-n // len(files))]:
            y, x = corners[k]
            tiles.append(image[y : y + side, x : x + side])
            origins.append(origin)
    chosen = np.sort(random.permutation(len(tiles))[:n])
    return ImageSet(name, np.stack(tiles)[chosen], np.array(origins)[chosen])


def blur(image: Images, strength: int, random: np.random.Generator) -> Images:
    """Gaussian, of 0.5 to 2.5 px."""
    return cv2.GaussianBlur(image, (0, 0), strength / 2)


def noise(image: Images, strength: int, random: np.random.Generator) -> Images:
    """Gaussian, with an SD of 6 to 30 grey levels."""
    return (image + random.normal(0, 6 * strength, image.shape)).round().clip(0, 255).astype(np.uint8)


def jpeg(image: Images, strength: int, random: np.random.Generator) -> Images:
    """Of quality 75 to 15."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 90 - 15 * strength]
    coded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1]
    return cv2.cvtColor(cv2.imdecode(coded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def shuffle(image: Images, strength: int, random: np.random.Generator) -> Images:
    """Of 4 x 4 patches, a fifth to all of them change places."""
    side = image.shape[0] // 4
    places = [(side * (k // 4), side * (k % 4)) for k in range(16)]
    moved = random.permutation(16)[: round(16 * strength / 5)]
    out = image.copy()
    for (y, x), (v, u) in zip((places[k] for k in moved), (places[k] for k in np.roll(moved, 1)), strict=True):
        out[y : y + side, x : x + side] = image[v : v + side, u : u + side]
    return out


def stain(image: Images, strength: int, random: np.random.Generator) -> Images:
    """8 to 40 % more haematoxylin, and as much less eosin."""
    amounts = unmix(image, ("haematoxylin", "eosin"))
    density = optical_density(image)
    for name, sign in (("haematoxylin", 1), ("eosin", -1)):
        density = density + sign * 0.08 * strength * amounts[name][..., None] * np.float32(STAIN_VECTORS[name])
    return (255 * np.exp(-density)).round().clip(0, 255).astype(np.uint8)


CORRUPTIONS: dict[str, Callable[[Images, int, np.random.Generator], Images]] = {
    "blur": blur,
    "noise": noise,
    "JPEG": jpeg,
    "patch shuffle": shuffle,
    "stain shift": stain,
}
MODE_DROPPING = "mode dropping"


def corrupted(images: Images, corruption: str, strength: int) -> Images:
    random = np.random.default_rng((strength, len(corruption)))
    return np.stack([CORRUPTIONS[corruption](image, strength, random) for image in images])


def modes(images: Images) -> NDArray[np.int64]:
    """Which of N_MODES groups each image is in, by its colours at 8 x 8 px: no network of the scores has a say."""
    from sklearn.cluster import KMeans

    small = np.stack([cv2.resize(image, (8, 8), interpolation=cv2.INTER_AREA) for image in images])
    found: NDArray[np.int64] = KMeans(N_MODES, n_init=10, random_state=0).fit_predict(small.reshape(len(small), -1))
    return found


def dropped(groups: NDArray[np.int64], rows: NDArray[np.int64], strength: int, seed: int) -> NDArray[np.int64]:
    """As many rows, none of two to nine tenths of the modes: images of those that stay are taken again."""
    random = np.random.default_rng((seed, strength))
    present = random.permutation(np.unique(groups[rows]))
    kept = present[: max(1, round(len(present) * (1 - 0.175 * strength)))]
    left = rows[np.isin(groups[rows], kept)]
    return random.choice(left, len(rows), replace=len(left) < len(rows))
