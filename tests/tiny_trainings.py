"""Two runs that train in a second, and what a training of them leaves."""

from __future__ import annotations

import shutil
from pathlib import Path

from doing import train_run
from pathgan.config.network_options import PatchGAN, SegNet, UNet
from pathgan.config.runs.paired_run import PairedRun, Pixel, Sharpness, Smoothness
from pathgan.config.runs.segmentation_run import SegmentationRun
from pathgan.config.training_options import Adversarial, Training
from pathgan.networks.segnet import segnet_of
from pathgan.networks.unet import unet_of
from pathgan.recipes import paired, segmentation
from pathgan.training.run_training import Job

ITERATIONS = 7
EVERY_STEP = 1e-9  # minutes: a checkpoint after each iteration


def gan(**changes):
    training = {
        "iterations": ITERATIONS,
        "batch_size": 2,
        "crop_px": 16,
        "augment": "flips",
        "history_every": 3,
        "checkpoint_minutes": EVERY_STEP,
        "learning_rate": 1e-3,
    }
    return PairedRun(
        recipe="paired",
        dataset="phantom",
        condition="skeleton_map",
        generator=UNet(width=4, dropout=0.5),  # dropout draws from torch's generator: it must resume too
        discriminator=PatchGAN(width=4, layers=1),
        losses=(
            Adversarial(kind="adversarial"),
            Pixel(kind="pixel", weight=10),
            Smoothness(kind="smoothness"),
            Sharpness(kind="sharpness"),
        ),
        training=Training(**{**training, **changes}),
    )


def segnet(**changes):
    training = {
        "iterations": ITERATIONS,
        "batch_size": 3,
        "crop_px": 16,
        "augment": "traditional",
        "history_every": 2,
        "checkpoint_minutes": EVERY_STEP,
        "learning_rate": 0.05,
    }
    return SegmentationRun(
        recipe="segmentation",
        train_on=("phantom",),
        network=SegNet(width=4, stages=2),
        training=Training(**{**training, **changes}),
    )


RUNS = {"gan": (gan, paired.Paired), "segnet": (segnet, segmentation.Segmentation)}


def result(folder: Path) -> bytes:
    return (folder / "weights.safetensors").read_bytes() + (folder / "history.csv").read_bytes()


def outputs(folder):
    return {"weights": folder / "weights.safetensors", "history": folder / "history.csv"}


def train(run, source, folder: Path, seed: int = 0, device: str = "cpu") -> bytes:
    job = Job(seed=seed, state_dir=folder / "state", device=device, threads=1)
    train_run(run, [source], job, outputs(folder))
    shutil.rmtree(job.state_dir)  # as the script does
    return result(folder)


def build_gan(run):
    return unet_of(run.generator, run.training.crop_px)


def build_segnet(run):
    return segnet_of(run.network, run.training.crop_px)
