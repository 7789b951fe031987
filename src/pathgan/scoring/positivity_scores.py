"""How Ki-67-positive samples are, beside the registered stain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.config.scores.positivity_score import PositivityScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.metrics.positivity import positive_share
from pathgan.scoring.score_files import Inputs, Tidy, another, paired_ids, tidy
from pathgan.stores.store import ImageStore


def score(config: PositivityScore, inputs: Inputs, category: str = "") -> Tidy:
    """The Ki-67-positive share of the nuclear area in samples against the registered stain, tile by tile.

    `positivity_correlation`: Pearson's over tiles; `..._shuffled`: its floor, against the tile of another place.
    `positivity_bias`: mean of sample less real. Tiles with next to no nuclei in the real stain are left out.
    """
    items = paired_ids(inputs)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real, nuclear = positive_share(real_store.images(real_store.rows(items)))
        fake, _ = positive_share(sample_store.images(sample_store.rows(items)))
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
        "positivity_correlation_shuffled": _correlation(real[another(len(real))], fake),
        "positivity_bias": float((fake - real).mean()),
        "n_images": float(len(chosen)),
    }
    shares = tidy(chosen, {"positive_share": fake, "positive_share_real": real})
    return [*shares, *((SET, name, value) for name, value in facts.items())]


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Pearson's; 0 where one of the two does not vary."""
    return float(np.corrcoef(one, other)[0, 1]) if min(one.std(), other.std()) > 1e-9 else 0.0
