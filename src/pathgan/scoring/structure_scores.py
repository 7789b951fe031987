"""Whether translations keep the nuclei of their sources where they were."""

from __future__ import annotations

import numpy as np

from pathgan.config.scores.structure_score import StructureScore
from pathgan.metrics.instances import dice_coefficient
from pathgan.scoring.score_files import Inputs, Tidy, another, test_ids, tidy
from pathgan.stores.store import ImageStore


def score(config: StructureScore, inputs: Inputs, category: str = "") -> Tidy:
    """`structure_dice` of each translation: Dice of its nuclear pixels and those of its source, both as one run finds
    them. `structure_dice_shuffled`: with another source, which tells what chance gives."""
    assert inputs.real_instances is not None
    assert inputs.fake_instances is not None
    items = test_ids(inputs.manifest)
    with ImageStore(inputs.real_instances) as sources, ImageStore(inputs.fake_instances) as samples:
        source, made = sources.instances(sources.rows(items)), samples.instances(samples.rows(items))
    others = source[another(len(items))]
    return tidy(
        items,
        {
            "structure_dice": np.array([dice_coefficient(*pair) for pair in zip(source, made, strict=True)]),
            "structure_dice_shuffled": np.array([dice_coefficient(*pair) for pair in zip(others, made, strict=True)]),
        },
    )
