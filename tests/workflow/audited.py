"""A small paper of a user's own images, made whole, and `pathgan` called on it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import warm
from checkouts import checkout, snakemake

from small_papers import one_run

BASE = Path("results/demo/tiny")


TABLE = BASE / "tables/table1.csv"
CRATE = Path("results/demo/ro-crate-metadata.json")


TINY = one_run("own") | {
    "title": "A paper of a user's own images",
    "seeds": [3],
    "datasets": {
        "own": {
            "adapter": "sheet",
            "sheet": "data/own/sheet.tsv",
            "tiles": {"tile_px": 32, "stride_px": 32},
            "split": {"by": "image", "test_fraction": 0.5},
        }
    },
}


CLAIMS = {
    "claims": {
        "tiny-half": {
            "where": "Table 1",
            "says": "SSIM is about one half.",
            "kind": "close_to_value",
            "unit": "image",
            "decided_on": [{"table": "table1", "a": "gan", "values": [0.5], "columns": ["ssim"], "margin": 0.6}],
        },
        "tiny-sum": {
            "where": "Sec. 1",
            "says": "One and two are three.",
            "kind": "close_to_value",
            "unit": "set",
            "arithmetic": {"sum": {"value": {"sum": [1, 2]}, "claimed": 3}},
        },
    }
}


def pathgan(folder: Path, *arguments: str, covered: bool = True, **changes: str) -> subprocess.CompletedProcess[str]:
    """The command of the checkout in `folder`, called there; with other environment variables a process of its own."""
    source = folder / "src"
    covered = covered and "\n" not in str(folder)  # coverage finds no file below such a folder
    if not changes:
        return warm.run("pathgan.cli", arguments, folder, warm.environment(covered) | {"PYTHONPATH": str(source)})
    return subprocess.run(
        [sys.executable, "-m", "pathgan.cli", *arguments],
        cwd=folder,
        env={**warm.environment(covered=False), "PYTHONPATH": str(source), **changes},
        capture_output=True,
        text=True,
        check=False,
    )


def findings(done: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    """Those that are not `ok`, of `audit --json`."""
    return [found for found in json.loads(done.stdout or "[]") if found["verdict"] != "ok"]


def make_audited(folder: Path) -> None:
    """The paper from its images to its tables, and its crate."""
    checkout(folder, {"tiny": TINY}, claims={"tiny": CLAIMS})
    images = folder / "data" / "own"
    images.mkdir(parents=True)
    rng, rows = np.random.default_rng(0), ["image\tmask\tclass\tpatient\tsplit"]
    for name in ("a", "b", "c", "d"):
        cv2.imwrite(str(images / f"{name}.png"), rng.integers(0, 256, (32, 64, 3), dtype=np.uint8))
        mask = np.zeros((32, 64), np.uint8)
        mask[8:20, 8:20], mask[8:20, 40:52] = 1, 2
        cv2.imwrite(str(images / f"{name}-mask.png"), mask)
        rows.append(f"{name}.png\t{name}-mask.png\t\t\t")
    (images / "sheet.tsv").write_text("\n".join(rows) + "\n")
    snakemake(folder, "all", covered=True)
    assert pathgan(folder, "crate").stdout == f"{CRATE}\n"
