"""Nuclei of a smear from its colours alone, without training (SynCGAN, Sec. 3.2; Kowal et al. 2011)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.config.runs.mixture_run import ColourMixture

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture  # imported where it is called: jobs that train do without it

LEVELS = 32  # a channel, to which colours are rounded before they are classified: 32,768 colours, not every pixel
LEAST_CONTRAST = 24.0  # grey levels between the percentiles; less is an empty field, whatever stretching makes of it
DARK, BLACK = 128, 64  # median grey levels: of a crowded field at the least, and of none but densely stained tissue
STAINED = 0.8  # of its red and blue light, densely stained tissue lets at most this share of green light through
MOST_RED = 0.86  # share of the ground's red light that nuclei let through at most; red cells let nearly all through
COVARIANCE_FLOOR = 4.0  # squared grey levels: an even ground would shrink a component to a point

Mask = NDArray[np.bool_]


def segment_nuclei(image: NDArray[np.uint8], options: ColourMixture | None = None, seed: int = 0) -> NDArray[np.int32]:
    """Instance map (h, w) int32, ids 1..n, of a brightfield image (h, w, 3) uint8; all zeros for an empty field.

    Stretched contrast, then what is as dark as nuclei by a mixture of colours, kept where it holds a spot darker
    than its surroundings, cleaned, and parted where two nuclei touch. In the order `threshold_first` the mixture is of
    such spots alone, and of these it keeps the darkest; in the others there is none. `seed`: of the pixels that it is
    fitted to. Raises ValueError for what is no (h, w, 3) uint8, and for a dark ground.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"expected an RGB image (h, w, 3) uint8, got {image.shape} {image.dtype}")
    options = options or ColourMixture()
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    low, high = np.percentile(grey, [options.stretch_percent, 100 - options.stretch_percent])
    if high - low < LEAST_CONTRAST:
        return np.zeros(grey.shape, np.int32)
    _check_ground(image, grey)
    stretched = stretch(image, options.stretch_percent)
    spots = dark_spots(stretched, options)
    match options.order:
        case "mixture_first":
            dark = dark_pixels(stretched, options, seed)
        case "threshold_first":
            dark = spots & dark_pixels(stretched, options, seed, spots) if spots.any() else spots
        case "threshold_alone":
            dark = spots
        case "otsu":
            dark = spots = darker_half(stretched)
    if not _is_haematoxylin(image, dark, options.stretch_percent):
        return np.zeros(grey.shape, np.int32)
    return part(_cleaned(dark, spots, options), options)


def _check_ground(image: NDArray[np.uint8], grey: NDArray[np.uint8]) -> None:
    """Raises ValueError for a black ground that is no dense stain, and for a dark one that is green: stains take green
    light away most."""
    median, (red, green, blue) = float(np.median(grey)), image.reshape(-1, 3).mean(axis=0)
    is_stained = green < STAINED * min(red, blue)
    if (median < BLACK and not is_stained) or (median < DARK and green > max(red, blue)):
        raise ValueError(
            f"half of the image is darker than grey level {median:.0f}; expected dark nuclei on a pale ground: "
            "is it inverted, or no brightfield image?"
        )


def _is_haematoxylin(image: NDArray[np.uint8], dark: Mask, percent: float) -> bool:
    """Whether the dark pixels take red light away, beside the palest of the image; red cells hardly do."""
    pale = np.percentile(image[..., 0], 100 - percent)
    return bool(dark.any() and image[..., 0][dark].mean() < MOST_RED * pale)


def stretch(image: NDArray[np.uint8], percent: float) -> NDArray[np.uint8]:
    """Each channel linearly, so that `percent` of its pixels are black and as many white."""
    low, high = np.percentile(image.reshape(-1, 3), [percent, 100 - percent], axis=0)
    levels = np.arange(256)[:, None]
    table = np.round(np.clip((levels - low) * (255 / np.maximum(high - low, 1)), 0, 255)).astype(np.uint8)
    return cv2.LUT(image, table[None])


def dark_spots(image: NDArray[np.uint8], options: ColourMixture) -> Mask:
    """Pixels (h, w) darker than the mean of the block around them."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    mean, inverse = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    return cv2.adaptiveThreshold(grey, 1, mean, inverse, options.block_px, options.offset) > 0


def darker_half(image: NDArray[np.uint8]) -> Mask:
    """Pixels (h, w) darker than the grey level that parts an image best in two (Otsu 1979)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1] > 0


def dark_pixels(image: NDArray[np.uint8], options: ColourMixture, seed: int, among: Mask | None = None) -> Mask:
    """Pixels (h, w) of one component of a mixture of Gaussians in RGB: that which lets the least red light through.

    among: the pixels (h, w) that it is a mixture of; all where not given. Haematoxylin takes red light away; cytoplasm
    is paler, and red cells let red light through.
    """
    from sklearn.mixture import GaussianMixture

    random = np.random.default_rng(seed)
    pixels = image.reshape(-1, 3) if among is None else image[among]
    drawn = pixels[random.integers(0, len(pixels), options.n_pixels)].astype(np.float64)
    mixture = GaussianMixture(
        options.n_components, init_params="k-means++", reg_covar=COVARIANCE_FLOOR, tol=1e-2, random_state=seed
    ).fit(drawn)
    return components(image, mixture) == mixture.means_[:, 0].argmin()


def components(image: NDArray[np.uint8], mixture: GaussianMixture) -> NDArray[np.uint8]:
    """The likeliest component (h, w) of each pixel of (h, w, 3), found once a colour of LEVELS levels."""
    step = 256 // LEVELS
    rounded = (image // step).astype(np.int32)
    code = (rounded[..., 0] * LEVELS + rounded[..., 1]) * LEVELS + rounded[..., 2]
    present = np.flatnonzero(np.bincount(code.ravel(), minlength=LEVELS**3))
    colours = np.stack([present // LEVELS**2, present // LEVELS % LEVELS, present % LEVELS], axis=1)
    table = np.zeros(LEVELS**3, np.uint8)
    table[present] = mixture.predict((colours + 0.5) * step)
    return table[code]


def _cleaned(dark: Mask, spots: Mask, options: ColourMixture) -> Mask:
    """Without specks and bridges, regions that hold no spot, small regions, and holes."""
    block = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * options.opening_px + 1,) * 2)
    opened = cv2.morphologyEx(dark.astype(np.uint8), cv2.MORPH_OPEN, block)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    kept = np.bincount(labels[spots], minlength=n) > 0
    kept &= stats[:, cv2.CC_STAT_AREA] >= options.min_area_px
    kept[0] = False
    return _filled(kept[labels])


def _filled(mask: Mask) -> Mask:
    """Holes, which do not reach the border, are of the nucleus."""
    n, labels = cv2.connectedComponents((~mask).astype(np.uint8), connectivity=4)
    outside = np.zeros(n, bool)
    outside[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = True
    return mask | ~outside[labels]


def part(mask: Mask, options: ColourMixture) -> NDArray[np.int32]:
    """Instances (h, w) int32 of a mask: a watershed of the smoothed distance to its rim, from its maxima.

    Pieces below `min_area_px` go to their neighbours; what has no maximum of its own is one instance.
    """
    from skimage.segmentation import watershed

    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    depth = cv2.GaussianBlur(depth, (0, 0), max(options.spacing_px / 4, 0.5))
    block = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * options.spacing_px + 1,) * 2)
    tops = (depth == cv2.dilate(depth, block)) & mask
    markers = cv2.connectedComponents(tops.astype(np.uint8))[1]
    found = watershed(-depth, markers, mask=mask)
    small = np.bincount(found.ravel()) < options.min_area_px
    if small[1:].any():
        found = watershed(-depth, np.where(small[markers], 0, markers), mask=mask)
    left = mask & (found == 0)
    found[left] = found.max() + cv2.connectedComponents(left.astype(np.uint8))[1][left]
    present = np.bincount(found.ravel()) > 0
    present[0] = False
    return np.cumsum(present, dtype=np.int32)[found]  # 1..n without gaps; the ground stays 0
