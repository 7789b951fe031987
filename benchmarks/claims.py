"""How often verdicts on claims are right: `python benchmarks/claims.py`.

Two methods are scored on the same units by several trainings each. This draws scores of which the truth is known, and
counts verdicts on the claim that one is better.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pathgan.claims.arm_differences import Difference, difference
from pathgan.claims.rules import outcome
from pathgan.config.table_types import Metric
from pathgan.scoring.cell_values import CellValues

OUT = Path(__file__).with_suffix(".md")
N_SEEDS, N_UNITS = (3, 5, 10), (8, 30)
SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)  # of the variance of the mean difference that are of seeds, the rest of units
N = 1000  # simulations: 0.05 has a standard error of 0.007, and 0.9 one of 0.009
METRIC = Metric(key="ssim", better="higher")


def draw(
    rng: np.random.Generator, n_seeds: int, n_units: int, of_seeds: float, effect: float, permuted: bool
) -> Difference:
    """Of two arms whose scores share what units and seeds have in common. The mean difference has a variance of 1."""
    units = [f"unit{index}" for index in range(n_units)]
    common = rng.normal(size=(1, n_units)) + rng.normal(size=(n_seeds, 1))
    unlike = np.sqrt(n_seeds * of_seeds) * rng.normal(size=(n_seeds, 1))
    unlike = unlike + np.sqrt(n_units * (1 - of_seeds)) * rng.normal(size=(1, n_units))
    swapped = np.where(rng.random(n_seeds) < 0.5, -1, 1)[:, None] if permuted else 1  # labels of the arms
    return difference(
        _cell(common + swapped * unlike / 2 + effect, units), _cell(common - swapped * unlike / 2, units), {}
    )


def _cell(values: NDArray[np.float64], units: list[str]) -> CellValues:
    return CellValues(METRIC, METRIC.key, "", [pd.Series(row, index=units) for row in values], [0] * len(units), {})


def verdicts(
    rng: np.random.Generator, n_seeds: int, n_units: int, of_seeds: float, effect: float = 0.0, permuted: bool = False
) -> tuple[pd.Series, float]:
    """Share of each verdict, and the mean detectable difference."""
    found = [draw(rng, n_seeds, n_units, of_seeds, effect, permuted) for _ in range(N)]
    words = pd.Series([outcome("better", one, np.nan, one.p) for one in found]).value_counts(normalize=True)
    return words, float(np.mean([one.detectable() for one in found]))


def main() -> None:
    rng = np.random.default_rng(0)
    lines = [
        "# How often verdicts are right",
        "",
        f"Written by `benchmarks/claims.py`: {N:,} simulations of a claim that one method is better, p not corrected.",
        "`seeds' share`: of the variance of the mean difference. `false`: supported where there is no difference.",
        "`permuted`: the same, with the labels of the arms permuted seed by seed. `detectable`: in standard errors of",
        "the difference. `found`: supported where the true difference is twice that. `reversed`: contradicted where",
        "it is as large the other way.",
        "",
        "| seeds | units | seeds' share | false | permuted | detectable | found | reversed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    worst = {"false": 0.0, "found": 1.0, "reversed": 1.0}
    for n_seeds in N_SEEDS:
        for n_units in N_UNITS:
            for share in SHARES:
                none, size = verdicts(rng, n_seeds, n_units, share)
                permuted, _ = verdicts(rng, n_seeds, n_units, share, permuted=True)
                planted, _ = verdicts(rng, n_seeds, n_units, share, 2 * size)
                turned, _ = verdicts(rng, n_seeds, n_units, share, -2 * size)
                false, swapped = none.get("supported", 0.0), permuted.get("supported", 0.0)
                found, against = planted.get("supported", 0.0), turned.get("contradicted", 0.0)
                worst = {
                    "false": max(worst["false"], false, swapped),
                    "found": min(worst["found"], found),
                    "reversed": min(worst["reversed"], against),
                }
                row = f"{false:.3f} | {swapped:.3f} | {size:.2f} | {found:.3f} | {against:.3f}"
                lines.append(f"| {n_seeds} | {n_units} | {share} | {row} |")
    told = ", ".join(f"{name} {value:.3f}" for name, value in worst.items())
    OUT.write_text("\n".join([*lines, "", f"The worst of all rows: {told}.", ""]))


if __name__ == "__main__":
    main()
