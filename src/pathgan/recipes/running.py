"""From a run's configuration and files to weights on disk, and from weights to images and instances."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import tee
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from safetensors.torch import load_file, save_file
from torch import nn

from pathgan.config.runs import CycleRun, FocusRun, LatentRun, NoiseRun, PairedRun, SegmentationRun
from pathgan.datasets.stacks import write_stacks
from pathgan.datasets.store import write_store
from pathgan.files import atomic, sha256_of
from pathgan.jobs import deadline
from pathgan.masks import condition_map
from pathgan.networks import StackGenerator
from pathgan.recipes import cycle, noise, paired, segmentation, wasserstein
from pathgan.recipes.sources import Source
from pathgan.training import Compute, Recipe, TrainingData, Unpaired, check_gpus, compute_on, parallel, train
from pathgan.training.checkpoints import Checkpoints
from pathgan.training.data import Data
from pathgan.training.lease import Lease

SEEDS_APART = 1_000_003  # of processes that train together
N = TypeVar("N", bound=nn.Module)
TrainedRun = Annotated[
    PairedRun | SegmentationRun | CycleRun | NoiseRun | LatentRun | FocusRun, Field(discriminator="recipe")
]
Evaluate = Callable[[cycle.CycleTranslation, NDArray[np.uint8]], dict[str, float]]


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


def train_run(
    run: TrainedRun,
    sources: list[Source],
    job: Job,
    outputs: Mapping[str, Path],
    evaluate: Evaluate | None = None,
    first: Mapping[str, Path] | None = None,
) -> None:
    """Trains `run` and writes the networks that leave it, its losses, and what it measured on the way.

    sources: what to train on; of a `cycle` the source and target sets and the test images that are evaluated, of a
    `paired` run that keeps its best weights also the validation images. outputs: `weights` and `history`, of a `cycle`
    also `inverse` and `evaluations`, by `evaluate`, of the latter also `last` and `evaluations`, of `latent` and
    `focus` also `critic`. first: the weights of another run that these networks start from, named like outputs.
    Resumes from `job.state_dir` where an earlier job of the same settings, data and code was cut off. The last state
    stays: `remove_state` once the outputs are safe. Of processes that train together each calls it.
    """
    with Lease(job.state_dir) if parallel.rank() == 0 else nullcontext() as lease:
        compute = compute_on(job.device, job.threads, run.training.precision)  # type: ignore[arg-type]
        torch.manual_seed(job.seed)
        training = _set_up(run, sources, job, compute, evaluate)
        for network in training.recipe.networks.values():
            parallel.share_norms(network, compute.device)
        if parallel.rank() > 0:  # the same weights at first, but noise of its own
            torch.manual_seed(job.seed + SEEDS_APART * parallel.rank())
        for output, path in (first or {}).items():
            load_weights(training.exported[output], path)
        settings = run.model_dump(mode="json", exclude={"watershed": True, "training": {"checkpoint_minutes"}})
        started_from = {output: sha256_of(path) for output, path in (first or {}).items()}
        mark = fingerprint([settings, started_from], job, compute.device.type, training.fields)
        checkpoints = Checkpoints(job.state_dir, mark)
        history, evaluations = train(
            training.recipe, training.data, run.training, compute, lease, checkpoints, job.deadline, training.measure
        )
        if lease is None:
            return
        for output, network in training.exported.items():
            save_weights(network, outputs[output])
        history.write_csv(outputs["history"])
        if "evaluations" in outputs:
            evaluations.write_csv(outputs["evaluations"])


@dataclass(frozen=True)
class _Training:
    """A run, ready to start. exported: output -> network. fields: every array that it learns from or is judged on."""

    recipe: Recipe
    data: Data
    exported: dict[str, nn.Module]
    fields: dict[str, NDArray[np.uint8]]
    measure: Callable[[], dict[str, float]] | None = None


def _set_up(run: TrainedRun, sources: list[Source], job: Job, compute: Compute, evaluate: Evaluate | None) -> _Training:
    options = run.training

    def resident(fields: dict[str, NDArray[np.uint8]], seed: int, n_batches: int = 1) -> TrainingData:
        size, crop, load = options.batch_size, options.crop_px, options.load_px
        share = (parallel.rank(), parallel.size())
        return TrainingData(fields, size, crop, options.augment, seed, compute.device, load, None, n_batches, share)

    match run:
        case PairedRun():
            fields = paired.training_fields(run, sources[0])
            pair = paired.Paired(run, compute)
            data, generator = resident(fields, job.seed), pair.networks["generator"]
            if run.keep == "last":
                return _Training(pair, data, {"weights": generator}, fields)
            validation = paired.training_fields(run, sources[1])
            paired.check_sides(generator, validation["condition"])
            fields |= {f"validation_{name}": field for name, field in validation.items()}
            exported = {"weights": pair.best.network, "last": generator}
            return _Training(pair, data, exported, fields, partial(pair.validate, validation))
        case NoiseRun():
            fields = noise.training_fields(run, sources[0])
            gan = noise.FromNoise(run, compute)
            return _Training(gan, resident(fields, job.seed), {"weights": gan.networks["generator"]}, fields)
        case LatentRun() | FocusRun():
            fields = wasserstein.training_fields(run, sources[0])
            judged = wasserstein.build(run, compute)
            batches = resident(fields, job.seed, run.n_critic)
            exported = {"weights": judged.networks["generator"], "critic": judged.networks["critic"]}
            return _Training(judged, batches, exported, fields)
        case SegmentationRun():
            fields = segmentation.training_fields(sources)
            nuclei = segmentation.Segmentation(run, compute)
            exported = {"weights": nuclei.networks["segmenter"]}
            return _Training(nuclei, resident(fields, job.seed), exported, fields)
        case CycleRun():
            names = ("source", "target", "evaluated")
            fields = {name: source.images_of_split() for name, source in zip(names, sources, strict=True)}
            fields["evaluated"] = fields["evaluated"][: options.evaluated_images]
            recipe = cycle.CycleTranslation(run, compute)
            # Seeds of their own: the n-th images of both sets must not be companions for ever.
            unpaired = Unpaired(
                *(resident({"image": fields[name]}, 2 * job.seed + k) for k, name in enumerate(names[:2]))
            )
            measure = evaluate and partial(evaluate, recipe, fields["evaluated"])
            exported = {"weights": recipe.networks["generator"], "inverse": recipe.networks["inverse"]}
            return _Training(recipe, unpaired, exported, fields, measure)


def train_job(snakemake: Any, evaluate: Evaluate | None = None) -> Path:
    """`train_run` for a rule, whose outputs bear the names that it expects; returns the folder of its state."""
    outputs = {name: Path(path) for name, path in snakemake.output.items()}
    run: TrainedRun = TypeAdapter(TrainedRun).validate_python(snakemake.params.run)
    work = job_of(snakemake, outputs["weights"])
    sources = [Source.model_validate(source) for source in snakemake.params.sources]
    first = {name: Path(path) for name, path in snakemake.params.get("first", {}).items()}
    if run.training.gpus == 1:
        train_run(run, sources, work, outputs, evaluate, first)
    else:
        check_gpus(run.training.gpus, work.device)
        parallel.launch(run.training.gpus, train_run, run, sources, work, outputs, evaluate, first)
        if work.device != "cpu" and torch.cuda.is_available():
            torch.cuda.init()  # the record of this job names the GPU where torch has woken it
    return work.state_dir


def job_of(snakemake: Any, beside: Path) -> Job:
    """What a rule's job is asked to do; its state lies beside an output."""
    return Job(
        seed=int(snakemake.wildcards.seed),
        state_dir=beside.parent / "state",
        device=snakemake.config.get("device", "auto"),
        threads=snakemake.threads,
        code=snakemake.params.code,
        deadline=deadline(snakemake, dict(os.environ)),
    )


def remove_state(folder: Path) -> None:
    """Removes a finished run's state; called after its records are written, so that no kill loses a training."""
    shutil.rmtree(folder, ignore_errors=True)


def synthesize(
    run: PairedRun | CycleRun | FocusRun,
    weights: Path,
    source: Source,
    out: Path,
    device: str = "auto",
    threads: int = 1,
    inverse: Path | None = None,
) -> int:
    """Writes the images that `weights` make of the conditions or images of `source`; returns their number.

    Of a `cycle` also the `reconstructions` by the weights `inverse`; of `focus` the `stacks`, and what they show in
    focus as images.
    """
    compute = compute_on(device, threads, run.training.precision)  # type: ignore[arg-type]
    if isinstance(run, FocusRun):
        through = load_stack_generator(run, weights, compute)
        return write_stacks(out, wasserstein.focus_through(through, source.images_of_split(), compute))
    if isinstance(run, PairedRun):
        generator = paired.build_generator(run.generator, run.training.crop_px)
        generator = load_weights(generator, weights).to(compute.device)
        conditions = source.maps(lambda instances: condition_map(run.condition, instances))
        return write_store(out, images=paired.generate(run, generator, conditions, compute))
    assert inverse is not None
    there, back = (load_weights(cycle.build_generator(run), path).to(compute.device) for path in (weights, inverse))
    pairs = tee(cycle.translate(there, back, source.images_of_split(), compute))
    fakes, reconstructions = (map(itemgetter(k), half) for k, half in enumerate(pairs))
    return write_store(out, images=fakes, reconstructions=reconstructions)


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


def load_stack_generator(run: FocusRun, weights: Path, compute: Compute) -> StackGenerator:
    generator = wasserstein.build_generator(run)
    assert isinstance(generator, StackGenerator)
    return load_weights(generator, weights).to(compute.device)


def fingerprint(settings: Any, job: Job, device: str, fields: Mapping[str, NDArray[np.uint8]]) -> str:
    """Names what a training state belongs to: settings, seed, code, arithmetic, and every byte of the data."""
    arithmetic = [device, torch.__version__, job.threads]
    digest = hashlib.sha256(json.dumps([settings, job.seed, arithmetic, job.code]).encode())
    for name, field in fields.items():
        digest.update(f"{name}{field.shape}".encode())
        digest.update(np.ascontiguousarray(field).data)
    return digest.hexdigest()
