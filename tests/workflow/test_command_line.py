"""Exit codes of `pathgan` where its reader leaves, files block, or nothing can be told: 1 means `not ok` alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import warm
from audited import TABLE, pathgan

from pathgan.provenance.places import record_path

pytestmark = pytest.mark.workflow
SECONDS = 120  # after which a command counts as blocked


@pytest.fixture(scope="module")
def copy(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with results, in which no command of Snakemake's has been called yet."""
    return shutil.copytree(made, tmp_path_factory.mktemp("lines") / "copy", ignore=shutil.ignore_patterns(".snakemake"))


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """What bash makes of a line in which $pathgan is the command."""
    environment = warm.environment(covered=False) | {
        "PYTHONPATH": str(folder / "src"),
        "pathgan": f"{sys.executable} -m pathgan.cli",
    }
    command = ["bash", "-o", "pipefail", "-c", line]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def everything(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_a_command_makes_no_folder_that_nobody_asked_for(copy: Path) -> None:
    before = everything(copy)
    assert pathgan(copy, "audit", "results").returncode == 0
    for command in (
        ("lock", "--out", "no/such/lock"),
        ("bundle", "results/demo", "--out", "no/such/b.zip"),
        ("trace", str(TABLE), "gan", "ssim", "--svg", "no/such/c.svg"),
        ("audit", "results/public"),
        ("crate", "public"),
        ("reading", "tiny"),
    ):
        done = pathgan(copy, *command)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), command
    assert everything(copy) == before


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("$pathgan audit results/demo | true", (0, 2, 141)),
        ("$pathgan audit results/demo --json | head -c 1", (0, 2, 141)),
        ("$pathgan audit results/demo >&-", (0,)),
        ("$pathgan audit results/demo >&- 2>&-", (0,)),
        ("$pathgan audit results/demo > /dev/full", (2, 120)),
    ],
)
def test_a_reader_that_leaves_does_not_look_like_a_bad_result(line: str, code: tuple[int, ...], copy: Path) -> None:
    assert shell(copy, line).returncode in code


def test_files_that_block_or_lead_in_circles_stop_no_audit(copy: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(copy, tmp_path / "copy")
    os.mkfifo(folder / "results/demo/tiny/tables/pipe.csv")
    os.mkfifo(folder / "results/demo/provenance/tiny/pipe.attempts")
    os.mkfifo(folder / "results/demo/provenance/left_out-x.sha256")
    (folder / "results/demo/tiny/tables/loop.csv").symlink_to("loop.csv")
    (folder / "results/demo/tiny/up").symlink_to("..")
    assert shell(folder, "$pathgan audit results/demo").returncode == 0
    (folder / TABLE).unlink()
    (folder / TABLE).symlink_to(TABLE.name)
    done = shell(folder, "$pathgan audit results/demo --quiet")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, f"look at {TABLE}")
    assert "a link out of results/, to itself" in done.stdout


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to(path.name)])
def test_a_record_that_cannot_be_read_is_no_verdict(make, copy: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(copy, tmp_path / "copy")
    record = record_path(TABLE)
    (folder / record).unlink()
    make(folder / record)
    done = shell(folder, f"$pathgan audit {TABLE}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"pathgan: {record}: cannot be read: ")
    assert len(done.stderr.splitlines()) == 1
