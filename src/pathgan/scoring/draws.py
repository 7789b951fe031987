"""Random draws that a score and its floor are means of, so that the two rest on as many images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

N_DRAWS = 10
Rows = NDArray[np.int64]


def draws(n: int, n_real: int, n_fake: int, n_draws: int = N_DRAWS) -> Iterator[tuple[Rows, Rows, Rows]]:
    """Rows of n real images, of n other real images and of n samples, `n_draws` times, always the same ones.

    Tiles of one slide fall into both halves of the real images: floors tell of chance, not of patients.
    """
    random = np.random.default_rng(0)
    for _ in range(n_draws):
        order = random.permutation(n_real)
        yield order[:n], order[n : 2 * n], random.permutation(n_fake)[:n]
