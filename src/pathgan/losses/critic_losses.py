"""What a critic loses, and the penalty on its gradient."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


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
