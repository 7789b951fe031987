"""From the weights of GANs of noise to samples of a class on disk."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.config.runs import FocusRun, LatentRun, NoiseRun, PairedRun
from pathgan.datasets.stacks import write_stacks
from pathgan.datasets.store import read_manifest, rows_of_split, write_store
from pathgan.masks import condition_map
from pathgan.networks import BaseGenerator, UNetGenerator
from pathgan.recipes import noise, paired
from pathgan.recipes.running import load_stack_generator, load_weights
from pathgan.recipes.wasserstein import build_generator, draw_bases, focus_through
from pathgan.training.devices import Compute, compute_on

log = logging.getLogger(__name__)


def n_samples(run: NoiseRun | LatentRun, manifest: Path) -> int:
    """`run.ratio` for each training image of its class, or each training stack."""
    category = run.category if isinstance(run, NoiseRun) else ""
    return run.ratio * len(rows_of_split(read_manifest(manifest), "train", manifest.name, category))


def draw_samples(
    run: NoiseRun | LatentRun, weights: Path, n: int, seed: int, out: Path, device: str = "auto", threads: int = 1
) -> int:
    """Writes n samples, images or instance maps; returns their number."""
    compute = compute_on(device, threads, run.training.precision)  # type: ignore[arg-type]
    if isinstance(run, LatentRun):
        return write_store(out, images=iter(_bases(run, weights, n, seed, compute)))
    field = "images" if run.makes == "images" else "instances"
    return write_store(out, None, **{field: noise.draw(run, _generator(run, weights, compute), n, seed, compute)})


def compose(
    run: PairedRun,
    masks: NoiseRun,
    weights: Path,
    mask_weights: Path,
    n: int,
    seed: int,
    out: Path,
    device: str = "auto",
    threads: int = 1,
) -> int:
    """Writes n masks by `mask_weights` and what `weights` make of each, as instances and images (SynCGAN, Eq. 7)."""
    compute = compute_on(device, threads, run.training.precision)  # type: ignore[arg-type]
    of_masks = replace(compute, precision=masks.training.precision)
    instances = np.stack(list(noise.draw(masks, _generator(masks, mask_weights, compute), n, seed, of_masks)))
    empty = sum(not one.any() for one in instances)
    if empty:
        log.warning("%d of %d masks have no nucleus: their GAN may have collapsed", empty, n)
    conditions = np.stack([np.round(255.0 * condition_map(run.condition, one)).astype(np.uint8) for one in instances])
    generator = paired.build_generator(run.generator, run.training.crop_px)
    generator = load_weights(generator, weights).to(compute.device)
    images = paired.generate(run, generator, conditions, compute)
    return write_store(out, images=images, instances=iter(instances.astype(np.int32)))


def compose_stacks(
    run: FocusRun,
    bases: LatentRun,
    weights: Path,
    base_weights: Path,
    n: int,
    seed: int,
    out: Path,
    device: str = "auto",
    threads: int = 1,
) -> int:
    """Writes n planes in focus by `base_weights` as the stacks that `weights` make of each (MI-GAN, Fig. 1)."""
    compute = compute_on(device, threads, run.training.precision)  # type: ignore[arg-type]
    drawn = _bases(bases, base_weights, n, seed, replace(compute, precision=bases.training.precision))
    return write_stacks(out, focus_through(load_stack_generator(run, weights, compute), drawn, compute))


def _bases(run: LatentRun, weights: Path, n: int, seed: int, compute: Compute) -> NDArray[np.uint8]:
    generator = build_generator(run)
    assert isinstance(generator, BaseGenerator)
    return draw_bases(run, load_weights(generator, weights).to(compute.device), n, seed, compute)


def _generator(run: NoiseRun, weights: Path, compute: Compute) -> UNetGenerator:
    generator = paired.build_generator(run.generator, run.training.crop_px, noise.channels(run))
    return load_weights(generator, weights).to(compute.device)
