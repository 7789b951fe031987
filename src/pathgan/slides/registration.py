"""Registration of serial sections by their images alone: candidates, the best of them, and whether it can be true."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.errors import DataError
from pathgan.slides.matching import AFFINE, ELASTIC, Blocks, aligned_fields, match_blocks, refine
from pathgan.slides.pose import sift_pose, sweep_poses
from pathgan.slides.slide import Pixels
from pathgan.slides.stain_features import Field, locally_normalised
from pathgan.slides.transforms import Transform

N_POSES, N_FINALISTS = 6, 2  # of the sweep that are followed up, and of them to the end of the affine stages
PROOF = Blocks(side=512, half=24, reach=24, step=12, smoothness=0.0, blur=1.5, window=8.0)
AGREE_PX = 6.0  # at PROOF.side, of a reach of 24: by chance one block in 20
MIN_SUPPORT = 0.27  # between what 50 related (0.35 or more) and 30 unrelated pairs (0.24 or less) have
MIN_FOLD = 0.2  # of the area: a section is stretched, not crumpled


class RegistrationError(DataError):
    """Two sections that cannot be laid on each other."""


@dataclass(frozen=True)
class Registration:
    """A transform with what speaks for it.

    quality: mean local correlation of the aligned nuclear absorbance, in [-1, 1]; pose_quality: after turn and shift
    alone. support: the weighted share of blocks inside the tissue that, looked for one by one, are where an affine
    map puts them: neighbouring sections have 0.35 or more, any two slides up to 0.24. method: of the pose.
    """

    transform: Transform
    quality: float
    pose_quality: float
    support: float
    method: str
    mirrored: bool


def register(fixed: Pixels, moving: Pixels) -> Transform:
    """The transform that lays `moving` on `fixed`; two (h, w, 3) uint8 images of one pixel size, about 1 to 10 um.

    Raises RegistrationError for images of unrelated tissue.
    """
    return align(fixed, moving).transform


def align(fixed: Pixels, moving: Pixels) -> Registration:
    """`register`, with its quality. The result is never worse than the pose it began with, by that quality."""
    sizes = (fixed.shape[1], fixed.shape[0]), (moving.shape[1], moving.shape[0])
    sift = sift_pose(fixed, moving)
    tried = []
    for pose in [*sweep_poses(fixed, moving, N_POSES), *([sift] if sift else [])]:
        start = Transform.affine(pose.matrix, *sizes)
        stretched = refine(fixed, moving, start, AFFINE[:1])
        tried.append((quality(fixed, moving, stretched), pose, start, stretched))
    tried.sort(key=lambda entry: -entry[0])
    finished = [(*entry[1:3], refine(fixed, moving, entry[3], AFFINE[1:])) for entry in tried[:N_FINALISTS]]
    pose, start, stretched = max(finished, key=lambda entry: quality(fixed, moving, entry[2]))
    support = support_of(fixed, moving, stretched)
    if support < MIN_SUPPORT:
        raise RegistrationError(
            f"the sections do not fit: only {support:.0%} of the blocks of one are found on the other where they "
            f"should be, expected at least {MIN_SUPPORT:.0%}. Are these neighbouring sections of one block? Correct "
            "the pairs of the sample sheet, or leave this one out"
        )
    bent = refine(fixed, moving, stretched, ELASTIC)
    scores = {id(one): quality(fixed, moving, one) for one in (start, stretched, bent) if one.fold() >= MIN_FOLD}
    best = max((one for one in (start, stretched, bent) if id(one) in scores), key=lambda one: scores[id(one)])
    return Registration(best, scores[id(best)], scores[id(start)], support, pose.method, pose.mirrored)


def quality(fixed: Pixels, moving: Pixels, transform: Transform) -> float:
    """Mean over tissue of the local correlation of nuclear absorbance.

    What only one section shows, and what has no texture, counts as 0: of a section with itself it is about 0.7.
    """
    a, b = aligned_fields(fixed, moving, transform, min(1.0, PROOF.side / max(fixed.shape[:2])))
    tissue = _near_tissue(a, 0.1) | _near_tissue(b, 0.1)
    if not tissue.any():
        return 0.0
    one, other = (locally_normalised(field, PROOF.blur, PROOF.window) for field in (a, b))
    return float(cv2.GaussianBlur(one * other, (0, 0), PROOF.window)[tissue].mean())


def support_of(fixed: Pixels, moving: Pixels, affine: Transform) -> float:
    """See `Registration.support`. Outlines fit between any two pieces of tissue, so blocks must lie inside."""
    a, b = aligned_fields(fixed, moving, affine, min(1.0, PROOF.side / max(fixed.shape[:2])))
    matches = match_blocks(a, b, PROOF)
    side = 2 * PROOF.half + 1
    both = (_near_tissue(a, 0.06) & _near_tissue(b, 0.06)).astype(np.float32)
    share = cv2.boxFilter(both, -1, (side, side), borderType=cv2.BORDER_CONSTANT)
    x, y = matches.points.astype(int).T
    weight = matches.weight * (share[y, x] > 0.9)
    stays = np.linalg.norm(matches.shift, axis=1) <= AGREE_PX
    return float(weight[stays].sum() / weight.sum()) if weight.any() else 0.0


def _near_tissue(field: Field, threshold: float) -> NDArray[np.bool_]:
    return np.asarray(cv2.GaussianBlur(field, (0, 0), 12.0) > threshold)


def landmark_errors(
    transform: Transform, fixed: NDArray[np.float64], moving: NDArray[np.float64]
) -> NDArray[np.float64]:
    """rTRE of each landmark (n,): its distance from where it should be, over the fixed image's diagonal."""
    distance = np.linalg.norm(transform.map_points(fixed) - moving, axis=1)
    return np.asarray(distance / np.hypot(*transform.size))
