"""What pathgan does on a GPU; writes gpu.md as it goes, so that a run which is cut off leaves what it has measured.

`make gpu-check`. It needs torch 2.11 or later and the packages that `gpu_packages.py` names, but no network. In
miniature, and without a GPU: `python benchmarks/gpu.py --preset demo --steps 2 --device cpu --out FILE`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT / "src")]

import gpu_packages

gpu_packages.make_importable()

import numpy as np
import torch
from gpu_report import Report, Row, Section
from gpu_together import together
from paper_trainings import compute_for, finish, in_precision, set_up, set_up_of, sources_of, trainings

from pathgan.config.runs.run import TrainedRun
from pathgan.files import sha256_of
from pathgan.training.run_training import Job, Work, train_run

PRECISIONS = ("fp32", "tf32", "bf16")
WARM_UP = 5  # steps in which kernels are chosen, at most
PRECISION_S = 10.0  # after which a training's steps in one precision end, given the fewest
FEWEST = 3
COMPARED = 2  # steps whose losses a GPU and a CPU are compared by
SIDE_BY_SIDE_S = 5.0


# --- steps of training ------------------------------------------------------------------------------------


@dataclass
class Speed:
    """images_s: images per second. gigabytes: the most that tensors took on the GPU. busy: percent of its time.

    last: loss -> its value in the last step.
    """

    images_s: float
    gigabytes: float
    busy: float
    last: dict[str, float]


def speed(run: TrainedRun, precision: str, options: argparse.Namespace) -> Speed:
    run, tf32 = in_precision(run, precision)
    compute = compute_for(run, options.device, options.threads, tf32)
    on_gpu = compute.device.type == "cuda"
    recipe, data = set_up(run, compute)
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    seconds, losses = [], {}
    with utilisation(on_gpu) as samples:
        end = time.perf_counter() + PRECISION_S
        for iteration in range(options.warm_up + options.steps):
            started = time.perf_counter()
            if started > end and iteration >= FEWEST:
                break
            batch = data.batch(iteration)
            losses = recipe.step(batch)
            finish(compute)
            seconds.append(time.perf_counter() - started)
    last = {name: float(loss) for name, loss in losses.items()}
    if not np.isfinite(list(last.values())).all():
        raise ArithmeticError(f"a loss is not finite after {len(seconds)} steps: {last}")
    n_images = len(next(iter(batch.values())))
    gigabytes = torch.cuda.max_memory_allocated() / 1e9 if on_gpu else float("nan")
    return Speed(
        n_images / median(seconds[min(options.warm_up, len(seconds) // 2) :]),
        gigabytes,
        mean(samples) if samples else float("nan"),
        last,
    )


def _pair(first: float, second: float, digits: str) -> str:
    return "-" if np.isnan(first) else f"{first:{digits}}, {second:{digits}}"


@contextmanager
def utilisation(on_gpu: bool) -> Iterator[list[float]]:
    """Percent of the time that the GPU is at work, sampled ten times a second; filled at the end."""
    samples: list[float] = []
    if not on_gpu:
        yield samples
        return
    query = ["nvidia-smi", "--id=0", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--loop-ms=100"]
    with subprocess.Popen(query, stdout=subprocess.PIPE, text=True) as sampler:
        try:
            yield samples
        finally:
            sampler.terminate()
            samples += [float(line) for line in (sampler.stdout or ()) if line.strip().isdigit()]


def difference_from_cpu(run: TrainedRun, options: argparse.Namespace) -> float:
    """The largest relative difference of a loss in the first steps, without dropout."""
    losses = []
    for device in (options.device, "cpu"):
        compute = compute_for(run, device, options.cpu_threads)
        recipe, data = set_up(run, compute, dropout=False)
        steps = [recipe.step(data.batch(iteration)) for iteration in range(COMPARED)]
        losses.append([[float(step[name]) for name in recipe.loss_names] for step in steps])
    ours, wanted = np.array(losses)
    return float((np.abs(ours - wanted) / np.maximum(np.abs(wanted), 1e-6)).max())


def steps(report: Report) -> None:
    options = report.options
    section = Section(
        "Training steps",
        f"Medians of {options.steps} steps after {options.warm_up}, or of fewer where they take longer than "
        f"{PRECISION_S:g} s. Images are those of a step; with a critic, of all its updates. Memory is the most that "
        "tensors took.",
        [
            "training",
            "images",
            *(f"{name} [images/s]" for name in PRECISIONS),
            *("memory, fp32 and bf16 [GB]", "GPU at work, fp32 and bf16 [%]", "losses, fp32 and bf16"),
        ],
    )
    for name, run in chosen(options).items():

        def row(run: TrainedRun = run) -> Row:
            found = {precision: speed(run, precision, options) for precision in PRECISIONS}
            first, last = found["fp32"], found["bf16"]
            return [
                f"{run.training.batch_size} of {run.training.crop_px} px",
                *(f"{one.images_s:.1f}" for one in found.values()),
                _pair(first.gigabytes, last.gigabytes, ".1f"),
                _pair(first.busy, last.busy, ".0f"),
                "; ".join(f"{loss} {value:.3g}, {last.last[loss]:.3g}" for loss, value in first.last.items()),
            ]

        report.add(section, name, row)


def beside_the_cpu(report: Report) -> None:
    """Last, as a CPU may take minutes for what a GPU does in a second."""
    section = Section(
        "Losses beside the CPU's",
        f"The largest relative difference of a loss in the first {COMPARED} steps in fp32, without dropout.",
        ["training", "difference"],
    )
    for name, run in chosen(report.options).items():
        report.add(section, name, lambda run=run: [f"{difference_from_cpu(run, report.options):.1e}"])


def chosen(options: argparse.Namespace) -> dict[str, TrainedRun]:
    found = trainings(options.preset)
    return {name: run for name, run in found.items() if not options.recipes or run.recipe in options.recipes}


# --- whole trainings --------------------------------------------------------------------------------------


def a_training(options: argparse.Namespace) -> TrainedRun:
    """A paired one, cut into some seconds with several checkpoints."""
    run = next(run for name, run in trainings(options.preset).items() if name.startswith("paired"))
    often = 1e-9 if options.preset == "demo" else 0.01
    changes = {
        "iterations": max(12, options.steps),
        "epochs": None,
        "history_every": 1,
        "checkpoint_minutes": often,
    }
    return run.model_copy(update={"training": run.training.model_copy(update=changes)})


def train_whole(options: argparse.Namespace, folder: Path) -> None:
    """In a process of its own: from the first iteration, or the last checkpoint, to weights and history."""
    run = a_training(options)
    job = Job(seed=0, state_dir=folder / "state", device=options.device, threads=options.threads)
    outputs = {name: folder / file for name, file in run.exports.items()}
    train_run(run, Work(sources_of(run), job, outputs), set_up_of(run))  # type: ignore[arg-type]


def resume(report: Report) -> None:
    section = Section(
        "Stopped and resumed", "SIGKILL after the first checkpoint, then the same command.", ["what", "result"]
    )
    report.add(
        section, "weights and losses of a training that was killed", lambda: [_killed_and_resumed(report.options)]
    )


def _killed_and_resumed(options: argparse.Namespace) -> str:
    with tempfile.TemporaryDirectory() as name:
        hashes = []
        for kill in (False, True):
            folder = Path(name) / str(kill)
            folder.mkdir()
            if kill:
                with start(options, "--train", str(folder), stderr=subprocess.PIPE) as process:
                    line = next((line for line in process.stderr or () if "saved iteration" in line), "")
                    process.kill()
                if process.returncode != -signal.SIGKILL:
                    raise RuntimeError("the training ended before it was killed")
                print(line.strip())
            with start(options, "--train", str(folder), stderr=subprocess.PIPE) as process:
                said = process.communicate()[1]
            if process.returncode:
                raise RuntimeError(said.strip().splitlines()[-1])
            if kill and "resumed at iteration" not in said:
                raise RuntimeError("the training began anew after it was killed")
            files = sorted(path for path in folder.iterdir() if path.is_file())
            hashes.append({path.name: sha256_of(path) for path in files})
    if hashes[0] != hashes[1]:
        raise ArithmeticError("a training that was killed and resumed left other bytes than one that was not")
    return f"the same bytes in {len(hashes[0])} of {len(hashes[0])} files"


def start(options: argparse.Namespace, *arguments: str, **pipes: Any) -> subprocess.Popen[str]:
    """This script in a process of its own."""
    command = [sys.executable, __file__, *arguments]
    for name in ("device", "preset", "steps", "threads"):
        command += [f"--{name}", str(getattr(options, name))]
    return subprocess.Popen(command, text=True, **pipes)


def count_steps(options: argparse.Namespace) -> None:
    """In a process of its own: says when it is ready, and once told to go, how many images per second it trained on."""
    run = a_training(options)
    compute = compute_for(run, options.device, options.threads)
    recipe, data = set_up(run, compute)
    n, seconds = 0, options.steps * SIDE_BY_SIDE_S / 50
    for iteration in range(options.warm_up):
        recipe.step(data.batch(iteration))
    finish(compute)
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    while time.perf_counter() < started + seconds:
        recipe.step(data.batch(n))
        finish(compute)
        n += 1
    print(json.dumps(n * run.training.batch_size / (time.perf_counter() - started)), flush=True)


def side_by_side(options: argparse.Namespace, n: int) -> float:
    """Images per second of n processes together."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [start(options, "--count-steps", **pipes) for _ in range(n)]
    try:
        for process in processes:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RuntimeError("a process ended before it was ready")
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return sum(float(process.communicate()[0]) for process in processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def two_processes(report: Report) -> None:
    section = Section(
        "Two trainings on one device",
        "Each in a process of its own, at the same time; `paired` in fp32.",
        ["what", "one [images/s]", "two together [images/s]", "two against one"],
    )

    def row() -> Row:
        one, two = side_by_side(report.options, 1), side_by_side(report.options, 2)
        return [f"{one:.1f}", f"{two:.1f}", f"{two / one:.2f}x"]

    report.add(section, "trainings", row)


# --- tests ----------------------------------------------------------------------------------------------


def tests(report: Report) -> None:
    if report.options.device == "cpu":  # none of them runs there
        return
    section = Section("Tests", "`pytest -m gpu tests/test_devices.py`", ["what", "result"])

    def row() -> Row:
        path = os.pathsep.join([str(ROOT / "src"), *sys.path])
        options = ["-m", "gpu", "-p", "no:cacheprovider"]
        command = [sys.executable, "-m", "pytest", *options, str(ROOT / "tests/test_devices.py")]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
        last = (done.stdout.strip().splitlines() or [done.stderr.strip()])[-1]
        if done.returncode:
            print(done.stdout[-6000:])
            raise RuntimeError(last)
        return [last]

    report.add(section, "tests", row)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="paper", help="whose sizes: paper, or demo")
    parser.add_argument("--steps", type=int, default=50, help="of each training and precision")
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--threads", type=int, default=1, help="of torch beside the GPU")
    parser.add_argument(
        "--cpu-threads", type=int, default=os.cpu_count(), help="where a CPU repeats the GPU's first steps"
    )
    parser.add_argument("--recipes", nargs="*", help="whose steps to measure; all by default")
    parser.add_argument("--minutes", type=float, default=8.5, help="after which no further measurement begins")
    parser.add_argument("--out", type=Path, default=HERE / "gpu.md")
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--count-steps", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.warm_up = min(WARM_UP, options.steps)
    if options.device == "gpu" and not torch.cuda.is_available():
        parser.error("torch finds no GPU; to try the script without one: --device cpu --preset demo --steps 2")
    if options.train:
        import logging

        logging.basicConfig(level=logging.INFO)
        train_whole(options, options.train)
        return 0
    if options.count_steps:
        count_steps(options)
        return 0
    report = Report(options)
    for part in (tests, resume, steps, together, two_processes, beside_the_cpu):
        part(report)
    print(f"{options.out}, Python {platform.python_version()}")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
