"""A training of some seconds under SLURM, that tests disturb and watch."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml
from checkouts import ROOT, checkout, snakemake
from cluster import Cluster

from pathgan.files import sha256_of
from small_papers import CELLS, GAN

HANG_S = 360.0
OFTEN = Path(__file__).with_name("often.py")  # Snakemake that asks SLURM often
PATIENCE_S = 30  # of Snakemake with SLURM, which requeues a job within seconds
ITERATIONS = 500
DATA = "results/demo/tiny/data/cells.h5"
MODEL = Path("results/demo/tiny/models/gan/seed0")
TARGET = f"{MODEL}/generator.safetensors"
LOG = Path("results/demo/logs/tiny/train_paired/gan/seed0.log")

PAPER: dict[str, Any] = {
    "title": "A training of some seconds",
    "cite": "nobody",
    "caveat": "a test",
    "datasets": {"cells": CELLS},
    "runs": {
        "gan": {
            **GAN,
            "generator": {"width": 8},
            "discriminator": {"width": 8, "layers": 1},
            "training": {
                "iterations": ITERATIONS,
                "batch_size": 4,
                "crop_px": 32,
                "history_every": 1,
                "checkpoint_minutes": 0.03,
            },
        }
    },
    "scores": {},
    "tables": {},
    "figures": {},
    "sources": {"runs.*": "ours: a test"},
    "presets": {"demo": {}, "paper": {}},
}


def with_data(folder: Path) -> None:
    """Makes a checkout in which all but the training is done."""
    checkout(folder, {"tiny": PAPER})
    (folder / "slurm").symlink_to("profiles/slurm")
    snakemake(folder, DATA)


def project(
    prepared: Path, folder: Path, n_iterations: int, resources: Mapping[str, str | int], retries: int = 2
) -> Path:
    """A copy of `prepared` that trains for so long, and whose profile asks SLURM soon, and for `resources`."""
    shutil.copytree(prepared, folder, symlinks=True, dirs_exist_ok=True)
    paper = copy.deepcopy(PAPER)
    paper["runs"]["gan"]["training"]["iterations"] = n_iterations
    (folder / "config" / "papers" / "tiny.yaml").write_text(yaml.safe_dump(paper, sort_keys=False))
    path = folder / "profiles" / "slurm" / "config.yaml"
    profile = yaml.safe_load(path.read_text())
    profile |= {"slurm-init-seconds-before-status-checks": 2, "seconds-between-status-checks": 1, "latency-wait": 10}
    profile["retries"] = retries
    if resources:
        profile["set-resources"] = {"train_paired": dict(resources)}
    path.write_text(yaml.safe_dump(profile))
    path = path.with_name("cluster.yaml")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"patience_s": PATIENCE_S}))
    return folder


def give_gpus(folder: Path, partition: str, others: str) -> None:
    """Uncomments the block for GPUs in the profile, as a user does, and names partitions in it."""
    text = (ROOT / "profiles/slurm/config.yaml").read_text()
    block = re.search(r"^# (set-resources:\n(?:#   .*\n)+)", text, re.MULTILINE)
    assert block is not None
    wanted = block[1].replace("\n# ", "\n").replace("YOUR_GPU_PARTITION", partition).replace("YOUR_PARTITION", others)
    path = folder / "profiles/slurm/config.yaml"
    profile = yaml.safe_load(path.read_text()) | yaml.safe_load(wanted)
    path.write_text(yaml.safe_dump(profile))


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    """The output of Snakemake, which ends with `code`."""
    command = [sys.executable, OFTEN, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=1800)
    output = done.stdout + done.stderr
    assert done.returncode == code, output[-4000:]
    return output


def outputs(folder: Path) -> dict[str, str]:
    return {name: sha256_of(folder / MODEL / name) for name in ("generator.safetensors", "history.csv")}


@dataclass
class Running:
    """A training under way: the cluster, the checkout, and Snakemake."""

    cluster: Cluster
    folder: Path
    snakemakes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        """Of a test that failed, nothing goes on."""
        for process in self.snakemakes:
            process.kill()
            process.wait()

    def start(self) -> subprocess.Popen[bytes]:
        # A group of its own, as a terminal gives: a signal to it must not reach the tests.
        output = (self.folder / f"snakemake-{len(self.snakemakes)}.out").open("wb")
        command = [sys.executable, OFTEN, "--profile", "slurm", TARGET]
        with output:
            process = subprocess.Popen(command, cwd=self.folder, stdout=output, stderr=output, start_new_session=True)
        self.snakemakes.append(process)
        return process

    def said(self) -> str:
        return "\n".join(path.read_text()[-3000:] for path in sorted(self.folder.glob("snakemake-*.out")))

    def wait_for(self, iteration: int) -> None:
        """Until the training in progress has done `iteration` iterations."""
        end = time.monotonic() + HANG_S
        while not any(number >= iteration for number in iterations(self.folder)):
            assert time.monotonic() < end, f"no iteration {iteration}: {self.said()}"
            assert self.snakemakes[-1].poll() is None, f"ended before iteration {iteration}: {self.said()}"
            time.sleep(0.1)

    def job(self) -> str:
        """The id of the SLURM job that trains."""
        jobs = self.jobs("RUNNING", "%A|%k").splitlines()
        return next(line.split("|")[0] for line in jobs if "train_paired" in line)

    def jobs(self, states: str, columns: str) -> str:
        """Lines of `squeue` about the jobs of this folder that are in one of `states`."""
        lines = self.cluster.ask("squeue", "--noheader", f"--states={states}", f"--format=%Z|{columns}").splitlines()
        prefix = f"{self.folder}|"
        return "\n".join(line.removeprefix(prefix) for line in lines if line.startswith(prefix))

    def states(self) -> str:
        """Of all SLURM jobs of this training."""
        return self.jobs("all", "%T")

    def trainer(self) -> psutil.Process:
        """The process that trains, below srun and Snakemake."""
        return next(process for process in processes_in(self.folder) if ".train.py" in " ".join(process.cmdline()))


def processes_in(folder: Path) -> list[psutil.Process]:
    """Living processes whose working directory is `folder`."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def iterations(folder: Path) -> list[int]:
    log = folder / LOG
    text = log.read_text() if log.exists() else ""
    return [int(number) for number in re.findall(r"loop: iteration (\d+):", text)]


class Witness(threading.Thread):
    """Sees for how long two processes hold the log of the training at a time, as two writers would."""

    def __init__(self, folder: Path):
        super().__init__(daemon=True)
        self.folder, self.together_s = folder, 0.0
        self._stop_now = threading.Event()

    def run(self) -> None:
        since: dict[frozenset[int], float] = {}
        while not self._stop_now.wait(0.3):
            now, trainers = time.monotonic(), frozenset(self._trainers())
            since = {trainers: since.get(trainers, now)} if len(trainers) > 1 else {}
            self.together_s = max(self.together_s, *(now - start for start in since.values()), 0.0)

    def _trainers(self) -> Iterator[int]:
        for process in processes_in(self.folder):
            with suppress(OSError, psutil.Error):  # Snakemake removes the log of an earlier attempt, but it stays open
                files = [str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
                if ".train.py" in " ".join(process.cmdline()) and any(LOG.as_posix() in name for name in files):
                    yield process.pid

    def __enter__(self) -> Witness:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_now.set()
        self.join()
