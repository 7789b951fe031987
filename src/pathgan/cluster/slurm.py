"""Before and while Snakemake's executor for SLURM works: what it does not look at itself.

It submits a job to a partition that does not exist or can never start it, leaves jobs of a killed Snakemake running
beside their successors, and waits forever for a job that was cancelled by an administrator, preempted for good, held
by SLURM or forgotten by it.
"""

from __future__ import annotations

import asyncio
import getpass
import logging
import math
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pathgan.errors import ClusterError
from pathgan.jobs import DEADLINE_MARGIN_S

PROFILE = "profiles/slurm/config.yaml"
SETTINGS = "profiles/slurm/cluster.yaml"
HELD = "launch failed requeued held"  # a reason of squeue's; such a job stays in the queue until somebody releases it
LEAVE_S = 180.0  # how long cancelled jobs may take to leave: 30 s to save by default, some clusters give more
ENDED = {"COMPLETED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE", "CANCELLED", "UNKNOWN"}
log = logging.getLogger("snakemake")


@dataclass
class Partition:
    """limit_min: the longest job [min], None for any."""

    limit_min: float | None
    has_gpu: bool = False


def prepare(workflow: Any, longest_min: int | None, patience_s: float) -> None:
    """Checks what is about to be submitted, ends what an earlier Snakemake left, and watches over the executor.

    workflow: Snakemake's own, once it has locked its outputs. longest_min: the most minutes that a job asks for.
    patience_s: how long a job may be preempted, held by SLURM or unheard of before it is submitted anew. Does nothing
    under another executor. Raises ClusterError with one line that says what to change.
    """
    if workflow.executor_plugin.name != "slurm":
        return
    partitions, default = read_partitions()
    jobs = [job for job in workflow.dag.needrun_jobs() if not job.is_local]
    groups = {id(group): group for job in jobs if (group := workflow.dag.get_job_group(job))}.values()
    requests = [
        *((f"rule {job.rule.name}", job.resources) for job in jobs),
        *((f"group {group.groupid}", group.resources) for group in groups),
    ]
    if not workflow.executor_settings.partition_config:  # the executor chooses by the limits in that file
        check_requests(requests, partitions, default, workflow.execution_settings.retries + 1, longest_min)
    check_accounts(str(resources.get("slurm_account") or "") for _, resources in requests)
    end_orphans(Path(workflow.workdir_init), {comment_of(job) for job in jobs if job.group is None})
    import snakemake_executor_plugin_slurm as executor  # here: other executors do without it

    if not isinstance(executor.query_job_status, Watch):
        executor.query_job_status = Watch(executor.query_job_status, patience_s)


def answer_signals_at_once() -> None:
    """Lets this Snakemake end on a SIGTERM that reaches it while it deals with a failed job.

    Its own handler waits for a lock that the thread which it interrupts may hold: then neither ever goes on, and a
    cancelled job stays behind.
    """
    from snakemake.scheduling.job_scheduler import JobScheduler

    def exit_gracefully(scheduler: Any, *_: object) -> None:
        scheduler._user_kill = "graceful"
        scheduler._open_jobs.release()

    JobScheduler.exit_gracefully = exit_gracefully


# --- before submission ------------------------------------------------------------------------------------


def read_partitions() -> tuple[dict[str, Partition], str | None]:
    """Name -> partition, and the default one's name, as `sinfo` tells. Raises ClusterError without SLURM."""
    partitions: dict[str, Partition] = {}
    default = None
    for line in _ask("sinfo", "--all", "--noheader", "--format=%P|%l|%G").splitlines():
        name, limit, devices = line.split("|", 2)
        if name.endswith("*"):
            name = default = name.removesuffix("*")
        earlier = partitions.get(name, Partition(None))
        partitions[name] = Partition(minutes_of(limit), earlier.has_gpu or bool(re.search(r"\bgpu\b", devices)))
    return partitions, default


def minutes_of(limit: str) -> float | None:
    """[days-]hours:minutes:seconds, or minutes:seconds, as minutes; None for `infinite`."""
    match = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", limit)
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return 1440 * days + 60 * hours + minutes + seconds / 60


def check_requests(
    requests: Iterable[tuple[str, Mapping[str, Any]]],
    partitions: Mapping[str, Partition],
    default: str | None,
    attempts: int = 1,
    longest_min: int | None = None,
) -> None:
    """requests: (rule or group, its resources at the first of `attempts`; later ones ask for more, to `longest_min`).

    Raises ClusterError for one that SLURM would refuse or never start. Says nothing of other clusters.
    """
    warned: set[str] = set()
    for who, resources in requests:
        names = [name for name in str(resources.get("slurm_partition") or default or "").split(",") if name]
        if not names or any(resources.get(key) for key in ("slurm_cluster", "cluster", "clusters")):
            continue
        for name in names:
            if name not in partitions:
                known = ", ".join(sorted(partitions))
                raise ClusterError(f"{who}: no partition {name!r} on this cluster; there are: {known}; see {PROFILE}")
        chosen, label = [partitions[name] for name in names], ",".join(names)
        if _wants_gpu(resources) and not any(partition.has_gpu for partition in chosen):
            with_gpu = ", ".join(sorted(key for key, value in partitions.items() if value.has_gpu)) or "none"
            raise ClusterError(
                f"{who}: asks for a GPU, but partition {label!r} has none; partitions with one: {with_gpu}; "
                f"set `set-resources` in {PROFILE}, or run with --config device=cpu"
            )
        runtime = resources.get("runtime")
        if not isinstance(runtime, int | float):
            continue
        longest = _longest(chosen)
        _check_time(who, runtime, label, longest)
        last = min(attempts * runtime, longest_min or math.inf)
        if longest is not None and last > longest and who.startswith("rule") and who not in warned:
            warned.add(who)
            log.warning(
                "pathgan: %s: a later attempt asks for up to %g min, but partition %r ends jobs after %g min; "
                "set longest_min: %g in %s",
                *(who, last, label, longest, longest, SETTINGS),
            )


def _longest(partitions: Sequence[Partition]) -> float | None:
    """The longest that a job may take in one of them [min]; None for any."""
    limits = [partition.limit_min for partition in partitions]
    return None if None in limits else max(limit for limit in limits if limit is not None)


def _check_time(who: str, runtime: float, label: str, longest: float | None) -> None:
    if longest is not None and runtime > longest:
        raise ClusterError(
            f"{who}: asks for {runtime:g} min, but partition {label!r} ends jobs after {longest:g} min; choose another "
            f"one in {PROFILE}, or set longest_min: {longest:g} in {SETTINGS} (a group: also smaller group-components)"
        )
    if who.startswith("rule train_") and 60 * runtime < 2 * DEADLINE_MARGIN_S:
        raise ClusterError(
            f"{who}: {runtime:g} min leave no time to train: a job saves and leaves {DEADLINE_MARGIN_S:g} s before its "
            f"end; ask for {2 * DEADLINE_MARGIN_S / 60:g} min or more"
        )


def check_accounts(wanted: Iterable[str]) -> None:
    """Raises ClusterError for an account that SLURM's accounting does not give us; without accounting any may pass."""
    accounts = sorted({name.lower() for entry in wanted for name in re.split(r"[,\s]+", entry) if name})
    if not accounts or not shutil.which("sacctmgr"):
        return
    command = ["sacctmgr", "--noheader", "--parsable2", "list", "associations", f"user={getpass.getuser()}"]
    try:
        known = sorted(set(_ask(*command, "format=account").lower().split()))
    except ClusterError as error:
        log.warning("pathgan: accounts were not checked: %s", error)
        return
    for account in accounts:
        if known and account not in known:
            raise ClusterError(
                f"no account {account!r} of yours on this cluster; there are: {', '.join(known)}; see {PROFILE}"
            )


def _wants_gpu(resources: Mapping[str, Any]) -> bool:
    return bool(resources.get("gpu")) or "gpu" in str(resources.get("gres", ""))


def comment_of(job: Any) -> str:
    """What the executor writes beside a job of its own, as `squeue` shows it."""
    wildcards = "_".join(job.wildcards).replace("/", "_") if job.wildcards else ""
    return f"rule_{job.rule.name}_wildcards_{wildcards}" if wildcards else f"rule_{job.rule.name}"


def end_orphans(folder: Path, comments: Collection[str]) -> None:
    """Cancels jobs of ours in the queue that are the same as those about to be submitted, and waits until they left.

    comments: `comment_of` each of the latter. As Snakemake holds the lock of their outputs, a Snakemake that is gone
    submitted the former from `folder`: nobody waits for them, and they write where ours will. A training saves
    before it goes. Groups of short jobs are left to end by themselves. Raises ClusterError where some do not leave.
    """
    orphans = _queued(folder, comments)
    if not orphans:
        return
    log.warning("pathgan: ending SLURM jobs that an earlier Snakemake left here: %s", ", ".join(orphans))
    _ask("scancel", *orphans)
    end = time.monotonic() + LEAVE_S
    while left := [job for job in _queued(folder, comments) if job in orphans]:
        if time.monotonic() > end:
            raise ClusterError(f"SLURM jobs of an earlier run do not leave: scancel {' '.join(left)}; then start again")
        time.sleep(1)


def _queued(folder: Path, comments: Collection[str]) -> list[str]:
    """Ids of our jobs in the queue that were submitted from `folder` with one of these comments."""
    lines = _ask("squeue", "--noheader", f"--user={os.getuid()}", "--format=%A|%Z|%k").splitlines()
    jobs = (line.split("|", 2) for line in lines)
    return list(dict.fromkeys(job for job, where, comment in jobs if comment in comments and Path(where) == folder))


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
        said = "; ".join((done.stderr or done.stdout).strip().splitlines())
        raise ClusterError(f"{command[0]} failed: {said}")
    return done.stdout


# --- while jobs run ---------------------------------------------------------------------------------------


@dataclass
class Watch:
    """The executor's status query, whose answers it can act on: job id -> one of the states that it knows."""

    query: Callable[..., Any]
    patience_s: float
    _seen: dict[str, str] = field(default_factory=dict)  # id -> last state
    _waiting: dict[str, float] = field(default_factory=dict)  # id -> since when it is preempted or unheard of

    async def __call__(self, command: str, logger: Any) -> tuple[dict[str, str] | None, float | None]:
        states, seconds = await self.query(command, logger)
        if states is None:
            return None, seconds
        pending = [job for job, state in states.items() if state == "PENDING"]
        held = await asyncio.to_thread(held_by_slurm, pending)
        return self.settle(states, time.monotonic(), held), seconds

    def settle(self, states: Mapping[str, str], now: float, held: Collection[str] = ()) -> dict[str, str]:
        """`CANCELLED by 0` is CANCELLED; so is a job that for a while was preempted or without its node, or is `held`.

        One that SLURM has forgotten becomes UNKNOWN: the executor then looks whether its outputs are there.
        """
        settled = {job: state.split()[0].rstrip("+") for job, state in states.items() if state}
        lost = {
            job for job, state in self._seen.items() if job not in settled and state not in ENDED and "_" not in job
        }
        stuck = {job for job, state in settled.items() if state in ("PREEMPTED", "NODE_FAIL") or job in held}
        self._waiting = {job: self._waiting.get(job, now) for job in lost | stuck}
        overdue = {job for job in lost | stuck if now - self._waiting[job] >= self.patience_s}
        answers = {job: "UNKNOWN" if job in lost else "CANCELLED" for job in overdue}
        new = {job for job, answer in answers.items() if self._seen.get(job) != answer}
        for job in sorted(new):
            what = "forgotten" if job in lost else "held by SLURM" if job in held else "not put back"
            log.warning("pathgan: SLURM job %s was %s", job, what)
        if new & stuck:  # should SLURM put one back after all, it must not meet its successor
            subprocess.run(["scancel", *sorted(new & stuck)], capture_output=True, check=False)
        self._seen |= settled | answers
        return settled | answers


def held_by_slurm(pending: Sequence[str]) -> set[str]:
    """Those of these pending jobs that SLURM failed to start and will not try again by itself."""
    if not pending:
        return set()
    try:
        lines = _ask("squeue", "--noheader", f"--user={os.getuid()}", "--states=PENDING", "--format=%i|%r").splitlines()
    except ClusterError:
        return set()  # it may answer next time
    reasons = dict(line.split("|", 1) for line in lines)
    return {job for job in pending if reasons.get(job, "").replace("_", " ") == HELD}
