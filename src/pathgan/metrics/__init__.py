"""Scores as pure functions: arrays in, floats out; each equals its reference implementation (tests/reference)."""

from importlib import import_module
from typing import Any

# Name -> module. Loaded when asked for: a job that needs one of them does not depend on the code of all.
_HOMES = {
    "LinearReader": "linear_reader",
    "adjacent_similarity": "focus_profiles",
    "aggregated_jaccard_index": "instances",
    "contour_contrast": "similarity",
    "dice_coefficient": "instances",
    "feature_similarities": "phase_congruency",
    "feature_similarity": "phase_congruency",
    "frechet_distance": "distributions",
    "full_kernel_distance": "distributions",
    "gradient_magnitude_similarity_deviation": "similarity",
    "instance_scores": "instances",
    "kernel_distance": "distributions",
    "mean_absolute_error": "similarity",
    "multiscale_structural_similarity": "similarity",
    "panoptic_quality": "instances",
    "peak_signal_noise_ratio": "similarity",
    "perceptual_hash_similarity": "hashes",
    "positive_share": "positivity",
    "precision_recall": "distributions",
    "profile_correlation": "focus_profiles",
    "structural_similarity": "similarity",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
