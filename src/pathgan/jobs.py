"""What every script of the workflow does around its one call: log, fail clearly, leave a record."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pathgan.errors import PathganError
from pathgan.provenance import JobFacts, attempts, code_state, commit_state, record, remove_records

DEADLINE_MARGIN_S = 90.0  # to finish a step and write a checkpoint before the scheduler's own signal


@contextmanager
def job(snakemake: Any) -> Iterator[Any]:
    """Logs to the rule's log; an error that we raise becomes one message and exit code 1, without a trace.

    After the block each output gets its provenance record. `snakemake` is the object that Snakemake puts
    into a script.
    """
    log = Path(snakemake.log[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=log, level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", force=True)
    facts = _facts(snakemake)
    remove_records(facts.outputs)
    attempts.begin(facts.outputs)
    if "cv2" in sys.modules:
        make_repeatable(sys.modules["cv2"], snakemake.threads)
    try:
        yield snakemake
        record(replace(facts, device=_device()))
    except PathganError as error:
        attempts.end(str(error))
        logging.getLogger("pathgan").exception("failed")
        print(f"pathgan, rule {snakemake.rule}: {error}", file=sys.stderr)
        sys.exit(1)
    except BaseException as error:
        attempts.end(f"{type(error).__name__}: {error}")
        if isinstance(error, Exception):
            logging.getLogger("pathgan").exception("unexpected error")
            traceback.print_exc()
        raise


def make_repeatable(cv2: Any, threads: int) -> None:
    """The same bytes from OpenCV in every run.

    It alone does not heed the variables that Snakemake sets from `threads`; and Intel's routines in it round by
    where an array happens to lie in memory (1e-11 in GMSD, enough for another last digit).
    """
    cv2.setNumThreads(threads)
    cv2.ipp.setUseIPP(False)


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


def _facts(snakemake: Any) -> JobFacts:
    """What is known before the work begins; code and commit are those that do it."""
    return JobFacts(
        rule=snakemake.rule,
        inputs=[str(path) for path in snakemake.input],
        outputs=[str(path) for path in snakemake.output],
        params=dict(snakemake.params.items()),
        wildcards=dict(snakemake.wildcards.items()),
        threads=snakemake.threads,
        code=code_state(Path(snakemake.scriptdir).resolve() / f"{snakemake.rule}.py"),
        commit=commit_state(),
        config=snakemake.config,
        logs=[str(path) for path in snakemake.log],
    )


def _device() -> str:
    """The GPU that the job's torch worked on, else cpu."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return "cpu"
    return str(torch.cuda.get_device_name())
