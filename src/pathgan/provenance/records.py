"""One JSON file an artefact: the pedigree that makes a number a result."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from pathgan.errors import ProvenanceError, UnreadableError
from pathgan.files import atomic, identity, sha256_of
from pathgan.provenance import attempts
from pathgan.provenance.checksums import SHOWN
from pathgan.provenance.closure import Code
from pathgan.provenance.places import HASHES, RESULTS, record_path

FORMAT = 2
LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",
    "h5py",
    "opencv-python-headless",
    "scikit-image",
    "torch",
    "snakemake",
)
ROOT = Path(__file__).resolve().parents[3]
LOCK = "envs/requirements.lock"
OUR_OUTPUT = (":!provenance.lock", ":!*.zip")  # of `pathgan lock` and `pathgan bundle`: no change of code
MAX_RECORD_BYTES, MAX_DEPTH = 20_000_000, 100
LARGE_BYTES = 2**24  # from here on a file is read once, not once a job


class Record(TypedDict):
    """What a record's file holds. Names of files are relative to the checkout, with their sha256."""

    format: int
    output: str  # the artefact that this is the record of
    outputs: dict[str, str]  # of its job
    inputs: dict[str, str]
    logs: dict[str, str]
    rule: str  # '' of a crate
    wildcards: dict[str, str]
    params: dict[str, Any]
    config: dict[str, Any]
    code: Code
    commit: dict[str, str | bool]  # id, dirty; empty outside of git
    lock: str  # sha256 of the lock file
    threads: int
    device: str
    host: str
    python: str
    libraries: dict[str, str]
    attempts: list[dict[str, Any]]
    seal: str


_RECORD = TypeAdapter(Record)


@dataclass(frozen=True)
class JobFacts:
    """What a job knows of itself. `params` holds the slice of configuration that the rule was given."""

    rule: str
    inputs: Mapping[str, str]  # -> sha256 of the bytes that were read
    outputs: Sequence[str]
    params: Mapping[str, Any]
    wildcards: Mapping[str, str]
    threads: int
    code: Code  # of `code_state` at the start: what is edited while a job runs did not make it
    commit: Mapping[str, Any]
    config: Mapping[str, Any]  # config/config.yaml with what the command line changed
    logs: Sequence[str] = ()
    device: str = "cpu"


def record(job: JobFacts) -> list[Path]:
    """Writes the record of each output and ends the journal of attempts, which becomes part of it; returns the records.

    The attempt in progress is taken to have ended well.
    """
    journal = attempts.journal_path(job.outputs)
    common = {
        "format": FORMAT,
        "rule": job.rule,
        "wildcards": dict(job.wildcards),
        "params": plain(job.params),
        "config": plain(job.config),
        "inputs": dict(job.inputs),
        "outputs": {path: sha256_of(path) for path in job.outputs},
        "logs": {path: sha256_of(path) for path in job.logs if Path(path).is_file()},
        "code": job.code,
        "commit": job.commit,
        "lock": sha256_of(ROOT / LOCK),
        "threads": job.threads,
        "device": job.device,
        "host": socket.gethostname(),
        "python": platform.python_version(),
        "libraries": _libraries(),
    }
    attempts.end("done")
    common["attempts"] = attempts.attempts_of(journal)
    paths = []
    for output in job.outputs:
        path = record_path(output)
        with atomic(path) as temporary:
            temporary.write_text(sealed({"output": output, **common}), encoding="utf-8")
        paths.append(path)
    journal.unlink(missing_ok=True)
    return paths


def sealed(entry: Mapping[str, Any]) -> str:
    """A record as text, with the sha256 of all the rest in it."""
    return json.dumps({**entry, "seal": seal_of(entry)}, indent=1, sort_keys=True) + "\n"


def seal_of(entry: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in entry.items() if key != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def read_record(path: Path) -> Record | None:
    """A record, None where there is none. Raises ProvenanceError for one that is damaged, edited, or of another format,
    and UnreadableError for one that cannot be read.

    An editor can make its seal anew: that is what `provenance.lock` is for.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would keep its reader waiting
            raise UnreadableError(f"{path}: cannot be read: no regular file; move it away")
        if path.exists() and path.stat().st_size > MAX_RECORD_BYTES:
            raise ProvenanceError(f"{path}: more than {MAX_RECORD_BYTES // 10**6} MB; make the artefact again")
        entry = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ProvenanceError(f"{path}: not JSON ({error}); make the artefact again") from None
    if _depth(entry) > MAX_DEPTH:
        raise ProvenanceError(f"{path}: nested more than {MAX_DEPTH} deep; make the artefact again")
    found = entry.get("format") if isinstance(entry, dict) else None
    if found != FORMAT:
        raise ProvenanceError(f"{path}: a record of format {FORMAT} expected, got {found}; make the artefact again")
    if entry.get("seal") != seal_of(entry):
        raise ProvenanceError(f"{path}: the record was edited after it was written")
    try:
        found = _RECORD.validate_python(entry, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise ProvenanceError(f"{path}: {field}: {first['msg']}; make the artefact again") from None
    for attempt in found["attempts"]:
        for field in attempt.keys() & {"started", "ended"}:
            _check_time(attempt[field], f"{path}: attempts.{field}")
    return found


def _depth(value: Any) -> int:
    """How deep lists and mappings lie in each other; without recursion, which ends at the machine's stack."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        depth += 1
        inner = [list(one.values()) if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [one for values in inner for one in values]
    return depth


def _check_time(value: object, where: str) -> None:
    try:
        if datetime.fromisoformat(str(value)).tzinfo is not None:
            return
    except ValueError:
        pass
    raise ProvenanceError(f"{where}: expected a time with its zone, got {value!r}; make the artefact again")


def seconds_of(entry: Record) -> float:
    """How long all attempts at a job took; one that was cut off without a word counts as 0."""
    ended = [attempt for attempt in entry["attempts"] if "started" in attempt and "ended" in attempt]
    return sum(
        (datetime.fromisoformat(one["ended"]) - datetime.fromisoformat(one["started"])).total_seconds() for one in ended
    )


def times_of(entry: Record) -> tuple[str, str]:
    """When the first attempt at a job began and the last one ended, in ISO format; '' where nothing says so."""
    starts = [attempt["started"] for attempt in entry["attempts"] if "started" in attempt]
    return min(starts, default=""), max((one["ended"] for one in entry["attempts"] if "ended" in one), default="")


def commit_of(entry: Record) -> str:
    """The commit in short, and whether files differed from it; 'none' outside of git."""
    commit = entry["commit"]
    return (str(commit.get("id", ""))[:SHOWN] or "none") + (" and changes" if commit.get("dirty") else "")


def remove_records(outputs: Sequence[str]) -> None:
    """Of artefacts that are about to be made anew."""
    for output in outputs:
        record_path(output).unlink(missing_ok=True)


def plain(value: Any) -> Any:
    """A value as JSON gives it back."""
    return json.loads(json.dumps(value if not isinstance(value, Mapping) else dict(value), default=str))


def sha256_once(path: str | Path) -> str:
    """sha256 of a file; of a large one from `results/hashes` where its inode, size and times are those seen there.

    Only for records: an audit reads every byte.
    """
    path = Path(path)
    if path.stat().st_size < LARGE_BYTES:
        return sha256_of(path)
    name = os.fspath(path.resolve())
    seen = [name, *identity(path)]
    note = Path(RESULTS) / HASHES / f"{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.json"
    with suppress(OSError, ValueError, KeyError):  # absent or half a file: read the bytes
        known = json.loads(note.read_text())
        if known["seen"] == seen:
            return str(known["sha256"])
    found = sha256_of(path)
    with atomic(note) as temporary:
        temporary.write_text(json.dumps({"seen": seen, "sha256": found}) + "\n")
    return found


@lru_cache(maxsize=1)
def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):  # environments of single rules lack some
            found[name] = version(name)
    return found


def commit_state() -> dict[str, Any]:
    """The commit of the working tree and whether files differ from it; empty outside of git."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
        except OSError:  # a compute node without git
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    head = git("rev-parse", "HEAD")
    return {} if head is None else {"id": head, "dirty": bool(git("status", "--porcelain", "--", ".", *OUR_OUTPUT))}
