"""Where each place of one section lies on another: an affine map and a smooth displacement on a grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from pathgan.errors import DataError
from pathgan.files import atomic
from pathgan.slides.slide import Pixels, Slide
from pathgan.stores.hdf5_files import open_hdf5

GRID = 65  # knots a side: a slide bends over a sixtieth of its side or more
Points = NDArray[np.float64]  # (n, 2) x, y [px]; (0, 0) is the centre of the first pixel
BAND = 1_000_000  # pixels mapped at once


@dataclass(frozen=True)
class Transform:
    """moving = matrix (fixed + displacement(fixed)), in pixels of either image.

    matrix: (2, 3). displacement: (GRID, GRID, 2), bilinear between knots that span the fixed image edge to edge.
    size: width and height of the fixed image, moving_size: of the moving one.
    """

    matrix: NDArray[np.float64]
    displacement: NDArray[np.float64]
    size: tuple[int, int]
    moving_size: tuple[int, int]

    @classmethod
    def affine(cls, matrix: NDArray[np.float64], size: tuple[int, int], moving_size: tuple[int, int]) -> Transform:
        return cls(np.asarray(matrix, float), np.zeros((GRID, GRID, 2)), size, moving_size)

    def map_points(self, fixed: Points) -> Points:
        """The places (n, 2) on the moving image of places (n, 2) on the fixed one."""
        at = (fixed + 0.5) * (GRID - 1) / np.array(self.size)
        shift = [map_coordinates(self.displacement[..., axis], at.T[::-1], order=1, mode="nearest") for axis in (0, 1)]
        return (fixed + np.stack(shift, axis=1)) @ self.matrix[:, :2].T + self.matrix[:, 2]

    def warp(self, moving: NDArray[Any], background: float = 255.0) -> NDArray[Any]:
        """The moving image (h, w, 3) or (h, w) as it lies on the fixed one."""
        width, height = self.size
        out = np.empty((height, width, *moving.shape[2:]), moving.dtype)
        step = max(1, BAND // width)
        for top in range(0, height, step):
            rows = min(step, height - top)
            out[top : top + rows] = _sample(moving, self._sources(0, top, width, rows), background)
        return out

    def warp_tile(self, moving: Slide, level: int, x: int, y: int, width: int, height: int) -> Pixels:
        """A piece of the fixed frame, cut from a level of the moving slide, of which no more is read.

        Where it lies off the moving slide there is glass.
        """
        source = self._sources(x, y, width, height)
        slide = moving.levels[level]
        low = np.maximum(np.floor(source.min((0, 1))).astype(int) - 1, 0)
        high = np.minimum(np.ceil(source.max((0, 1))).astype(int) + 2, (slide.width, slide.height))
        if (low >= high).any():
            return np.full((height, width, 3), 255, np.uint8)
        piece = moving.region(level, int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
        return _sample(piece, source - low, 255.0)

    def rescaled(self, fixed_scale: float, moving_scale: float) -> Transform:
        """The same map between images whose sides are these many times longer."""
        to_moving = _scaling(moving_scale)
        from_fixed = np.linalg.inv(_scaling(fixed_scale))
        matrix = to_moving @ np.vstack([self.matrix, [0, 0, 1]]) @ from_fixed
        return replace(
            self,
            matrix=matrix[:2],
            displacement=self.displacement * fixed_scale,
            size=_scaled(self.size, fixed_scale),
            moving_size=_scaled(self.moving_size, moving_scale),
        )

    def fold(self) -> float:
        """The smallest change of area by the displacement: 1 for none, 0 or less where tissue would fold over."""
        step = np.array(self.size) / (GRID - 1)
        dx, dy = (np.diff(self.displacement, axis=axis) / step[1 - axis] for axis in (1, 0))
        dx, dy = dx[:-1], dy[:, :-1]
        return float(((1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0]).min())

    def write(self, path: Path, **attributes: float | str) -> None:
        """One small HDF5 file; `attributes` say how it was found."""
        with atomic(path) as temporary, h5py.File(temporary, "w") as file:
            file["matrix"], file["displacement"] = self.matrix, self.displacement
            file.attrs.update({"size": self.size, "moving_size": self.moving_size, **attributes})

    @classmethod
    def read(cls, path: Path) -> Transform:
        try:
            with open_hdf5(path) as file:
                size, moving_size = ((int(w), int(h)) for w, h in (file.attrs["size"], file.attrs["moving_size"]))
                return cls(file["matrix"][:], file["displacement"][:], size, moving_size)
        except (OSError, KeyError) as error:
            raise DataError(f"{path}: not a readable transform ({error}); make it again with --force") from error

    def _sources(self, x: int, y: int, width: int, height: int) -> NDArray[np.float32]:
        """(height, width, 2): where on the moving image each pixel of a piece of the fixed frame comes from."""
        columns, rows = np.meshgrid(np.arange(x, x + width), np.arange(y, y + height))
        fixed = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(float)
        return self.map_points(fixed).reshape(height, width, 2).astype(np.float32)


def _sample(image: NDArray[Any], source: NDArray[np.floating], background: float) -> NDArray[Any]:
    at = np.asarray(source, np.float32)
    edge = (background,) * 4
    return cv2.remap(image, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=edge)


def _scaling(scale: float) -> NDArray[np.float64]:
    """x -> (x + 0.5) scale - 0.5: pixels have a middle."""
    shift = 0.5 * (scale - 1)
    return np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1.0]])


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return round(size[0] * scale), round(size[1] * scale)
