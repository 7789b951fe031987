"""Before and while Snakemake's executor for SLURM works: what it does not look at itself.

It submits a job to a partition that does not exist or can never start it, leaves jobs of a killed Snakemake running
beside their successors, and waits for ever for a job that was cancelled by an administrator, preempted for good, or
forgotten by the scheduler.
"""

from __future__ import annotations

import getpass
import logging
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pathgan.errors import ClusterError
from pathgan.jobs import DEADLINE_MARGIN_S

PROFILE = "profiles/slurm/config.yaml"
PATIENCE_S = 90.0  # how long a job may be preempted or unheard of: SLURM needs seconds to put it back into the queue
LEAVE_S = 180.0  # how long cancelled jobs may take to leave: 30 s to save by default, some clusters give more
ENDED = {"COMPLETED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "BOOT_FAIL", "DEADLINE", "CANCELLED"}
log = logging.getLogger("snakemake")


@dataclass
class Partition:
    """limit_min: the longest job [min], None for any."""

    limit_min: float | None
    has_gpu: bool = False


def prepare(workflow: Any) -> None:
    """Checks what is about to be submitted, ends what an earlier Snakemake left, and watches over the executor.

    workflow: Snakemake's own, once it holds the lock of the folder. Does nothing under another executor. Raises
    ClusterError with one line that says what to change.
    """
    if workflow.executor_plugin.name != "slurm":
        return
    partitions, default = read_partitions()
    requests = [(job.rule.name, job.resources) for job in workflow.dag.needrun_jobs()]
    check_requests(requests, partitions, default)
    check_accounts(str(resources.get("slurm_account") or "") for _, resources in requests)
    end_orphans(Path(workflow.workdir_init))
    import snakemake_executor_plugin_slurm as executor  # here: other executors do without it

    if not isinstance(executor.query_job_status, Watch):
        executor.query_job_status = Watch(executor.query_job_status)


# --- before submission ------------------------------------------------------------------------------------


def read_partitions() -> tuple[dict[str, Partition], str | None]:
    """Name -> partition, and the default one's name, as `sinfo` tells. Raises ClusterError without SLURM."""
    partitions: dict[str, Partition] = {}
    default = None
    for line in _ask("sinfo", "--noheader", "--format=%P|%l|%G").splitlines():
        name, limit, devices = line.split("|", 2)
        if name.endswith("*"):
            name = default = name.removesuffix("*")
        earlier = partitions.get(name, Partition(None))
        partitions[name] = Partition(minutes_of(limit), earlier.has_gpu or devices.startswith("gpu"))
    return partitions, default


def minutes_of(limit: str) -> float | None:
    """[days-]hours:minutes:seconds, or minutes:seconds, as minutes; None for `infinite`."""
    match = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", limit)
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return 1440 * days + 60 * hours + minutes + seconds / 60


def check_requests(
    requests: Iterable[tuple[str, Mapping[str, Any]]], partitions: Mapping[str, Partition], default: str | None
) -> None:
    """requests: (rule, its resources). Raises ClusterError for one that SLURM would refuse or never start."""
    for rule, resources in requests:
        name = resources.get("slurm_partition") or default
        if name is None:  # the scheduler decides, or refuses in words of its own
            continue
        if name not in partitions:
            known = ", ".join(sorted(partitions))
            raise ClusterError(f"rule {rule}: no partition {name!r} on this cluster; there are: {known}; see {PROFILE}")
        partition, runtime = partitions[name], resources.get("runtime")
        if _wants_gpu(resources) and not partition.has_gpu:
            with_gpu = ", ".join(sorted(key for key, value in partitions.items() if value.has_gpu)) or "none"
            raise ClusterError(
                f"rule {rule}: asks for a GPU, but partition {name!r} has none; partitions with one: {with_gpu}; "
                f"set `set-resources` in {PROFILE}, or run with --config device=cpu"
            )
        if not isinstance(runtime, int | float):
            continue
        if partition.limit_min is not None and runtime > partition.limit_min:
            raise ClusterError(
                f"rule {rule}: asks for {runtime:g} min, but partition {name!r} ends jobs after "
                f"{partition.limit_min:g} min; choose another one or lower time_factor, both in {PROFILE}"
            )
        if rule.startswith("train_") and 60 * runtime < 2 * DEADLINE_MARGIN_S:
            raise ClusterError(
                f"rule {rule}: {runtime:g} min leave no time to train: a job saves and leaves "
                f"{DEADLINE_MARGIN_S:g} s before its end; ask for {2 * DEADLINE_MARGIN_S / 60:g} min or more"
            )


def check_accounts(wanted: Iterable[str]) -> None:
    """Raises ClusterError for an account that SLURM's accounting does not give us; without accounting any may pass."""
    accounts = sorted({name for entry in wanted for name in re.split(r"[,\s]+", entry) if name})
    if not accounts or not shutil.which("sacctmgr"):
        return
    command = ["sacctmgr", "--noheader", "--parsable2", "list", "associations", f"user={getpass.getuser()}"]
    done = subprocess.run([*command, "format=account"], capture_output=True, text=True, check=False)
    known = sorted(set(done.stdout.split())) if done.returncode == 0 else []
    for account in accounts:
        if known and account not in known:
            raise ClusterError(
                f"no account {account!r} of yours on this cluster; there are: {', '.join(known)}; see {PROFILE}"
            )


def _wants_gpu(resources: Mapping[str, Any]) -> bool:
    return bool(resources.get("gpu")) or "gpu" in str(resources.get("gres", ""))


def end_orphans(folder: Path) -> None:
    """Cancels jobs that an earlier Snakemake submitted from `folder` and left in the queue, and waits until they left.

    Called by one that holds the folder's lock: nobody waits for them any more, and they write where ours will. A
    training saves before it goes. Raises ClusterError where some do not leave.
    """
    orphans = _jobs_of(folder)
    if not orphans:
        return
    log.warning("pathgan: ending SLURM jobs that an earlier Snakemake left here: %s", ", ".join(orphans))
    _ask("scancel", *orphans)
    end = time.monotonic() + LEAVE_S
    while left := [job for job in _jobs_of(folder) if job in orphans]:
        if time.monotonic() > end:
            raise ClusterError(f"SLURM jobs of an earlier run do not leave: scancel {' '.join(left)}; then start again")
        time.sleep(1)


def _jobs_of(folder: Path) -> list[str]:
    """Ids of our jobs in the queue that Snakemake submitted from `folder`; the executor's comments begin with rule_."""
    lines = _ask("squeue", "--noheader", f"--user={os.getuid()}", "--format=%A|%k|%Z").splitlines()
    jobs = (line.split("|", 2) for line in lines)
    return list(
        dict.fromkeys(job for job, comment, where in jobs if comment.startswith("rule_") and Path(where) == folder)
    )


def _ask(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except FileNotFoundError:
        raise ClusterError(
            f"no SLURM on this machine: {command[0]} not found; run on a login node, or locally: snakemake --cores all"
        ) from None
    except subprocess.TimeoutExpired:
        raise ClusterError(f"{command[0]} gave no answer within 120 s; is slurmctld up?") from None
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


# --- while jobs run ---------------------------------------------------------------------------------------


@dataclass
class Watch:
    """The executor's status query, whose answers it can act on: job id -> one of the states that it knows."""

    query: Callable[..., Any]
    patience_s: float = PATIENCE_S
    _seen: dict[str, str] = field(default_factory=dict)  # id -> last state
    _waiting: dict[str, float] = field(default_factory=dict)  # id -> since when it is preempted or unheard of

    async def __call__(self, command: str, logger: Any) -> tuple[dict[str, str] | None, float | None]:
        states, seconds = await self.query(command, logger)
        return (None if states is None else self.settle(states, time.monotonic())), seconds

    def settle(self, states: Mapping[str, str], now: float) -> dict[str, str]:
        """`CANCELLED by 0` is CANCELLED; so is PREEMPTED after a while, and FAILED what SLURM has forgotten."""
        settled = {job: state.split()[0].rstrip("+") for job, state in states.items() if state}
        lost = {job: "FAILED" for job, state in self._seen.items() if job not in settled and state not in ENDED}
        stuck = {job: "CANCELLED" for job, state in settled.items() if state == "PREEMPTED"}
        self._waiting = {job: self._waiting.get(job, now) for job in lost | stuck}
        overdue = {job: state for job, state in (lost | stuck).items() if now - self._waiting[job] >= self.patience_s}
        for job, state in overdue.items():
            log.warning(
                "pathgan: SLURM job %s: %s; submitted anew", job, "forgotten" if state == "FAILED" else "preempted"
            )
        self._seen |= settled | overdue
        return settled | overdue
