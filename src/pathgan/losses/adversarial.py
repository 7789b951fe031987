"""What generator and discriminator lose by each other."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Form = Literal["log", "least_squares"]


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
