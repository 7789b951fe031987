"""What two images lose by being unlike in structure."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SSIM_WINDOW, SSIM_SIGMA = 11, 1.5  # [px]


# Liu et al., Sec. 3.2, with the window of Wang 2004; the printed 2 - SSIM - SSIM is the sum of both directions.
def structural_dissimilarity(x: Tensor, y: Tensor) -> Tensor:
    """1 - SSIM of (n, c, h, w) in [0, 1], the mean over images, channels and places. Scalar in [0, 2]."""
    places = torch.arange(SSIM_WINDOW, dtype=x.dtype, device=x.device) - SSIM_WINDOW // 2
    window = torch.exp(-(places**2) / (2 * SSIM_SIGMA**2))
    window = window / window.sum()
    channels = x.shape[1]
    rows, columns = (window.view(shape).expand(channels, 1, -1, -1) for shape in ((1, 1, -1, 1), (1, 1, 1, -1)))

    def blur(field: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(field, rows, groups=channels), columns, groups=channels)

    mean_x, mean_y = blur(x), blur(y)
    variance_x, variance_y = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    covariance = blur(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    similarity = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    similarity = similarity / ((mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2))
    return 1 - similarity.mean()
