"""What each attempt at a job came to: a line when it begins, a line when it ends, and what happened between.

The journal lies where the record of the job's first output will, and becomes part of that record. One that is left
without a record belongs to a job that was cut off or failed.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
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


def begin(outputs: Sequence[str], before: Iterable[str] = ()) -> None:
    """Writes down that an attempt at `outputs` begins, in this process. before: attempts at them that are on record."""
    path = journal_path(outputs)
    path.parent.mkdir(parents=True, exist_ok=True)
    cut_off = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a") as file:
        file.write("\n" if cut_off else "")
    os.environ |= {JOURNAL: str(path.resolve()), ATTEMPT: uuid4().hex[:8]}
    slurm = os.environ.get("SLURM_JOB_ID")
    own = {"slurm_job": slurm} if slurm else {}
    earlier = {"before": sorted(before)} if before else {}
    note(started=now(), host=socket.gethostname(), outputs=list(outputs), **own, **earlier)


def note(**facts: Any) -> None:
    """Adds facts to the attempt in progress; nothing outside of a job, or once another attempt has ended well."""
    path = Path(os.environ.get(JOURNAL, ""))
    if path.is_file():
        with path.open("a", encoding="utf-8") as file:  # one short line: appended whole
            file.write(json.dumps({"attempt": os.environ[ATTEMPT], **facts}) + "\n")


def end(outcome: str) -> None:
    note(ended=now(), outcome=outcome)
    os.environ.pop(JOURNAL, None)


def current() -> str:
    """The name of the attempt in progress; '' outside of a job."""
    return os.environ.get(ATTEMPT, "") if JOURNAL in os.environ else ""


def begun() -> set[str] | None:
    """Every attempt at the current job that was begun in this checkout, this one too; None outside of a job."""
    if JOURNAL not in os.environ:
        return None
    return names_of(attempts_of(Path(os.environ[JOURNAL])))


def names_of(attempts: Iterable[Mapping[str, Any]]) -> set[str]:
    """The names of attempts and of those on record before them."""
    named = [name for one in attempts for name in (one.get("attempt"), *list(one.get("before") or ()))]
    return {name for name in named if isinstance(name, str)}


def attempts_of(path: Path) -> list[dict[str, Any]]:
    """The attempts in a journal, oldest first: `attempt`, their name, `started`, `ended` and `outcome` if it came to an
    end, and notes.

    Two may run at a time, where somebody unlocked Snakemake. A line that a crash cut off is passed over.
    """
    attempts: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            facts = json.loads(line)
            attempts.setdefault(facts["attempt"], {}).update(facts)
    return list(attempts.values())


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
