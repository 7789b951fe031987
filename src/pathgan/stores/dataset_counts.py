"""How much a dataset holds, before any of it is left out: what a paper says of its data is checked against it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from pathgan.files import write_rows

# `images`, `images/CLASS`, `patients`, `nuclei`, `pairs`, `stacks`, `masks`, `tiles` -> how many
Counts = dict[str, int]


def write_counts(path: Path, counts: Mapping[str, int]) -> None:
    write_rows(path, ("counted", "n"), counts.items())


def read_counts(path: Path | str) -> Counts:
    """As it was written."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        return {row["counted"]: int(row["n"]) for row in csv.DictReader(file)}
