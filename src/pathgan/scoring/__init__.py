"""From image sets to a tidy score table: item, metric, value.

A score of a whole set has the item SET. Beside the metrics stand facts that a reader of the score needs, such
as how many images it rests on: `render/remarks.py` puts them into words.
"""

from __future__ import annotations

from pathgan.config.models import (
    AccuracyScore,
    CoverageScore,
    DistributionScore,
    FocusScore,
    MemorisationScore,
    PerceptualHashScore,
    PositivityScore,
    PreservationScore,
    Score,
    SimilarityScore,
)
from pathgan.config.plan import SET
from pathgan.datasets.store import ImageStore
from pathgan.scoring.answers import score_accuracy
from pathgan.scoring.coverage import score_coverage
from pathgan.scoring.embeddings import score_distribution, score_hashes, score_preservation
from pathgan.scoring.focus import score_focus
from pathgan.scoring.images import score_instances, score_positivity, score_similarity
from pathgan.scoring.inputs import Inputs, Tidy, write_scores
from pathgan.scoring.memorisation import score_memorisation

__all__ = ["Inputs", "Tidy", "score", "write_scores"]


def score(config: Score, inputs: Inputs, category: str = "") -> Tidy:
    """The scores that `config` asks for. `category`: the class that samples are or should be of, where that counts.

    Raises DataError where the files do not fit each other.
    """
    if isinstance(config, AccuracyScore):
        return score_accuracy(inputs)
    with ImageStore(inputs.predicted) as store:
        made_by_stand_in = store.stand_in == "VGG-19"
    facts: Tidy = [(SET, "random_style", 1.0)] if made_by_stand_in else []
    return [*_score(config, inputs, category), *facts]


def _score(config: Score, inputs: Inputs, category: str) -> Tidy:
    match config:
        case DistributionScore():
            return score_distribution(config, inputs)
        case PreservationScore():
            return score_preservation(config, inputs, category)
        case MemorisationScore():
            return score_memorisation(inputs, category)
        case CoverageScore():
            return score_coverage(inputs, category)
        case FocusScore():
            return score_focus(inputs)
        case PerceptualHashScore():
            return score_hashes(inputs)
        case PositivityScore():
            return score_positivity(config, inputs)
        case SimilarityScore():
            return score_similarity(inputs)
        case _:
            return score_instances(inputs)
