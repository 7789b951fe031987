"""`snakemake --profile slurm` on a real cluster: a paper's demo, what is refused before submission."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from checkouts import PARTS, ROOT
from cluster import Cluster
from trainings import HANG_S, ITERATIONS, TARGET, Running, give_gpus, project, run

PAPER = "migan"
TABLES = Path(f"results/demo/{PAPER}/tables")
MOST_JOBS = 30  # of 48 without packing


def whole(folder: Path) -> Path:
    """A copy of the project with its papers."""
    folder.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)
    (folder / "slurm").symlink_to("profiles/slurm")
    return folder


def test_a_papers_demo_has_the_tables_of_a_local_run(cluster: Cluster, tmp_path: Path) -> None:
    local = ROOT
    if not (ROOT / TABLES).is_dir():  # `make demo` has made them where it ran before
        local = whole(tmp_path / "local")
        run(local, "--cores", "all", PAPER)
    folder = whole(tmp_path / "slurm")
    run(folder, "--profile", "slurm", PAPER)
    names = sorted(path.name for path in (local / TABLES).glob("*.csv"))
    assert len(names) > 3
    for name in names:
        assert (folder / TABLES / name).read_bytes() == (local / TABLES / name).read_bytes(), name
    jobs = cluster.ask("squeue", "--noheader", "--states=all", "--format=%A|%Z").splitlines()
    assert 0 < sum(job.endswith(f"|{folder}") for job in jobs) <= MOST_JOBS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--default-resources", "slurm_partition=cpuu"], "no partition 'cpuu' on this cluster; there are: brief, cpu"),
        (["--set-resources", "train_paired:slurm_partition=brief"], "partition 'brief' ends jobs after 1 min"),
        (["--set-resources", "train_paired:runtime=2"], "2 min leave no time to train"),
    ],
)
def test_what_slurm_would_never_start_is_refused_in_one_line(
    arguments: list[str], message: str, cluster: Cluster, prepared: Path, tmp_path: Path
) -> None:
    folder = project(prepared, tmp_path / "project", ITERATIONS, {})
    output = run(folder, "--profile", "slurm", *arguments, "--", TARGET, code=1)
    assert sum(message in line for line in output.splitlines()) == 1
    assert "Traceback" not in output
    assert "has been submitted" not in output


def test_a_job_that_asks_for_a_gpu_gets_it(cluster: Cluster, prepared: Path, tmp_path: Path) -> None:
    folder = project(prepared, tmp_path / "project", ITERATIONS, {"slurm_partition": "gpu", "gpu": 1})
    running = Running(cluster, folder)
    running.start()
    running.wait_for(1)
    assert "TresPerJob=gres:gpu:1" in cluster.ask("scontrol", "show", "job", running.job())
    assert running.trainer().environ()["CUDA_VISIBLE_DEVICES"] == "0"
    assert running.snakemakes[0].wait(HANG_S) == 0


def test_the_profiles_block_for_gpus_sends_the_preset_paper_there(
    cluster: Cluster, prepared: Path, tmp_path: Path
) -> None:
    folder = project(prepared, tmp_path / "project", 5, {})
    give_gpus(folder, "gpu", "cpu")
    for preset, partition in (("demo", "cpu"), ("paper", "gpu")):
        target = TARGET.replace("demo", preset)
        run(folder, "--profile", "slurm", target)
        jobs = cluster.ask("squeue", "--noheader", "--states=all", "--format=%Z|%k|%A").splitlines()
        (job,) = [job for job in jobs if job.startswith(f"{folder}|rule_train_paired_wildcards_{preset}_")]
        told = cluster.ask("scontrol", "show", "job", job.split("|")[2])
        assert f"Partition={partition}" in told
        assert ("TresPerJob=gres:gpu:1" in told) == (preset == "paper")
