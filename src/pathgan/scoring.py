"""From image sets to a tidy score table: item, metric, value.

A score of a whole set has the item SET. Beside the metrics stand facts that a reader of the score needs, such
as how many images it rests on: `render/remarks.py` puts them into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.config.models import DistributionScore, PerceptualHashScore, PositivityScore, Score
from pathgan.config.plan import SET
from pathgan.datasets.embeddings import Embeddings, image_set_digest, read_pair
from pathgan.datasets.store import ImageStore, read_manifest, rows_of_split
from pathgan.errors import DataError
from pathgan.files import write_rows
from pathgan.masks import contours
from pathgan.metrics import (
    contour_contrast,
    feature_similarities,
    frechet_distance,
    full_kernel_distance,
    gradient_magnitude_similarity_deviation,
    instance_scores,
    kernel_distance,
    mean_absolute_error,
    multiscale_structural_similarity,
    peak_signal_noise_ratio,
    perceptual_hash_similarity,
    positive_share,
    precision_recall,
    structural_similarity,
)
from pathgan.metrics.similarity import WINDOW_PX, n_scales

UNDEFINED_WITHOUT_NUCLEI = ("contour_contrast",)  # an item without nuclei has none, and n says so
N_FLOOR_SPLITS = 10  # random halvings of the real images that a floor is the mean of,
FLOOR_IMAGES = 20_480  # and fewer of large sets, whose halves differ less: about so many images in all
NEIGHBOURS = 3  # of precision and recall
Tidy = list[tuple[str, str, float]]  # item, metric, value


@dataclass(frozen=True)
class Inputs:
    """The files of a score.

    predicted: samples or segmentations. store, manifest: the real images. source_manifest: the images that samples
    are translations of, where pairs are scored. real_embeddings, fake_embeddings: of the store's images in question
    and of the samples, for the scores that compare embeddings.
    """

    predicted: Path
    store: Path
    manifest: Path
    source_manifest: Path | None = None
    real_embeddings: Path | None = None
    fake_embeddings: Path | None = None


def score(config: Score, inputs: Inputs) -> Tidy:
    """The scores that `config` asks for. Raises DataError where the files do not fit each other."""
    if isinstance(config, DistributionScore):
        return score_distribution(config, inputs)
    if isinstance(config, PerceptualHashScore):
        return score_hashes(inputs)
    if isinstance(config, PositivityScore):
        return score_positivity(config, inputs)
    return score_similarity(inputs) if config.kind == "similarity" else score_instances(inputs)


def score_similarity(inputs: Inputs) -> Tidy:
    """Samples of a test split against the real images of it."""
    items, rows = _test_items(inputs)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real, instances = real_store.images(rows), real_store.instances(rows)
        fake = sample_store.images()
    _check_count(inputs.predicted, len(fake), len(items))
    if fake.shape != real.shape:
        raise DataError(f"{inputs.predicted}: holds images of {fake.shape[1:]}, {inputs.store} of {real.shape[1:]}")
    if min(real.shape[1:3]) < WINDOW_PX:
        raise DataError(f"{inputs.store}: expected images of at least {WINDOW_PX} px, got {real.shape[1:3]}")
    fsim, fsimc = feature_similarities(real, fake)
    scores = {
        "ssim": structural_similarity(real, fake),
        "ms_ssim": multiscale_structural_similarity(real, fake),
        "psnr": peak_signal_noise_ratio(real, fake),
        "mae": mean_absolute_error(real, fake),
        "fsim": fsim,
        "fsimc": fsimc,
        "gmsd": gradient_magnitude_similarity_deviation(real, fake),
        "contour_contrast": contour_contrast(fake, np.stack([contours(field) for field in instances])),
    }
    return [*_tidy(items, scores), (SET, "ms_ssim_scales", n_scales(*real.shape[1:3]))]


def score_instances(inputs: Inputs) -> Tidy:
    """Predicted against true instances of a test split."""
    items, rows = _test_items(inputs)
    with ImageStore(inputs.store) as truth, ImageStore(inputs.predicted) as predicted_store:
        true, predicted = truth.instances(rows), predicted_store.instances()
    _check_count(inputs.predicted, len(predicted), len(items))
    scores = [instance_scores(*pair) for pair in zip(true, predicted, strict=True)]
    return _tidy(items, {name: np.array([item[name] for item in scores]) for name in scores[0]})


def score_distribution(config: DistributionScore, inputs: Inputs) -> Tidy:
    """FID, KID, precision and recall of samples against real images, each beside its floor.

    A floor is what two random halves of the real images score against each other. Halves have at most as many
    images as there are samples; `fid_at_floor_n` is the FID of as few samples and real images, as FID depends
    on their number. Tiles of one slide fall into both halves: floors tell of chance, not of patients.
    """
    real, fake = _embeddings(inputs, config.split)
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
    items, _ = _test_items(inputs)
    real, fake = _embeddings(inputs, "test")
    _check_count(inputs.fake_embeddings, len(fake.values), len(items))
    if len(items) < 2:
        raise DataError(f"{inputs.manifest}: holds one test image; a hash has no floor without a second one")
    others = _another(len(items))
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
    return [*_tidy(items, scores), *((SET, name, value) for name, value in facts.items())]


def score_positivity(config: PositivityScore, inputs: Inputs) -> Tidy:
    """The Ki-67-positive share of the nuclear area in samples against the registered stain, tile by tile.

    `positivity_correlation`: Pearson's over tiles; `..._shuffled`: its floor, against the tile of another place.
    `positivity_bias`: mean of sample less real. Tiles with next to no nuclei in the real stain are left out.
    """
    items, rows = _test_items(inputs)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real, nuclear = positive_share(real_store.images(rows))
        fake, _ = positive_share(sample_store.images())
    _check_count(inputs.predicted, len(fake), len(items))
    kept = nuclear >= max(config.min_nuclear, 1e-9)
    if kept.sum() < 3:
        raise DataError(
            f"{inputs.store}: {kept.sum()} of {len(kept)} test tiles have {config.min_nuclear:.0%} of nuclear area, a "
            "correlation needs three; lower min_nuclear or add slides"
        )
    real, fake = real[kept], np.nan_to_num(fake[kept])  # a sample without nuclei has no positive ones
    chosen = [item for item, keep in zip(items, kept, strict=True) if keep]
    facts = {
        "positivity_correlation": _correlation(real, fake),
        "positivity_correlation_shuffled": _correlation(real[_another(len(real))], fake),
        "positivity_bias": float((fake - real).mean()),
        "n_images": float(len(chosen)),
    }
    shares = _tidy(chosen, {"positive_share": fake, "positive_share_real": real})
    return [*shares, *((SET, name, value) for name, value in facts.items())]


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Pearson's; 0 where one of the two does not vary."""
    return float(np.corrcoef(one, other)[0, 1]) if min(one.std(), other.std()) > 1e-9 else 0.0


def write_scores(scores: Tidy, path: Path) -> None:
    write_rows(path, ("item", "metric", "value"), ((item, metric, f"{value:.9g}") for item, metric, value in scores))


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


def _another(n: int) -> NDArray[np.int64]:
    """For each of n images the index of another one, each used once, seeded."""
    order = np.random.default_rng(0).permutation(n)
    others = np.empty(n, np.int64)
    others[order] = np.roll(order, 1)
    return others


def _embeddings(inputs: Inputs, split: str) -> tuple[Embeddings, Embeddings]:
    """Those of a split of the real images, and of the samples. Raises DataError for stale ones."""
    assert inputs.real_embeddings is not None
    assert inputs.fake_embeddings is not None
    real, fake = read_pair(inputs.real_embeddings, inputs.fake_embeddings)
    for path, embeddings, images, digest in (
        (inputs.real_embeddings, real, inputs.store, image_set_digest(inputs.store, inputs.manifest, split)),
        (inputs.fake_embeddings, fake, inputs.predicted, image_set_digest(inputs.predicted)),
    ):
        if embeddings.images != digest:
            raise DataError(f"{path}: made of other images than {images} holds now; make it again with --force")
    return real, fake


def _test_items(inputs: Inputs) -> tuple[list[str], NDArray[np.int64]]:
    """Names and rows of the real test images. Raises DataError where samples are of images with other names."""
    items, rows = _named_test(inputs.manifest)
    sources = items if inputs.source_manifest is None else _named_test(inputs.source_manifest)[0]
    if sources != items:
        lonely = sorted(set(sources) ^ set(items))
        told = f"{len(lonely)} without a companion, first: {lonely[0]}" if lonely else "in another order"
        raise DataError(
            f"{inputs.source_manifest} and {inputs.manifest}: expected the same test images in both, as pairs are "
            f"scored; {told}. Register or name them alike, then prepare both again"
        )
    return items, rows


def _named_test(manifest: Path) -> tuple[list[str], NDArray[np.int64]]:
    table = read_manifest(manifest)
    rows = rows_of_split(table, "test", manifest.name)
    return [table[row]["id"] for row in rows], rows


def _check_count(path: Path | None, n: int, expected: int) -> None:
    if n != expected:
        raise DataError(f"{path}: holds {n} images, the test split has {expected}; make it again with --force")


def _tidy(items: list[str], scores: dict[str, NDArray[np.float64]]) -> Tidy:
    return [
        (item, name, float(value))
        for name, values in scores.items()
        for item, value in zip(items, values, strict=True)
        if name not in UNDEFINED_WITHOUT_NUCLEI or not np.isnan(value)
    ]
