"""Claims on made-up scores: what the rule `decide` is given, written to files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pathgan.claims.claim_inputs import ClaimInputs
from pathgan.claims.deciding import Decision, decide
from pathgan.config.claim_types import Claims
from pathgan.config.metric_table import metric_of
from pathgan.config.verdicts import RESPECTS
from pathgan.stores.dataset_counts import write_counts
from pathgan.stores.manifest import write_manifest

ALL_YES = dict.fromkeys(RESPECTS, "yes")
Values = dict[str, np.ndarray]  # arm -> (seeds, items), or (seeds,) of whole sets


def inputs(
    folder: Path,
    arms: Values,
    claims: dict[str, dict[str, Any]],
    *,
    metric: str = "ssim",
    units: list[str] | None = None,
    standing: str = "the paper's",
    words: dict[str, str] | None = None,
    counted: dict[str, int] | None = None,
    holds: dict[str, int] | None = None,
    margins: dict[str, Any] | None = None,
    printed: dict[str, list[list[str]]] | None = None,
    folds: int = 1,
    trained: bool = True,
    facts: dict[str, float] | None = None,
) -> ClaimInputs:
    """One table `t` with a row for each arm and one column `x`, on one dataset."""
    n_items = max((values.shape[1] for values in arms.values() if values.ndim == 2), default=1)
    items = [f"item{index}" for index in range(n_items)]
    units = units or items
    folder.mkdir(exist_ok=True)
    scores = _write_scores(folder, arms, metric, items, folds, facts or {})
    names = [f"d{fold}" if folds > 1 else "d" for fold in range(folds)]
    rows = [
        {"id": item, "source": "", "sha256": "", "class": "", "patient": "", "group": unit, "split": "test"}
        for item, unit in zip(items, units, strict=True)
    ]
    for name in names:
        write_manifest(folder / f"{name}.csv", rows)
        write_counts(folder / f"{name}.counts.csv", holds or {"images": 47})
    of = "{fold}" if folds > 1 else ""
    row = {"dataset": f"d{of}", "folds": folds if folds > 1 else None}
    table = {
        "kind": "scores",
        "caption": "T",
        "rows": {arm: {"label": arm, "run": f"{arm}{of}", **row} for arm in arms},
        "columns": {"x": {"label": "X", "score": "s", "metric": metric}},
    }
    given = {
        "caveats": dict.fromkeys(names, ""),
        "made_with": {},
        "scores": scores,
        "manifests": {name: str(folder / f"{name}.csv") for name in names},
        "samples": {},
        "metrics": {metric: metric_of(metric).model_dump(mode="json")},
        "printed": [],
        "verdicts": [],
        "counts": {},
        "expected": {},
    }
    behind = {"column": "x", "datasets": names, "words": words or ALL_YES, "reasons": [], "trained": trained}
    full = {name: {"where": "Sec. 1", "says": name, "unit": "image", **claim} for name, claim in claims.items()}
    effects = printed or {}
    return ClaimInputs(
        claims=Claims.model_validate({"claims": full, "margins": margins or {}}).model_dump(mode="json"),
        printed={
            name: {"supports": "yes", "effect": "", "effects": effects.get(name, []), "why": []} for name in claims
        },
        tables={"t": {"table": table, "given": given, "behind": [{"row": arm, **behind} for arm in arms]}},
        datasets={
            name: {
                "label": "D",
                "caveat": "",
                "standing": standing,
                "counts": str(folder / f"{name}.counts.csv"),
                "counted": counted or {},
            }
            for name in names
        },
        courses={},
        readings={},
        preset="paper",
    )


def _write_scores(
    folder: Path, arms: Values, metric: str, items: list[str], folds: int, facts: dict[str, float]
) -> dict[str, list[str]]:
    scores: dict[str, list[str]] = {}
    for arm, values in arms.items():
        for fold in range(folds):
            run = f"{arm}{fold}" if folds > 1 else arm
            for seed, row in enumerate(np.atleast_2d(values) if values.ndim == 2 else values):
                file = folder / f"{run.replace('/', '_')}_{seed}.csv"
                chosen = range(fold, len(items), folds)
                tidy = (
                    [(items[index], metric, row[index]) for index in chosen]
                    if values.ndim == 2
                    else [("set", metric, row), *(("set", name, value) for name, value in facts.items())]
                )
                pd.DataFrame(tidy, columns=["item", "metric", "value"]).to_csv(file, index=False)
                scores.setdefault(f"{run}/s", []).append(str(file))
    return scores


def better(a: str = "a", b: tuple[str, ...] = ("b",), **more: Any) -> dict[str, Any]:
    """A claim that `a` is better."""
    contrast = {"table": "t", "a": a, "b": list(b), "columns": ["x"]}
    return {"kind": "better", "decided_on": [contrast], **more}


def decided(given: ClaimInputs) -> dict[str, Decision]:
    return {one.id: one for one in decide(given)}


def arms(rng: np.random.Generator, effect: float, n_seeds: int = 3, n_items: int = 40, noise: float = 0.05) -> Values:
    """`a` is better than `b` by `effect` on average; both share what items have in common."""
    common = 0.5 + 0.2 * rng.normal(size=(1, n_items))
    a, b = (common + noise * rng.normal(size=(n_seeds, n_items)) for _ in range(2))
    return {"a": a + effect, "b": b}
