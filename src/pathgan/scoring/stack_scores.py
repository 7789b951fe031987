"""Whether synthetic focus stacks come into focus and go out of it as real ones of the same cells do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pathgan.config.scores.focus_score import FocusScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.metrics.distributions import full_kernel_distance
from pathgan.metrics.focus_profiles import adjacent_similarity, profile_correlation
from pathgan.metrics.similarity import peak_signal_noise_ratio
from pathgan.scoring.embedded_sets import compared, named
from pathgan.scoring.score_files import Inputs, Tidy, paired_ids, tidy
from pathgan.sharpness import focus_profile
from pathgan.stores.focus_stacks import IN_FOCUS, check_planes
from pathgan.stores.store import ImageStore

COPY_PSNR = 10 * float(np.log10(12 * 255**2))  # [dB] of rounding to 8 bits alone, 58.9: a copy's would be infinite
N_HALVINGS = 10  # random halves of real stacks that the floor is the mean of


def score(config: FocusScore, inputs: Inputs, category: str = "") -> Tidy:
    """Samples made of the planes in focus of a test split, against the real stacks of it.

    `focus_correlation`, `tenengrad_correlation`: of the profiles of sharpness over planes. `peak_error`: planes between
    the sharpest synthetic one and the sharpest real one, of cells the middle one; `peak_within_1`: 1 where it is at
    most 1. `base_psnr`: the plane in focus against the one that the stack was made of. `kid/...`: of one plane of
    all test stacks; `plane_kid` is their mean, `plane_kid_floor` that of halves of the real ones.
    """
    items = paired_ids(inputs)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real, fake = real_store.stacks(real_store.rows(items)), sample_store.stacks(sample_store.rows(items))
    check_planes(inputs.store, real)
    if fake.shape != real.shape:
        raise DataError(f"{inputs.predicted}: holds stacks of {fake.shape[1:]}, {inputs.store} of {real.shape[1:]}")
    profile = focus_profile(fake)
    real_profile = focus_profile(real)
    peak_error = np.abs(profile.argmax(1) - real_profile.argmax(1)).astype(float)
    tenengrad = [focus_profile(stacks, "tenengrad") for stacks in (real, fake)]
    scores = {
        "focus_correlation": profile_correlation(real_profile, profile),
        "tenengrad_correlation": profile_correlation(*tenengrad),
        "peak_error": peak_error,
        "peak_within_1": (peak_error <= 1).astype(float),
        "adjacent_ssim": adjacent_similarity(fake),
        "base_psnr": np.minimum(peak_signal_noise_ratio(real[:, IN_FOCUS], fake[:, IN_FOCUS]), COPY_PSNR),
    }
    facts = {"adjacent_ssim_real": float(adjacent_similarity(real).mean()), **_kernel_distances(inputs, items)}
    facts |= {"n_images": float(len(fake)), "n_real": float(len(real)), "n_floor": float(len(real) // 2)}
    return [*tidy(items, scores), *((SET, name, value) for name, value in facts.items())]


def _kernel_distances(inputs: Inputs, items: Sequence[str]) -> dict[str, float]:
    """KID of each plane by itself, all test stacks against those made of their cells, no cell against itself."""
    real, every = compared(inputs, "test")
    known, fake = real.of(items, inputs.store), every.of(items, inputs.predicted)
    if len(known) < 4:
        raise DataError(f"{inputs.manifest}: {len(known)} test stacks; KID and its floor need 4 or more")
    planes = range(known.shape[1])
    each = [full_kernel_distance(known[:, plane], fake[:, plane], paired=True) for plane in planes]
    floors = [_floor(known[:, plane]) for plane in planes]
    names = [f"kid/{plane:+d}" if plane else "kid/0" for plane in range(-IN_FOCUS, IN_FOCUS + 1)]
    means = {"plane_kid": float(np.mean(each)), "plane_kid_floor": float(np.mean(floors))}
    return named({**dict(zip(names, each, strict=True)), **means}, real.embedder)


def _floor(values: NDArray[np.float32]) -> float:
    random, half = np.random.default_rng(0), len(values) // 2
    orders = [random.permutation(len(values)) for _ in range(N_HALVINGS)]
    return float(np.mean([full_kernel_distance(values[order[:half]], values[order[half:]]) for order in orders]))
