"""Runs the preset `demo`: what it does in a few lines, how far it is, and what came of it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

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
    "shows that everything works on this machine. No number of it says anything about a paper."
)


def run_demo(papers: Sequence[str], cores: str, console: Console) -> None:
    """Makes every table and figure of some papers, all where none is named, their front page and Snakemake's report.

    cores: as Snakemake takes it. Raises PathganError where a paper is not known or a job fails: it names the log, and
    shows its end.
    """
    known = sorted(file.stem for file in Path("config/papers").glob("*.yaml"))
    if unknown := [name for name in papers if name not in known]:
        raise PathganError(f"no paper {unknown[0]!r}; there are: {', '.join(known)}")
    config = [f"preset={PRESET}", *([f"papers=[{','.join(papers)}]"] if papers else [])]
    console.print(OPENING.format(papers=" and ".join(papers) if papers else "all papers"), highlight=False)
    console.print(f"Snakemake's own lines: {LOG}", highlight=False)
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_bytes(b"")
    began = time.monotonic()
    events = told(_snakemake(["--dry-run", TARGET], cores, config))
    planned = [job for job in events if isinstance(job, Job) and job.rule != TARGET]
    _follow(planned, cores, config, console)
    if planned or not REPORT.exists():
        list(_snakemake(["--report", str(REPORT), "--quiet"], cores, config))
    print_outcome(PRESET, papers, console)
    console.print(f"{len(planned)} jobs in {clock(time.monotonic() - began)}.", highlight=False)


def _follow(planned: Sequence[Job], cores: str, config: Sequence[str], console: Console) -> None:
    """Runs the jobs, and shows them."""
    if not planned:
        console.print("Everything is there already.")
        return
    running: dict[int, Job] = {}
    with shown_on(console, planned, Stages(Path("rules"))) as shown:
        for event in told(_snakemake([TARGET], cores, config)):
            if isinstance(event, Job) and event.rule != TARGET:
                running[event.number] = event
                shown.begin(event)
            elif isinstance(event, Finished) and event.number in running:
                shown.end(running.pop(event.number))


def _snakemake(arguments: Sequence[str], cores: str, config: Sequence[str]) -> Iterator[str]:
    """The lines that it prints, which the log gets too. Raises PathganError where it fails."""
    command = [sys.executable, "-m", "snakemake", "--cores", cores, *arguments, "--config", *config]
    with (
        LOG.open("a", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            yield line
    if process.returncode:
        end = "".join(LOG.read_text(encoding="utf-8").splitlines(keepends=True)[-TAIL:])
        raise PathganError(f"the demo stopped; its log, {LOG}, ends:\n{end}")
