"""How weights are updated.

torch's optimisers load torch's compiler only to tell it what it must not compile; that takes a training job longer
than loading torch, and nothing here is compiled. So their methods are taken as they are written, below torch's
decorators; where torch should have none, they are just its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan.config import training_options
from pathgan.training import parallel


def _uncompiled(kind: type[Optimizer]) -> Callable[..., Optimizer]:
    """An optimiser that updates as `kind` does, bit for bit."""
    decorated = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in decorated}
    return type(kind.__name__, (kind,), methods | {"step": torch.no_grad()(inspect.unwrap(kind.step))})


_ADAM, _SGD = _uncompiled(torch.optim.Adam), _uncompiled(torch.optim.SGD)


def adam(parameters: Iterable[nn.Parameter], options: training_options.Adam, learning_rate: float) -> Optimizer:
    """Adam (Kingma & Ba 2015) as a run configures it."""
    return _ADAM(parameters, lr=learning_rate, betas=(options.beta1, options.beta2))


def sgd(parameters: Iterable[nn.Parameter], options: training_options.SGD, learning_rate: float) -> Optimizer:
    """Stochastic gradient descent with momentum as a run configures it."""
    momentum, decay = options.momentum, options.weight_decay
    return _SGD(parameters, lr=learning_rate, momentum=momentum, weight_decay=decay)


def descend(optimizer: Optimizer, loss: Tensor) -> None:
    """One step down the gradient of a scalar loss, averaged over the processes that train together."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    parallel.average([p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None])
    optimizer.step()
