"""L-BFGS for many problems at once: each row of a batch goes its own way, as if it were alone.

torch's own takes a batch for one long vector, so that an image's result would depend on its neighbours. This is the
same algorithm row by row: fixed step, no line search (Nocedal & Wright 2006, Algorithm 7.4).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

HISTORY = 100  # pairs of steps and changes of gradient that stand for the curvature, as torch's default
LEAST_CURVATURE = 1e-10  # of a pair, relative to its lengths; one with less is left out


@dataclass(frozen=True)
class _Pair:
    """A step of each row, how its gradient changed over it, and their product where the curvature is positive."""

    move: Tensor  # (n, d)
    change: Tensor
    curvature: Tensor  # (n, 1), 1 where not usable
    usable: Tensor  # (n, 1) bool
    scale: Tensor  # (n, 1), guess of the inverse curvature

    @classmethod
    def of(cls, move: Tensor, change: Tensor) -> _Pair:
        curvature, squared = _dot(move, change), _dot(change, change)
        # Relative to both lengths, so that a loss may be scaled as one likes.
        usable = curvature > LEAST_CURVATURE * (_dot(move, move) * squared).sqrt()
        return cls(move, change, curvature.where(usable, torch.ones_like(curvature)), usable, curvature / squared)


def minimise(evaluate: Callable[[Tensor], Tensor], x: Tensor, iterations: int, history: int = HISTORY) -> Tensor:
    """The rows of x (n, ...) after so many steps of each; `evaluate` maps such rows to losses (n,), each of its row.

    A row whose gradient would not be finite takes no step: it keeps its last sound place.
    """
    shape = x.shape
    x = x.detach().flatten(1)

    def gradient_at(rows: Tensor) -> Tensor:
        return _gradient(evaluate, rows.view(shape)).flatten(1)

    gradient = gradient_at(x)
    pairs: deque[_Pair] = deque(maxlen=history)
    step = torch.clamp(1 / gradient.abs().sum(1, keepdim=True), max=1.0)
    for iteration in range(iterations):
        move = (step if iteration == 0 else 1.0) * _direction(gradient, pairs)
        if iteration == iterations - 1:
            x = torch.where((x + move).isfinite().all(1, keepdim=True), x + move, x)
            break
        after = gradient_at(x + move)
        sound = after.isfinite().all(1, keepdim=True)
        move, after = move.where(sound, torch.zeros_like(move)), after.where(sound, gradient)
        pairs.append(_Pair.of(move, after - gradient))
        x, gradient = x + move, after
    return x.view(shape)


def _gradient(evaluate: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    x = x.detach().requires_grad_(True)
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(evaluate(x).sum(), x)
    return gradient


def _direction(gradient: Tensor, pairs: deque[_Pair]) -> Tensor:
    """The two-loop recursion; a row skips a pair that is not usable."""
    q = -gradient
    weights = []
    for pair in reversed(pairs):
        weight = pair.usable * _dot(pair.move, q) / pair.curvature
        weights.append(weight)
        q = q - weight * pair.change
    q = _scale(pairs, gradient) * q
    for pair, weight in zip(pairs, reversed(weights), strict=True):
        q = q + pair.move * (weight - pair.usable * _dot(pair.change, q) / pair.curvature)
    return q


def _scale(pairs: deque[_Pair], gradient: Tensor) -> Tensor:
    """First guess of the inverse curvature of each row, from its newest usable pair; 1 without."""
    scale = torch.ones(len(gradient), 1, dtype=gradient.dtype, device=gradient.device)
    for pair in pairs:
        scale = torch.where(pair.usable, pair.scale, scale)
    return scale


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Row by row, (n, 1)."""
    return (a * b).sum(1, keepdim=True)
