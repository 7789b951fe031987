"""What each attempt at a job came to: a line when it begins, a line when it ends, and what happened between.

The journal lies where the record of the job's first output will, and becomes part of that record. One that is left
without a record belongs to a job that was cut off or failed.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from pathgan.provenance.places import record_path

JOURNAL, ATTEMPT = "PATHGAN_JOURNAL", "PATHGAN_ATTEMPT"  # the current job's, which processes that it starts inherit
SUFFIX = ".attempts"


def journal_path(outputs: Sequence[str]) -> Path:
    return record_path(outputs[0]).with_suffix(SUFFIX)


def begin(outputs: Sequence[str]) -> None:
    """Writes down that an attempt at `outputs` begins, in this process."""
    path = journal_path(outputs)
    path.parent.mkdir(parents=True, exist_ok=True)
    cut_off = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a") as file:
        file.write("\n" if cut_off else "")
    os.environ |= {JOURNAL: str(path.resolve()), ATTEMPT: uuid4().hex[:8]}
    slurm = os.environ.get("SLURM_JOB_ID")
    own = {"slurm_job": slurm} if slurm else {}
    note(started=now(), host=socket.gethostname(), outputs=list(outputs), **own)


def note(**facts: Any) -> None:
    """Adds facts to the attempt in progress; nothing outside of a job, or once another attempt has ended well."""
    path = Path(os.environ.get(JOURNAL, ""))
    if path.is_file():
        with path.open("a", encoding="utf-8") as file:  # one short line: appended whole
            file.write(json.dumps({"attempt": os.environ[ATTEMPT], **facts}) + "\n")


def end(outcome: str) -> None:
    note(ended=now(), outcome=outcome)
    os.environ.pop(JOURNAL, None)


def attempts_of(path: Path) -> list[dict[str, Any]]:
    """The attempts in a journal, oldest first: `started`, `ended` and `outcome` if it came to an end, and notes.

    Two may run at a time, where somebody unlocked Snakemake. A line that a crash cut off is passed over.
    """
    attempts: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else ():
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            facts = json.loads(line)
            attempts.setdefault(facts.pop("attempt"), {}).update(facts)
    return list(attempts.values())


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
