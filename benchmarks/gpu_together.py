"""Work that can be done one by one or side by side on a GPU: a part of benchmarks/gpu.py."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from gpu_report import Report, Row, Section
from paper_trainings import compute_for, finish, trainings

from pathgan.training.devices import Compute


def together(report: Report) -> None:
    """Work that can be done one by one or side by side."""
    from training import N_STYLED, styled  # here: the processes that this one starts load less

    from pathgan.sampling.embedding import BATCH

    options, small = report.options, report.options.preset == "demo"
    compute = compute_for(next(iter(trainings(options.preset).values())), options.device, options.threads)
    section = Section(
        "One by one, or side by side", "", ["what", "one by one [s]", "side by side [s]", "how many times as fast"]
    )
    px, iterations = (32, 1) if small else (256, 20)

    def style() -> Row:
        settings = argparse.Namespace(px=px, iterations=iterations)
        return _race(lambda how: styled(settings, compute, how), "alone", "together")

    def planes() -> Row:
        return _race(lambda how: _planes(how, compute, options), "separate", "grouped")

    def embedding() -> Row:
        return _race(lambda how: _embedding(how, compute, 2 if small else BATCH), "1", "batch")

    report.add(section, f"style transfer of {N_STYLED} images of {px} px, an image and iteration", style)
    report.add(section, "eleven encoders and decoders, forward and backward", planes)
    report.add(section, f"Inception-V3 (random weights), {2 if small else BATCH} images of 299 px", embedding)


def _race(seconds_of: Callable[[str], float], alone: str, side: str) -> Row:
    slow, fast = seconds_of(alone), seconds_of(side)
    return [f"{slow:.2g}", f"{fast:.2g}", f"{slow / fast:.2f}x"]


def _planes(how: str, compute: Compute, options: argparse.Namespace) -> float:
    """Seconds of one pass there and back, at the paper's width and batch."""
    from separate_planes import Separate

    from pathgan.networks.stack_networks import StackGenerator

    run: Any = next(run for name, run in trainings(options.preset).items() if name.startswith("focus"))
    network = {"separate": Separate(run.width), "grouped": StackGenerator(run.width, n_layers=0)}[how].to(
        compute.device
    )
    image = torch.randn(run.training.batch_size, 3, run.training.crop_px, run.training.crop_px).to(compute.device)
    return _median_seconds(lambda: network(image).square().mean().backward(), compute, options.steps)


def _embedding(how: str, compute: Compute, batch: int) -> float:
    """Seconds for `batch` images, each by itself or all at once."""
    from torchvision.models import inception_v3

    network = inception_v3(weights=None, init_weights=False).eval().to(compute.device)
    images = torch.randn(batch, 3, 299, 299).to(compute.device)
    parts = images.split(1 if how == "1" else batch)
    with torch.inference_mode():
        return _median_seconds(lambda: [network(part) for part in parts], compute, 2)


def _median_seconds(work: Callable[[], object], compute: Compute, rounds: int) -> float:
    seconds = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        work()
        finish(compute)
        seconds.append(time.perf_counter() - started)
    return median(seconds[1:])
