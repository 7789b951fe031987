"""What is checked before jobs are submitted, and how states of jobs are read. A real cluster: tests/slurm."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake_executor_plugin_slurm as executor
from hypothesis import given
from hypothesis import strategies as st
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake_executor_plugin_slurm.utils import get_job_wildcards

from pathgan.cluster import slurm
from pathgan.cluster.slurm import (
    Partition,
    Watch,
    check_accounts,
    check_requests,
    comment_of,
    end_orphans,
    minutes_of,
    read_partitions,
)
from pathgan.errors import ClusterError

PARTITIONS = {"cpu": Partition(600.0), "gpu": Partition(None, has_gpu=True)}


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    """Puts shell scripts of these names first in PATH."""
    for name, script in scripts.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@given(st.integers(0, 30), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_time_limits_are_read_as_sinfo_writes_them(days: int, hours: int, minutes: int, seconds: int) -> None:
    limit = f"{days}-{hours:02}:{minutes:02}:{seconds:02}"
    assert minutes_of(limit) == pytest.approx(1440 * days + 60 * hours + minutes + seconds / 60)
    assert minutes_of(f"{minutes}:{seconds:02}") == pytest.approx(minutes + seconds / 60)


def test_a_limit_may_be_infinite() -> None:
    assert minutes_of("infinite") is None


def test_partitions_are_read_once_each_though_their_nodes_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(
        tmp_path, monkeypatch, sinfo=r"printf 'cpu*|1-00:00:00|(null)\nbig|infinite|gpu:a100:4\nbig|infinite|(null)\n'"
    )
    assert read_partitions() == ({"cpu": Partition(1440.0), "big": Partition(None, has_gpu=True)}, "cpu")


def test_requests_that_can_be_met_pass() -> None:
    requests: list[tuple[str, dict[str, Any]]] = [
        ("rule score", {"runtime": 600}),
        ("rule train_cycle", {"runtime": 2880, "gpu": 1, "slurm_partition": "gpu"}),
        ("rule train_cycle", {"runtime": 2880, "gres": "gpu:1", "slurm_partition": "cpu,gpu"}),
        ("rule score", {"runtime": 9999, "slurm_partition": "elsewhere", "slurm_cluster": "theirs"}),
        ("rule fetch", {}),
    ]
    check_requests(requests, PARTITIONS, "cpu")
    check_requests([("rule score", {"runtime": 9999})], PARTITIONS, None)


@pytest.mark.parametrize(
    ("rule", "resources", "message"),
    [
        ("score", {"slurm_partition": "cpuu"}, "rule score: no partition 'cpuu' on this cluster; there are: cpu, gpu"),
        ("train_cycle", {"gpu": 1}, "asks for a GPU, but partition 'cpu' has none; partitions with one: gpu"),
        ("train_cycle", {"gres": "gpu:1"}, "asks for a GPU, but partition 'cpu' has none"),
        ("score", {"runtime": 601}, "asks for 601 min, but partition 'cpu' ends jobs after 600 min"),
        ("train_cycle", {"runtime": 2}, "2 min leave no time to train: a job saves and leaves 90 s before its end"),
    ],
)
def test_a_request_that_slurm_would_never_meet_is_one_line(rule: str, resources: dict[str, Any], message: str) -> None:
    with pytest.raises(ClusterError, match=re.escape(message)) as caught:
        check_requests([(f"rule {rule}", resources)], PARTITIONS, "cpu")
    assert "\n" not in str(caught.value)


def test_an_account_of_others_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, monkeypatch, sacctmgr=r"printf 'ours\nlab\n'")
    check_accounts(["ours, lab", "", "lab"])
    with pytest.raises(ClusterError, match="no account 'theirs' of yours on this cluster; there are: lab, ours"):
        check_accounts(["ours theirs"])


def test_a_later_attempt_that_would_wait_for_ever_is_announced(caplog: pytest.LogCaptureFixture) -> None:
    check_requests([("rule score", {"runtime": 300})], PARTITIONS, "cpu", attempts=2)
    assert not caplog.records
    check_requests([("rule score", {"runtime": 300})], PARTITIONS, "cpu", attempts=3)
    assert "asks for up to 900 min, but partition 'cpu' ends jobs after 600 min; set longest_min: 600" in caplog.text
    caplog.clear()
    check_requests([("rule score", {"runtime": 300})], PARTITIONS, "cpu", attempts=3, longest_min=600)
    assert not caplog.records
    check_requests([("rule score", {"runtime": 300})] * 50, PARTITIONS, "cpu", attempts=3)
    assert len(caplog.records) == 1  # for a rule, not for each of its jobs


def test_without_accounting_any_account_may_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, monkeypatch, sacctmgr="exit 1")
    check_accounts(["theirs"])


def test_without_slurm_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ClusterError, match="no SLURM on this machine: sinfo not found; run on a login node, or locally"
    ):
        read_partitions()


def test_what_slurm_complains_of_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, monkeypatch, sinfo="echo 'Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(ClusterError, match="Unable to contact slurm controller"):
        read_partitions()


def test_only_jobs_like_ours_from_this_folder_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_, here = tmp_path / "bin", tmp_path / "here"
    bin_.mkdir()
    here.mkdir()
    jobs = (f"7|{here}|rule_score_wildcards_a_b", "8|/elsewhere|rule_score_wildcards_a_b", f"9|{here}|(null)")
    queue = "\\n".join([*jobs, f"10|{here}|rule_score_wildcards_of_another_run", jobs[0], ""])
    programs(
        bin_,
        monkeypatch,
        squeue=f"[ -e {bin_}/ended ] || printf '{queue}'",
        scancel=f'echo "$@" > {bin_}/ended',
    )
    ours = comment_of(SimpleNamespace(rule=SimpleNamespace(name="score"), wildcards=["a/b"]))
    end_orphans(here, {"rule_score"})
    assert not (bin_ / "ended").exists()
    end_orphans(here, {ours, "rule_score"})
    assert (bin_ / "ended").read_text() == "7\n"
    (bin_ / "ended").write_text("")
    end_orphans(here, {ours})  # none is left: nothing is cancelled
    assert (bin_ / "ended").read_text() == ""


def test_comments_are_those_of_the_executor() -> None:
    """It writes `rule_NAME_wildcards_VALUES`; else jobs of a killed Snakemake are not known again."""
    text = Path(executor.__file__).read_text()
    assert 'comment_str = f"rule_{job.name}_wildcards_{wildcard_str}"' in text
    job = SimpleNamespace(rule=SimpleNamespace(name="score"), name="score", wildcards=["a/b", "0"])
    assert comment_of(job) == f"rule_score_wildcards_{get_job_wildcards(job)}"
    assert comment_of(SimpleNamespace(rule=SimpleNamespace(name="score"), wildcards=[])) == "rule_score"


def test_a_job_that_does_not_leave_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, monkeypatch, squeue=f"echo '7|{tmp_path}|rule_score'", scancel="true")
    monkeypatch.setattr(slurm, "LEAVE_S", -1.0)
    with pytest.raises(ClusterError, match="do not leave: scancel 7; then start again"):
        end_orphans(tmp_path, {"rule_score"})


def test_states_become_those_that_the_executor_acts_on() -> None:
    watch = Watch(lambda *_: None, patience_s=60)
    states = {"1": "CANCELLED by 0", "2": "RUNNING", "3": "CANCELLED+", "4": "COMPLETED"}
    assert watch.settle(states, 0.0) == {"1": "CANCELLED", "2": "RUNNING", "3": "CANCELLED", "4": "COMPLETED"}


@pytest.mark.parametrize("state", ["PREEMPTED", "NODE_FAIL"])
def test_a_job_that_is_not_put_back_counts_as_cancelled(
    state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(tmp_path, monkeypatch, scancel=f'echo "$@" > {tmp_path}/cancelled')
    watch = Watch(lambda *_: None, patience_s=60)
    assert watch.settle({"1": state}, 0.0) == {"1": state}
    assert watch.settle({"1": "PENDING"}, 50.0) == {"1": "PENDING"}
    assert watch.settle({"1": state}, 70.0) == {"1": state}  # the clock starts anew
    assert not (tmp_path / "cancelled").exists()
    assert watch.settle({"1": state}, 131.0) == {"1": "CANCELLED"}
    assert (tmp_path / "cancelled").read_text() == "1\n"  # should SLURM put it back after all
    (tmp_path / "cancelled").unlink()
    assert watch.settle({"1": state}, 160.0) == {"1": "CANCELLED"}
    assert not (tmp_path / "cancelled").exists()


@pytest.mark.parametrize("reason", ["launch failed requeued held", "launch_failed_requeued_held"])
def test_a_job_that_slurm_holds_counts_as_cancelled(
    reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its reason alone tells it from jobs that wait for their turn, or that their user holds."""
    asked = f"echo '1|{reason}'; echo '2|Priority'; echo '3|JobHeldUser'; echo '4|{reason}'"
    programs(tmp_path, monkeypatch, squeue=asked, scancel=f'echo "$@" > {tmp_path}/cancelled')

    async def query(command: str, logger: Any) -> Any:
        return {"1": "PENDING", "2": "PENDING", "3": "PENDING"}, 0.1

    watch = Watch(query, patience_s=0)
    others = {"2": "PENDING", "3": "PENDING"}
    assert asyncio.run(watch("squeue", None)) == ({"1": "CANCELLED"} | others, 0.1)
    assert (tmp_path / "cancelled").read_text() == "1\n"
    assert "SLURM job 1 was held by SLURM" in caplog.text
    patient = Watch(query, patience_s=60)
    assert asyncio.run(patient("squeue", None))[0] == {"1": "PENDING"} | others
    programs(tmp_path, monkeypatch, squeue="exit 1")
    assert asyncio.run(watch("squeue", None))[0] == {"1": "PENDING"} | others  # without an answer, all is well


def test_of_a_forgotten_job_the_outputs_decide_and_of_one_that_ended_its_state() -> None:
    watch = Watch(lambda *_: None, patience_s=60)
    watch.settle({"1": "RUNNING", "2": "COMPLETED", "3_[1-2]": "PENDING"}, 0.0)
    assert watch.settle({}, 10.0) == {}
    assert watch.settle({}, 71.0) == {"1": "UNKNOWN"}
    assert watch.settle({}, 200.0) == {}  # said once


def test_an_unanswered_query_changes_nothing() -> None:
    answers = iter([({"1": "RUNNING"}, 0.1), (None, None)])

    async def query(command: str, logger: Any) -> Any:
        return next(answers)

    watch = Watch(query, patience_s=60)
    assert asyncio.run(watch("squeue", None)) == ({"1": "RUNNING"}, 0.1)
    assert asyncio.run(watch("squeue", None)) == (None, None)


def test_the_executor_still_asks_in_the_way_that_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """`prepare` replaces a function of the executor, which a new version might rename."""
    original = executor.query_job_status
    assert asyncio.iscoroutinefunction(original)
    assert "await query_job_status(" in Path(executor.__file__).read_text()
    monkeypatch.setattr(executor, "query_job_status", original)
    monkeypatch.setattr(slurm, "read_partitions", lambda: (PARTITIONS, "cpu"))
    monkeypatch.setattr(slurm, "end_orphans", lambda folder, comments: None)
    dag = SimpleNamespace(needrun_jobs=list)
    settings = {
        "executor_settings": SimpleNamespace(partition_config=None),
        "execution_settings": SimpleNamespace(retries=2),
    }
    for name, watched in (("local", False), ("slurm", True), ("slurm", True)):
        slurm.prepare(
            SimpleNamespace(executor_plugin=SimpleNamespace(name=name), dag=dag, workdir_init=".", **settings), None, 60
        )
        assert isinstance(executor.query_job_status, Watch) == watched
    assert executor.query_job_status.query is original


def test_a_signal_while_a_job_fails_does_not_wait_for_the_lock() -> None:
    """Snakemake's scheduler holds it then, in the thread that the handler interrupts."""
    slurm.answer_signals_at_once()
    scheduler = JobScheduler.__new__(JobScheduler)
    scheduler._lock, scheduler._open_jobs, scheduler._user_kill = threading.Lock(), threading.Semaphore(0), None
    with scheduler._lock:
        scheduler.exit_gracefully(signal.SIGTERM, None)
    assert scheduler._user_kill == "graceful"
    assert scheduler._open_jobs.acquire(blocking=False)
