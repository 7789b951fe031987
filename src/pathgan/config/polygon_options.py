"""How random nucleus-like polygons look (Hou et al. 2019)."""

from __future__ import annotations

from pathgan.config.strict import Fraction, Name, Positive, Px, Strict


class Polygons(Strict):
    """Nucleus-like polygons; lengths are given at 400 px and rescaled to `size_px`."""

    n_images: Positive
    size_px: Px
    seed: int
    radius: tuple[float, float] = (8.5, 13.0)
    irregularity: tuple[float, float] = (0.6, 2.6)
    spike: tuple[float, float] = (0.04, 0.24)
    n_vertices: tuple[int, int] = (10, 17)
    max_overlap: Fraction = 0.15
    max_nuclei: Positive = 256
    min_area: float = 140.0
    like: Name | None = None  # a dataset: nuclei as large and as many as in its training masks; else as published
