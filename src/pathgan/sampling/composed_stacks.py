"""Planes in focus drawn by one GAN, and the stacks that another makes of them (MI-GAN, Fig. 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pathgan.sampling import base_planes, focusing
from pathgan.sampling.base_planes import BasePlanes, draw_bases
from pathgan.sampling.focusing import Focusing, focus_through
from pathgan.sampling.sample_work import SampleWork, sample_ids
from pathgan.stores.focus_stacks import write_stacks
from pathgan.training.devices import compute_on
from pathgan.training.weight_files import load_weights


def make(options: Mapping[str, Any], work: SampleWork) -> int:
    """Writes planes of `drawn`, `ratio` for each stack that it learned from, as the stacks that `applied` makes."""
    run, bases = Focusing.model_validate(options["applied"]), BasePlanes.model_validate(options["drawn"])
    n = bases.ratio * len(work.sources["learned"].ids)
    compute = compute_on(work.device, work.threads, run.precision)
    painter = load_weights(base_planes.generator_of(bases), work.weights["drawn"]).to(compute.device)
    drawn = draw_bases(bases, painter, n, work.seed, replace(compute, precision=bases.precision))
    generator = load_weights(focusing.generator_of(run), work.weights["weights"]).to(compute.device)
    return write_stacks(work.out, sample_ids(n), focus_through(generator, drawn, compute), work.facts)
