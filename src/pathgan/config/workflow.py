"""`config/config.yaml`: what to build, where data lie, and on what device."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from pathgan.config.strict import Name, Positive, Some, Strict

Preset = Literal["demo", "public", "paper"]
PRESETS: tuple[str, ...] = get_args(Preset)
FULL_SIZE = "paper"  # the papers' own data and sizes
SHARE_OF_TIME = {"demo": 1 / 24, "public": 1 / 2, FULL_SIZE: 1.0}  # of what a job may take at the papers' sizes


class Workflow(Strict):
    """`config/config.yaml`."""

    preset: Preset = "demo"
    papers: Some[Name] = ("sharpgan",)
    data_root: str = "data"
    device: Literal["auto", "cpu", "gpu"] = "auto"
    resume_stale: bool = False  # a training goes on from a state of other code, and says so in its record and tables
    extensions: tuple[str, ...] = ()  # modules in src/ with kinds of one's own: docs/extending.md
    time_factor: Annotated[float, Field(gt=0)] = 1.0  # of every job's time limit under a scheduler
    longest_min: Positive | None = None  # no job asks for more minutes
    patience_s: Positive = 90  # how long a SLURM job may be preempted, held or unheard of before it is submitted anew
