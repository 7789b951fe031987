"""What every kind of slide file offers: levels of a pyramid, read by region or in bands from top to bottom."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pathgan.errors import DataError

Pixels = NDArray[np.uint8]  # (h, w, 3) RGB
MPP_RANGE = (0.1, 2.0)  # [um/px]: beyond, a tag tells of print or screen, not of tissue
GLASS = 255  # where a file holds no tile


@dataclass(frozen=True)
class Level:
    """One resolution of a slide. downsample: the width of level 0 over the width of this one."""

    width: int
    height: int
    downsample: float


class Slide(ABC):
    """A slide that is open for reading; use it as a context manager, in the process that reads it.

    levels: from fine to coarse. mpp: [um/px] of level 0, None where the file does not say. n_planes: of a focus
    stack, plane_um: [um] from one to the next, None where the file does not say.
    """

    path: Path
    levels: tuple[Level, ...]
    mpp: float | None
    n_planes: int = 1
    plane_um: float | None = None

    @abstractmethod
    def region(self, level: int, x: int, y: int, width: int, height: int, plane: int = 0) -> Pixels:
        """The pixels (height, width, 3) from (x, y) of a level on, which must hold them."""

    def bands(self, level: int, plane: int = 0) -> Iterator[tuple[int, Pixels]]:
        """The whole level as (top, rows) from top to bottom; the next band may overwrite the one before."""
        size, step = self.levels[level], 512
        for top in range(0, size.height, step):
            yield top, self.region(level, 0, top, size.width, min(step, size.height - top), plane)

    @abstractmethod
    def close(self) -> None:
        """Gives the file back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def check_region(self, level: int, x: int, y: int, width: int, height: int, plane: int) -> None:
        """Raises DataError unless the level holds the region."""
        size = self.levels[level]
        if x < 0 or y < 0 or x + width > size.width or y + height > size.height or not 0 <= plane < self.n_planes:
            raise DataError(
                f"{self.path}: level {level} has {size.width} x {size.height} px and {self.n_planes} plane(s), asked "
                f"for {width} x {height} px at ({x}, {y}) of plane {plane}"
            )


def plausible_mpp(mpp: float) -> bool:
    """Whether a pixel size can be that of a scanned slide; 72-dpi tags say 352.8 um."""
    return MPP_RANGE[0] <= mpp <= MPP_RANGE[1]
