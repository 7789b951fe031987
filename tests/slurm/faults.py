"""What clusters, their administrators and users do to a training."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
from checkouts import snakemake
from cluster import own_node
from trainings import HANG_S, MODEL, Running


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
    job = run.job()
    run.cluster.stop(own_node(), signal.SIGKILL)
    daemons = [process for process in psutil.process_iter() if _is_daemon_of(job, process)]
    for process in [*daemons, *(child for daemon in daemons for child in daemon.children(recursive=True))]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    # SLURM asks nodes in rounds, and waits for those that do not answer: a minute was once too short.
    run.cluster.wait_until(lambda: "down" in _state_of_node(run), "the node to be missed", HANG_S)
    run.cluster.start(own_node())


def _is_daemon_of(job: str, process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess, IndexError):
        return process.name() == "slurmstepd" and f"[{job}." in process.cmdline()[0]
    return False


def _state_of_node(run: Running) -> str:
    return run.cluster.ask("sinfo", f"--nodes={own_node()}", "--noheader", "--format=%T")


def _set_node(run: Running, *changes: str) -> None:
    run.cluster.do("scontrol", "update", f"NodeName={own_node()}", *changes)


def node_drained(run: Running) -> None:
    _set_node(run, "State=DRAIN", "Reason=test")
    time.sleep(5)
    _set_node(run, "State=RESUME")


def controller_restarted(run: Running) -> None:
    """Where it had not written down that the job started, it starts it twice, and drains the node."""
    run.cluster.stop("slurmctld", signal.SIGKILL)
    time.sleep(3)
    run.cluster.start("slurmctld")
    ended = run.snakemakes[-1].poll
    run.cluster.wait_until(lambda: ended() is not None or "drain" in _state_of_node(run), "the end", HANG_S)
    if "drain" in _state_of_node(run):
        _set_node(run, "State=RESUME")


def not_started(run: Running) -> None:
    """What a node does before each job fails there: SLURM holds the job and drains the node, which somebody mends."""
    with run.cluster.prolog_fails(own_node()):
        run.cluster.wait_until(lambda: "held" in run.jobs("PENDING", "%r"), "the job to be held")
    _set_node(run, "State=RESUME")


def preempted(run: Running) -> None:
    cpus = str(run.cluster.cpus)
    where = (f"--chdir={run.folder}", "--output=/dev/null")
    run.cluster.do("sbatch", "--partition=urgent", f"--ntasks={cpus}", *where, "--wrap=sleep 3")


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
    "held after a failed start": not_started,
    "preempted, requeued": preempted,
    "preempted, cancelled": preempted,
    "SIGINT of Snakemake": interrupted,
    "SIGTERM of Snakemake": snakemake_terminated,
    "SIGKILL of Snakemake": snakemake_killed,
    "--unlock while the job lives": unlocked,
    "disk full in state/": disk_full,
}
AT_ONCE = {"out of memory", "held after a failed start"}  # not at some moment of the training
STATES = {"scancel": "CANCELLED", "time-out": "TIMEOUT", "preempted, cancelled": "PREEMPTED", "out of memory": "FAILED"}
PUT_BACK = ("node down", "preempted, requeued")  # into the queue, by SLURM itself
RESOURCES = {
    "preempted, requeued": {"slurm_partition": "spare"},
    "preempted, cancelled": {"slurm_partition": "scavenge"},
    "out of memory": {"mem_mb": "200 if attempt == 1 else 3000"},
}
