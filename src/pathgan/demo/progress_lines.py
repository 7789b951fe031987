"""How far the jobs of each paper are: bars in a terminal, and elsewhere a line for each stage that is done."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pathgan.demo.job_lines import Job, Stages


class Shown(Protocol):
    """Is told of jobs that begin and end."""

    def begin(self, job: Job) -> None: ...

    def end(self, job: Job) -> None: ...


@contextmanager
def shown_on(console: Console, planned: Sequence[Job], stages: Stages) -> Iterator[Shown]:
    """Bars in a terminal, else lines. planned: all jobs that are to run."""
    if not console.is_terminal:
        yield _Lines(console, planned, stages)
        return
    columns = (TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), TextColumn("{task.fields[now]}"))
    with Progress(*columns, console=console) as progress:
        yield _Bars(progress, planned, stages)


class _Bars:
    """A bar for each paper with what it does now, and one for all with the time left."""

    def __init__(self, progress: Progress, planned: Sequence[Job], stages: Stages):
        self._progress, self._stages, self._n, self._done = progress, stages, len(planned), 0
        self._began = time.monotonic()
        of_papers = Counter(job.paper for job in planned)
        self._tasks = {name: progress.add_task(name, total=n, now="") for name, n in of_papers.items()}
        self._all = progress.add_task("together", total=len(planned), now="")

    def begin(self, job: Job) -> None:
        if job.paper in self._tasks:
            self._progress.update(self._tasks[job.paper], now=self._stages[job.rule])

    def end(self, job: Job) -> None:
        self._done += 1
        if job.paper in self._tasks:
            self._progress.advance(self._tasks[job.paper])
        left = time_left(time.monotonic() - self._began, self._done, self._n)
        self._progress.update(self._all, advance=1, now=left)


class _Lines:
    """A line for each stage of each paper, when the last of its jobs ends."""

    def __init__(self, console: Console, planned: Sequence[Job], stages: Stages):
        self._console, self._stages = console, stages
        self._left = Counter((job.paper, stages[job.rule]) for job in planned)
        self._n = dict(self._left)
        self._began = time.monotonic()

    def begin(self, job: Job) -> None:
        pass

    def end(self, job: Job) -> None:
        key = paper, stage = (job.paper, self._stages[job.rule])
        self._left[key] -= 1
        if self._left[key] == 0:
            spent = clock(time.monotonic() - self._began)
            n = self._n[key]
            self._console.print(f"{spent:>6}  {paper:<12} {stage}: {n} job{'s' if n > 1 else ''}", highlight=False)


def time_left(elapsed: float, done: int, n: int) -> str:
    """`about 3 min left`, as if all jobs took as long; '' until a twentieth is done."""
    if done < max(1, n // 20) or done >= n:
        return ""
    minutes = elapsed / done * (n - done) / 60
    return "less than a minute left" if minutes < 1 else f"about {minutes:.0f} min left"


def clock(seconds: float) -> str:
    """`3:07`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
