"""A paper small enough for seconds, of two runs, and a checkout with it."""

from __future__ import annotations

from pathlib import Path

from checkouts import checkout, jobs, snakemake

from small_papers import CELLS, GAN

BASE = Path("results/demo/tiny")

TINY = {
    "title": "A paper of <b>two</b> runs",
    "cite": "nobody",
    "caveat": "a test",
    "seeds": [0, 1],
    "datasets": {
        "cells": CELLS,
        "manual": {
            "adapter": "cpm",
            "folders": ["cpm15"],
            "origin": {"kind": "manual", "page": "the page", "file": "cpm15.zip"},
        },
    },
    "runs": {
        "gan": GAN,
        "segnet": {
            "recipe": "segmentation",
            "train_on": ["cells"],
            "network": {"width": 2, "stages": 2},
            "training": {"iterations": 3, "crop_px": 32},
        },
        "absent": {
            "recipe": "segmentation",
            "train_on": ["manual"],
            "training": {"iterations": 1, "crop_px": 32},
        },
    },
    "scores": {
        "similarity": {"kind": "similarity"},
        "utility": {"kind": "utility", "segmenter": "segnet"},
        "distribution": {"kind": "distribution", "split": "all"},
        "hash": {"kind": "perceptual_hash"},
    },
    "tables": {
        "table1": {
            "kind": "scores",
            "caption": "Table 1",
            "rows": {"gan": {"label": "GAN", "run": "gan"}},
            "columns": {
                "ssim": {"label": "{label} SSIM", "dataset": "cells", "score": "similarity", "metric": "ssim"},
                "aji": {"label": "{label} AJI", "dataset": "cells", "score": "utility", "metric": "aji"},
            },
        },
        "table2": {
            "kind": "scores",
            "caption": "Table 2",
            "rows": {"gan": {"label": "GAN", "run": "gan"}},
            "columns": {
                "fid": {"label": "{label} FID", "dataset": "cells", "score": "distribution", "metric": "fid"},
                "floor": {"label": "floor", "dataset": "cells", "score": "distribution", "metric": "fid_floor"},
                "few": {"label": "few", "dataset": "cells", "score": "distribution", "metric": "fid_at_floor_n"},
                "p_hash": {"label": "{label} P-hash", "dataset": "cells", "score": "hash", "metric": "p_hash"},
                "real": {"label": "real", "dataset": "cells", "score": "hash", "metric": "p_hash_real_real"},
                "shuffled": {"label": "shuffled", "dataset": "cells", "score": "hash", "metric": "p_hash_shuffled"},
            },
        },
    },
    "figures": {
        "figure1": {
            "kind": "images",
            "caption": "Figure 1",
            "panels": [
                {"title": "{label}", "show": "image", "of": "cells"},
                {"title": "Synthetic", "show": "image", "of": "gan"},
                {"title": "Segmented", "show": "segmentation", "of": "gan", "by": "segnet"},
            ],
        }
    },
    "sources": {"runs.*": "ours: a test"},
    "presets": {"demo": {}, "public": {}},
}


def tiny(folder: Path) -> Path:
    return checkout(folder, {"tiny": TINY}, ["tiny,table1,gan,ssim,0.5,,"])


def make_tiny(folder: Path) -> None:
    output = snakemake(tiny(folder), "all")
    assert jobs(output)["train_paired"] == 2
    assert jobs(output)["embed"] == 3  # the data and two seeds' samples, by the network that stands in for both
