"""Found against true instances of a test split."""

from __future__ import annotations

import numpy as np

from pathgan.config.scores.instance_score import InstanceScore
from pathgan.metrics.instances import instance_scores
from pathgan.scoring.score_files import Inputs, Tidy, paired_ids, tidy
from pathgan.stores.store import ImageStore


def score(config: InstanceScore, inputs: Inputs, category: str = "") -> Tidy:
    """Predicted against true instances of a test split; those of other images beside them do not count."""
    items = paired_ids(inputs)
    with ImageStore(inputs.store) as truth, ImageStore(inputs.predicted) as predicted_store:
        true = truth.instances(truth.rows(items))
        predicted = predicted_store.instances(predicted_store.rows(items))
    scores = [instance_scores(*pair) for pair in zip(true, predicted, strict=True)]
    return tidy(items, {name: np.array([item[name] for item in scores]) for name in scores[0]})
