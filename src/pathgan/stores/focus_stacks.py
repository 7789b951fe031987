"""Focus stacks in a store: `stacks` (n, N_PLANES, h, w, 3), and as `images` the plane in focus of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import tee
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.errors import DataError
from pathgan.stores.store import write_store

N_PLANES = 11  # I-5 to I+5 (MI-GAN, Sec. 2)
IN_FOCUS = N_PLANES // 2  # the index of I0

Stack = NDArray[np.uint8]  # (N_PLANES, h, w, 3)


def write_stacks(
    path: Path,
    ids: Sequence[str],
    stacks: Iterable[Stack],
    attributes: Mapping[str, float | str] | None = None,
    **numbers: list[int],
) -> int:
    """Writes stacks one by one, the plane in focus of each, and `numbers`, one per stack; returns their number."""
    first, second = tee(stacks)
    bases: Iterator[NDArray[np.uint8]] = (stack[IN_FOCUS] for stack in second)
    return write_store(path, ids, attributes, stacks=first, images=bases, **numbers)


def check_planes(where: Path | str, stacks: NDArray[np.uint8]) -> None:
    """Raises DataError unless (n, n_planes, h, w, 3) has N_PLANES."""
    if stacks.shape[1] != N_PLANES:
        raise DataError(
            f"{where}: expected stacks of {N_PLANES} planes, got {stacks.shape[1]}; extract the cells again"
        )
