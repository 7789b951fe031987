"""L-BFGS for many problems at once: each row of a batch goes its own way, as if it were alone.

torch's own takes a batch for one long vector, so that an image's result would depend on its neighbours. This is the
same algorithm row by row: fixed step, no line search (Nocedal & Wright 2006, Algorithm 7.4).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

HISTORY = 100  # pairs of steps and changes of gradient that stand for the curvature, as torch's default
LEAST_CURVATURE = 1e-10  # a pair with less is left out


def minimise(evaluate: Callable[[Tensor], Tensor], x: Tensor, iterations: int, history: int = HISTORY) -> Tensor:
    """The rows of x (n, ...) after so many steps of each; `evaluate` maps such rows to losses (n,), each of its row.

    A row whose gradient would not be finite takes no step: it keeps its last sound place.
    """
    shape = x.shape
    x = x.detach().flatten(1)

    def gradient_at(rows: Tensor) -> Tensor:
        return _gradient(evaluate, rows.view(shape)).flatten(1)

    gradient = gradient_at(x)
    pairs: deque[tuple[Tensor, Tensor, Tensor]] = deque(maxlen=history)
    step = torch.clamp(1 / gradient.abs().sum(1, keepdim=True), max=1.0)
    for iteration in range(iterations):
        move = (step if iteration == 0 else 1.0) * _direction(gradient, pairs)
        if iteration == iterations - 1:
            x = torch.where((x + move).isfinite().all(1, keepdim=True), x + move, x)
            break
        after = gradient_at(x + move)
        sound = after.isfinite().all(1, keepdim=True)
        move, after = move.where(sound, torch.zeros_like(move)), after.where(sound, gradient)
        change = after - gradient
        pairs.append((move, change, _dot(change, move)))
        x, gradient = x + move, after
    return x.view(shape)


def _gradient(evaluate: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    x = x.detach().requires_grad_(True)
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(evaluate(x).sum(), x)
    return gradient


def _direction(gradient: Tensor, pairs: deque[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """The two-loop recursion; a row whose pair has no curvature skips that pair."""
    q = -gradient
    weights = []
    for move, change, curvature in reversed(pairs):
        weight = torch.where(curvature > LEAST_CURVATURE, _dot(move, q) / curvature, torch.zeros_like(curvature))
        weights.append(weight)
        q = q - weight * change
    q = _scale(pairs, gradient) * q
    for (move, change, curvature), weight in zip(pairs, reversed(weights), strict=True):
        back = torch.where(curvature > LEAST_CURVATURE, _dot(change, q) / curvature, torch.zeros_like(curvature))
        q = q + move * torch.where(curvature > LEAST_CURVATURE, weight - back, torch.zeros_like(back))
    return q


def _scale(pairs: deque[tuple[Tensor, Tensor, Tensor]], gradient: Tensor) -> Tensor:
    """First guess of the inverse curvature of each row, from its newest pair that has one; 1 without."""
    scale = torch.ones(len(gradient), 1, dtype=gradient.dtype, device=gradient.device)
    for _, change, curvature in pairs:
        scale = torch.where(curvature > LEAST_CURVATURE, curvature / _dot(change, change), scale)
    return scale


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Row by row, (n, 1)."""
    return (a * b).sum(1, keepdim=True)
