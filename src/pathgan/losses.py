"""Losses as pure functions of tensors; the number of the equation stands above each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

# The eight neighbours as (rows, columns).
NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
SSIM_WINDOW, SSIM_SIGMA = 11, 1.5  # [px]
Form = Literal["log", "least_squares"]  # of an adversarial loss


# Enhanced Sharp-GAN, Eqs. 2 and 3, read as a minimisation for both players; `least_squares` as Mao 2017, Eq. 9.
def discriminator_loss(real_logits: Tensor, fake_logits: Tensor, form: Form = "log") -> Tensor:
    """-log D(x, y) - log(1 - D(x, G(x))), each the mean over patches. Scalar."""
    if form == "least_squares":
        return (real_logits - 1).square().mean() + fake_logits.square().mean()
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


# SynCGAN, Eq. 5 with the labels of Sec. 3.4: with 1 and 0 it is the `log` form above.
def labelled_discriminator_loss(
    real_logits: Tensor, fake_logits: Tensor, real_labels: Tensor, fake_labels: Tensor
) -> Tensor:
    """Cross-entropy of logits (n, 1, h, w) and labels (n,) in [0, 1], each the mean over patches. Scalar."""
    pairs = ((real_logits, real_labels), (fake_logits, fake_labels))
    return torch.stack(
        [
            F.binary_cross_entropy_with_logits(logits, labels.view(-1, 1, 1, 1).expand_as(logits))
            for logits, labels in pairs
        ]
    ).sum()


def generator_loss(fake_logits: Tensor, form: Form = "log") -> Tensor:
    """-log D(x, G(x)), the mean over patches (the non-saturating form of Goodfellow 2014). Scalar."""
    return (fake_logits - 1).square().mean() if form == "least_squares" else F.softplus(-fake_logits).mean()


# MI-GAN, Eqs. 2 and 5 without the penalty (WGAN, Arjovsky 2017); the generator's, Eqs. 1 and 4, is -mean(fake_scores).
def critic_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """E[D(fake)] - E[D(real)] of scores (n,). Scalar of any sign."""
    return fake_scores.mean() - real_scores.mean()


# MI-GAN, Eqs. 2, 3, 5 and 6 (WGAN-GP, Gulrajani 2017, Eq. 3).
def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """(|gradient of the critic| - 1)^2 between real and fake, the mean over samples. Scalar, 0 for slope 1.

    real, fake: (n, ...); mix: (n,) in [0, 1], the share of the real one in each sample.
    """
    share = mix.view(-1, *[1] * (real.ndim - 1))
    between = (share * real + (1 - share) * fake.detach()).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


def grey(image: Tensor) -> Tensor:
    """(n, 3, h, w) in [-1, 1] -> luma (n, 1, h, w) in [0, 1]."""
    weights = image.new_tensor(LUMA).view(1, 3, 1, 1)
    return ((image + 1) / 2 * weights).sum(1, keepdim=True)


# Eqs. 4 and 6. The -1 is inside the sum, so that an even contour costs nothing.
def smoothness(gray: Tensor, contour: Tensor) -> Tensor:
    """Penalty on unlike neighbours along nuclear contours.

    gray: (n, 1, h, w) in [0, 1]; contour: (n, 1, h, w) bool. Returns a scalar, the mean over contour
    pixels of all images; 0 for an even contour and where there is none.
    """
    total = gray.new_zeros(())
    for pair in _neighbour_pairs(gray, contour):
        penalty = 2 / (1 + torch.exp(-(pair.difference**2))) - 1
        total = total + (penalty * (pair.here & pair.there)).sum()
    return total / contour.sum().clamp(min=1)


# Eqs. 5 and 7; `all` is the sharpness of Sharp-GAN (Butte 2022), which spares no neighbour.
def sharpness(
    gray: Tensor, contour: Tensor, contrast: float, neighbours: Literal["outside", "all"] = "outside"
) -> Tensor:
    """Penalty on contour pixels that look like their neighbours off the contour.

    gray: (n, 1, h, w) in [0, 1]; contour: (n, 1, h, w) bool; contrast: lambda, the difference below which
    the penalty is high. Returns a scalar, the mean over contour pixels of all images; 0 without contours.
    """
    total = gray.new_zeros(())
    for pair in _neighbour_pairs(gray, contour):
        counted = pair.here if neighbours == "all" else pair.here & ~pair.there
        penalty = torch.exp(-(pair.difference**2) / (2 * contrast**2)) / pair.distance
        total = total + (penalty * counted).sum()
    return total / contour.sum().clamp(min=1)


@dataclass(frozen=True)
class _Pair:
    """All pixels against their neighbour in one direction; neighbours beyond the image do not exist."""

    difference: Tensor  # (n, 1, h', w'), grey of the pixel less that of the neighbour
    here: Tensor  # the pixel lies on a contour
    there: Tensor  # the neighbour does
    distance: float  # [px]


def _neighbour_pairs(gray: Tensor, contour: Tensor) -> Iterator[_Pair]:
    for rows, columns in NEIGHBOURS:
        here, there = (..., _from(-rows), _from(-columns)), (..., _from(rows), _from(columns))
        yield _Pair(gray[here] - gray[there], contour[here], contour[there], sqrt(rows**2 + columns**2))


def _from(step: int) -> slice:
    """The part of an axis that has something `step` away on the other side."""
    return slice(step, None) if step > 0 else slice(None, step or None)


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
