"""How often intervals of a mean over units and seeds hold the truth: `python benchmarks/intervals.py`.

A cell of a table is the mean of a score over test images (units) and trainings (seeds). Both vary, and an interval that
forgets one is too narrow. This draws scores whose true mean is 0, and counts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.intervals import N_RESAMPLES, interval_of_mean, student_interval
from pathgan.spreads import crossed, over_units

OUT = Path(__file__).with_suffix(".md")
N_SEEDS, N_UNITS = 3, (8, 15, 30)
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)  # of the mean's variance that are of seeds, the rest of units
INTERPLAY = (0.0, 0.5)  # variance of the mean by seeds and units together, beside the two
N = 3000  # simulations: 0.95 has a standard error of 0.004
Values = NDArray[np.float64]


def of_ours(values: Values) -> tuple[float, float]:
    return interval_of_mean(values, [str(index) for index in range(values.shape[1])])[:2]


def _ones(values: Values) -> NDArray[np.int64]:
    return np.ones(values.shape[1], np.int64)


METHODS: dict[str, Callable[[Values], tuple[float, float]]] = {
    "the widest of the three (ours)": of_ours,
    "bootstrap, crossed": lambda values: crossed(values, _ones(values), N_RESAMPLES).interval(),
    "Student over seeds": lambda values: student_interval(values.mean(1)),
    "Student over units": lambda values: over_units(values.mean(0), _ones(values)).interval(),
}


def draw(rng: np.random.Generator, n_units: int, of_seeds: float, interplay: float) -> Values:
    """(seeds, units) scores: the variance of their mean is 1 + interplay, of which `of_seeds` is of seeds."""
    seeds = np.sqrt(N_SEEDS * of_seeds) * rng.normal(size=(N_SEEDS, 1))
    units = np.sqrt(n_units * (1 - of_seeds)) * rng.normal(size=(1, n_units))
    return seeds + units + np.sqrt(N_SEEDS * n_units * interplay) * rng.normal(size=(N_SEEDS, n_units))


def held(rng: np.random.Generator, n_units: int, of_seeds: float, interplay: float) -> dict[str, float]:
    """Method -> the share of simulations in which its interval holds 0."""
    found = dict.fromkeys(METHODS, 0)
    for _ in range(N):
        values = draw(rng, n_units, of_seeds, interplay)
        for name, method in METHODS.items():
            low, high = method(values)
            found[name] += low <= 0 <= high
    return {name: count / N for name, count in found.items()}


def main() -> None:
    rng = np.random.default_rng(0)
    cases = [(n, share, extra) for extra in INTERPLAY for n in N_UNITS for share in SHARES]
    rows = {case: held(rng, *case) for case in cases}
    lines = [
        "# How often intervals hold the truth",
        "",
        f"Written by `benchmarks/intervals.py`: {N:,} simulations per row, {N_SEEDS} seeds, nominal 0.95.",
        "`seeds`: their share of the variance of the mean. `interplay`: the variance by seeds and units together.",
        "",
        f"| units | seeds | interplay | {' | '.join(METHODS)} |",
        "|" + "---|" * (3 + len(METHODS)),
    ]
    for (n, share, extra), shares in rows.items():
        lines.append(f"| {n} | {share} | {extra} | " + " | ".join(f"{value:.3f}" for value in shares.values()) + " |")
    ends = {name: [shares[name] for shares in rows.values()] for name in METHODS}
    lines += ["", "Smallest and largest of all rows: "]
    lines += [f"- {name}: {min(values):.3f} to {max(values):.3f}" for name, values in ends.items()]
    OUT.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
