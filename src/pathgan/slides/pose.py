"""Coarse pose of a section: every rotation, mirrored or not, by correlation; and SIFT where it finds enough."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.slides.slide import Pixels
from pathgan.slides.stain_features import Field, nuclear_absorbance, shrunk

SWEEP_PX = 192  # longer side in the sweep
STEP_DEG = 5.0  # the blocks that follow take up half of it
BLUR_PX = 1.5
APART_DEG = 15.0  # of poses that count as two
SIFT_PX = 1024
SIFT_RATIO = 0.8  # Lowe 2004
MIN_INLIERS = 20  # fewer agree by chance
INLIER_PX = 6.0
MAX_STRETCH = 1.25


@dataclass(frozen=True)
class Pose:
    """A similarity from the fixed to the moving image: matrix (2, 3) [px], and how it was found."""

    matrix: NDArray[np.float64]
    mirrored: bool
    score: float
    method: str


def sweep_poses(fixed: Pixels, moving: Pixels, n: int) -> list[Pose]:
    """The n best poses of the correlation over all turns, best first, each unlike those before it.

    Both images have the same pixel size. `score`: the correlation coefficient at the best shift.
    """
    scale = min(1.0, SWEEP_PX / max(*fixed.shape[:2], *moving.shape[:2]))
    a, b = (_centred(shrunk(image, scale)) for image in (fixed, moving))
    to_small, to_large = _between(fixed.shape, a.shape), _between(b.shape, moving.shape)
    diagonal = int(np.ceil(np.hypot(*b.shape)))
    side = cv2.getOptimalDFTSize(diagonal + max(a.shape))
    spectrum = np.conj(np.fft.rfft2(a, (side, side)))
    middle = (np.array(b.shape[::-1]) - 1) / 2
    found = []
    for mirrored in (False, True):
        for angle in np.arange(0, 360, STEP_DEG):
            turn = _turn(angle, mirrored)
            into = np.c_[turn, middle - turn @ np.full(2, (diagonal - 1) / 2)]
            turned = cv2.warpAffine(b, into, (diagonal, diagonal), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
            surface = np.fft.irfft2(spectrum * np.fft.rfft2(turned, (side, side)), (side, side))
            peak = np.unravel_index(surface.argmax(), surface.shape)
            shift = np.array([k if k < diagonal else k - side for k in peak[::-1]], float)
            score = float(surface[peak] / max(np.linalg.norm(a) * np.linalg.norm(turned), 1e-9))
            small = np.c_[turn, turn @ shift + into[:, 2]]
            found.append((score, mirrored, angle, _chain(to_large, small, to_small)))
    found.sort(key=lambda pose: -pose[0])
    chosen: list[tuple[float, bool, float, NDArray[np.float64]]] = []
    for pose in found:
        if all(pose[1] != other[1] or _angle_between(pose[2], other[2]) >= APART_DEG for other in chosen):
            chosen.append(pose)
        if len(chosen) == n:
            break
    return [Pose(matrix, mirrored, score, "sweep") for score, mirrored, _, matrix in chosen]


def sift_pose(fixed: Pixels, moving: Pixels) -> Pose | None:
    """The similarity that most SIFT matches agree on, mirrored or not; None where fewer than MIN_INLIERS do."""
    a, b = (shrunk(image, min(1.0, SIFT_PX / max(image.shape[:2]))) for image in (fixed, moving))
    to_small, to_large = _between(fixed.shape, a.shape), _between(b.shape, moving.shape)
    best: tuple[int, bool, NDArray[np.float64]] | None = None
    keypoints, descriptors = _sift(a)
    for mirrored in (False, True):
        theirs, their_descriptors = _sift(np.ascontiguousarray(b[:, ::-1]) if mirrored else b)
        if descriptors is None or their_descriptors is None or min(len(descriptors), len(their_descriptors)) < 2:
            continue
        pairs = cv2.BFMatcher().knnMatch(descriptors, their_descriptors, k=2)
        good = [first for first, second in pairs if first.distance < SIFT_RATIO * second.distance]
        if len(good) < MIN_INLIERS:
            continue
        source = np.array([keypoints[match.queryIdx].pt for match in good])
        target = np.array([theirs[match.trainIdx].pt for match in good])
        if mirrored:
            target[:, 0] = b.shape[1] - 1 - target[:, 0]
            source_for_fit = source * (-1, 1)
        else:
            source_for_fit = source
        cv2.setRNGSeed(0)
        matrix, inliers = cv2.estimateAffinePartial2D(
            source_for_fit, target, method=cv2.RANSAC, ransacReprojThreshold=INLIER_PX
        )
        if matrix is None or not 1 / MAX_STRETCH < np.sqrt(abs(np.linalg.det(matrix[:, :2]))) < MAX_STRETCH:
            continue
        if mirrored:
            matrix = matrix @ np.diag([-1.0, 1.0, 1.0])
        n_inliers = int(inliers.sum())
        if n_inliers >= MIN_INLIERS and (best is None or n_inliers > best[0]):
            best = (n_inliers, mirrored, matrix)
    return best and Pose(_chain(to_large, best[2], to_small), best[1], float(best[0]), "sift")


def _sift(image: Pixels):  # type: ignore[no-untyped-def]
    field = cv2.GaussianBlur(nuclear_absorbance(image), (0, 0), BLUR_PX)
    return cv2.SIFT.create(nfeatures=4000).detectAndCompute(np.clip(255 * field, 0, 255).astype(np.uint8), None)


def _centred(image: Pixels) -> Field:
    field = cv2.GaussianBlur(nuclear_absorbance(image), (0, 0), BLUR_PX)
    return np.asarray(field - field.mean(), np.float32)


def _turn(angle_deg: float, mirrored: bool) -> NDArray[np.float64]:
    cos, sin = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    turn = np.array([[cos, -sin], [sin, cos]])
    return turn @ np.diag([-1.0, 1.0]) if mirrored else turn


def _angle_between(one: float, other: float) -> float:
    return abs((one - other + 180) % 360 - 180)


def _between(shape: tuple[int, ...], other: tuple[int, ...]) -> NDArray[np.float64]:
    """(3, 3): from pixels of an image of a shape to pixels of the same image in another shape."""
    x, y = other[1] / shape[1], other[0] / shape[0]
    return np.array([[x, 0, 0.5 * (x - 1)], [0, y, 0.5 * (y - 1)], [0, 0, 1.0]])


def _chain(last: NDArray[np.float64], matrix: NDArray[np.float64], first: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(last @ np.vstack([matrix, [0, 0, 1]]) @ first)[:2]
