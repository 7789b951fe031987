"""Scores of embeddings: distances of sets, hashes of pairs, and what a classifier of them still sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.config.models import DistributionScore, PreservationScore
from pathgan.config.plan import SET
from pathgan.datasets.embeddings import Embeddings, check_same_embedder, read_embeddings
from pathgan.datasets.store import read_manifest, rows_of_split
from pathgan.errors import DataError
from pathgan.files import sha256_of
from pathgan.metrics import (
    LinearReader,
    frechet_distance,
    full_kernel_distance,
    kernel_distance,
    perceptual_hash_similarity,
    precision_recall,
)
from pathgan.scoring.inputs import Inputs, Tidy, another, check_count, named_test, paired_items, tidy

N_FLOOR_SPLITS = 10  # random halvings of the real images that a floor is the mean of,
FLOOR_IMAGES = 20_480  # and fewer of large sets, whose halves differ less: about so many images in all
NEIGHBOURS = 3  # of precision and recall


def score_distribution(config: DistributionScore, inputs: Inputs) -> Tidy:
    """FID, KID, precision and recall of samples against real images, each beside its floor.

    A floor is what two random halves of the real images score against each other. Halves have at most as many
    images as there are samples; `fid_at_floor_n` is the FID of as few samples and real images, as FID depends
    on their number. Tiles of one slide fall into both halves: floors tell of chance, not of patients. `fid_source` and
    `kid_source` (of all images at once) are of the images before their translation: what doing nothing scores.
    """
    real, fake = _compared(inputs, config.split)
    n_floor = min(len(real.values) // 2, len(fake.values))
    if n_floor <= NEIGHBOURS:
        raise DataError(
            f"{inputs.real_embeddings} and {inputs.fake_embeddings}: hold {len(real.values)} and {len(fake.values)} "
            f"images; expected at least {2 * NEIGHBOURS + 2} real and {NEIGHBOURS + 1} synthetic ones for a "
            "distribution score"
        )
    subset_size = min(config.subset_size, len(real.values), len(fake.values))
    kid, kid_sd = kernel_distance(real.values, fake.values, subset_size=subset_size, n_subsets=config.n_subsets)
    precision, recall = precision_recall(real.values, fake.values, NEIGHBOURS)
    scores = {
        "fid": frechet_distance(real.values, fake.values),
        "kid": kid,
        "kid_sd": kid_sd,
        "kid_full": full_kernel_distance(real.values, fake.values),
        "precision": precision,
        "recall": recall,
        **_floors(real.values, fake.values, n_floor),
    }
    if config.untranslated:
        source = _of_split(inputs.source_embeddings, inputs.source_store, inputs.source_manifest, "test")
        check_same_embedder(inputs.real_embeddings, real, inputs.source_embeddings, source)
        scores["fid_source"] = frechet_distance(real.values, source.values)
        scores["kid_source"] = full_kernel_distance(real.values, source.values)
    facts = {
        "n_images": len(fake.values),
        "n_real": len(real.values),
        "n_floor": n_floor,
        "kid_subset_size": subset_size,
        "random_weights": float(real.embedder.is_random),
    }
    return [(SET, name, float(value)) for name, value in (scores | facts).items()]


def score_hashes(inputs: Inputs) -> Tidy:
    """Perceptual hashes of samples against the real images of the test split, and two floors.

    `p_hash_real_real`: a real image against another; `p_hash_shuffled`: a sample against the real image of
    another. A model that ignores its input scores no more than these.
    """
    items, _ = paired_items(inputs)
    real, fake = _compared(inputs, "test")
    check_count(inputs.fake_embeddings, len(fake.values), len(items))
    if len(items) < 2:
        raise DataError(f"{inputs.manifest}: holds one test image; a hash has no floor without a second one")
    others = another(len(items))
    scores = {
        "p_hash": perceptual_hash_similarity(real.values, fake.values),
        "p_hash_median": perceptual_hash_similarity(real.values, fake.values, "median"),
        "p_hash_pearson": perceptual_hash_similarity(real.values, fake.values, "pearson"),
        "p_hash_dct": perceptual_hash_similarity(real.values, fake.values, "dct"),
        "p_hash_real_real": perceptual_hash_similarity(real.values, real.values[others]),
        "p_hash_shuffled": perceptual_hash_similarity(real.values[others], fake.values),
    }
    facts = {
        "p_hash_sd": float(scores["p_hash"].std(ddof=1)),
        "n_images": float(len(items)),
        "random_weights": float(real.embedder.is_random),
    }
    return [*tidy(items, scores), *((SET, name, value) for name, value in facts.items())]


def score_preservation(config: PreservationScore, inputs: Inputs, category: str) -> Tidy:
    """Whether samples that should be of class `category` are read as such, image by image (1 or 0).

    The reader is a logistic regression on the embeddings of real training images of every class, classes weighted
    alike. `accuracy_real`: its accuracy on real test images, the mean over classes: what a perfect sample could reach.
    """
    fake = fresh(inputs.fake_embeddings, inputs.predicted)
    known = {}
    for name, files in zip(config.classes, zip(*_class_files(inputs), strict=True), strict=True):
        embeddings = fresh(files[0], files[1])
        check_same_embedder(files[0], embeddings, inputs.fake_embeddings, fake)
        manifest = read_manifest(files[2])
        known[name] = {
            side: embeddings.values[rows_of_split(manifest, side, files[2].name)] for side in ("train", "test")
        }
    reader = LinearReader({name: sides["train"] for name, sides in known.items()})
    right = {name: reader.read(sides["test"]) == name for name, sides in known.items()}
    preserved = reader.read(fake.values) == category
    facts = {
        "accuracy_real": float(np.mean([values.mean() for values in right.values()])),
        "n_images": float(len(preserved)),
        "n_real": float(sum(map(len, right.values()))),
        "random_weights": float(fake.embedder.is_random),
    }
    items, _ = named_test(inputs.source_manifest or inputs.manifest)
    check_count(inputs.fake_embeddings, len(preserved), len(items))
    each = tidy(items, {"preserved": preserved.astype(float)})
    return [*each, *((SET, name, value) for name, value in facts.items())]


def _class_files(inputs: Inputs) -> tuple[tuple[Path, ...], ...]:
    return inputs.class_embeddings, inputs.class_stores, inputs.class_manifests


def _floors(real: NDArray[np.float32], fake: NDArray[np.float32], n: int) -> dict[str, float]:
    """Means over random draws of n real, n other real and n synthetic images."""
    random = np.random.default_rng(0)
    draws = []
    for _ in range(max(1, min(N_FLOOR_SPLITS, FLOOR_IMAGES // n))):
        order = random.permutation(len(real))
        one, other = real[order[:n]], real[order[n : 2 * n]]
        samples = fake[random.permutation(len(fake))[:n]]
        draws.append(
            [
                frechet_distance(one, other),
                frechet_distance(one, samples),
                full_kernel_distance(one, other),
                *precision_recall(one, other, NEIGHBOURS),
            ]
        )
    names = ("fid_floor", "fid_at_floor_n", "kid_floor", "precision_floor", "recall_floor")
    return dict(zip(names, np.mean(draws, axis=0), strict=True))


def _compared(inputs: Inputs, split: str) -> tuple[Embeddings, Embeddings]:
    """Those of a split of the real images, and of the samples. Raises DataError for stale or different ones."""
    real = _of_split(inputs.real_embeddings, inputs.store, inputs.manifest, split)
    fake = fresh(inputs.fake_embeddings, inputs.predicted)
    check_same_embedder(inputs.real_embeddings, real, inputs.fake_embeddings, fake)
    return real, fake


def _of_split(path: Path | None, store: Path | None, manifest: Path | None, split: str) -> Embeddings:
    assert manifest is not None
    embeddings = fresh(path, store)
    rows = rows_of_split(read_manifest(manifest), split, manifest.name)
    return replace(embeddings, values=embeddings.values[rows])


def fresh(path: Path | None, images: Path | None) -> Embeddings:
    """Embeddings of the images as they are now. Raises DataError for others."""
    assert path is not None
    assert images is not None
    embeddings = read_embeddings(path)
    if embeddings.images != sha256_of(images):
        raise DataError(f"{path}: made of other images than {images} holds now; make it again with --force")
    return embeddings
