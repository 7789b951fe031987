"""Two runs, or all runs of two papers, held against each other score by score, as claims are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd

from pathgan.claims.arm_differences import Difference, difference
from pathgan.claims.rules import ALPHA
from pathgan.config.metric_table import metric_of
from pathgan.config.table_types import SET, Metric
from pathgan.errors import TableError
from pathgan.intervals import holm
from pathgan.scoring.cell_values import CellValues
from pathgan.stores.manifest import units_of

COLUMNS = (
    *("run", "score", "metric", "a", "b", "difference", "low", "high", "over"),
    *("p", "p_holm", "n", "seeds", "detectable", "better"),
)


def compare_runs(a: Path, b: Path) -> pd.DataFrame:
    """A row (COLUMNS) for each metric of each score that both have, of the seeds and items that both have.

    a, b: `results/{preset}/{paper}/scores/{run}` each, or `results/{preset}/{paper}` each, of which runs of one
    name are compared. over: of `items` where no manifest beside the runs tells of units. difference: a less b. better:
    `a` or `b` where the interval leaves out 0 and p after Holm is below 0.05.

    Raises TableError where there is nothing to compare.
    """
    rows = [row for run, ours, theirs in _runs(a.resolve(), b.resolve()) for row in _rows(run, ours, theirs)]
    if not rows:
        raise TableError(
            f"{a} and {b}: no score in common; expected two folders results/PRESET/PAPER/scores/RUN with scores of the "
            "same names, or two folders results/PRESET/PAPER with runs of the same names"
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    tested = table["p"].notna()
    table.loc[tested, "p_holm"] = holm(table.loc[tested, "p"].tolist())
    found = [_better(one) for one in table.to_dict("records")]
    return table.assign(better=found)


def _runs(a: Path, b: Path) -> Iterator[tuple[str, Path, Path]]:
    """Name and folder of each run of both."""
    if (a / "scores").is_dir() and (b / "scores").is_dir():
        for folder in sorted((a / "scores").iterdir()):
            if (b / "scores" / folder.name).is_dir():
                yield folder.name, folder, b / "scores" / folder.name
    else:
        yield a.name if a.name == b.name else f"{a.name} / {b.name}", a, b


def _rows(run: str, a: Path, b: Path) -> Iterator[dict[str, object]]:
    ours, theirs = _scores(a), _scores(b)
    for score in sorted(ours.keys() & theirs.keys()):
        seeds = sorted(ours[score].keys() & theirs[score].keys())
        frames = [[_tidy(of[score][seed]) for seed in seeds] for of in (ours, theirs)]
        for metric in sorted(set(frames[0][0]["metric"]) & set(frames[1][0]["metric"])) if seeds else ():
            if _is_score(metric, frames[0][0]):
                yield _row(run, score, metric, frames[0], frames[1], {**_units(a), **_units(b)})


def _is_score(metric: str, frame: pd.DataFrame) -> bool:
    """Whether it is of a run: no fact, which stands for a set and is no metric, and nothing of real images alone."""
    try:
        return not metric_of(metric.removesuffix("_without")).is_of_real and not metric.endswith("_without")
    except KeyError:
        return bool((frame.loc[frame["metric"] == metric, "item"] != SET).all())


def _tidy(file: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(file, dtype={"item": str})
    except ValueError as error:
        raise TableError(f"{file}: cannot be read: {error}; expected a file of scores") from None
    if not {"item", "metric", "value"} <= set(frame):
        raise TableError(f"{file}: no file of scores: expected item, metric, value, got {', '.join(frame)}")
    return frame


def _scores(run: Path) -> dict[str, dict[str, Path]]:
    """Score -> its file of each seed."""
    found: dict[str, dict[str, Path]] = {}
    for file in sorted(run.glob("seed*/*.csv")):
        found.setdefault(file.stem, {})[file.parent.name] = file
    return found


def _units(run: Path) -> dict[str, str]:
    """Item -> patient, slide or image, of all data sets of the paper that a run belongs to."""
    manifests = [file for file in (run.parents[1] / "data").glob("*.csv") if not file.stem.endswith(".counts")]
    return units_of(manifests)


def _row(
    run: str, score: str, metric: str, ours: list[pd.DataFrame], theirs: list[pd.DataFrame], units: Mapping[str, str]
) -> dict[str, object]:
    a, b = (_cell(metric, frames) for frames in (ours, theirs))
    shared = reduce(pd.Index.intersection, [one.index for one in (*a.by_item, *b.by_item)])
    a, b = (_cell(metric, frames, shared) for frames in (ours, theirs))
    found = difference(a, b, units) if len(shared) else Difference(np.nan, 0, len(ours), "none: no item in common")
    low, high = found.interval()
    return {
        "run": run,
        "score": score,
        "metric": metric,
        "a": np.mean(a.of_seeds),
        "b": np.mean(b.of_seeds),
        "difference": found.effect,
        "low": low,
        "high": high,
        "over": found.over if units else found.over.replace("units", "items"),
        "p": found.p,
        "p_holm": np.nan,
        "n": found.n,
        "seeds": found.seeds,
        "detectable": found.detectable(),
        "better": "",
    }


def _cell(metric: str, frames: list[pd.DataFrame], items: pd.Index | None = None) -> CellValues:
    found = [frame[frame["metric"] == metric].set_index("item")["value"] for frame in frames]
    of_set = all(list(one.index) == [SET] for one in found)
    try:
        known = metric_of(metric)
    except KeyError:
        known = Metric(key=metric, better="")
    known = known.model_copy(update={"of": "set" if of_set else "items", "counts": "n_images"})
    chosen = found if items is None else [one.reindex(items) for one in found]
    n = frames[0].loc[frames[0]["metric"] == "n_images", "value"]
    return CellValues(known, metric, "", chosen, [0] * len(chosen[0]), {"n_images": n.iloc[0] if len(n) else 0})


def _better(one: Mapping[str, object]) -> str:
    """`a`, `b`, or '' where neither is."""
    low, high, p = (float(str(one[key])) for key in ("low", "high", "p_holm"))
    if not np.isfinite([low, high]).all():
        return ""
    try:
        better = metric_of(str(one["metric"])).better
    except KeyError:
        return ""
    if not p < ALPHA or low <= 0 <= high or better not in ("higher", "lower"):
        return ""
    return "a" if (low > 0) == (better == "higher") else "b"
