"""Runs the preset `demo`: what it does in a few lines, how far it is, and what came of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml
from rich.console import Console

from pathgan.demo.job_lines import Finished, Job, Stages, told
from pathgan.demo.outcome import print_outcome
from pathgan.demo.progress_lines import clock, shown_on
from pathgan.errors import PathganError

PRESET, TARGET = "demo", "all"
LOG = Path("results", PRESET, "logs", "snakemake.log")
REPORT = Path("results", PRESET, "report.html")
TAIL = 30  # lines of the log that are shown where it fails
OPENING = (
    "[bold]pathgan demo[/]: {papers} on images that a program draws, with networks that are trained for seconds. It "
    "shows that everything works on this machine. None of its numbers says anything about a paper."
)


def run_demo(papers: Sequence[str], cores: str, console: Console) -> None:
    """Makes every table and figure of some papers, all where none is named, their front page and Snakemake's report.

    cores: as Snakemake takes it. Raises PathganError where a paper is not known, a job fails, or Ctrl-C stops it; the
    end of the log is shown before.
    """
    known = sorted(file.stem for file in Path("config/papers").glob("*.yaml"))
    if unknown := [name for name in papers if name not in known]:
        raise PathganError(f"no paper {unknown[0]!r}; there are: {', '.join(known)}")
    config = [f"preset={PRESET}", *([f"papers=[{','.join(papers)}]"] if papers else [])]
    console.print(OPENING.format(papers=" and ".join(papers) if papers else "all papers"), highlight=False)
    console.print(f"Snakemake's own lines: {LOG}", highlight=False)
    LOG.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        planned = _run(cores, config, console)
    except DemoStopped as stopped:
        console.print(stopped.tail, highlight=False, markup=False)
        raise PathganError(f"{stopped}; all that Snakemake said: {LOG}") from None
    print_outcome(PRESET, papers or _configured(), console)
    n = len(planned)
    console.print(f"{n} job{'s' if n != 1 else ''} in {clock(time.monotonic() - began)}.", highlight=False)


class DemoStopped(PathganError):
    """Snakemake did not end well. tail: the end of what it said."""

    def __init__(self, why: str, tail: Sequence[str]):
        super().__init__(why)
        self.tail = "".join(tail)


def _configured() -> list[str]:
    """The papers that Snakemake makes where none is named."""
    return list(yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8"))["papers"])


def _run(cores: str, config: Sequence[str], console: Console) -> list[Job]:
    """Plans the jobs, runs and shows them, and returns them."""
    events = told(_snakemake(["--dry-run", TARGET], cores, config))
    planned = [job for job in events if isinstance(job, Job) and job.rule != TARGET]
    if planned:
        _follow(planned, cores, config, console)
    else:
        console.print("Everything is there already.")
    if planned or not REPORT.exists():
        list(_snakemake(["--report", str(REPORT), "--quiet"], cores, config))
    return planned


def _follow(planned: Sequence[Job], cores: str, config: Sequence[str], console: Console) -> None:
    """Runs the jobs, and shows them."""
    running: dict[int, Job] = {}
    with shown_on(console, planned, Stages(Path("rules"))) as shown:
        for event in told(_snakemake([TARGET], cores, config)):
            if isinstance(event, Job) and event.rule != TARGET:
                running[event.number] = event
                shown.begin(event)
            elif isinstance(event, Finished) and event.number in running:
                shown.end(running.pop(event.number))


def _snakemake(arguments: Sequence[str], cores: str, config: Sequence[str]) -> Iterator[str]:
    """The lines that it prints, which the log gets too. Raises DemoStopped where it does not end well."""
    command = [sys.executable, "-m", "snakemake", "--cores", cores, *arguments, "--config", *config]
    tail: deque[str] = deque(maxlen=TAIL)
    with (
        LOG.open("a", encoding="utf-8") as log,
        _interrupts() as interrupts,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            tail.append(line)
            yield line
    if process.returncode:
        raise DemoStopped(
            "stopped by Ctrl-C; the same command goes on from here" if interrupts else "the demo failed", tail
        )


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """What Ctrl-C has sent meanwhile. It reaches Snakemake too, which ends its jobs; so long we go on reading."""
    caught: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: caught.append(number))
    try:
        yield caught
    finally:
        signal.signal(signal.SIGINT, before)
