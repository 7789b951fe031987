"""What every script of the workflow does around its one call: log, fail clearly, leave a record."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pathgan.errors import PathganError
from pathgan.provenance import JobFacts, record

DEADLINE_MARGIN_S = 90.0  # to finish a step and write a checkpoint before the scheduler's own signal


@contextmanager
def job(snakemake: Any) -> Iterator[Any]:
    """Logs to the rule's log; an error that we raise becomes one message and exit code 1, without a trace.

    After the block each output gets its provenance record. `snakemake` is the object that Snakemake puts
    into a script.
    """
    log = Path(snakemake.log[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    # Appended: the log of a resumed training keeps the lines of the attempt that was cut off.
    logging.basicConfig(filename=log, level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", force=True)
    started = datetime.now(UTC)
    try:
        yield snakemake
        _record(snakemake, started)
    except PathganError as error:
        logging.getLogger("pathgan").exception("failed")
        print(f"pathgan, rule {snakemake.rule}: {error}", file=sys.stderr)
        sys.exit(1)
    except Exception:
        logging.getLogger("pathgan").exception("unexpected error")
        traceback.print_exc()
        raise


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


def _record(snakemake: Any, started: datetime) -> None:
    record(
        JobFacts(
            rule=snakemake.rule,
            script=Path(snakemake.scriptdir) / f"{snakemake.rule}.py",
            inputs=[str(path) for path in snakemake.input],
            outputs=[str(path) for path in snakemake.output],
            params=dict(snakemake.params.items()),
            wildcards=dict(snakemake.wildcards.items()),
            threads=snakemake.threads,
            started=started,
        )
    )
