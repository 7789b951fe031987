"""From a run's configuration and files to weights on disk, and from weights to images and instances."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file
from torch import nn

from pathgan.config.models import PairedRun, Run, SegmentationRun
from pathgan.datasets.store import write_store
from pathgan.files import atomic
from pathgan.jobs import deadline
from pathgan.masks import condition_map
from pathgan.recipes import paired, segmentation
from pathgan.recipes.sources import Source
from pathgan.training import Recipe, TrainingData, compute_on, train
from pathgan.training.checkpoints import Checkpoints
from pathgan.training.lease import Lease

N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True)
class Job:
    """What the workflow decides of a training job; everything else is the run's own.

    deadline: the time.time() before which to save and leave. code: the digest of the code that trains.
    """

    seed: int
    state_dir: Path
    device: str = "auto"
    threads: int = 1
    code: str = ""
    deadline: float | None = None


def train_run(run: PairedRun | SegmentationRun, sources: list[Source], job: Job, weights: Path, history: Path) -> None:
    """Trains `run` and writes the network that leaves it, and its losses.

    Resumes from `job.state_dir` where an earlier job of the same settings, data and code was cut off. The
    last state stays: `remove_state` once the outputs are safe.
    """
    with Lease(job.state_dir) as lease:
        compute = compute_on(job.device, job.threads, run.training.precision)  # type: ignore[arg-type]
        fields = (
            paired.training_fields(run, sources[0])
            if isinstance(run, PairedRun)
            else segmentation.training_fields(sources)
        )
        options = run.training
        data = TrainingData(fields, options.batch_size, options.crop_px, options.augment, job.seed, compute.device)
        torch.manual_seed(job.seed)
        recipe: Recipe = (
            paired.Paired(run, compute) if isinstance(run, PairedRun) else segmentation.Segmentation(run, compute)
        )
        checkpoints = Checkpoints(job.state_dir, _fingerprint(run, job, compute.device.type, fields))
        losses = train(recipe, data, options, compute, lease, checkpoints, job.deadline)
        exported = "generator" if isinstance(run, PairedRun) else "segmenter"
        save_weights(recipe.networks[exported], weights)
        losses.write_csv(history)


def train_job(snakemake: Any) -> Path:
    """`train_run` for a rule with the outputs `weights` and `history`; returns the folder of its state."""
    weights = Path(snakemake.output.weights)
    run: PairedRun | SegmentationRun = TypeAdapter(Run).validate_python(snakemake.params.run)
    work = Job(
        seed=int(snakemake.wildcards.seed),
        state_dir=weights.parent / "state",
        device=snakemake.config.get("device", "auto"),
        threads=snakemake.threads,
        code=snakemake.params.code,
        deadline=deadline(snakemake, dict(os.environ)),
    )
    sources = [Source.model_validate(source) for source in snakemake.params.sources]
    train_run(run, sources, work, weights, Path(snakemake.output.history))
    return work.state_dir


def remove_state(folder: Path) -> None:
    """Removes a finished run's state; called after its records are written, so that no kill loses a training."""
    shutil.rmtree(folder, ignore_errors=True)


def synthesize(run: PairedRun, weights: Path, source: Source, out: Path, device: str = "auto", threads: int = 1) -> int:
    """Writes the images that `weights` make of the conditions of `source`; returns their number."""
    compute = compute_on(device, threads, run.training.precision)  # type: ignore[arg-type]
    generator = load_weights(paired.build_generator(run), weights).to(compute.device)
    conditions = source.maps(lambda instances: condition_map(run.condition, instances))
    return write_store(out, images=paired.generate(run, generator, conditions, compute))


def segment(
    run: SegmentationRun, weights: Path, source: Source, out: Path, device: str = "auto", threads: int = 1
) -> int:
    """Writes the instances that `weights` find in the images of `source`; returns the number of images."""
    compute = compute_on(device, threads, run.training.precision)  # type: ignore[arg-type]
    segmenter = load_weights(segmentation.build_segmenter(run), weights).to(compute.device)
    images = source.images_of_split()
    return write_store(out, instances=segmentation.segment(run, segmenter, images, compute))


def save_weights(network: nn.Module, path: Path) -> None:
    """safetensors, without metadata: the same weights are the same bytes."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with atomic(path) as temporary:
        save_file(tensors, temporary)


def load_weights(network: N, path: Path) -> N:
    network.load_state_dict(load_file(path))
    return network


def _fingerprint(run: PairedRun | SegmentationRun, job: Job, device: str, fields: dict[str, NDArray[np.uint8]]) -> str:
    """Names what a training state belongs to: settings, seed, code, arithmetic, and every byte of the data."""
    settings = run.model_dump(mode="json", exclude={"watershed": True, "training": {"checkpoint_minutes"}})
    arithmetic = [device, torch.__version__, job.threads]
    digest = hashlib.sha256(json.dumps([settings, job.seed, arithmetic, job.code]).encode())
    for name, field in fields.items():
        digest.update(f"{name}{field.shape}".encode())
        digest.update(np.ascontiguousarray(field).data)
    return digest.hexdigest()
