"""What readers of unlabelled pairs said: how often they chose the claim's own set."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pathgan.claims.arm_differences import N_DRAWS, Difference
from pathgan.errors import DataError
from pathgan.intervals import FEWEST_UNITS, spreads

CHANCE = 0.5


def reading_of(claim: str, key: Path, answers: Sequence[Path]) -> tuple[Difference, int] | None:
    """The share of pairs of a claim in which readers chose its own set, less one half; and the number of pairs. None
    where the key has no pair of it.

    Slides (or patients, or images) and readers are resampled as wholes, crossed; p is the larger of that and of the
    exact binomial test of all answers. Raises DataError for answers to another page, to other pairs, or to a part of
    them.
    """
    pairs = _pairs(key)
    seal = hashlib.sha256(key.read_bytes()).hexdigest()
    readers: dict[str, dict[str, str]] = {}
    for file in answers:
        for name, choices in _read(file, pairs, seal).items():
            if name in readers:
                raise DataError(f"{file}: the reader {name!r} answers twice; expected one file per reader")
            readers[name] = choices
    asked = [pair for pair in pairs.values() if pair["claim"] == claim]
    if not asked:
        return None
    chosen = np.array([[one[pair["pair"]] == pair["first"] for pair in asked] for one in readers.values()], float)
    units = [pair["unit"] for pair in asked]
    return _difference(chosen, units), len(asked)


def _difference(chosen: np.ndarray, units: Sequence[str]) -> Difference:
    """chosen: (readers, pairs), 1 where a reader chose the claim's own set."""
    from scipy.stats import binomtest

    share, n = float(chosen.mean()) - CHANCE, len(set(units))
    exact = float(binomtest(int(chosen.sum()), chosen.size).pvalue)
    if n < FEWEST_UNITS:
        return Difference(share, n, len(chosen), f"none: fewer than {FEWEST_UNITS} units", exact=exact)
    of = spreads(chosen - CHANCE, units, N_DRAWS)
    found = Difference(share, n, len(chosen), "slides and readers", of)
    return Difference(share, n, len(chosen), "slides and readers", of, exact=max(exact, found.p))


def _pairs(key: Path) -> dict[str, dict[str, Any]]:
    try:
        return {pair["pair"]: pair for pair in json.loads(key.read_text(encoding="utf-8"))["pairs"]}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{key}: cannot be read: {error!r}; expected the key that `pathgan reading` wrote beside its page"
        ) from None


def _read(file: Path, pairs: Mapping[str, Any], seal: str) -> dict[str, dict[str, str]]:
    """Reader -> pair -> `left` or `right`."""
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    if not rows or {"reader", "pair", "choice", "seal"} - set(rows[0]):
        raise DataError(f"{file}: expected the columns reader, pair, choice, seal, as the page saves them")
    if any(row["seal"] != seal for row in rows):
        raise DataError(f"{file}: answers to another page than that of this key; score them with theirs")
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        if row["pair"] not in pairs or row["choice"] not in ("left", "right"):
            raise DataError(
                f"{file}: expected left or right of a pair of the page, got {row['choice']!r} of {row['pair']!r}"
            )
        found.setdefault(row["reader"], {})[row["pair"]] = row["choice"]
    counts = Counter((row["reader"], row["pair"]) for row in rows)
    for (reader, pair), n in counts.items():
        if n > 1:
            raise DataError(f"{file}: {reader!r} answers pair {pair} {n} times; expected once")
    for reader, choices in found.items():
        if lacking := sorted(pairs.keys() - choices.keys()):
            raise DataError(
                f"{file}: {reader!r} has no answer to {len(lacking)} of {len(pairs)} pairs; first: {lacking[0]}"
            )
    return found
