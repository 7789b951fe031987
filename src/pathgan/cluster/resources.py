"""What a job asks of the machine or the scheduler that it runs on: memory, time, GPUs, company, environment."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pathgan.config.workflow import FULL_SIZE, SHARE_OF_TIME, Workflow

SHORTEST_MIN = 5  # of a time limit


class Resources:
    """Resources that rules ask for, as functions of a job's wildcards and of how often it was tried."""

    def __init__(self, workflow: Workflow):
        self._workflow = workflow

    def memory(self, mb: int, paper: int | None = None) -> Callable[..., int]:
        """Memory [MB]; `paper`: at the papers' sizes, as thousands of tiles are held whole. More at each attempt."""

        def ask(w: Any, attempt: int) -> int:
            return attempt * (paper if paper and _preset(w) == FULL_SIZE else mb)

        return ask

    def minutes(self, paper: int) -> Callable[..., int]:
        """Time limit [min] of a job that may take `paper` minutes at the papers' sizes. More at each attempt."""

        def ask(w: Any, attempt: int) -> int:
            limit = math.ceil(paper * SHARE_OF_TIME[_preset(w)] * self._workflow.time_factor)
            return min(attempt * max(SHORTEST_MIN, limit), self._workflow.longest_min or sys.maxsize)

        return ask

    def gpus(self, w: Any) -> int:
        """GPUs to ask a scheduler for: one for the paper's sizes, none for a demo."""
        device = self._workflow.device
        return int(device == "gpu" or (device == "auto" and _preset(w) == FULL_SIZE))

    def with_scores(self, w: Any) -> str | None:
        """The group of jobs that are so short on a CPU that a cluster runs them with the scores that need them."""
        return None if self.gpus(w) or _preset(w) == FULL_SIZE else f"{w.preset}-{w.paper}-scores"


def _preset(w: Any) -> str:
    """Of a job that belongs to no preset, as a download does, the full size."""
    return str(getattr(w, "preset", FULL_SIZE))


def share_source() -> None:
    """Lets jobs import the package from this checkout, wherever their environment comes from."""
    source = str(Path(__file__).resolve().parents[2])
    others = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part and part != source]
    os.environ["PYTHONPATH"] = os.pathsep.join([source, *others])


def keep_memory() -> None:
    """Lets jobs keep memory that they have freed; what the user has set stays.

    glibc gives a large array's memory back at once, and the next one is zeroed page by page: up to a third of the CPU
    time of convolutions. No result depends on it.
    """
    for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"):
        os.environ.setdefault(name, str(2**32))
