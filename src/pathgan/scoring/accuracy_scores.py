"""Scores of what classifiers said of test images."""

from __future__ import annotations

import pandas as pd

from pathgan.config.scores.accuracy_score import AccuracyScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.scoring.score_files import Inputs, Tidy

RIGHT = 100.0  # [%], as papers print it


def score(config: AccuracyScore, inputs: Inputs, category: str = "") -> Tidy:
    """`accuracy/SET` of each test image: 100 where the classifier that learned from SET is right, else 0.

    Raises DataError where the sets were not tested on the same images.
    """
    answers = pd.read_csv(inputs.predicted, dtype=str, keep_default_na=False)
    tested = [tuple(group["item"]) for _, group in answers.groupby("trained_on", sort=False)]
    if not tested or len(set(tested)) > 1 or len(set(tested[0])) < len(tested[0]):
        raise DataError(
            f"{inputs.predicted}: expected the same test images, each once, for every training set; train again"
        )
    right = (answers["class"] == answers["predicted"]) * RIGHT
    each = list(zip(answers["item"], "accuracy/" + answers["trained_on"], right, strict=True))
    random = float((answers["first_weights"] == "random").any())
    facts = [(SET, "n_images", float(len(tested[0]))), (SET, "random_start", random)]
    if (answers["resumed_stale"] != "").any():
        facts.append((SET, "resumed_stale", 1.0))
    return [*each, *facts]
