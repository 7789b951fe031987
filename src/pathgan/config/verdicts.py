"""Whether a number of ours may be compared with a printed one: a verdict in each of four respects; the worst counts.

data: the images are the paper's. protocol: split, tiles and sides of a comparison are. metric: it is defined by the
paper or by what the paper cites. settings: training is as the paper says, or as the work that it builds on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Origin = Literal["paper", "default", "ours", "unused", "bookkeeping", "changed", "user"]  # of a setting
UNDECIDED = ("unused", "bookkeeping")  # no decisions: an option that does nothing at its value, and one that never does
Respect = Literal["data", "protocol", "metric", "settings"]
RESPECTS: tuple[Respect, ...] = ("data", "protocol", "metric", "settings")
Word = Literal["yes", "partly", "no"]
Standing = Literal["the paper's", "among the paper's", "another", "phantom"]  # whose images a data set holds
VERDICTS: tuple[Word, ...] = ("yes", "partly", "no")  # from the best to the worst


def worst(words: Iterable[Word]) -> Word:
    """The worst of several verdicts."""
    return max(words, key=VERDICTS.index, default=VERDICTS[0])


@dataclass(frozen=True)
class Judgement:
    """Of a cell. words: the verdict in each respect. reasons: why it is not `yes`, each in a few words."""

    words: Mapping[Respect, Word] = field(default_factory=lambda: dict.fromkeys(RESPECTS, VERDICTS[0]))
    reasons: tuple[str, ...] = ()

    @property
    def word(self) -> Word:
        """Whether the two numbers may be compared."""
        return worst(self.words.values())

    def but(self, respect: Respect, word: Word, reasons: Sequence[str]) -> Judgement:
        """With what was found later: at best `word` in a respect, for `reasons`; as it is where there are none."""
        if not reasons:
            return self
        words = {**self.words, respect: worst([self.words[respect], word])}
        return Judgement(words, tuple(dict.fromkeys([*self.reasons, *reasons])))
