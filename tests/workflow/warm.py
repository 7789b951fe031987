"""Python's modules run as commands, in processes forked from one that has loaded Snakemake, but nothing of pathgan.

Loading Snakemake takes a second, and hundreds of commands of the tests do so. Apart from that they are like others:
arguments, environment, working folder and exit code are theirs, and pathgan is the one below that folder.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path
from subprocess import CompletedProcess

import coverage

CONTEXT = multiprocessing.get_context("forkserver")
LOADED = ["snakemake.cli", "snakemake.api", "typer", "rich.tree", "pandas", "pydantic"]


def environment(covered: bool) -> dict[str, str]:
    """Of a process; coverage counts it where `covered`, which takes it half as much time again."""
    return {key: value for key, value in os.environ.items() if covered or not key.startswith("COVERAGE_")}


def run(
    module: str, arguments: Sequence[str], folder: Path, path: Sequence[Path], variables: Mapping[str, str]
) -> CompletedProcess[str]:
    """`python -m module arguments` in `folder`, with `path` before other places to import from."""
    _start_server()
    with tempfile.TemporaryDirectory() as place:
        outputs = [Path(place) / name for name in ("stdout", "stderr")]
        process = CONTEXT.Process(target=_run, args=(module, arguments, folder, path, dict(variables), outputs))
        process.start()
        process.join()
        said = [file.read_text() if file.exists() else "" for file in outputs]
    return CompletedProcess([module, *arguments], process.exitcode or 0, *said)


def _start_server() -> None:
    """Without coverage: it would trace what all commands load."""
    CONTEXT.set_forkserver_preload(LOADED)
    hidden = {key: os.environ.pop(key) for key in list(os.environ) if key.startswith("COVERAGE_")}
    forkserver.ensure_running()
    os.environ.update(hidden)


def _run(
    module: str,
    arguments: Sequence[str],
    folder: Path,
    path: Sequence[Path],
    variables: dict[str, str],
    outputs: Sequence[Path],
) -> None:
    """In the new process."""
    for number, file in enumerate(outputs, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    sys.path[:0] = [*map(str, path), str(folder)]
    sys.argv = [module, *arguments]
    measured = coverage.process_startup()  # None unless the environment asks for it
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if measured is not None:
            measured.stop()
            measured.save()
