"""Every recipe, on every device that there is: the same bytes each time; on a GPU losses near those of a CPU."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from doing import train_run
from pathgan.stores.source import Source
from pathgan.training.loop import Interrupted
from pathgan.training.run_training import Job
from tiny_trainings import gan, outputs, train

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import gpu_packages
from paper_trainings import compute_for, set_up, trainings

TRAININGS = trainings("demo")
MODULES = {  # of packages that are called otherwise
    "opencv-python-headless": ("cv2",),
    "openslide-bin": ("openslide_bin",),
    "openslide-python": ("openslide",),
    "pillow": ("PIL",),
    "pyyaml": ("yaml",),
    "scikit-image": ("skimage",),
    "scikit-learn": ("sklearn",),
}
NEAR = 1e-3  # relative: sums of a GPU are ordered otherwise
RUN_IN_DOUBLE = ("paired", "segmentation", "noise", "classification")  # recipes that make no tensors of their own
no_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
GPU = pytest.param("gpu", marks=[pytest.mark.gpu, no_gpu])


def trained(
    name: str, device: str, dropout: bool = True, dtype: torch.dtype = torch.float32
) -> tuple[dict[str, Tensor], list[float]]:
    """Weights after a step, on the CPU, and its losses."""
    run = TRAININGS[name]
    recipe, data = set_up(run, compute_for(run, device, 1), dropout)
    for network in recipe.networks.values():
        network.to(dtype)
    batch = {field: value.to(dtype) if value.is_floating_point() else value for field, value in data.batch(0).items()}
    losses = [float(loss) for loss in recipe.step(batch).values()]
    networks = {f"{k}.{key}": value for k, one in recipe.networks.items() for key, value in one.state_dict().items()}
    return {key: value.cpu() for key, value in networks.items()}, losses


@pytest.mark.parametrize("device", ["cpu", GPU])
@pytest.mark.parametrize("name", TRAININGS)
def test_a_step_leaves_the_same_weights_each_time(name: str, device: str) -> None:
    (first, losses), (second, _) = trained(name, device), trained(name, device)
    assert np.isfinite(losses).all()
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[key]) for key, value in first.items())


@pytest.mark.gpu
@no_gpu
@pytest.mark.parametrize("name", TRAININGS)
def test_losses_on_a_gpu_are_near_those_on_a_cpu(name: str) -> None:
    assert trained(name, "gpu", dropout=False)[1] == pytest.approx(reference(name), rel=NEAR)


def reference(name: str) -> list[float]:
    """Losses of the CPU without dropout, in double precision where the recipe can.

    Batch norm over a dozen values leaves ResNet-152 a loss that two counts of CPU threads differ by 7e-4 in.
    """
    double = name.startswith(RUN_IN_DOUBLE)
    return trained(name, "cpu", dropout=False, dtype=torch.float64 if double else torch.float32)[1]


@pytest.mark.parametrize("name", [name for name in TRAININGS if name.startswith(RUN_IN_DOUBLE)])
def test_losses_in_single_precision_are_near_those_in_double(name: str) -> None:
    assert trained(name, "cpu", dropout=False)[1] == pytest.approx(reference(name), rel=NEAR)


@pytest.mark.parametrize("device", ["cpu", GPU])
def test_a_training_resumes_to_the_same_bytes(device: str, phantom_source: Source, tmp_path: Path) -> None:
    whole = train(gan(), phantom_source, tmp_path / "whole", device=device)
    folder = tmp_path / "stopped"
    late = Job(seed=0, state_dir=folder / "state", device=device, threads=1, deadline=0.0)
    for _ in range(3):  # an iteration each
        with pytest.raises(Interrupted):
            train_run(gan(), [phantom_source], late, outputs(folder))
    assert train(gan(), phantom_source, folder, device=device) == whole


@pytest.mark.slow
def test_the_check_of_a_gpu_runs_in_miniature(tmp_path: Path) -> None:
    """Its tables hold numbers for all that can be measured without a GPU."""
    out = tmp_path / "gpu.md"
    command = [sys.executable, str(ROOT / "benchmarks/gpu.py"), "--device", "cpu", "--preset", "demo", "--steps", "1"]
    command += ["--cpu-threads", "1", "--recipes", "noise", "--out", str(out)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    text = out.read_text()
    assert "| the same bytes in 2 of 2 files |" in text
    rows = {
        line.split(" | ")[0].removeprefix("| "): line.split(" | ")[1:] for line in text.splitlines() if " | " in line
    }
    steps, from_itself = (line.split(" | ")[1:] for line in text.splitlines() if line.startswith("| noise, syncgan"))
    assert all(float(cell) > 0 for cell in steps[1:4]), steps
    assert float(from_itself[0].rstrip(" |")) == 0  # the CPU from itself
    for name in ("trainings", "eleven encoders and decoders, forward and backward"):
        assert all(float(cell.rstrip("x |")) > 0 for cell in rows[name])
    assert "Failed" not in text


def test_what_a_machine_lacks_is_taken_from_packed_wheels_or_named(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    packages = tmp_path / "build" / "gpu-packages"
    packages.mkdir(parents=True)
    with zipfile.ZipFile(packages / "pydantic-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("pydantic/__init__.py", "")
    path = str(tmp_path / "benchmarks")
    program = f"import sys; sys.path.insert(0, {path!r}); import gpu_packages; gpu_packages.make_importable()"
    bare = [sys.executable, "-I", "-S"]  # no package at all
    done = subprocess.run([*bare, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    missing = line.partition(": ")[2].partition(";")[0].split(", ")
    assert "pydantic" not in missing
    assert {"pydantic_core", "torch", "h5py"} <= set(missing)
    assert "make gpu-pack" in line


def test_the_check_of_a_gpu_needs_no_other_packages() -> None:
    """Those that a GPU machine may lack are neither packed for it nor asked for."""
    program = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in sys.argv[1:]:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
import gpu, training, separate_planes, conftest
"""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[><=\[ ]", line)[0] for line in dependencies}
    modules = {module for name in names for module in MODULES.get(name, (name.replace("-", "_"),))}
    absent = modules - set(gpu_packages.PACKED.values()) - set(gpu_packages.TOO_LARGE)
    assert {"snakemake", "imagecodecs", "openslide"} <= absent
    path = os.pathsep.join(str(ROOT / name) for name in ("benchmarks", "tests", "src"))
    done = subprocess.run(
        [sys.executable, "-c", program, *absent],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
