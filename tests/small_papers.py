"""A paper of one small run, as its YAML file would say it."""

from __future__ import annotations

from typing import Any

CELLS = {  # a dataset of some phantom cells
    "adapter": "phantom",
    "n_images": 4,
    "size_px": 64,
    "seed": 1,
    "tissue": {"nuclei_per_mpx": 9000, "radius_px": 4},
    "tiles": {"tile_px": 32, "stride_px": 32},
}
GAN = {  # as small as one can be, and trained for an instant on `cells`
    "recipe": "paired",
    "dataset": "cells",
    "condition": "mask",
    "losses": [{"kind": "pixel"}],
    "generator": {"width": 2},
    "discriminator": {"width": 2, "layers": 1},
    "training": {"iterations": 3, "crop_px": 32},
}


def one_run(dataset: str = "cells") -> dict[str, Any]:
    """A paper of one GAN on a dataset, with one score, one table and one figure."""
    column = {"label": "SSIM", "dataset": dataset, "score": "similarity", "metric": "ssim"}
    table = {"rows": {"gan": {"label": "GAN", "run": "gan"}}, "columns": {"ssim": column}}
    panel = {"title": "x", "show": "image", "of": "gan"}
    return {
        "title": "A paper of one run",
        "cite": "nobody",
        "caveat": "a test",
        "datasets": {"cells": CELLS},
        "runs": {"gan": {**GAN, "dataset": dataset}},
        "scores": {"similarity": {"kind": "similarity"}},
        "tables": {"table1": {"kind": "scores", "caption": "Table 1", **table}},
        "figures": {"figure1": {"kind": "images", "caption": "Figure 1", "panels": [panel]}},
        "sources": {"runs.*": "ours: a test"},
        "presets": {"demo": {}},
    }
