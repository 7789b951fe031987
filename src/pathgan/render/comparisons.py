"""Whether cells may be compared with printed ones, once it is known what data hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pathgan.config.verdicts import Word
from pathgan.stores.dataset_counts import Counts

DECISIVE = ("images", "pairs", "stacks", "masks")  # another number of these is another data set


def data_verdict(label: str, counts: Counts, expected: Mapping[str, int]) -> tuple[Word, list[str]]:
    """Whether a dataset is the paper's, by what either counts in it, and why not."""
    if not expected:
        return "partly", [f"the paper counts nothing in {label}"]
    differ = list(_differing(counts, expected))
    reasons = [f"{label} has {counts.get(what, 0):,} {in_words(what)}, the paper {expected[what]:,}" for what in differ]
    decisive = any(what.partition("/")[0] in DECISIVE for what in differ)
    return "no" if decisive else "partly" if differ else "yes", reasons


def _differing(counts: Counts, expected: Mapping[str, int]) -> Iterator[str]:
    return (what for what, theirs in expected.items() if counts.get(what, 0) != theirs)


def in_words(counted: str) -> str:
    """`images/benign` as `benign images`."""
    what, _, category = counted.partition("/")
    return f"{category} {what}".strip()
