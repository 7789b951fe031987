"""The loop: it owns order, time, checkpoints and history; a recipe owns networks and one step.

N + M iterations equal N, stop, resume, M to the last bit on a CPU with the same number of threads: the
state holds networks, optimisers, torch's generators, losses not yet averaged and the history, and batch
t needs nothing but the seed and t.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan.config.training_options import Training
from pathgan.errors import TrainingError
from pathgan.files import write_rows
from pathgan.provenance.attempts import note
from pathgan.training import parallel
from pathgan.training.checkpoints import Checkpoints
from pathgan.training.devices import Compute
from pathgan.training.lease import Lease
from pathgan.training.resident_data import Batch, Data

log = logging.getLogger(__name__)


class Interrupted(TrainingError):
    """Training stopped on request; its state is saved."""


class Recipe(Protocol):
    """How one family of models trains."""

    networks: dict[str, nn.Module]
    optimizers: dict[str, Optimizer]
    loss_names: tuple[str, ...]

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """One update of everything; returns the losses named in `loss_names`, detached scalars."""


class History:
    """Losses, averaged over `every` iterations per row; read back from the device once per row."""

    def __init__(self, names: tuple[str, ...], every: int):
        self._names, self._every = names, every
        self.rows: list[list[float]] = []
        self._pending: list[Tensor] = []

    def add(self, iteration: int, losses: dict[str, Tensor]) -> None:
        """Takes the losses of iteration `iteration` (from 1)."""
        self._pending.append(torch.stack([losses[name].detach().float() for name in self._names]))
        if len(self._pending) == self._every:
            values = self.check(iteration)
            self.rows.append([float(iteration), *values.mean(0).tolist()])
            self._pending = []
            log.info("iteration %d: %s", iteration, self._describe())

    def check(self, iteration: int) -> Tensor:
        """The losses not yet averaged (k, n) float64. Raises TrainingError for one that is not finite."""
        if not self._pending:
            return torch.empty(0, len(self._names), dtype=torch.float64)
        values = torch.stack(self._pending).double().cpu()
        parallel.average([values])
        bad = (~values.isfinite()).nonzero()
        if len(bad):
            row, column = bad[0].tolist()
            raise TrainingError(
                f"loss `{self._names[column]}` is {values[row, column].item()} at iteration "
                f"{iteration - len(values) + 1 + row}; lower training.learning_rate or the loss's weight"
            )
        return values

    def finish(self, iteration: int) -> None:
        """A last, shorter row."""
        values = self.check(iteration)
        if len(values):
            self.rows.append([float(iteration), *values.mean(0).tolist()])
            self._pending = []

    def write_csv(self, path: Path) -> None:
        _write_rows(path, ["iteration", *self._names], self.rows)

    def state(self, iteration: int) -> dict[str, Any]:
        # Checked first: a state with a broken loss in it must never be kept.
        return {"names": list(self._names), "rows": self.rows, "pending": self.check(iteration).tolist()}

    def restore(self, state: dict[str, Any], device: torch.device) -> None:
        if state["names"] != list(self._names):
            raise ValueError(f"losses {', '.join(state['names'])}; expected {', '.join(self._names)}")
        self.rows = [list(row) for row in state["rows"]]
        self._pending = [torch.tensor(row, dtype=torch.float32, device=device) for row in state["pending"]]

    def _describe(self) -> str:
        return ", ".join(f"{name} {value:.4g}" for name, value in zip(self._names, self.rows[-1][1:], strict=True))


class Evaluations:
    """What `measure` finds at even distances over the training, the last time at its end."""

    def __init__(self, measure: Callable[[], dict[str, float]] | None, n: int, total: int):
        self._measure = measure
        self._due = {round(total * k / n) for k in range(1, n + 1)} if measure and n else set()
        self.rows: list[dict[str, float]] = []

    def add(self, iteration: int, epoch: float) -> None:
        """Measures after iteration `iteration` (from 1), if it is time to."""
        if self._measure is None or iteration not in self._due:
            return
        self.rows.append({"iteration": float(iteration), "epoch": epoch, **self._measure()})
        log.info("evaluation: %s", ", ".join(f"{name} {value:.4g}" for name, value in self.rows[-1].items()))

    def write_csv(self, path: Path) -> None:
        header = list(self.rows[0]) if self.rows else ["iteration", "epoch"]
        _write_rows(path, header, [list(row.values()) for row in self.rows])


def _write_rows(path: Path, header: list[str], rows: list[list[float]]) -> None:
    write_rows(path, header, ([int(iteration), *(f"{value:.6g}" for value in rest)] for iteration, *rest in rows))


def train(
    recipe: Recipe,
    data: Data,
    options: Training,
    compute: Compute,
    lease: Lease | None,
    checkpoints: Checkpoints,
    deadline: float | None = None,
    measure: Callable[[], dict[str, float]] | None = None,
    keep_last: bool = True,
) -> tuple[History, Evaluations]:
    """Trains to the end of the schedule, from the newest sound checkpoint where there is one.

    The last state stays too, until the job's outputs and records are there: see `remove_state`. Without `keep_last`
    it does not: the caller keeps what it made of the networks, and removes earlier states.

    Of processes that train together each calls it; the first one alone holds the lease and writes.

    `measure`: what `options.evaluations` asks for. `deadline`: the time.time() before which to save and leave. Raises
    Interrupted on SIGTERM, SIGINT or the deadline, after saving; TrainingError for a loss that is not finite, a full
    disk, or a lost lease.
    """
    total = options.iterations or data.iterations(options.epochs or 0)
    history = History(recipe.loss_names, options.history_every)
    evaluations = Evaluations(measure, options.evaluations, total)
    iteration = _resume(recipe, history, evaluations, checkpoints, compute)
    saved_at = started = time.monotonic()
    first = iteration
    with _stop_requests() as stop, _progress(iteration, total) as advance:
        while iteration < total:
            if options.decay:
                _decay(recipe, options, data.epoch(iteration), data.epoch(total))
            losses = recipe.step(data.batch(iteration))
            iteration += 1
            history.add(iteration, losses)
            evaluations.add(iteration, data.epoch(iteration))
            advance()
            now = time.monotonic()
            reason = stop[0] if stop else _overdue(deadline)
            late, asked = parallel.any_of(now - saved_at > 60 * options.checkpoint_minutes, bool(reason))
            reason = reason or ("another process was told to stop" if asked else "")
            ended = iteration == total
            if late or (ended and keep_last) or (reason and not ended):
                state = _state(recipe, history, evaluations, iteration, compute)
                if lease:
                    lease.check()
                    checkpoints.save(iteration, state)
                parallel.meet()  # one that leaves earlier would take the one that writes with it
                saved_at = time.monotonic()
                log.info(
                    "saved iteration %d of %d (%.2f/s)",
                    iteration,
                    total,
                    (iteration - first) / (now - started),
                )
            if reason and iteration < total:
                raise Interrupted(f"{reason}: saved at iteration {iteration} of {total}; start again to go on")
    history.finish(iteration)
    if lease:
        lease.check()
    elapsed = max(time.monotonic() - started, 1e-9)
    log.info("trained %d iterations in %.1f s (%.2f/s)", iteration - first, elapsed, (iteration - first) / elapsed)
    return history, evaluations


def _decay(recipe: Recipe, options: Training, epoch: float, epochs: float) -> None:
    """Sets the learning rate after `epoch` of `epochs`; it needs no state, as it depends on these alone."""
    assert options.decay is not None
    rate = options.learning_rate * options.decay.rate(epoch, epochs)
    for optimizer in recipe.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = rate


def _state(
    recipe: Recipe, history: History, evaluations: Evaluations, iteration: int, compute: Compute
) -> dict[str, Any]:
    on_gpu = compute.device.type == "cuda"
    return {
        "networks": {name: network.state_dict() for name, network in recipe.networks.items()},
        "optimizers": {name: optimizer.state_dict() for name, optimizer in recipe.optimizers.items()},
        "history": history.state(iteration),
        "evaluations": evaluations.rows,
        # Weights are alike in all processes; statistics of batch norm and pools of images are not.
        "buffers": parallel.gathered({name: _buffers(network) for name, network in recipe.networks.items()}),
        "generators": parallel.gathered(
            {"cpu": torch.get_rng_state()} | ({"cuda": torch.cuda.get_rng_state()} if on_gpu else {})
        ),
    }


def _buffers(network: nn.Module) -> dict[str, Tensor]:
    return {name: buffer.cpu() for name, buffer in network.named_buffers()} if parallel.size() > 1 else {}


def _resume(
    recipe: Recipe, history: History, evaluations: Evaluations, checkpoints: Checkpoints, compute: Compute
) -> int:
    state = parallel.first_then_others(checkpoints.latest)
    if state is None:
        return 0
    try:
        _restore(state, recipe, history, evaluations, compute)
    except (KeyError, RuntimeError, ValueError) as error:
        if not checkpoints.resumed_stale:
            raise
        raise TrainingError(
            f"{checkpoints.folder}: the state of other code does not fit what this code trains ({error}); start again "
            "without --config resume_stale=true"
        ) from error
    log.info("resumed at iteration %d", state["iteration"])
    if parallel.rank() == 0:
        stale = {"resumed_stale": " ".join(checkpoints.resumed_stale)} if checkpoints.resumed_stale else {}
        note(resumed_at=state["iteration"], **stale)
    return int(state["iteration"])


def _restore(
    state: dict[str, Any], recipe: Recipe, history: History, evaluations: Evaluations, compute: Compute
) -> None:
    for name, network in recipe.networks.items():
        network.load_state_dict(state["networks"][name])
        network.load_state_dict(state["buffers"][parallel.rank()][name], strict=False)
    for name, optimizer in recipe.optimizers.items():
        optimizer.load_state_dict(state["optimizers"][name])
    history.restore(state["history"], compute.device)
    evaluations.rows = [dict(row) for row in state["evaluations"]]
    generators = state["generators"][parallel.rank()]
    torch.set_rng_state(generators["cpu"])
    if "cuda" in generators:
        torch.cuda.set_rng_state(generators["cuda"])


def _overdue(deadline: float | None) -> str:
    return "the time limit is near" if deadline is not None and time.time() >= deadline else ""


@contextmanager
def _progress(iteration: int, total: int) -> Iterator[Callable[[], None]]:
    """A bar where a person watches; elsewhere the log's history rows tell as much."""
    if not sys.stderr.isatty() or parallel.rank() > 0:
        yield lambda: None
        return
    from rich.console import Console  # here: jobs of a cluster have no terminal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, completed=iteration)
        yield lambda: bar.advance(task)


@contextmanager
def _stop_requests() -> Iterator[list[str]]:
    """A list that a signal fills: the step in progress ends, then the loop saves and leaves."""
    requests: list[str] = []
    names = (signal.SIGTERM, signal.SIGINT)
    earlier = [signal.signal(name, lambda number, _: requests.append(signal.Signals(number).name)) for name in names]
    try:
        yield requests
    finally:
        for name, handler in zip(names, earlier, strict=True):
            signal.signal(name, handler)
