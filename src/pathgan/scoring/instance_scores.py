"""Found against true instances of a test split."""

from __future__ import annotations

import numpy as np

from pathgan.config.scores.instance_score import InstanceScore
from pathgan.metrics.instances import Instances, instance_scores
from pathgan.metrics.touching_nuclei import false_nuclei, jaccard_by_contact
from pathgan.scoring.score_files import Inputs, Tidy, paired_ids, tidy
from pathgan.stores.store import ImageStore


def score(config: InstanceScore, inputs: Inputs, category: str = "") -> Tidy:
    """Predicted against true instances of a test split; those of other images beside them do not count."""
    items = paired_ids(inputs)
    with ImageStore(inputs.store) as truth, ImageStore(inputs.predicted) as predicted_store:
        true = truth.instances(truth.rows(items))
        predicted = predicted_store.instances(predicted_store.rows(items))
    scores = [_of_image(*pair) for pair in zip(true, predicted, strict=True)]
    return tidy(items, {name: np.array([item[name] for item in scores]) for name in scores[0]})


def _of_image(true: Instances, predicted: Instances) -> dict[str, float]:
    touching, lone = jaccard_by_contact(true, predicted)
    more = {"aji_touching": touching, "aji_lone": lone, "false_nuclei": float(false_nuclei(true, predicted))}
    return instance_scores(true, predicted) | more
