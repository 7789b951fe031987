"""Peers side by side in one run: alternating rounds, medians, and how far the answers lie apart."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median

import numpy as np

Call = Callable[[], object]
ROUND_S = 0.05


@dataclass(frozen=True)
class Comparison:
    """One row: `seconds` are medians over rounds, `difference` the largest between two answers."""

    what: str
    peer: str
    ours_s: float
    peer_s: float
    wanted: float | None  # the ratio that we promise
    difference: float
    tolerance: float | None

    @property
    def ratio(self) -> float:
        return self.peer_s / self.ours_s

    @property
    def holds(self) -> bool:
        fast = self.wanted is None or self.ratio >= self.wanted
        return fast and (self.tolerance is None or self.difference <= self.tolerance)


def compare(
    what: str,
    ours: Call,
    peers: Mapping[str, tuple[Call, float | None]],
    rounds: int = 5,
    tolerance: float | None = None,
) -> list[Comparison]:
    """Runs `ours` and each of `peers` (name -> call, wanted ratio) in turn, `rounds` times after a warm-up.

    A call of less than ROUND_S is repeated within a round, as `timeit` does: one call alone measures the cache.
    """
    calls = {"ours": ours, **{name: call for name, (call, _) in peers.items()}}
    answers = {name: call() for name, call in calls.items()}
    repeats = {name: max(1, round(ROUND_S / _seconds(call))) for name, call in calls.items()}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            seconds[name].append(_seconds(call, repeats[name]))
    return [
        Comparison(
            what,
            name,
            median(seconds["ours"]),
            median(seconds[name]),
            wanted,
            float(np.abs(np.asarray(answers["ours"], float) - np.asarray(answers[name], float)).max()),
            tolerance,
        )
        for name, (_, wanted) in peers.items()
    ]


def _seconds(call: Call, repeats: int = 1) -> float:
    started = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - started) / repeats


def markdown(rows: list[Comparison]) -> str:
    lines = [
        "| score | peer | ours [ms] | peer [ms] | ratio | wanted | difference | allowed | |",
        "|---|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        wanted = "" if row.wanted is None else f"{row.wanted:g}"
        tolerance = "" if row.tolerance is None else f"{row.tolerance:g}"
        lines.append(
            f"| {row.what} | {row.peer} | {1e3 * row.ours_s:.3g} | {1e3 * row.peer_s:.3g} | {row.ratio:.3g} | {wanted} "
            f"| {row.difference:.1e} | {tolerance} | {'ok' if row.holds else 'MISSED'} |"
        )
    return "\n".join(lines)


def machine(*packages: str) -> str:
    """One line on what the figures were measured with."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "unknown CPU")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}; {versions}."
