"""How sharp each plane of a focus stack is."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

SMOOTHING_PX = 1.0
Measure = Literal["laplacian", "tenengrad"]


def focus_profile(stacks: NDArray[np.uint8], measure: Measure = "laplacian") -> NDArray[np.float64]:
    """(n, n_planes, h, w, 3) -> (n, n_planes): the variance of the Laplacian, or Tenengrad's mean squared gradient.

    Of grey levels after a Gaussian of SMOOTHING_PX, as a camera's noise is sharp in every plane; 0 for an even plane
    (Pertuz et al. 2013, LAP4 and GRA6). The Laplacian of four neighbours, Sobel's 3 x 3, borders mirrored.
    """
    sharpness = _laplacian if measure == "laplacian" else _tenengrad
    return np.array([[sharpness(_smooth_grey(plane)) for plane in stack] for stack in stacks])


def _smooth_grey(plane: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey = cv2.cvtColor(plane, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), SMOOTHING_PX), np.float32)


def _laplacian(grey: NDArray[np.float32]) -> float:
    _, sd = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))
    return float(sd[0, 0] ** 2)


def _tenengrad(grey: NDArray[np.float32]) -> float:
    x, y = (cv2.Sobel(grey, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    return float(cv2.norm(x, cv2.NORM_L2SQR) + cv2.norm(y, cv2.NORM_L2SQR)) / grey.size
