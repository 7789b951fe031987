"""What scores of embeddings share: the network whose features they rest on."""

from __future__ import annotations

from typing import Literal

from pathgan.config.scores.score import Score


class EmbeddedScore(Score):
    """A score of embeddings. Another network stands in for one whose weights are absent: `config.weights.STAND_INS`."""

    network: Literal["inception", "lite0", "squeezenet"] = "inception"
