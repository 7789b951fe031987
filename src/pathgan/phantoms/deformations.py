"""How a serial section differs from its neighbour in place: turned, mirrored, stretched, torn, pieces lost.

The map is given from the section to its neighbour, in closed form, so that images and points move alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.config.slide_types import SectionPhantom

N_WAVES = 6
INVERSION_STEPS = 60
Points = NDArray[np.float64]  # (n, 2) x, y [px]


@dataclass(frozen=True)
class Tear:
    """A straight gap through `at` along `along` (unit vector), `gap_px` wide, `length_px` long."""

    at: Points
    along: Points
    gap_px: float
    length_px: float
    reach_px: float  # how far from the gap its sides still give way

    def split(self, points: Points) -> tuple[Points, Points]:
        """Distance along and across the gap."""
        offset = points - self.at
        across = np.array([-self.along[1], self.along[0]])
        return offset @ self.along, offset @ across

    def open(self, points: Points) -> NDArray[np.bool_]:
        """Points in the gap."""
        t, s = self.split(points)
        return np.abs(s) < 0.5 * self.gap_px * self._profile(t)

    def shift(self, points: Points) -> Points:
        """What a point beside the gap was moved by, away from it."""
        t, s = self.split(points)
        across = np.array([-self.along[1], self.along[0]])
        amount = 0.5 * self.gap_px * self._profile(t) * np.exp(-((s / self.reach_px) ** 2))
        return (np.sign(s) * amount)[:, None] * across

    def _profile(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.clip(1 - (2 * t / self.length_px) ** 2, 0, 1)


@dataclass(frozen=True)
class Deformation:
    """x of the fixed section = linear (y - centre) + centre + waves, where y lies on the moving section."""

    size_px: int
    linear: NDArray[np.float64]  # (2, 2)
    shift: Points  # (2,)
    waves: NDArray[np.float64]  # (k, 5): two frequencies [rad / px], phase, amplitude x, amplitude y
    tears: tuple[Tear, ...]
    lost: tuple[tuple[float, float, float], ...]  # discs of missing tissue on the moving section: x, y, radius

    def to_fixed(self, moving: Points) -> Points:
        """Points (n, 2) of the moving section -> the same places on the fixed one."""
        centre = self.size_px / 2
        flat = moving.copy()
        for tear in self.tears:
            flat -= tear.shift(moving)
        turned = (flat - centre) @ self.linear.T + centre + self.shift
        phase = turned @ self.waves[:, :2].T + self.waves[:, 2]
        return turned + np.sin(phase) @ self.waves[:, 3:]

    def to_moving(self, fixed: Points) -> Points:
        """The inverse of `to_fixed`, by iteration: exact but in a gap."""
        back = np.linalg.inv(self.linear)
        centre = self.size_px / 2
        moving = (fixed - self.shift - centre) @ back.T + centre
        for _ in range(INVERSION_STEPS):
            moving = moving + 0.9 * (fixed - self.to_fixed(moving)) @ back.T
        return moving

    def keeps(self, fixed: Points) -> NDArray[np.bool_]:
        """Whether these places are still there on the moving section, and inside its frame."""
        moving = self.to_moving(fixed)
        inverted = np.abs(self.to_fixed(moving) - fixed).max(1) < 1e-6
        in_frame = ((moving >= 0) & (moving <= self.size_px - 1)).all(1)
        return inverted & in_frame & ~self._damaged(moving)

    def render(self, flat: NDArray[np.float32], background: float) -> NDArray[np.float32]:
        """The moving section (h, w, 3) of what `flat` shows in the fixed frame."""
        out = np.empty_like(flat)
        columns = np.arange(self.size_px, dtype=np.float64)
        band = max(1, 4_000_000 // self.size_px)
        for top in range(0, self.size_px, band):
            rows = np.arange(top, min(top + band, self.size_px), dtype=np.float64)
            points = np.stack([a.ravel() for a in np.meshgrid(columns, rows)], axis=1)
            source = self.to_fixed(points).astype(np.float32).reshape(len(rows), self.size_px, 2)
            edge = [background] * 3
            part = cv2.remap(
                flat, source[..., 0], source[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=edge
            )
            part[self._damaged(points).reshape(len(rows), self.size_px)] = background
            out[top : top + len(rows)] = part
        return out

    def _damaged(self, moving: Points) -> NDArray[np.bool_]:
        damaged = np.zeros(len(moving), bool)
        for tear in self.tears:
            damaged |= tear.open(moving)
        for x, y, radius in self.lost:
            damaged |= np.hypot(moving[:, 0] - x, moving[:, 1] - y) < radius
        return damaged


def draw_deformation(options: SectionPhantom, index: int, rng: np.random.Generator) -> Deformation:
    """The deformation of pair `index`: every `mirror_every`-th is mirrored, every `damage_every`-th damaged."""
    size = options.size_px
    angle = np.deg2rad(rng.uniform(-options.max_rotation_deg, options.max_rotation_deg))
    scale = 1 + rng.uniform(-options.max_stretch, options.max_stretch)
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]]) * scale
    if options.mirror_every and index % options.mirror_every == options.mirror_every - 1:
        linear = linear @ np.diag([-1.0, 1.0])
    shift = rng.uniform(-0.02, 0.02, 2) * size
    tears: tuple[Tear, ...] = ()
    lost: tuple[tuple[float, float, float], ...] = ()
    if options.damage_every and index % options.damage_every == 0:
        tears = (_draw_tear(size, rng),)
        lost = tuple(_draw_loss(size, rng) for _ in range(2))
    return Deformation(size, linear, shift, _draw_waves(size, options.elastic_px, rng), tears, lost)


def _draw_waves(size: int, amplitude_px: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Plane waves between a third of the frame and all of it, together at most `amplitude_px` high."""
    length = size * rng.uniform(0.33, 1.0, N_WAVES)
    direction = rng.uniform(0, 2 * np.pi, N_WAVES)
    frequency = 2 * np.pi / length[:, None] * np.stack([np.cos(direction), np.sin(direction)], 1)
    waves = np.column_stack([frequency, rng.uniform(0, 2 * np.pi, N_WAVES), rng.normal(size=(N_WAVES, 2))])
    grid = np.stack([a.ravel() for a in np.meshgrid(*[np.linspace(0, size, 41)] * 2)], axis=1)
    moved = np.sin(grid @ waves[:, :2].T + waves[:, 2]) @ waves[:, 3:]
    waves[:, 3:] *= amplitude_px / np.linalg.norm(moved, axis=1).max()
    return waves


def _draw_tear(size: int, rng: np.random.Generator) -> Tear:
    angle = rng.uniform(0, 2 * np.pi)
    at = size / 2 + 0.2 * size * rng.uniform(-1, 1, 2)
    along = np.array([np.cos(angle), np.sin(angle)])
    return Tear(at, along, gap_px=0.012 * size, length_px=rng.uniform(0.3, 0.5) * size, reach_px=0.12 * size)


def _draw_loss(size: int, rng: np.random.Generator) -> tuple[float, float, float]:
    x, y = size / 2 + 0.25 * size * rng.uniform(-1, 1, 2)
    return float(x), float(y), float(rng.uniform(0.05, 0.09) * size)
