"""One source image of a dataset, before it is split and tiled; and the files that it is read from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Pair:
    """The files of one item; without a mask where its dataset has none."""

    id: str
    image: Path
    mask: Path | None = None
    category: str = ""
    patient: str = ""
    split: str = ""


@dataclass(frozen=True)
class Item:
    """One source image. image: (h, w, 3) uint8; instances: (h, w) int32 with ids 1..n, where there are masks."""

    id: str
    image: NDArray[np.uint8]
    instances: NDArray[np.int32] | None
    source: str
    category: str = ""
    patient: str = ""
    split: str = ""  # where the data know it
    sha256: str = ""  # of the file
    loaded: NDArray[np.uint8] | None = None  # the image at the side from which training crops are cut
