"""Power spectra of images by wavelength, whatever their direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.metrics.image_pairs import Images

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
FLOOR = 1e-6  # squared grey levels: an even image has no power, and no logarithm of it


def radial_spectra(images: Images) -> NDArray[np.float64]:
    """(n, h, w, 3) uint8 -> (n, k): log10 of the mean power of luma at 1 to k cycles over the shorter side.

    k is half of that side. Frequencies are binned by their distance from zero, rounded; a Hann window keeps borders
    out.
    """
    h, w = images.shape[1:3]
    side = min(h, w)
    window = np.outer(np.hanning(h), np.hanning(w))
    cycles = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)[None]) * side
    ring = np.rint(cycles).astype(int).ravel()
    counts = np.bincount(ring)[1 : side // 2 + 1]
    found = []
    for image in images:
        grey = image.astype(np.float64) @ LUMA
        power = np.abs(np.fft.fft2((grey - grey.mean()) * window)) ** 2 / grey.size
        found.append(np.bincount(ring, power.ravel())[1 : side // 2 + 1] / counts)
    return np.log10(np.array(found).reshape(len(images), side // 2) + FLOOR)
