"""One writer a run, on this machine and across machines."""

import json
import multiprocessing
import os
import socket
import threading
import time

import psutil
import pytest

from pathgan.errors import TrainingError
from pathgan.training.lease import Lease

FORK = multiprocessing.get_context("fork")


def test_a_second_writer_is_refused_and_named(tmp_path):
    with (
        Lease(tmp_path),
        pytest.raises(TrainingError, match=f"process {os.getpid()} .* trains this run now"),
        Lease(tmp_path),
    ):
        pytest.fail("two writers")
    assert not (tmp_path / "lease.json").exists()


def test_the_lease_of_a_dead_process_is_taken_over(tmp_path):
    def die_holding() -> None:
        Lease(tmp_path).__enter__()
        os._exit(1)

    process = FORK.Process(target=die_holding)
    process.start()
    process.join()
    assert (tmp_path / "lease.json").exists()
    with Lease(tmp_path) as lease:
        assert lease.held()


def test_the_lease_of_a_zombie_is_taken_over(tmp_path):
    """Its number is still there, and nobody behind it."""
    process = FORK.Process(target=lambda: (Lease(tmp_path).__enter__(), os._exit(1)))
    process.start()
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    with Lease(tmp_path) as lease:
        assert lease.held()
    process.join()


def test_a_holder_in_another_container_is_not_robbed_while_its_heart_beats(tmp_path, monkeypatch):
    """It has the name of this machine, and a number that means nothing here, or somebody else's process."""
    path = tmp_path / "lease.json"
    for pid in (os.getpid(), 2**22 + 1):
        holder = {"token": "x", "host": socket.gethostname(), "sees": "theirs", "pid": pid, "started": 0, "job": ""}
        path.write_text(json.dumps(holder))
        heart = threading.Timer(0.3, os.utime, (path,))
        heart.start()
        with pytest.raises(TrainingError, match=f"process {pid} on {socket.gethostname()} trains this run now"):
            Lease(tmp_path, heartbeat_s=0.05).__enter__()
    with Lease(tmp_path, heartbeat_s=0.05, stale_s=0.5) as lease:
        assert lease.held()


def test_the_lease_of_another_machine_lives_while_its_heart_beats(tmp_path):
    path = tmp_path / "lease.json"
    path.write_text(json.dumps({"token": "x", "host": "elsewhere", "pid": 1, "started": 0, "job": "77"}))
    heart = threading.Timer(0.3, os.utime, (path,))
    heart.start()
    with pytest.raises(TrainingError, match="on elsewhere, SLURM job 77"):
        Lease(tmp_path, heartbeat_s=0.05).__enter__()
    with Lease(tmp_path, heartbeat_s=0.05, stale_s=0.5) as lease:  # waits until it is stale
        assert lease.held()


def test_a_requeued_job_takes_its_own_lease_over(tmp_path, monkeypatch):
    holder = {"token": "x", "host": "elsewhere", "pid": 1, "started": 0, "job": "77"}
    (tmp_path / "lease.json").write_text(json.dumps(holder))
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    started = time.monotonic()
    with Lease(tmp_path) as lease:
        assert lease.held()
    assert time.monotonic() - started < 5


def test_the_heart_beats(tmp_path):
    with Lease(tmp_path, heartbeat_s=0.02) as lease:
        os.utime(lease.path, (0, 0))
        deadline = time.time() + 5
        while lease.path.stat().st_mtime == 0 and time.time() < deadline:
            time.sleep(0.01)
        assert time.time() - lease.path.stat().st_mtime < 5


def test_a_torn_lease_is_no_lease(tmp_path):
    (tmp_path / "lease.json").write_text('{"token": "x", "ho')
    with Lease(tmp_path) as lease:
        assert lease.held()


def test_only_one_of_many_rivals_gets_the_lease(tmp_path):
    """The winner holds on until every other one has tried, however slow the machine is."""
    all_tried = FORK.Event()

    def rival(number: int) -> None:
        try:
            with Lease(tmp_path):
                (tmp_path / f"won-{number}").touch()
                all_tried.wait(60)
        except TrainingError:
            os._exit(3)
        os._exit(0)

    rivals = [FORK.Process(target=rival, args=(number,)) for number in range(6)]
    for process in rivals:
        process.start()
    deadline = time.time() + 30
    while sum(process.is_alive() for process in rivals) > 1 and time.time() < deadline:
        time.sleep(0.02)
    all_tried.set()
    for process in rivals:
        process.join()
    assert sorted(process.exitcode for process in rivals) == [0, 3, 3, 3, 3, 3]
    assert len(list(tmp_path.glob("won-*"))) == 1
