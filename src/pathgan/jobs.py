"""What every script of the workflow does around its one call, and what it takes from Snakemake's object for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pathgan.determinism import make_repeatable
from pathgan.provenance.recording import recorded

DEADLINE_MARGIN_S = 90.0  # to finish a step and write a checkpoint before the scheduler's own signal


@contextmanager
def job(snakemake: Any) -> Iterator[Any]:
    """The work of a rule's script: repeatable, logged, and with a record of each output.

    `snakemake` is the object that Snakemake puts into a script.
    """
    make_repeatable(snakemake.threads)
    with recorded(
        rule=snakemake.rule,
        inputs=[str(path) for path in snakemake.input],
        outputs=[str(path) for path in snakemake.output],
        params=dict(snakemake.params.items()),
        wildcards=dict(snakemake.wildcards.items()),
        threads=snakemake.threads,
        config=snakemake.config,
        logs=[str(path) for path in snakemake.log],
    ):
        yield snakemake


def device_of(snakemake: Any) -> str:
    """auto, cpu or gpu."""
    return str(snakemake.config.get("device", "auto"))


def checked(path: str | None, sha256: str | None) -> tuple[Path, str] | None:
    """A file of weights and what its bytes must be; None where random ones stand in."""
    return (Path(path), sha256) if path and sha256 else None


def deadline(snakemake: Any, environment: dict[str, str], now: float | None = None) -> float | None:
    """The time.time() before which a job under SLURM must have left; None elsewhere.

    The scheduler's own end time counts where it tells it, else the rule's `runtime` [min].
    """
    now = time.time() if now is None else now
    if "SLURM_JOB_ID" not in environment:
        return None
    if "SLURM_JOB_END_TIME" in environment:
        return float(environment["SLURM_JOB_END_TIME"]) - DEADLINE_MARGIN_S
    return now + 60 * float(snakemake.resources.runtime) - DEADLINE_MARGIN_S
