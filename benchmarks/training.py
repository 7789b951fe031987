"""A training step of CycleGAN beside the reference repository's own, and style transfer side by side or one by one.

`python benchmarks/training.py --reference FOLDER` writes benchmarks/training.md; FOLDER is a clone of
pytorch-CycleGAN-and-pix2pix. Each measurement is a process of its own, so that its memory is its own; rounds alternate.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from paper_trainings import finish
from timing import machine

from pathgan.config.runs.cycle_run import CycleRun
from pathgan.config.runs.style_run import StyleRun
from pathgan.networks.vgg import StyleFeatures
from pathgan.recipes.cycle import CycleTranslation
from pathgan.sampling.lbfgs import minimise
from pathgan.sampling.style_transfer import StyleLoss
from pathgan.training.devices import Compute, compute_on
from pathgan.training.resident_data import TrainingData, Unpaired

HERE = Path(__file__).parent
ROUNDS, N_STYLED = 2, 16
OF_THE_REFERENCE = {  # its options, as its command line would set them
    "isTrain": True,
    "checkpoints_dir": ".",
    "name": "none",
    "preprocess": "none",
    "direction": "AtoB",
    "input_nc": 3,
    "output_nc": 3,
    "ngf": 64,
    "ndf": 64,
    "netG": "resnet_9blocks",
    "netD": "basic",
    "n_layers_D": 3,
    "norm": "instance",
    "no_dropout": True,
    "init_type": "normal",
    "init_gain": 0.02,
    "gan_mode": "vanilla",
    "lambda_A": 10.0,
    "lambda_B": 10.0,
    "lambda_identity": 0.0,
    "pool_size": 50,
    "lr": 2e-4,
    "beta1": 0.5,
}
REPORT = """# Training and style transfer beside their peers

Written by `benchmarks/training.py` on {device}, {threads} thread(s). CycleGAN at {px} px, batch 1, width 64, ResNet-9,
log loss, pool of 50; {steps} steps in each of {rounds} rounds that alternate, after one to warm up. The
reference is pytorch-CycleGAN-and-pix2pix, its networks, losses and order of updates, fed with random images; ours also
draws, enlarges, crops and flips its images. Memory is the peak of the process, on a GPU that of the tensors.

| a training step | seconds, median | memory [GB] |
|---|---:|---:|
| pathgan | {ours:.2f} | {ours_gb:.2f} |
| reference | {theirs:.2f} | {theirs_gb:.2f} |

Ratio of medians: {ratio:.2f} of the reference's time ({verdict}).

Style transfer of {styled} images of {px} px, VGG-19, {iterations} iterations, seconds an image and iteration:

| how | seconds | against one by one |
|---|---:|---:|
| side by side, pathgan | {together:.3f} | {speed_up:.2f}x (wanted: 2x{style_verdict}) |
| one by one, pathgan | {alone:.3f} | 1 |
| one by one, torch.optim.LBFGS | {torchs:.3f} | {torchs_speed_up:.2f}x |

{machine}
"""


def our_step(options: argparse.Namespace, compute: Compute) -> Callable[[int], Any]:
    training = {"iterations": 1, "load_px": options.px + 30, "crop_px": options.px, "augment": "flips"}
    run = CycleRun.model_validate(
        {
            "recipe": "cycle",
            "source": "a",
            "target": "b",
            "losses": [{"kind": "adversarial"}, {"kind": "cycle"}],
            "training": training,
        }
    )
    recipe = CycleTranslation(run, compute)
    images = np.random.default_rng(0).integers(0, 256, (2, 8, options.px, options.px, 3), dtype=np.uint8)
    data = Unpaired(
        *(
            TrainingData({"image": field}, 1, options.px, "flips", seed, compute.device, options.px + 30)
            for seed, field in enumerate(images)
        )
    )
    return lambda iteration: recipe.step(data.batch(iteration))


def their_step(options: argparse.Namespace, compute: Compute) -> Callable[[int], Any]:
    sys.path.insert(0, str(options.reference))
    from models.cycle_gan_model import CycleGANModel

    model = CycleGANModel(SimpleNamespace(**OF_THE_REFERENCE, gpu_ids=[0] if compute.device.type == "cuda" else []))
    images = torch.rand(2, 8, 1, 3, options.px, options.px) * 2 - 1

    def step(iteration: int) -> None:
        place = iteration % 8
        model.set_input({"A": images[0, place], "B": images[1, place], "A_paths": "", "B_paths": ""})
        model.optimize_parameters()

    return step


def styled(options: argparse.Namespace, compute: Compute, how: str) -> float:
    """Seconds an image and iteration."""
    random = torch.Generator().manual_seed(0)
    contents, styles = torch.rand(2, N_STYLED, 3, options.px, options.px, generator=random).to(compute.device)
    features = StyleFeatures("vgg19").eval().requires_grad_(False).to(compute.device)
    run = StyleRun(recipe="style", source="a", target="b")
    batch = N_STYLED if how == "together" else 1

    def fit(iterations: int) -> None:
        for start in range(0, N_STYLED, batch):
            part = slice(start, start + batch)
            loss = StyleLoss(run, features, contents[part], styles[part], compute)
            if how == "torchs":
                torchs_own(loss, contents[part], iterations)
            else:
                minimise(loss, contents[part], iterations)

    fit(1) if compute.device.type == "cuda" else None  # kernels are chosen at the first call
    finish(compute)
    started = time.perf_counter()
    fit(options.iterations)
    finish(compute)
    return (time.perf_counter() - started) / N_STYLED / options.iterations


def torchs_own(loss: StyleLoss, content: torch.Tensor, iterations: int) -> None:
    image = content.clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS([image], max_iter=iterations, max_eval=10 * iterations)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss(image).sum()
        value.backward()
        return value

    optimizer.step(closure)


def missed(ratio: float, wanted: float) -> str:
    return f"wanted: {wanted:g} or less" + (", MISSED" if ratio > wanted else "")


def measure(options: argparse.Namespace) -> None:
    """One measurement, in this process; prints JSON."""
    compute = compute_on("auto", options.threads, "fp32")
    torch.set_deterministic_debug_mode("default")  # the reference has operations without a deterministic form
    if options.measure in ("ours", "theirs"):
        step = {"ours": our_step, "theirs": their_step}[options.measure](options, compute)
        seconds = []
        for iteration in range(options.steps + 1):
            started = time.perf_counter()
            step(iteration)
            finish(compute)
            seconds.append(time.perf_counter() - started)
        result: Any = seconds[1:]
    else:
        result = [styled(options, compute, options.measure)]
    if compute.device.type == "cuda":
        gigabytes = torch.cuda.max_memory_allocated() / 1e9
    else:
        gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"seconds": result, "gb": gigabytes, "device": str(compute.device.type)}))


def measured(options: argparse.Namespace, what: str) -> dict[str, Any]:
    flags = ("threads", "px", "steps", "iterations", "reference")
    command = [sys.executable, __file__, "--measure", what]
    command += [text for flag in flags for text in (f"--{flag}", str(getattr(options, flag)))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, required=True, help="a clone of pytorch-CycleGAN-and-pix2pix")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--px", type=int, default=256)
    parser.add_argument("--steps", type=int, default=3, help="measured in each round")
    parser.add_argument("--iterations", type=int, default=2, help="of style transfer")
    parser.add_argument("--out", type=Path, default=HERE / "training.md")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options)
        return
    rounds = [{what: measured(options, what) for what in ("ours", "theirs")} for _ in range(ROUNDS)]
    ours, theirs = ([s for each in rounds for s in each[what]["seconds"]] for what in ("ours", "theirs"))
    memory = {what: max(each[what]["gb"] for each in rounds) for what in ("ours", "theirs")}
    style = {what: measured(options, what)["seconds"][0] for what in ("together", "alone", "torchs")}
    report = REPORT.format(
        device={"cpu": "a CPU", "cuda": "a GPU"}[rounds[0]["ours"]["device"]],
        threads=options.threads,
        px=options.px,
        steps=options.steps,
        rounds=ROUNDS,
        ours=median(ours),
        theirs=median(theirs),
        ours_gb=memory["ours"],
        theirs_gb=memory["theirs"],
        ratio=median(ours) / median(theirs),
        verdict=missed(median(ours) / median(theirs), 1.0),
        style_verdict=", MISSED" if style["alone"] < 2 * style["together"] else "",
        styled=N_STYLED,
        iterations=options.iterations,
        **style,
        speed_up=style["alone"] / style["together"],
        torchs_speed_up=style["alone"] / style["torchs"],
        machine=machine("torch"),
    )
    options.out.write_text(report)
    print(report)


if __name__ == "__main__":
    main()
