"""What happens on clusters, at random moments of a training: it ends in the bytes of the one that nothing happened to.

Each fault may cost one re-issued command, never a hang, a job that nobody waits for, or two writers at a time.
"""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from checkouts import snakemake
from cluster import Cluster
from trainings import HANG_S, ITERATIONS, MODEL, TARGET, Running, Witness, outputs, processes_in, project

from faults import AT_ONCE, FAULTS, PUT_BACK, RESOURCES, STATES
from once import made_once
from pathgan.provenance.places import record_path

MOMENTS = 3  # of each fault; one is in CI: the first, or where it took longest another
IN_CI = {"scancel": 1, "time-out": 1, "--unlock while the job lives": 1, "disk full in state/": 1}
LONGER = {"time-out": 4_000}  # SLURM looks for overdue jobs every 30 s
TOGETHER_S = 3.0  # for which a trainer may meet another one: one that the lease turns away needs a second to end


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], dict[str, str]]:
    """Iterations -> sha256 of the outputs of a run without SLURM and without faults."""

    def train(n_iterations: int) -> dict[str, str]:
        name = f"undisturbed-{n_iterations}"
        return outputs(made_once(tmp_path_factory, name, lambda folder: _train(prepared, folder, n_iterations)))

    return train


def _train(prepared: Path, folder: Path, n_iterations: int) -> None:
    snakemake(project(prepared, folder, n_iterations, {}), TARGET)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Where `state` lies on a disk of its own with room for some checkpoints."""
    folder = tmp_path / "project" / MODEL / "state"
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def _marks(fault: str, moment: int) -> list[pytest.MarkDecorator]:
    thorough = [] if moment == IN_CI.get(fault, 0) else [pytest.mark.thorough]
    return [*thorough, pytest.mark.alone] if fault == "slurmctld restarted" else thorough


@pytest.mark.parametrize(
    ("fault", "moment"),
    [
        pytest.param(fault, moment, marks=_marks(fault, moment), id=f"{fault}-{moment}")
        for fault in FAULTS
        for moment in range(MOMENTS)
    ],
)
def test_a_training_survives(
    fault: str,
    moment: int,
    cluster: Cluster,
    prepared: Path,
    undisturbed: Callable[[int], dict[str, str]],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("fault", fault)
    if fault == "disk full in state/":
        request.getfixturevalue("small_disk")
    n_iterations = LONGER.get(fault, ITERATIONS)
    retries = 0 if fault == "disk full in state/" else 2  # each would find the disk as full
    folder = project(prepared, tmp_path / "project", n_iterations, RESOURCES.get(fault, {}), retries)
    wanted = undisturbed(n_iterations)
    iteration = random.Random(f"{fault} {moment}").randint(ITERATIONS // 10, ITERATIONS * 8 // 10)
    started = time.monotonic()
    with Running(cluster, folder) as run, Witness(folder) as witness:
        run.start()
        if fault not in AT_ONCE:
            run.wait_for(iteration)
            job = run.job()
        FAULTS[fault](run)
        codes = [process.wait(HANG_S) for process in run.snakemakes]
        reissued = not any(code == 0 for code in codes)
        if reissued:
            snakemake(run.folder, "--unlock")
            assert run.start().wait(HANG_S) == 0, run.said()

    assert outputs(run.folder) == wanted
    assert witness.together_s < TOGETHER_S
    cluster.wait_until(lambda: not run.jobs("PENDING,RUNNING,SUSPENDED,COMPLETING", "%A"), "an empty queue")
    cluster.wait_until(lambda: not processes_in(run.folder), f"the end of {processes_in(run.folder)}")
    assert STATES.get(fault, "") in run.states()
    if fault in PUT_BACK:
        assert "Restarts=1" in cluster.ask("scontrol", "show", "job", job)
    tried = json.loads((run.folder / record_path(TARGET)).read_text())["attempts"]
    assert "done" in [attempt.get("outcome") for attempt in tried]
    if fault in ("scancel", "SIGTERM of the job"):  # it saved before it went
        assert any("resumed_at" in attempt for attempt in tried)
    for name, value in (("reissued", reissued), ("seconds", time.monotonic() - started), ("iteration", iteration)):
        record_property(name, value)
