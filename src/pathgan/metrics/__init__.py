"""Scores as pure functions: arrays in, floats out; each equals its reference implementation (tests/reference)."""

from pathgan.metrics.distributions import (
    frechet_distance,
    full_kernel_distance,
    kernel_distance,
    precision_recall,
)
from pathgan.metrics.features import feature_similarities, feature_similarity
from pathgan.metrics.focus import adjacent_similarity, profile_correlation
from pathgan.metrics.hashes import perceptual_hash_similarity
from pathgan.metrics.instances import (
    aggregated_jaccard_index,
    dice_coefficient,
    instance_scores,
    panoptic_quality,
)
from pathgan.metrics.positivity import positive_share
from pathgan.metrics.reading import LinearReader
from pathgan.metrics.similarity import (
    contour_contrast,
    gradient_magnitude_similarity_deviation,
    mean_absolute_error,
    multiscale_structural_similarity,
    peak_signal_noise_ratio,
    structural_similarity,
)

__all__ = [
    "LinearReader",
    "adjacent_similarity",
    "aggregated_jaccard_index",
    "contour_contrast",
    "dice_coefficient",
    "feature_similarities",
    "feature_similarity",
    "frechet_distance",
    "full_kernel_distance",
    "gradient_magnitude_similarity_deviation",
    "instance_scores",
    "kernel_distance",
    "mean_absolute_error",
    "multiscale_structural_similarity",
    "panoptic_quality",
    "peak_signal_noise_ratio",
    "perceptual_hash_similarity",
    "positive_share",
    "precision_recall",
    "profile_correlation",
    "structural_similarity",
]
