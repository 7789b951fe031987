"""Scores as pure functions: arrays in, floats out; each equals its reference implementation (tests/reference)."""

import lazy_loader

# Loaded when asked for: a job that needs one of them does not depend on the code of all.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "contour_measures": ["contour_contrast", "contour_roughness"],
        "distributions": [
            "density_coverage",
            "frechet_at_infinity",
            "frechet_distance",
            "full_kernel_distance",
            "gaussian_kernel_distance",
            "kernel_distance",
            "kernel_distances_without",
            "median_distance",
            "precision_recall",
        ],
        "focus_profiles": ["adjacent_similarity", "profile_correlation"],
        "hashes": ["perceptual_hash_similarity"],
        "instances": ["aggregated_jaccard_index", "dice_coefficient", "instance_scores", "panoptic_quality"],
        "linear_reader": ["LinearReader"],
        "phase_congruency": ["feature_similarities", "feature_similarity"],
        "positivity": ["positive_share"],
        "similarity": [
            "gradient_magnitude_similarity_deviation",
            "mean_absolute_error",
            "multiscale_structural_similarity",
            "peak_signal_noise_ratio",
            "structural_similarity",
        ],
        "touching_nuclei": ["false_nuclei", "jaccard_by_contact"],
    },
)
