"""The Ki-67 labelling index of virtual slides beside registered ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.config.scores.labelling_score import LabellingScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.masks.positive_nuclei import count_nuclei
from pathgan.metrics.agreement import FEWEST, intraclass_correlation, limits_of_agreement
from pathgan.scoring.score_files import Inputs, Tidy, another, paired_ids, tidy
from pathgan.stores.manifest import read_manifest
from pathgan.stores.store import ImageStore

Counts = tuple[NDArray[np.int64], NDArray[np.int64]]


def score(config: LabellingScore, inputs: Inputs, category: str = "") -> Tidy:
    """The share of nuclei that are Ki-67-positive, of all tiles of a slide together, in samples and the real stain.

    `labelling_index` and `labelling_index_real`: one value per slide (the manifest's group). From three slides on also
    Bland and Altman's limits of agreement (`labelling_bias`, `labelling_lower`, `labelling_upper`: sample less real),
    `labelling_icc`, and its floor `..._shuffled`, against the registered stain of another slide. Raises DataError where
    no slide has nuclei in its registered stain.
    """
    items = paired_ids(inputs)
    origins = {row["id"]: row["group"] for row in read_manifest(inputs.manifest)}
    groups = np.array([origins[item] for item in items])
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real = count_nuclei(real_store.images(real_store.rows(items)), config.radius_px)
        fake = count_nuclei(sample_store.images(sample_store.rows(items)), config.radius_px)
    slides = [slide for slide in dict.fromkeys(groups) if sum(counts[groups == slide].sum() for counts in real)]
    if not slides:
        raise DataError(
            f"{inputs.store}: no nucleus in any of {len(items)} test tiles; is scores.labelling.radius_px = "
            f"{config.radius_px:g} that of their nuclei?"
        )
    index = {name: _indices(counts, groups, slides) for name, counts in (("real", real), ("fake", fake))}
    facts = {"n_images": float(len(slides)), "n_nuclei_real": float(sum(counts.sum() for counts in real))}
    if len(slides) >= FEWEST:
        limits = limits_of_agreement(index["real"], index["fake"])
        facts |= {f"labelling_{name}": value for name, value in limits._asdict().items()}
        facts["labelling_icc"] = intraclass_correlation(np.stack([index["real"], index["fake"]], axis=1))
        others = index["real"][another(len(slides))]
        facts["labelling_icc_shuffled"] = intraclass_correlation(np.stack([others, index["fake"]], axis=1))
    each = tidy(
        [str(slide) for slide in slides], {"labelling_index": index["fake"], "labelling_index_real": index["real"]}
    )
    return [*each, *((SET, name, value) for name, value in facts.items())]


def _indices(counts: Counts, groups: NDArray[np.str_], slides: list[str]) -> NDArray[np.float64]:
    """Of each slide, in [0, 1]; 0 for a virtual one without nuclei, which has no positive ones."""
    positive, negative = (np.array([part[groups == slide].sum() for slide in slides]) for part in counts)
    return positive / np.maximum(positive + negative, 1)
