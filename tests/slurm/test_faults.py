"""What happens on clusters, at random moments of a training: it ends in the bytes of the one that nothing happened to.

Each fault may cost one re-issued command, never a hang, a job that nobody waits for, or two writers at a time.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil
import pytest
from checkouts import snakemake
from cluster import NODE, Cluster
from trainings import HANG_S, ITERATIONS, MODEL, TARGET, Running, Witness, outputs, processes_in, project

from pathgan.provenance.places import record_path

MOMENTS = 3  # of each fault; one is in CI: the first, or where it took longest another
IN_CI = {"scancel": 1, "time-out": 1, "--unlock while the job lives": 1, "disk full in state/": 1}
LONGER = {"time-out": 4_000}  # SLURM looks for overdue jobs every 30 s
TOGETHER_S = 3.0  # for which a trainer may meet another one: one that the lease turns away needs a second to end


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], dict[str, str]]:
    """Iterations -> sha256 of the outputs of a run without SLURM and without faults."""

    @cache
    def train(n_iterations: int) -> dict[str, str]:
        folder = project(prepared, tmp_path_factory.mktemp("undisturbed"), n_iterations, {})
        snakemake(folder, TARGET)
        return outputs(folder)

    return train


# --- faults -----------------------------------------------------------------------------------------------


def scancelled(run: Running) -> None:
    run.cluster.do("scancel", run.job())


def timed_out(run: Running) -> None:
    run.cluster.do("scontrol", "update", f"JobId={run.job()}", "EndTime=now")


def terminated(run: Running) -> None:
    run.trainer().send_signal(signal.SIGTERM)


def killed(run: Running) -> None:
    run.trainer().kill()


def node_down(run: Running) -> None:
    """As if somebody pulled the plug: its daemon and all that runs below it are gone; it is back once SLURM noticed."""
    run.cluster.stop("slurmd", signal.SIGKILL)
    daemons = [process for process in psutil.process_iter() if process.name() == "slurmstepd"]
    for process in [*daemons, *(child for daemon in daemons for child in daemon.children(recursive=True))]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    run.cluster.wait_until(
        lambda: "down" in run.cluster.ask("sinfo", "--noheader", "--format=%T"), "the node to be missed"
    )
    run.cluster.start("slurmd")


def node_drained(run: Running) -> None:
    run.cluster.do("scontrol", "update", f"NodeName={NODE}", "State=DRAIN", "Reason=test")
    time.sleep(5)
    run.cluster.do("scontrol", "update", f"NodeName={NODE}", "State=RESUME")


def controller_restarted(run: Running) -> None:
    run.cluster.stop("slurmctld", signal.SIGKILL)
    time.sleep(3)
    run.cluster.start("slurmctld")


def preempted(run: Running) -> None:
    cpus = str(run.cluster.cpus)
    run.cluster.do("sbatch", "--partition=urgent", f"--ntasks={cpus}", "--output=/dev/null", "--wrap=sleep 3")


def out_of_memory(run: Running) -> None:
    """Nothing to do: the first attempt asks for less than it needs (see `RESOURCES`)."""


def interrupted(run: Running) -> None:
    os.killpg(run.snakemakes[-1].pid, signal.SIGINT)


def snakemake_terminated(run: Running) -> None:
    run.snakemakes[-1].terminate()


def snakemake_killed(run: Running) -> None:
    run.snakemakes[-1].kill()


def unlocked(run: Running) -> None:
    snakemake(run.folder, "--unlock")
    run.start()


def disk_full(run: Running) -> None:
    """Fills the small disk that `state` lies on, until the job has failed; then somebody tidies up."""
    filler = run.folder / MODEL / "state" / "filler"
    with suppress(OSError), filler.open("wb") as file:
        while True:
            file.write(bytes(4096))
            file.flush()
    run.snakemakes[-1].wait(HANG_S)
    filler.unlink()


FAULTS: dict[str, Callable[[Running], None]] = {
    "scancel": scancelled,
    "time-out": timed_out,
    "SIGTERM of the job": terminated,
    "SIGKILL of the job": killed,
    "out of memory": out_of_memory,
    "node down": node_down,
    "node drained": node_drained,
    "slurmctld restarted": controller_restarted,
    "preempted, requeued": preempted,
    "preempted, cancelled": preempted,
    "SIGINT of Snakemake": interrupted,
    "SIGTERM of Snakemake": snakemake_terminated,
    "SIGKILL of Snakemake": snakemake_killed,
    "--unlock while the job lives": unlocked,
    "disk full in state/": disk_full,
}
STATES = {"scancel": "CANCELLED", "time-out": "TIMEOUT", "preempted, cancelled": "PREEMPTED", "out of memory": "FAILED"}
PUT_BACK = ("node down", "preempted, requeued")  # into the queue, by SLURM itself
RESOURCES = {
    "preempted, requeued": {"slurm_partition": "spare"},
    "preempted, cancelled": {"slurm_partition": "scavenge"},
    "out of memory": {"mem_mb": "200 if attempt == 1 else 3000"},
}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Where `state` lies on a disk of its own with room for some checkpoints."""
    folder = tmp_path / "project" / MODEL / "state"
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize(
    ("fault", "moment"),
    [
        pytest.param(
            fault, moment, marks=[] if moment == IN_CI.get(fault, 0) else [pytest.mark.thorough], id=f"{fault}-{moment}"
        )
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
    if fault == "disk full in state/":
        request.getfixturevalue("small_disk")
    n_iterations = LONGER.get(fault, ITERATIONS)
    retries = 0 if fault == "disk full in state/" else 2  # each would find the disk as full
    folder = project(prepared, tmp_path / "project", n_iterations, RESOURCES.get(fault, {}), retries)
    run = Running(cluster, folder)
    wanted = undisturbed(n_iterations)
    iteration = random.Random(f"{fault} {moment}").randint(ITERATIONS // 10, ITERATIONS * 8 // 10)
    started = time.monotonic()
    with Witness(run.folder) as witness:
        run.start()
        if fault != "out of memory":
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
    cluster.wait_until(lambda: not cluster.ask("squeue", "--noheader"), "an empty queue")
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
