"""Scores as pure functions: arrays in, floats out; each equals its reference implementation (tests/reference)."""

from pathgan.metrics.instances import aggregated_jaccard_index, panoptic_quality
from pathgan.metrics.similarity import (
    contour_contrast,
    feature_similarity,
    gradient_magnitude_similarity_deviation,
    structural_similarity,
)

__all__ = [
    "aggregated_jaccard_index",
    "contour_contrast",
    "feature_similarity",
    "gradient_magnitude_similarity_deviation",
    "panoptic_quality",
    "structural_similarity",
]
