"""From a run's configuration and files to weights on disk: what all trainers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pathgan.config.runs.run import TrainedRun
from pathgan.config.training_options import Training
from pathgan.files import sha256_of
from pathgan.stores.source import Source
from pathgan.stores.store import RESUMED_STALE
from pathgan.stores.weight_facts import facts_of, merged
from pathgan.training import parallel
from pathgan.training.checkpoints import Checkpoints
from pathgan.training.devices import Compute, check_gpus, compute_on
from pathgan.training.fingerprints import fingerprint
from pathgan.training.lease import Lease
from pathgan.training.loop import Recipe, train
from pathgan.training.resident_data import Data, TrainingData
from pathgan.training.weight_files import load_weights, save_weights

SEEDS_APART = 1_000_003  # of processes that train together
Fields = dict[str, NDArray[np.uint8]]


@dataclass(frozen=True)
class Job:
    """What the workflow decides of a training job; everything else is the run's own.

    deadline: the time.time() before which to save and leave. code: the digest of the code that trains. resume_stale:
    go on from a state that other code left.
    """

    seed: int
    state_dir: Path
    device: str = "auto"
    threads: int = 1
    code: str = ""
    deadline: float | None = None
    resume_stale: bool = False


@dataclass(frozen=True)
class Work:
    """What a trainer is given beside its run.

    sources: by the names of `TrainedRun.uses`. outputs: by those of `exports`. first: output -> weights of another run
    that these networks start from. pretrained: file and sha256 of weights that others trained, None for random ones.
    facts: of other entries of the paper.
    """

    sources: Mapping[str, Source]
    job: Job
    outputs: Mapping[str, Path]
    first: Mapping[str, Path] = field(default_factory=dict)
    pretrained: tuple[Path, str] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """A run, ready to start. exported: output -> network. fields: every array that it learns from or is judged on."""

    recipe: Recipe
    data: Data
    exported: dict[str, nn.Module]
    fields: Fields
    measure: Callable[[], dict[str, float]] | None = None


SetUp = Callable[[Any, Mapping[str, Source], int, Compute], Prepared]  # run, sources, seed, compute


def train_in_loop(run: TrainedRun, work: Work, set_up: SetUp) -> None:
    """Trains a run that is one recipe in the one loop, in as many processes as it asks for."""
    n = run.training.gpus
    if n == 1:
        train_run(run, work, set_up)
        return
    check_gpus(n, work.job.device)
    parallel.launch(n, train_run, run, work, set_up)
    if work.job.device != "cpu" and torch.cuda.is_available():
        torch.cuda.init()  # the record of this job names the GPU where torch has woken it


def train_run(run: TrainedRun, work: Work, set_up: SetUp) -> None:
    """Trains `run` and writes the networks that leave it, its losses, and what it measured on the way.

    Resumes from `job.state_dir` where an earlier job of the same settings, data and code was cut off. The last state
    stays: it is removed once the outputs are safe. Of processes that train together each calls it.
    """
    job, outputs = work.job, work.outputs
    with Lease(job.state_dir) if parallel.rank() == 0 else nullcontext() as lease:
        compute = compute_on(job.device, job.threads, run.training.precision)
        torch.manual_seed(job.seed)
        training = set_up(run, work.sources, job.seed, compute)
        for network in training.recipe.networks.values():
            parallel.share_norms(network, compute.device)
        if parallel.rank() > 0:  # the same weights at first, but noise of its own
            torch.manual_seed(job.seed + SEEDS_APART * parallel.rank())
        for output, path in work.first.items():
            load_weights(training.exported[output], path)
        # Without defaults: an option that new code brings does not make the states of old code those of another run.
        settings = run.model_dump(
            mode="json", exclude={"watershed": True, "training": {"checkpoint_minutes"}}, exclude_defaults=True
        )
        started_from = {output: sha256_of(path) for output, path in work.first.items()}
        arithmetic = [compute.device.type, torch.__version__, job.threads]
        mark = fingerprint([settings, started_from, job.seed, arithmetic], training.fields)
        checkpoints = Checkpoints(job.state_dir, mark, job.code, job.resume_stale)
        history, evaluations = train(
            training.recipe, training.data, run.training, compute, lease, checkpoints, job.deadline, training.measure
        )
        if lease is None:
            return
        own = {RESUMED_STALE: " ".join(checkpoints.resumed_stale)} if checkpoints.resumed_stale else {}
        inherited = [*map(facts_of, work.first.values()), *(source.resumed_stale for source in work.sources.values())]
        facts = merged([*inherited, own])
        for output, network in training.exported.items():
            save_weights(network, outputs[output], facts)
        history.write_csv(outputs["history"])
        if "evaluations" in outputs:
            evaluations.write_csv(outputs["evaluations"])


def resident(options: Training, fields: Fields, seed: int, compute: Compute, n_batches: int = 1) -> TrainingData:
    """Fields on the device, as `options` cut and turn them; this process gets its share of each batch."""
    return TrainingData(
        fields,
        options.batch_size,
        options.crop_px,
        options.augment,
        seed,
        compute.device,
        options.load_px,
        n_batches=n_batches,
        share=(parallel.rank(), parallel.size()),
    )
