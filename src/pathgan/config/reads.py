"""What entries of a paper read, by name: the plan knows where the files of each lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Side = Literal["train", "validation", "test", "all"]
What = Literal["store", "manifest", "samples", "embeddings", "segmentations", "masks", "export", "weights"]


@dataclass(frozen=True)
class Use:
    """Images that something reads: a dataset's side of its split, or a set of samples, all of it.

    masks: the run whose nuclei take the place of the dataset's own. wants: which of its arrays are read, `nothing`
    where the manifest alone is.
    """

    of: str
    split: Side = "train"
    category: str = ""
    masks: str | None = None
    wants: Literal["both", "images", "instances", "nothing"] = "both"


@dataclass(frozen=True)
class Read:
    """One file. of: a dataset (`store`, `manifest`), a sample set (`samples`), either of them (`embeddings`,
    `segmentations`, `masks`: the instances behind it), a run (`export`), or a network that others trained (`weights`).

    by: the network of embeddings, the run that segments, or the name of the export. seed: None for the reader's own.
    """

    what: What
    of: str
    by: str = ""
    seed: int | None = None


Reads = Mapping[str, Read | Sequence[Read]]
