"""Processes that train one run together: each takes its share of every batch, and gradients are averaged.

As many images in all are then as good as one process with all of them: the same losses, to rounding, where a network
looks at each image by itself. Batch norm is taken over all of them on GPUs, and over a process's own on a CPU.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from pathgan.errors import TrainingError

T = TypeVar("T")


def rank() -> int:
    """Which of the processes this is; 0, the first, alone writes."""
    return dist.get_rank() if dist.is_initialized() else 0


def size() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def average(tensors: Sequence[Tensor]) -> None:
    """Replaces each by its mean over the processes, in one message."""
    if size() == 1 or not tensors:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    dist.all_reduce(flat)
    for tensor, part in zip(tensors, flat.div_(size()).split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def any_of(*flags: bool) -> tuple[bool, ...]:
    """Each flag, where any process has it raised. All must ask at the same time."""
    if size() == 1:
        return flags
    raised = torch.tensor(flags, dtype=torch.int32)  # on the CPU: a GPU need not have ended its work
    dist.all_reduce(raised, op=dist.ReduceOp.MAX)
    return tuple(bool(flag) for flag in raised.tolist())


def meet() -> None:
    """Waits until all are here; through the CPU's group, as the GPUs may be at work."""
    any_of(False)


def first_then_others(function: Callable[[], T]) -> T:
    """Calls it in the first process, and once it has returned there in the others."""
    if size() == 1:
        return function()
    if rank() != 0:
        meet()
        return function()
    value = function()
    meet()
    return value


def gathered(value: Any) -> list[Any]:
    """What each process has, by rank."""
    if size() == 1:
        return [value]
    values: list[Any] = [None] * size()
    dist.all_gather_object(values, value)
    return values


def share_norms(network: nn.Module, device: torch.device) -> None:
    """Lets batch norm be over all processes, where they have GPUs."""
    if size() > 1 and device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(network)


def launch(n: int, function: Callable[..., None], *arguments: Any) -> None:
    """Calls `function` of a module in n processes that see each other, and waits for all of them.

    A signal to this process goes on to them. Raises TrainingError where one fails; it has said why.
    """
    from pathgan.training import worker  # here: it is what each process runs, and must not be loaded before

    # On one machine: nothing to look for outside of it.
    environment = {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", **os.environ}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work.pickle"
        log = next((h.baseFilename for h in logging.getLogger().handlers if isinstance(h, logging.FileHandler)), None)
        work.write_bytes(pickle.dumps((log, function, arguments)))
        torchrun = [
            "torch.distributed.run",
            "--standalone",
            f"--nproc-per-node={n}",
            f"--log-dir={folder}",
            "--module",
            worker.__name__,
        ]
        processes = subprocess.Popen([sys.executable, "-m", *torchrun, str(work)], env=environment)
        with _passing_signals_to(processes):
            code = processes.wait()
    if code != 0:
        raise TrainingError(f"one of {n} processes ended with an error; what it said stands above and in the log")


@contextmanager
def _passing_signals_to(processes: subprocess.Popen[bytes]) -> Iterator[None]:
    def pass_on(number: int, frame: FrameType | None) -> None:
        processes.send_signal(number)

    names = (signal.SIGTERM, signal.SIGINT)
    earlier = [signal.signal(name, pass_on) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, earlier, strict=True):
            signal.signal(name, handler)
