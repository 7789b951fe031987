"""One JSON file an artefact: the pedigree that makes a number a result."""

from __future__ import annotations

import json
import platform
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pathgan.files import atomic, sha256_of
from pathgan.provenance.closure import code_digest, code_files

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


@dataclass(frozen=True)
class JobFacts:
    """What a job knows of itself. `params` holds the slice of configuration that the rule was given."""

    rule: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    params: Mapping[str, Any]
    wildcards: Mapping[str, str]
    threads: int
    started: datetime
    code: Mapping[str, Any]  # of `code_state` at the start: what is edited while a job runs did not make it
    commit: Mapping[str, Any]
    device: str = "cpu"


def record(job: JobFacts) -> list[Path]:
    """Writes the record of each output; returns their paths."""
    ended = datetime.now(UTC)
    common = {
        "rule": job.rule,
        "wildcards": dict(job.wildcards),
        "params": dict(job.params),
        "inputs": {path: sha256_of(path) for path in job.inputs if Path(path).is_file()},
        "code": job.code,
        "commit": job.commit,
        "lock": sha256_of(ROOT / "envs" / "requirements.lock"),
        "threads": job.threads,
        "device": job.device,
        "host": socket.gethostname(),
        "python": platform.python_version(),
        "libraries": _libraries(),
        "started": job.started.isoformat(),
        "ended": ended.isoformat(),
    }
    paths = []
    for output in job.outputs:
        path = record_path(output)
        with atomic(path) as temporary:
            entry = {"output": output, "sha256": sha256_of(output), **common}
            temporary.write_text(json.dumps(entry, indent=1, sort_keys=True, default=str) + "\n")
        paths.append(path)
    return paths


def record_path(output: str | Path) -> Path:
    """`results/demo/x/tables/table1.csv` -> `results/demo/provenance/x/tables/table1.csv.json`."""
    path = Path(output)
    parts = path.parts
    if "results" not in parts:
        return path.with_name(path.name + ".provenance.json")
    at = parts.index("results") + 2
    return Path(*parts[:at], "provenance", *parts[at:-1], f"{path.name}.json")


def _relative(file: Path) -> str:
    return file.resolve().relative_to(ROOT).as_posix() if file.resolve().is_relative_to(ROOT) else str(file)


def code_state(script: Path) -> dict[str, Any]:
    """Digest and list of the files that a script can reach."""
    return {"digest": code_digest(script), "files": [_relative(file) for file in code_files(script)]}


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
    return {} if head is None else {"id": head, "dirty": bool(git("status", "--porcelain"))}
