"""Where `sacct` answers: what it says, and accounts."""

from __future__ import annotations

import time
from pathlib import Path

import yaml
from cluster import Cluster
from trainings import HANG_S, ITERATIONS, TARGET, Running, outputs, processes_in, project, run


def test_an_administrators_cancelling_is_seen_through_sacct(
    accounting_cluster: Cluster, prepared: Path, tmp_path: Path
) -> None:
    """sacct says `CANCELLED by 0`: the executor alone would wait for ever."""
    folder = project(prepared, tmp_path / "project", ITERATIONS, {"slurm_account": "pathology"})
    path = folder / "profiles" / "slurm" / "config.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"slurm-status-command": "sacct"}))
    running = Running(accounting_cluster, folder)
    started = time.monotonic()
    process = running.start()
    running.wait_for(ITERATIONS // 4)
    accounting_cluster.ask("scancel", running.job())
    assert process.wait(HANG_S) == 0, running.said()
    assert time.monotonic() - started < HANG_S
    assert outputs(folder)
    assert processes_in(folder) == []


def test_a_wrong_account_is_refused_in_one_line(accounting_cluster: Cluster, prepared: Path, tmp_path: Path) -> None:
    folder = project(prepared, tmp_path / "project", ITERATIONS, {})
    output = run(folder, "--profile", "slurm", "--default-resources", "slurm_account=theirs", "--", TARGET, code=1)
    assert sum("no account 'theirs'" in line for line in output.splitlines()) == 1
    assert "has been submitted" not in output
